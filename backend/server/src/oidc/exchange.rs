//! `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a service passes a person's access on to the next service behind it.
//!
//! Only a token of ours, of a person, that was given to this service or is for it. The new one is for one registered audience, never for more
//! scopes, never longer, bound to a key wherever the old one was, and names every service that passed it on. What the person let one service
//! do (`authorization_details`) is that service's alone, as the person read it. Policy is asked about the person as they are now (attack 7).

use handslag_policy::{Act, Passing};
use handslag_protocol::{
    client_authentication::Authentication,
    introspection::ActiveToken,
    oauth_error::OAuthError,
    token::{ACCESS_TOKEN, Exchange, TokenAnswer},
};
use handslag_store::Tx;
use handslag_vocab::ClientId;
use serde_json::json;

use super::{
    access_tokens::{self, LIFE},
    examined,
    grants::{self, Grant, Held},
    refused::Refused,
    subjects,
    token::Asked,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    identity::{self, Affiliation},
    phone::{Tier, authority},
};

pub(super) async fn give(tx: &mut Tx, asked: &Asked<'_>, exchange: &Exchange, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    proves_itself(asked)?;
    names_no_details(asked)?;
    let registered = &asked.service.config;
    if !registered.audiences.contains(&exchange.audience) {
        return Err(Refused::because(OAuthError::InvalidTarget, "the client is not registered for this audience"));
    }
    let found = examined::examine(tx, asked.server, &exchange.subject_token, asked.now).await?.ok_or_else(unacceptable)?;
    if !found.stands(tx, asked.server).await? {
        return Err(unacceptable());
    }
    let subject = found.token;
    if subject.is_refresh || !subject.concerns(&asked.service.client.id, registered.resource.as_deref()) {
        return Err(unacceptable());
    }
    keeps_its_binding(asked, &subject)?;
    let grant = found.grant.ok_or_else(|| Refused::because(OAuthError::InvalidRequest, "the subject_token is of no person"))?;
    let held = grants::by_id(tx, &grant).await?.ok_or_else(unacceptable)?;
    let tier = held.usable(asked.now).ok_or_else(unacceptable)?;
    let Held { grant, affiliation, .. } = &held;
    let scopes = scopes(asked, &subject)?;
    allowed(tx, asked, (grant, affiliation, tier), &subject).await?;
    let sub = subjects::told(asked.server, registered, &affiliation.subject)?;
    let wanted = access_tokens::For {
        client: &asked.service.client.id,
        grant: Some((grant, &sub)),
        scopes: &scopes,
        audience: Some(&exchange.audience),
        bound_to: asked.bound_to,
        details: &[],
    };
    let passed_on_by: Vec<ClientId> = std::iter::once(asked.service.client.id.clone()).chain(subject.passed_on_by.clone()).collect();
    let expires_at = subject.expires_at.min(asked.now + LIFE);
    let access_token = access_tokens::passed_on(asked.server, &wanted, (passed_on_by, expires_at), asked.now, rng)?;
    audit::record(tx, passed(affiliation, grant, asked, exchange), asked.now, rng).await?;
    Ok(TokenAnswer {
        access_token,
        token_type: asked.token_type(),
        expires_in: expires_at.since(asked.now),
        id_token: None,
        refresh_token: None,
        issued_token_type: Some(ACCESS_TOKEN),
        scope: scopes.join(" "),
        details: Vec::new(),
    })
}

/// RFC 9396 §6 lets a request name what its token shall have: nothing of it goes to a service that the person did not read about.
fn names_no_details(asked: &Asked<'_>) -> Result<(), Refused> {
    if !asked.request.names_details() {
        return Ok(());
    }
    let sentence = "authorization_details are not passed on: the person granted them to one client";
    Err(Refused::because(OAuthError::InvalidAuthorizationDetails, sentence))
}

/// Whoever proves nothing could exchange what it found: a key of its own, or the token's.
fn proves_itself(asked: &Asked<'_>) -> Result<(), Refused> {
    if asked.service.client.authentication != Authentication::None || asked.bound_to.is_some() {
        return Ok(());
    }
    Err(Refused::because(OAuthError::InvalidClient, "only a client that proves itself or its key may exchange tokens"))
}

/// What was bound to a key stays bound to one; its holder proves the very same.
fn keeps_its_binding(asked: &Asked<'_>, subject: &ActiveToken) -> Result<(), Refused> {
    let is_holder = subject.client_id == asked.service.client.id;
    let is_kept = match (subject.bound_to, asked.bound_to) {
        (None, _) => asked.service.client.authentication != Authentication::None,
        (Some(key), Some(proven)) => key == proven || !is_holder,
        (Some(_), None) => false,
    };
    if is_kept {
        Ok(())
    } else {
        Err(Refused::because(OAuthError::InvalidDpopProof, "the subject_token is bound to a key; prove one here, its own if it was given to you"))
    }
}

/// Of what the subject has, what this client may have too; never more.
fn scopes(asked: &Asked<'_>, subject: &ActiveToken) -> Result<Vec<String>, Refused> {
    let narrowed = asked.request.narrowed(&subject.scopes)?;
    let scopes: Vec<String> = narrowed.into_iter().filter(|scope| scope != "offline_access" && asked.service.client.may_ask(scope)).collect();
    if scopes.is_empty() { Err(Refused::because(OAuthError::InvalidScope, "none of these scopes may be passed on")) } else { Ok(scopes) }
}

async fn allowed(
    tx: &mut Tx,
    asked: &Asked<'_>,
    (grant, affiliation, tier): (&Grant, &Affiliation, Tier),
    subject: &ActiveToken,
) -> Result<(), Refused> {
    let registered = &asked.service.config;
    let organisation = identity::organisation_by_number(tx, &registered.organisation).await?.ok_or_else(unacceptable)?;
    let passing = Passing {
        service: super::clients::asked_service(registered, organisation.organisation_id),
        steps: i64::try_from(subject.passed_on_by.len()).unwrap_or(i64::MAX).saturating_add(1),
        level: grant.assurance,
    };
    authority::allowed(asked.server, affiliation, tier, Act::PassOn { passing }, asked.now)
        .map_err(|problem| Refused::because(OAuthError::InvalidRequest, &format!("policy: {}", problem.en)))
}

/// RFC 8693 §2.2.2: one answer for a token that is unknown, dead, of another, or of somebody who may no longer be used.
fn unacceptable() -> Refused {
    Refused::because(OAuthError::InvalidRequest, "the subject_token is not acceptable")
}

fn passed(affiliation: &Affiliation, grant: &Grant, asked: &Asked<'_>, exchange: &Exchange) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.passed_on",
        actor: Actor::Client(asked.service.client.id.clone()),
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "grant": grant.grant_id, "approval": grant.approval_id, "audience": exchange.audience }),
    }
}
