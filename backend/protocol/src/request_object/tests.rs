//! A right object first, for each profile; then each thing that can be wrong with one, and what beside it counts.

use serde_json::{Value, json};

use super::*;
use crate::{
    authorize::{self, UnverifiedAuthorizationRequest},
    client::{ClientKind, Registration, RequestObjects, tests::client},
    discovery::tests::provider,
    jose::{
        Algorithm,
        jwe::{ContentEncryption, KeyManagement, Recipient, encrypt, tests::Counting},
        tests::{RSA, TestKey},
    },
    oauth_error::OAuthError,
    profile::Profile,
};

const NOW: UnixTime = UnixTime::from_seconds(1_000_000);
const REDIRECT: &str = "https://skola.example/cb";

fn claims(change: &Value) -> Value {
    let now = NOW.seconds();
    let mut claims = json!({
        "iss": "skolportalen", "aud": "https://id.example", "exp": now + 300, "nbf": now, "iat": now, "jti": "j",
        "client_id": "skolportalen", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid", "state": "inside", "max_age": 60,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
        "claims": { "id_token": { "auth_time": { "essential": true } } },
    });
    let members = claims.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    claims
}

fn registered(key: &TestKey, profile: Profile) -> Client {
    Client { keys: key.set(), profile, ..client(ClientKind::Confidential, &[REDIRECT]) }
}

fn verify(compact: &str, client: &Client, means: Means) -> Result<RequestObject, Refusal> {
    UnverifiedRequestObject::new(compact).verify(&Expected { client, provider: &provider(), means, now: NOW })
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k", "typ": "oauth-authz-req+jwt" })
}

fn with_change(profile: Profile, change: &Value) -> Result<RequestObject, Refusal> {
    let key = TestKey::new(Some("k"));
    verify(&key.jws(&header(), &claims(change)), &registered(&key, profile), Means::Value)
}

