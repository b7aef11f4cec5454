//! `handslag migrate --config FILE`: brings the database to this version and ends.

use std::process::ExitCode;

use super::{Ended, configuration, log};
use crate::start;

pub(super) fn run(words: &[&str]) -> Ended {
    log();
    let config = configuration(words)?;
    start::runtime()?.block_on(start::open(config))?;
    println!("The database is at this version.");
    Ok(ExitCode::SUCCESS)
}
