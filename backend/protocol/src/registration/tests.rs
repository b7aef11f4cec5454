//! One right registration for each profile; then each member that can be wrong, and updates judged on what would result.

use serde_json::{Value, json};

use super::*;
use crate::{
    jose::{
        Algorithm, Jwk,
        jwe::{ContentEncryption, KeyManagement},
        tests::{RSA, TestKey},
    },
    oauth_error::OAuthError,
    response_mode::ResponseMode,
};

fn policy(profile: Profile) -> Policy {
    let authentications = Authentication::ALL.into_iter().filter(|method| !method.is_secret()).collect();
    let scopes = vec!["profile".to_owned(), "email".to_owned()];
    Policy { profile, scopes, authentications, redirects: Redirect::ALL.to_vec(), ..Policy::default() }
}

fn keys() -> Value {
    static KEYS: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| TestKey::new(Some("k")).set().to_json());
    KEYS.clone()
}

/// A registration that every profile takes, with members set, or removed where null.
fn with(change: &Value) -> Value {
    let mut members = json!({
        "redirect_uris": ["https://skola.example/cb"], "token_endpoint_auth_method": "private_key_jwt", "jwks": keys(), "scope": "openid profile",
        "dpop_bound_access_tokens": true, "id_token_signed_response_alg": "ES256", "client_name": "Skolportalen",
        "client_name#sv": "Skolportalen", "client_name#en": "The school portal", "logo_uri": "https://skola.example/logo.svg",
        "client_uri": "https://skola.example/", "contacts": ["drift@skola.example"],
    });
    members.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    members
}

fn judge(members: &Value, policy: &Policy) -> Result<Metadata, Refusal> {
    RegistrationRequest::parse(members.to_string().as_bytes())?.judge(policy)
}

fn judged(profile: Profile, change: &Value) -> Result<Metadata, Refusal> {
    judge(&with(change), &policy(profile))
}

#[test]
fn a_right_registration_stands_with_its_defaults() {
    for profile in Profile::ALL {
        let metadata = judged(profile, &json!({ "grant_types": null, "unknown": 1, "roles": ["admin"], "client_secret": "s" })).unwrap();
        assert_eq!((metadata.kind, metadata.authentication, metadata.profile), (ClientKind::Confidential, Authentication::PrivateKeyJwt, profile));
        assert_eq!(
            (metadata.scopes.as_slice(), metadata.grants.as_slice()),
            (["profile".to_owned()].as_slice(), [GrantType::AuthorizationCode].as_slice())
        );
        assert_eq!(metadata.registration.requires_par, profile == Profile::Fapi2);
        assert_eq!(metadata.registration.response_modes.contains(&ResponseMode::QueryJwt), profile == Profile::Fapi2);
        let members = &metadata.members;
        assert_eq!(members["grant_types"], json!(["authorization_code"]));
        assert_eq!((&members["response_types"], &members["subject_type"]), (&json!(["code"]), &json!("public")));
        for unkept in ["unknown", "roles", "client_secret"] {
            assert!(!members.contains_key(unkept), "{unkept}");
        }
        let client = metadata.client("skolportalen".parse().unwrap(), JwkSet::default(), None);
        assert!(client.owns("https://skola.example/cb") && client.profile.requires_pkce(&client));
    }
    let signed = |profile| judged(profile, &json!({ "id_token_signed_response_alg": null })).unwrap().registration.id_token.signed;
    let expected = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es256, Algorithm::Es256].map(Some);
    assert_eq!(Profile::ALL.map(signed), expected, "RS256 where a plain client names nothing (OIDC Core §2)");
}

fn every_profile_refuses(cases: &[(Value, Refusal)]) {
    for (change, refusal) in cases {
        for profile in Profile::ALL {
            assert_eq!(judged(profile, change).err(), Some(*refusal), "{profile:?} {change}");
        }
    }
}

