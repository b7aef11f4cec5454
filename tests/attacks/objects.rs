//! Request objects: encrypted, fetched, and not what they seem (attacks 9, 22 and 38).

use data_encoding::BASE64URL_NOPAD;
use handslag_keys::Kind;
use handslag_protocol::{
    jose::{
        Algorithm, Jwk,
        jwe::{self, ContentEncryption, KeyManagement, Oaep, Recipient},
    },
    profile::Profile,
};
use handslag_server::{
    caller::Rng,
    config::{Config, ObjectSigning},
};
use handslag_vocab::Digest;
use serde_json::{Value, json};

use crate::{
    journeys::{Keys, jwks, object, portal, pushed, service},
    kommun::{Elsewhere, Kommun, Portal},
};

/// The published key for this algorithm.
async fn our_key(kommun: &Kommun, by: KeyManagement) -> Jwk {
    let kty = if by.agrees() { "EC" } else { "RSA" };
    let keys = jwks(kommun).await;
    let key = keys.iter().find(|key| key["use"] == "enc" && key["kty"] == kty).unwrap_or_else(|| panic!("no {kty} in {keys:?}"));
    Jwk::parse(&key.to_string()).unwrap()
}

fn encrypted(key: &Jwk, by: KeyManagement, content: ContentEncryption, plain: &str) -> String {
    jwe::encrypt(plain.as_bytes(), Some("JWT"), &Recipient { key, by, content }, &mut Rng::system()).unwrap()
}

/// The same key for any encryption, under another name or none.
fn renamed(key: &Jwk, name: &Value) -> Jwk {
    let mut members = key.to_json();
    members["kid"] = name.clone();
    members.as_object_mut().unwrap().retain(|name, value| name != "alg" && !value.is_null());
    Jwk::parse(&members.to_string()).unwrap()
}

/// Makes the RSA key, as `serve` does beside its first start.
fn makes_rsa_key(kommun: &Kommun) {
    kommun.server.keys.make(Kind::RequestDecryptionRsa, kommun.now(), &mut Rng::system()).unwrap();
}

/// With another header, left where it stands otherwise.
fn with_header(compact: &str, changes: &Value) -> String {
    let (protected, rest) = compact.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(protected.as_bytes()).unwrap()).unwrap();
    header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    format!("{}.{rest}", BASE64URL_NOPAD.encode(header.to_string().as_bytes()))
}

/// OP-10: signed, then encrypted to us, in every announced way; at the authorization endpoint and pushed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_encrypted_to_us() {
    let kommun = Kommun::sqlite().await;
    let metadata = async || -> Value { serde_json::from_str(&kommun.browser().get("/.well-known/openid-configuration").await.body).unwrap() };
    assert_eq!(metadata().await["request_object_encryption_alg_values_supported"], json!(["ECDH-ES"]), "only what there is a key for");
    makes_rsa_key(&kommun);
    let announced = metadata().await;
    assert_eq!(announced["request_object_encryption_alg_values_supported"], json!(["ECDH-ES", "RSA-OAEP", "RSA-OAEP-256"]));
    let (care, mut worker) = (kommun.care(), kommun.worker("Amina Sahlin").await);
    for by in KeyManagement::TO_US {
        let key = our_key(&kommun, by).await;
        for content in ContentEncryption::TO_US {
            let nested = encrypted(&key, by, content, &object(&care, "e", &json!({}), &json!({})));
            let beside = [("request", nested.as_str()), ("state", "other"), ("redirect_uri", "https://evil.example/cb")];
            let mut login = care.opens(kommun.browser(), &care.address("e", &beside), "e").await;
            worker.approves(&login).await;
            let code = login.code().await;
            assert_eq!(care.exchanges(&login.browser, &code, &login.verifier).await.0, 200, "{by:?} {content:?}");
            let nested = encrypted(&key, by, content, &object(&care, "p", &json!({}), &json!({})));
            assert_eq!(pushed(&care, &kommun.browser(), "p", &[("request", &nested)]).await.status, 201, "{by:?} {content:?}");
        }
    }
}

