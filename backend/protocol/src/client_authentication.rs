//! Who asks at the token endpoint and its neighbours, and the proof of it (RFC 6749 §2.3, RFC 7521 §4.2, OIDC Core §9).
//!
//! A client proves itself in the one way it is registered for, and in one way at a time: where two stand in a request, one of
//! them would be checked and the other believed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handslag_vocab::{ClientId, Secret, UnixTime};
use serde::{Deserialize, Serialize};

use crate::{
    client::Client,
    client_assertion::{self, ASSERTION_TYPE, ClientAssertion, UnverifiedClientAssertion},
    discovery::Provider,
    mutual_tls::{self, Certificate},
    oauth_error::OAuthError,
    parameters::Parameters,
    refusal::refusals,
};

refusals! {
    /// Why nobody is believed.
    pub enum Refusal {
        /// RFC 7521 §4.2: another `client_assertion_type`, or one half of the pair.
        AssertionType = "assertion_type", "client_assertion_type must be jwt-bearer and come with client_assertion";
        /// RFC 7617 §2 and RFC 6749 §2.3.1: not the base64 of two form-encoded halves with a colon between.
        BasicForm = "basic_form", "the Authorization header is not well-formed Basic";
        /// RFC 6749 §5.2: no proof, or a proof of a kind that this client is not registered for.
        ClientUnauthenticated = "client_unauthenticated", "the client has to authenticate in the way it is registered for";
        /// RFC 6749 §4.1.3 and RFC 7521 §4.2: nobody says who asks, or two clients are named.
        ClientUnclear = "client_unclear", "client_id is missing or differs from the client that authenticates";
        /// RFC 6749 §2.3.1: not the registered secret.
        Secret = "client_secret", "the client secret is wrong";
        /// RFC 6749 §2.3: one method a request.
        SeveralMethods = "several_methods", "the client authenticates in more than one way at once";
    }
    wraps {
        /// `private_key_jwt`.
        Assertion(client_assertion::Refusal);
        /// `tls_client_auth` and `self_signed_tls_client_auth`.
        Certificate(mutual_tls::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (RFC 6749 §5.2).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::Assertion(_) | Self::BasicForm | Self::Certificate(_) | Self::ClientUnauthenticated | Self::Secret => OAuthError::InvalidClient,
            Self::AssertionType | Self::ClientUnclear | Self::SeveralMethods => OAuthError::InvalidRequest,
        }
    }
}

/// The parameters of a body that prove who asks, and are no part of what is asked.
pub(crate) const PARAMETERS: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

/// The one way in which a client is registered to prove itself (`token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Authentication {
    /// A public client. Its codes are bound by PKCE, its refresh tokens by rotation.
    #[serde(rename = "none")]
    None,
    /// A signed assertion.
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
    /// A generated secret in the header. In the body it is the same secret and taken as well.
    #[serde(rename = "client_secret_basic")]
    SecretBasic,
    /// A generated secret in the body, or in the header.
    #[serde(rename = "client_secret_post")]
    SecretPost,
    /// Its own certificate (RFC 8705 §2.2).
    #[serde(rename = "self_signed_tls_client_auth")]
    SelfSignedTls,
    /// A certificate of a known authority (RFC 8705 §2.1).
    #[serde(rename = "tls_client_auth")]
    Tls,
}

impl Authentication {
    /// Every way that can be registered.
    pub const ALL: [Self; 6] = [Self::None, Self::PrivateKeyJwt, Self::SecretBasic, Self::SecretPost, Self::SelfSignedTls, Self::Tls];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::SelfSignedTls => "self_signed_tls_client_auth",
            Self::Tls => "tls_client_auth",
        }
    }

    /// Whether a secret is shared.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::SecretBasic | Self::SecretPost)
    }
}

impl Authentication {
    /// Whether it is proven anew each time by a key that never leaves: what such a client holds is of no use to a thief.
    pub const fn is_by_key(&self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::SelfSignedTls | Self::Tls)
    }
}

