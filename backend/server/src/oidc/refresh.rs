//! `grant_type=refresh_token` (RFC 6749 §6). Everything is asked anew: the identity, the phone, the policy. Who repeats a request whose
//! answer was lost gets the same answer; who comes with an older one than that has a copy, and the family ends for both. What that does
//! not find, and what does, stands in decision 0009.

use handslag_protocol::{
    authorize::AuthorizationRequest,
    oauth_error::OAuthError,
    refresh::{RefreshToken, Step, Verdict},
    token::TokenAnswer,
};
use handslag_store::Tx;
use handslag_vocab::Secret;
use rand_core::Rng as _;
use serde_json::json;

use super::{
    details,
    grants::{self, Behind, Held, Why},
    redeem::stay,
    refresh_families::{self, Family},
    refused::Refused,
    token::Asked,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    problem::Problem,
};

/// What a token gives: the link that the client shall use next.
enum Next {
    Link(RefreshToken),
    Copied,
}

pub(super) async fn give(tx: &mut Tx, asked: &Asked<'_>, presented: &Secret, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    let token = RefreshToken::parse(presented).ok_or_else(dead)?;
    let Behind { presented: family, held } = grants::of_refresh_token(tx, &token).await?.ok_or_else(dead)?;
    let grant = &held.grant;
    if !family.is_alive(asked.now) || grant.client_id != asked.service.client.id {
        return Err(dead());
    }
    if !family.takes(asked.proven, asked.certificate) {
        return Err(Refused::because(OAuthError::InvalidGrant, "the refresh token is bound to another DPoP key or certificate"));
    }
    let granted = grant.request().map_err(|error| Problem::internal(&error))?.within(&asked.service.client);
    asked.stays_within(&granted)?;
    // OIDC Core §12.2: a nonce belongs to the log-in, not to what prolongs it.
    let request = AuthorizationRequest { scopes: asked.request.narrowed(&granted.scopes)?, nonce: None, ..granted };
    if !held.may_go_on(tx, asked.server, &asked.service.config, asked.now).await? {
        return Err(dead());
    }
    let request = details::narrowed(tx, asked, &held, request).await?;
    let Next::Link(next) = next(tx, asked, &family, &token, rng).await? else {
        ended(tx, asked, &held, rng).await?;
        return Err(dead());
    };
    let mut answer = asked.tokens(tx, &held, &request, rng).await?;
    answer.refresh_token = Some(next.secret().reveal().to_owned());
    Ok(answer)
}

async fn next(tx: &mut Tx, asked: &Asked<'_>, family: &Family, token: &RefreshToken, rng: &mut Rng) -> Result<Next, handslag_store::Error> {
    let idle = stay(&asked.service.config).idle;
    match family.judge(token) {
        Verdict::Keep => {
            refresh_families::touch(tx, token, idle, asked.now).await?;
            Ok(Next::Link(token.clone()))
        }
        Verdict::Repeat(successor) => Ok(Next::Link(successor)),
        Verdict::Reuse => Ok(Next::Copied),
        Verdict::Advance => {
            let mut step: Step = [0; 16];
            rng.fill_bytes(&mut step);
            if let Some(successor) = refresh_families::advance(tx, token, &step, idle, asked.now).await? {
                return Ok(Next::Link(successor));
            }
            // Another request with the same token was faster by a moment: this one is its repeat.
            let now = grants::of_refresh_token(tx, token).await?;
            Ok(match now.map(|now| now.presented.judge(token)) {
                Some(Verdict::Repeat(successor)) => Next::Link(successor),
                _ => Next::Copied,
            })
        }
    }
}

/// Ends the family, and says so once.
async fn ended(tx: &mut Tx, asked: &Asked<'_>, held: &Held, rng: &mut Rng) -> Result<(), Refused> {
    if grants::revoke(tx, &held.grant.grant_id, Why::RefreshReused, asked.now).await? {
        audit::record(tx, copied(held), asked.now, rng).await?;
    }
    Ok(())
}

/// One answer for a token that is unknown, ended, idle for too long or another service's.
fn dead() -> Refused {
    Refused::because(OAuthError::InvalidGrant, "the refresh token is unknown, ended or expired")
}

fn copied(Held { affiliation, grant, .. }: &Held) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.refresh_token_copied",
        actor: Actor::Client(grant.client_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "grant": grant.grant_id, "approval": grant.approval_id }),
    }
}
