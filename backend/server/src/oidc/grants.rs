//! Authorizations that wait, and grants. A code is usable once; any attempt by a proven client, right or wrong,
//! ends it (RFC 6749 §4.1.2), and a second attempt ends what the first one got (OP-06).

use handslag_policy::Act;
use handslag_protocol::{authorize::AuthorizationRequest, refresh::RefreshToken, token::IssuedCode};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, Assurance, ClientId, GrantId, PhoneId, Seconds, Secret, SecretHash, SessionId, StartKind, UnixTime};

use super::{access_tokens::Opaque, clients, refresh_families::Family};
use crate::{
    config,
    identity::{self, Affiliation, Standing},
    phone::{self, Came, Tier},
    problem::Problem,
    server::Server,
};

/// A checked request that waited for its log-in.
#[derive(Debug, FromRow)]
pub(super) struct Authorization {
    request: String,
    /// The pushed request that it completes.
    pub(super) pushed_hash: Option<SecretHash>,
}

impl Authorization {
    pub(super) fn request(&self) -> Result<AuthorizationRequest, serde_json::Error> {
        serde_json::from_str(&self.request)
    }
}

/// Remembers a request until its log-in is answered.
pub(super) fn wait(
    tx: &mut Tx,
    approval: &ApprovalId,
    request: &AuthorizationRequest,
    pushed: Option<&SecretHash>,
    now: UnixTime,
) -> Result<(), Error> {
    let json = serde_json::to_string(request).unwrap_or_default();
    tx.later(
        "INSERT INTO authorizations (approval_id, client_id, request, pushed_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
        (approval, &request.client_id, json, pushed, now),
    )
}

const TAKE: &str = "UPDATE authorizations SET answered_at = $2 WHERE approval_id = $1 AND answered_at IS NULL RETURNING request, pushed_hash";

/// Takes the request out, once, for another log-in.
pub(super) async fn handed_on(tx: &mut Tx, approval: &ApprovalId, now: UnixTime) -> Result<Option<Authorization>, Error> {
    tx.optional(TAKE, (approval, now)).await
}

/// Takes the request out, once, because its log-in is answered, and completes the pushed one that it was. False beside it where another
/// log-in has completed that before.
pub(super) async fn answered(tx: &mut Tx, approval: &ApprovalId, now: UnixTime) -> Result<Option<(Authorization, bool)>, Error> {
    let complete = "UPDATE pushed_requests SET consumed_at = $2 WHERE consumed_at IS NULL \
                    AND uri_hash = (SELECT a.pushed_hash FROM authorizations a WHERE a.approval_id = $1 AND a.answered_at IS NULL)";
    let (completed, taken) = tx.execute_and_ask::<Authorization>((complete, (approval, now)), (TAKE, (approval, now))).await?;
    Ok(taken.map(|taken| {
        let completes = taken.pushed_hash.is_none() || completed == 1;
        (taken, completes)
    }))
}

/// One grant.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Grant {
    pub(super) grant_id: GrantId,
    pub(super) client_id: ClientId,
    pub(super) approval_id: ApprovalId,
    request: String,
    #[sqlx(rename = "reached")]
    pub(super) assurance: Assurance,
    pub(super) hardware_key: i64,
    pub(super) authenticated_at: UnixTime,
    pub(super) code_expires_at: UnixTime,
    /// What the service calls the log-in in the browser.
    pub(super) sid: Option<String>,
    transaction_id: Option<ApprovalId>,
}

impl Grant {
    /// `txn`: the approval, or the use of a log-in that stood already.
    pub(super) fn transaction(&self) -> &ApprovalId {
        self.transaction_id.as_ref().unwrap_or(&self.approval_id)
    }

    pub(super) fn request(&self) -> Result<AuthorizationRequest, serde_json::Error> {
        serde_json::from_str(&self.request)
    }

