//! Calls to addresses that somebody else named: a service's keys, its requests by reference, its sector, its back channel (attack 22).
//!
//! Whoever registers an address could make this node read from its own network. So a call goes only to https on a public
//! address, and the address that was looked at is the one that is connected to: the name is resolved once, by us, and what is
//! not public is not handed on (no second answer of a name server can bring it back). Nothing is redirected, no proxy of the
//! environment is used, no cookie is kept, and size, time and number of calls are bounded. What the operator names in
//! `[outbound] allow` is exempt from the address and from https, and from nothing else.

mod special;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    error::Error,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::{sync::Semaphore, time::timeout};

use crate::config::Outbound;

/// What is read of an answer unless the caller asks for more.
const USUAL: usize = 64 * 1024;
/// For the connection, and for all of a call with the wait for its turn.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// Calls at the same time: more would be ours to lose, not theirs.
const AT_ONCE: usize = 64;

/// The guarded client.
pub struct Outward {
    allowed: BTreeSet<(String, u16)>,
    named_by_operator: Client,
    named_by_others: Client,
    room: Semaphore,
    whole: Duration,
}

/// What was fetched. A redirect never is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// As the other side says it.
    pub content_type: Option<String>,
    /// All of it.
    pub body: Vec<u8>,
}

/// Why a call gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The host is, or resolves to, no public address.
    #[error("the address leads into a network that is not public")]
    Address,
    /// Nobody there, no trusted certificate, or an answer that is no HTTP.
    #[error("the other side cannot be reached")]
    Failed,
    /// No address of a host, or one with a name and password in it (RFC 9110 §4.2.4).
    #[error("this is not an https address without user information")]
    Form,
    /// Not https.
    #[error("only https addresses are called")]
    Plain,
    /// The answer sends elsewhere.
    #[error("the other side redirects, which is not followed")]
    Redirect,
    /// More than the caller wanted to read.
    #[error("the answer is too large")]
    TooLarge,
    /// It took too long.
    #[error("the other side did not answer in time")]
    TooSlow,
}

impl Refusal {
    /// A stable word for journals and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Failed => "failed",
            Self::Form => "form",
            Self::Plain => "plain",
            Self::Redirect => "redirect",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
        }
    }
}

impl Outward {
    /// Takes what the operator allows. Fails when a file of roots cannot be read.
    pub fn new(outbound: &Outbound) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Self::with_lookup(outbound, Arc::new(|name| Box::pin(look_up(name))))
    }

    fn with_lookup(outbound: &Outbound, lookup: Lookup) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let tls = tls(outbound)?;
        Ok(Self {
            allowed: outbound.allowed().collect(),
            named_by_operator: client(&tls).build()?,
            named_by_others: client(&tls).dns_resolver(Arc::new(PublicOnly(lookup))).build()?,
            room: Semaphore::new(AT_ONCE),
            whole: WHOLE,
        })
    }

    /// `GET`; at most 64 KiB.
    pub async fn get(&self, url: &str, accept: &str) -> Result<Fetched, Refusal> {
        self.get_at_most(url, accept, USUAL).await
    }

    /// `GET`; at most so many bytes.
    pub async fn get_at_most(&self, url: &str, accept: &str, bytes: usize) -> Result<Fetched, Refusal> {
        self.within_time(async {
            let (client, url) = self.judged(url)?;
            fetched(client.get(url).header(header::ACCEPT, accept), bytes).await
        })
        .await
    }

    /// `POST`; gives the status. What is answered beside it is not read.
    pub async fn post(&self, url: &str, content_type: &str, bearer: Option<&str>, body: Vec<u8>) -> Result<u16, Refusal> {
        self.within_time(async {
            let (client, url) = self.judged(url)?;
            let request = client.post(url).header(header::CONTENT_TYPE, content_type).body(body);
            let request = bearer.into_iter().fold(request, RequestBuilder::bearer_auth);
            Ok(sent(request).await?.status().as_u16())
        })
        .await
    }

    async fn within_time<T>(&self, call: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let in_turn = async {
            let _turn = self.room.acquire().await.map_err(|_| Refusal::Failed)?;
            call.await
        };
        timeout(self.whole, in_turn).await.unwrap_or(Err(Refusal::TooSlow))
    }

    /// The client for this address, and the address as it will be called.
    fn judged(&self, address: &str) -> Result<(&Client, Url), Refusal> {
        let url = parsed(address)?;
        let host = url.host_str().map(bare).ok_or(Refusal::Form)?;
        let port = url.port_or_known_default().ok_or(Refusal::Form)?;
        if self.allowed.contains(&(host.to_owned(), port)) {
            return Ok((&self.named_by_operator, url));
        }
        if url.scheme() != "https" {
            return Err(Refusal::Plain);
        }
        // A literal address is never asked of a resolver. Odd spellings of one (`127.1`, `0x7f000001`) are literals by now.
        match host.parse::<IpAddr>() {
            Ok(literal) if !special::is_public(literal) => Err(Refusal::Address),
            _ => Ok((&self.named_by_others, url)),
        }
    }
}

/// Strict about what parsers read differently: user information, backslashes, spaces and controls.
fn parsed(address: &str) -> Result<Url, Refusal> {
    let authority = address.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default()).ok_or(Refusal::Form)?;
    let is_odd = address.chars().any(|character| character == '\\' || character.is_whitespace() || character.is_control());
    let url = Url::parse(address).map_err(|_| Refusal::Form)?;
    if is_odd || authority.is_empty() || authority.contains('@') || !["http", "https"].contains(&url.scheme()) { Err(Refusal::Form) } else { Ok(url) }
}

/// A literal of IPv6 without its brackets.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

async fn fetched(request: RequestBuilder, most: usize) -> Result<Fetched, Refusal> {
    let mut response = sent(request).await?;
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // The length that is told beforehand is only told; what comes is counted.
    while let Some(chunk) = response.chunk().await.map_err(|error| refused(&error))? {
        if body.len() + chunk.len() > most {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { status, content_type, body })
}

async fn sent(request: RequestBuilder) -> Result<Response, Refusal> {
    let response = request.send().await.map_err(|error| refused(&error))?;
    let is_redirect = response.status().is_redirection() && response.status() != StatusCode::NOT_MODIFIED;
    if is_redirect { Err(Refusal::Redirect) } else { Ok(response) }
}

/// What our own resolver refused stands somewhere below what the library says.
fn refused(error: &reqwest::Error) -> Refusal {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return *refusal;
        }
        cause = error.source();
    }
    if error.is_timeout() { Refusal::TooSlow } else { Refusal::Failed }
}

fn client(tls: &ClientConfig) -> reqwest::ClientBuilder {
    Client::builder()
        .use_preconfigured_tls(tls.clone())
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent("handslag")
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(30))
}

/// The authorities that browsers trust, and those that the operator names.
fn tls(outbound: &Outbound) -> Result<ClientConfig, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for path in &outbound.roots {
        let unreadable = |error: rustls::pki_types::pem::Error| io::Error::other(format!("the roots in {} cannot be read: {error}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            roots.add(certificate.map_err(unreadable)?)?;
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

async fn look_up(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect())
}

/// Gives what is public of a name's addresses; what it gives is what is connected to.
struct PublicOnly(Lookup);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let public: Vec<SocketAddr> = looking.await?.into_iter().filter(|address| special::is_public(address.ip())).collect();
            if public.is_empty() { Err(Refusal::Address.into()) } else { Ok(Box::new(public.into_iter()) as Addrs) }
        })
    }
}
