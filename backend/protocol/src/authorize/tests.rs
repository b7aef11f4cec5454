//! A right request first; then each thing that can be wrong, and where it is told.

mod profiles;

use serde_json::json;

use super::*;
use crate::{
    client::{ClientKind, tests::client},
    discovery::tests::provider,
    oauth_error::OAuthError,
};
use handslag_vocab::Assurance;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "https://skola.example/cb?tenant=1";
const LOA2: &str = "http://id.swedenconnect.se/loa/1.0/uncertified-loa2";
const LOA3: &str = "http://id.swedenconnect.se/loa/1.0/uncertified-loa3";

fn pairs() -> Vec<(String, String)> {
    let right = [
        ("client_id", "skolportalen"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "st"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    right.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// The right request with one parameter set, or removed where the value is empty.
fn with(name: &str, value: &str) -> Vec<(String, String)> {
    let mut pairs = pairs();
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value.to_owned()));
    pairs
}

/// A right request, as other modules' tests need one.
pub(crate) fn checked() -> AuthorizationRequest {
    check(pairs()).unwrap()
}

fn check(pairs: Vec<(String, String)>) -> Result<AuthorizationRequest, Rejected> {
    let client = client(ClientKind::Confidential, &[REDIRECT]);
    UnverifiedAuthorizationRequest::parse(pairs).check(Some(&client), &provider())
}

fn read(name: &str, value: &str) -> AuthorizationRequest {
    check(with(name, value)).unwrap_or_else(|rejected| panic!("{name}={value}: {rejected:?}"))
}

#[test]
fn a_right_request_is_read_whole() {
    let request = check(pairs()).unwrap();
    assert_eq!(UnverifiedAuthorizationRequest::parse(pairs()).client_id(), Some(request.client_id.clone()));
    assert_eq!(request.client_id.as_str(), "skolportalen");
    assert_eq!(request.reply_to, ReplyTo::stored("https://id.example".to_owned(), REDIRECT.to_owned(), Some("st".to_owned())));
    assert_eq!(request.scopes, ["openid", "profile"]);
    assert_eq!(request.nonce.as_deref(), Some("n"));
    assert_eq!((request.prompt, request.max_age, request.language), (Prompt::Absent, None, None));
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<AuthorizationRequest>(&stored).unwrap(), request);
}

/// Attack 2: nothing is sent anywhere before client and address belong together.
#[test]
fn a_wrong_client_or_address_is_told_on_a_page() {
    let cases = [
        ("client_id", "", Refusal::ClientMissing),
        ("client_id", "annan", Refusal::ClientUnknown),
        ("client_id", "Skolportalen", Refusal::ClientUnknown),
        ("redirect_uri", "", Refusal::RedirectUriMissing),
        ("redirect_uri", "https://skola.example/cb", Refusal::RedirectUriUnknown),
        ("redirect_uri", "https://skola.example/cb?tenant=1/", Refusal::RedirectUriUnknown),
        ("redirect_uri", "https://skola.example/cb?tenant=1&x=1", Refusal::RedirectUriUnknown),
        ("redirect_uri", "HTTPS://skola.example/cb?tenant=1", Refusal::RedirectUriUnknown),
        ("redirect_uri", "https://evil.test/", Refusal::RedirectUriUnknown),
    ];
    for (name, value, refusal) in cases {
        let rejected = check(with(name, value)).unwrap_err();
        assert_eq!(rejected, Rejected::Here(refusal), "{name}={value}");
        assert_eq!(rejected.redirect(), None);
    }
    for name in ["client_id", "redirect_uri"] {
        let mut twice = pairs();
        twice.push((name.to_owned(), "https://evil.test/".to_owned()));
        assert_eq!(check(twice).unwrap_err().redirect(), None, "{name} twice");
    }
    let unknown = UnverifiedAuthorizationRequest::parse(pairs()).check(None, &provider());
    assert_eq!(unknown, Err(Rejected::Here(Refusal::ClientUnknown)));
    let mut everything_wrong = with("redirect_uri", "https://evil.test/");
    everything_wrong.push(("response_type".to_owned(), "token".to_owned()));
    assert_eq!(check(everything_wrong).unwrap_err().redirect(), None, "the address is judged first");
}

