//! Published vectors first; then keys of our own, made once, for what no vector covers.

mod algorithms;
pub(in crate::jose) mod published;

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A P-256 key of a test, with the public half as a JWK.
pub(crate) struct TestKey {
    pair: EcdsaKeyPair,
    pub(crate) jwk: Jwk,
}

impl TestKey {
    pub(crate) fn new(kid: Option<&str>) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let jwk = Jwk::from_p256_point(pair.public_key().as_ref(), kid.map(str::to_owned)).unwrap();
        Self { pair, jwk }
    }

    pub(crate) fn set(&self) -> JwkSet {
        JwkSet::new(vec![self.jwk.clone()]).unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// A compact JWS with exactly this header and payload.
    pub(crate) fn jws(&self, header: &serde_json::Value, payload: &serde_json::Value) -> String {
        self.raw_jws(&header.to_string(), &payload.to_string())
    }

    pub(crate) fn raw_jws(&self, header: &str, payload: &str) -> String {
        let signing_input = format!("{}.{}", crate::base64url::encode(header), crate::base64url::encode(payload));
        let signature = self.sign(signing_input.as_bytes());
        format!("{signing_input}.{}", crate::base64url::encode(signature))
    }
}

/// One RSA key for all tests: making it takes a noticeable time.
pub(crate) struct TestRsaKey {
    pair: RsaKeyPair,
    pub(crate) jwk: Jwk,
}

impl TestRsaKey {
    pub(crate) fn jws(&self, header: &serde_json::Value, payload: &serde_json::Value) -> String {
        let signing_input = format!("{}.{}", crate::base64url::encode(header.to_string()), crate::base64url::encode(payload.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signing_input.as_bytes(), &mut signature).unwrap();
        format!("{signing_input}.{}", crate::base64url::encode(signature))
    }
}

pub(crate) static RSA: LazyLock<TestRsaKey> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = aws_lc_rs::signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let (n, e) = (crate::base64url::encode(public.n), crate::base64url::encode(public.e));
    let jwk = Jwk::parse(&json!({ "kty": "RSA", "kid": "rsa", "n": n, "e": e }).to_string()).unwrap();
    TestRsaKey { pair, jwk }
});

static KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Some("k1")));

const ANY: Expected<'_> = Expected { algorithms: &Algorithm::ALL, typ: Type::OrdinaryOr("test+jwt") };

fn verify(compact: &str, keys: &JwkSet) -> Result<VerifiedJws, Refusal> {
    UnverifiedJws::parse(compact)?.verify(keys, ANY)
}

