//! `grant_type` `urn:openid:params:grant-type:ciba` and `…:device_code` (CIBA §10, §11; RFC 8628 §3.4, §3.5): the program that waits asks whether
//! the person has answered. The answer, yes or no, is told at once and once; while there is none, who asks too often waits longer.

use handslag_protocol::{authorize::AuthorizationRequest, oauth_error::OAuthError, token::TokenAnswer};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, GrantId, Secret, StartKind, UnixTime};
use serde_json::json;

use super::{
    super::{
        details,
        grants::{self, Held},
        redeem,
        refused::Refused,
        token::Asked,
    },
    awaited::{self, Awaited, Way},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    identity::Affiliation,
    phone::{
        approvals::{self, Row, State as ApprovalState},
        carried::{self, Carried, Given},
        directed,
    },
    problem::Problem,
};

/// What the person has said so far.
enum Said {
    /// Yes, and another poll has it: the two came at the same moment.
    Given,
    /// No, and why.
    No(&'static str),
    /// Nothing.
    Nothing,
    /// Nothing, and it is too late.
    TooLate,
    Yes(ApprovalId),
}

/// `auth_req_id`.
pub(in crate::oidc) async fn give(tx: &mut Tx, asked: &Asked<'_>, handle: &Secret, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    answer(tx, asked, handle, Way::Backchannel, rng).await
}

/// `device_code`.
pub(in crate::oidc) async fn give_device(tx: &mut Tx, asked: &Asked<'_>, handle: &Secret, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    answer(tx, asked, handle, Way::Device, rng).await
}

async fn answer(tx: &mut Tx, asked: &Asked<'_>, handle: &Secret, way: Way, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    let found = awaited::by_handle(tx, handle, way, &asked.service.client.id).await?;
    let awaited = found.filter(Awaited::is_open).ok_or_else(dead)?;
    let error = match said(tx, &awaited, asked.now).await? {
        Said::Yes(approval) => return granted(tx, asked, &awaited, &approval, rng).await,
        Said::No(why) => {
            awaited::take(tx, &awaited, asked.now).await?;
            return Err(Refused::because(OAuthError::AccessDenied, why));
        }
        Said::Given => return Err(dead()),
        Said::TooLate => OAuthError::ExpiredToken,
        Said::Nothing if awaited::polled(tx, &awaited, asked.now).await? => OAuthError::AuthorizationPending,
        Said::Nothing => OAuthError::SlowDown,
    };
    Err(Refused::because(error, error.description()))
}

async fn said(tx: &mut Tx, awaited: &Awaited, now: UnixTime) -> Result<Said, Problem> {
    if awaited.denied_at.is_some() {
        return Ok(Said::No("a person typed the code and says that it is not theirs"));
    }
    let nothing = if now < awaited.expires_at { Said::Nothing } else { Said::TooLate };
    let Some(approval) = &awaited.approval_id else { return Ok(nothing) };
    let row = approvals::by_id(tx, approval).await?.ok_or_else(Problem::gone)?;
    Ok(match row.state_at(now) {
        ApprovalState::Created | ApprovalState::Claimed | ApprovalState::Shown => nothing,
        // After a link on the same phone the answer goes with the phone's browser; until it is back, nobody has said yes here (MB-04).
        ApprovalState::Approved if row.start_kind == Some(StartKind::SameDevice) && awaited.confirmed_at.is_none() => nothing,
        ApprovalState::Approved => Said::Yes(approval.clone()),
        ApprovalState::Declined | ApprovalState::Aborted => Said::No(no(&row)),
        ApprovalState::Consumed => Said::Given,
        ApprovalState::Expired => Said::TooLate,
    })
}

/// What the program's developer reads; the person has read it on the phone.
fn no(row: &Row) -> &'static str {
    match row.reason.as_deref() {
        Some(approvals::NOT_ME) => "the person says that somebody else began this",
        Some(directed::WRONG_NUMBER) => "another number was typed on the phone than the one that was to be shown",
        _ if row.state == ApprovalState::Aborted => "it was cancelled where it began",
        _ => "the person said no",
    }
}

async fn granted(tx: &mut Tx, asked: &Asked<'_>, awaited: &Awaited, approval: &ApprovalId, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    let request = awaited.request().map_err(|error| Problem::internal(&error))?;
    asked.stays_within(&request)?;
    if !awaited::take(tx, awaited, asked.now).await? {
        return Err(dead());
    }
    let Given { consumed, carried: Carried { phone, affiliation } } = carried::consume(tx, approval, asked.now).await?.ok_or_else(dead)?;
    let Some(assurance) = request.acr.answer(consumed.reached(&affiliation, &phone)) else {
        return Err(Refused::because(OAuthError::AccessDenied, OAuthError::UnmetAuthenticationRequirements.description()));
    };
    let grant = GrantId::at(asked.now, rng);
    let new = grants::New {
        grant: &grant,
        // Nobody is ever told this code, and it is dead already.
        code: &Secret::random("code", rng),
        request: &request,
        affiliation: &affiliation.affiliation_id,
        phone: &phone.phone_id,
        approval,
        assurance,
        hardware_key: phone.tier.assurance() == Assurance::Loa3,
        authenticated_at: consumed.decided_at,
        code_expires_at: asked.now,
        of_session: None,
    };
    grants::give(tx, &new)?;
    audit::record(tx, logged_in(&affiliation, &request, approval, assurance), asked.now, rng).await?;
    let held = grants::by_id(tx, &grant).await?.ok_or_else(dead)?;
    tokens(tx, asked, &held, &request, rng).await
}

/// The same tokens as for a code. Everything is asked anew: the identity, the phone, the policy (attack 7).
async fn tokens(tx: &mut Tx, asked: &Asked<'_>, held: &Held, request: &AuthorizationRequest, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    if !held.may_go_on(tx, asked.server, &asked.service.config, asked.now).await? {
        return Err(Refused::because(OAuthError::AccessDenied, "the work identity or the phone may no longer be used for this"));
    }
    let request = &details::narrowed(tx, asked, held, request.clone()).await?;
    let mut answer = asked.tokens(tx, held, request, rng).await?;
    if request.is_offline() {
        answer.refresh_token = Some(redeem::stays(tx, asked, &held.grant, rng)?.reveal().to_owned());
    }
    Ok(answer)
}

/// Unknown, another's and used have the same answer.
fn dead() -> Refused {
    Refused::because(OAuthError::InvalidGrant, "the auth_req_id or device_code is unknown, used, or of another client")
}

fn logged_in(affiliation: &Affiliation, request: &AuthorizationRequest, approval: &ApprovalId, assurance: Assurance) -> Event {
    let released: Vec<String> = request.shares().into_iter().map(|claim| claim.name).collect();
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.logged_in",
        actor: Actor::Person(affiliation.affiliation_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string(), approval.to_string()],
        payload: json!({ "client": request.client_id, "approval": approval, "assurance": assurance.as_str(), "released": released }),
    }
}