#[test]
fn everything_else_is_told_to_the_client() {
    let long = "x".repeat(513);
    let cases = [
        ("response_type", "", Refusal::ResponseTypeMissing, "invalid_request"),
        ("response_type", "token", Refusal::ResponseType, "unsupported_response_type"),
        ("response_type", "id_token", Refusal::ResponseType, "unsupported_response_type"),
        ("response_type", "code id_token", Refusal::ResponseType, "unsupported_response_type"),
        ("response_type", "none", Refusal::ResponseType, "unsupported_response_type"),
        ("response_type", "Code", Refusal::ResponseType, "unsupported_response_type"),
        ("response_mode", "fragment", Refusal::ResponseMode, "invalid_request"),
        ("response_mode", "form_post", Refusal::ResponseMode, "invalid_request"),
        ("request", "eyJ", Refusal::RequestObject, "request_not_supported"),
        ("request_uri", "https://skola.example/r", Refusal::RequestUri, "request_uri_not_supported"),
        ("registration", "{}", Refusal::Registration, "registration_not_supported"),
        ("scope", "", Refusal::ScopeWithoutOpenid, "invalid_scope"),
        ("scope", "profile", Refusal::ScopeWithoutOpenid, "invalid_scope"),
        ("scope", "OpenID", Refusal::ScopeWithoutOpenid, "invalid_scope"),
        ("scope", "openid  profile", Refusal::ScopeForm, "invalid_scope"),
        ("scope", "openid\tprofile", Refusal::ScopeForm, "invalid_scope"),
        ("scope", "openid \"", Refusal::ScopeForm, "invalid_scope"),
        ("code_challenge", "", Refusal::Pkce(pkce::Refusal::ChallengeMissing), "invalid_request"),
        ("code_challenge", "short", Refusal::Pkce(pkce::Refusal::ChallengeForm), "invalid_request"),
        ("code_challenge_method", "", Refusal::Pkce(pkce::Refusal::Method), "invalid_request"),
        ("code_challenge_method", "plain", Refusal::Pkce(pkce::Refusal::Method), "invalid_request"),
        ("nonce", &long, Refusal::Nonce, "invalid_request"),
        ("nonce", "a\nb", Refusal::Nonce, "invalid_request"),
        ("prompt", "none login", Refusal::Prompt, "invalid_request"),
        ("prompt", "create", Refusal::Prompt, "invalid_request"),
        ("prompt", "login  consent", Refusal::Prompt, "invalid_request"),
        ("prompt", "LOGIN", Refusal::Prompt, "invalid_request"),
        ("max_age", "-1", Refusal::MaxAge, "invalid_request"),
        ("max_age", "+1", Refusal::MaxAge, "invalid_request"),
        ("max_age", "1.5", Refusal::MaxAge, "invalid_request"),
        ("max_age", "99999999999", Refusal::MaxAge, "invalid_request"),
        ("claims", "[]", Refusal::ClaimsForm, "invalid_request"),
        ("claims", "{", Refusal::ClaimsForm, "invalid_request"),
    ];
    for (name, value, refusal, oauth) in cases {
        let rejected = check(with(name, value)).unwrap_err();
        assert_eq!(rejected.refusal(), refusal, "{name}={value}");
        let address = rejected.redirect().unwrap();
        assert!(address.starts_with(&format!("{REDIRECT}&error={oauth}&error_description=")), "{address}");
        assert!(address.ends_with("&state=st&iss=https%3A%2F%2Fid.example"), "{address}");
    }
}

#[test]
fn a_doubled_parameter_is_refused_also_if_nobody_knows_it() {
    for name in ["scope", "state", "nonce", "code_challenge", "prompt", "unknown"] {
        let mut twice = with(name, "x");
        twice.push((name.to_owned(), "x".to_owned()));
        let rejected = check(twice).unwrap_err();
        assert_eq!(rejected.refusal(), Refusal::ParameterRepeated, "{name}");
        assert_eq!(rejected.redirect().unwrap().contains("state="), name != "state", "a doubled state is not returned");
    }
}

