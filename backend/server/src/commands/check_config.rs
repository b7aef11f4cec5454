//! `handslag check-config --config FILE`: says what is wrong, or that nothing is.

use std::process::ExitCode;

use super::{Ended, configuration};

pub(super) fn run(words: &[&str]) -> Ended {
    let config = configuration(words)?;
    println!("The configuration is sound: {} as {}, {} services.", config.listen, config.issuer, config.clients.len());
    Ok(ExitCode::SUCCESS)
}
