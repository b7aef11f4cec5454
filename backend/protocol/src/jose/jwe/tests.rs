//! RFC 7520 §5 and §6 and Wycheproof, then our own encryption read back.

use aws_lc_rs::{
    agreement::{PrivateKey, UnparsedPublicKey, agree},
    encoding::AsDer,
    rsa::{KeyPair, KeyPairComponents, OaepPrivateDecryptingKey, PrivateDecryptingKey, PublicKeyComponents},
};
use rand_core::TryRng;
use serde_json::{Value, json};

use super::*;
use crate::jose::{Algorithm, Expected, Jwk, JwkSet, Type, UnverifiedJws, tests::published::public as published_key};

type Key = Zeroizing<Vec<u8>>;

/// What a holder of the private key in a vector does; nothing for anything that does not fit.
fn operate(key: &Value, operation: &PrivateOperation<'_>) -> Option<Key> {
    match (operation, key["kty"].as_str()?) {
        (PrivateOperation::Agree { curve, point }, "EC") => {
            let private = PrivateKey::from_private_key(curve.agreement(), &number(key, "d")).ok()?;
            agree(&private, UnparsedPublicKey::new(curve.agreement(), point), (), |agreed| Ok(Zeroizing::new(agreed.to_vec()))).ok()
        }
        (PrivateOperation::Decrypt { oaep, ciphertext }, "RSA") => {
            let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa(key)).ok()?;
            let private = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(der.as_ref()).ok()?).ok()?;
            let mut out = Zeroizing::new(vec![0; private.min_output_size()]);
            Some(Zeroizing::new(private.decrypt(oaep.algorithm(), ciphertext, &mut out, None).ok()?.to_vec()))
        }
        _ => None,
    }
}

fn number(key: &Value, name: &str) -> Vec<u8> {
    base64url::decode(key[name].as_str().unwrap()).unwrap()
}

fn rsa(key: &Value) -> KeyPair {
    let of = |name| number(key, name);
    let public_key = PublicKeyComponents { n: of("n"), e: of("e") };
    KeyPair::from_components(&KeyPairComponents { public_key, d: of("d"), p: of("p"), q: of("q"), dP: of("dp"), dQ: of("dq"), qInv: of("qi") })
        .unwrap()
}

fn decrypt(compact: &str, key: &Value) -> Result<Vec<u8>, Refusal> {
    let jwe = UnverifiedJwe::parse(compact)?;
    // The holder looks up by id and keeps each key to its one algorithm.
    let is_meant = key["alg"].as_str().is_none_or(|only| only == jwe.key_management().name());
    jwe.decrypt(|operation| operate(key, operation).filter(|_| is_meant))
}

const RSA_OAEP: &str = include_str!("../../../vectors/rfc7520/5_2.json");
const WRAPPED: &str = include_str!("../../../vectors/rfc7520/5_4.json");
const DIRECT: &str = include_str!("../../../vectors/rfc7520/5_5.json");
const COMPRESSED: &str = include_str!("../../../vectors/rfc7520/5_9.json");
const NESTED: &str = include_str!("../../../vectors/rfc7520/6.json");

fn vector(file: &str) -> Value {
    serde_json::from_str(file).unwrap()
}

/// RFC 7520 §5.2 (RSA-OAEP, A256GCM), §5.4 (ECDH-ES+A128KW on P-384, A128GCM), §5.5 (ECDH-ES on P-256, A128CBC-HS256).
#[test]
fn the_encryptions_of_rfc_7520() {
    for file in [RSA_OAEP, WRAPPED, DIRECT] {
        let vector = vector(file);
        let compact = vector["output"]["compact"].as_str().unwrap();
        let outcome = decrypt(compact, &vector["input"]["key"]);
        if vector["input"]["alg"] == "RSA-OAEP" {
            assert_eq!(UnverifiedJwe::parse(compact).unwrap().kid(), Some("samwise.gamgee@hobbiton.example"));
        }
        assert_eq!(outcome.unwrap(), vector["input"]["plaintext"].as_str().unwrap().as_bytes(), "{}", vector["title"]);
    }
}

