//! The signature extension of OIDC Sweden 1.1: a service has something signed here, within a log-in of its own.
//!
//! The request is signed by the service, in one of two places: alone, as a JWT in a parameter of its own, or as a member of a request object that
//! is signed whole (§3.1.1). Whoever may change the request on its way could have the person sign something else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handslag_vocab::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    authorize::Prompt,
    client::Client,
    refusal::refusals,
    request_object, strict_json,
    user_message::{self, UserMessage},
};

refusals! {
    /// Why a request to sign is refused (§5.1). Clauses are of the signature extension.
    pub enum Refusal {
        /// §3.1: not a JSON object of the two members.
        Form = "sign_request_form", "signRequest is not an object of tbs_data and sign_message";
        /// §3.1: nothing that the person could read.
        MessageMissing = "sign_request_message_missing", "sign_message is missing in signRequest";
        /// §4.1.
        Missing = "sign_request_missing", "a signature scope needs signRequest, signed";
        /// §5.1: a signature request in a request for a log-in.
        NotAsked = "sign_request_not_asked", "signRequest stands without a signature scope";
        /// §5.1. Told as `unauthorized_client`.
        NotEntitled = "sign_request_not_entitled", "this client is not registered to have anything signed";
        /// §4.1: a signature rests on a new log-in and on having read what is signed.
        Prompt = "sign_request_prompt", "prompt must hold both login and consent in a request to sign";
        /// §3.1: not base64, or longer than 8 KiB.
        TbsForm = "sign_request_tbs_form", "tbs_data is not the base64 of at most 8192 bytes";
        /// §3.1.
        TbsMissing = "sign_request_tbs_missing", "tbs_data is missing, which the scope sign needs";
        /// §3.1.
        TbsUnexpected = "sign_request_tbs_unexpected", "tbs_data must not stand with the scope signApproval alone";
        /// §3.1.2.
        Unsigned = "sign_request_unsigned", "signRequest must be a JWT signed by the client, or stand in a signed request object";
    }
    wraps {
        /// §5.1: a message that cannot be shown.
        Message(user_message::Refusal);
        /// §3.1.2: signature, key, issuer or audience.
        Object(request_object::Refusal);
    }
}

/// The request parameter.
pub const PARAMETER: &str = "https://id.oidc.se/param/signRequest";
/// The provider signs, and gives the signature (§3.2).
pub const SIGN: &str = "https://id.oidc.se/scope/sign";
/// The provider says that the person approved the message (§3.3).
pub const SIGN_APPROVAL: &str = "https://id.oidc.se/scope/signApproval";
/// Both.
pub const SCOPES: [&str; 2] = [SIGN, SIGN_APPROVAL];

const LONGEST: usize = 8_192;

/// What is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// What the person reads.
    pub sign_message: UserMessage,
    /// The data that the service wants signed, in base64 as it came; none where it wants the approval alone.
    pub tbs_data: Option<String>,
}

/// What the request says of signing, in both places that it may stand in.
pub(crate) struct Asked<'a> {
    pub(crate) client: &'a Client,
    /// `scope` as it was sent.
    pub(crate) scope: &'a str,
    pub(crate) prompt: Prompt,
    /// The parameter, or the member of the object that the request came in.
    pub(crate) parameter: Option<&'a str>,
    /// Whether that object was signed.
    pub(crate) is_signed: bool,
    /// The parameter as a JWT of its own, where it came so and was looked at.
    pub(crate) alone: Option<&'a Result<SignRequest, Refusal>>,
}

impl SignRequest {
    /// Takes the members of the object, however it came.
    pub(crate) fn of(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let message = members.get("sign_message").ok_or(Refusal::MessageMissing)?;
        let sign_message = UserMessage::of(message.as_object().ok_or(Refusal::Form)?)?;
        let tbs_data = match members.get("tbs_data") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(Refusal::Form),
        };
        let request = Self { sign_message, tbs_data };
        if request.tbs_data.is_some() && request.data().is_none_or(|data| data.is_empty() || data.len() > LONGEST) {
            return Err(Refusal::TbsForm);
        }
        Ok(request)
    }

    /// The data that the service wants signed.
    pub fn data(&self) -> Option<Vec<u8>> {
        self.tbs_data.as_deref().and_then(|text| STANDARD.decode(text).ok())
    }

    /// SHA-256 of the data.
    pub fn data_digest(&self) -> Option<Digest> {
        self.data().map(|data| Digest::of(&data))
    }
}

