//! `handslag client-secret`: a new secret for a service that cannot hold a key of its own, and the digest for its registration.
//! The secret is printed once and kept nowhere.

use std::process::ExitCode;

use handslag_vocab::Secret;

use crate::caller::Rng;

pub(super) fn run() -> ExitCode {
    let secret = Secret::random("client", &mut Rng::system());
    println!("for the service, shown once:  {}", secret.reveal());
    println!("for [[client]]:               secret_sha256 = \"{}\"", secret.hash().to_hex());
    ExitCode::SUCCESS
}
