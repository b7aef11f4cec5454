//! Requests whose answer comes from elsewhere. Taken once, by the program that asked, and polled no faster than agreed.

use handslag_keys::Kind;
use handslag_protocol::{authorize::AuthorizationRequest, backchannel::INTERVAL, device::UserCode};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, ClientId, Seconds, Secret, SecretHash, UnixTime};

use crate::{phone::approvals, problem::Problem, server::Server};

/// Which way the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "lowercase")]
pub(super) enum Way {
    Backchannel,
    Device,
}

/// Each poll that comes too early makes the program wait so much longer (RFC 8628 §3.5).
const SLOWER: Seconds = Seconds(5);

/// One that waits.
#[derive(Debug, FromRow)]
pub(super) struct Awaited {
    pub(super) handle_hash: SecretHash,
    pub(super) client_id: ClientId,
    pub(super) approval_id: Option<ApprovalId>,
    request: String,
    pub(super) notification: Option<Vec<u8>>,
    pace: i64,
    polled_at: Option<UnixTime>,
    pub(super) created_at: UnixTime,
    pub(super) expires_at: UnixTime,
    pub(super) denied_at: Option<UnixTime>,
    pub(super) confirmed_at: Option<UnixTime>,
    taken_at: Option<UnixTime>,
}

impl Awaited {
    pub(super) fn request(&self) -> Result<AuthorizationRequest, serde_json::Error> {
        serde_json::from_str(&self.request)
    }

    /// Whether the program may still get an answer.
    pub(super) const fn is_open(&self) -> bool {
        self.taken_at.is_none()
    }

    fn is_early(&self, now: UnixTime) -> bool {
        self.polled_at.is_some_and(|polled| now.since(polled).0 < self.pace)
    }
}

macro_rules! select_awaited {
    ($condition:literal) => {
        concat!(
            "SELECT handle_hash, client_id, approval_id, request, notification, pace, polled_at, created_at, expires_at, denied_at, ",
            "confirmed_at, taken_at ",
            "FROM awaited_requests ",
            $condition
        )
    };
}

/// A request to wait for.
pub(super) struct New<'a> {
    pub(super) handle: &'a Secret,
    pub(super) way: Way,
    pub(super) request: &'a AuthorizationRequest,
    pub(super) person: Option<&'a AffiliationId>,
    pub(super) approval: Option<&'a ApprovalId>,
    pub(super) user_code: Option<Vec<u8>>,
    pub(super) notification: Option<Vec<u8>>,
    pub(super) expires_at: UnixTime,
}

/// Begins to wait.
pub(super) async fn begin(tx: &mut Tx, new: New<'_>, now: UnixTime) -> Result<(), Error> {
    let request = serde_json::to_string(new.request).unwrap_or_default();
    tx.execute(
        "INSERT INTO awaited_requests (handle_hash, kind, client_id, affiliation_id, approval_id, request, user_mac, notification, pace, \
         created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        (
            new.handle.hash(),
            new.way,
            &new.request.client_id,
            new.person,
            new.approval,
            request,
            new.user_code,
            new.notification,
            INTERVAL.0,
            now,
            new.expires_at,
        ),
    )
    .await?;
    Ok(())
}

/// The one that a program polls for; another program's does not exist.
pub(super) async fn by_handle(tx: &mut Tx, handle: &Secret, way: Way, client: &ClientId) -> Result<Option<Awaited>, Error> {
    tx.optional(select_awaited!("WHERE handle_hash = $1 AND kind = $2 AND client_id = $3"), (handle.hash(), way, client)).await
}

/// The one that an approval answers.
pub(super) async fn by_approval(tx: &mut Tx, approval: &ApprovalId) -> Result<Option<Awaited>, Error> {
    tx.optional(select_awaited!("WHERE approval_id = $1"), (approval,)).await
}

/// The device whose code somebody typed, while nobody has gone on with it.
pub(super) async fn by_user_code(tx: &mut Tx, server: &Server, code: &UserCode, now: UnixTime) -> Result<Option<Awaited>, Problem> {
    let mac = user_mac(server, code)?;
    let found = tx.optional(select_awaited!("WHERE user_mac = $1 AND expires_at > $2 AND denied_at IS NULL AND taken_at IS NULL"), (mac, now));
    Ok(found.await?)
}

/// A short code is hashed with a key of ours: who reads the database cannot try them all.
pub(super) fn user_mac(server: &Server, code: &UserCode) -> Result<Vec<u8>, Problem> {
    Ok(server.keys.mac(Kind::Cookie, format!("user code {}", code.letters()).as_bytes())?.to_vec())
}

