//! Requests to be logged out, each answered once.

use handslag_protocol::end_session::EndSession;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{Seconds, SessionId, UnixTime};

/// A person reads and answers in this time, or comes again.
const LIFE: Seconds = Seconds::minutes(10);

#[derive(FromRow)]
struct Row {
    request: String,
}

impl Row {
    fn read(self) -> EndSession {
        // Written by us; one that does not parse asks for nothing.
        serde_json::from_str(&self.request).unwrap_or_default()
    }
}

pub(super) async fn keep(tx: &mut Tx, id: &SessionId, request: &EndSession, now: UnixTime) -> Result<(), Error> {
    let json = serde_json::to_string(request).unwrap_or_default();
    tx.execute("INSERT INTO logout_requests (logout_id, request, created_at) VALUES ($1, $2, $3)", (id, json, now)).await?;
    Ok(())
}

pub(super) async fn waiting(tx: &mut Tx, id: &SessionId, now: UnixTime) -> Result<Option<EndSession>, Error> {
    let text = "SELECT request FROM logout_requests WHERE logout_id = $1 AND created_at > $2 AND answered_at IS NULL";
    Ok(tx.optional(text, (id, now - LIFE)).await?.map(Row::read))
}

/// Takes it, once.
pub(super) async fn answered(tx: &mut Tx, id: &SessionId, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE logout_requests SET answered_at = $3 WHERE logout_id = $1 AND created_at > $2 AND answered_at IS NULL";
    Ok(tx.execute(text, (id, now - LIFE, now)).await? == 1)
}

/// Disposes of those that have run out.
pub(in crate::oidc) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM logout_requests WHERE created_at < $1", (now - Seconds::hours(1),)).await?;
    Ok(())
}
