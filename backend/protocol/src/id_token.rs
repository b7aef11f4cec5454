//! The ID Token (OIDC Core §2, OIDC Sweden profile §3.2): what happened at this log-in, for this client, for five minutes.
//!
//! `acr`, `amr` and `auth_time` tell our own record. A released claim can never replace a claim of the protocol.

use handslag_vocab::{ApprovalId, ClientId, Seconds, UnixTime};
use serde_json::{Map, Value};

use crate::jose::{Algorithm, UnsignedJws};

/// OIDC Sweden profile §3.2.1.2: never longer.
pub const LIFETIME: Seconds = Seconds::minutes(5);

/// What was done to authenticate (RFC 8176 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationMethod {
    /// `hwk`: a key that cannot leave its hardware.
    HardwareKey,
    /// `mfa`: two factors.
    Multifactor,
    /// `pin`.
    Pin,
    /// `swk`: a key that may be copied.
    SoftwareKey,
    /// `user`: somebody was present.
    UserPresence,
}

impl AuthenticationMethod {
    /// The registered value.
    pub const fn value(self) -> &'static str {
        match self {
            Self::HardwareKey => "hwk",
            Self::Multifactor => "mfa",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
            access_token: None,
            released: Map::new(),
        }
    }

    /// OP-12.
    #[test]
    fn the_claims_are_these() {
        let expected = json!({
            "iss": "https://id.example", "sub": "k3", "aud": "skolportalen", "azp": "skolportalen", "iat": 1000, "exp": 1300, "auth_time": 900,
            "acr": "http://id.swedenconnect.se/loa/1.0/uncertified-loa2", "amr": ["hwk", "user"], "nonce": "n", "txn": "txn_0123456789abcdefghjkmnpqrs",
        });
        assert_eq!(Value::Object(token().claims(Algorithm::Es256)), expected);
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
        let forged = json!({ "iss": "x", "sub": "x", "aud": "x", "exp": 9, "acr": "x", "nonce": "x", "txn": "x", "at_hash": "x", "name": "Åsa" });
        let token = IdToken { released: forged.as_object().unwrap().clone(), nonce: None, transaction: None, ..token() };
        let claims = token.claims(Algorithm::Es256);
        assert_eq!(claims["name"], "Åsa");
        for name in ["iss", "sub", "aud", "exp", "acr"] {
            assert_ne!(claims[name], forged[name], "{name}");
        }
        for name in ["nonce", "txn", "at_hash"] {
            assert!(!claims.contains_key(name), "{name}");
        }
    }
}
