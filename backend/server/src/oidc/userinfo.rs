//! `GET|POST /userinfo` (OpenID Connect Core §5.3): signed as the Swedish profile demands (§4.1), JSON where the service is
//! registered so. Read anew at every use: a blocked identity tells nothing more (LC-08). A token that is bound to a key is taken
//! only with its proof (RFC 9449 §7): sent as Bearer it is a stolen one.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{mutual_tls::Binding, oauth_error::OAuthError, release, userinfo::UserInfo};
use handslag_store::Tx;
use handslag_vocab::{Secret, UnixTime};
use serde_json::{Value, json};

use super::{
    access_tokens::Opaque,
    clients,
    grants::{self, Behind, Grant, Held},
    proof::{self, Proven},
    refused::{Refused, no_store},
    signed::{protected, sealed},
    subjects,
};
use crate::{
    caller::{Now, Rng},
    identity::{self, Known},
    problem::Problem,
    sender::Sender,
    server::Server,
};

/// A token as it was sent.
struct Presented {
    token: Secret,
    is_bearer: bool,
}

/// What a living token leads to.
struct Found {
    token: Opaque,
    grant: Grant,
    known: Known,
    subject: String,
}

/// A request that hears nothing (RFC 6750 §3, RFC 9449 §7.1).
enum Refusal {
    Unauthorized { scheme: &'static str, error: Option<&'static str> },
    Internal(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Internal(problem)
    }
}

/// `GET|POST /userinfo`.
pub(super) async fn tell(State(server): State<Server>, Now(now): Now, mut rng: Rng, sender: Sender, method: Method, headers: HeaderMap) -> Response {
    let response = answer(&server, &method, (&headers, &sender), now, &mut rng).await.unwrap_or_else(IntoResponse::into_response);
    proof::with_next_nonce(&server, &headers, now, response).unwrap_or_else(IntoResponse::into_response)
}

async fn answer(
    server: &Server,
    method: &Method,
    (headers, sender): (&HeaderMap, &Sender),
    now: UnixTime,
    rng: &mut Rng,
) -> Result<Response, Refusal> {
    let presented = presented(headers).ok_or(Refusal::Unauthorized { scheme: "Bearer", error: None })?;
    let scheme = if presented.is_bearer { "Bearer" } else { "DPoP" };
    let proof = proven(server, method, headers, &presented, now).await?;
    let found = server.db.read(async |tx| found(tx, server, &presented.token, now).await).await?;
    let found = found.filter(|found| comes_with(found.token.bound_to(), proof.as_ref(), sender));
    let found = found.ok_or(Refusal::Unauthorized { scheme, error: Some(OAuthError::InvalidToken.code()) })?;
    // Only the proof of a living token costs a durable mark: nobody else can make us write.
    if proof.as_ref().is_some_and(Proven::has_mark)
        && server.db.write(async |tx| proof::mark(tx, proof.as_ref(), now).await).await.map_err(Problem::from)?.is_err()
    {
        return Err(Refusal::Unauthorized { scheme, error: Some(OAuthError::InvalidDpopProof.code()) });
    }
    Ok(told(server, &found, rng).await?)
}

/// Whether what a token is bound to came with it, and no proof with one that is bound to none (RFC 9449 §7.1, RFC 8705 §3).
fn comes_with(bound_to: Option<Binding>, proof: Option<&Proven>, sender: &Sender) -> bool {
    let proven = proof.map(|proof| proof.thumbprint);
    match bound_to {
        None => proven.is_none(),
        Some(Binding::Certificate(thumbprint)) => {
            proven.is_none() && sender.certificate.as_ref().is_some_and(|certificate| certificate.thumbprint() == thumbprint)
        }
        Some(Binding::Key(thumbprint)) => proven == Some(thumbprint),
    }
}

