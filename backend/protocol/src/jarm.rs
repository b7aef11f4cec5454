//! Signed authorization responses (JARM): the answer as one token, so that nobody in between swaps a code or a state, and the
//! client sees from whom it is before it looks further.

use handslag_vocab::{Seconds, UnixTime};
use rand_core::CryptoRng;
use serde_json::{Map, Value};

use crate::{
    client::Client,
    jose::{self, Algorithm, UnsignedJws, jwe},
    oauth_error::{Answer, Delivery, ReplyTo},
};

/// JARM §2.1 recommends ten minutes at most; the code within lives shorter.
pub const LIFETIME: Seconds = Seconds::minutes(10);

/// The response before it is signed: what would stand in the query, with `iss`, `aud` and `exp` (JARM §2.1).
pub fn unsigned(reply_to: &ReplyTo, answer: &Answer<'_>, client: &Client, key: (Algorithm, &str), now: UnixTime) -> UnsignedJws {
    let mut claims: Map<String, Value> = reply_to.parameters(answer).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    claims.insert("aud".to_owned(), client.id.as_str().into());
    claims.insert("exp".to_owned(), (now + LIFETIME).seconds().into());
    UnsignedJws::new("JWT", key.0, key.1, claims)
}

/// Takes the signed response and gives how it travels: encrypted first where the client registered that (JARM §2.2).
pub fn deliver(reply_to: &ReplyTo, signed: String, client: &Client, rng: &mut dyn CryptoRng) -> Result<Delivery, jose::Refusal> {
    let response = match client.recipient(&client.registration.authorization_response)? {
        Some(recipient) => jwe::encrypt(signed.as_bytes(), Some("JWT"), &recipient, rng)?,
        None => signed,
    };
    Ok(reply_to.deliver_signed(response))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        client::{ClientKind, Protection, tests::client},
        jose::{
            Expected, JwkSet, Type, UnverifiedJws,
            jwe::{ContentEncryption, KeyManagement, UnverifiedJwe, tests::Counting},
            tests::TestKey,
        },
        oauth_error::OAuthError,
        response_mode::ResponseMode,
    };

    const NOW: UnixTime = UnixTime::from_seconds(1_000);

    fn reply(mode: ResponseMode) -> ReplyTo {
        let plain = ReplyTo::stored("https://id.example".to_owned(), "https://skola.example/cb?t=1".to_owned(), Some("st&x".to_owned()));
        ReplyTo { mode, ..plain }
    }

    fn signed(key: &TestKey, answer: &Answer<'_>) -> String {
        let unsigned = unsigned(&reply(ResponseMode::QueryJwt), answer, &client(ClientKind::Confidential, &[]), (Algorithm::Es256, "k"), NOW);
        let signature = key.sign(unsigned.to_be_signed());
        unsigned.signed(&signature).unwrap()
    }

    fn claims(key: &TestKey, compact: &str) -> Value {
        let expected = Expected { algorithms: &[Algorithm::Es256], typ: Type::Explicit("jwt") };
        let claims = UnverifiedJws::parse(compact).unwrap().verify(&key.set(), expected).unwrap().claims().unwrap();
        Value::Object(claims.members().clone())
    }

    #[test]
    fn the_response_says_from_whom_to_whom_until_when_and_what() {
        let key = TestKey::new(Some("k"));
        let about = json!({ "iss": "https://id.example", "aud": "skolportalen", "exp": 1_600, "state": "st&x" });
        let with = |more: Value| {
            let mut all = about.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        assert_eq!(claims(&key, &signed(&key, &Answer::Code("c"))), with(json!({ "code": "c" })));
        let denied = signed(&key, &Answer::Error(OAuthError::AccessDenied, "no"));
        assert_eq!(claims(&key, &denied), with(json!({ "error": "access_denied", "error_description": "no" })));
        let inner = signed(&key, &Answer::Error(OAuthError::InvalidGrant, "no"));
        assert_eq!(claims(&key, &inner)["error"], "server_error", "a token endpoint's code never travels through a redirect");
    }

    #[test]
    fn the_only_parameter_is_the_response() {
        let client = client(ClientKind::Confidential, &[]);
        let mut rng = Counting(5);
        let query = deliver(&reply(ResponseMode::QueryJwt), "a.b.c".to_owned(), &client, &mut rng);
        assert_eq!(query, Ok(Delivery::Redirect("https://skola.example/cb?t=1&response=a.b.c".to_owned())));
        let form = deliver(&reply(ResponseMode::FormPostJwt), "a.b.c".to_owned(), &client, &mut rng);
        let fields = vec![("response", "a.b.c".to_owned())];
        assert_eq!(form, Ok(Delivery::Form { action: "https://skola.example/cb?t=1".to_owned(), fields }));
    }

    #[test]
    fn an_unsigned_form_has_the_same_fields_as_a_query() {
        let fields = [("code", "c"), ("state", "st&x"), ("iss", "https://id.example")].map(|(name, value)| (name, value.to_owned()));
        let form = reply(ResponseMode::FormPost).deliver(&Answer::Code("c"));
        assert_eq!(form, Delivery::Form { action: "https://skola.example/cb?t=1".to_owned(), fields: fields.to_vec() });
        let address = "https://skola.example/cb?t=1&code=c&state=st%26x&iss=https%3A%2F%2Fid.example".to_owned();
        assert_eq!(reply(ResponseMode::Query).deliver(&Answer::Code("c")), Delivery::Redirect(address));
    }

    #[test]
    fn where_encryption_is_registered_nothing_goes_in_the_clear() {
        let key = TestKey::new(Some("k"));
        let encrypted = Some((KeyManagement::EcdhEs, ContentEncryption::A256Gcm));
        let mut client = client(ClientKind::Confidential, &[]);
        client.registration.authorization_response = Protection { signed: None, encrypted };
        let refused = deliver(&reply(ResponseMode::QueryJwt), "a.b.c".to_owned(), &client, &mut Counting(6));
        assert_eq!(refused, Err(jose::Refusal::KeyUnknown));
        client.keys = JwkSet::new(vec![key.jwk.clone().for_encryption(KeyManagement::EcdhEs).unwrap()]).unwrap();
        let Ok(Delivery::Form { fields, .. }) = deliver(&reply(ResponseMode::FormPostJwt), "a.b.c".to_owned(), &client, &mut Counting(6)) else {
            panic!("a form");
        };
        let jwe = UnverifiedJwe::parse(&fields[0].1).unwrap();
        assert_eq!((jwe.kid(), jwe.key_management(), fields.len()), (Some("k"), KeyManagement::EcdhEs, 1));
    }
}
