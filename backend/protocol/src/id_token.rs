//! The ID Token (OIDC Core §2, OIDC Sweden profile §3.2): what happened at this log-in, for this client, for five minutes.
//!
//! `acr`, `amr` and `auth_time` tell our own record. A released claim can never replace a claim of the protocol.

use handslag_vocab::{ApprovalId, ClientId, Seconds, UnixTime};
use serde_json::{Map, Value};

use crate::{
    jose::{self, Algorithm, Expected, JwkSet, Type, UnsignedJws, UnverifiedJws},
    refusal::refusals,
};

refusals! {
    /// Why a text that comes as `id_token_hint` says nothing.
    pub enum Refusal {
        /// OIDC Core §2.
        Claims = "id_token_hint_claims", "id_token_hint lacks a claim of an ID Token";
        /// OIDC Core §3.1.2.1.
        Issuer = "id_token_hint_iss", "id_token_hint was not issued here";
    }
    wraps {
        /// The signature is not by a key of ours, or the type is another.
        Jws(jose::Refusal);
    }
}

/// OIDC Sweden profile §3.2.1.2: never longer.
pub const LIFETIME: Seconds = Seconds::minutes(5);

/// What was done to authenticate: values of RFC 8176 §2, and two of our own that tell how the yes came (docs/integrating.md). By which
/// transport a key was reached is never told: nothing proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationMethod {
    /// `hwk`: a key that cannot leave its hardware.
    HardwareKey,
    /// `qr`: a moving code on another screen led the phone here. Whoever relays it in time is not seen.
    MovingQr,
    /// `mfa`: two factors.
    Multifactor,
    /// `passkey`: a WebAuthn assertion for our address in the browser that logs in.
    Passkey,
    /// `pin`.
    Pin,
    /// `swk`: a key that may be copied.
    SoftwareKey,
    /// `user`: somebody was present.
    UserPresence,
}

impl AuthenticationMethod {
    /// The value.
    pub const fn value(self) -> &'static str {
        match self {
            Self::HardwareKey => "hwk",
            Self::MovingQr => "qr",
            Self::Multifactor => "mfa",
            Self::Passkey => "passkey",
            Self::Pin => "pin",
            Self::SoftwareKey => "swk",
            Self::UserPresence => "user",
        }
    }
}

/// An ID Token before it is signed.
#[derive(Clone, Debug)]
pub struct IdToken {
    /// `iss`.
    pub issuer: String,
    /// `sub`: opaque, never personal data (profile §3.2.1.1).
    pub subject: String,
    /// `aud` and `azp`.
    pub client_id: ClientId,
    /// `iat`; `exp` follows from it.
    pub issued_at: UnixTime,
    /// When the person was authenticated; with single sign-on the first time.
    pub auth_time: UnixTime,
    /// The level really reached and told.
    pub acr: &'static str,
    /// What was done.
    pub amr: Vec<AuthenticationMethod>,
    /// As the client sent it.
    pub nonce: Option<String>,
    /// `txn`: the approval that this log-in rests on (RFC 8417 §2.2; SE-19).
    pub transaction: Option<ApprovalId>,
    /// `sid`: the log-in in one browser, for one client (OpenID Connect Back-Channel Logout §2.1).
    pub session: Option<String>,
    /// The access token that comes with it, for `at_hash`.
    pub access_token: Option<String>,
    /// Released claims, from [`crate::release::for_id_token`].
    pub released: Map<String, Value>,
}

impl IdToken {
    /// The claims as they will be signed with this algorithm.
    pub fn claims(&self, algorithm: Algorithm) -> Map<String, Value> {
        let mut claims = self.released.clone();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", self.issuer.as_str().into());
        put("sub", self.subject.as_str().into());
        put("aud", self.client_id.as_str().into());
        put("azp", self.client_id.as_str().into());
        put("iat", self.issued_at.seconds().into());
        put("exp", (self.issued_at + LIFETIME).seconds().into());
        put("auth_time", self.auth_time.seconds().into());
        put("acr", self.acr.into());
        put("amr", self.amr.iter().map(|method| method.value()).collect());
        let optional = [
            ("nonce", self.nonce.clone()),
            ("sid", self.session.clone()),
            ("txn", self.transaction.as_ref().map(ToString::to_string)),
            ("at_hash", self.access_token.as_deref().map(|token| algorithm.half_hash(token))),
        ];
        for (name, value) in optional {
            claims.remove(name);
            claims.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        claims
    }

    /// Takes the algorithm that the client registered, and the id of the key that will sign.
    pub fn unsigned(&self, (algorithm, kid): (Algorithm, &str)) -> UnsignedJws {
        UnsignedJws::new("JWT", algorithm, kid, self.claims(algorithm))
    }
}

/// What an ID Token of ours says when it comes back (OIDC Core §3.1.2.1 `id_token_hint`, RP-Initiated Logout §2). It proves nothing
/// about who sends it, so it is a hint at who it must be and at which log-in is meant, and opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedIdToken {
    /// `sub`.
    pub subject: String,
    /// `aud`.
    pub client_id: ClientId,
    /// `sid`, if it has one.
    pub session: Option<String>,
}

