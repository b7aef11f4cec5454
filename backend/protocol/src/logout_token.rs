//! The logout token (OpenID Connect Back-Channel Logout 1.0 §2.4): tells one client that one log-in of one person has ended.
//!
//! It has no `nonce`, so that it can never be taken for an ID Token, and a `jti` of its own at every try.

use handslag_vocab::{ClientId, Seconds, UnixTime};
use serde_json::{Map, Value, json};

use crate::jose::{Algorithm, UnsignedJws};

/// §2.4: two minutes at most are recommended.
pub const LIFETIME: Seconds = Seconds::minutes(2);

/// The one event (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A logout token before it is signed.
#[derive(Clone, Debug)]
pub struct LogoutToken {
    /// `iss`.
    pub issuer: String,
    /// `sub`: as in the client's ID Tokens.
    pub subject: String,
    /// `aud`.
    pub client_id: ClientId,
    /// `sid`: as in the client's ID Tokens.
    pub session: String,
    /// `jti`.
    pub id: String,
    /// `iat`; `exp` follows from it.
    pub issued_at: UnixTime,
}

impl LogoutToken {
    /// The claims as they will be signed.
    pub fn claims(&self) -> Map<String, Value> {
        let claims = json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.client_id,
            "iat": self.issued_at.seconds(),
            "exp": (self.issued_at + LIFETIME).seconds(),
            "jti": self.id,
            "sid": self.session,
            "events": { EVENT: {} },
        });
        claims.as_object().cloned().unwrap_or_default()
    }

    /// Takes algorithm and id of the key that will sign: the ones of the client's ID Tokens (§2.4).
    pub fn unsigned(&self, (algorithm, kid): (Algorithm, &str)) -> UnsignedJws {
        UnsignedJws::new("logout+jwt", algorithm, kid, self.claims())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 28.
    #[test]
    fn a_logout_token_is_this_and_can_be_no_id_token() {
        let token = LogoutToken {
            issuer: "https://id.example".to_owned(),
            subject: "k3".to_owned(),
            client_id: "skolportalen".parse().unwrap(),
            session: "ses_1".to_owned(),
            id: "j".to_owned(),
            issued_at: UnixTime::from_seconds(1_000),
        };
        let expected = json!({
            "iss": "https://id.example", "sub": "k3", "aud": "skolportalen", "iat": 1_000, "exp": 1_120, "jti": "j", "sid": "ses_1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(Value::Object(token.claims()), expected);
        let header = String::from_utf8(token.unsigned((Algorithm::Es256, "k")).to_be_signed().to_vec()).unwrap();
        let header = crate::base64url::decode(header.split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["typ"], "logout+jwt");
    }
}
