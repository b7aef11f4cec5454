//! The whole HTTP surface. Each slice gives its table; a snapshot in tests/ holds all of it, so that no address appears unseen.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower::{ServiceBuilder, util::option_layer};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};

use crate::{
    audit,
    config::Mode,
    cookies, doors, identity, limits, login, oidc, page, pages, phone,
    problem::{self, Problem},
    sender,
    server::Server,
    signing, words,
};

/// Every address of this server.
/// `beside` are addresses of a demonstration.
pub fn routes(server: &Server, beside: Router<Server>) -> Router {
    let all = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .merge(pages::assets())
        .merge(identity::routes())
        .merge(phone::routes())
        .merge(login::routes())
        .merge(doors::routes())
        .merge(oidc::routes(server))
        .merge(signing::routes())
        .merge(pages::routes())
        // A demonstration has a first page of its own.
        .merge(if server.config.mode == Mode::Demo { Router::new() } else { pages::front() })
        .merge(beside);
    // Our own words are visible ASCII; without them a page would load nothing.
    let policy = HeaderValue::from_str(&page::policy(server.config.mode)).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    // One layer of many parts: a request clones what stands in it once, not once for each part.
    let around = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .layer(option_layer(server.config.is_https().then(|| header_layer(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY))))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(header_layer(HeaderName::from_static("permissions-policy"), "geolocation=(), microphone=()"))
        // Not `no-referrer`: a form would then say `Origin: null`, and over plain http nothing else tells our page from another's.
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(middleware::from_fn(language_kept))
        .layer(middleware::from_fn(problem::faces))
        .layer(middleware::from_fn_with_state(server.clone(), sender::known))
        .layer(middleware::from_fn_with_state(server.clone(), audit::slowed))
        .layer(middleware::from_fn_with_state(server.clone(), limits::held))
        .layer(middleware::from_fn(own_pages_only));
    all.fallback(async || Problem::not_found()).layer(around).with_state(server.clone())
}

/// For a year. Not for the names below this one: they are another's to decide about (RFC 6797 §6.1.2).
const HTTPS_ONLY: &str = "max-age=31536000";

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// What a service's page may send here by form or script; none of it acts on a cookie.
const FROM_ANYWHERE: [&str; 9] =
    ["/authorize", "/bc-authorize", "/device_authorization", "/end_session", "/introspect", "/par", "/revoke", "/token", "/userinfo"];

/// A browser may change something only from a page of ours (CSRF), with or without a cookie.
async fn own_pages_only(request: Request, next: Next) -> Response {
    let is_open = FROM_ANYWHERE.contains(&request.uri().path());
    if !is_open && !cookies::is_own_page(request.method(), request.headers()) {
        return Problem::forbidden("Begäran kom från en annan webbplats.", "The request came from another site.").into_response();
    }
    next.run(request).await
}

/// A chosen language stays chosen: `?lang=` is kept in a cookie that says nothing else.
async fn language_kept(request: Request, next: Next) -> Response {
    let chosen = words::chosen(request.uri().query());
    let mut response = next.run(request).await;
    if let Some(language) = chosen {
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static(language.kept()));
    }
    response
}

/// Ready when the database answers.
async fn ready(State(server): State<Server>) -> Result<&'static str, StatusCode> {
    let answer = server.db.read_one(async |tx| tx.one::<(i64,)>("SELECT CAST(1 AS BIGINT)", ()).await).await;
    answer.map(|_| "ready").map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}