impl ReturnedIdToken {
    /// Takes the compact form and every key that ever signed ID Tokens here and is not compromised: an ID Token that has run out, by a
    /// key that has retired, is as good a hint (attack 38).
    pub fn read(compact: &str, keys: &JwkSet, issuer: &str) -> Result<Self, Refusal> {
        let expected = Expected { algorithms: &Algorithm::OURS, typ: Type::OrdinaryOr("jwt") };
        let claims = UnverifiedJws::parse(compact)?.verify(keys, expected)?.claims()?;
        if claims.text("iss") != Some(issuer) {
            return Err(Refusal::Issuer);
        }
        // Other tokens of ours have the same type; none of them has these two.
        let is_id_token = claims.time("auth_time").is_some() && claims.time("exp").is_some();
        let read = || {
            let (subject, client_id) = (claims.text("sub")?.to_owned(), claims.text("aud")?.parse().ok()?);
            Some(Self { subject, client_id, session: claims.text("sid").map(str::to_owned) })
        };
        read().filter(|_| is_id_token).ok_or(Refusal::Claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::tests::TestKey;

    fn token() -> IdToken {
        IdToken {
            issuer: "https://id.example".to_owned(),
            subject: "k3".to_owned(),
            client_id: "skolportalen".parse().unwrap(),
            issued_at: UnixTime::from_seconds(1_000),
            auth_time: UnixTime::from_seconds(900),
            acr: "http://id.swedenconnect.se/loa/1.0/uncertified-loa2",
            amr: vec![AuthenticationMethod::HardwareKey, AuthenticationMethod::UserPresence],
            nonce: Some("n".to_owned()),
            transaction: Some("txn_0123456789abcdefghjkmnpqrs".parse().unwrap()),
            session: Some("ses_1".to_owned()),
            access_token: None,
            released: Map::new(),
        }
    }

    /// OP-12.
    #[test]
    fn the_claims_are_these() {
        let expected = json!({
            "iss": "https://id.example", "sub": "k3", "aud": "skolportalen", "azp": "skolportalen", "iat": 1000, "exp": 1300, "auth_time": 900,
            "acr": "http://id.swedenconnect.se/loa/1.0/uncertified-loa2", "amr": ["hwk", "user"], "nonce": "n", "txn": "txn_0123456789abcdefghjkmnpqrs", "sid": "ses_1",
        });
        assert_eq!(Value::Object(token().claims(Algorithm::Es256)), expected);
    }

    /// Attack 38: an ID Token that has run out, whoever of ours signed it, is a hint; nothing else is one.
    #[test]
    fn only_an_id_token_of_ours_is_a_hint() {
        let (key, other) = (TestKey::new(Some("k")), TestKey::new(Some("k")));
        let signed = |unsigned: UnsignedJws, key: &TestKey| {
            let signature = key.sign(unsigned.to_be_signed());
            unsigned.signed(&signature).unwrap()
        };
        let read = |compact: &str| ReturnedIdToken::read(compact, &key.set(), "https://id.example");
        let right = signed(token().unsigned((Algorithm::Es256, "k")), &key);
        let hint = ReturnedIdToken { subject: "k3".to_owned(), client_id: "skolportalen".parse().unwrap(), session: Some("ses_1".to_owned()) };
        assert_eq!(read(&right), Ok(hint));
        assert_eq!(ReturnedIdToken::read(&right, &key.set(), "https://other.example"), Err(Refusal::Issuer));
        assert!(matches!(read(&signed(token().unsigned((Algorithm::Es256, "k")), &other)), Err(Refusal::Jws(_))));
        assert!(matches!(read("a.b.c"), Err(Refusal::Jws(_))));
        let wrong_type = UnsignedJws::new("logout+jwt", Algorithm::Es256, "k", token().claims(Algorithm::Es256));
        assert!(matches!(read(&signed(wrong_type, &key)), Err(Refusal::Jws(_))));
        for missing in ["sub", "aud", "auth_time", "exp"] {
            let mut claims = token().claims(Algorithm::Es256);
            claims.remove(missing);
            assert_eq!(read(&signed(UnsignedJws::new("JWT", Algorithm::Es256, "k", claims), &key)), Err(Refusal::Claims), "{missing}");
        }
    }

    /// The access token and hash of OIDC Core appendix A.3 (`id_token token`).
    #[test]
    fn at_hash_of_the_specification() {
        assert_eq!(Algorithm::Rs256.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
        // Each algorithm its own hash: 16, 24 and 32 bytes of it.
        let lengths = Algorithm::ALL.map(|algorithm| algorithm.half_hash("token").len());
        assert_eq!(lengths, [43, 22, 32, 43, 22, 32, 43, 22, 32, 43]);
    }

    #[test]
    fn no_released_claim_replaces_one_of_the_protocol() {
        let forged =
            json!({ "iss": "x", "sub": "x", "aud": "x", "exp": 9, "acr": "x", "nonce": "x", "txn": "x", "sid": "x", "at_hash": "x", "name": "Åsa" });
        let token = IdToken { released: forged.as_object().unwrap().clone(), nonce: None, transaction: None, session: None, ..token() };
        let claims = token.claims(Algorithm::Es256);
        assert_eq!(claims["name"], "Åsa");
        for name in ["iss", "sub", "aud", "exp", "acr"] {
            assert_ne!(claims[name], forged[name], "{name}");
        }
        for name in ["nonce", "txn", "sid", "at_hash"] {
            assert!(!claims.contains_key(name), "{name}");
        }
    }
}
