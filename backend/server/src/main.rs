//! The `handslag` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    handslag_server::commands::run(&args)
}
