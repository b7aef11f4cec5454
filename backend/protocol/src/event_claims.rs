//! Claims about the authentication itself (OIDC Sweden Claims 1.0 §2.3): they stand in the ID Token and never in UserInfo (SE-07), and need no
//! scope, because they say nothing about the person that the log-in does not say (profile §4.2). What names the person within them is
//! told only where the person is told too.
//!
//! `deviceIp` is not among them: where somebody is, is no service's business (LC-13).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handslag_vocab::UnixTime;
use serde_json::{Map, Value};

use crate::authorize::AuthorizationRequest;

/// The signed approval behind a log-in.
pub const AUTHN_EVIDENCE: &str = "https://id.oidc.se/claim/authnEvidence";
/// Who authenticated.
pub const AUTHN_PROVIDER: &str = "https://id.oidc.se/claim/authnProvider";
/// Since when the phone carries the work identity.
pub const CREDENTIAL_VALID_FROM: &str = "https://id.oidc.se/claim/credentialValidFrom";
/// Until when the work identity may be used, where that is known.
pub const CREDENTIAL_VALID_TO: &str = "https://id.oidc.se/claim/credentialValidTo";
/// The certificate of a signature.
pub const USER_CERTIFICATE: &str = "https://id.oidc.se/claim/userCertificate";
/// The signature.
pub const USER_SIGNATURE: &str = "https://id.oidc.se/claim/userSignature";
/// Proof of the message that was shown; OIDC Sweden has no claim for it (mapping document), SAML has `signMessageDigest`.
pub const SIGN_MESSAGE_DIGEST: &str = "urn:x-handslag:claim:signMessageDigest";

/// Every one.
pub const ALL: [&str; 7] =
    [AUTHN_EVIDENCE, AUTHN_PROVIDER, CREDENTIAL_VALID_FROM, CREDENTIAL_VALID_TO, USER_CERTIFICATE, USER_SIGNATURE, SIGN_MESSAGE_DIGEST];

/// What happened, as far as it is known.
#[derive(Clone, Debug)]
pub struct AuthenticationEvent<'a> {
    /// The issuer.
    pub provider: &'a str,
    /// As the claims of these names.
    pub valid_from: UnixTime,
    /// As above.
    pub valid_to: Option<UnixTime>,
    /// The signed approval; none where it may not be told.
    pub evidence: Option<String>,
    /// The signature and its certificate in DER.
    pub signature: Option<(String, Vec<u8>)>,
    /// [`handslag_vocab::Digest::of_shown`] of what was signed.
    pub message_digest: Option<String>,
}

impl AuthenticationEvent<'_> {
    /// What the ID Token says of it: what the service asked for by name, and what its signature scope has (signature extension §3.2).
    pub fn claims(self, request: &AuthorizationRequest) -> Map<String, Value> {
        let base64 = |bytes: &[u8]| Value::from(STANDARD.encode(bytes));
        let (signature, certificate) = self.signature.unzip();
        let known = [
            (AUTHN_EVIDENCE, self.evidence.map(|evidence| base64(evidence.as_bytes()))),
            (AUTHN_PROVIDER, Some(self.provider.into())),
            (CREDENTIAL_VALID_FROM, Some(day(self.valid_from).into())),
            (CREDENTIAL_VALID_TO, self.valid_to.map(|end| day(end).into())),
            (USER_CERTIFICATE, certificate.map(|der| base64(&der))),
            (USER_SIGNATURE, signature.map(|signature| base64(signature.as_bytes()))),
            (SIGN_MESSAGE_DIGEST, self.message_digest.map(Value::from)),
        ];
        let is_of_the_scope = |claim: &str| request.signs().is_some() && [USER_SIGNATURE, SIGN_MESSAGE_DIGEST].contains(&claim);
        let is_asked = |claim: &str| request.claims.id_token.contains_key(claim) || is_of_the_scope(claim);
        known.into_iter().filter(|(claim, _)| is_asked(claim)).filter_map(|(claim, value)| Some((claim.to_owned(), value?))).collect()
    }
}

/// The day's first second: the very second of an enrolment would name a phone to services that know one person under different names.
const fn day(time: UnixTime) -> i64 {
    time.seconds() - time.seconds().rem_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::{ClaimsParameter, tests::checked};

    fn event() -> AuthenticationEvent<'static> {
        AuthenticationEvent {
            provider: "https://id.example",
            valid_from: UnixTime::from_seconds(86_401),
            valid_to: None,
            evidence: Some("{}".to_owned()),
            signature: Some(("a.b.c".to_owned(), vec![0x30])),
            message_digest: Some("x;y".to_owned()),
        }
    }

    /// SE-07: by name, in the ID Token, and what is not known is not said.
    #[test]
    fn what_is_asked_by_name_is_told() {
        assert!(event().claims(&checked()).is_empty(), "nobody asked, and nothing was signed");
        let named = |place: &str| {
            let wishes: Map<String, Value> = ALL.iter().map(|claim| ((*claim).to_owned(), Value::Null)).collect();
            let claims = ClaimsParameter::parse(&serde_json::json!({ place: wishes }).to_string()).unwrap();
            event().claims(&AuthorizationRequest { claims, ..checked() })
        };
        let told = named("id_token");
        assert_eq!(told.len(), ALL.len() - 1, "no end is known: {told:?}");
        assert_eq!(
            (&told[AUTHN_PROVIDER], &told[CREDENTIAL_VALID_FROM], &told[USER_SIGNATURE]),
            (&"https://id.example".into(), &86_400.into(), &"YS5iLmM=".into())
        );
        assert!(named("userinfo").is_empty());
    }
}
