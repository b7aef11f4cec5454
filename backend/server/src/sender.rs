//! Who sent a request, as far as the connection tells: the caller's address, and the certificate whose key it proved to hold.
//!
//! Behind a proxy both stand in headers, and a header can be written by anybody: it counts only from the addresses that the configuration
//! names, and is taken away in any case, so that nothing further in can read it by mistake (attack 24).

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use handslag_protocol::mutual_tls::Certificate;
use handslag_vocab::UnixTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    config::{Mtls, Proxy},
    problem::Problem,
    server::Server,
};

/// The other end of a connection; whoever listens puts it beside each request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Who connected.
    pub address: IpAddr,
    /// The chain that was shown in the handshake, the proved one first; nothing where none is asked for.
    pub certificates: Option<Arc<[CertificateDer<'static>]>>,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The caller's address, as far as known.
    pub address: IpAddr,
    /// What it proved to hold.
    pub certificate: Option<Arc<Certificate>>,
}

impl Default for Sender {
    fn default() -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), certificate: None }
    }
}

impl<S: Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// What may be called by a client that comes with its certificate; pages are elsewhere.
const BY_CERTIFICATE: [&str; 7] = ["/bc-authorize", "/device_authorization", "/introspect", "/par", "/revoke", "/token", "/userinfo"];

/// Finds out who sent each request.
pub async fn known(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions_mut().remove::<Peer>();
    let comes_with_certificate = peer.as_ref().is_some_and(|peer| peer.certificates.is_some());
    if comes_with_certificate && !BY_CERTIFICATE.contains(&request.uri().path()) {
        return Problem::not_found().into_response();
    }
    let sender = peer.map_or_else(Sender::default, |peer| sender(&server, &peer, request.headers_mut()));
    request.extensions_mut().insert(sender);
    next.run(request).await
}

fn sender(server: &Server, peer: &Peer, headers: &mut HeaderMap) -> Sender {
    let told = server.config.proxy.as_ref().and_then(|proxy| told_address(proxy, peer, headers));
    let shown = peer.certificates.as_ref().map(|chain| chain.to_vec());
    let told_certificate = server.config.mtls.as_ref().and_then(|mtls| told_certificate(mtls, peer, headers));
    let chain = shown.or_else(|| told_certificate.map(|certificate| vec![certificate]));
    let certificate = chain.and_then(|chain| read(server, &chain, server.clock.now()));
    Sender { address: told.unwrap_or(peer.address), certificate }
}

fn read(server: &Server, chain: &[CertificateDer<'static>], now: UnixTime) -> Option<Arc<Certificate>> {
    let (own, others) = chain.split_first()?;
    let is_vouched_for = server.authorities.vouch_for(own, others, now);
    Certificate::read(own, is_vouched_for).ok().map(Arc::new)
}

/// Every value of a header, which goes away.
fn taken(headers: &mut HeaderMap, name: &str) -> Vec<HeaderValue> {
    let Ok(name) = name.parse::<HeaderName>() else { return Vec::new() };
    let values = headers.get_all(&name).iter().cloned().collect();
    headers.remove(&name);
    values
}

/// The last address is the one that the proxy itself appended; what stands before it came with the request.
fn told_address(proxy: &Proxy, peer: &Peer, headers: &mut HeaderMap) -> Option<IpAddr> {
    let values = taken(headers, &proxy.address_header);
    let last = values.last()?.to_str().ok()?.rsplit(',').next()?.trim().to_owned();
    if proxy.from.contains(&peer.address) { last.parse().ok() } else { None }
}

fn told_certificate(mtls: &Mtls, peer: &Peer, headers: &mut HeaderMap) -> Option<CertificateDer<'static>> {
    let values = taken(headers, mtls.header.as_deref()?);
    let [only] = values.as_slice() else { return None };
    if mtls.from.contains(&peer.address) { in_header(only.to_str().ok()?) } else { None }
}

/// RFC 9440 §2.1 (`:base64:`), or PEM in percent-encoding, as the common proxies write it.
fn in_header(text: &str) -> Option<CertificateDer<'static>> {
    if let Some(encoded) = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')) {
        return Some(CertificateDer::from(STANDARD.decode(encoded).ok()?));
    }
    CertificateDer::from_pem_slice(&unescaped(text)?).ok()
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let (escape, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(first);
        }
    }
    Some(bytes)
}