/// Attack 9 (CVE-2026-9793), OP-24: encryption vouches for nobody, and only what is announced is opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_encrypted_is_not_believed_for_that() {
    let kommun = Kommun::sqlite().await;
    makes_rsa_key(&kommun);
    let (care, school) = (kommun.care(), kommun.school());
    let (rsa, ec) = (our_key(&kommun, KeyManagement::RsaOaep(Oaep::Sha1)).await, our_key(&kommun, KeyManagement::EcdhEs).await);
    let right = object(&care, "x", &json!({}), &json!({}));
    let to_rsa = |plain: &str| encrypted(&rsa, KeyManagement::RsaOaep(Oaep::Sha256), ContentEncryption::A256Gcm, plain);
    let to_ec = |plain: &str| encrypted(&ec, KeyManagement::EcdhEs, ContentEncryption::A128Gcm, plain);
    let (by_rsa, by_ec) = (KeyManagement::RsaOaep(Oaep::Sha256), KeyManagement::EcdhEs);
    let to_renamed = |key: &Jwk, by, name: &Value| encrypted(&renamed(key, name), by, ContentEncryption::A256Gcm, &right);
    let stranger = Portal { key: school.key.clone(), ..care.clone() };
    let claims = right.split('.').nth(1).unwrap();
    let unsecured = format!("{}.{claims}.", BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#));
    let next = {
        let keys = jwks(&kommun).await;
        keys.iter().filter(|key| key["use"] == "enc" && key["kty"] == "EC").nth(1).unwrap()["kid"].clone()
    };
    let whole = to_ec(&right);
    let (head, tail) = whole.rsplit_once('.').unwrap();
    let wrong = [
        ("unsigned", to_rsa(&unsecured)),
        ("unsigned", to_ec(&unsecured)),
        ("another's signature", to_rsa(&object(&stranger, "x", &json!({}), &json!({})))),
        ("another's", to_ec(&object(&care, "x", &json!({ "iss": "skolportalen" }), &json!({})))),
        ("twice", to_rsa(&to_ec(&right))),
        ("compressed", with_header(&to_rsa(&right), &json!({ "zip": "DEF" }))),
        ("an unknown key's name", to_renamed(&rsa, by_rsa, &json!("other"))),
        ("an unknown key's name", to_renamed(&ec, by_ec, &json!("other"))),
        ("the other kind's name", to_renamed(&rsa, by_rsa, &json!(ec.kid()))),
        ("the next key's name", to_renamed(&ec, by_ec, &next)),
        ("an oracle by design", with_header(&to_rsa(&right), &json!({ "alg": "RSA1_5" }))),
        ("a key of its own", with_header(&to_rsa(&right), &json!({ "jwk": rsa.to_json() }))),
        ("not announced", encrypted(&rsa, KeyManagement::RsaOaep(Oaep::Sha1), ContentEncryption::A256CbcHs512, &right)),
        ("not announced", encrypted(&renamed(&ec, &json!(ec.kid())), KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm, &right)),
        ("cut", whole.trim_end_matches(char::is_alphanumeric).to_owned()),
        ("changed", format!("{head}.{}", tail.chars().rev().collect::<String>())),
        ("no token", to_rsa("{}")),
    ];
    for (what, request) in &wrong {
        let page = kommun.browser().get(&care.address("x", &[("request", request)])).await;
        assert_eq!((page.status, page.location()), (400, None), "{what}: {}", page.body);
        let answer = pushed(&care, &kommun.browser(), "x", &[("request", request)]).await;
        assert_eq!(answer.error(), (400, "invalid_request_object"), "{what}: {}", answer.body);
    }
    // The same texts rightly made are taken: the refusals above are of what is wrong with them.
    for right in [to_rsa(&right), to_ec(&right), to_renamed(&ec, by_ec, &Value::Null), to_renamed(&rsa, by_rsa, &Value::Null)] {
        assert_eq!(pushed(&care, &kommun.browser(), "x", &[("request", &right)]).await.status, 201);
    }
}

/// OP-11: what the object says counts, and what is said in both places must agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_and_what_stands_beside_it() {
    let kommun = Kommun::sqlite().await;
    let care = kommun.care();
    let request = object(&care, "x", &json!({}), &json!({}));
    for beside in [("scope", "openid profile"), ("response_type", "token"), ("client_id", "skolportalen"), ("request_uri", "https://care.example/r")]
    {
        let page = kommun.browser().get(&care.address("x", &[("request", request.as_str()), beside])).await;
        assert_eq!((page.status, page.location()), (400, None), "{beside:?}");
    }
    for beside in [("nonce", "other"), ("code_challenge", "other"), ("state", "other"), ("prompt", "none"), ("acr_values", "other")] {
        let page = kommun.browser().get(&care.address("x", &[("request", request.as_str()), beside])).await;
        assert!(page.location().is_some_and(|to| to.starts_with("/login/")), "{beside:?} {}", page.body);
    }
}

/// OP-24: where a service named its algorithm, another one is not its own, though its key could make it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_algorithm_that_was_not_registered() {
    let keys = Keys::new();
    let kommun = Kommun::configured(|config| {
        let named = service(config, "bestamd", &keys, |client| {
            client.request_object_signing_alg = Some(ObjectSigning::By(Algorithm::Ps256));
            client.token_endpoint_auth_signing_alg = Some(Algorithm::Es256);
        });
        let assertions = service(config, "bestamd-ps256", &keys, |client| client.token_endpoint_auth_signing_alg = Some(Algorithm::Ps256));
        config.clients.extend([named, assertions]);
    })
    .await;
    let (service, other) = (portal(&kommun, "bestamd", &keys), portal(&kommun, "bestamd-ps256", &keys));
    let request = object(&service, "x", &json!({}), &json!({}));
    assert_eq!(pushed(&service, &kommun.browser(), "x", &[("request", &request)]).await.error(), (400, "invalid_request_object"));
    assert_eq!(pushed(&service, &kommun.browser(), "x", &[]).await.status, 201);
    assert_eq!(pushed(&other, &kommun.browser(), "x", &[]).await.error(), (401, "invalid_client"));
}

