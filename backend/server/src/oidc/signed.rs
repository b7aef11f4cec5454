//! Signing with the key in use, never with the next one, in the algorithm that a service registered; and encrypting to a key of the
//! service's where it registered that.

use std::sync::Arc;

use handslag_keys::Kind;
use handslag_protocol::{
    client::{Client, Protection},
    jose::{self, Algorithm, UnsignedJws, jwe},
};
use handslag_vocab::UnixTime;
use tokio::task::spawn_blocking;

use super::{
    clients::Registered,
    key_sets::{self, kind_of},
};
use crate::{caller::Rng, problem::Problem, server::Server};

/// Builds and signs with ES256: what is for ourselves, or for no service that could have registered something else.
pub(super) fn signed(server: &Server, build: impl FnOnce(&str) -> UnsignedJws) -> Result<String, Problem> {
    signed_by(server, Kind::TokenSigning, build)
}

/// Builds and signs as the service registered it, ES256 where it named nothing.
pub(super) fn signed_as(server: &Server, protection: Protection, build: impl FnOnce((Algorithm, &str)) -> UnsignedJws) -> Result<String, Problem> {
    let algorithm = algorithm(protection);
    let kind = kind_of(algorithm).ok_or_else(|| Problem::internal(&jose::Refusal::Algorithm))?;
    signed_by(server, kind, |kid| build((algorithm, kid)))
}

/// The same, and encrypts where the service registered that. Where it did and no key of its for that is found, nothing is told.
pub(super) fn protected(
    server: &Server,
    client: &Client,
    protection: Protection,
    rng: &mut Rng,
    build: impl FnOnce((Algorithm, &str)) -> UnsignedJws,
) -> Result<String, Problem> {
    let compact = signed_as(server, protection, build)?;
    sealed(client, protection, compact.as_bytes(), Some("JWT"), rng).map(|sealed| sealed.unwrap_or(compact))
}

/// Encrypts where the service registered that.
pub(super) fn sealed(
    client: &Client,
    protection: Protection,
    plain: &[u8],
    content_type: Option<&str>,
    rng: &mut Rng,
) -> Result<Option<String>, Problem> {
    let sealed = client.recipient(&protection).and_then(|recipient| {
        let encrypt = |recipient| jwe::encrypt(plain, content_type, &recipient, rng);
        recipient.map(encrypt).transpose()
    });
    sealed.map_err(|refusal| {
        tracing::warn!(client = %client.id, code = refusal.code(), "an answer could not be encrypted, so it was not given");
        Problem::internal(&refusal)
    })
}

/// Makes what the answers to this service need: its own keys where it publishes them, and ours of its algorithms, which are slow to
/// make the first time.
pub(super) async fn ready(server: &Server, registered: Arc<Registered>, now: UnixTime) -> Result<Arc<Registered>, Problem> {
    for protection in key_sets::answers(&registered.client) {
        let Some(kind) = kind_of(algorithm(protection)).filter(|kind| kind.is_made_when_needed()) else { continue };
        if !server.keys.is_made(kind)? {
            let server = server.clone();
            let made = spawn_blocking(move || server.keys.make(kind, now, &mut Rng::system())).await;
            made.map_err(|error| Problem::internal(&error))??;
        }
    }
    Ok(key_sets::with_keys(server, registered, now).await)
}

fn algorithm(protection: Protection) -> Algorithm {
    protection.signed.unwrap_or(Algorithm::Es256)
}

fn signed_by(server: &Server, kind: Kind, build: impl FnOnce(&str) -> UnsignedJws) -> Result<String, Problem> {
    let (jws, signature) = server.keys.sign_as(kind, build)?;
    jws.signed(&signature).map_err(|error| Problem::internal(&error))
}
