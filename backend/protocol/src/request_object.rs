//! Request objects (RFC 9101, OIDC Core §6, FAPI 2.0 Message Signing §5.3): an authorization request that its sender signed.
//!
//! An object is signed by a registered key of the client, and may then be encrypted to us. An unsigned one is taken only by
//! reference, from a `core` client that registered it, and never out of a JWE: whoever has our public key can make one of those
//! (CVE-2026-9793). What it says replaces what stands beside it.

mod claims;
mod refusal;
#[cfg(test)]
mod tests;

use handslag_vocab::{Digest, UnixTime};
use zeroize::Zeroizing;

pub use refusal::Refusal;

use crate::{
    base64url,
    client::Client,
    discovery::Provider,
    jose::{
        self, Type, UnverifiedJws,
        jwe::{PrivateOperation, UnverifiedJwe},
    },
    sign_request::{self, SignRequest},
};

/// `typ` of a request object (RFC 9101 §10.8).
const TYPE: &str = "oauth-authz-req+jwt";

/// How the object came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// In `request` at the backchannel endpoint (CIBA §7.1.1).
    Backchannel,
    /// In `request` at the pushed authorization endpoint.
    Pushed,
    /// Fetched from the client's `request_uri`.
    Reference,
    /// In `request` at the authorization endpoint.
    Value,
}

/// What an object is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The client that the parameter beside it names.
    pub client: &'a Client,
    /// Us.
    pub provider: &'a Provider,
    /// How it came.
    pub means: Means,
    /// The time.
    pub now: UnixTime,
}

/// An object of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedRequestObject {
    compact: String,
    was_encrypted: bool,
}

/// A verified object: what the client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestObject {
    /// Names and values, as they would stand in a query.
    pub(crate) parameters: Vec<(String, String)>,
    /// Whether a key of the client signed it.
    pub(crate) is_signed: bool,
    /// Whether what may stand beside it counts.
    pub(crate) reads_beside: bool,
    /// Whether it says when it was made and from when it counts (`iat`, `nbf`).
    pub(crate) is_timed: bool,
    /// To be marked as seen until [`Self::expires_at`] where it stands; a second object with it is a replay.
    pub jti: Option<String>,
    /// When it dies by itself.
    pub expires_at: Option<UnixTime>,
}

impl UnverifiedRequestObject {
    /// Takes the `request` parameter or what was fetched.
    pub fn new(compact: impl Into<String>) -> Self {
        Self { compact: compact.into(), was_encrypted: false }
    }

    /// The outer token, if the object is encrypted: it names the key to be opened with.
    pub fn encrypted(&self) -> Option<Result<UnverifiedJwe<'_>, Refusal>> {
        UnverifiedJwe::is_form_of(&self.compact).then(|| UnverifiedJwe::parse(&self.compact).map_err(Refusal::Jose))
    }

    /// Takes the operation of our private key; an object that is not encrypted is given back as it is.
    pub fn decrypted(self, private_key: impl FnOnce(&PrivateOperation<'_>) -> Option<Zeroizing<Vec<u8>>>) -> Result<Self, Refusal> {
        let compact = match self.encrypted() {
            None => return Ok(self),
            Some(jwe) => jwe?.decrypt_nested(TYPE, private_key)?,
        };
        Ok(Self { compact, was_encrypted: true })
    }

    /// Verifies signature and claims.
    pub fn verify(&self, expected: &Expected<'_>) -> Result<RequestObject, Refusal> {
        if UnverifiedJwe::is_form_of(&self.compact) {
            return Err(Refusal::Encrypted);
        }
        if let Some(claims) = jose::unsecured(&self.compact) {
            self.may_be_unsigned(expected)?;
            return claims::read(&claims, expected, false);
        }
        claims::read(&self.signed_claims(expected)?, expected, true)
    }

    /// Verifies what is to be signed, where it came as a token of its own. Unsigned it is never taken.
    pub fn verify_sign_request(&self, expected: &Expected<'_>) -> Result<SignRequest, sign_request::Refusal> {
        if UnverifiedJwe::is_form_of(&self.compact) {
            return Err(Refusal::Encrypted.into());
        }
        if jose::unsecured(&self.compact).is_some() {
            return Err(sign_request::Refusal::Unsigned);
        }
        let claims = self.signed_claims(expected)?;
        claims::stands_alone(&claims, expected)?;
        SignRequest::of(claims.members())
    }

    /// By a registered key of the client's.
    fn signed_claims(&self, expected: &Expected<'_>) -> Result<jose::Claims, Refusal> {
        let registered = expected.client.registration.request_objects.algorithm;
        let algorithms = registered.as_ref().map_or(expected.client.profile.client_algorithms(), std::slice::from_ref);
        let allowed = jose::Expected { algorithms, typ: Type::OrdinaryOr(TYPE) };
        let verified = UnverifiedJws::parse(&self.compact)?.verify(&expected.client.keys, allowed)?;
        Ok(verified.claims()?)
    }

    fn may_be_unsigned(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        let Expected { client, means, .. } = expected;
        let is_registered = client.profile.may_send_unsigned_objects() && client.registration.request_objects.unsigned;
        if is_registered && *means == Means::Reference && !self.was_encrypted { Ok(()) } else { Err(Refusal::Unsigned) }
    }
}

/// A `request_uri` of the client's own (OIDC Core §6.2): one that was registered, so that nobody makes us fetch from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where the object is, without fragment.
    pub address: String,
    digest: Option<Digest>,
}

/// A bound of ours; RFC 9101 §5.2 names 512 characters as what a client may rely on.
const LONGEST_REFERENCE: usize = 512;

impl Reference {
    /// Takes the parameter. The fragment, where one stands, is the hash of what will be found there.
    pub fn parse(request_uri: &str, client: &Client) -> Result<Self, Refusal> {
        let (address, fragment) = request_uri.split_once('#').map_or((request_uri, None), |(address, fragment)| (address, Some(fragment)));
        let registered = |uri: &String| uri == request_uri || uri == address;
        // Whether its scheme and host may be called is the guarded caller's to say when it calls (attack 22).
        if request_uri.len() > LONGEST_REFERENCE || !client.registration.request_objects.uris.iter().any(registered) {
            return Err(Refusal::Reference);
        }
        let digest = fragment.and_then(base64url::decode).and_then(|bytes| Digest::from_slice(&bytes));
        if fragment.is_some() && digest.is_none() {
            return Err(Refusal::Reference);
        }
        Ok(Self { address: address.to_owned(), digest })
    }

    /// Takes what was fetched.
    pub fn found(&self, content: &str) -> Result<UnverifiedRequestObject, Refusal> {
        let is_it = self.digest.is_none_or(|digest| digest == Digest::of(content.as_bytes()));
        if is_it { Ok(UnverifiedRequestObject::new(content.trim_ascii())) } else { Err(Refusal::Reference) }
    }
}