/// How the client says who it is; not yet proven. Has no `Debug`: it may hold a secret.
#[derive(Clone)]
pub enum ClaimedClient {
    /// By an assertion (`private_key_jwt`).
    Assertion {
        /// The assertion.
        compact: String,
        /// `client_id`, where it is sent beside it; must be the same client.
        client_id: Option<ClientId>,
    },
    /// By name only: enough for a public client, whose code is bound by PKCE, and for one that came with its certificate.
    Name(ClientId),
    /// By a shared secret, in the header or in the body.
    Secret {
        /// Who.
        client_id: ClientId,
        /// As presented.
        secret: Secret,
    },
}

impl ClaimedClient {
    /// Takes the parameters of the body and the value of the `Authorization` header, if one was sent.
    pub fn read(parameters: &Parameters, authorization: Option<&str>) -> Result<Self, Refusal> {
        let client_id = parameters.value("client_id").map(|id| id.parse().map_err(|_| Refusal::ClientUnclear)).transpose()?;
        let basic = authorization.map(basic).transpose()?;
        let assertion = assertion(parameters)?;
        match (basic, assertion, parameters.value("client_secret"), client_id) {
            (Some((named, secret)), None, None, client_id) if client_id.as_ref().is_none_or(|id| *id == named) => {
                Ok(Self::Secret { client_id: named, secret })
            }
            (None, Some(compact), None, client_id) => Ok(Self::Assertion { compact: compact.to_owned(), client_id }),
            (None, None, Some(secret), Some(client_id)) => Ok(Self::Secret { client_id, secret: Secret::presented(secret) }),
            (None, None, None, Some(client_id)) => Ok(Self::Name(client_id)),
            (Some(_), None, None, _) | (None, None, _, None) => Err(Refusal::ClientUnclear),
            _ => Err(Refusal::SeveralMethods),
        }
    }

    /// Whose registration to look up. Two different names are refused: one of them would be checked and the other used.
    pub fn id(&self) -> Result<ClientId, Refusal> {
        match self {
            Self::Name(client_id) | Self::Secret { client_id, .. } => Ok(client_id.clone()),
            Self::Assertion { compact, client_id } => {
                let claimed = UnverifiedClientAssertion::parse(compact)?.claimed_client().clone();
                if client_id.as_ref().is_none_or(|id| *id == claimed) { Ok(claimed) } else { Err(Refusal::ClientUnclear) }
            }
        }
    }

    /// Does the work of [`Self::authenticate`] where nobody is registered: an unknown name takes as long as a wrong secret.
    pub fn is_nobodys(&self) -> bool {
        match self {
            Self::Secret { secret, .. } => secret.hash() != Secret::presented("").hash(),
            _ => true,
        }
    }

    /// Takes the registration that [`Self::id`] names, and the certificate of the connection, if there is one. Gives the assertion to be marked as used, where there is one; a public
    /// client has none, its proof is the code's.
    pub fn authenticate(
        &self,
        client: &Client,
        provider: &Provider,
        certificate: Option<&Certificate>,
        now: UnixTime,
    ) -> Result<Option<ClientAssertion>, Refusal> {
        if self.id()? != client.id {
            return Err(Refusal::ClientUnclear);
        }
        match (self, client.authentication) {
            (Self::Name(_), Authentication::None) => Ok(None),
            (Self::Name(_), Authentication::SelfSignedTls | Authentication::Tls) => {
                certificate.ok_or(mutual_tls::Refusal::Missing)?.proves(client)?;
                Ok(None)
            }
            (Self::Secret { secret, .. }, method) if method.is_secret() => {
                let is_right = client.secret.as_ref().is_some_and(|registered| secret.hash() == *registered);
                if is_right { Ok(None) } else { Err(Refusal::Secret) }
            }
            (Self::Assertion { compact, .. }, Authentication::PrivateKeyJwt) => {
                let Provider { issuer, token_endpoint, .. } = provider;
                let audience = client.profile.assertion_audience();
                let expected = client_assertion::Expected { client, issuer, token_endpoint, audience, now };
                Ok(Some(UnverifiedClientAssertion::parse(compact)?.verify(&expected)?))
            }
            _ => Err(Refusal::ClientUnauthenticated),
        }
    }
}

