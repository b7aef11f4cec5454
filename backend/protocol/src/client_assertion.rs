//! Client authentication with `private_key_jwt` (OIDC Core §9, RFC 7523 §3; OIDC Sweden profile §3.1.1).
//!
//! No shared secret exists. An assertion is good once and for as long as the profile allows; the use is the caller's to mark.

use handslag_vocab::{ClientId, Seconds, UnixTime};

use crate::{
    client::Client,
    jose::{self, Claims, Type, UnverifiedJws},
    refusal::refusals,
};

/// The only value of `client_assertion_type` (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

refusals! {
    /// Why an assertion is refused. Clauses are of RFC 7523 §3 unless named.
    pub enum Refusal {
        /// Item 3: not one string that names us.
        Audience = "assertion_aud", "aud must be the issuer or the token endpoint, as one string";
        /// Item 4: absent or past.
        Expired = "assertion_exp", "the client assertion has expired";
        /// Item 5 and 6: `nbf` or `iat` lies ahead.
        FromTheFuture = "assertion_iat", "the client assertion is not valid yet";
        /// OIDC Core §9: `jti` is required.
        Jti = "assertion_jti", "the client assertion has no usable jti";
        /// Item 4: so far ahead that a stolen assertion would live too long.
        LivesTooLong = "assertion_life", "exp lies further ahead than this client's profile allows";
        /// Items 1 and 2: `iss` and `sub` are not both the client id.
        Subject = "assertion_sub", "iss and sub must both be the client id";
    }
    wraps {
        /// Items 8 and 9.
        Jws(jose::Refusal);
    }
}

/// Which audiences a client may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The issuer only (FAPI 2.0 §5.3.2.1): an assertion made for us cannot be used at another server's token endpoint.
    Issuer,
    /// The issuer or the token endpoint (OIDC Sweden profile §3.1.1).
    IssuerOrTokenEndpoint,
}

/// What the assertion is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The client whose id [`UnverifiedClientAssertion::claimed_client`] gave.
    pub client: &'a Client,
    /// Our issuer.
    pub issuer: &'a str,
    /// Our token endpoint.
    pub token_endpoint: &'a str,
    /// Which of the two may stand in `aud`.
    pub audience: Audience,
    /// The time.
    pub now: UnixTime,
}

/// An assertion whose form is right; nothing in it is known to be true.
#[derive(Debug)]
pub struct UnverifiedClientAssertion<'a> {
    jws: UnverifiedJws<'a>,
    claimed: ClientId,
}

/// A verified assertion: the client is who it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAssertion {
    /// To be marked as seen for this client until `expires_at`; a second one with it is a replay.
    pub jti: String,
    /// When the assertion dies by itself.
    pub expires_at: UnixTime,
}

/// Clock difference allowed for `iat` and `nbf`.
const SKEW: Seconds = Seconds(60);