/// RFC 8037 appendix A.2 to A.4.
#[test]
fn the_ed25519_key_and_signature_of_rfc_8037() {
    let key = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#).unwrap();
    assert_eq!(key.thumbprint().to_base64url(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let keys = JwkSet::new(vec![key]).unwrap();
    assert_eq!(verify(jws, &keys).unwrap().payload(), b"Example of Ed25519 signing");
    assert_eq!(verify(&jws.replace("RXhh", "RXhi"), &keys), Err(Refusal::Signature));
}

/// RFC 7638 §3.1.
#[test]
fn the_thumbprint_of_rfc_7638() {
    let key = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(Jwk::parse(key).unwrap().thumbprint().to_base64url(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn a_published_key_reads_back_and_holds_nothing_private() {
    let keys = JwkSet::new(vec![KEY.jwk.clone(), RSA.jwk.clone()]).unwrap();
    assert_eq!(JwkSet::parse(&keys.to_json().to_string()).unwrap(), keys);
    let key = KEY.jwk.clone().named_by_thumbprint();
    assert_eq!(key.kid().unwrap(), KEY.jwk.thumbprint().to_base64url());
    let members: std::collections::BTreeSet<String> = key.to_json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members.into_iter().collect::<Vec<_>>(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
}

#[test]
fn key_sets_that_are_wrong() {
    let with = |change: serde_json::Value| {
        let mut key = KEY.jwk.to_json();
        key.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Jwk::parse(&key.to_string())
    };
    assert!(with(json!({})).is_ok() && with(json!({ "key_ops": ["verify"] })).is_ok());
    assert_eq!(with(json!({ "use": "enc", "alg": "ECDH-ES", "key_ops": ["deriveBits"] })).map(|key| key.verifies(Algorithm::Es256)), Ok(false));
    assert_eq!(with(json!({ "d": "AAAA" })), Err(Refusal::PrivateKey));
    assert_eq!(with(json!({ "k": "AAAA" })), Err(Refusal::PrivateKey));
    let wrong = [
        json!({ "use": "enc" }),
        json!({ "alg": "ES384" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "ECDH-ES" }),
        json!({ "alg": "RSA-OAEP", "use": "enc" }),
        json!({ "use": "tls" }),
        json!({ "key_ops": "verify" }),
        json!({ "kty": "oct" }),
        json!({ "kty": "OKP" }),
        json!({ "crv": "P-521" }),
        json!({ "crv": "secp256k1" }),
        json!({ "kty": "RSA" }),
        json!({ "crv": "P-384" }),
        json!({ "x": "AAAA" }),
        json!({ "x": KEY.jwk.to_json()["y"] }),
        json!({ "key_ops": ["sign"] }),
        json!({ "kid": 1 }),
        json!({ "x": 1 }),
        json!({ "kty": ["EC"] }),
    ];
    for change in wrong {
        assert_eq!(with(change.clone()), Err(Refusal::Key), "{change}");
    }
    let twice = json!({ "keys": [KEY.jwk.to_json(), KEY.jwk.to_json()] });
    assert_eq!(JwkSet::parse(&twice.to_string()), Err(Refusal::KidRepeated));
    let private = json!({ "keys": [KEY.jwk.to_json(), { "kty": "oct", "k": "AAAA" }] });
    assert_eq!(JwkSet::parse(&private.to_string()), Err(Refusal::PrivateKey));
    let foreign = json!({ "keys": [{ "kty": "OKP", "crv": "X25519", "x": "AAAA" }, KEY.jwk.to_json()] });
    assert_eq!(JwkSet::parse(&foreign.to_string()).unwrap(), KEY.set());
    for wrong in ["{}", "[]", "", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(JwkSet::parse(wrong), Err(Refusal::Key), "{wrong}");
    }
}

#[test]
fn nothing_in_a_header_brings_another_key_or_algorithm() {
    let claims = json!({ "sub": "x" });
    assert!(verify(&KEY.jws(&json!({ "alg": "ES256", "kid": "k1" }), &claims), &KEY.set()).is_ok());
    let embedded = KEY.jwk.to_json();
    let cases = [
        (json!({ "alg": "none" }), Refusal::Algorithm),
        (json!({ "alg": "None" }), Refusal::Algorithm),
        (json!({ "alg": "HS256", "kid": "k1" }), Refusal::Algorithm),
        (json!({ "alg": "es256" }), Refusal::Algorithm),
        (json!({ "alg": "ES512" }), Refusal::KeyUnknown),
        (json!({ "alg": "ES512", "kid": "k1" }), Refusal::Algorithm),
        (json!({ "alg": "ES256K" }), Refusal::Algorithm),
        (json!({ "alg": "HS512", "kid": "k1" }), Refusal::Algorithm),
        (json!({ "alg": "RS256", "kid": "k1" }), Refusal::Algorithm),
        (json!({ "alg": "RS256" }), Refusal::KeyUnknown),
        (json!({ "kid": "k1" }), Refusal::Algorithm),
        (json!({ "alg": 1 }), Refusal::Header),
        (json!({ "alg": "ES256", "kid": "k2" }), Refusal::KeyUnknown),
        (json!({ "alg": "ES256", "kid": 1 }), Refusal::Header),
        (json!({ "alg": "ES256", "typ": "at+jwt" }), Refusal::Type),
        (json!({ "alg": "ES256", "crit": ["exp"] }), Refusal::Critical),
        (json!({ "alg": "ES256", "crit": [], "b64": false }), Refusal::Critical),
        (json!({ "alg": "ES256", "jku": "https://evil.test/jwks" }), Refusal::KeyInHeader),
        (json!({ "alg": "ES256", "x5u": "https://evil.test/x" }), Refusal::KeyInHeader),
        (json!({ "alg": "ES256", "x5c": ["AAAA"] }), Refusal::KeyInHeader),
        (json!({ "alg": "ES256", "jwk": embedded }), Refusal::KeyInHeader),
        (json!({ "alg": "ES256", "jwk": "x" }), Refusal::Header),
    ];
    for (header, refusal) in cases {
        assert_eq!(verify(&KEY.jws(&header, &claims), &KEY.set()), Err(refusal), "{header}");
    }
    let doubled = KEY.raw_jws(r#"{"alg":"ES256","alg":"ES256"}"#, "{}");
    assert_eq!(verify(&doubled, &KEY.set()), Err(Refusal::Header));
}

#[test]
fn algorithms_and_types_are_the_callers_choice() {
    let token = RSA.jws(&json!({ "alg": "RS256", "kid": "rsa", "typ": "application/at+JWT" }), &json!({}));
    let keys = JwkSet::new(vec![RSA.jwk.clone(), KEY.jwk.clone()]).unwrap();
    let verify = |algorithms, typ| UnverifiedJws::parse(&token).unwrap().verify(&keys, Expected { algorithms, typ });
    assert!(verify(&[Algorithm::Rs256], Type::Explicit("at+jwt")).is_ok());
    assert_eq!(verify(&[Algorithm::Es256], Type::Explicit("at+jwt")), Err(Refusal::Algorithm));
    assert_eq!(verify(&[], Type::Explicit("at+jwt")), Err(Refusal::Algorithm));
    assert_eq!(verify(&[Algorithm::Rs256], Type::Explicit("dpop+jwt")), Err(Refusal::Type));
    assert_eq!(verify(&[Algorithm::Rs256], Type::OrdinaryOr("test+jwt")), Err(Refusal::Type));
}

#[test]
fn without_an_id_only_a_lone_key_is_meant() {
    let token = KEY.jws(&json!({ "alg": "ES256" }), &json!({}));
    let other = TestKey::new(Some("k2"));
    let two = JwkSet::new(vec![other.jwk.clone(), KEY.jwk.clone()]).unwrap();
    assert!(verify(&token, &KEY.set()).is_ok());
    assert_eq!(verify(&token, &two), Err(Refusal::KeyUnknown));
    assert_eq!(verify(&token, &JwkSet::default()), Err(Refusal::KeyUnknown));
    let same_id = TestKey::new(Some("k1"));
    assert_eq!(verify(&KEY.jws(&json!({ "alg": "ES256", "kid": "k1" }), &json!({})), &same_id.set()), Err(Refusal::Signature));
}

#[test]
fn forms_that_are_not_a_compact_jws() {
    let token = KEY.jws(&json!({ "alg": "ES256" }), &json!({}));
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let wrong = [
        String::new(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{token}.x"),
        format!(".{token}"),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
    ];
    for compact in wrong {
        assert!(matches!(verify(&compact, &KEY.set()), Err(Refusal::Malformed)), "{compact}");
    }
    assert_eq!(verify(&"a".repeat(17_000), &KEY.set()), Err(Refusal::TooLong));
    let list = KEY.jws(&json!({ "alg": "ES256" }), &json!([]));
    assert_eq!(verify(&list, &KEY.set()).unwrap().claims(), Err(Refusal::Claims));
    let doubled = KEY.raw_jws(r#"{"alg":"ES256"}"#, r#"{"sub":"a","sub":"b"}"#);
    assert_eq!(verify(&doubled, &KEY.set()).unwrap().claims(), Err(Refusal::Claims));
}

#[test]
fn a_token_signed_in_two_phases_verifies() {
    let claims = json!({ "sub": "åäö" }).as_object().unwrap().clone();
    let unsigned = UnsignedJws::new("test+jwt", Algorithm::Es256, "k1", claims.clone());
    let signature = KEY.sign(unsigned.to_be_signed());
    assert_eq!(unsigned.clone().signed(&signature[1..]), Err(Refusal::Signature));
    assert_eq!(unsigned.clone().signed(&[]), Err(Refusal::Signature));
    let compact = unsigned.signed(&signature).unwrap();
    assert_eq!(verify(&compact, &KEY.set()).unwrap().claims().unwrap().members(), &claims);
}

proptest! {
    #[test]
    fn one_changed_character_is_enough(place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
        let token = KEY.jws(&json!({ "alg": "ES256", "kid": "k1" }), &json!({ "sub": "x" }));
        let at = place.index(token.len());
        let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
        prop_assume!(changed != token);
        prop_assert!(verify(&changed, &KEY.set()).is_err());
    }
}
