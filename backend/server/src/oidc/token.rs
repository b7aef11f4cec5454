//! `POST /token`: authorization code (RFC 6749 §4.1.3), client authentication by `private_key_jwt` or, for public clients, PKCE alone.

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    access_token::AccessToken,
    authorize::AuthorizationRequest,
    client_assertion::Audience,
    id_token::{AuthenticationMethod, IdToken},
    oauth_error::OAuthError,
    release,
    token::{CodeExchange, Refusal, TokenAnswer, TokenType},
};
use handslag_store::Tx;
use handslag_vocab::{Digest, GrantId, Seconds, Secret, UnixTime};
use serde_json::{Map, Value, json};

use super::{
    clients,
    discovery::provider,
    grants::{self, Grant},
    signed::signed,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    config,
    identity::Affiliation,
    problem::Problem,
    server::Server,
};

const TOKEN_LIFE: Seconds = Seconds::minutes(5);

/// A refusal of the token endpoint (RFC 6749 §5.2).
#[derive(Debug)]
pub(super) enum Refused {
    /// As the protocol says.
    Protocol(OAuthError, String),
    /// Ours.
    Internal(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Internal(problem)
    }
}

impl From<handslag_store::Error> for Refused {
    fn from(error: handslag_store::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Protocol(refusal.oauth(), refusal.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (error, description) = match self {
            Self::Protocol(error, description) => (error, description),
            Self::Internal(problem) => return problem.into_response(),
        };
        let status = if error == OAuthError::InvalidClient { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        (status, no_store(), Json(json!({ "error": error.code(), "error_description": description }))).into_response()
    }
}

fn no_store() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

/// `POST /token`.
pub(super) async fn redeem(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let resource = pairs.iter().find(|(name, _)| name == "resource").map(|(_, value)| value.clone());
    let exchange = CodeExchange::parse(pairs)?;
    let client = exchange.client.id().ok().and_then(|id| clients::registered(&server, &id)).ok_or_else(unknown_client)?;
    let assertion = exchange.client.authenticate(&clients::view(client)?, &provider(&server), Audience::IssuerOrTokenEndpoint, now)?;
    let audience = resource.map(|resource| audience(client, resource)).transpose()?;
    let answer = server
        .db
        .write(async |tx| {
            if let Some(assertion) = &assertion
                && !tx.mark_once("client_assertion", &replay_mark(client, &assertion.jti), assertion.expires_at, now).await?
            {
                return Ok(Err(Refused::Protocol(OAuthError::InvalidClient, "the client assertion was used before".to_owned())));
            }
            // Committed whatever the verdict, also when a key or a clock fails us: the code is dead.
            Ok::<_, Refused>(exchanged(tx, &server, client, &exchange, audience.as_deref(), now, &mut rng).await)
        })
        .await?;
    Ok((no_store(), Json(answer?)).into_response())
}

async fn exchanged(
    tx: &mut Tx,
    server: &Server,
    client: &config::Client,
    exchange: &CodeExchange,
    audience: Option<&str>,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<TokenAnswer, Refused> {
    let grant = grants::redeem(tx, &exchange.code, now).await?.ok_or_else(dead_code)?;
    let request = grant.request().map_err(|error| Problem::internal(&error))?;
    exchange.check(&grant.issued(&request), &client.id, now)?;
    let affiliation = grant.usable(tx, now).await?.ok_or_else(dead_code)?;
    let access_token = access_token(tx, server, &grant, &request, &affiliation, audience, (now, rng)).await?;
    let id_token = id_token(server, &grant, &request, &affiliation, &access_token, now)?;
    audit::record(tx, redeemed(&affiliation, &grant), now, rng).await?;
    Ok(TokenAnswer { access_token, token_type: TokenType::Bearer, expires_in: TOKEN_LIFE, id_token, scope: request.scopes.join(" ") })
}

/// Opaque for our own UserInfo; a signed one (RFC 9068) for a named audience.
async fn access_token(
    tx: &mut Tx,
    server: &Server,
    grant: &Grant,
    request: &AuthorizationRequest,
    affiliation: &Affiliation,
    audience: Option<&str>,
    at: (UnixTime, &mut Rng),
) -> Result<String, Refused> {
    let (now, rng) = at;
    let Some(audience) = audience else {
        let token = Secret::random("access", rng);
        grants::token(tx, &token, &grant.grant_id, now + TOKEN_LIFE).await?;
        return Ok(token.reveal().to_owned());
    };
    let token = AccessToken {
        issuer: server.config.issuer.clone(),
        subject: affiliation.subject.clone(),
        audience: audience.to_owned(),
        client_id: grant.client_id.clone(),
        scopes: request.scopes.clone(),
        id: GrantId::random(rng).to_string(),
        issued_at: now,
        expires_at: now + TOKEN_LIFE,
        bound_to: None,
    };
    Ok(signed(server, |kid| token.unsigned(kid))?)
}

fn id_token(
    server: &Server,
    grant: &Grant,
    request: &AuthorizationRequest,
    affiliation: &Affiliation,
    access_token: &str,
    now: UnixTime,
) -> Result<String, Refused> {
    let key = if grant.hardware_key == 1 { AuthenticationMethod::HardwareKey } else { AuthenticationMethod::SoftwareKey };
    let token = IdToken {
        issuer: server.config.issuer.clone(),
        subject: affiliation.subject.clone(),
        client_id: grant.client_id.clone(),
        issued_at: now,
        auth_time: grant.authenticated_at,
        acr: grant.assurance.acr(server.config.reviewed_by_digg),
        amr: vec![key, AuthenticationMethod::UserPresence, AuthenticationMethod::Multifactor],
        nonce: request.nonce.clone(),
        transaction: Some(grant.approval_id.clone()),
        access_token: Some(access_token.to_owned()),
        released: release::for_id_token(&request.shares(), &values(affiliation)),
    };
    Ok(signed(server, |kid| token.unsigned(kid))?)
}

/// Every value this person has; the release table picks what was asked.
pub(super) fn values(affiliation: &Affiliation) -> Map<String, Value> {
    release::RELEASE.iter().filter_map(|row| affiliation.claim(row.claim).map(|value| (row.claim.to_owned(), value.into()))).collect()
}

/// RFC 8707 §2: only an audience that the service is registered for.
fn audience(client: &config::Client, resource: String) -> Result<String, Refused> {
    let is_registered = client.audiences.contains(&resource);
    if is_registered {
        Ok(resource)
    } else {
        Err(Refused::Protocol(OAuthError::InvalidTarget, "the client is not registered for this resource".to_owned()))
    }
}

/// One service's assertion id is not another's.
fn replay_mark(client: &config::Client, jti: &str) -> Digest {
    Digest::of(format!("{} {jti}", client.id).as_bytes())
}

fn unknown_client() -> Refused {
    Refused::Protocol(OAuthError::InvalidClient, "the client is not registered".to_owned())
}

fn dead_code() -> Refused {
    Refused::Protocol(OAuthError::InvalidGrant, "the code is unknown, used or expired".to_owned())
}

fn redeemed(affiliation: &Affiliation, grant: &Grant) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.code_redeemed",
        actor: Actor::Client(grant.client_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "grant": grant.grant_id, "approval": grant.approval_id }),
    }
}
