//! Proof key for code exchange (RFC 7636), `S256` only: `plain` protects nothing once the request is seen, and OIDC Sweden
//! forbids it (profile §2.1.8). A request without a method means `plain` and is refused with it.

use handslag_vocab::Digest;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::{base64url, refusal::refusals};

refusals! {
    /// Why a challenge or a verifier is refused.
    pub enum Refusal {
        /// RFC 7636 §4.2: not the base64url of 32 bytes.
        ChallengeForm = "challenge_form", "code_challenge is not the base64url of a SHA-256 digest";
        /// OIDC Sweden profile §2.1.8: every client sends one.
        ChallengeMissing = "challenge_missing", "code_challenge is missing";
        /// RFC 7636 §4.3: anything but `S256`, also by omission.
        Method = "challenge_method", "code_challenge_method must be S256";
        /// RFC 7636 §4.6.
        Mismatch = "verifier_mismatch", "code_verifier does not belong to the code_challenge";
        /// RFC 7636 §4.1: not 43 to 128 unreserved characters.
        VerifierForm = "verifier_form", "code_verifier is not 43 to 128 unreserved characters";
        /// RFC 7636 §4.5, and attack "PKCE downgrade": absent or empty after a challenge.
        VerifierMissing = "verifier_missing", "code_verifier is missing";
        /// RFC 9700 §2.1.1, attack "PKCE downgrade": a verifier where no challenge was sent, so somebody took it away.
        VerifierUnasked = "verifier_unasked", "code_verifier was sent but the authorization request had no code_challenge";
    }
}

/// An S256 challenge, kept with the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(Digest);

impl Challenge {
    /// The same where a challenge may be left out; half of one may not.
    pub fn parse_optional(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, Refusal> {
        if challenge.is_none() && method.is_none() { Ok(None) } else { Self::parse(challenge, method).map(Some) }
    }

    /// Takes `code_challenge` and `code_challenge_method` of an authorization request.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, Refusal> {
        let challenge = challenge.ok_or(Refusal::ChallengeMissing)?;
        if method != Some("S256") {
            return Err(Refusal::Method);
        }
        let bytes = base64url::decode(challenge).ok_or(Refusal::ChallengeForm)?;
        Digest::from_slice(&bytes).map(Self).ok_or(Refusal::ChallengeForm)
    }

    /// Takes the digest as stored.
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest to store.
    pub const fn digest(&self) -> Digest {
        self.0
    }

    /// Takes `code_verifier` of a token request (RFC 7636 §4.6), compared in constant time.
    pub fn check(&self, verifier: Option<&str>) -> Result<(), Refusal> {
        let verifier = verifier.filter(|verifier| !verifier.is_empty()).ok_or(Refusal::VerifierMissing)?;
        let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) {
            return Err(Refusal::VerifierForm);
        }
        let matches = Digest::of(verifier.as_bytes()).as_bytes().ct_eq(self.0.as_bytes());
        if bool::from(matches) { Ok(()) } else { Err(Refusal::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_vector_of_rfc_7636_and_what_is_not_it() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert_eq!(challenge.check(Some(VERIFIER)), Ok(()));
        assert_eq!(Challenge::from_digest(challenge.digest()), challenge);
        let long = "a".repeat(129);
        let cases = [
            (None, Refusal::VerifierMissing),
            (Some(""), Refusal::VerifierMissing),
            (Some(CHALLENGE), Refusal::Mismatch),
            (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"), Refusal::Mismatch),
            (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX"), Refusal::VerifierForm),
            (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX="), Refusal::VerifierForm),
            (Some(&long), Refusal::VerifierForm),
        ];
        for (verifier, refusal) in cases {
            assert_eq!(challenge.check(verifier), Err(refusal), "{verifier:?}");
        }
    }

    #[test]
    fn every_other_method_and_form_of_challenge_is_refused() {
        let cases = [
            (Some(CHALLENGE), None, Refusal::Method),
            (Some(CHALLENGE), Some("plain"), Refusal::Method),
            (Some(CHALLENGE), Some("s256"), Refusal::Method),
            (None, Some("S256"), Refusal::ChallengeMissing),
            (None, None, Refusal::ChallengeMissing),
            (Some(&CHALLENGE[1..]), Some("S256"), Refusal::ChallengeForm),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), Some("S256"), Refusal::ChallengeForm),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN"), Some("S256"), Refusal::ChallengeForm),
        ];
        for (challenge, method, refusal) in cases {
            assert_eq!(Challenge::parse(challenge, method), Err(refusal), "{challenge:?} {method:?}");
        }
    }
}
