//! Cookies: host-only, not readable by scripts, never sent along from another site's form.
//!
//! Over https the name carries `__Host-`, which browsers only accept with Secure and the path `/` (RFC 6265bis §4.1.3.2).
//! A demonstration over plain http has no such prefix.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use handslag_vocab::{Seconds, Secret};

use crate::server::Server;

/// One cookie of ours, without prefix.
#[derive(Clone, Copy, Debug)]
pub struct Name(pub &'static str);

impl Name {
    /// What the browser presented.
    pub fn read(self, server: &Server, headers: &HeaderMap) -> Option<Secret> {
        crate::caller::cookie(headers, &self.full(server)).map(Secret::presented)
    }

    /// The header that gives it to the browser.
    pub fn set(self, server: &Server, secret: &Secret, life: Seconds) -> HeaderValue {
        self.line(server, secret.reveal(), life)
    }

    /// The header that takes it away.
    pub fn clear(self, server: &Server) -> HeaderValue {
        self.line(server, "", Seconds(0))
    }

    fn full(self, server: &Server) -> String {
        if server.config.is_https() { format!("__Host-{}", self.0) } else { self.0.to_owned() }
    }

    fn line(self, server: &Server, value: &str, life: Seconds) -> HeaderValue {
        let secure = if server.config.is_https() { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}", self.full(server), life.0);
        // Base64url secrets and our own names are visible ASCII; anything else gives an empty cookie, which opens nothing.
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Recognises the browser that began a log-in; only that browser may go on with it (MB-04).
pub const BEGAN: Name = Name("browser");

/// Whether a request that changes something came from a page of ours. `SameSite=Lax` says so too; this holds also where a
/// neighbouring host name under the same site is hostile.
pub fn is_own_page(method: &Method, headers: &HeaderMap) -> bool {
    if method.is_safe() {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        // An origin without a host (`null`) is never ours, also where the request names no host.
        (None, Some(origin)) => origin.split_once("://").is_some_and(|(_, host)| Some(host) == text(header::HOST)),
        (None, None) => true, // no browser: then there is no cookie to ride on either
    }
}