fn beside(pairs: &[(&str, &str)]) -> UnverifiedAuthorizationRequest {
    UnverifiedAuthorizationRequest::parse(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
}

/// OP-09.
#[test]
fn a_signed_object_is_the_request() {
    for profile in Profile::ALL {
        let object = with_change(profile, &json!({})).unwrap();
        assert_eq!((object.jti.as_deref(), object.expires_at), (Some("j"), Some(UnixTime::from_seconds(1_000_300))));
        let client = Client { profile, ..client(ClientKind::Confidential, &[REDIRECT]) };
        let request = beside(&[("client_id", "skolportalen"), ("request", "x"), ("state", "outside"), ("prompt", "none")]);
        let request = request.with_object(object).unwrap().check(Some(&client), &provider());
        if profile == Profile::Fapi2 {
            assert_eq!(request.unwrap_err().refusal(), authorize::Refusal::PushRequired);
            continue;
        }
        let request = request.unwrap();
        assert_eq!(request.reply_to.state(), Some("inside"), "a state outside is not used");
        assert_eq!((request.prompt, request.max_age.unwrap().0), (authorize::Prompt::Absent, 60));
        assert!(request.claims.id_token.is_empty(), "read as JSON, and then held to what the client may ask");
    }
}

#[test]
fn claims_that_every_profile_refuses() {
    let now = NOW.seconds();
    let cases = [
        (json!({ "iss": "annan" }), Refusal::Issuer),
        (json!({ "iss": null }), Refusal::Issuer),
        (json!({ "aud": null }), Refusal::Audience),
        (json!({ "aud": "https://annan.example" }), Refusal::Audience),
        (json!({ "aud": [] }), Refusal::Audience),
        (json!({ "aud": ["https://id.example", 1] }), Refusal::Audience),
        (json!({ "aud": "https://id.example/" }), Refusal::Audience),
        (json!({ "sub": "skolportalen" }), Refusal::Subject),
        (json!({ "client_id": "annan" }), Refusal::ClientId),
        (json!({ "client_id": 1 }), Refusal::ClientId),
        (json!({ "request": "a.b.c" }), Refusal::Nested),
        (json!({ "request_uri": "urn:x" }), Refusal::Nested),
        (json!({ "exp": now }), Refusal::Expired),
        (json!({ "exp": now - 1 }), Refusal::Expired),
        (json!({ "exp": "never" }), Refusal::Expired),
        (json!({ "nbf": now + 61 }), Refusal::NotBefore),
        (json!({ "nbf": "now" }), Refusal::NotBefore),
        (json!({ "max_age": 1.5 }), Refusal::ParameterForm),
        (json!({ "max_age": true }), Refusal::ParameterForm),
        (json!({ "scope": ["openid"] }), Refusal::ParameterForm),
        (json!({ "state": {} }), Refusal::ParameterForm),
        (json!({ "resource": ["urn:a", 1] }), Refusal::ParameterForm),
    ];
    for (change, refusal) in cases {
        for profile in Profile::ALL {
            assert_eq!(with_change(profile, &change), Err(refusal), "{profile:?} {change}");
            assert_eq!(refusal.oauth(), OAuthError::InvalidRequestObject);
        }
    }
}

/// FAPI 2.0 Message Signing §5.3.1, RFC 9101 §4, OIDC Sweden profile §2.1.7: in the order core, fapi2, strict, swedish.
#[test]
fn what_differs_from_profile_to_profile() {
    let now = NOW.seconds();
    let cases = [
        (json!({ "nbf": null }), [None, Some(Refusal::NotBefore), None, None]),
        (json!({ "nbf": now - 3_601, "exp": now + 1 }), [None, Some(Refusal::NotBefore), Some(Refusal::Expired), None]),
        (json!({ "nbf": now - 3_600, "exp": now + 1 }), [None, Some(Refusal::Expired), Some(Refusal::Expired), None]),
        (json!({ "nbf": now - 3_599, "exp": now + 1 }), [None; 4]),
        (json!({ "nbf": now + 10 }), [None; 4]),
        (json!({ "exp": now + 3_601 }), [None, Some(Refusal::Expired), Some(Refusal::Expired), None]),
        (json!({ "exp": null }), [None, Some(Refusal::Expired), Some(Refusal::Expired), None]),
        (json!({ "client_id": null }), [None, Some(Refusal::ClientId), Some(Refusal::ClientId), None]),
        (json!({ "aud": "https://id.example/authorize" }), [None, Some(Refusal::Audience), None, None]),
        (json!({ "aud": ["https://x.example", "https://id.example"] }), [None; 4]),
    ];
    for (change, expected) in cases {
        for (profile, refusal) in Profile::ALL.into_iter().zip(expected) {
            assert_eq!(with_change(profile, &change).err(), refusal, "{profile:?} {change}");
        }
    }
}

#[test]
fn signatures_that_are_refused() {
    let (key, stranger) = (TestKey::new(Some("k")), TestKey::new(Some("k")));
    let client = registered(&key, Profile::Strict);
    let cases = [
        (stranger.jws(&header(), &claims(&json!({}))), jose::Refusal::Signature),
        (key.jws(&json!({ "alg": "ES256", "kid": "other" }), &claims(&json!({}))), jose::Refusal::KeyUnknown),
        (key.jws(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims(&json!({}))), jose::Refusal::Type),
        (key.jws(&json!({ "alg": "HS256" }), &claims(&json!({}))), jose::Refusal::Algorithm),
        (key.jws(&json!({ "alg": "none" }), &claims(&json!({}))), jose::Refusal::Algorithm),
        (key.jws(&json!({ "alg": "ES256", "jwk": stranger.jwk.to_json() }), &claims(&json!({}))), jose::Refusal::KeyInHeader),
        ("a.b".to_owned(), jose::Refusal::Malformed),
    ];
    for (compact, refusal) in cases {
        assert_eq!(verify(&compact, &client, Means::Value), Err(Refusal::Jose(refusal)), "{compact}");
    }
    for typ in [json!("JWT"), json!("application/oauth-authz-req+jwt"), Value::Null] {
        let mut header = header();
        header["typ"] = typ;
        header.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert!(verify(&key.jws(&header, &claims(&json!({}))), &client, Means::Value).is_ok(), "{header}");
    }
    let mut only_ps256 = registered(&key, Profile::Core);
    only_ps256.registration.request_objects.algorithm = Some(Algorithm::Ps256);
    assert_eq!(verify(&key.jws(&header(), &claims(&json!({}))), &only_ps256, Means::Value), Err(Refusal::Jose(jose::Refusal::Algorithm)));
    let rsa = RSA.jws(&json!({ "alg": "RS256" }), &claims(&json!({})));
    let keys = jose::JwkSet::new(vec![RSA.jwk.clone()]).unwrap();
    for profile in Profile::ALL {
        let client = Client { keys: keys.clone(), profile, ..client.clone() };
        assert_eq!(verify(&rsa, &client, Means::Value).is_ok(), profile != Profile::Fapi2, "{profile:?}: FAPI has no RS256");
    }
}

fn unsigned(change: &Value) -> String {
    format!("{}.{}.", base64url::encode(json!({ "alg": "none" }).to_string()), base64url::encode(claims(change).to_string()))
}

/// Attack 9 and CVE-2026-9793.
#[test]
fn an_unsigned_object_comes_only_by_reference_from_a_core_client_that_said_so() {
    let key = TestKey::new(Some("k"));
    for profile in Profile::ALL {
        for said_so in [false, true] {
            for means in [Means::Pushed, Means::Reference, Means::Value] {
                let registration =
                    Registration { request_objects: RequestObjects { unsigned: said_so, ..RequestObjects::default() }, ..Registration::default() };
                let client = Client { registration, ..registered(&key, profile) };
                let outcome = verify(&unsigned(&json!({ "iss": null, "aud": null })), &client, means);
                let is_taken = profile == Profile::Core && said_so && means == Means::Reference;
                assert_eq!(
                    outcome.map(|object| object.is_signed),
                    if is_taken { Ok(false) } else { Err(Refusal::Unsigned) },
                    "{profile:?} {means:?}"
                );
            }
        }
    }
    let registration = Registration { request_objects: RequestObjects { unsigned: true, ..RequestObjects::default() }, ..Registration::default() };
    let mut client = Client { registration, ..registered(&key, Profile::Core) };
    assert_eq!(verify(&unsigned(&json!({ "iss": "annan" })), &client, Means::Reference), Err(Refusal::Issuer), "what it says holds");
    client.registration.request_objects.required = true;
    let object = verify(&unsigned(&json!({})), &client, Means::Reference).unwrap();
    let request = beside(&[("client_id", "skolportalen")]).with_object(object).unwrap().check(Some(&client), &provider());
    assert_eq!(request.unwrap_err().refusal(), authorize::Refusal::SignatureRequired);
}

/// Any key pair of ours will do: only the form is looked at before the operation.
fn encrypted(inner: &str) -> (String, Vec<u8>) {
    let private = aws_lc_rs::agreement::PrivateKey::generate(&aws_lc_rs::agreement::ECDH_P256).unwrap();
    let public = private.compute_public_key().unwrap();
    let ours = jose::Jwk::from_p256_point(public.as_ref(), Some("dec".to_owned())).unwrap().for_encryption(KeyManagement::EcdhEs).unwrap();
    let recipient = Recipient { key: &ours, by: KeyManagement::EcdhEs, content: ContentEncryption::A128Gcm };
    let compact = encrypt(inner.as_bytes(), Some("JWT"), &recipient, &mut Counting(8)).unwrap();
    let number = aws_lc_rs::encoding::AsBigEndian::<aws_lc_rs::encoding::EcPrivateKeyBin<'_>>::as_be_bytes(&private).unwrap();
    (compact, number.as_ref().to_vec())
}

fn agree(number: &[u8], operation: &PrivateOperation<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let PrivateOperation::Agree { curve, point } = operation else { return None };
    let private = aws_lc_rs::agreement::PrivateKey::from_private_key(curve.agreement(), number).ok()?;
    let peer = aws_lc_rs::agreement::UnparsedPublicKey::new(curve.agreement(), point);
    aws_lc_rs::agreement::agree(&private, peer, (), |agreed| Ok(Zeroizing::new(agreed.to_vec()))).ok()
}

/// OP-10.
#[test]
fn a_nested_object_is_opened_once_and_then_held_to_its_signature() {
    let key = TestKey::new(Some("k"));
    let client = Client {
        registration: Registration { request_objects: RequestObjects { unsigned: true, ..RequestObjects::default() }, ..Registration::default() },
        ..registered(&key, Profile::Core)
    };
    let open = |inner: &str| {
        let (compact, number) = encrypted(inner);
        let object = UnverifiedRequestObject::new(compact);
        assert_eq!(object.encrypted().unwrap().unwrap().kid(), Some("dec"));
        let closed = object.verify(&Expected { client: &client, provider: &provider(), means: Means::Reference, now: NOW });
        assert_eq!(closed, Err(Refusal::Encrypted));
        let opened = object.decrypted(|operation| agree(&number, operation)).unwrap();
        opened.verify(&Expected { client: &client, provider: &provider(), means: Means::Reference, now: NOW })
    };
    assert!(open(&key.jws(&header(), &claims(&json!({})))).unwrap().is_signed);
    assert_eq!(open(&unsigned(&json!({}))), Err(Refusal::Unsigned), "whoever has our public key can make one");
    assert_eq!(open(&encrypted("x").0), Err(Refusal::Encrypted), "twice");
    assert_eq!(open(&TestKey::new(Some("k")).jws(&header(), &claims(&json!({})))), Err(Refusal::Jose(jose::Refusal::Signature)));
    let (compact, _) = encrypted("x");
    let refused = UnverifiedRequestObject::new(compact).decrypted(|_| None);
    assert_eq!(refused, Err(Refusal::Jose(jose::Refusal::Decryption)));
}

/// OP-11.
#[test]
fn what_stands_beside_may_repeat_and_not_contradict() {
    let object = |profile, change: Value| with_change(profile, &change).unwrap();
    let client = ("client_id", "skolportalen");
    for (name, value) in [("scope", "openid profile"), ("response_type", "token")] {
        let merged = beside(&[client, (name, value)]).with_object(object(Profile::Strict, json!({})));
        assert_eq!(merged.err(), Some(Refusal::Disagrees), "{name}");
        assert!(beside(&[client, (name, value)]).with_object(object(Profile::Fapi2, json!({}))).is_ok(), "FAPI does not look beside");
    }
    for wrong in [("client_id", "annan"), ("x", "y")] {
        assert_eq!(beside(&[wrong]).with_object(object(Profile::Strict, json!({}))).err(), Some(Refusal::ClientId));
    }
    let outside = [client, ("scope", "openid"), ("response_type", "code")];
    let inside = || json!({ "scope": null, "response_type": null });
    let check = |profile| {
        let client = Client { profile: Profile::Core, ..super::super::client::tests::client(ClientKind::Confidential, &[REDIRECT]) };
        beside(&outside).with_object(object(profile, inside())).unwrap().check(Some(&client), &provider())
    };
    assert!(check(Profile::Core).is_ok() && check(Profile::Swedish).is_ok());
    assert_eq!(check(Profile::Fapi2).unwrap_err().refusal(), authorize::Refusal::ResponseTypeMissing);
}

#[test]
fn several_resources_and_details_are_read_as_json() {
    let details = json!([{ "type": "signature", "documents": [{ "title": "Protokoll", "digest": Digest::of(b"a") }] }]);
    let object = with_change(Profile::Core, &json!({ "resource": ["urn:x:a", "urn:x:b"], "authorization_details": details })).unwrap();
    let mut client = client(ClientKind::Confidential, &[REDIRECT]);
    client.registration.resources = vec!["urn:x:a".to_owned(), "urn:x:b".to_owned()];
    client.registration.authorization_details = vec![crate::authorization_details::DetailType::Signature];
    let request = beside(&[("client_id", "skolportalen")]).with_object(object).unwrap().check(Some(&client), &provider()).unwrap();
    assert_eq!((request.resources.len(), serde_json::to_value(&request.details).unwrap()), (2, details));
}

#[test]
fn only_a_registered_address_is_fetched_and_only_what_was_hashed_is_taken() {
    let mut client = client(ClientKind::Confidential, &[]);
    client.registration.request_objects.uris = vec!["https://skola.example/r".to_owned(), "http://skola.example/r".to_owned()];
    let hash = Digest::of(b"a.b.c").to_base64url();
    let reference = Reference::parse(&format!("https://skola.example/r#{hash}"), &client).unwrap();
    assert_eq!((reference.address.as_str(), reference.found("a.b.c").is_ok()), ("https://skola.example/r", true));
    assert_eq!(reference.found("a.b.d").err(), Some(Refusal::Reference));
    assert!(Reference::parse("https://skola.example/r", &client).unwrap().found("a.b.d").is_ok());
    let long = format!("https://skola.example/r#{}", "A".repeat(600));
    let wrong =
        ["http://skola.example/s", "https://skola.example/r/", "https://skola.example/r?x", "https://169.254.169.254/", "file:///etc/x", "", &long];
    for address in wrong.into_iter().chain(["https://skola.example/r#short"]) {
        let refusal = Reference::parse(address, &client).unwrap_err();
        assert_eq!((refusal, refusal.oauth()), (Refusal::Reference, OAuthError::InvalidRequestUri), "{address}");
    }
}
