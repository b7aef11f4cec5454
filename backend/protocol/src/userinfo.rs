//! UserInfo (OIDC Core §5.3, OIDC Sweden profile §4): the claims that the person was shown, as JSON or signed.

use handslag_vocab::ClientId;
use serde_json::{Map, Value};

use crate::jose::{Algorithm, UnsignedJws};

/// A UserInfo answer.
#[derive(Clone, Debug)]
pub struct UserInfo {
    /// The same `sub` as in the ID Token.
    pub subject: String,
    /// Released claims, from [`crate::release::for_userinfo`].
    pub released: Map<String, Value>,
}

impl UserInfo {
    /// The answer as `application/json`.
    pub fn claims(&self) -> Map<String, Value> {
        let mut claims = self.released.clone();
        claims.insert("sub".to_owned(), self.subject.as_str().into());
        claims
    }

    /// The answer as `application/jwt` for one client (OIDC Core §5.3.2), before this key signs it.
    pub fn unsigned(&self, issuer: &str, client_id: &ClientId, (algorithm, kid): (Algorithm, &str)) -> UnsignedJws {
        let mut claims = self.claims();
        claims.insert("iss".to_owned(), issuer.into());
        claims.insert("aud".to_owned(), client_id.as_str().into());
        UnsignedJws::new("JWT", algorithm, kid, claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::{self, Type, UnverifiedJws, tests::TestKey};

    fn answer() -> UserInfo {
        let released = json!({ "name": "Åsa Öberg", "sub": "forged", "iss": "forged", "aud": "forged" });
        UserInfo { subject: "k3".to_owned(), released: released.as_object().unwrap().clone() }
    }

    #[test]
    fn the_signed_answer_names_issuer_and_client_and_is_no_access_token() {
        let key = TestKey::new(Some("k"));
        let unsigned = answer().unsigned("https://id.example", &"skolportalen".parse().unwrap(), (Algorithm::Es256, "k"));
        let signature = key.sign(unsigned.to_be_signed());
        let compact = unsigned.signed(&signature).unwrap();
        let verify = |typ| UnverifiedJws::parse(&compact).unwrap().verify(&key.set(), jose::Expected { algorithms: &[Algorithm::Es256], typ });
        let claims = verify(Type::Explicit("jwt")).unwrap().claims().unwrap();
        let expected = json!({ "name": "Åsa Öberg", "sub": "k3", "iss": "https://id.example", "aud": "skolportalen" });
        assert_eq!(Value::Object(claims.members().clone()), expected);
        assert_eq!(verify(Type::Explicit("at+jwt")), Err(jose::Refusal::Type));
    }
}