    /// What the code is bound to.
    pub(super) fn issued<'a>(&'a self, request: &'a AuthorizationRequest) -> IssuedCode<'a> {
        IssuedCode {
            client_id: &self.client_id,
            redirect_uri: request.reply_to.redirect_uri(),
            challenge: request.challenge.as_ref(),
            key: request.dpop_jkt,
            expires_at: self.code_expires_at,
        }
    }
}

/// A grant with the work identity and the phone that it rests on, as they are at this moment. One statement, because every use of every
/// token asks for it.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Held {
    #[sqlx(flatten)]
    pub(super) grant: Grant,
    #[sqlx(flatten)]
    pub(super) affiliation: Affiliation,
    tier: Option<Tier>,
    phone_blocked_at: Option<UnixTime>,
    start_kind: Option<StartKind>,
}

/// What was presented, and the grant behind it.
#[derive(FromRow)]
pub(super) struct Behind<Presented> {
    #[sqlx(flatten)]
    pub(super) presented: Presented,
    #[sqlx(flatten)]
    pub(super) held: Held,
}

impl Held {
    /// The phone's tier, while both it and the work identity may be used (LC-08).
    pub(super) fn usable(&self, now: UnixTime) -> Option<Tier> {
        let is_alive = self.affiliation.standing(now) == Standing::Good && self.phone_blocked_at.is_none();
        self.tier.filter(|_| is_alive)
    }

    /// How the yes came that it rests on.
    pub(super) fn came(&self) -> Option<Came> {
        phone::came(self.start_kind?, self.tier?)
    }

    /// Whether it may get tokens now: usable, and policy still lets its person log in to this service (attack 7).
    pub(super) async fn may_go_on(&self, tx: &mut Tx, server: &Server, client: &config::Client, now: UnixTime) -> Result<bool, Problem> {
        let (Some(tier), affiliation) = (self.usable(now), &self.affiliation) else { return Ok(false) };
        let organisation = if client.organisation == affiliation.organisation_number {
            Some(affiliation.organisation_id.clone())
        } else {
            identity::organisation_by_number(tx, &client.organisation).await?.map(|other| other.organisation_id)
        };
        let Some(organisation) = organisation else { return Ok(false) };
        let service = clients::asked_service(client, organisation);
        Ok(phone::authority::allowed(server, affiliation, tier, Act::LogIn { service }, now).is_ok())
    }
}

/// Why a grant is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its code came a second time (OP-06).
    CodeReused,
    /// The service gave its tokens back (RFC 7009).
    GivenBack,
    /// The work identity was ended.
    IdentityEnded,
    /// The phone it rests on was blocked or removed.
    PhoneEnded,
    /// A refresh token came whose successor was used: there is a copy.
    RefreshReused,
}

impl Why {
    /// As stored.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::CodeReused => "code_reused",
            Self::GivenBack => "given_back",
            Self::IdentityEnded => "identity_ended",
            Self::PhoneEnded => "phone_ended",
            Self::RefreshReused => "refresh_reused",
        }
    }
}

/// What a grant is made from.
pub(super) struct New<'a> {
    pub(super) grant: &'a GrantId,
    pub(super) code: &'a Secret,
    pub(super) request: &'a AuthorizationRequest,
    pub(super) affiliation: &'a AffiliationId,
    pub(super) phone: &'a PhoneId,
    pub(super) approval: &'a ApprovalId,
    pub(super) assurance: Assurance,
    pub(super) hardware_key: bool,
    pub(super) authenticated_at: UnixTime,
    pub(super) code_expires_at: UnixTime,
    pub(super) of_session: Option<OfSession>,
}

/// The log-in in a browser that a grant comes from.
pub(super) struct OfSession {
    pub(super) session: SessionId,
    pub(super) sid: SessionId,
    /// Names the use, where the log-in stood already.
    pub(super) transaction: Option<ApprovalId>,
    /// Whether it ends when the person logs out there.
    pub(super) ends_with_it: bool,
}

