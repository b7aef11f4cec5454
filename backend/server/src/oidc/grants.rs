//! Authorizations that wait, and grants. A code is usable once; any attempt by a proven client, right or wrong,
//! ends it (RFC 6749 §4.1.2), and a second attempt ends what the first one got (OP-06).

use handslag_policy::Act;
use handslag_protocol::{authorize::AuthorizationRequest, token::IssuedCode};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, Assurance, ClientId, GrantId, PhoneId, Seconds, Secret, SecretHash, SessionId, UnixTime};

use super::clients;
use crate::{
    config,
    identity::{self, Affiliation, Standing},
    phone::{self, Phone},
    problem::Problem,
    server::Server,
};

/// A checked request that waits for its log-in.
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
pub(super) async fn wait(
    tx: &mut Tx,
    approval: &ApprovalId,
    request: &AuthorizationRequest,
    pushed: Option<&SecretHash>,
    now: UnixTime,
) -> Result<(), Error> {
    let json = serde_json::to_string(request).unwrap_or_default();
    tx.execute(
        "INSERT INTO authorizations (approval_id, client_id, request, pushed_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
        (approval, &request.client_id, json, pushed, now),
    )
    .await?;
    Ok(())
}

/// Whose request waits.
pub(super) async fn asker(tx: &mut Tx, approval: &ApprovalId) -> Result<Option<ClientId>, Error> {
    let row: Option<(ClientId,)> = tx.optional("SELECT client_id FROM authorizations WHERE approval_id = $1", (approval,)).await?;
    Ok(row.map(|(client,)| client))
}

/// Takes the request out, once.
pub(super) async fn answered(tx: &mut Tx, approval: &ApprovalId, now: UnixTime) -> Result<Option<Authorization>, Error> {
    tx.optional(
        "UPDATE authorizations SET answered_at = $2 WHERE approval_id = $1 AND answered_at IS NULL RETURNING request, pushed_hash",
        (approval, now),
    )
    .await
}

/// One grant.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Grant {
    pub(super) grant_id: GrantId,
    pub(super) client_id: ClientId,
    pub(super) affiliation_id: AffiliationId,
    pub(super) phone_id: PhoneId,
    pub(super) approval_id: ApprovalId,
    request: String,
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

    /// The work identity, while both it and the phone that the grant rests on may be used (LC-08).
    pub(super) async fn usable(&self, tx: &mut Tx, now: UnixTime) -> Result<Option<Affiliation>, Error> {
        Ok(self.living(tx, now).await?.map(|(_, affiliation)| affiliation))
    }

    /// The work identity, if it may get tokens now: usable, and policy still lets it log in to this service (attack 7).
    pub(super) async fn may_go_on(
        &self,
        tx: &mut Tx,
        server: &Server,
        client: &config::Client,
        now: UnixTime,
    ) -> Result<Option<Affiliation>, Problem> {
        let Some((phone, affiliation)) = self.living(tx, now).await? else { return Ok(None) };
        let Some(organisation) = identity::organisation_by_number(tx, &client.organisation).await? else { return Ok(None) };
        let service = clients::asked_service(client, organisation.organisation_id);
        let is_allowed = phone::authority::allowed(server, &affiliation, phone.tier, Act::LogIn { service }, now).is_ok();
        Ok(is_allowed.then_some(affiliation))
    }

    pub(super) async fn living(&self, tx: &mut Tx, now: UnixTime) -> Result<Option<(Phone, Affiliation)>, Error> {
        let phone = phone::by_id(tx, &self.phone_id).await?.filter(|phone| phone.blocked_at.is_none());
        let affiliation = identity::by_id(tx, &self.affiliation_id).await?;
        Ok(phone.filter(|_| affiliation.standing(now) == Standing::Good).map(|phone| (phone, affiliation)))
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
pub(super) async fn give(tx: &mut Tx, new: &New<'_>) -> Result<(), Error> {
    let request = serde_json::to_string(new.request).unwrap_or_default();
    let of = new.of_session.as_ref();
    tx.execute(
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
    .await?;
    Ok(())
}

/// What became of a code.
pub(super) enum Redeemed {
    /// It was used before, and this use has ended what the first one got.
    Again(Ended),
    /// It never was, or all it gave is dead already.
    Dead,
    /// Now it is used.
    Grant(Box<Grant>),
}

/// A grant that was just ended.
#[derive(Debug, FromRow)]
pub(super) struct Ended {
    pub(super) grant_id: GrantId,
    pub(super) client_id: ClientId,
    pub(super) affiliation_id: AffiliationId,
    pub(super) approval_id: ApprovalId,
}

/// Takes the grant behind a code and kills the code. A code that is dead already kills what it gave.
pub(super) async fn redeem(tx: &mut Tx, code: &Secret, now: UnixTime) -> Result<Redeemed, Error> {
    let hash = code.hash();
    let grant: Option<Grant> = tx
        .optional(
            "UPDATE grants SET redeemed_at = $2 WHERE code_hash = $1 AND redeemed_at IS NULL AND revoked_at IS NULL RETURNING grant_id, client_id, \
             affiliation_id, phone_id, approval_id, request, assurance, hardware_key, authenticated_at, code_expires_at, sid, transaction_id",
            (&hash, now),
        )
        .await?;
    if let Some(grant) = grant {
        return Ok(Redeemed::Grant(Box::new(grant)));
    }
    let text = "UPDATE grants SET revoked_at = $2, revoked_for = $3 WHERE code_hash = $1 AND revoked_at IS NULL \
                RETURNING grant_id, client_id, affiliation_id, approval_id";
    let ended: Option<Ended> = tx.optional(text, (&hash, now, Why::CodeReused.as_str())).await?;
    Ok(ended.map_or(Redeemed::Dead, Redeemed::Again))
}

/// A living grant.
pub(super) async fn by_id(tx: &mut Tx, grant: &GrantId) -> Result<Option<Grant>, Error> {
    tx.optional(
        "SELECT grant_id, client_id, affiliation_id, phone_id, approval_id, request, assurance, hardware_key, authenticated_at, \
         code_expires_at, sid, transaction_id FROM grants WHERE grant_id = $1 AND revoked_at IS NULL",
        (grant,),
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