/// OP-03.
#[test]
fn a_state_is_returned_as_it_came_or_not_at_all() {
    for state in ["a b+c%20", "åäö&x=1#", &"y".repeat(2_048)] {
        assert_eq!(read("state", state).reply_to.state(), Some(state));
    }
    assert_eq!(read("state", "").reply_to.state(), None);
    let rejected = check(with("state", &"y".repeat(2_049))).unwrap_err();
    assert_eq!(rejected.refusal(), Refusal::StateTooLong);
    assert!(!rejected.redirect().unwrap().contains("state="));
}

#[test]
fn scopes_that_are_unknown_or_not_the_clients_are_dropped() {
    let request = read("scope", "openid email offline_access https://id.oidc.se/scope/naturalPersonOrgId openid");
    assert_eq!(request.scopes, ["openid", "https://id.oidc.se/scope/naturalPersonOrgId"]);
    assert_eq!(request.shares().len(), 4);
}

#[test]
fn prompt_max_age_and_language() {
    assert_eq!(read("prompt", "none").prompt, Prompt::None);
    assert_eq!(read("prompt", "login consent").prompt, Prompt::Interactive { login: true, consent: true, select_account: false });
    assert_eq!(read("max_age", "0").max_age, Some(Seconds(0)));
    let languages = [("sv", Some(Language::Sv)), ("fi en-GB sv", Some(Language::En)), ("SV-se", Some(Language::Sv)), ("fi", None), ("svenska", None)];
    for (locales, language) in languages {
        assert_eq!(read("ui_locales", locales).language, language, "{locales}");
    }
}

/// Attack 27: an older log-in does not pass where a new one was asked.
#[test]
fn an_old_login_is_no_answer_where_a_new_one_is_asked() {
    let (then, now) = (UnixTime::from_seconds(1_000), UnixTime::from_seconds(1_060));
    let cases = [("prompt", "login", false), ("prompt", "consent", true), ("max_age", "60", true), ("max_age", "59", false), ("max_age", "0", false)];
    for (name, value, accepted) in cases {
        assert_eq!(read(name, value).accepts_login_of(then, now), accepted, "{name}={value}");
    }
    assert!(!read("max_age", "0").accepts_login_of(now, now));
}

fn with_acr(wish: &serde_json::Value) -> Result<AuthorizationRequest, Rejected> {
    check(with("claims", &json!({ "id_token": { "acr": wish } }).to_string()))
}

/// OP-18 and SE-10.
#[test]
fn an_essential_level_is_met_or_refused_and_never_pretended() {
    let unmet = [
        json!({ "essential": true, "value": "http://id.elegnamnden.se/loa/1.0/loa3" }),
        json!({ "essential": true, "values": ["http://id.elegnamnden.se/loa/1.0/loa2", "http://id.swedenconnect.se/loa/1.0/uncertified-loa4"] }),
        json!({ "essential": true, "value": "" }),
    ];
    for wish in unmet {
        let rejected = with_acr(&wish).unwrap_err();
        assert_eq!(rejected.refusal().oauth(), OAuthError::UnmetAuthenticationRequirements, "{wish}");
        assert!(rejected.redirect().unwrap().contains("unmet_authentication_requirements"));
    }
    let demand = with_acr(&json!({ "essential": true, "values": ["http://id.elegnamnden.se/loa/1.0/loa3", LOA3] })).unwrap().acr;
    assert_eq!((demand.least(), demand.answer(Assurance::Loa3)), (Some(Assurance::Loa3), Some(Assurance::Loa3)));
    assert_eq!(demand.answer(Assurance::Loa2), None, "level 2 is not level 3");
    let lower = with_acr(&json!({ "essential": true, "value": LOA2 })).unwrap().acr;
    assert_eq!(lower.answer(Assurance::Loa3), Some(Assurance::Loa2));
    for wrong in [json!({ "essential": true, "values": [3] }), json!({ "value": { "a": 1 } })] {
        assert_eq!(with_acr(&wrong).unwrap_err().refusal(), Refusal::ClaimsForm, "{wrong}");
    }
}

