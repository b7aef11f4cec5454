//! `handslag matrix`: who may do what, as policies/matrix.txt holds it.

use std::process::ExitCode;

use handslag_policy::Policies;

use super::Ended;

pub(super) fn run() -> Ended {
    print!("{}", Policies::embedded()?.matrix());
    Ok(ExitCode::SUCCESS)
}