#[test]
fn addresses_that_every_profile_refuses() {
    every_profile_refuses(&[
        (json!({ "redirect_uris": null }), Refusal::RedirectUri),
        (json!({ "redirect_uris": [] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["http://skola.example/cb"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["https://skola.example/cb#x"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["https://a@skola.example/cb"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["https://SKOLA.example/cb"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["https://skola.example/a/../cb"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["https://skola.example/..;/cb"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["http://127.0.0.1/cb"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": ["https://skola.example/cb", "se.skola:/cb"] }), Refusal::RedirectUri),
        (json!({ "post_logout_redirect_uris": ["http://skola.example/"] }), Refusal::RedirectUri),
        (json!({ "redirect_uris": "https://skola.example/cb" }), Refusal::Member),
        (json!({ "logo_uri": "http://skola.example/logo.svg" }), Refusal::Address),
        (json!({ "client_uri": "javascript:alert(1)" }), Refusal::Address),
        (json!({ "backchannel_logout_uri": "https://a@skola.example/" }), Refusal::Address),
        (json!({ "jwks": null, "jwks_uri": "http://skola.example/jwks" }), Refusal::Address),
        (json!({ "request_uris": ["file:///x"] }), Refusal::Address),
    ]);
    assert_eq!((Refusal::RedirectUri.oauth(), Refusal::Address.oauth()), (OAuthError::InvalidRedirectUri, OAuthError::InvalidClientMetadata));
}

#[test]
fn grants_and_keys_that_every_profile_refuses() {
    let rsa = json!({ "keys": [RSA.jwk.to_json()] });
    every_profile_refuses(&[
        (json!({ "grant_types": ["password"] }), Refusal::Member),
        (json!({ "grant_types": ["implicit", "authorization_code"] }), Refusal::Member),
        (json!({ "grant_types": [] }), Refusal::RedirectUri),
        (json!({ "grant_types": ["client_credentials", "authorization_code"] }), Refusal::Grants),
        (json!({ "response_types": ["code", "id_token"] }), Refusal::ResponseTypes),
        (json!({ "response_types": ["code token"] }), Refusal::ResponseTypes),
        (json!({ "token_endpoint_auth_method": "client_secret_jwt" }), Refusal::Member),
        (json!({ "token_endpoint_auth_method": null }), Refusal::Authentication),
        (json!({ "token_endpoint_auth_method": "client_secret_post" }), Refusal::Authentication),
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), Refusal::Authentication),
        (
            json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a" }),
            Refusal::Authentication,
        ),
        (json!({ "jwks": null }), Refusal::Keys),
        (json!({ "jwks_uri": "https://skola.example/jwks" }), Refusal::Keys),
        (json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } }), Refusal::Keys),
        (json!({ "jwks": { "keys": [] } }), Refusal::Keys),
        (json!({ "token_endpoint_auth_signing_alg": "none" }), Refusal::Algorithm),
        (json!({ "token_endpoint_auth_signing_alg": "HS256" }), Refusal::Algorithm),
        (json!({ "token_endpoint_auth_signing_alg": "PS256" }), Refusal::Algorithm),
        (json!({ "token_endpoint_auth_signing_alg": "ES256", "jwks": rsa }), Refusal::Algorithm),
        (json!({ "request_object_signing_alg": "PS256" }), Refusal::Algorithm),
        (json!({ "request_object_signing_alg": "none", "require_signed_request_object": true }), Refusal::Algorithm),
    ]);
}

#[test]
fn answers_and_words_that_every_profile_refuses() {
    every_profile_refuses(&[
        (json!({ "id_token_signed_response_alg": "none" }), Refusal::Algorithm),
        (json!({ "id_token_signed_response_alg": "ES512" }), Refusal::Algorithm),
        (json!({ "id_token_encrypted_response_alg": "RSA1_5" }), Refusal::Algorithm),
        (json!({ "id_token_encrypted_response_alg": "RSA-OAEP" }), Refusal::Algorithm),
        (json!({ "id_token_encrypted_response_enc": "A128GCM" }), Refusal::Algorithm),
        (json!({ "userinfo_encrypted_response_alg": "dir" }), Refusal::Algorithm),
        (json!({ "authorization_signed_response_alg": "none" }), Refusal::Algorithm),
        (json!({ "dpop_bound_access_tokens": true, "tls_client_certificate_bound_access_tokens": true }), Refusal::SenderConstraint),
        (json!({ "dpop_bound_access_tokens": "true" }), Refusal::Member),
        (json!({ "require_pkce": false }), Refusal::Pkce),
        (json!({ "scope": "openid admin" }), Refusal::Scope),
        (json!({ "scope": ["openid"] }), Refusal::Member),
        (json!({ "subject_type": "transient" }), Refusal::Subject),
        (json!({ "subject_type": "pairwise", "redirect_uris": ["https://a.example/", "https://b.example/"] }), Refusal::Subject),
        (json!({ "authorization_details_types": ["payment"] }), Refusal::Member),
        (json!({ "authorization_details_types": ["door"] }), Refusal::Details),
        (json!({ "default_max_age": "60" }), Refusal::Member),
        (json!({ "default_max_age": -1 }), Refusal::Member),
        (json!({ "client_name": "x".repeat(121) }), Refusal::Member),
        (json!({ "client_name#sv": "Skola\nGodkänd av kommunen" }), Refusal::Member),
        (json!({ "logo_uri": "http://a.example/logo.png" }), Refusal::Address),
        (json!({ "logo_uri#sv": "data:image/svg+xml,<svg/>" }), Refusal::Address),
        (json!({ "logo_uri#en": 1 }), Refusal::Member),
        (json!({ "application_type": "desktop" }), Refusal::Member),
        (json!({ "software_statement": "a.b.c" }), Refusal::Statement),
    ]);
}

#[test]
fn forms_that_are_no_registration() {
    for wrong in ["", "[]", "{", r#"{"scope":"a","scope":"b"}"#] {
        assert_eq!(RegistrationRequest::parse(wrong.as_bytes()).err(), Some(Refusal::Form), "{wrong}");
    }
    let long = json!({ "client_name": "x".repeat(70_000) });
    assert_eq!(judge(&long, &policy(Profile::Core)).err(), Some(Refusal::Form));
}

/// In the order core, fapi2, strict, swedish.
#[test]
fn what_differs_from_profile_to_profile() {
    let rsa = || json!({ "keys": [RSA.jwk.to_json()] });
    let public = json!({ "token_endpoint_auth_method": "none", "jwks": null });
    let cases = [
        (json!({ "dpop_bound_access_tokens": null }), [None, Some(Refusal::SenderConstraint), None, None]),
        (public, [None, Some(Refusal::Authentication), None, None]),
        (json!({ "request_object_signing_alg": "none" }), [None, Some(Refusal::Algorithm), Some(Refusal::Algorithm), Some(Refusal::Algorithm)]),
        (json!({ "token_endpoint_auth_signing_alg": "RS256", "jwks": rsa() }), [None, Some(Refusal::Algorithm), None, None]),
        (json!({ "token_endpoint_auth_signing_alg": "PS256", "jwks": rsa() }), [None; 4]),
        (json!({ "id_token_signed_response_alg": "RS256" }), [None, Some(Refusal::Algorithm), None, None]),
        (json!({ "id_token_signed_response_alg": "EdDSA" }), [None; 4]),
        (json!({ "contacts": [] }), [None, None, None, Some(Refusal::People)]),
        (json!({ "contacts": ["ring växeln"] }), [None, None, None, Some(Refusal::People)]),
        (json!({ "client_name#en": null }), [None, None, None, Some(Refusal::People)]),
        (json!({ "logo_uri": null }), [None, None, None, Some(Refusal::People)]),
    ];
    for (change, expected) in cases {
        for (profile, refusal) in Profile::ALL.into_iter().zip(expected) {
            assert_eq!(judged(profile, &change).err(), refusal, "{profile:?} {change}");
        }
    }
}

/// OP-07 and RFC 9700 §2.1.1: what only an administrator, or a policy of one, may allow.
#[test]
fn what_an_administrator_may_allow() {
    for profile in Profile::ALL {
        let (authentications, grants) = (Authentication::ALL.to_vec(), GrantType::ALL.to_vec());
        let by_hand = Policy { by_administrator: true, authentications, grants, ..policy(profile) };
        let secret = judge(&with(&json!({ "token_endpoint_auth_method": "client_secret_basic" })), &by_hand);
        assert_eq!(secret.is_ok(), profile == Profile::Core, "{profile:?}");
        let without_pkce = judge(&with(&json!({ "require_pkce": false })), &by_hand).map(|metadata| metadata.registration.pkce_optional);
        assert_eq!(without_pkce, if profile == Profile::Fapi2 { Err(Refusal::Pkce) } else { Ok(true) }, "{profile:?}");
        let service = json!({ "grant_types": ["client_credentials"], "redirect_uris": null, "response_types": [] });
        assert!(judge(&with(&service), &by_hand).is_ok(), "{profile:?}");
        let useless = json!({ "grant_types": ["client_credentials"] });
        assert_eq!(judge(&with(&useless), &by_hand).err(), Some(Refusal::RedirectUri), "an address without use is one to steal");
        if profile != Profile::Fapi2 {
            let public = json!({ "token_endpoint_auth_method": "none", "jwks": null, "require_pkce": false });
            assert_eq!(judge(&with(&public), &by_hand).err(), Some(Refusal::Pkce));
            let own = json!({ "token_endpoint_auth_method": "none", "jwks": null, "grant_types": ["authorization_code", "client_credentials"] });
            assert_eq!(judge(&with(&own), &by_hand).err(), Some(Refusal::Grants));
        }
    }
}

#[test]
fn a_program_on_a_device_may_have_addresses_of_its_own() {
    let native = |uri: &str| {
        let app = json!({ "token_endpoint_auth_method": "none", "jwks": null, "application_type": "native", "redirect_uris": [uri] });
        judged(Profile::Strict, &app).map(|metadata| metadata.kind)
    };
    for right in ["https://app.example/cb", "se.example.app:/cb", "http://127.0.0.1/cb", "http://[::1]:7000/cb"] {
        assert_eq!(native(right), Ok(ClientKind::Native), "{right}");
    }
    for wrong in [
        "myapp:/cb",
        "se.example.app://cb",
        "http://localhost/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.1/cb#x",
        "javascript:x",
        "file:/x",
    ] {
        assert_eq!(native(wrong), Err(Refusal::RedirectUri), "{wrong}");
    }
}

#[test]
fn what_is_encrypted_to_the_client_it_can_open() {
    let rsa = RSA.jwk.clone().for_encryption(KeyManagement::RsaOaep(crate::jose::jwe::Oaep::Sha1)).unwrap();
    let signing = TestKey::new(Some("sig")).jwk;
    let both = JwkSet::new(vec![signing, rsa]).unwrap().to_json();
    let change = json!({ "jwks": both, "id_token_encrypted_response_alg": "RSA-OAEP", "authorization_signed_response_alg": "ES256",
        "authorization_encrypted_response_alg": "RSA-OAEP", "authorization_encrypted_response_enc": "A256GCM" });
    let metadata = judged(Profile::Strict, &change).unwrap();
    let by = KeyManagement::RsaOaep(crate::jose::jwe::Oaep::Sha1);
    assert_eq!(metadata.registration.id_token.encrypted, Some((by, ContentEncryption::A128CbcHs256)));
    assert_eq!(metadata.registration.authorization_response.encrypted, Some((by, ContentEncryption::A256Gcm)));
    assert!(metadata.registration.response_modes.contains(&ResponseMode::FormPostJwt));
    let Keys::Inline(keys) = &metadata.keys else { panic!("inline") };
    assert!(metadata.client("a".parse().unwrap(), keys.clone(), None).recipient(&metadata.registration.id_token).unwrap().is_some());
    let other = json!({ "jwks": both, "id_token_encrypted_response_alg": "ECDH-ES" });
    assert_eq!(judged(Profile::Strict, &other).err(), Some(Refusal::Algorithm));
    let fetched = json!({ "jwks": null, "jwks_uri": "https://skola.example/jwks", "id_token_encrypted_response_alg": "ECDH-ES" });
    assert_eq!(judged(Profile::Strict, &fetched).unwrap().keys, Keys::At("https://skola.example/jwks".to_owned()));
}

/// Attack 21: an update is all of the registration, and what it leaves out is not kept from before.
#[test]
fn an_update_is_judged_on_what_results() {
    let id = "skolportalen".parse().unwrap();
    let named = |value: &Value| RegistrationRequest::parse(with(&json!({ "client_id": value })).to_string().as_bytes()).unwrap();
    assert_eq!(named(&json!("skolportalen")).names(Some(&id)), Ok(()));
    assert_eq!(named(&json!("annan")).names(Some(&id)), Err(Refusal::ClientId));
    assert_eq!(named(&json!(1)).names(Some(&id)), Err(Refusal::ClientId));
    assert_eq!(named(&json!("skolportalen")).names(None), Err(Refusal::ClientId), "nobody chooses an id");
    assert_eq!(RegistrationRequest::parse(b"{}").unwrap().names(Some(&id)), Err(Refusal::ClientId));
    assert_eq!(RegistrationRequest::parse(b"{}").unwrap().names(None), Ok(()));
    let without_keys = with(&json!({ "jwks": null }));
    assert_eq!(judge(&without_keys, &policy(Profile::Strict)).err(), Some(Refusal::Keys), "the old keys are gone");
    assert_eq!(judge(&json!({}), &policy(Profile::Core)).err(), Some(Refusal::RedirectUri));
}

/// RFC 7591 §2.3.
#[test]
fn what_a_statement_says_goes_before_what_the_request_says() {
    let demanding = Policy { demands_statement: true, ..policy(Profile::Strict) };
    let request = || RegistrationRequest::parse(with(&json!({ "software_statement": "a.b.c" })).to_string().as_bytes()).unwrap();
    assert_eq!(request().statement(), Some("a.b.c"));
    assert_eq!(request().judge(&demanding).err(), Some(Refusal::Statement));
    assert_eq!(
        (judge(&with(&json!({})), &demanding).err(), Refusal::Statement.oauth()),
        (Some(Refusal::Statement), OAuthError::InvalidSoftwareStatement)
    );
    let key = TestKey::new(Some("s"));
    let statement = |claims: &Value| {
        let compact = key.jws(&json!({ "alg": "ES256", "kid": "s" }), claims);
        let expected = crate::jose::Expected { algorithms: &[Algorithm::Es256], typ: crate::jose::Type::OrdinaryOr("jwt") };
        crate::jose::UnverifiedJws::parse(&compact).unwrap().verify(&key.set(), expected).unwrap().claims().unwrap()
    };
    let told = statement(&json!({ "iss": "x", "redirect_uris": ["https://annan.example/cb"], "software_id": "s1" }));
    let metadata = request().stated(&told).judge(&demanding).unwrap();
    assert_eq!((metadata.redirect_uris, &metadata.members["software_id"]), (vec!["https://annan.example/cb".to_owned()], &json!("s1")));
    assert!(!metadata.members.contains_key("iss") && !metadata.members.contains_key("software_statement"));
    let wrong = statement(&json!({ "scope": "admin" }));
    assert_eq!(request().stated(&wrong).judge(&demanding).err(), Some(Refusal::Scope), "and is judged like it");
}

#[test]
fn a_weak_key_is_no_key() {
    let short = json!({ "kty": "RSA", "n": crate::base64url::encode([0xff; 128]), "e": "AQAB" });
    assert!(Jwk::parse(&short.to_string()).is_err());
    assert_eq!(judged(Profile::Core, &json!({ "jwks": { "keys": [short] } })).err(), Some(Refusal::Keys));
}

/// What a policy does not name cannot be had, whatever the profile allows.
#[test]
fn a_policy_names_ways_to_authenticate_and_kinds_of_addresses() {
    let narrow = Policy { authentications: vec![Authentication::None], redirects: vec![Redirect::Loopback], ..policy(Profile::Strict) };
    let native =
        |uri: &str| with(&json!({ "token_endpoint_auth_method": "none", "jwks": null, "application_type": "native", "redirect_uris": [uri] }));
    assert!(judge(&native("http://127.0.0.1/cb"), &narrow).is_ok() && judge(&native("https://app.example/cb"), &narrow).is_ok());
    assert_eq!(judge(&native("se.kvarnby.app:/cb"), &narrow).err(), Some(Refusal::RedirectUri));
    assert_eq!(judge(&with(&json!({})), &narrow).err(), Some(Refusal::Authentication));
    assert_eq!(judge(&native("https://app.example/cb"), &Policy::default()).err(), Some(Refusal::Authentication), "nothing was named");
}
