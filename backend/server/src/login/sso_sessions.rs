//! Log-ins at services, each in one browser, bound to it by a cookie whose secret changes at every log-in: a cookie that somebody laid
//! there before opens nothing (attack 13).
//!
//! A log-in rests on an approval, a phone and a work identity, and all three are read at every use (attack 7). Using it is one
//! conditional statement that also waits for a log-out at the same moment: either the use is told of in the log-out, or there is none.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, Assurance, ClientId, PersonId, PhoneId, Seconds, SecretHash, SessionId, UnixTime};

/// Longer than any group allows; a log-in without a group is kept so long to be told of when it ends.
pub const LONGEST: Seconds = Seconds::hours(12);

/// One log-in in one browser.
#[derive(Debug, Clone, FromRow)]
pub struct SsoSession {
    /// Names it.
    pub session_id: SessionId,
    /// The group it is good in.
    pub sso_group: Option<String>,
    /// The service where the person logged in.
    pub client_id: ClientId,
    /// Who.
    pub affiliation_id: AffiliationId,
    /// The phone it rests on.
    pub phone_id: PhoneId,
    /// The approval it rests on.
    pub approval_id: ApprovalId,
    /// The level that was reached.
    pub assurance: Assurance,
    /// When the person approved.
    pub authenticated_at: UnixTime,
    /// Refused after this.
    pub expires_at: UnixTime,
}

macro_rules! select_sessions {
    ($condition:literal) => {
        concat!(
            "SELECT session_id, sso_group, client_id, affiliation_id, phone_id, approval_id, assurance, authenticated_at, expires_at FROM sso_sessions ",
            "WHERE ended_at IS NULL AND expires_at > $2 AND ",
            $condition,
            " ORDER BY authenticated_at DESC, session_id"
        )
    };
}

/// Keeps one, in the browser that now has this cookie.
pub fn start(tx: &mut Tx, session: &SsoSession, cookie: &SecretHash, now: UnixTime) -> Result<(), Error> {
    tx.later(
        "INSERT INTO sso_sessions (session_id, cookie_hash, sso_group, client_id, affiliation_id, phone_id, approval_id, assurance, \
         authenticated_at, used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        (
            &session.session_id,
            cookie,
            &session.sso_group,
            &session.client_id,
            &session.affiliation_id,
            &session.phone_id,
            &session.approval_id,
            session.assurance,
            session.authenticated_at,
            now,
            session.expires_at,
        ),
    )
}

/// A person logs in where somebody has logged in before: the own log-ins go over to the new cookie, and the old one opens nothing
/// more. Somebody else's stay behind under it; the caller ends them.
pub async fn move_to(tx: &mut Tx, old: &SecretHash, new: &SecretHash, person: &PersonId) -> Result<(), Error> {
    tx.execute(
        "UPDATE sso_sessions SET cookie_hash = $2 WHERE cookie_hash = $1 AND ended_at IS NULL \
         AND affiliation_id IN (SELECT a.affiliation_id FROM affiliations a WHERE a.person_id = $3)",
        (old, new, person),
    )
    .await?;
    Ok(())
}

/// Every log-in of a browser, newest first.
pub async fn of_browser(tx: &mut Tx, cookie: &SecretHash, now: UnixTime) -> Result<Vec<SsoSession>, Error> {
    tx.all(select_sessions!("cookie_hash = $1"), (cookie, now)).await
}

/// Every log-in of a person, in whatever browser, newest first.
pub async fn of_affiliation(tx: &mut Tx, affiliation: &AffiliationId, now: UnixTime) -> Result<Vec<SsoSession>, Error> {
    tx.all(select_sessions!("affiliation_id = $1"), (affiliation, now)).await
}

/// Every log-in that rests on a phone, newest first.
pub async fn of_phone(tx: &mut Tx, phone: &PhoneId, now: UnixTime) -> Result<Vec<SsoSession>, Error> {
    tx.all(select_sessions!("phone_id = $1"), (phone, now)).await
}

/// One that is in force.
pub async fn by_id(tx: &mut Tx, session: &SessionId, now: UnixTime) -> Result<Option<SsoSession>, Error> {
    tx.optional(select_sessions!("session_id = $1"), (session, now)).await
}

/// Whose it was, in force or not.
pub async fn owner(tx: &mut Tx, session: &SessionId) -> Result<Option<AffiliationId>, Error> {
    let found: Option<(AffiliationId,)> = tx.optional("SELECT affiliation_id FROM sso_sessions WHERE session_id = $1", (session,)).await?;
    Ok(found.map(|(affiliation,)| affiliation))
}

/// Uses one. False if it has ended meanwhile.
pub async fn take(tx: &mut Tx, session: &SessionId, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE sso_sessions SET used_at = $2 WHERE session_id = $1 AND ended_at IS NULL AND expires_at > $2";
    Ok(tx.execute(text, (session, now)).await? == 1)
}

/// Ends one. True if it was this call that did.
pub async fn end(tx: &mut Tx, session: &SessionId, why: &str, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE sso_sessions SET ended_at = $2, ended_for = $3 WHERE session_id = $1 AND ended_at IS NULL";
    Ok(tx.execute(text, (session, now, why)).await? == 1)
}

/// Disposes of old ones, by the rule in the migrations; what hangs on them is disposed of before.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM sso_sessions WHERE expires_at < $1", (before,)).await?;
    Ok(())
}