type Check = fn(&Claims, &Expected<'_>) -> Result<(), Refusal>;

/// In the order of RFC 7523 §3.
const CHECKS: [Check; 4] = [is_about_the_client, is_for_us, lives_now_and_briefly, is_not_from_the_future];

impl<'a> UnverifiedClientAssertion<'a> {
    /// Takes the `client_assertion` parameter.
    pub fn parse(compact: &'a str) -> Result<Self, Refusal> {
        let jws = UnverifiedJws::parse(compact)?;
        let claimed = jws.unverified_text("sub").and_then(|sub| sub.parse().ok()).ok_or(Refusal::Subject)?;
        Ok(Self { jws, claimed })
    }

    /// Who it says it is: to look up the registration, for nothing else.
    pub const fn claimed_client(&self) -> &ClientId {
        &self.claimed
    }

    /// Verifies signature and claims with the registered keys.
    pub fn verify(self, expected: &Expected<'_>) -> Result<ClientAssertion, Refusal> {
        let Client { profile, registration, .. } = expected.client;
        let algorithms = registration.assertion_algorithm.as_ref().map_or(profile.client_algorithms(), std::slice::from_ref);
        let allowed = jose::Expected { algorithms, typ: Type::OrdinaryOr("client-authentication+jwt") };
        let claims = self.jws.verify(&expected.client.keys, allowed)?.claims()?;
        CHECKS.iter().try_for_each(|check| check(&claims, expected))?;
        let jti = claims.jti().ok_or(Refusal::Jti)?;
        Ok(ClientAssertion { jti: jti.to_owned(), expires_at: claims.time("exp").ok_or(Refusal::Expired)? })
    }
}

/// Items 1 and 2.
fn is_about_the_client(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refusal> {
    let id = Some(expected.client.id.as_str());
    if claims.text("iss") == id && claims.text("sub") == id { Ok(()) } else { Err(Refusal::Subject) }
}

/// Item 3. A list is refused: whoever else stands in it could use the assertion here.
fn is_for_us(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refusal> {
    let audience = claims.text("aud").ok_or(Refusal::Audience)?;
    let at_endpoint = expected.audience == Audience::IssuerOrTokenEndpoint && audience == expected.token_endpoint;
    if audience == expected.issuer || at_endpoint { Ok(()) } else { Err(Refusal::Audience) }
}

/// Item 4.
fn lives_now_and_briefly(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refusal> {
    let expires = claims.time("exp").ok_or(Refusal::Expired)?;
    if expires <= expected.now {
        return Err(Refusal::Expired);
    }
    let latest = expected.now + expected.client.profile.longest_assertion_life() + SKEW;
    if expires <= latest { Ok(()) } else { Err(Refusal::LivesTooLong) }
}

/// Items 5 and 6: both are optional, but numbers where they stand.
fn is_not_from_the_future(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refusal> {
    let is_past = |name: &str| !claims.members().contains_key(name) || claims.time(name).is_some_and(|time| time <= expected.now + SKEW);
    if is_past("nbf") && is_past("iat") { Ok(()) } else { Err(Refusal::FromTheFuture) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        client::{ClientKind, tests::client},
        jose::{
            JwkSet,
            tests::{RSA, TestKey},
        },
        profile::Profile,
    };

    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);
    const ISSUER: &str = "https://id.example";
    const TOKEN: &str = "https://id.example/token";

    fn claims(change: &Value) -> Value {
        let mut claims =
            json!({ "iss": "skolportalen", "sub": "skolportalen", "aud": TOKEN, "exp": NOW.seconds() + 60, "iat": NOW.seconds(), "jti": "j" });
        let members = claims.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    fn verify(compact: &str, keys: &JwkSet, audience: Audience) -> Result<ClientAssertion, Refusal> {
        let client = Client { keys: keys.clone(), ..client(ClientKind::Confidential, &[]) };
        let assertion = UnverifiedClientAssertion::parse(compact)?;
        assertion.verify(&Expected { client: &client, issuer: ISSUER, token_endpoint: TOKEN, audience, now: NOW })
    }

    #[test]
    fn both_algorithms_and_both_audiences() {
        let key = TestKey::new(Some("k"));
        for audience in [TOKEN, ISSUER] {
            let assertion = key.jws(&json!({ "alg": "ES256", "kid": "k" }), &claims(&json!({ "aud": audience })));
            assert_eq!(UnverifiedClientAssertion::parse(&assertion).unwrap().claimed_client().as_str(), "skolportalen");
            let verified = verify(&assertion, &key.set(), Audience::IssuerOrTokenEndpoint).unwrap();
            assert_eq!(verified, ClientAssertion { jti: "j".to_owned(), expires_at: NOW + Seconds(60) });
            assert_eq!(verify(&assertion, &key.set(), Audience::Issuer).is_ok(), audience == ISSUER);
        }
        let rsa = JwkSet::new(vec![RSA.jwk.clone()]).unwrap();
        let assertion = RSA.jws(&json!({ "alg": "RS256", "typ": "JWT" }), &claims(&json!({})));
        assert!(verify(&assertion, &rsa, Audience::IssuerOrTokenEndpoint).is_ok());
    }

    #[test]
    fn claims_that_are_refused() {
        let key = TestKey::new(Some("k"));
        let now = NOW.seconds();
        let cases = [
            (json!({ "iss": "other" }), Refusal::Subject),
            (json!({ "sub": "other" }), Refusal::Subject),
            (json!({ "iss": null }), Refusal::Subject),
            (json!({ "sub": null }), Refusal::Subject),
            (json!({ "aud": null }), Refusal::Audience),
            (json!({ "aud": [TOKEN] }), Refusal::Audience),
            (json!({ "aud": "https://id.example/" }), Refusal::Audience),
            (json!({ "aud": "https://id.example/token/" }), Refusal::Audience),
            (json!({ "aud": "https://other.example/token" }), Refusal::Audience),
            (json!({ "exp": null }), Refusal::Expired),
            (json!({ "exp": "1000060" }), Refusal::Expired),
            (json!({ "exp": now }), Refusal::Expired),
            (json!({ "exp": now - 1 }), Refusal::Expired),
            (json!({ "exp": now + 3_661 }), Refusal::LivesTooLong),
            (json!({ "exp": i64::MAX }), Refusal::LivesTooLong),
            (json!({ "iat": now + 61 }), Refusal::FromTheFuture),
            (json!({ "nbf": now + 61 }), Refusal::FromTheFuture),
            (json!({ "nbf": "now" }), Refusal::FromTheFuture),
            (json!({ "jti": null }), Refusal::Jti),
            (json!({ "jti": "" }), Refusal::Jti),
            (json!({ "jti": 7 }), Refusal::Jti),
        ];
        for (change, refusal) in cases {
            let assertion = key.jws(&json!({ "alg": "ES256" }), &claims(&change));
            assert_eq!(verify(&assertion, &key.set(), Audience::IssuerOrTokenEndpoint), Err(refusal), "{change}");
        }
    }

    #[test]
    fn how_far_ahead_exp_may_lie_depends_on_the_profile() {
        let key = TestKey::new(Some("k"));
        let verify = |profile: Profile, seconds: i64| {
            let client = Client { keys: key.set(), profile, ..client(ClientKind::Confidential, &[]) };
            let assertion = key.jws(&json!({ "alg": "ES256" }), &claims(&json!({ "aud": ISSUER, "exp": NOW.seconds() + seconds })));
            let expected = Expected { client: &client, issuer: ISSUER, token_endpoint: TOKEN, audience: Audience::Issuer, now: NOW };
            UnverifiedClientAssertion::parse(&assertion).unwrap().verify(&expected).map(|_| ())
        };
        for (profile, longest) in [(Profile::Core, 3_660), (Profile::Fapi2, 360), (Profile::Strict, 3_660), (Profile::Swedish, 360)] {
            assert_eq!(verify(profile, longest), Ok(()), "{profile:?}");
            assert_eq!(verify(profile, longest + 1), Err(Refusal::LivesTooLong), "{profile:?}");
        }
    }

    #[test]
    fn headers_and_keys_that_are_refused() {
        let (key, stranger) = (TestKey::new(Some("k")), TestKey::new(Some("k")));
        let cases = [
            (json!({ "alg": "none" }), jose::Refusal::Algorithm),
            (json!({ "alg": "HS256" }), jose::Refusal::Algorithm),
            (json!({ "alg": "ES256", "typ": "dpop+jwt" }), jose::Refusal::Type),
            (json!({ "alg": "ES256", "typ": "at+jwt" }), jose::Refusal::Type),
            (json!({ "alg": "ES256", "jwk": key.jwk.to_json() }), jose::Refusal::KeyInHeader),
            (json!({ "alg": "ES256", "kid": "other" }), jose::Refusal::KeyUnknown),
        ];
        for (header, refusal) in cases {
            let assertion = key.jws(&header, &claims(&json!({})));
            assert_eq!(verify(&assertion, &key.set(), Audience::IssuerOrTokenEndpoint), Err(Refusal::Jws(refusal)), "{header}");
        }
        let assertion = stranger.jws(&json!({ "alg": "ES256", "kid": "k" }), &claims(&json!({})));
        assert_eq!(verify(&assertion, &key.set(), Audience::Issuer), Err(Refusal::Jws(jose::Refusal::Signature)));
        assert_eq!(
            verify(&assertion, &JwkSet::default(), Audience::Issuer),
            Err(Refusal::Jws(jose::Refusal::KeyUnknown)),
            "a public client has no key"
        );
    }
}
