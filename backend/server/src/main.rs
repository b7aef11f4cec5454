//! The `handslag` binary.

use std::process::ExitCode;

/// A request is many small pieces of memory, freed by another thread than asked for them. The C library's allocator takes a third of the
/// time for that (`bench -- provider`).
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    handslag_server::commands::run(&args)
}