/// RFC 7520 §5.9: compressed, and under a shared key. Both are refused; the header alone decides.
#[test]
fn compression_is_refused() {
    let compact = vector(COMPRESSED)["output"]["compact"].as_str().unwrap().to_owned();
    assert_eq!(UnverifiedJwe::parse(&compact).err(), Some(Refusal::Zip));
}

/// RFC 7520 §6: a JWS (PS256) within a JWE (RSA-OAEP, A128GCM).
#[test]
fn the_nested_token_of_rfc_7520() {
    let vector = vector(NESTED);
    let compact = vector["encrypt"]["output"]["compact"].as_str().unwrap();
    let key = &vector["encrypt"]["input"]["key"];
    let jwe = UnverifiedJwe::parse(compact).unwrap();
    let inner = jwe.decrypt_nested("oauth-authz-req+jwt", |operation| operate(key, operation)).unwrap();
    assert_eq!(inner, vector["sign"]["output"]["compact"].as_str().unwrap());
    let signer = JwkSet::new(vec![published_key(&vector["sign"]["input"]["key"])]).unwrap();
    let expected = Expected { algorithms: &[Algorithm::Ps256], typ: Type::Explicit("jwt") };
    let claims = UnverifiedJws::parse(&inner).unwrap().verify(&signer, expected).unwrap().claims().unwrap();
    assert_eq!(claims.text("iss"), Some("hobbiton.example"));
}

