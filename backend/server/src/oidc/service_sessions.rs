//! What each service calls a log-in in one browser: the `sid` of its ID Tokens and logout tokens (OpenID Connect Back-Channel Logout
//! §2.1). Each service has a name of its own for it, so that two of them cannot find out that it is the same.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ClientId, SessionId, UnixTime};
use rand_core::CryptoRng;

/// One log-in at one service.
#[derive(Debug, Clone, FromRow)]
pub(super) struct ServiceSession {
    pub(super) sid: SessionId,
    pub(super) session_id: SessionId,
    pub(super) client_id: ClientId,
}

/// The service's name for a log-in that was just begun.
pub(super) fn first(
    tx: &mut Tx,
    session: &SessionId,
    client: &ClientId,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SessionId, Error> {
    let sid = SessionId::at(now, rng);
    tx.later(
        "INSERT INTO service_sessions (sid, session_id, client_id, begun_at, used_at) VALUES ($1, $2, $3, $4, $4)",
        (&sid, session, client, now),
    )?;
    Ok(sid)
}

/// The service's name for a log-in that stood already; a new one the first time.
pub(super) async fn at(
    tx: &mut Tx,
    session: &SessionId,
    client: &ClientId,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SessionId, Error> {
    let found: (SessionId,) = tx
        .one(
            "INSERT INTO service_sessions (sid, session_id, client_id, begun_at, used_at) VALUES ($1, $2, $3, $4, $4) \
             ON CONFLICT (session_id, client_id) DO UPDATE SET used_at = $4 RETURNING sid",
            (SessionId::at(now, rng), session, client, now),
        )
        .await?;
    Ok(found.0)
}

/// Every service of a log-in, in the order the person came there.
pub(super) async fn of(tx: &mut Tx, session: &SessionId) -> Result<Vec<ServiceSession>, Error> {
    tx.all("SELECT sid, session_id, client_id FROM service_sessions WHERE session_id = $1 ORDER BY begun_at, sid", (session,)).await
}

/// By the service's name for it.
pub(super) async fn by_sid(tx: &mut Tx, sid: &SessionId) -> Result<Option<ServiceSession>, Error> {
    tx.optional("SELECT sid, session_id, client_id FROM service_sessions WHERE sid = $1", (sid,)).await
}

/// Disposes of what hangs on log-ins that ended before then.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    let text = "DELETE FROM service_sessions WHERE session_id IN (SELECT s.session_id FROM sso_sessions s WHERE s.expires_at < $1)";
    tx.execute(text, (before,)).await?;
    Ok(())
}
