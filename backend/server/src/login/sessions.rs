//! Sessions on our own pages.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, Assurance, PhoneId, Seconds, Secret, SecretHash, SessionId, UnixTime};
use rand_core::CryptoRng;

/// A working day at most; shorter is the service's choice (SE-11).
pub const LIFE: Seconds = Seconds::hours(8);

/// One session that is in force.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// Names it.
    pub session_id: SessionId,
    /// Who is logged in.
    pub affiliation_id: AffiliationId,
    /// The phone it rests on; none in a demonstration's ready-made session.
    pub phone_id: Option<PhoneId>,
    /// The level that was really performed.
    pub assurance: Assurance,
}

/// What a session is made from.
#[derive(Debug, Clone)]
pub struct From {
    /// Who approved.
    pub affiliation: AffiliationId,
    /// The phone.
    pub phone: Option<PhoneId>,
    /// The approval; none in a demonstration's ready-made session.
    pub approval: Option<ApprovalId>,
    /// The level performed.
    pub assurance: Assurance,
    /// When the person approved.
    pub authenticated_at: UnixTime,
}

/// Starts one; the secret goes into the browser's cookie and is stored nowhere.
pub async fn start(tx: &mut Tx, from: &From, now: UnixTime, rng: &mut (dyn CryptoRng + Send)) -> Result<Secret, Error> {
    let cookie = Secret::random("session", rng);
    tx.execute(
        "INSERT INTO sessions (session_id, cookie_hash, affiliation_id, phone_id, approval_id, assurance, authenticated_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (SessionId::at(now, rng), cookie.hash(), &from.affiliation, &from.phone, &from.approval, from.assurance, from.authenticated_at, now + LIFE),
    )
    .await?;
    Ok(cookie)
}

/// The session of a cookie, while it is in force.
pub async fn by_cookie(tx: &mut Tx, cookie: &SecretHash, now: UnixTime) -> Result<Option<Session>, Error> {
    tx.optional(
        "SELECT session_id, affiliation_id, phone_id, assurance FROM sessions WHERE cookie_hash = $1 AND ended_at IS NULL AND expires_at > $2",
        (cookie, now),
    )
    .await
}

/// Logs out. True if it was this call that did.
pub async fn end(tx: &mut Tx, cookie: &SecretHash, now: UnixTime) -> Result<bool, Error> {
    Ok(tx.execute("UPDATE sessions SET ended_at = $2 WHERE cookie_hash = $1 AND ended_at IS NULL", (cookie, now)).await? == 1)
}

/// Disposes of old ones by the rule in the migrations.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM sessions WHERE expires_at < $1", (before,)).await?;
    Ok(())
}
