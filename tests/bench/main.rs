//! Measurements with the machine beside them: `cargo run --release -p handslag-tests --bin bench -- store [seconds]`.

mod machine;
mod store;

use std::{process::ExitCode, time::Duration};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let seconds = words.get(1).map_or(Ok(2.0), |text| text.parse());
    if let (Some(&"store"), Ok(seconds)) = (words.first(), seconds) {
        println!("{}\n", machine::describe());
        return store::measure(Duration::from_secs_f64(seconds)).await;
    }
    eprintln!("bench store [seconds for each figure]");
    ExitCode::FAILURE
}
