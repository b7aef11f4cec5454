//! `grant_type=authorization_code` (RFC 6749 §4.1.3): the code of a log-in for tokens, and for a family of refresh tokens where the
//! person was shown that the service stays logged in.

use handslag_protocol::{
    oauth_error::OAuthError,
    refresh::RefreshToken,
    token::{CodeExchange, Presenter, TokenAnswer},
};
use handslag_store::Tx;
use handslag_vocab::{Seconds, Secret};
use serde_json::json;

use super::{
    details,
    grants::{self, Ended, Grant, Held, Redeemed},
    refresh_families::{self, New, Stay},
    refused::Refused,
    token::Asked,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    config,
    identity::{self, Affiliation},
    problem::Problem,
};

/// Spends the code first, whatever comes after.
pub(super) async fn give(tx: &mut Tx, asked: &Asked<'_>, exchange: &CodeExchange, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    let held = match grants::redeem(tx, &exchange.code, asked.now).await? {
        Redeemed::Grant(held) => *held,
        Redeemed::Again(ended) => {
            let affiliation = identity::by_id(tx, &ended.affiliation_id).await?;
            audit::record(tx, reused(&affiliation, &ended), asked.now, rng).await?;
            return Err(dead());
        }
        Redeemed::Dead => return Err(dead()),
    };
    let Held { grant, affiliation, .. } = &held;
    let request = grant.request().map_err(|error| Problem::internal(&error))?;
    let by = Presenter { client_id: &asked.service.client.id, proven: asked.proven, now: asked.now };
    exchange.check(&grant.issued(&request), &by)?;
    asked.stays_within(&request)?;
    if !held.may_go_on(tx, asked.server, &asked.service.config, asked.now).await? {
        return Err(dead());
    }
    let request = details::narrowed(tx, asked, &held, request).await?;
    let mut answer = asked.tokens(tx, &held, &request, rng).await?;
    if request.is_offline() {
        answer.refresh_token = Some(stays(tx, asked, grant, rng)?.reveal().to_owned());
    }
    audit::record(tx, redeemed(affiliation, grant, answer.refresh_token.is_some()), asked.now, rng).await?;
    Ok(answer)
}

pub(super) fn stays(tx: &mut Tx, asked: &Asked<'_>, grant: &Grant, rng: &mut Rng) -> Result<Secret, handslag_store::Error> {
    let token = RefreshToken::first(rng);
    let config = &asked.service.config;
    let rotates = !asked.service.client.authentication.is_by_key();
    let new = New { token: &token, grant: &grant.grant_id, rotates, bound_to: asked.bound_to, stay: stay(config) };
    refresh_families::begin(tx, &new, asked.now)?;
    Ok(token.secret())
}

/// How long a device stays logged in here.
pub(super) fn stay(client: &config::Client) -> Stay {
    Stay { idle: Seconds::days(client.stay_idle_days.into()), longest: Seconds::days(client.stay_days.into()) }
}

fn dead() -> Refused {
    Refused::because(OAuthError::InvalidGrant, "the code is unknown, used or expired")
}

/// A second use of a code: what the first one got is dead (OP-06).
fn reused(affiliation: &Affiliation, ended: &Ended) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.code_reused",
        actor: Actor::Client(ended.client_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "grant": ended.grant_id, "approval": ended.approval_id }),
    }
}

fn redeemed(affiliation: &Affiliation, grant: &Grant, stays: bool) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.code_redeemed",
        actor: Actor::Client(grant.client_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "grant": grant.grant_id, "approval": grant.approval_id, "stays_logged_in": stays }),
    }
}