/// Signed, encrypted or plain, as the service is registered; one that is registered no more hears nothing.
async fn told(server: &Server, found: &Found, rng: &mut Rng) -> Result<Response, Problem> {
    let Found { token, grant, known, subject } = found;
    let mut request = grant.request().map_err(|error| Problem::internal(&error))?;
    if let Some(narrower) = token.scopes() {
        request.scopes = narrower;
    }
    let service = clients::registered(server, &grant.client_id).await?.ok_or_else(Problem::gone)?;
    let subject = subjects::told(server, &service.config, subject)?;
    let shares = request.shares();
    let info = UserInfo { subject, released: release::for_userinfo(&shares, &known.values(&shares)) };
    let protection = service.client.registration.userinfo;
    let jwt = match (protection.signed, protection.encrypted) {
        (None, None) => return Ok((no_store(), Json(info.claims())).into_response()),
        // OpenID Connect Core §5.3.2: encrypted alone is the same JSON within.
        (None, Some(_)) => {
            let plain = Value::Object(info.claims()).to_string();
            sealed(&service.client, protection, plain.as_bytes(), None, rng)?.ok_or_else(Problem::gone)?
        }
        (Some(_), _) => protected(server, &service.client, protection, rng, |key| info.unsigned(&server.config.issuer, &grant.client_id, key))?,
    };
    Ok((no_store(), [(header::CONTENT_TYPE, "application/jwt")], jwt).into_response())
}

/// The proof beside a token sent as `DPoP`; a token sent as `Bearer` proves nothing.
async fn proven(server: &Server, method: &Method, headers: &HeaderMap, presented: &Presented, now: UnixTime) -> Result<Option<Proven>, Refusal> {
    if presented.is_bearer {
        return Ok(None);
    }
    let unauthorized = |error: OAuthError| Refusal::Unauthorized { scheme: "DPoP", error: Some(error.code()) };
    let at = proof::At { method: method.as_str(), path: "/userinfo", access_token: Some(presented.token.reveal()), now };
    let proof = proof::of(server, headers, at).await.map_err(|refused| match refused {
        Refused::Protocol(error, _) => unauthorized(error),
        Refused::Forbidden(_) => unauthorized(OAuthError::AccessDenied),
        Refused::Internal(problem) => Refusal::Internal(problem),
    })?;
    Ok(Some(proof.ok_or_else(|| unauthorized(OAuthError::InvalidDpopProof))?))
}

async fn found(tx: &mut Tx, server: &Server, token: &Secret, now: UnixTime) -> Result<Option<Found>, Problem> {
    let Some(Behind { presented: token, held }) = grants::of_access_token(tx, token, now).await? else { return Ok(None) };
    if held.usable(now).is_none() || !clients::stands(tx, server, &held.grant.client_id).await? {
        return Ok(None);
    }
    let Held { grant, affiliation, .. } = held;
    let known = identity::known(tx, &affiliation).await?;
    Ok(Some(Found { token, grant, known, subject: affiliation.subject }))
}

/// RFC 9110 §11.1: the scheme's name is compared without case.
fn presented(headers: &HeaderMap) -> Option<Presented> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    (is_bearer || scheme.eq_ignore_ascii_case("dpop")).then(|| Presented { token: Secret::presented(token), is_bearer })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (scheme, error) = match self {
            Self::Internal(problem) => return problem.into_response(),
            Self::Unauthorized { scheme, error } => (scheme, error),
        };
        let told = [error.map(|error| format!("error=\"{error}\"")), (scheme == "DPoP").then(|| "algs=\"ES256\"".to_owned())];
        let challenge = format!("{scheme} {}", told.into_iter().flatten().collect::<Vec<_>>().join(", "));
        let challenge = HeaderValue::from_str(challenge.trim_end()).unwrap_or(HeaderValue::from_static("Bearer"));
        let sentence = "send a living access token, with its proof or certificate if it is bound to one";
        let body = Json(json!({ "error": error.unwrap_or("invalid_request"), "error_description": sentence }));
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], body).into_response()
    }
}
