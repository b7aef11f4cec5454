//! An authorization code for tokens (RFC 6749 §4.1.3). A code is bound to the client, the redirect address, the PKCE challenge
//! and, where the request named one, the DPoP key it was given for.

use handslag_vocab::{ClientId, Digest, Secret, UnixTime};

use super::Refusal;
use crate::{parameters::Parameters, pkce};

/// A code as presented.
#[derive(Clone)]
pub struct CodeExchange {
    /// The code.
    pub code: Secret,
    redirect_uri: Option<String>,
    verifier: Option<String>,
}

/// What was stored with the code.
#[derive(Clone, Copy, Debug)]
pub struct IssuedCode<'a> {
    /// Who it was given to.
    pub client_id: &'a ClientId,
    /// Where it was sent.
    pub redirect_uri: &'a str,
    /// What it was bound to, unless the client is registered without PKCE and sent none.
    pub challenge: Option<&'a pkce::Challenge>,
    /// `dpop_jkt` (RFC 9449 §10): the key it was bound to.
    pub key: Option<Digest>,
    /// When it dies.
    pub expires_at: UnixTime,
}

/// Who presents the code.
#[derive(Clone, Copy, Debug)]
pub struct Presenter<'a> {
    /// The client as authenticated.
    pub client_id: &'a ClientId,
    /// The key of the DPoP proof beside it.
    pub proven: Option<Digest>,
    /// The time.
    pub now: UnixTime,
}

/// A code and the request that wants it.
struct Attempt<'a> {
    exchange: &'a CodeExchange,
    code: &'a IssuedCode<'a>,
    by: &'a Presenter<'a>,
}

type Check = fn(&Attempt<'_>) -> Result<(), Refusal>;

/// In order.
const BINDING: [Check; 5] = [is_the_clients, is_not_expired, comes_from_the_same_address, is_proven, is_of_the_same_key];

impl CodeExchange {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let owned = |name: &str| parameters.value(name).map(str::to_owned);
        let code = Secret::presented(owned("code").ok_or(Refusal::CodeMissing)?);
        Ok(Self { code, redirect_uri: owned("redirect_uri"), verifier: owned("code_verifier") })
    }

    /// Takes what was stored with the code and who presents it.
    pub fn check(&self, code: &IssuedCode<'_>, by: &Presenter<'_>) -> Result<(), Refusal> {
        let attempt = Attempt { exchange: self, code, by };
        BINDING.iter().try_for_each(|check| check(&attempt))
    }
}

fn is_the_clients(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    if attempt.code.client_id == attempt.by.client_id { Ok(()) } else { Err(Refusal::OtherClient) }
}

fn is_not_expired(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    if attempt.by.now < attempt.code.expires_at { Ok(()) } else { Err(Refusal::Expired) }
}

/// RFC 6749 §4.1.3: the same bytes, also where only one address is registered.
fn comes_from_the_same_address(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    let is_same = attempt.exchange.redirect_uri.as_deref() == Some(attempt.code.redirect_uri);
    if is_same { Ok(()) } else { Err(Refusal::OtherRedirectUri) }
}

/// RFC 7636 §4.6. Either both or neither: a verifier without a challenge tells that somebody took the challenge away (attack 5).
fn is_proven(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    match (attempt.code.challenge, attempt.exchange.verifier.as_deref()) {
        (Some(challenge), verifier) => Ok(challenge.check(verifier)?),
        (None, Some(_)) => Err(pkce::Refusal::VerifierUnasked.into()),
        (None, None) => Ok(()),
    }
}

/// RFC 9449 §10: a code asked for with a key is worth nothing to who has another one, or none.
fn is_of_the_same_key(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    let is_same = attempt.code.key.is_none_or(|key| attempt.by.proven == Some(key));
    if is_same { Ok(()) } else { Err(Refusal::OtherKey) }
}
