//! DPoP (RFC 9449): the key that a request proves, once, with a nonce of ours.
//!
//! The nonce is computed from the time by a key that all nodes have, so any node knows another's, and a phone whose answer was lost
//! loses nothing. A proof made in advance on a phone that was in somebody else's hands is worth nothing minutes later.
//!
//! The nonce also names where the proof will be marked as used: in the database, or in one life of the memory that the nodes share. So
//! each proof has exactly one place for its mark, whichever node it comes to, and when that place is lost the proof is refused with a
//! nonce that names another (decision 0010).

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use handslag_keys::Kind;
use handslag_protocol::{
    dpop::{self, Proof, Request},
    oauth_error::OAuthError,
};
use handslag_store::{Life, Shared, Tx};
use handslag_vocab::{Digest, UnixTime};

use super::refused::Refused;
use crate::{problem::Problem, server::Server};

const HEADER: HeaderName = HeaderName::from_static("dpop");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A nonce is given out for so many seconds and taken for as many more.
const NONCE_LIFE: i64 = 120;

/// Where the proof must be for.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) method: &'a str,
    /// The path as published.
    pub(super) path: &'a str,
    /// At a resource: the token that came with it.
    pub(super) access_token: Option<&'a str>,
    pub(super) now: UnixTime,
}

/// A verified proof.
pub(super) struct Proven {
    /// RFC 7638 thumbprint of the key.
    pub(super) thumbprint: Digest,
    /// What is still to be marked, in the transaction of the act.
    unmarked: Option<Unmarked>,
}

struct Unmarked {
    digest: Digest,
    forget_at: UnixTime,
}

impl Proven {
    /// Whether [`mark`] has something to write.
    pub(super) const fn has_mark(&self) -> bool {
        self.unmarked.is_some()
    }
}

/// Where a proof is marked as used.
enum Place {
    Database,
    Shared(Life),
}

/// The proof that came with a request, verified, and marked where its nonce names the shared memory; `None` where none came.
pub(super) async fn of(server: &Server, headers: &HeaderMap, at: At<'_>) -> Result<Option<Proven>, Refused> {
    let mut values = headers.get_all(&HEADER).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let only = if values.next().is_some() { None } else { first.to_str().ok() };
    let compact = only.ok_or_else(|| Refused::because(OAuthError::InvalidDpopProof, "there must be one DPoP header"))?;
    let address = format!("{}{}", server.config.issuer, at.path);
    let request = Request { method: at.method, address: &address, access_token: at.access_token, now: at.now };
    let proof = match (dpop::verify(compact, &request), &server.config.mtls) {
        // A client that comes with its certificate as well calls us by the other name (RFC 8705 §5).
        (Err(dpop::Refusal::Address), Some(mtls)) => dpop::verify(compact, &Request { address: &format!("{}{}", mtls.url, at.path), ..request })?,
        (proof, _) => proof?,
    };
    let digest = Digest::of(format!("{} {}", proof.thumbprint, proof.jti).as_bytes());
    let unmarked = match place(server, proof.nonce.as_deref(), at.now)?.ok_or_else(other_nonce)? {
        Place::Database => Some(Unmarked { digest, forget_at: proof.forget_at }),
        Place::Shared(life) => {
            marked_in(server, &life, &digest, &proof, at.now).await?;
            None
        }
    };
    Ok(Some(Proven { thumbprint: proof.thumbprint, unmarked }))
}

async fn marked_in(server: &Server, life: &Life, digest: &Digest, proof: &Proof, now: UnixTime) -> Result<(), Refused> {
    let Some(shared) = &server.shared else { return Err(other_nonce()) };
    match shared.mark_once(life, "dpop", digest, proof.forget_at.since(now)).await {
        Some(true) => Ok(()),
        Some(false) => Err(replayed()),
        // Nobody knows any more what was marked there; the next nonce names another place.
        None => Err(other_nonce()),
    }
}

/// Marks the proof as used, on every node (RFC 9449 §11.1), if [`of`] has not.
pub(super) async fn mark(tx: &mut Tx, proof: Option<&Proven>, now: UnixTime) -> Result<Result<(), Refused>, handslag_store::Error> {
    let Some(unmarked) = proof.and_then(|proof| proof.unmarked.as_ref()) else { return Ok(Ok(())) };
    let is_first = tx.mark_once("dpop", &unmarked.digest, unmarked.forget_at, now).await?;
    Ok(if is_first { Ok(()) } else { Err(replayed()) })
}

fn replayed() -> Refused {
    Refused::because(OAuthError::InvalidDpopProof, "the DPoP proof was used before")
}

fn other_nonce() -> Refused {
    Refused::because(OAuthError::UseDpopNonce, OAuthError::UseDpopNonce.description())
}

/// The answer to a request with a proof, right or wrong, with the nonce for the next one.
pub(super) fn with_next_nonce(server: &Server, headers: &HeaderMap, now: UnixTime, mut response: Response) -> Result<Response, Problem> {
    if headers.contains_key(&HEADER) {
        let nonce = HeaderValue::from_str(&nonce(server, now.seconds() / NONCE_LIFE)?).map_err(|error| Problem::internal(&error))?;
        response.headers_mut().insert(NONCE, nonce);
    }
    Ok(response)
}

/// The nonce of now: for the shared memory while it answers.
fn nonce(server: &Server, period: i64) -> Result<String, Problem> {
    let life = server.shared.as_ref().and_then(Shared::life);
    Ok(Digest(server.keys.mac(Kind::Cookie, &label(period, life.as_ref()))?).to_base64url())
}

/// The place that a nonce of ours names; nothing if it is none of ours, too old, or names a life that is over.
fn place(server: &Server, presented: Option<&str>, now: UnixTime) -> Result<Option<Place>, Problem> {
    let Some(mac) = presented.and_then(Digest::from_base64url) else { return Ok(None) };
    let life = server.shared.as_ref().and_then(Shared::life);
    let period = now.seconds() / NONCE_LIFE;
    for period in [period, period - 1] {
        if let Some(life) = &life
            && server.keys.is_mac(Kind::Cookie, &label(period, Some(life)), mac.as_bytes())?
        {
            return Ok(Some(Place::Shared(life.clone())));
        }
        if server.keys.is_mac(Kind::Cookie, &label(period, None), mac.as_bytes())? {
            return Ok(Some(Place::Database));
        }
    }
    Ok(None)
}

fn label(period: i64, life: Option<&Life>) -> Vec<u8> {
    let place = life.map(|life| format!(" {}", life.name())).unwrap_or_default();
    format!("dpop nonce {period}{place}").into_bytes()
}
