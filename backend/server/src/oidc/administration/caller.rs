//! Who administers: a person with the role, at the level that the policy demands, by a session on our own pages or by an access token
//! for the audience of the administration. Behind every act stands a person, whichever program sends it.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use handslag_policy::Act;
use handslag_protocol::{access_token::AccessToken, mutual_tls::Binding};
use handslag_vocab::{Assurance, UnixTime};

use super::super::{
    access_tokens, clients,
    discovery::published,
    grants,
    proof::{self, At},
    refused::Refused,
};
use crate::{
    identity::Affiliation,
    login::Worker,
    phone::{Tier, authority},
    problem::Problem,
    server::Server,
};

/// Somebody who may register services of their organisation, now.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// Who.
    pub affiliation: Affiliation,
    /// What their phone is worth.
    pub tier: Tier,
}

impl FromRequestParts<Server> for Administrator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let now = server.clock.now();
        let (affiliation, tier, level) = if parts.headers.contains_key(header::AUTHORIZATION) {
            by_token(parts, server, now).await?
        } else {
            let worker = <Worker as FromRequestParts<Server>>::from_request_parts(parts, server).await?;
            (worker.affiliation, worker.tier, worker.assurance)
        };
        let act = Act::RegisterService { organisation: affiliation.organisation_id.clone() };
        authority::allowed_by(server, (&affiliation, tier, level), act, now)?;
        Ok(Self { affiliation, tier })
    }
}

/// The person behind an access token, and what they logged in with. A token that is bound to a key is taken only with its proof.
async fn by_token(parts: &Parts, server: &Server, now: UnixTime) -> Result<(Affiliation, Tier, Assurance), Problem> {
    let presented = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    let (scheme, compact) = presented.ok_or_else(Problem::unknown_caller)?;
    let ours = published(server)?;
    let token = AccessToken::signed_by(&ours.set, compact).map_err(|_| Problem::unknown_caller())?;
    let is_for_us = token.issuer == server.config.issuer && token.audience == clients::administration_audience(server) && now < token.expires_at;
    let is_dpop = scheme.eq_ignore_ascii_case("dpop");
    if !is_for_us || !(is_dpop || scheme.eq_ignore_ascii_case("bearer")) || clients::registered(server, &token.client_id).await?.is_none() {
        return Err(Problem::unknown_caller());
    }
    let at = At { method: parts.method.as_str(), path: parts.uri.path(), access_token: Some(compact), now };
    let proof = if is_dpop { proof::of(server, &parts.headers, at).await.map_err(unproven)? } else { None };
    if is_dpop != proof.is_some() || proof.as_ref().map(|proof| Binding::Key(proof.thumbprint)) != token.bound_to {
        return Err(Problem::unknown_caller());
    }
    if proof.is_some() {
        server.db.write(async |tx| proof::mark(tx, proof.as_ref(), now).await).await?.map_err(unproven)?;
    }
    let grant = access_tokens::grant_of(&token).ok_or_else(Problem::unknown_caller)?;
    let found = server.db.read_one(async |tx| {
        let held = grants::by_id(tx, &grant).await?;
        Ok::<_, Problem>(held.and_then(|held| held.usable(now).map(|tier| (held.affiliation, tier, held.grant.assurance))))
    });
    found.await?.ok_or_else(Problem::unknown_caller)
}

fn unproven(refused: Refused) -> Problem {
    match refused {
        Refused::Internal(problem) => problem,
        Refused::Protocol(error, _) => Problem::unknown_caller().with_code(error.code()),
        Refused::Forbidden(_) => Problem::unknown_caller(),
    }
}
