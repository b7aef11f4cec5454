//! Where a node listens and whom it believes about the other end: TLS, client certificates, the proxy in front.

use std::{net::IpAddr, path::PathBuf};

use serde::Deserialize;

/// TLS ends here and not at something in front.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// A file with the certificate and its chain, as PEM. Read again when it changes.
    pub certificate: PathBuf,
    /// A file with the private key, as PEM.
    pub key: PathBuf,
}

/// How certificates of clients come here (RFC 8705): over a listener of their own, or in a header of a named proxy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mtls {
    /// What the addresses in `mtls_endpoint_aliases` begin with.
    pub url: String,
    /// Address and port of a listener of its own.
    pub listen: Option<String>,
    /// The certificate of that listener, as in `[tls]`; that one if absent.
    pub certificate: Option<PathBuf>,
    /// And its private key.
    pub key: Option<PathBuf>,
    /// A file with the authorities that vouch for clients (`tls_client_auth`), as PEM.
    pub authorities: Option<PathBuf>,
    /// Instead of `listen`: the header in which the proxy puts the certificate (RFC 9440, or PEM in percent-encoding).
    pub header: Option<String>,
    /// The addresses of the proxy that is believed about it.
    #[serde(default)]
    pub from: Vec<IpAddr>,
}

/// Something in front that ends TLS and tells who called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// The addresses it calls from. Nobody else is believed.
    pub from: Vec<IpAddr>,
    /// The header in which it appends the caller's address.
    #[serde(default = "forwarded_for")]
    pub address_header: String,
}

fn forwarded_for() -> String {
    "x-forwarded-for".to_owned()
}

impl Mtls {
    /// The certificate of the listener.
    pub fn tls(&self, of_pages: Option<&Tls>) -> Option<Tls> {
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some(Tls { certificate: certificate.clone(), key: key.clone() }),
            (None, None) => of_pages.cloned(),
            _ => None,
        }
    }

    /// One way, whole.
    pub(super) fn is_sound(&self, of_pages: Option<&Tls>) -> bool {
        let is_address = self.url.starts_with("https://") && !self.url.ends_with('/');
        let is_one_way = match (&self.listen, &self.header) {
            (Some(_), None) => self.tls(of_pages).is_some() && self.from.is_empty(),
            (None, Some(header)) => header.parse::<axum::http::HeaderName>().is_ok() && !self.from.is_empty(),
            _ => false,
        };
        is_address && is_one_way
    }
}

impl Proxy {
    pub(super) fn is_sound(&self) -> bool {
        !self.from.is_empty() && self.address_header.parse::<axum::http::HeaderName>().is_ok()
    }
}
