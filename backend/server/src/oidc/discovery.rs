//! `GET /.well-known/openid-configuration` and `GET /jwks`.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use handslag_keys::JWKS_CACHE_LIFE;
use handslag_protocol::discovery::Provider;

use super::key_sets::{self, Ours};
use crate::{config::Config, problem::Problem, server::Server};

/// What a provider of this configuration says of itself.
pub fn provider_of(config: &Config) -> Provider {
    let mutual_tls = config.mtls.as_ref().map(|mtls| mtls.url.clone());
    let registration_endpoint = (!config.registration_policies.is_empty()).then(|| format!("{}/register", config.issuer));
    Provider { mutual_tls, registration_endpoint, ..Provider::at(&config.issuer, config.reviewed_by_digg) }
}

/// What this provider says of itself.
pub(super) fn provider(server: &Server) -> &Provider {
    &server.provider
}

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery §4).
pub(super) async fn metadata(State(server): State<Server>) -> Result<Response, Problem> {
    let provider = Provider { opens: published(&server)?.opens(), ..provider(&server).clone() };
    Ok(([(header::CACHE_CONTROL, "public, max-age=3600")], Json(provider.metadata())).into_response())
}

/// `GET /jwks`: the keys in use, the next ones, and those whose tokens may still live.
pub(super) async fn keys(State(server): State<Server>) -> Result<Response, Problem> {
    let ours = published(&server)?;
    // Half the life that the rotation counts on, so that a client always knows a key before it is used.
    let cache = format!("public, max-age={}", JWKS_CACHE_LIFE.0 / 2);
    Ok(([(header::CACHE_CONTROL, cache)], Json(ours.set.to_json())).into_response())
}

/// Our public keys.
pub(super) fn published(server: &Server) -> Result<Arc<Ours>, Problem> {
    key_sets::ours(server)
}