/// RFC 7521 §4.2.
fn assertion(parameters: &Parameters) -> Result<Option<&str>, Refusal> {
    match (parameters.value("client_assertion_type"), parameters.value("client_assertion")) {
        (Some(ASSERTION_TYPE), Some(compact)) => Ok(Some(compact)),
        (None, None) => Ok(None),
        _ => Err(Refusal::AssertionType),
    }
}

/// RFC 7617 §2; both halves are form-encoded first (RFC 6749 §2.3.1), which generated secrets and our ids never need.
fn basic(authorization: &str) -> Result<(ClientId, Secret), Refusal> {
    let (scheme, encoded) = authorization.split_once(' ').ok_or(Refusal::BasicForm)?;
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Refusal::BasicForm)?;
    let (id, secret) = decoded.split_once(':').ok_or(Refusal::BasicForm)?;
    let (id, secret) = (form_decoded(id).ok_or(Refusal::BasicForm)?, form_decoded(secret).ok_or(Refusal::BasicForm)?);
    if !scheme.eq_ignore_ascii_case("basic") || secret.is_empty() {
        return Err(Refusal::BasicForm);
    }
    Ok((id.parse().map_err(|_| Refusal::BasicForm)?, Secret::presented(secret)))
}

/// `application/x-www-form-urlencoded` decoding of one value; `None` where an escape is broken.
fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (escape, after) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(escape).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        client::{ClientKind, tests::client},
        discovery::tests::provider,
        jose::tests::TestKey,
    };

    const NOW: UnixTime = UnixTime::from_seconds(1_000);

    fn read(pairs: &[(&str, &str)], authorization: Option<&str>) -> Result<ClaimedClient, Refusal> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ClaimedClient::read(&Parameters::collect(pairs), authorization)
    }

    fn header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn named(claimed: &ClaimedClient) -> (String, Option<String>) {
        let secret = if let ClaimedClient::Secret { secret, .. } = claimed { Some(secret.reveal().to_owned()) } else { None };
        (claimed.id().unwrap().to_string(), secret)
    }

    #[test]
    fn the_ways_to_say_who_one_is() {
        assert_eq!(named(&read(&[("client_id", "app")], None).unwrap()), ("app".to_owned(), None));
        let post = read(&[("client_id", "app"), ("client_secret", "s")], None).unwrap();
        assert_eq!(named(&post), ("app".to_owned(), Some("s".to_owned())));
        for same in [&[][..], &[("client_id", "app")]] {
            let basic = read(same, Some(&header("app:a%2Bb%3A+c:d"))).unwrap();
            assert_eq!(named(&basic), ("app".to_owned(), Some("a+b: c:d".to_owned())));
        }
        let assertion = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", "a.b.c")];
        assert!(matches!(read(&assertion, None), Ok(ClaimedClient::Assertion { client_id: None, .. })));
    }

    #[test]
    fn no_way_two_ways_and_broken_ways() {
        let (basic, assertion) = (header("app:s"), [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", "a.b.c")]);
        let cases = [
            (read(&[], None), Refusal::ClientUnclear),
            (read(&[("client_id", "App")], None), Refusal::ClientUnclear),
            (read(&[("client_secret", "s")], None), Refusal::ClientUnclear),
            (read(&[("client_id", "other")], Some(&basic)), Refusal::ClientUnclear),
            (read(&[("client_secret", "s")], Some(&basic)), Refusal::SeveralMethods),
            (read(&assertion, Some(&basic)), Refusal::SeveralMethods),
            (read(&[assertion[0], assertion[1], ("client_id", "app"), ("client_secret", "s")], None), Refusal::SeveralMethods),
            (read(&assertion[..1], None), Refusal::AssertionType),
            (read(&assertion[1..], None), Refusal::AssertionType),
            (read(&[("client_assertion_type", "x"), assertion[1]], None), Refusal::AssertionType),
        ];
        for (number, (outcome, refusal)) in cases.into_iter().enumerate() {
            assert_eq!(outcome.err(), Some(refusal), "case {number}");
        }
        let bearer = basic.replace("Basic", "Bearer");
        let unpadded = basic.trim_end_matches('=');
        for wrong in
            ["Basic", "Basic !", &header("app"), &header("app:"), &header("App:s"), &header("app:%zz"), &header("app:%2"), &bearer, unpadded, ""]
        {
            assert_eq!(read(&[], Some(wrong)).err(), Some(Refusal::BasicForm), "{wrong}");
        }
    }

    fn claimed(compact: &str, client_id: Option<&str>) -> ClaimedClient {
        ClaimedClient::Assertion { compact: compact.to_owned(), client_id: client_id.map(|id| id.parse().unwrap()) }
    }

    #[test]
    fn a_client_proves_itself_in_the_way_it_is_registered_for_and_no_other() {
        let key = TestKey::new(Some("k"));
        let registered = Client { keys: key.set(), authentication: Authentication::PrivateKeyJwt, ..client(ClientKind::Confidential, &[]) };
        let of_secret = |secret| Client { authentication: Authentication::SecretBasic, secret, ..client(ClientKind::Confidential, &[]) };
        let shared = of_secret(Some(Secret::presented("s").hash()));
        let public = Client { authentication: Authentication::None, ..client(ClientKind::Browser, &[]) };
        let claims = json!({ "iss": "skolportalen", "sub": "skolportalen", "aud": "https://id.example", "exp": 1_060, "jti": "j" });
        let compact = key.jws(&json!({ "alg": "ES256", "kid": "k" }), &claims);
        let authenticate = |who: &ClaimedClient, client: &Client| who.authenticate(client, &provider(), None, NOW);
        let marked = authenticate(&claimed(&compact, Some("skolportalen")), &registered).unwrap().unwrap();
        assert_eq!(marked, ClientAssertion { jti: "j".to_owned(), expires_at: NOW + handslag_vocab::Seconds(60) });

        let name = ClaimedClient::Name(public.id.clone());
        let secret = |text: &str| ClaimedClient::Secret { client_id: public.id.clone(), secret: Secret::presented(text) };
        assert_eq!(authenticate(&name, &public), Ok(None));
        assert_eq!(authenticate(&secret("s"), &shared), Ok(None));
        assert_eq!(authenticate(&secret("t"), &shared), Err(Refusal::Secret));
        assert_eq!(authenticate(&secret(""), &of_secret(None)), Err(Refusal::Secret), "a secret that was never given is nobody's");
        let wrong_way = [(&name, &registered), (&name, &shared), (&secret("s"), &public), (&secret("s"), &registered)];
        for (way, client) in wrong_way {
            assert_eq!(authenticate(way, client), Err(Refusal::ClientUnauthenticated));
        }
        assert_eq!(authenticate(&claimed(&compact, None), &public), Err(Refusal::ClientUnauthenticated));
        assert_eq!(authenticate(&claimed(&compact, None), &shared), Err(Refusal::ClientUnauthenticated));
        assert_eq!(authenticate(&claimed(&compact, Some("annan")), &registered), Err(Refusal::ClientUnclear));
        assert_eq!(authenticate(&ClaimedClient::Name("annan".parse().unwrap()), &public), Err(Refusal::ClientUnclear));
        assert_eq!(claimed("a.b", None).id().unwrap_err().oauth(), OAuthError::InvalidClient);
    }
}
