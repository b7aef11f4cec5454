//! `GET|POST /userinfo` (OpenID Connect Core §5.3): signed as the Swedish profile demands (§4.1), JSON where the service is
//! registered so. Read anew at every use: a blocked identity tells nothing more (LC-08). A token that is bound to a key is taken
//! only with its proof (RFC 9449 §7): sent as Bearer it is a stolen one. How it may come stands in `presented`.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{mutual_tls::Binding, oauth_error::OAuthError, release, userinfo::UserInfo};
use handslag_store::Tx;
use handslag_vocab::{Secret, UnixTime};
use serde_json::{Value, json};

use super::{
    access_tokens::Opaque,
    clients::{self, Registered},
    grants::{self, Behind, Grant, Held},
    presented::{self, Presented, Way, Wrong},
    proof::{self, Proven},
    refusals::{self, Told},
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
    Unclear,
    Internal(Problem),
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Absent => Self::Unauthorized { scheme: Way::Bearer.scheme(), error: None },
            Wrong::Several => Self::Unclear,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Internal(problem)
    }
}

/// `GET|POST /userinfo`.
pub(super) async fn tell(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    sender: Sender,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let method = request.method().clone();
    let answer = match presented::of(request).await {
        Ok(presented) => answer(&server, &presented, (&method, &headers, &sender), now, &mut rng).await,
        Err(wrong) => Err(wrong.into()),
    };
    proof::with_next_nonce(&server, &headers, now, answer.unwrap_or_else(IntoResponse::into_response)).unwrap_or_else(IntoResponse::into_response)
}

async fn answer(
    server: &Server,
    presented: &Presented,
    (method, headers, sender): (&Method, &HeaderMap, &Sender),
    now: UnixTime,
    rng: &mut Rng,
) -> Result<Response, Refusal> {
    let unauthorized = |error: OAuthError| Refusal::Unauthorized { scheme: presented.way.scheme(), error: Some(error.code()) };
    let proof = proven(server, method, headers, presented, now).await?;
    let found = server.db.read(async |tx| found(tx, server, &presented.token, now).await).await?;
    let found = found.filter(|found| comes_with(found.token.bound_to(), proof.as_ref(), sender));
    let found = found.ok_or_else(|| unauthorized(OAuthError::InvalidToken))?;
    refusals::claims(&found.grant.client_id);
    // One that is registered no more hears nothing.
    let service = clients::registered(server, &found.grant.client_id).await?.ok_or_else(Problem::gone)?;
    if !presented.way.is_open_to(service.client.profile) {
        return Err(unauthorized(OAuthError::InvalidToken));
    }
    // Only the proof of a living token costs a durable mark: nobody else can make us write.
    if proof.as_ref().is_some_and(Proven::has_mark)
        && server.db.write(async |tx| proof::mark(tx, proof.as_ref(), now).await).await.map_err(Problem::from)?.is_err()
    {
        return Err(unauthorized(OAuthError::InvalidDpopProof));
    }
    Ok(told(server, &service, &found, rng)?)
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

/// Signed, encrypted or plain, as the service is registered.
fn told(server: &Server, service: &Registered, found: &Found, rng: &mut Rng) -> Result<Response, Problem> {
    let Found { token, grant, known, subject } = found;
    let mut request = grant.request().map_err(|error| Problem::internal(&error))?;
    if let Some(narrower) = token.scopes() {
        request.scopes = narrower;
    }
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
    if presented.way != Way::Dpop {
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
    let request = grant.request().map_err(|error| Problem::internal(&error))?;
    let known = identity::known_for(tx, &affiliation, &request.shares()).await?;
    Ok(Some(Found { token, grant, known, subject: affiliation.subject }))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, scheme, error) = match self {
            Self::Internal(problem) => return problem.into_response(),
            Self::Unauthorized { scheme, error } => (StatusCode::UNAUTHORIZED, scheme, error),
            Self::Unclear => (StatusCode::BAD_REQUEST, Way::Bearer.scheme(), Some(OAuthError::InvalidRequest.code())),
        };
        let told = [error.map(|error| format!("error=\"{error}\"")), (scheme == "DPoP").then(|| "algs=\"ES256\"".to_owned())];
        let challenge = format!("{scheme} {}", told.into_iter().flatten().collect::<Vec<_>>().join(", "));
        let challenge = HeaderValue::from_str(challenge.trim_end()).unwrap_or(HeaderValue::from_static("Bearer"));
        let sentence = "send one living access token in one way, with its proof or certificate if it is bound to one";
        let error = error.unwrap_or(OAuthError::InvalidRequest.code());
        let body = Json(json!({ "error": error, "error_description": sentence }));
        let mut response = (status, [(header::WWW_AUTHENTICATE, challenge)], body).into_response();
        response.extensions_mut().insert(Told { error, why: sentence.to_owned() });
        response
    }
}
