//! What a page of another site may read here (Fetch standard §3.2): the endpoints that a browser application calls by itself. No cookie
//! counts at them; still only the pages of a registered browser application are let in, of the file or stored, and a page without an
//! origin of its own (`Origin: null`, attack 35) never is. Metadata and keys are anybody's.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::clients;
use crate::{page::origin, server::Server};

/// What anybody's page may read.
const PUBLIC: [&str; 2] = ["/.well-known/openid-configuration", "/jwks"];

/// What a registered application's page may call.
const CALLED: [&str; 4] = ["/par", "/revoke", "/token", "/userinfo"];

/// What it may send and read there beside the usual: its proof and the nonce for the next one.
const SENT: &str = "authorization, content-type, dpop";
const READ: &str = "dpop-nonce, www-authenticate";

/// No registered address is longer: what is asked with a longer one costs nothing.
const LONGEST: usize = 2_048;

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
    let asking = request.headers().get(header::ORIGIN).filter(|_| is_called).cloned();
    let is_known = match &asking {
        Some(asking) => is_registered(&server, asking).await,
        None => false,
    };
    let allowed = asking.filter(|_| is_known);
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
async fn is_registered(server: &Server, asking: &HeaderValue) -> bool {
    let Some(asking) = asking.to_str().ok().filter(|asking| is_of_the_web(asking) && origin(asking) == *asking) else { return false };
    let mut pages = server.config.clients.iter().filter(|client| client.is_public()).flat_map(|client| &client.redirect_uris);
    if pages.any(|address| is_of_the_web(address) && origin(address) == asking) {
        return true;
    }
    let stored = server.db.read(async |tx| clients::are_pages_of_some(tx, asking).await).await;
    stored.unwrap_or_else(|error| {
        tracing::warn!(%error, "whose page asks could not be read");
        false
    })
}

fn is_of_the_web(address: &str) -> bool {
    address.len() <= LONGEST && (address.starts_with("https://") || address.starts_with("http://"))
}
