//! Every algorithm that our keys or a client's may use, with keys of our own: each signs, verifies, and is not another.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding,
    },
};
use serde_json::{Value, json};

use super::{super::*, ANY, RSA};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn elliptic(curve: Curve, signing: &'static EcdsaSigningAlgorithm, algorithm: Algorithm) -> (Jwk, Sign) {
    let pair = EcdsaKeyPair::generate(signing).unwrap();
    let jwk = Jwk::from_point(curve, pair.public_key().as_ref(), algorithm, Some("k".to_owned())).unwrap();
    (jwk, Box::new(move |message| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()))
}

fn edwards() -> (Jwk, Sign) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = Jwk::from_ed25519(pair.public_key().as_ref(), Some("k".to_owned())).unwrap();
    (jwk, Box::new(move |message| pair.sign(message).as_ref().to_vec()))
}

fn rsa(encoding: &'static dyn RsaEncoding, algorithm: Algorithm) -> (Jwk, Sign) {
    let public = aws_lc_rs::signature::RsaPublicKeyComponents::<Vec<u8>>::from(RSA.pair.public_key());
    let jwk = Jwk::from_rsa(&public.n, &public.e, algorithm, Some("k".to_owned())).unwrap();
    let sign = move |message: &[u8]| {
        let mut signature = vec![0; RSA.pair.public_modulus_len()];
        RSA.pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    };
    (jwk, Box::new(sign))
}

fn key(algorithm: Algorithm) -> (Jwk, Sign) {
    match algorithm {
        Algorithm::EdDsa => edwards(),
        Algorithm::Es256 => elliptic(Curve::P256, &ECDSA_P256_SHA256_FIXED_SIGNING, algorithm),
        Algorithm::Es384 => elliptic(Curve::P384, &ECDSA_P384_SHA384_FIXED_SIGNING, algorithm),
        Algorithm::Es512 => elliptic(Curve::P521, &ECDSA_P521_SHA512_FIXED_SIGNING, algorithm),
        Algorithm::Ps256 => rsa(&RSA_PSS_SHA256, algorithm),
        Algorithm::Ps384 => rsa(&RSA_PSS_SHA384, algorithm),
        Algorithm::Ps512 => rsa(&RSA_PSS_SHA512, algorithm),
        Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256, algorithm),
        Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384, algorithm),
        Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512, algorithm),
    }
}

/// OP-25: every pair of what signed and what the header says.
#[test]
fn each_algorithm_verifies_as_itself_and_as_no_other() {
    for algorithm in Algorithm::ALL {
        let (jwk, sign) = key(algorithm);
        let published = JwkSet::new(vec![jwk.clone()]).unwrap();
        assert_eq!(JwkSet::parse(&published.to_json().to_string()).unwrap(), published, "{algorithm:?}");
        let claims = json!({ "sub": "åäö" }).as_object().unwrap().clone();
        for named in Algorithm::ALL {
            let unsigned = UnsignedJws::new("JWT", named, "k", claims.clone());
            let signature = sign(unsigned.to_be_signed());
            let Ok(compact) = unsigned.signed(&signature) else { continue };
            let outcome = UnverifiedJws::parse(&compact).unwrap().verify(&published, ANY);
            if named == algorithm {
                assert_eq!(Value::Object(outcome.unwrap().claims().unwrap().members().clone()), json!({ "sub": "åäö" }));
            } else {
                assert_eq!(outcome, Err(Refusal::Algorithm), "{named:?} signed as {algorithm:?}");
            }
        }
    }
}

/// A key that names no algorithm still does not lend one scheme's signature to another.
#[test]
fn a_signature_of_one_rsa_scheme_is_none_of_another() {
    let members = RSA.jwk.to_json();
    assert!(members.get("alg").is_none() && members.get("use").is_none());
    let keys = JwkSet::new(vec![RSA.jwk.clone()]).unwrap();
    for made in [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
        for named in [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
            let unsigned = UnsignedJws::new("JWT", named, "rsa", serde_json::Map::new());
            let signature = key(made).1(unsigned.to_be_signed());
            let outcome = UnverifiedJws::parse(&unsigned.signed(&signature).unwrap()).unwrap().verify(&keys, ANY).map(|_| ());
            assert_eq!(outcome, if made == named { Ok(()) } else { Err(Refusal::Signature) }, "{made:?} said to be {named:?}");
        }
    }
}

#[test]
fn a_key_of_one_kind_is_not_made_for_another() {
    let (ed, _) = key(Algorithm::EdDsa);
    let point = |algorithm| Jwk::from_point(Curve::P256, &[4; 65], algorithm, None);
    assert_eq!(point(Algorithm::Es256), Err(Refusal::Key), "off the curve");
    assert_eq!(Jwk::from_rsa(&[0xff; 256], &[1], Algorithm::Rs256, None), Err(Refusal::Key), "an exponent of one signs anything");
    assert_eq!(Jwk::from_rsa(&[0xff; 128], &[1, 0, 1], Algorithm::Rs256, None), Err(Refusal::Key), "1024 bits");
    assert_eq!(Jwk::from_rsa(&[0xff; 256], &[1, 0, 1], Algorithm::Es256, None), Err(Refusal::Key));
    assert_eq!(Jwk::from_ed25519(&[0; 31], None), Err(Refusal::Key));
    assert!(ed.clone().for_encryption(jwe::KeyManagement::EcdhEs).is_err());
    let (p384, _) = key(Algorithm::Es384);
    let encrypting = p384.for_encryption(jwe::KeyManagement::EcdhEs).unwrap();
    assert!(encrypting.encrypts(jwe::KeyManagement::EcdhEs) && !encrypting.encrypts(jwe::KeyManagement::EcdhEsA128Kw));
    assert_eq!((encrypting.to_json()["use"].as_str(), encrypting.verifies(Algorithm::Es384)), (Some("enc"), false));
    assert_eq!(Jwk::parse(&encrypting.to_json().to_string()), Ok(encrypting));
}

#[test]
fn a_set_is_bounded() {
    let (jwk, _) = key(Algorithm::Es256);
    let nameless = |count: usize| {
        let mut key = jwk.to_json();
        key.as_object_mut().unwrap().remove("kid");
        JwkSet::parse(&json!({ "keys": vec![key; count] }).to_string())
    };
    assert!(nameless(64).is_ok());
    assert_eq!(nameless(65), Err(Refusal::SetTooLarge));
    let long = json!({ "keys": [jwk.to_json()], "padding": "x".repeat(70_000) });
    assert_eq!(JwkSet::parse(&long.to_string()), Err(Refusal::SetTooLarge));
}
