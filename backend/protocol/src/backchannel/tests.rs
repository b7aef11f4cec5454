//! A right request, plain and signed; then each thing that can be wrong with one.

use handslag_vocab::UnixTime;
use serde_json::{Value, json};

use super::*;
use crate::{
    client::{ClientKind, Registration, tests::client},
    discovery::tests::provider,
    jose::tests::TestKey,
    profile::Profile,
    request_object::{Expected, Means, UnverifiedRequestObject},
};

const NOW: UnixTime = UnixTime::from_seconds(1_000_000);
const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

fn service(profile: Profile, pinged: bool) -> Client {
    let notification_endpoint = pinged.then(|| "https://skola.example/ping".to_owned());
    let registration = Registration { notification_endpoint, ..Registration::default() };
    Client { grant_types: [GrantType::Ciba].into(), profile, registration, ..client(ClientKind::Confidential, &[]) }
}

fn parsed(pairs: &[(&str, &str)]) -> Result<UnverifiedBackchannelRequest, Refusal> {
    let proof = [("client_id", "skolportalen"), ("client_secret", "s")];
    let pairs = proof.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    UnverifiedBackchannelRequest::parse(pairs, None)
}

fn asked(pairs: &[(&str, &str)], client: &Client) -> Result<BackchannelRequest, Refusal> {
    parsed(pairs)?.check(client, &provider(), None)
}

const SCOPE: (&str, &str) = ("scope", "openid profile");
const HINT: (&str, &str) = ("login_hint", "k7x4m2p9@2120009999");

#[test]
fn a_right_request_of_a_service_that_polls_and_of_one_that_is_pinged() {
    let more = [("binding_message", "Kassa 3, Åsa"), ("requested_expiry", "90"), ("user_code", "1234"), ("client_notification_token", TOKEN)];
    let pairs = [&[SCOPE, HINT][..], &more].concat();
    let polled = asked(&pairs, &service(Profile::Strict, false)).unwrap();
    assert_eq!((polled.hint, polled.request.scopes), (Hint::WorkIdentity(HINT.1.to_owned()), vec!["openid".to_owned(), "profile".to_owned()]));
    assert_eq!((polled.binding_message.as_deref(), polled.requested_expiry), (Some("Kassa 3, Åsa"), Some(Seconds(90))));
    assert_eq!(polled.user_code.unwrap().reveal(), "1234");
    assert!(polled.notification_token.is_none(), "nobody is told who did not register where");
    let pinged = asked(&pairs, &service(Profile::Strict, true)).unwrap();
    assert_eq!(pinged.notification_token.unwrap().reveal(), TOKEN);
    let hinted = asked(&[SCOPE, ("id_token_hint", "a.b.c")], &service(Profile::Strict, false)).unwrap();
    assert_eq!(hinted.hint, Hint::IdToken("a.b.c".to_owned()));
}

/// What is sent, by whom, and how it is refused.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a Client, Refusal, OAuthError);

#[test]
fn what_is_refused_and_how_it_is_told() {
    let (polls, pinged) = (service(Profile::Strict, false), service(Profile::Strict, true));
    let cases: [Case<'_>; 15] = [
        (&[SCOPE, HINT], &client(ClientKind::Confidential, &[]), Refusal::GrantTypeOfOthers, OAuthError::UnauthorizedClient),
        (&[SCOPE, HINT], &service(Profile::Fapi2, false), Refusal::SignatureRequired, OAuthError::InvalidRequest),
        (&[HINT], &polls, authorize::Refusal::ScopeWithoutOpenid.into(), OAuthError::InvalidScope),
        (&[("scope", "profile"), HINT], &polls, authorize::Refusal::ScopeWithoutOpenid.into(), OAuthError::InvalidScope),
        (&[SCOPE], &polls, Refusal::Hint, OAuthError::InvalidRequest),
        (&[SCOPE, HINT, ("id_token_hint", "a.b.c")], &polls, Refusal::Hint, OAuthError::InvalidRequest),
        (&[SCOPE, ("login_hint_token", "a.b.c")], &polls, Refusal::HintToken, OAuthError::InvalidRequest),
        (&[SCOPE, HINT], &pinged, Refusal::NotificationToken, OAuthError::InvalidRequest),
        (&[SCOPE, HINT, ("client_notification_token", "short")], &pinged, Refusal::NotificationToken, OAuthError::InvalidRequest),
        (
            &[SCOPE, HINT, ("client_notification_token", "not a bearer token, surely")],
            &pinged,
            Refusal::NotificationToken,
            OAuthError::InvalidRequest,
        ),
        (&[SCOPE, HINT, ("requested_expiry", "0")], &polls, Refusal::RequestedExpiry, OAuthError::InvalidRequest),
        (&[SCOPE, HINT, ("requested_expiry", "-1")], &polls, Refusal::RequestedExpiry, OAuthError::InvalidRequest),
        (
            &[SCOPE, HINT, ("authorization_details", "[]")],
            &polls,
            authorize::Refusal::Details(crate::authorization_details::Refusal::Elsewhere).into(),
            OAuthError::InvalidAuthorizationDetails,
        ),
        (&[SCOPE, HINT, HINT], &polls, Refusal::ParameterRepeated, OAuthError::InvalidRequest),
        (&[SCOPE, HINT, ("requested_expiry", "1.5")], &polls, Refusal::RequestedExpiry, OAuthError::InvalidRequest),
    ];
    for (pairs, client, refusal, oauth) in cases {
        assert_eq!(asked(pairs, client).err(), Some(refusal), "{pairs:?}");
        assert_eq!(refusal.oauth(), oauth, "{pairs:?}");
    }
}

