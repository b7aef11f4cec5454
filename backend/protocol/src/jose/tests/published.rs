//! RFC 7520 §4 and Wycheproof. Each file's cases are counted, so that a file that is skipped in silence fails.

use serde_json::{Value, json};

use super::{super::*, ANY};

/// `(keys, JWS, whether Wycheproof calls it valid, name)` of each test with public keys, or of each with a shared secret.
fn wycheproof(file: &str, named: &str) -> Vec<(Value, String, bool, String)> {
    let document: Value = serde_json::from_str(file).unwrap();
    let mut cases = Vec::new();
    for group in document["testGroups"].as_array().unwrap() {
        let Some(keys) = group.get(named).filter(|_| named == "public" || group.get("public").is_none()) else { continue };
        let keys = keys.get("keys").map_or_else(|| json!({ "keys": [keys] }), |keys| json!({ "keys": keys }));
        for test in group["tests"].as_array().unwrap() {
            let name = format!("{} {} {}", group["comment"], test["tcId"], test["comment"]);
            let Some(jws) = test["jws"].as_str() else { continue };
            cases.push((keys.clone(), jws.to_owned(), test["result"] == "valid", name));
        }
    }
    cases
}

fn outcome(keys: &Value, jws: &str) -> Result<VerifiedJws, Refusal> {
    let keys = JwkSet::parse(&keys.to_string())?;
    UnverifiedJws::parse(jws)?.verify(&keys, ANY)
}

/// Whether the key says another algorithm than the token: Wycheproof calls some such tokens valid, RFC 8725 §3.1 does not.
fn algorithms_differ(keys: &Value, jws: &str) -> bool {
    let header = jws.split('.').next().and_then(crate::base64url::decode).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    keys["keys"][0].get("alg").is_some_and(|algorithm| *algorithm != header["alg"])
}

/// Runs a file; gives how many were accepted and refused.
fn run(file: &str) -> (usize, usize) {
    let (mut accepted, mut refused) = (0, 0);
    for (keys, jws, is_valid, name) in wycheproof(file, "public") {
        let outcome = outcome(&keys, &jws);
        let expected = is_valid && !algorithms_differ(&keys, &jws);
        assert_eq!(outcome.is_ok(), expected, "{name}: {outcome:?}");
        if expected { accepted += 1 } else { refused += 1 }
    }
    (accepted, refused)
}

#[test]
fn wycheproof_signatures() {
    assert_eq!(run(include_str!("../../../vectors/wycheproof-json-web-signature.json")), (32, 329));
}

/// Its two ES512 keys say `ES521`, which is no algorithm: without that word they verify, and with it they are passed over.
#[test]
fn wycheproof_signatures_on_p521() {
    let mut seen = 0;
    for (mut keys, jws, is_valid, name) in wycheproof(include_str!("../../../vectors/wycheproof-json-web-signature.json"), "public") {
        if keys["keys"][0]["crv"] == "P-521" {
            assert_eq!(outcome(&keys, &jws), Err(Refusal::KeyUnknown), "{name}");
            keys["keys"][0].as_object_mut().unwrap().remove("alg");
            assert_eq!(outcome(&keys, &jws).is_ok(), is_valid, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn wycheproof_keys() {
    assert_eq!(run(include_str!("../../../vectors/wycheproof-json-web-key.json")), (1, 10));
}

#[test]
fn wycheproof_signatures_among_all_operations() {
    assert_eq!(run(include_str!("../../../vectors/wycheproof-json-web-crypto.json")), (2, 27));
}

/// Under a shared secret nothing is ours, valid or not: whoever verifies could have signed. With its key, and with a key of ours in its place.
#[test]
fn wycheproof_signatures_by_shared_secrets() {
    let files = [
        (include_str!("../../../vectors/wycheproof-json-web-signature.json"), 40),
        (include_str!("../../../vectors/wycheproof-json-web-key.json"), 15),
        (include_str!("../../../vectors/wycheproof-json-web-crypto.json"), 19),
    ];
    for (file, expected) in files {
        let cases = wycheproof(file, "private");
        for (keys, jws, _, name) in &cases {
            assert!(outcome(keys, jws).is_err(), "{name}");
            let ours = super::KEY.set();
            assert!(UnverifiedJws::parse(jws).and_then(|jws| jws.verify(&ours, ANY)).is_err(), "{name}");
        }
        assert_eq!(cases.len(), expected);
    }
}

/// RFC 7520 §4.1 (RS256), §4.2 (PS384) and §4.3 (ES512): the compact forms verify, and a changed payload does not.
#[test]
fn the_signatures_of_rfc_7520() {
    let cases = [
        (include_str!("../../../vectors/rfc7520/4_1.json"), Algorithm::Rs256),
        (include_str!("../../../vectors/rfc7520/4_2.json"), Algorithm::Ps384),
        (include_str!("../../../vectors/rfc7520/4_3.json"), Algorithm::Es512),
    ];
    for (file, algorithm) in cases {
        let vector: Value = serde_json::from_str(file).unwrap();
        let keys = JwkSet::new(vec![public(&vector["input"]["key"])]).unwrap();
        let compact = vector["output"]["compact"].as_str().unwrap();
        let only = Expected { algorithms: &[algorithm], ..ANY };
        let verified = UnverifiedJws::parse(compact).unwrap().verify(&keys, only).unwrap();
        assert_eq!(verified.payload(), vector["input"]["payload"].as_str().unwrap().as_bytes());
        let changed = compact.replacen(".SXTigJ", ".SXTigK", 1);
        assert_ne!(changed, compact);
        assert_eq!(UnverifiedJws::parse(&changed).unwrap().verify(&keys, only), Err(Refusal::Signature));
        let others: Vec<Algorithm> = Algorithm::ALL.into_iter().filter(|other| *other != algorithm).collect();
        let refused = UnverifiedJws::parse(compact).unwrap().verify(&keys, Expected { algorithms: &others, ..ANY });
        assert_eq!(refused, Err(Refusal::Algorithm));
    }
}

/// The public half of a private key in a vector.
pub(in crate::jose) fn public(key: &Value) -> Jwk {
    let mut members = key.as_object().unwrap().clone();
    members.retain(|name, _| ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"].contains(&name.as_str()));
    Jwk::parse(&Value::Object(members).to_string()).unwrap()
}