/// Gives.
pub(super) fn give(tx: &mut Tx, new: &New<'_>) -> Result<(), Error> {
    let request = serde_json::to_string(new.request).unwrap_or_default();
    let of = new.of_session.as_ref();
    tx.later(
        "INSERT INTO grants (grant_id, code_hash, client_id, affiliation_id, phone_id, approval_id, request, assurance, hardware_key, \
         authenticated_at, code_expires_at, session_id, sid, transaction_id, ends_with_session) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        (
            new.grant,
            new.code.hash(),
            &new.request.client_id,
            new.affiliation,
            new.phone,
            new.approval,
            request,
            new.assurance,
            i64::from(new.hardware_key),
            new.authenticated_at,
            new.code_expires_at,
            of.map(|of| &of.session),
            of.map(|of| &of.sid),
            of.and_then(|of| of.transaction.as_ref()),
            of.map(|of| i64::from(of.ends_with_it)),
        ),
    )
}

/// What became of a code.
pub(super) enum Redeemed {
    /// It was used before, and this use has ended what the first one got.
    Again(Ended),
    /// It never was, or all it gave is dead already.
    Dead,
    /// Now it is used.
    Grant(Box<Held>),
}

/// A grant that was just ended.
#[derive(Debug, FromRow)]
pub(super) struct Ended {
    pub(super) grant_id: GrantId,
    pub(super) client_id: ClientId,
    pub(super) affiliation_id: AffiliationId,
    pub(super) approval_id: ApprovalId,
}

macro_rules! select_held {
    ($presented:literal, $found:literal) => {
        concat!(
            "SELECT ",
            $presented,
            "g.grant_id, g.client_id, g.affiliation_id, g.approval_id, g.request, g.assurance AS reached, g.hardware_key, ",
            "g.authenticated_at, g.code_expires_at, g.sid, g.transaction_id, f.tier, f.blocked_at AS phone_blocked_at, y.start_kind, ",
            "a.organisation_id, o.number AS organisation_number, o.name AS organisation_name, o.identity_name, a.person_id, p.given_name, ",
            "p.family_name, a.who, a.subject, a.kind, a.unit, a.role, a.assurance, a.valid_from, a.valid_to, a.blocked_at ",
            "FROM grants g JOIN affiliations a ON a.affiliation_id = g.affiliation_id JOIN persons p ON p.person_id = a.person_id ",
            "JOIN organisations o ON o.organisation_id = a.organisation_id LEFT JOIN phones f ON f.phone_id = g.phone_id ",
            "LEFT JOIN approvals y ON y.approval_id = g.approval_id ",
            $found
        )
    };
}

/// Takes the grant behind a code and kills the code. A code that is dead already kills what it gave.
pub(super) async fn redeem(tx: &mut Tx, code: &Secret, now: UnixTime) -> Result<Redeemed, Error> {
    let hash = code.hash();
    let text = "UPDATE grants SET redeemed_at = $2 WHERE code_hash = $1 AND redeemed_at IS NULL AND revoked_at IS NULL";
    let question = select_held!("", "WHERE g.code_hash = $1 AND g.revoked_at IS NULL");
    let (redeemed, held) = tx.execute_and_ask((text, (&hash, now)), (question, (&hash,))).await?;
    if redeemed == 1 {
        return Ok(held.map_or(Redeemed::Dead, |held| Redeemed::Grant(Box::new(held))));
    }
    let text = "UPDATE grants SET revoked_at = $2, revoked_for = $3 WHERE code_hash = $1 AND revoked_at IS NULL \
                RETURNING grant_id, client_id, affiliation_id, approval_id";
    let ended: Option<Ended> = tx.optional(text, (&hash, now, Why::CodeReused.as_str())).await?;
    Ok(ended.map_or(Redeemed::Dead, Redeemed::Again))
}

