//! The commands of the binary. Each is a file; an unknown word prints the list and ends with 2.

mod check_config;
mod client_secret;
mod demo;
mod journal;
mod keys;
mod matrix;
mod migrate;
mod serve;
mod tour;

use std::{error::Error, process::ExitCode};

/// What a command ends with.
type Ended = Result<ExitCode, Box<dyn Error + Send + Sync>>;

const HELP: &str = "\
handslag: one work identity on a person's own phone that logs in, signs and opens doors

  demo [--port N] [--data DIR] [--lan]    an invented municipality in this process; open the address it prints
       [--client FILE]                    services of your own beside the invented ones
  tour --out DIR [--json]                 the whole job without a person; leaves what it made in DIR
  serve --config FILE [--role signing-core]  a node, or only what makes signatures
  check-config --config FILE              says what is wrong with a configuration
  migrate --config FILE                   brings the database to this version
  keys list|rotate KIND|compromise KIND --config FILE
  journal verify --config FILE            walks every chain of the journal
  client-secret                           a secret for a service without a key, and its digest for [[client]]
  matrix                                  who may do what";

/// Runs one command.
pub fn run(args: &[String]) -> ExitCode {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        ["demo", rest @ ..] => demo::run(rest),
        ["tour", rest @ ..] => tour::run(rest),
        ["serve", rest @ ..] => serve::run(rest),
        ["check-config", rest @ ..] => check_config::run(rest),
        ["migrate", rest @ ..] => migrate::run(rest),
        ["keys", rest @ ..] => keys::run(rest),
        ["journal", "verify", rest @ ..] => journal::verify(rest),
        ["client-secret"] => Ok(client_secret::run()),
        ["matrix"] => matrix::run(),
        ["draw-logo"] => crate::oidc::logo::draw_logo().map(|()| ExitCode::SUCCESS).map_err(Into::into),
        ["render-page", page] => crate::signing::render_page(page).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        _ => {
            eprintln!("{HELP}");
            Ok(ExitCode::from(2))
        }
    };
    ended.unwrap_or_else(|error| {
        eprintln!("handslag: {error}");
        ExitCode::FAILURE
    })
}

/// The value behind `--name`.
fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied()
}

/// The configuration behind `--config`.
fn configuration(words: &[&str]) -> Result<crate::config::Config, Box<dyn Error + Send + Sync>> {
    let path = option(words, "--config").ok_or("say which configuration: --config FILE")?;
    Ok(crate::config::Config::read(std::path::Path::new(path))?)
}

/// Logs to standard error: warnings, unless `HANDSLAG_LOG` says otherwise.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HANDSLAG_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
}
