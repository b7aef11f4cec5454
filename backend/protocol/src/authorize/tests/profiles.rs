//! What differs from client to client at this endpoint.

use handslag_vocab::Digest;

use super::{super::*, CHALLENGE, REDIRECT, client, pairs, provider, with};
use crate::{
    authorization_details::DetailType,
    client::ClientKind,
    oauth_error::{Delivery, OAuthError},
    profile::Profile,
    response_mode::ResponseMode,
};

fn checked(pairs: Vec<(String, String)>, change: impl Fn(&mut Client)) -> Result<AuthorizationRequest, Refusal> {
    let mut client = client(ClientKind::Confidential, &[REDIRECT]);
    change(&mut client);
    UnverifiedAuthorizationRequest::parse(pairs).check(Some(&client), &provider()).map_err(|rejected| rejected.refusal())
}

/// The right request with these names removed.
fn without(names: &[&str]) -> Vec<(String, String)> {
    pairs().into_iter().filter(|(name, _)| !names.contains(&name.as_str())).collect()
}

const PKCE: [&str; 2] = ["code_challenge", "code_challenge_method"];

/// Issue 3 item 1: left out only where an administrator said so, and then a nonce stands in for it, `core` excepted.
#[test]
fn a_request_without_a_challenge() {
    let missing = Err(Refusal::Pkce(pkce::Refusal::ChallengeMissing));
    for profile in Profile::ALL {
        let registered = |pkce_optional| {
            move |client: &mut Client| {
                client.profile = profile;
                client.registration.pkce_optional = pkce_optional;
            }
        };
        let with_nonce = checked(without(&PKCE), registered(true)).map(|request| request.challenge);
        let bare = checked(without(&[PKCE[0], PKCE[1], "nonce"]), registered(true)).map(|request| request.challenge);
        let expected = match profile {
            Profile::Core => (Ok(None), Ok(None)),
            Profile::Fapi2 => (Err(Refusal::PushRequired), Err(Refusal::PushRequired)),
            Profile::Strict | Profile::Swedish => (Ok(None), Err(Refusal::NonceMissing)),
        };
        assert_eq!((with_nonce, bare), expected, "{profile:?}");
        if profile != Profile::Fapi2 {
            assert_eq!(checked(without(&PKCE), registered(false)).map(|request| request.challenge), missing, "{profile:?}");
            assert!(checked(without(&["nonce"]), registered(false)).is_ok(), "with a challenge the nonce is the client's to send");
        }
    }
    let public = |client: &mut Client| (client.kind, client.registration.pkce_optional) = (ClientKind::Browser, true);
    assert_eq!(checked(without(&PKCE), public).map(|request| request.challenge), missing, "a public client always sends one");
}

/// Attack 5: half of a challenge, or a bad one, is never taken for none.
#[test]
fn a_challenge_that_was_sent_counts_also_where_none_is_needed() {
    let optional = |client: &mut Client| client.registration.pkce_optional = true;
    let cases = [
        (without(&["code_challenge"]), pkce::Refusal::ChallengeMissing),
        (without(&["code_challenge_method"]), pkce::Refusal::Method),
        (with("code_challenge_method", "plain"), pkce::Refusal::Method),
        (with("code_challenge", "x"), pkce::Refusal::ChallengeForm),
    ];
    for (pairs, refusal) in cases {
        assert_eq!(checked(pairs, optional).err(), Some(Refusal::Pkce(refusal)));
    }
    let challenge = pkce::Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
    assert_eq!(checked(pairs(), optional).unwrap().challenge, Some(challenge));
}

#[test]
fn a_client_that_pushes_or_signs_does_nothing_else() {
    assert_eq!(checked(pairs(), |client| client.registration.requires_par = true), Err(Refusal::PushRequired));
    assert_eq!(checked(pairs(), |client| client.profile = Profile::Fapi2), Err(Refusal::PushRequired));
    assert_eq!(checked(pairs(), |client| client.registration.request_objects.required = true), Err(Refusal::SignatureRequired));
}

