//! What a page of another site may read here (Fetch standard §3.2): the endpoints that a browser application calls by itself. No cookie
//! counts at them; still only the pages of a registered browser application are let in, and a page without an origin of its own
//! (`Origin: null`, attack 35) never is. Metadata and keys are anybody's.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{page::origin, server::Server};

/// What anybody's page may read.
const PUBLIC: [&str; 2] = ["/.well-known/openid-configuration", "/jwks"];

/// What a registered application's page may call.
const CALLED: [&str; 4] = ["/par", "/revoke", "/token", "/userinfo"];

/// What it may send and read there beside the usual: its proof and the nonce for the next one.
const SENT: &str = "authorization, content-type, dpop";
const READ: &str = "dpop-nonce, www-authenticate";

/// So long a browser remembers what it was allowed.
const REMEMBERED: &str = "600";

/// Lets a browser's page read the answer, if it may.
pub(super) async fn readable(State(server): State<Server>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if PUBLIC.contains(&path) {
        let mut response = next.run(request).await;
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return response;
    }
    let is_called = CALLED.contains(&path);
    let allowed = request.headers().get(header::ORIGIN).filter(|asking| is_called && is_registered(&server, asking)).cloned();
    let asks_before = *request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &allowed {
        Some(_) if asks_before => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    if let Some(allowed) = allowed {
        allow(response.headers_mut(), allowed);
    }
    if is_called {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
}

/// Whether answers of some browser application are sent to an address of this origin. A browser writes an origin in one way only.
fn is_registered(server: &Server, asking: &HeaderValue) -> bool {
    let pages = server.config.clients.iter().filter(|client| client.is_public()).flat_map(|client| &client.redirect_uris);
    pages
        .filter(|address| address.starts_with("https://") || address.starts_with("http://"))
        .any(|address| origin(address).as_bytes() == asking.as_bytes())
}
