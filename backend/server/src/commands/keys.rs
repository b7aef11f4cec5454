//! `handslag demo`.
use super::Ended;

pub(super) fn run(_: &[&str]) -> Ended {
    Ok(std::process::ExitCode::SUCCESS)
}