#[test]
fn a_voluntary_level_is_a_wish() {
    let wish = read("acr_values", &format!("http://id.elegnamnden.se/loa/1.0/loa3 {LOA3}")).acr;
    assert_eq!((wish.levels.as_slice(), wish.essential, wish.least()), ([Assurance::Loa3].as_slice(), false, None));
    assert_eq!((wish.answer(Assurance::Loa3), wish.answer(Assurance::Loa2)), (Some(Assurance::Loa3), Some(Assurance::Loa2)));
    assert_eq!(with_acr(&json!(null)).unwrap().acr, AcrDemand::default());
    assert_eq!(with_acr(&json!({ "essential": true })).unwrap().acr, AcrDemand::default());
    let both =
        [with("claims", &json!({ "id_token": { "acr": { "value": LOA2 } } }).to_string()), vec![("acr_values".to_owned(), LOA3.to_owned())]].concat();
    assert_eq!(check(both).unwrap().acr.levels, [Assurance::Loa2], "the claims parameter is the stronger word");
}

/// OP-17.
#[test]
fn a_claim_that_the_client_may_not_ask_is_dropped_even_if_essential() {
    let asked = json!({ "userinfo": { "email": { "essential": true }, "name": null, "salary": null }, "id_token": { "sub": { "value": "k3" }, "email": null } });
    let request = read("claims", &asked.to_string());
    assert_eq!(request.claims.userinfo.keys().collect::<Vec<_>>(), ["name"]);
    assert_eq!(request.claims.id_token.keys().collect::<Vec<_>>(), ["sub"]);
    assert!(request.shares().iter().all(|claim| claim.name != "email"));
    assert!(request.claims.takes("sub", &json!("k3")) && !request.claims.takes("sub", &json!("k4")) && request.claims.takes("name", &json!("x")));
}

#[test]
fn claims_parameters_of_another_form_are_refused() {
    let many: serde_json::Map<String, serde_json::Value> = (0..65).map(|n| (n.to_string(), json!(null))).collect();
    let wrong = [
        String::new(),
        "null".to_owned(),
        "{\"id_token\":[]}".to_owned(),
        "{\"id_token\":{\"name\":true}}".to_owned(),
        "{\"id_token\":{\"name\":{\"essential\":\"true\"}}}".to_owned(),
        "{\"id_token\":{\"name\":{\"values\":[]}}}".to_owned(),
        "{\"id_token\":{\"name\":{\"values\":\"x\"}}}".to_owned(),
        "{\"id_token\":{\"name\":{\"value\":1,\"values\":[1]}}}".to_owned(),
        "{\"id_token\":{},\"id_token\":{}}".to_owned(),
        "{\"id_token\":{\"acr\":null,\"acr\":{\"essential\":true}}}".to_owned(),
        json!({ "id_token": many }).to_string(),
        format!("{{\"x\":\"{}\"}}", "y".repeat(9_000)),
    ];
    for text in wrong {
        assert_eq!(ClaimsParameter::parse(&text), Err(Refusal::ClaimsForm), "{text}");
    }
    assert_eq!(ClaimsParameter::parse(r#"{"other":{"a":1},"userinfo":null}"#), Ok(ClaimsParameter::default()));
}

#[test]
fn an_app_on_the_phone_answers_on_its_own_port() {
    let app = client(ClientKind::Native, &["http://127.0.0.1/cb"]);
    let pairs = with("redirect_uri", "http://127.0.0.1:49152/cb");
    let request = UnverifiedAuthorizationRequest::parse(pairs).check(Some(&app), &provider()).unwrap();
    assert_eq!(request.reply_to.redirect_uri(), "http://127.0.0.1:49152/cb");
    let elsewhere = with("redirect_uri", "http://127.0.0.1:49152/other");
    assert!(matches!(UnverifiedAuthorizationRequest::parse(elsewhere).check(Some(&app), &provider()), Err(Rejected::Here(_))));
}