/// Services whose requests are fetched: one as usual, one in the profile core that may leave them unsigned, one of the same without
/// leave.
fn fetching(config: &mut Config, elsewhere: &Elsewhere, keys: &Keys) {
    let uris = |kept: &Elsewhere| ["/r", "/r2", "/up"].map(|path| kept.url(path)).to_vec();
    let strict = service(config, "hamtad", keys, |client| client.request_uris = uris(elsewhere));
    let core = |config: &Config, id: &str, signing| {
        service(config, id, keys, |client| {
            (client.request_uris, client.profile) = (uris(elsewhere), Profile::Core);
            client.request_object_signing_alg = signing;
        })
    };
    let open = core(config, "hamtad-osignerad", Some(ObjectSigning::NONE));
    let closed = core(config, "hamtad-core", None);
    config.clients.extend([strict, open, closed]);
}

/// OP-09, attack 9: an object at the service's registered address; unsigned only for who registered that, and never by value.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_fetched_from_where_it_was_registered() {
    let (elsewhere, keys) = (Elsewhere::open().await, Keys::new());
    let kommun = Kommun::configured(|config| {
        fetching(config, &elsewhere, &keys);
        config.outbound.allow.push(elsewhere.host());
    })
    .await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    let strict = portal(&kommun, "hamtad", &keys);
    let right = object(&strict, "r", &json!({}), &json!({}));
    elsewhere.puts("/r", &format!("{right}\n"));
    let by_hash = format!("{}#{}", elsewhere.url("/r2"), Digest::of(right.as_bytes()).to_base64url());
    elsewhere.puts("/r2", &right);
    for uri in [elsewhere.url("/r"), by_hash.clone()] {
        let mut login = strict.opens(kommun.browser(), &strict.address("r", &[("request_uri", &uri), ("state", "other")]), "r").await;
        worker.approves(&login).await;
        let code = login.code().await;
        assert_eq!(strict.exchanges(&login.browser, &code, &login.verifier).await.0, 200, "{uri}");
    }
    let refused = async |portal: &Portal, uri: &str, why: &str| {
        let page = kommun.browser().get(&portal.address("r", &[("request_uri", uri)])).await;
        assert_eq!((page.status, page.location()), (400, None), "{why}: {}", page.body);
    };
    elsewhere.puts("/r2", &object(&strict, "r", &json!({ "nonce": "swapped" }), &json!({})));
    refused(&strict, &by_hash, "not what the hash says").await;
    let asked = elsewhere.asked("/r");
    refused(&strict, &elsewhere.url("/r?x"), "not registered").await;
    refused(&strict, &elsewhere.url("/secret"), "not registered").await;
    assert_eq!((elsewhere.asked("/secret"), elsewhere.asked("/r")), (0, asked), "and not fetched");
    elsewhere.puts("/r", "no token");
    refused(&strict, &elsewhere.url("/r"), "no token").await;
    elsewhere.is_down(true);
    refused(&strict, &elsewhere.url("/r"), "not there").await;
    elsewhere.is_down(false);

    for (id, may) in [("hamtad-osignerad", true), ("hamtad-core", false), ("hamtad", false)] {
        let portal = portal(&kommun, id, &keys);
        let signed = object(&portal, "u", &json!({}), &json!({}));
        let unsigned = format!("{}.{}.", BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#), signed.split('.').nth(1).unwrap());
        elsewhere.puts("/up", &unsigned);
        let page = kommun.browser().get(&portal.address("u", &[("request_uri", &elsewhere.url("/up"))])).await;
        assert_eq!(page.location().is_some_and(|to| to.starts_with("/login/")), may, "{id}: {}", page.body);
        let page = kommun.browser().get(&portal.address("u", &[("request", &unsigned)])).await;
        assert_eq!((page.status, page.location()), (400, None), "{id}: by value");
        let sealed = encrypted(&our_key(&kommun, KeyManagement::EcdhEs).await, KeyManagement::EcdhEs, ContentEncryption::A128Gcm, &unsigned);
        elsewhere.puts("/up", &sealed);
        refused(&portal, &elsewhere.url("/up"), "unsigned within").await;
    }
}

/// Attack 22: a registered address on this machine is not called unless the operator allowed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registered_address_does_not_make_us_call_inward() {
    let (elsewhere, keys) = (Elsewhere::open().await, Keys::new());
    let kommun = Kommun::configured(|config| fetching(config, &elsewhere, &keys)).await;
    let strict = portal(&kommun, "hamtad", &keys);
    elsewhere.puts("/r", &object(&strict, "r", &json!({}), &json!({})));
    let page = kommun.browser().get(&strict.address("r", &[("request_uri", &elsewhere.url("/r"))])).await;
    assert_eq!((page.status, page.location(), elsewhere.asked("/r")), (400, None, 0));
}
