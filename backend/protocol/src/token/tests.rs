use handslag_vocab::{Digest, UnixTime};
use serde_json::json;

use super::*;
use crate::{
    authorization_details::DetailType,
    client::{ClientKind, tests::client},
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const NOW: UnixTime = UnixTime::from_seconds(1_000);

/// A right request of a public client, with one parameter changed (empty removes it).
fn with(name: &str, value: &str) -> Vec<(String, String)> {
    let right = [
        ("grant_type", "authorization_code"),
        ("code", "hs_code_x"),
        ("redirect_uri", "https://a.example/cb"),
        ("client_id", "app"),
        ("code_verifier", VERIFIER),
    ];
    let mut pairs: Vec<(String, String)> = right.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    pairs.retain(|(known, _)| known != name);
    if !name.is_empty() {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    pairs
}

fn parse(pairs: Vec<(String, String)>) -> Result<TokenRequest, Refusal> {
    TokenRequest::parse(pairs, None)
}

fn exchange(pairs: Vec<(String, String)>) -> CodeExchange {
    match parse(pairs).unwrap().offer {
        Offer::Code(exchange) => exchange,
        other => panic!("{:?}", other.grant_type()),
    }
}

fn check_with(pairs: Vec<(String, String)>, client: &str, now: UnixTime, key: Option<Digest>, proven: Option<Digest>) -> Result<(), Refusal> {
    let challenge = pkce::Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
    let client_id = "app".parse().unwrap();
    let expires_at = NOW + Seconds(60);
    let code = IssuedCode { client_id: &client_id, redirect_uri: "https://a.example/cb", challenge: Some(&challenge), key, expires_at };
    let presenter = client.parse().unwrap();
    exchange(pairs).check(&code, &Presenter { client_id: &presenter, proven, now })
}

fn check(pairs: Vec<(String, String)>, client: &str, now: UnixTime) -> Result<(), Refusal> {
    check_with(pairs, client, now, None, None)
}

#[test]
fn a_right_request() {
    assert_eq!(exchange(with("", "")).code.reveal(), "hs_code_x");
    assert_eq!(check(with("", ""), "app", NOW), Ok(()));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "r"), ("client_id", "app")];
    let request = parse(refresh.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()).unwrap();
    assert!(matches!(&request.offer, Offer::Refresh(token) if token.reveal() == "r"));
    let request = parse(with("grant_type", "client_credentials")).unwrap();
    assert_eq!(request.offer.grant_type(), GrantType::ClientCredentials);
}

#[test]
fn forms_that_are_refused() {
    let unclear = Refusal::Client(client_authentication::Refusal::ClientUnclear);
    let cases = [
        ("grant_type", "", Refusal::GrantTypeMissing, "invalid_request"),
        ("grant_type", "password", Refusal::GrantType, "unsupported_grant_type"),
        ("grant_type", "refresh_token", Refusal::RefreshTokenMissing, "invalid_request"),
        ("code", "", Refusal::CodeMissing, "invalid_request"),
        ("client_id", "", unclear, "invalid_request"),
        ("client_id", "App", unclear, "invalid_request"),
    ];
    for (name, value, refusal, oauth) in cases {
        let outcome = parse(with(name, value)).err();
        assert_eq!(outcome, Some(refusal), "{name}={value}");
        assert_eq!(refusal.oauth().code(), oauth);
    }
    let exchange =
        [("grant_type", GrantType::TokenExchange.as_str()), ("subject_token", "t"), ("subject_token_type", ACCESS_TOKEN), ("audience", "a")];
    let changed = |name: &str, value: &str| {
        let mut pairs: Vec<(String, String)> = exchange.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        pairs.retain(|(known, _)| known != name);
        pairs.extend([("client_id".to_owned(), "app".to_owned()), (name.to_owned(), value.to_owned())]);
        parse(pairs).map(|request| request.offer.grant_type())
    };
    assert_eq!(changed("requested_token_type", ACCESS_TOKEN), Ok(GrantType::TokenExchange));
    assert_eq!(changed("resource", "a"), Ok(GrantType::TokenExchange), "named twice alike");
    let cases = [
        ("subject_token", "", Refusal::SubjectTokenMissing),
        ("subject_token_type", "", Refusal::SubjectTokenType),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token", Refusal::SubjectTokenType),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token", Refusal::SubjectTokenType),
        ("actor_token", "x", Refusal::ActorToken),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token", Refusal::RequestedTokenType),
        ("audience", "", Refusal::TargetMissing),
        ("resource", "b", Refusal::TargetMissing),
    ];
    for (name, value, refusal) in cases {
        assert_eq!(changed(name, value), Err(refusal), "{name}={value}");
    }
    for (grant, refusal) in [(GrantType::Ciba, Refusal::AuthReqIdMissing), (GrantType::DeviceCode, Refusal::DeviceCodeMissing)] {
        assert_eq!(parse(with("grant_type", grant.as_str())).err(), Some(refusal));
    }
    for (name, value) in with("", "") {
        let mut pairs = with("", "");
        pairs.push((name.clone(), value));
        assert_eq!(parse(pairs).err(), Some(Refusal::ParameterRepeated), "{name}");
    }
}

