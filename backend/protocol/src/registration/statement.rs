//! Software statements (RFC 7591 §2.3): what somebody whom the policy trusts says about a program, signed.

use handslag_vocab::{Seconds, UnixTime};

use super::Refusal;
use crate::jose::{Algorithm, Claims, Expected, JwkSet, Type, UnverifiedJws};

/// Clocks differ.
const SKEW: Seconds = Seconds(60);

/// A statement that nobody has verified.
#[derive(Debug)]
pub struct UnverifiedStatement<'a> {
    jws: UnverifiedJws<'a>,
    issuer: String,
}

impl<'a> UnverifiedStatement<'a> {
    /// Takes the member `software_statement`.
    pub fn parse(compact: &'a str) -> Result<Self, Refusal> {
        let jws = UnverifiedJws::parse(compact).map_err(|_| Refusal::Statement)?;
        let issuer = jws.unverified_text("iss").ok_or(Refusal::Statement)?;
        Ok(Self { jws, issuer })
    }

    /// Who it says signed it: to look up the policy's keys, for nothing else.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Verifies with the keys of that issuer. A statement may have no end (§2.3); one that has ended says nothing more.
    pub fn verify(self, keys: &JwkSet, now: UnixTime) -> Result<Claims, Refusal> {
        let expected = Expected { algorithms: &Algorithm::ALL, typ: Type::OrdinaryOr("software-statement+jwt") };
        let claims = self.jws.verify(keys, expected).and_then(|verified| verified.claims()).map_err(|_| Refusal::Statement)?;
        let holds = |name: &str, is_right: &dyn Fn(UnixTime) -> bool| !claims.members().contains_key(name) || claims.time(name).is_some_and(is_right);
        let is_alive = holds("exp", &|end| now < end) && holds("nbf", &|start| start <= now + SKEW) && holds("iat", &|made| made <= now + SKEW);
        if is_alive && claims.text("iss") == Some(self.issuer.as_str()) { Ok(claims) } else { Err(Refusal::Statement) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::tests::TestKey;

    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);

    #[test]
    fn a_statement_counts_with_its_issuers_key_and_within_its_time() {
        let (key, other) = (TestKey::new(Some("k")), TestKey::new(Some("k")));
        let verify = |claims: serde_json::Value, keys: &JwkSet| {
            let compact = key.jws(&json!({ "alg": "ES256", "kid": "k" }), &claims);
            UnverifiedStatement::parse(&compact)
                .and_then(|statement| statement.verify(keys, NOW))
                .map(|claims| claims.text("software_id").map(str::to_owned))
        };
        let right = json!({ "iss": "https://skolverket.example", "software_id": "prov" });
        assert_eq!(verify(right.clone(), &key.set()), Ok(Some("prov".to_owned())));
        assert_eq!(verify(right, &other.set()), Err(Refusal::Statement));
        let wrong = [
            json!({ "software_id": "prov" }),
            json!({ "iss": 1 }),
            json!({ "iss": "a", "exp": NOW.seconds() }),
            json!({ "iss": "a", "exp": "soon" }),
            json!({ "iss": "a", "nbf": NOW.seconds() + 61 }),
            json!({ "iss": "a", "iat": NOW.seconds() + 61 }),
        ];
        for claims in wrong {
            assert_eq!(verify(claims.clone(), &key.set()), Err(Refusal::Statement), "{claims}");
        }
        let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.";
        assert!(UnverifiedStatement::parse(unsigned).is_err() && UnverifiedStatement::parse("a.b").is_err());
    }
}
