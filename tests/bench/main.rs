//! Measurements with the machine beside them:
//! `cargo run --release -p handslag-tests --bin bench -- store [seconds]` for units of work through the database, and
//! `cargo build --release && cargo run --release -p handslag-tests --bin bench -- start [times]` for the built demonstration.
//! `cargo build --release && cargo run --release -p handslag-tests --bin bench -- provider [seconds]` for the provider beside npm `oidc-provider`.
//! They print, and write nothing.

mod demo;
mod machine;
mod provider;
mod start;
mod store;
mod visit;

use std::{process::ExitCode, time::Duration};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = words.get(1).map(|text| text.parse::<u16>());
    println!("{}\n", machine::describe());
    match (words.first(), number) {
        (Some(&"store"), None) => store::measure(Duration::from_secs(2)).await,
        (Some(&"store"), Some(Ok(seconds))) => store::measure(Duration::from_secs(seconds.into())).await,
        (Some(&"start"), None) => start::measure(7),
        (Some(&"start"), Some(Ok(times))) => start::measure(times.into()),
        (Some(&"provider"), None) => provider::measure(Duration::from_secs(5)).await,
        (Some(&"provider"), Some(Ok(seconds))) => provider::measure(Duration::from_secs(seconds.into())).await,
        _ => {
            eprintln!("bench store [seconds for each figure]\nbench start [times]\nbench provider [seconds for each figure]");
            ExitCode::FAILURE
        }
    }
}