#[test]
fn an_answer_travels_as_the_client_registered() {
    for mode in ResponseMode::ALL {
        let request = with("response_mode", mode.name());
        let outcome = checked(request.clone(), |client| client.registration.response_modes = vec![mode]);
        assert_eq!(outcome.map(|request| request.reply_to.mode()), Ok(mode));
        let unregistered = checked(request, |_| ()).map(|request| request.reply_to.mode());
        assert_eq!(unregistered, if mode == ResponseMode::Query { Ok(mode) } else { Err(Refusal::ResponseMode) });
    }
    let jwt = checked(with("response_mode", "jwt"), |client| client.registration.response_modes = vec![ResponseMode::QueryJwt]);
    assert_eq!(jwt.unwrap().reply_to.mode(), ResponseMode::QueryJwt);
}

#[test]
fn a_refusal_travels_as_the_answer_would() {
    let refused = |mode: ResponseMode, taken: &[ResponseMode]| {
        let mut client = client(ClientKind::Confidential, &[REDIRECT]);
        client.registration.response_modes = taken.to_vec();
        let pairs = [with("scope", "profile"), vec![("response_mode".to_owned(), mode.name().to_owned())]].concat();
        UnverifiedAuthorizationRequest::parse(pairs).check(Some(&client), &provider()).unwrap_err()
    };
    let Some(Delivery::Form { action, fields }) = refused(ResponseMode::FormPost, &[ResponseMode::FormPost]).delivery() else { panic!("a form") };
    assert_eq!((action.as_str(), fields[0].clone()), (REDIRECT, ("error", "invalid_scope".to_owned())));
    assert!(
        matches!(refused(ResponseMode::FormPost, &[]).delivery(), Some(Delivery::Redirect(_))),
        "a mode that is not the client's is no way to it"
    );
    let Rejected::Redirect { reply_to, refusal } = refused(ResponseMode::QueryJwt, &[ResponseMode::QueryJwt]) else { panic!("told to the client") };
    assert_eq!((reply_to.mode(), refusal.oauth()), (ResponseMode::QueryJwt, OAuthError::InvalidScope));
    assert_eq!(Rejected::Redirect { reply_to, refusal }.delivery(), None, "to be signed first");
}

#[test]
fn keys_resources_and_details() {
    let jkt = Digest::of(b"key");
    assert_eq!(checked(with("dpop_jkt", &jkt.to_base64url()), |_| ()).unwrap().dpop_jkt, Some(jkt));
    assert_eq!(checked(with("dpop_jkt", "AAAA"), |_| ()), Err(Refusal::DpopJkt));
    let doors = "https://dorrar.example/";
    assert_eq!(checked(with("resource", doors), |_| ()).unwrap_err().oauth(), OAuthError::InvalidTarget);
    let several = [with("resource", doors), vec![("resource".to_owned(), "urn:x:y".to_owned())]].concat();
    let known = |client: &mut Client| client.registration.resources = vec![doors.to_owned(), "urn:x:y".to_owned()];
    assert_eq!(checked(several, known).unwrap().resources, [doors, "urn:x:y"]);
    let details = r#"[{"type":"signature","documents":[{"title":"Protokoll","digest":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}]}]"#;
    let request = with("authorization_details", details);
    assert_eq!(checked(request.clone(), |_| ()).unwrap_err().oauth(), OAuthError::InvalidAuthorizationDetails);
    let asked = checked(request, |client| client.registration.authorization_details = vec![DetailType::Signature]).unwrap();
    assert_eq!(asked.details.len(), 1);
}

/// What was stored before these members existed reads as a request without them.
#[test]
fn a_request_stored_before_reads_still() {
    let mut stored = serde_json::to_value(checked(pairs(), |_| ()).unwrap()).unwrap();
    for name in ["dpop_jkt", "details", "resources"] {
        stored.as_object_mut().unwrap().remove(name).unwrap();
    }
    stored["reply_to"].as_object_mut().unwrap().remove("mode").unwrap();
    assert_eq!(serde_json::from_value::<AuthorizationRequest>(stored).unwrap(), checked(pairs(), |_| ()).unwrap());
}
