//! DPoP (RFC 9449): the key that a request proves, once, with a nonce of ours.
//!
//! The nonce is computed from the time by a key that all nodes have, so any node knows another's, and a phone whose answer was lost
//! loses nothing. A proof made in advance on a phone that was in somebody else's hands is worth nothing minutes later.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use handslag_keys::Kind;
use handslag_protocol::{
    dpop::{self, Proof, Request},
    oauth_error::OAuthError,
};
use handslag_store::Tx;
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

/// The proof that came with a request, verified but not marked; `None` where none came.
pub(super) fn of(server: &Server, headers: &HeaderMap, at: At<'_>) -> Result<Option<Proof>, Refused> {
    let mut values = headers.get_all(&HEADER).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let only = if values.next().is_some() { None } else { first.to_str().ok() };
    let compact = only.ok_or_else(|| Refused::because(OAuthError::InvalidDpopProof, "there must be one DPoP header"))?;
    let address = format!("{}{}", server.config.issuer, at.path);
    let request = Request { method: at.method, address: &address, access_token: at.access_token, now: at.now };
    let proof = dpop::verify(compact, &request)?;
    if is_ours(server, proof.nonce.as_deref(), at.now)? {
        return Ok(Some(proof));
    }
    Err(Refused::because(OAuthError::UseDpopNonce, OAuthError::UseDpopNonce.description()))
}

/// Marks the proof as used, on every node (RFC 9449 §11.1).
pub(super) async fn mark(tx: &mut Tx, proof: Option<&Proof>, now: UnixTime) -> Result<Result<(), Refused>, handslag_store::Error> {
    let Some(proof) = proof else { return Ok(Ok(())) };
    let digest = Digest::of(format!("{} {}", proof.thumbprint, proof.jti).as_bytes());
    let is_first = tx.mark_once("dpop", &digest, proof.forget_at, now).await?;
    Ok(if is_first { Ok(()) } else { Err(Refused::because(OAuthError::InvalidDpopProof, "the DPoP proof was used before")) })
}

/// The answer to a request with a proof, right or wrong, with the nonce for the next one.
pub(super) fn with_next_nonce(server: &Server, headers: &HeaderMap, now: UnixTime, mut response: Response) -> Result<Response, Problem> {
    if headers.contains_key(&HEADER) {
        let nonce = HeaderValue::from_str(&nonce(server, now.seconds() / NONCE_LIFE)?).map_err(|error| Problem::internal(&error))?;
        response.headers_mut().insert(NONCE, nonce);
    }
    Ok(response)
}

fn nonce(server: &Server, period: i64) -> Result<String, Problem> {
    Ok(Digest(server.keys.mac(Kind::Cookie, &label(period))?).to_base64url())
}

fn is_ours(server: &Server, presented: Option<&str>, now: UnixTime) -> Result<bool, Problem> {
    let Some(mac) = presented.and_then(Digest::from_base64url) else { return Ok(false) };
    let period = now.seconds() / NONCE_LIFE;
    let is_of = |period| server.keys.is_mac(Kind::Cookie, &label(period), mac.as_bytes());
    Ok(is_of(period)? || is_of(period - 1)?)
}

fn label(period: i64) -> Vec<u8> {
    format!("dpop nonce {period}").into_bytes()
}