/// `(accepted, refused)` of every case of a file with a JWE; what Wycheproof marks invalid is refused, and so is every algorithm
/// that is not ours.
fn wycheproof(file: &str) -> (usize, usize) {
    let (mut accepted, mut refused) = (0, 0);
    for group in vector(file)["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap().iter().filter(|test| test.get("jwe").is_some()) {
            // One is of the JSON serialization, which is no compact form.
            let compact = &test["jwe"].as_str().map_or_else(|| test["jwe"].to_string(), str::to_owned);
            let name = format!("{} {}", test["tcId"], test["comment"]);
            let outcome = decrypt(compact, &group["private"]);
            let header = compact.split('.').next().and_then(base64url::decode).unwrap_or_default();
            let header: Value = serde_json::from_slice(&header).unwrap_or_default();
            let is_ours = header["alg"].as_str().and_then(KeyManagement::named).is_some()
                && header["enc"].as_str().and_then(ContentEncryption::named).is_some()
                && header.get("zip").is_none();
            let expected = test["result"] == "valid" && is_ours;
            assert_eq!(outcome.is_ok(), expected, "{name}: {outcome:?}");
            if expected {
                let plain = outcome.unwrap();
                assert!(test["pt"].as_str().is_none_or(|expected| plain == hex(expected)), "{name}");
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    (accepted, refused)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn wycheproof_encryption() {
    assert_eq!(wycheproof(include_str!("../../../vectors/wycheproof-json-web-encryption.json")), (29, 110));
}

#[test]
fn wycheproof_encryption_among_all_operations() {
    assert_eq!(wycheproof(include_str!("../../../vectors/wycheproof-json-web-crypto.json")), (1, 33));
}

/// A generator of a test: each byte another, never twice the same run.
pub(crate) struct Counting(pub(crate) u64);

impl TryRng for Counting {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| u32::try_from(number >> 32).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = self.try_next_u64()?.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counting {}

#[test]
fn what_we_encrypt_only_the_recipient_reads() {
    let mut rng = Counting(1);
    for (file, way) in
        [(RSA_OAEP, "RSA-OAEP"), (RSA_OAEP, "RSA-OAEP-256"), (WRAPPED, "ECDH-ES+A128KW"), (WRAPPED, "ECDH-ES+A256KW"), (DIRECT, "ECDH-ES")]
    {
        let mut private = vector(file)["input"]["key"].clone();
        private["alg"] = way.into();
        let private = &private;
        let key = published_key(private);
        let mut seen = 0;
        for by in KeyManagement::ALL.into_iter().filter(|by| key.encrypts(*by)) {
            for content in ContentEncryption::ALL {
                let recipient = Recipient { key: &key, by, content };
                let compact = encrypt("åäö".as_bytes(), Some("JWT"), &recipient, &mut rng).unwrap();
                assert_eq!(decrypt(&compact, private).unwrap(), "åäö".as_bytes(), "{by:?} {content:?}");
                assert_ne!(encrypt("åäö".as_bytes(), Some("JWT"), &recipient, &mut rng).unwrap(), compact);
                assert_eq!(UnverifiedJwe::parse(&compact).unwrap().kid(), key.kid());
                seen += 1;
            }
        }
        assert_eq!(seen, ContentEncryption::ALL.len());
    }
}

/// One answer for every failure, wherever the token was changed.
#[test]
fn every_part_counts_and_none_is_told_apart() {
    for file in [RSA_OAEP, WRAPPED, DIRECT] {
        let vector = vector(file);
        let compact = vector["output"]["compact"].as_str().unwrap();
        for place in 1..5 {
            let mut parts: Vec<Vec<u8>> = compact.split('.').map(|part| base64url::decode(part).unwrap()).collect();
            for change in [0usize, 1, 2] {
                let part = &mut parts[place];
                match (change, part.first_mut()) {
                    (0, Some(first)) => *first ^= 1,
                    (1, _) => part.push(0),
                    _ => part.clear(),
                }
                let header = compact.split('.').next().unwrap();
                let changed = format!("{header}.{}", parts[1..].iter().map(base64url::encode).collect::<Vec<_>>().join("."));
                if changed != compact {
                    assert_eq!(decrypt(&changed, &vector["input"]["key"]), Err(Refusal::Decryption), "part {place} change {change}");
                }
            }
        }
        let jwe = UnverifiedJwe::parse(compact).unwrap();
        assert_eq!(jwe.decrypt(|_| None), Err(Refusal::Decryption));
        assert_eq!(jwe.decrypt(|_| Some(Zeroizing::new(Vec::new()))), Err(Refusal::Decryption));
    }
}

/// An attacker who knows what stands in for a key that did not open still learns nothing: such a token does not open either.
#[test]
fn a_token_made_under_the_stand_in_key_is_refused() {
    let protected = base64url::encode(json!({ "alg": "RSA-OAEP", "enc": "A128GCM" }).to_string());
    let (ciphertext, tag) = content::seal(ContentEncryption::A128Gcm, &[0; 16], &[7; 12], protected.as_bytes(), b"x").unwrap();
    let parts = [&[1; 256][..], &[7; 12], &ciphertext, &tag].map(base64url::encode);
    let compact = format!("{protected}.{}", parts.join("."));
    assert_eq!(UnverifiedJwe::parse(&compact).unwrap().decrypt(|_| None), Err(Refusal::Decryption));
    assert_eq!(UnverifiedJwe::parse(&compact).unwrap().decrypt(|_| Some(Zeroizing::new(vec![0; 16]))), Ok(b"x".to_vec()), "the token is whole");
}

fn parsed(header: &Value) -> Option<Refusal> {
    let protected = base64url::encode(header.to_string());
    UnverifiedJwe::parse(&format!("{protected}.AA.AA.AA.AA")).err()
}

#[test]
fn headers_that_are_refused() {
    let epk = vector(DIRECT)["encrypting_content"]["protected"]["epk"].clone();
    let mut off_curve = epk.clone();
    off_curve["y"] = epk["x"].clone();
    let mut private = epk.clone();
    private["d"] = "AAAA".into();
    let agreeing = |epk: &Value| json!({ "alg": "ECDH-ES", "enc": "A128GCM", "epk": epk });
    let with = |name: &str, value: Value| {
        let mut header = agreeing(&epk);
        header[name] = value;
        header
    };
    assert_eq!(parsed(&agreeing(&epk)), None);
    let cases = [
        (agreeing(&off_curve), Refusal::Key),
        (agreeing(&private), Refusal::PrivateKey),
        (agreeing(&json!({ "kty": "OKP", "crv": "Ed25519", "x": epk["x"] })), Refusal::Key),
        (agreeing(&Value::Null), Refusal::Header),
        (with("alg", json!("RSA1_5")), Refusal::Encryption),
        (with("alg", json!("dir")), Refusal::Encryption),
        (with("alg", json!("A128KW")), Refusal::Encryption),
        (with("alg", json!("PBES2-HS256+A128KW")), Refusal::Encryption),
        (with("alg", json!("none")), Refusal::Encryption),
        (with("alg", json!(1)), Refusal::Header),
        (with("enc", json!("A192GCM")), Refusal::Encryption),
        (with("enc", json!("A128CBC")), Refusal::Encryption),
        (with("zip", json!("DEF")), Refusal::Zip),
        (with("crit", json!(["exp"])), Refusal::Critical),
        (with("jku", json!("https://evil.test")), Refusal::KeyInHeader),
        (with("jwk", epk.clone()), Refusal::KeyInHeader),
        (with("apu", json!("A")), Refusal::Header),
        (with("kid", json!(1)), Refusal::Header),
    ];
    for (header, refusal) in cases {
        assert_eq!(parsed(&header), Some(refusal), "{header}");
    }
    for wrong in ["", "a.b", "e30.AA.AA.AA", "e30.AA.AA.AA.AA.AA", "e30=.AA.AA.AA.AA", "e30.A.AA.AA.AA"] {
        assert_eq!(UnverifiedJwe::parse(wrong).err(), Some(Refusal::Malformed), "{wrong}");
    }
    let doubled = base64url::encode(r#"{"alg":"RSA-OAEP","alg":"RSA-OAEP","enc":"A128GCM"}"#);
    assert_eq!(UnverifiedJwe::parse(&format!("{doubled}.AA.AA.AA.AA")).err(), Some(Refusal::Header));
    assert_eq!(UnverifiedJwe::parse(&"a".repeat(33_000)).err(), Some(Refusal::TooLong));
}

#[test]
fn nothing_is_encrypted_to_a_key_that_is_not_meant_for_it() {
    let signing = Jwk::from_ed25519(&base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap(), None);
    let rsa = published_key(&vector(RSA_OAEP)["input"]["key"]);
    let mut verifying = vector(DIRECT)["input"]["key"].clone();
    verifying["use"] = "sig".into();
    let verifying = published_key(&verifying);
    let cases = [signing.unwrap(), rsa.clone(), verifying].map(|key| (key, KeyManagement::EcdhEs));
    for (key, by) in cases {
        let recipient = Recipient { key: &key, by, content: ContentEncryption::A128Gcm };
        assert_eq!(encrypt(b"x", None, &recipient, &mut Counting(2)), Err(Refusal::Key));
    }
    let sets = JwkSet::new(vec![rsa]).unwrap();
    assert!(sets.encryption_key(KeyManagement::EcdhEs).is_none());
}

#[test]
fn a_nested_token_says_so_or_says_nothing() {
    let vector = vector(DIRECT);
    let private = &vector["input"]["key"];
    let key = published_key(private);
    let recipient = Recipient { key: &key, by: KeyManagement::EcdhEs, content: ContentEncryption::A256Gcm };
    let cases =
        [(None, true), (Some("JWT"), true), (Some("application/jwt"), true), (Some("oauth-authz-req+jwt"), true), (Some("text/plain"), false)];
    for (content_type, is_taken) in cases {
        let compact = encrypt(b"a.b.c", content_type, &recipient, &mut Counting(3)).unwrap();
        let outcome = UnverifiedJwe::parse(&compact).unwrap().decrypt_nested("oauth-authz-req+jwt", |operation| operate(private, operation));
        assert_eq!(outcome, if is_taken { Ok("a.b.c".to_owned()) } else { Err(Refusal::Type) }, "{content_type:?}");
    }
}