/// OP-05 and attack 3: the code is bound to client, address, challenge and key.
#[test]
fn a_code_for_somebody_else_or_without_its_proof_is_no_grant() {
    let cases = [
        (with("", ""), "other", NOW, Refusal::OtherClient),
        (with("", ""), "app", NOW + Seconds(60), Refusal::Expired),
        (with("redirect_uri", ""), "app", NOW, Refusal::OtherRedirectUri),
        (with("redirect_uri", "https://a.example/cb/"), "app", NOW, Refusal::OtherRedirectUri),
        (with("redirect_uri", "https://a.example/CB"), "app", NOW, Refusal::OtherRedirectUri),
        (with("code_verifier", ""), "app", NOW, Refusal::Pkce(pkce::Refusal::VerifierMissing)),
        (with("code_verifier", CHALLENGE), "app", NOW, Refusal::Pkce(pkce::Refusal::Mismatch)),
        (with("code_verifier", "short"), "app", NOW, Refusal::Pkce(pkce::Refusal::VerifierForm)),
    ];
    for (pairs, client, now, refusal) in cases {
        assert_eq!(check(pairs.clone(), client, now), Err(refusal), "{pairs:?}");
        assert_eq!(refusal.oauth(), OAuthError::InvalidGrant);
    }
    let (ours, theirs) = (Digest::of(b"ours"), Digest::of(b"theirs"));
    let with_key = |key, proven| check_with(with("", ""), "app", NOW, key, proven);
    assert_eq!(with_key(Some(ours), Some(ours)), Ok(()));
    assert_eq!(with_key(None, Some(ours)), Ok(()), "bound to nothing before: bound from here on");
    assert_eq!(with_key(Some(ours), Some(theirs)), Err(Refusal::OtherKey));
    assert_eq!(with_key(Some(ours), None), Err(Refusal::OtherKey));
}

/// Attack 5: a challenge that somebody took away is missed.
#[test]
fn a_code_without_a_challenge_takes_no_verifier() {
    let client_id = "app".parse().unwrap();
    let expires_at = NOW + Seconds(60);
    let code = IssuedCode { client_id: &client_id, redirect_uri: "https://a.example/cb", challenge: None, key: None, expires_at };
    let check = |pairs| exchange(pairs).check(&code, &Presenter { client_id: &client_id, proven: None, now: NOW });
    assert_eq!(check(with("code_verifier", "")), Ok(()));
    assert_eq!(check(with("", "")), Err(Refusal::Pkce(pkce::Refusal::VerifierUnasked)));
}

#[test]
fn a_client_offers_what_it_is_registered_for() {
    let registered = client(ClientKind::Browser, &[]);
    assert_eq!(parse(with("", "")).unwrap().check(&registered), Ok(()));
    let refused = parse(with("grant_type", "client_credentials")).unwrap().check(&registered).unwrap_err();
    assert_eq!((refused, refused.oauth()), (Refusal::GrantTypeOfOthers, OAuthError::UnauthorizedClient));
}