/// Attack 25: what a person reads is what was sent, on one line.
#[test]
fn a_message_that_would_read_otherwise_is_refused() {
    let polls = service(Profile::Strict, false);
    for right in ["1234", "Kassa 3 - blå", "Order #12/34 (2 st)", &"å".repeat(64)] {
        assert!(asked(&[SCOPE, HINT, ("binding_message", right)], &polls).is_ok(), "{right}");
    }
    let long = "a".repeat(65);
    for wrong in [&long, "a\nb", " a", "a ", "<b>a</b>", "a\u{202e}b", "a\u{200b}b", "https://evil.example?a=\"b\"", "👍", "еvil"] {
        assert_eq!(asked(&[SCOPE, HINT, ("binding_message", wrong)], &polls).err(), Some(Refusal::BindingMessage), "{wrong}");
    }
}

fn claims(change: &Value) -> Value {
    let now = NOW.seconds();
    let mut claims = json!({
        "iss": "skolportalen", "aud": "https://id.example", "exp": now + 300, "nbf": now, "iat": now, "jti": "j",
        "scope": "openid", "login_hint": HINT.1, "binding_message": "inside", "requested_expiry": 90,
    });
    let members = claims.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    claims
}

fn signed(change: &Value, beside: &[(&str, &str)], profile: Profile) -> Result<BackchannelRequest, Refusal> {
    let key = TestKey::new(Some("k"));
    let client = Client { keys: key.set(), ..service(profile, false) };
    let compact = key.jws(&json!({ "alg": "ES256", "kid": "k" }), &claims(change));
    let expected = Expected { client: &client, provider: &provider(), means: Means::Backchannel, now: NOW };
    let object = UnverifiedRequestObject::new(&*compact).verify(&expected)?;
    parsed(&[&[("request", compact.as_str())][..], beside].concat())?.check(&client, &provider(), Some(object))
}

/// §7.1.1, for every profile: what is signed counts, and nothing stands beside it.
#[test]
fn a_signed_request_is_the_request() {
    for profile in Profile::ALL {
        let asked = signed(&json!({}), &[], profile).unwrap_or_else(|refusal| panic!("{profile:?} {refusal}"));
        assert_eq!((asked.binding_message.as_deref(), asked.requested_expiry), (Some("inside"), Some(Seconds(90))));
        assert_eq!(signed(&json!({}), &[("binding_message", "beside")], profile).err(), Some(Refusal::OutsideObject));
    }
    for missing in ["iat", "nbf", "jti", "exp"] {
        assert_eq!(signed(&json!({ missing: null }), &[], Profile::Core).err(), Some(Refusal::ObjectUntimed), "{missing}");
    }
    let foreign =
        [json!({ "aud": "https://other.example" }), json!({ "iss": "annan" }), json!({ "exp": NOW.seconds() }), json!({ "client_id": "annan" })];
    for wrong in foreign {
        assert!(matches!(signed(&wrong, &[], Profile::Core), Err(Refusal::Object(_))), "{wrong}");
    }
    let authorization = json!({ "response_type": "code", "redirect_uri": "https://skola.example/cb" });
    assert_eq!(signed(&authorization, &[], Profile::Core).err(), Some(Refusal::OtherObject));
    let at_the_other_endpoint = json!({ "aud": provider().authorization_endpoint });
    assert!(matches!(signed(&at_the_other_endpoint, &[], Profile::Core), Err(Refusal::Object(request_object::Refusal::Audience))));
}