/// Notes a poll. False when it came too early: it and those after it wait longer.
pub(super) async fn polled(tx: &mut Tx, awaited: &Awaited, now: UnixTime) -> Result<bool, Error> {
    let is_early = awaited.is_early(now);
    let slower = if is_early { SLOWER.0 } else { 0 };
    tx.execute("UPDATE awaited_requests SET polled_at = $2, pace = pace + $3 WHERE handle_hash = $1", (&awaited.handle_hash, now, slower)).await?;
    Ok(!is_early)
}

/// The program has its answer, once. True if it was this call that gave it.
pub(super) async fn take(tx: &mut Tx, awaited: &Awaited, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE awaited_requests SET taken_at = $2, user_mac = NULL, notification = NULL WHERE handle_hash = $1 AND taken_at IS NULL";
    Ok(tx.execute(text, (&awaited.handle_hash, now)).await? == 1)
}

/// A browser goes on with the code that was typed in it, once: the code is used then.
pub(super) async fn goes_on(tx: &mut Tx, awaited: &Awaited, approval: &ApprovalId) -> Result<bool, Error> {
    let text = "UPDATE awaited_requests SET approval_id = $2, user_mac = NULL WHERE handle_hash = $1 AND approval_id IS NULL AND taken_at IS NULL";
    Ok(tx.execute(text, (&awaited.handle_hash, approval)).await? == 1)
}

/// Somebody typed the code and says that it is not theirs.
pub(super) async fn deny(tx: &mut Tx, awaited: &Awaited, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE awaited_requests SET denied_at = $2, user_mac = NULL WHERE handle_hash = $1 AND approval_id IS NULL AND denied_at IS NULL";
    Ok(tx.execute(text, (&awaited.handle_hash, now)).await? == 1)
}

/// The answer of the same phone came back to the browser that typed the code.
pub(super) async fn confirm(tx: &mut Tx, approval: &ApprovalId, now: UnixTime) -> Result<(), Error> {
    tx.execute("UPDATE awaited_requests SET confirmed_at = $2 WHERE approval_id = $1 AND confirmed_at IS NULL", (approval, now)).await?;
    Ok(())
}

/// What this person was asked lately by this service, newest first.
#[derive(Debug, FromRow)]
pub(super) struct Lately {
    pub(super) state: approvals::State,
    pub(super) reason: Option<String>,
    pub(super) expires_at: UnixTime,
}

/// So far back a refusal counts.
pub(super) const REMEMBERED: Seconds = Seconds::hours(1);

/// What became of the last questions.
pub(super) async fn asked_lately(tx: &mut Tx, client: &ClientId, person: &AffiliationId, now: UnixTime) -> Result<Vec<Lately>, Error> {
    tx.all(
        "SELECT p.state, p.reason, p.expires_at FROM awaited_requests r JOIN approvals p ON p.approval_id = r.approval_id \
         WHERE r.affiliation_id = $1 AND r.client_id = $2 AND r.created_at > $3 AND r.kind = 'backchannel' ORDER BY r.created_at DESC, p.approval_id",
        (person, client, now - REMEMBERED),
    )
    .await
}

#[derive(FromRow)]
struct Ended {
    approval_id: Option<ApprovalId>,
}

/// The program gives up waiting, and gives its handle back (RFC 7009): what the person still sees ends.
pub(in crate::oidc) async fn withdraw(tx: &mut Tx, handle: &Secret, client: &ClientId, now: UnixTime) -> Result<Option<ApprovalId>, Error> {
    let text = "UPDATE awaited_requests SET taken_at = $3, user_mac = NULL, notification = NULL \
                WHERE handle_hash = $1 AND client_id = $2 AND taken_at IS NULL RETURNING approval_id";
    let ended: Option<Ended> = tx.optional(text, (handle.hash(), client, now)).await?;
    let Some(approval) = ended.and_then(|ended| ended.approval_id) else { return Ok(None) };
    approvals::withdraw(tx, &approval, now).await?;
    Ok(Some(approval))
}

/// Disposes of old ones, by the rule in the migrations.
pub(in crate::oidc) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "UPDATE awaited_requests SET user_mac = NULL, notification = NULL WHERE expires_at < $1 \
                AND (user_mac IS NOT NULL OR notification IS NOT NULL)",
        (now,),
    )
    .await?;
    tx.execute("DELETE FROM awaited_requests WHERE expires_at < $1", (now - Seconds::days(30),)).await?;
    Ok(())
}