/// A grant that nobody has ended.
pub(super) async fn by_id(tx: &mut Tx, grant: &GrantId) -> Result<Option<Held>, Error> {
    tx.optional(select_held!("", "WHERE g.grant_id = $1 AND g.revoked_at IS NULL"), (grant,)).await
}

/// The one behind an opaque access token that is alive by its time.
pub(super) async fn of_access_token(tx: &mut Tx, token: &Secret, now: UnixTime) -> Result<Option<Behind<Opaque>>, Error> {
    tx.optional(
        select_held!(
            "t.expires_at, t.key_thumbprint, t.certificate_thumbprint, t.scopes, ",
            "JOIN access_tokens t ON t.grant_id = g.grant_id WHERE t.token_hash = $1 AND t.expires_at > $2 AND g.revoked_at IS NULL"
        ),
        (token.hash(), now),
    )
    .await
}

/// The one behind a refresh token of any age, with its family.
pub(super) async fn of_refresh_token(tx: &mut Tx, token: &RefreshToken) -> Result<Option<Behind<Family>>, Error> {
    tx.optional(
        select_held!(
            "r.current_hash, r.before_hash, r.step, r.rotates, r.key_thumbprint, r.certificate_thumbprint, r.idle_until, r.ends_at, ",
            "JOIN refresh_families r ON r.grant_id = g.grant_id WHERE r.family_hash = $1 AND g.revoked_at IS NULL"
        ),
        (token.family().as_bytes().to_vec(),),
    )
    .await
}

/// Ends a grant and with it every token it gave. True if it was this call that did.
pub(super) async fn revoke(tx: &mut Tx, grant: &GrantId, why: Why, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE grants SET revoked_at = $2, revoked_for = $3 WHERE grant_id = $1 AND revoked_at IS NULL";
    Ok(tx.execute(text, (grant, now, why.as_str())).await? == 1)
}

/// The person has logged out in the browser: what came from there ends, and a code that nobody has fetched. A refresh token that
/// outlives the browser stays (OIDC Core §11).
pub(super) async fn end_with_session(tx: &mut Tx, session: &SessionId, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "UPDATE grants SET revoked_at = $2, revoked_for = 'logged_out' WHERE session_id = $1 AND revoked_at IS NULL \
         AND (ends_with_session = 1 OR redeemed_at IS NULL)",
        (session, now),
    )
    .await?;
    Ok(())
}

/// Everything that rests on a phone.
pub(super) async fn end_of_phone(tx: &mut Tx, phone: &PhoneId, why: Why, now: UnixTime) -> Result<(), Error> {
    tx.execute("UPDATE grants SET revoked_at = $2, revoked_for = $3 WHERE phone_id = $1 AND revoked_at IS NULL", (phone, now, why.as_str())).await?;
    Ok(())
}

/// Everything of a work identity.
pub(super) async fn end_of_affiliation(tx: &mut Tx, affiliation: &AffiliationId, why: Why, now: UnixTime) -> Result<(), Error> {
    let text = "UPDATE grants SET revoked_at = $2, revoked_for = $3 WHERE affiliation_id = $1 AND revoked_at IS NULL";
    tx.execute(text, (affiliation, now, why.as_str())).await?;
    Ok(())
}

/// Disposes of authorizations that nobody answered, and of what ended before `before`: a grant ends with its code, or with the last
/// thing that hangs on it.
pub(super) async fn purge(tx: &mut Tx, now: UnixTime, before: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM authorizations WHERE answered_at IS NULL AND created_at < $1", (now - Seconds::hours(1),)).await?;
    tx.execute("DELETE FROM authorizations WHERE answered_at < $1", (before,)).await?;
    tx.execute(
        "DELETE FROM grants WHERE code_expires_at < $1 AND NOT EXISTS (SELECT 1 FROM refresh_families f WHERE f.grant_id = grants.grant_id) \
         AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.grant_id = grants.grant_id)",
        (before,),
    )
    .await?;
    Ok(())
}
