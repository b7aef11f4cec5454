//! `handslag check-config --config FILE`: says what is wrong, or that nothing is.

use std::process::ExitCode;

use super::{Ended, configuration};
use crate::tls::{Acceptor, Authorities};

pub(super) fn run(words: &[&str]) -> Ended {
    let config = configuration(words)?;
    config.tls.as_ref().map(|files| Acceptor::open(files, false)).transpose()?;
    config.mtls.as_ref().and_then(|mtls| mtls.tls(config.tls.as_ref())).map(|files| Acceptor::open(&files, true)).transpose()?;
    Authorities::open(config.mtls.as_ref())?;
    println!("The configuration is sound: {} as {}, {} services.", config.listen, config.issuer, config.clients.len());
    Ok(ExitCode::SUCCESS)
}