/// RFC 6749 §6.
#[test]
fn a_refresh_asks_for_less_and_never_for_more() {
    let granted = ["openid".to_owned(), "profile".to_owned()];
    let narrowed = |scope| parse(with("scope", scope)).unwrap().narrowed(&granted);
    assert_eq!(narrowed(""), Ok(granted.to_vec()));
    assert_eq!(narrowed("openid"), Ok(vec!["openid".to_owned()]));
    for wider in ["openid email", "OPENID", "openid  profile", " openid"] {
        assert_eq!(narrowed(wider), Err(Refusal::ScopeWider), "{wider}");
    }
}

/// RFC 9396 §6.
#[test]
fn a_token_is_asked_for_less_than_was_granted_and_never_for_more() {
    const DOOR: &str = r#"{"type":"door","actions":["open"],"doors":["dor_0123456789abcdefghjkmnpqrs"]}"#;
    let wider = DOOR.replace("]}", r#","dor_1123456789abcdefghjkmnpqrs"]}"#);
    let registered = |kinds: &[DetailType]| {
        let mut client = client(ClientKind::Browser, &[]);
        client.registration.authorization_details = kinds.to_vec();
        client
    };
    let granted = authorization_details::parse(&format!("[{wider}]"), &DetailType::ALL).unwrap();
    let asked = |details: &str, kinds: &[DetailType], granted: &[AuthorizationDetail]| {
        parse(with("authorization_details", details)).unwrap().details(&registered(kinds), granted)
    };
    assert_eq!(parse(with("", "")).unwrap().details(&registered(&[]), &granted), Ok(granted.clone()), "all of it where nothing is named");
    let less = asked(&format!("[{DOOR}]"), &DetailType::ALL, &granted).unwrap();
    assert_eq!(less.len(), 1);
    assert_ne!(less, granted);
    let refused = |details: &str, kinds: &[DetailType], granted: &[AuthorizationDetail]| asked(details, kinds, granted).unwrap_err();
    let all = &DetailType::ALL;
    let not_granted = Refusal::Details(authorization_details::Refusal::NotGranted);
    assert_eq!(refused(&format!("[{wider}]"), all, &less), not_granted);
    assert_eq!(refused(&format!("[{DOOR}]"), all, &[]), not_granted, "nothing was granted");
    assert_eq!(refused(&format!("[{DOOR}]"), &[DetailType::Signature], &granted), Refusal::Details(authorization_details::Refusal::Type));
    for form in ["x", "[]", "{}"] {
        let refusal = refused(form, all, &granted);
        assert_eq!((refusal, refusal.oauth()), (Refusal::Details(authorization_details::Refusal::Form), OAuthError::InvalidAuthorizationDetails));
    }
}

#[test]
fn the_answer_has_the_registered_member_names() {
    let answer = TokenAnswer {
        access_token: "a".to_owned(),
        token_type: TokenType::DPoP,
        expires_in: Seconds(300),
        id_token: Some("i".to_owned()),
        refresh_token: Some("r".to_owned()),
        issued_token_type: None,
        scope: "openid".to_owned(),
        details: Vec::new(),
    };
    let full = json!({ "access_token": "a", "token_type": "DPoP", "expires_in": 300, "id_token": "i", "refresh_token": "r", "scope": "openid" });
    assert_eq!(serde_json::to_value(&answer).unwrap(), full);
    let bare = TokenAnswer { id_token: None, refresh_token: None, ..answer.clone() };
    assert_eq!(serde_json::to_value(bare).unwrap().as_object().unwrap().len(), 4, "absent, not null");
    let told = json!([{ "type": "door", "actions": ["open"], "doors": ["dor_0123456789abcdefghjkmnpqrs"] }]);
    let opening = TokenAnswer { details: serde_json::from_value(told.clone()).unwrap(), ..answer };
    assert_eq!(serde_json::to_value(opening).unwrap()["authorization_details"], told, "RFC 9396 §7");
}
