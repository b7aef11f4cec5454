//! Signed requests (RFC 9101) that come by value: verified with the client's registered keys; a pushed one counts once.

use handslag_protocol::{
    client::Client,
    request_object::{Expected, Means, Refusal, RequestObject, UnverifiedRequestObject},
};
use handslag_store::{Error, Tx};
use handslag_vocab::{ClientId, Digest, Seconds, UnixTime};

use super::discovery::provider;
use crate::server::Server;

/// An object without an end of its own is remembered so long.
const REMEMBERED: Seconds = Seconds::hours(1);

/// Verifies one.
pub(super) fn verified(server: &Server, compact: &str, client: &Client, means: Means, now: UnixTime) -> Result<RequestObject, Refusal> {
    let provider = provider(server);
    UnverifiedRequestObject::new(compact).verify(&Expected { client, provider: &provider, means, now })
}

/// Marks it as used. One without a `jti` cannot be told apart from another.
pub(super) async fn mark(tx: &mut Tx, client: &ClientId, object: &RequestObject, now: UnixTime) -> Result<Result<(), Refusal>, Error> {
    let Some(jti) = &object.jti else { return Ok(Ok(())) };
    let digest = Digest::of(format!("{client} {jti}").as_bytes());
    let is_first = tx.mark_once("request_object", &digest, object.expires_at.unwrap_or(now + REMEMBERED), now).await?;
    Ok(if is_first { Ok(()) } else { Err(Refusal::Replayed) })
}
