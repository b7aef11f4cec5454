//! The `handslag` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    handslag_server::commands::run(std::env::args().skip(1).collect())
}
