//! Pushed requests. The page may be opened twice (browsers and previews of links do); the authorization completes once.

use handslag_protocol::{
    authorize::AuthorizationRequest,
    par::{LIFETIME, RequestUri},
};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ClientId, Seconds, SecretHash, UnixTime};

/// One pushed request that has not been completed.
#[derive(FromRow)]
pub(super) struct Pushed {
    pub(super) uri_hash: SecretHash,
    pub(super) client_id: ClientId,
    request: String,
    pub(super) expires_at: UnixTime,
}

impl Pushed {
    /// As it was checked.
    pub(super) fn request(&self) -> Result<AuthorizationRequest, serde_json::Error> {
        serde_json::from_str(&self.request)
    }
}

/// Keeps one.
pub(super) fn keep(tx: &mut Tx, uri: &RequestUri, request: &AuthorizationRequest, now: UnixTime) -> Result<(), Error> {
    let json = serde_json::to_string(request).unwrap_or_default();
    tx.later(
        "INSERT INTO pushed_requests (uri_hash, client_id, request, expires_at) VALUES ($1, $2, $3, $4)",
        (uri.secret().hash(), &request.client_id, json, now + LIFETIME),
    )
}

/// Finds one that has not been completed.
pub(super) async fn by_uri(tx: &mut Tx, uri: &RequestUri) -> Result<Option<Pushed>, Error> {
    let text = "SELECT uri_hash, client_id, request, expires_at FROM pushed_requests WHERE uri_hash = $1 AND consumed_at IS NULL";
    tx.optional(text, (uri.secret().hash(),)).await
}

/// Completes it, once. True if it was this call that did.
pub(super) async fn consume(tx: &mut Tx, uri: &SecretHash, now: UnixTime) -> Result<bool, Error> {
    Ok(tx.execute("UPDATE pushed_requests SET consumed_at = $2 WHERE uri_hash = $1 AND consumed_at IS NULL", (uri, now)).await? == 1)
}

/// Disposes of what has run out.
pub(super) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM pushed_requests WHERE expires_at < $1", (now - Seconds::hours(1),)).await?;
    Ok(())
}