impl Asked<'_> {
    /// Every row of §5.1, in order. Nothing where nobody asks for a signature.
    pub(crate) fn read(&self) -> Result<Option<SignRequest>, Refusal> {
        let asks = |scope: &str| self.scope.split(' ').any(|asked| asked == scope);
        let is_asked = SCOPES.iter().any(|scope| asks(scope));
        match self.parameter {
            None if !is_asked => return Ok(None),
            Some(_) if !is_asked => return Err(Refusal::NotAsked),
            _ => {}
        }
        // The right to each is a fact of the registration, like any scope's.
        if SCOPES.iter().any(|scope| asks(scope) && !self.client.may_ask(scope)) {
            return Err(Refusal::NotEntitled);
        }
        let request = self.signed(self.parameter.ok_or(Refusal::Missing)?)?;
        // With both scopes it is a signature.
        match (&request.tbs_data, asks(SIGN)) {
            (None, true) => return Err(Refusal::TbsMissing),
            (Some(_), false) => return Err(Refusal::TbsUnexpected),
            _ => {}
        }
        if !matches!(self.prompt, Prompt::Interactive { login: true, consent: true, .. }) {
            return Err(Refusal::Prompt);
        }
        Ok(Some(request))
    }

    /// §3.1.2.
    fn signed(&self, parameter: &str) -> Result<SignRequest, Refusal> {
        match self.alone {
            Some(Ok(request)) => Ok(request.clone()),
            Some(Err(refusal)) => Err(*refusal),
            None if self.is_signed => SignRequest::of(&strict_json::object(parameter.as_bytes()).ok_or(Refusal::Form)?),
            None => Err(Refusal::Unsigned),
        }
    }
}

#[cfg(test)]
mod tests {
    use handslag_vocab::UnixTime;
    use serde_json::json;

