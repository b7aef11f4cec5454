//! What every handler may ask for without knowing a slice: the time, chance, and the language of the person.
//!
//! The real clock and the real generator are touched here and nowhere else (clippy.toml forbids them), so that a test can
//! stand at any second. Who calls (a phone, a worker, a service) is told by the slice that owns the answer.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use handslag_vocab::UnixTime;
use rand_core::{TryCryptoRng, TryRng, UnwrapErr};

use crate::{
    server::Server,
    words::{self, Language, Voice},
};

/// The time of this request, read once.
#[derive(Clone, Copy, Debug)]
pub struct Now(pub UnixTime);

/// Where the time comes from: the machine, moved by so many seconds (zero outside tests). Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    shift: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> UnixTime {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
        UnixTime::from_seconds(seconds.saturating_add(self.shift.load(std::sync::atomic::Ordering::Relaxed)))
    }

    /// Moves this clock; only tests do.
    pub fn advance(&self, seconds: i64) {
        self.shift.fetch_add(seconds, std::sync::atomic::Ordering::Relaxed);
    }
}

/// The operating system's generator.
pub struct Rng(UnwrapErr<getrandom::SysRng>);

impl Rng {
    /// Opens it; costs nothing.
    pub const fn system() -> Self {
        Self(UnwrapErr(getrandom::SysRng))
    }
}

impl TryRng for Rng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Rng {}

impl FromRequestParts<Server> for Now {
    type Rejection = Infallible;
    async fn from_request_parts(_: &mut Parts, server: &Server) -> Result<Self, Infallible> {
        Ok(Self(server.clock.now()))
    }
}

impl FromRequestParts<Server> for Rng {
    type Rejection = Infallible;
    async fn from_request_parts(_: &mut Parts, _: &Server) -> Result<Self, Infallible> {
        Ok(Self::system())
    }
}

/// The language: `?lang=` on this request, else the cookie `lang`, else `Accept-Language`, else Swedish.
impl<S: Sync> FromRequestParts<S> for Voice {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let kept = cookie(&parts.headers, "lang");
        let language = words::chosen(parts.uri.query()).or_else(|| kept.as_deref().and_then(Language::named));
        let language = language.unwrap_or_else(|| accepted(&parts.headers));
        Ok(Self::in_language(language))
    }
}

/// The value of one cookie of the request.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Swedish first: English only where the browser prefers English to Swedish.
fn accepted(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = header.split(',').filter_map(|part| part.trim().get(..2)).find_map(Language::named);
    first.unwrap_or(Language::Swedish)
}
