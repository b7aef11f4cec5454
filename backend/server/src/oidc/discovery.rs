//! `GET /.well-known/openid-configuration` and `GET /jwks`.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use handslag_keys::{JWKS_CACHE_LIFE, KeyState, Kind, PublicKey};
use handslag_protocol::{
    discovery::Provider,
    jose::{Jwk, JwkSet},
};

use crate::{problem::Problem, server::Server};

/// What this provider says of itself.
pub(super) fn provider(server: &Server) -> Provider {
    Provider::at(&server.config.issuer, server.config.reviewed_by_digg)
}

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery §4).
pub(super) async fn metadata(State(server): State<Server>) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=3600")], Json(provider(&server).metadata())).into_response()
}

/// `GET /jwks`: the key in use, the next one, and those whose tokens may still live.
pub(super) async fn keys(State(server): State<Server>) -> Result<Response, Problem> {
    let set = published(&server)?;
    // Half the life that the rotation counts on, so that a client always knows a key before it is used.
    let cache = format!("public, max-age={}", JWKS_CACHE_LIFE.0 / 2);
    Ok(([(header::CACHE_CONTROL, cache)], Json(set.to_json())).into_response())
}

/// The public keys that verify tokens of ours.
pub(super) fn published(server: &Server) -> Result<JwkSet, Problem> {
    let public = server.keys.public_keys(Kind::TokenSigning)?;
    set(public.iter().filter(|key| !matches!(key.state, KeyState::Retired { .. })))
}

/// Those that ever signed for us and are nobody else's: an ID Token that comes back as a hint is one of ours, however old (attack 38).
pub(super) fn ever_published(server: &Server) -> Result<JwkSet, Problem> {
    let public = server.keys.public_keys(Kind::TokenSigning)?;
    set(public.iter().filter(|key| !matches!(key.state, KeyState::Next { .. } | KeyState::Retired { compromised: true, .. })))
}

fn set<'k>(public: impl Iterator<Item = &'k PublicKey>) -> Result<JwkSet, Problem> {
    let keys: Result<Vec<Jwk>, _> = public.map(|key| Jwk::from_p256_point(&key.sec1, None).map(Jwk::named_by_thumbprint)).collect();
    keys.and_then(JwkSet::new).map_err(|error| Problem::internal(&error))
}
