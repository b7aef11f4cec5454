//! Questions to somebody who is logged in already, each answered once by the browser that was asked.

use handslag_protocol::authorize::AuthorizationRequest;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ApprovalId, Seconds, SecretHash, SessionId, UnixTime};

/// A person reads and answers in this time, or begins again.
pub(super) const LIFE: Seconds = Seconds::minutes(10);

/// One question.
#[derive(Debug, FromRow)]
pub(in crate::oidc) struct Offer {
    pub(in crate::oidc) session_id: SessionId,
    request: String,
    pub(in crate::oidc) pushed_hash: Option<SecretHash>,
}

impl Offer {
    pub(in crate::oidc) fn request(&self) -> Result<AuthorizationRequest, serde_json::Error> {
        serde_json::from_str(&self.request)
    }
}

/// Asks.
pub(in crate::oidc) async fn make(
    tx: &mut Tx,
    offer: &ApprovalId,
    session: &SessionId,
    (request, pushed): (&AuthorizationRequest, Option<&SecretHash>),
    browser: &SecretHash,
    now: UnixTime,
) -> Result<(), Error> {
    let json = serde_json::to_string(request).unwrap_or_default();
    tx.execute(
        "INSERT INTO sso_offers (offer_id, session_id, client_id, request, pushed_hash, browser_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (offer, session, &request.client_id, json, pushed, browser, now),
    )
    .await?;
    Ok(())
}

/// One that waits, for the browser that was asked; for every other one it does not exist.
pub(super) async fn waiting(tx: &mut Tx, offer: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<Option<Offer>, Error> {
    tx.optional(
        "SELECT session_id, request, pushed_hash FROM sso_offers WHERE offer_id = $1 AND browser_hash = $2 AND created_at > $3 AND answered_at IS NULL",
        (offer, browser, now - LIFE),
    )
    .await
}

/// Takes it, once.
pub(super) async fn answered(tx: &mut Tx, offer: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<Option<Offer>, Error> {
    tx.optional(
        "UPDATE sso_offers SET answered_at = $4 WHERE offer_id = $1 AND browser_hash = $2 AND created_at > $3 AND answered_at IS NULL \
         RETURNING session_id, request, pushed_hash",
        (offer, browser, now - LIFE, now),
    )
    .await
}

/// Disposes of those that have run out.
pub(in crate::oidc) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM sso_offers WHERE created_at < $1", (now - Seconds::hours(1),)).await?;
    Ok(())
}