    use super::*;
    use crate::{
        authorize::{self, AuthorizationRequest, UnverifiedAuthorizationRequest},
        client::{ClientKind, tests::client},
        discovery::tests::provider,
        jose::{self, tests::TestKey},
        oauth_error::OAuthError,
        request_object::{Expected, Means, UnverifiedRequestObject},
        user_message::tests::base64,
    };

    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);
    const REDIRECT: &str = "https://skola.example/cb";

    fn object() -> Value {
        json!({ "tbs_data": base64("data"), "sign_message": { "message": base64("Avtalet") } })
    }

    fn registered(key: &TestKey) -> Client {
        let scopes = [SIGN, SIGN_APPROVAL, "profile"].map(str::to_owned).to_vec();
        Client { scopes, keys: key.set(), ..client(ClientKind::Confidential, &[REDIRECT]) }
    }

    fn pairs(changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let right = [
            ("client_id", "skolportalen"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access https://id.oidc.se/scope/sign"),
            ("prompt", "login consent"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let kept = right.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn expected<'a>(client: &'a Client, provider: &'a crate::discovery::Provider) -> Expected<'a> {
        Expected { client, provider, means: Means::Value, now: NOW }
    }

    /// Placement A with this token.
    fn alone(client: &Client, token: &str, changes: &[(&str, &str)]) -> Result<AuthorizationRequest, authorize::Refusal> {
        let provider = provider();
        let all = [changes, &[(PARAMETER, token)]].concat();
        let mut request = UnverifiedAuthorizationRequest::parse(pairs(&all));
        if let Some(token) = request.sign_request().map(str::to_owned) {
            request = request.with_sign_request(UnverifiedRequestObject::new(token).verify_sign_request(&expected(client, &provider)));
        }
        request.check(Some(client), &provider).map_err(|rejected| rejected.refusal())
    }

    /// Placement B with these members more or less.
    fn within(key: &TestKey, client: &Client, change: &Value) -> Result<AuthorizationRequest, authorize::Refusal> {
        let mut members: Map<String, Value> = pairs(&[]).into_iter().map(|(name, value)| (name, value.into())).collect();
        members.extend(
            json!({ "iss": "skolportalen", "aud": "https://id.example", "exp": NOW.seconds() + 300, PARAMETER: object() })
                .as_object()
                .unwrap()
                .clone(),
        );
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        let provider = provider();
        let token = key.jws(&json!({ "alg": "ES256", "kid": "k" }), &Value::Object(members));
        let object = UnverifiedRequestObject::new(token).verify(&expected(client, &provider)).unwrap();
        let beside = UnverifiedAuthorizationRequest::parse([("client_id".to_owned(), "skolportalen".to_owned())]);
        beside.with_object(object).unwrap().check(Some(client), &provider).map_err(|rejected| rejected.refusal())
    }

    fn token(key: &TestKey, claims: &Value) -> String {
        key.jws(&json!({ "alg": "ES256", "kid": "k", "typ": "JWT" }), claims)
    }

    fn with(change: &Value) -> Value {
        let mut members = object().as_object().unwrap().clone();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        members.into()
    }

    #[test]
    fn both_places_give_the_same_act() {
        let key = TestKey::new(Some("k"));
        let client = registered(&key);
        let (first, second) = (alone(&client, &token(&key, &object()), &[]).unwrap(), within(&key, &client, &json!({})).unwrap());
        for request in [&first, &second] {
            let signs = request.signs().unwrap();
            assert_eq!((signs.data().unwrap(), signs.sign_message.said("sv")), (b"data".to_vec(), "Avtalet"));
            assert_eq!(request.scopes, ["openid", SIGN], "and nobody stays logged in");
        }
        let named = with(&json!({ "iss": "skolportalen", "aud": ["https://id.example"], "exp": NOW.seconds() + 60, "nbf": NOW.seconds() }));
        assert!(alone(&client, &token(&key, &named), &[]).is_ok());
        let stored = serde_json::to_string(&first).unwrap();
        assert_eq!(serde_json::from_str::<AuthorizationRequest>(&stored).unwrap(), first);
        let approval = with(&json!({ "tbs_data": null }));
        let request = alone(&client, &token(&key, &approval), &[("scope", &format!("openid {SIGN_APPROVAL}"))]).unwrap();
        assert_eq!((request.scopes, request.extensions.sign_request.unwrap().tbs_data), (vec!["openid".to_owned(), SIGN_APPROVAL.to_owned()], None));
        let both = alone(&client, &token(&key, &object()), &[("scope", &format!("openid {SIGN_APPROVAL} {SIGN}"))]).unwrap();
        assert!(both.scopes.len() == 3 && both.signs().unwrap().tbs_data.is_some(), "both scopes are a signature");
    }

    /// SG-01, SG-02: every row of §5.1 with its code.
    #[test]
    fn every_row_of_the_table() {
        let key = TestKey::new(Some("k"));
        let client = registered(&key);
        let right = token(&key, &object());
        let scope = |scopes: &str| format!("openid {scopes}");
        let refused = |client: &Client, token: &str, changes: &[(&str, &str)], refusal: Refusal, code: OAuthError| {
            let refused = alone(client, token, changes).unwrap_err();
            assert_eq!((refused, refused.oauth()), (authorize::Refusal::Sign(refusal), code), "{changes:?}");
        };
        let invalid = OAuthError::InvalidRequest;
        refused(&client, "", &[], Refusal::Missing, invalid);
        refused(&client, &right, &[("scope", &scope("profile"))], Refusal::NotAsked, invalid);
        let mut without = client.clone();
        without.scopes.retain(|scope| scope != SIGN);
        refused(&without, &right, &[], Refusal::NotEntitled, OAuthError::UnauthorizedClient);
        refused(&without, &right, &[("scope", &scope(&format!("{SIGN} {SIGN_APPROVAL}")))], Refusal::NotEntitled, OAuthError::UnauthorizedClient);
        refused(&without, "", &[], Refusal::NotEntitled, OAuthError::UnauthorizedClient);
        refused(&client, &token(&key, &with(&json!({ "tbs_data": null }))), &[], Refusal::TbsMissing, invalid);
        refused(&client, &right, &[("scope", &scope(SIGN_APPROVAL))], Refusal::TbsUnexpected, invalid);
        for prompt in ["", "login", "consent", "none", "login select_account"] {
            refused(&client, &right, &[("prompt", prompt)], Refusal::Prompt, invalid);
        }
        assert!(alone(&client, &right, &[("prompt", "consent select_account login")]).is_ok());
        for (change, refusal) in [
            (json!({ "sign_message": null }), Refusal::MessageMissing),
            (json!({ "sign_message": "x" }), Refusal::Form),
            (json!({ "sign_message": {} }), Refusal::Message(user_message::Refusal::Empty)),
            (json!({ "sign_message": { "message": base64("x"), "mime_type": "text/html" } }), Refusal::Message(user_message::Refusal::MimeType)),
            (json!({ "tbs_data": 1 }), Refusal::Form),
            (json!({ "tbs_data": "" }), Refusal::TbsForm),
            (json!({ "tbs_data": "not base64!" }), Refusal::TbsForm),
            (json!({ "tbs_data": base64("x".repeat(8_193)) }), Refusal::TbsForm),
        ] {
            refused(&client, &token(&key, &with(&change)), &[], refusal, invalid);
        }
    }

    /// SG-03, in both places.
    #[test]
    fn who_did_not_sign_the_request_has_nothing_signed() {
        let (key, other) = (TestKey::new(Some("k")), TestKey::new(Some("k")));
        let client = registered(&key);
        let refused = |token: &str| alone(&client, token, &[]).unwrap_err();
        let right = token(&key, &object());
        let payload = right.split('.').nth(1).unwrap();
        let none = format!("{}.{payload}.", crate::base64url::encode(r#"{"alg":"none"}"#));
        assert_eq!(refused(&none), authorize::Refusal::Sign(Refusal::Unsigned));
        let wrong = request_object::Refusal::Jose;
        assert_eq!(refused(&token(&other, &object())), authorize::Refusal::Sign(Refusal::Object(wrong(jose::Refusal::Signature))));
        for not_signed in [object().to_string(), "a.b.c".to_owned(), "x".to_owned()] {
            assert_eq!(refused(&not_signed).oauth(), OAuthError::InvalidRequest, "{not_signed}");
        }
        for (claims, refusal) in [
            (json!({ "iss": "annan" }), request_object::Refusal::Issuer),
            (json!({ "aud": "https://other.example" }), request_object::Refusal::Audience),
            (json!({ "sub": "skolportalen" }), request_object::Refusal::Subject),
            (json!({ "exp": NOW.seconds() }), request_object::Refusal::Expired),
            (json!({ "exp": "soon" }), request_object::Refusal::Expired),
            (json!({ "nbf": NOW.seconds() + 61 }), request_object::Refusal::NotBefore),
        ] {
            assert_eq!(refused(&token(&key, &with(&claims))), authorize::Refusal::Sign(Refusal::Object(refusal)), "{claims}");
        }
        // Beside a request object it is not read, and in an unsigned one it is not believed.
        let request = UnverifiedAuthorizationRequest::parse(pairs(&[("request", "a.b.c"), (PARAMETER, &right)]));
        assert_eq!(request.sign_request(), None);
        let unsigned = UnverifiedAuthorizationRequest::parse(pairs(&[(PARAMETER, &object().to_string())])).check(Some(&client), &provider());
        assert_eq!(unsigned.map_err(|rejected| rejected.refusal()), Err(authorize::Refusal::Sign(Refusal::Unsigned)));
        let text = within(&key, &client, &json!({ PARAMETER: "not an object" })).unwrap_err();
        assert_eq!(text, authorize::Refusal::Sign(Refusal::Form));
        assert!(matches!(alone(&client, &none, &[("redirect_uri", "https://evil.example")]), Err(authorize::Refusal::RedirectUriUnknown)));
    }
}
