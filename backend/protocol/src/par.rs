//! Pushed authorization requests (RFC 9126): the client sends the request itself, authenticated, before a browser is involved, and
//! gets an address of it. The same checks as at the authorization endpoint, told as JSON and never by a redirect.
//!
//! The address is the client's alone, lives briefly, and is spent when the authorization completes, not when the page is opened:
//! browsers and link previews open pages twice.

use handslag_vocab::{ClientId, Digest, Seconds, Secret, UnixTime};
use rand_core::CryptoRng;
use serde::Serialize;

use crate::{
    authorize::{self, AuthorizationRequest, UnverifiedAuthorizationRequest},
    client::Client,
    client_authentication::{self, ClaimedClient},
    discovery::Provider,
    oauth_error::OAuthError,
    parameters::Parameters,
    refusal::refusals,
    request_object::{self, RequestObject},
    sign_request::{self, SignRequest},
};

refusals! {
    /// Why a pushed request, or an address of one, is refused. Clauses are of RFC 9126 unless named.
    pub enum Refusal {
        /// RFC 9449 §10.1: the proof that came with the request is of another key than `dpop_jkt`.
        Dpop = "push_dpop_jkt", "dpop_jkt is not the thumbprint of the key in the DPoP proof";
        /// §4: past.
        Expired = "push_expired", "the request_uri has expired";
        /// §4: another client's.
        OtherClient = "push_other_client", "the request_uri was issued to another client";
        /// RFC 6749 §3.2.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// §2.1 item 2: a pushed request does not point to another.
        RequestUri = "push_request_uri", "request_uri must not be pushed";
        /// §2.2: no address of ours.
        Unknown = "push_unknown", "the request_uri is not one that was issued here";
    }
    wraps {
        /// §2.1 item 3: the request itself.
        Authorize(authorize::Refusal);
        /// §2.1 item 1: the client.
        Client(client_authentication::Refusal);
        /// §3: the request object.
        Object(request_object::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (§2.3).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::Authorize(refusal) => refusal.oauth(),
            Self::Client(refusal) => refusal.oauth(),
            Self::Dpop => OAuthError::InvalidDpopProof,
            Self::Expired | Self::OtherClient | Self::Unknown => OAuthError::InvalidRequestUri,
            Self::Object(refusal) => refusal.oauth(),
            Self::ParameterRepeated | Self::RequestUri => OAuthError::InvalidRequest,
        }
    }
}

/// §2.2: between 5 and 600 seconds; FAPI 2.0 Security Profile §5.3.2.2: below 600. Enough to find the phone and answer.
pub const LIFETIME: Seconds = Seconds::minutes(5);

/// What every address begins with (§2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

type FormCheck = fn(&Parameters) -> Result<(), Refusal>;

/// Form, in order.
const FORM: [FormCheck; 2] = [parameters_stand_once, request_uri_is_absent];

/// A pushed request whose form is right. Has no `Debug`: it may hold a secret.
#[derive(Clone)]
pub struct PushedRequest {
    /// Who asks, to be authenticated as at the token endpoint (§2.1).
    pub client: ClaimedClient,
    request: UnverifiedAuthorizationRequest,
}

impl PushedRequest {
    /// Takes the decoded pairs of the form body, and the `Authorization` header if one was sent.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>, authorization: Option<&str>) -> Result<Self, Refusal> {
        let parameters = Parameters::collect(pairs);
        FORM.iter().try_for_each(|check| check(&parameters))?;
        let client = ClaimedClient::read(&parameters, authorization)?;
        let request = parameters.without(|name| client_authentication::PARAMETERS.contains(&name));
        Ok(Self { client, request: UnverifiedAuthorizationRequest::pushed(request) })
    }

    /// The request object, to be verified and given to [`Self::check`].
    pub fn request_object(&self) -> Option<&str> {
        self.request.request_object()
    }

    /// What is to be signed as a token of its own, to be verified and put in its place with [`Self::with_sign_request`].
    pub fn sign_request(&self) -> Option<&str> {
        self.request.sign_request()
    }

    /// Takes what was found of it.
    #[must_use]
    pub fn with_sign_request(self, verified: Result<SignRequest, sign_request::Refusal>) -> Self {
        Self { request: self.request.with_sign_request(verified), ..self }
    }

    /// Takes the authenticated client, the request object if one was pushed, and the key of the DPoP proof if one came.
    pub fn check(
        self,
        client: &Client,
        provider: &Provider,
        object: Option<RequestObject>,
        proven: Option<Digest>,
    ) -> Result<AuthorizationRequest, Refusal> {
        let mut request = self.request.of_client(&client.id);
        if let Some(object) = object {
            request = request.with_object(object)?;
        }
        let checked = request.check(Some(client), provider).map_err(|rejected| rejected.refusal())?;
        match (checked.dpop_jkt, proven) {
            (Some(named), Some(proven)) if named != proven => Err(Refusal::Dpop),
            (named, proven) => Ok(AuthorizationRequest { dpop_jkt: proven.or(named), ..checked }),
        }
    }
}

/// RFC 6749 §3.2.
fn parameters_stand_once(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has_repeated() { Err(Refusal::ParameterRepeated) } else { Ok(()) }
}

/// §2.1 item 2, also where its value is empty.
fn request_uri_is_absent(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has("request_uri") { Err(Refusal::RequestUri) } else { Ok(()) }
}

/// The address of a pushed request. Only the hash of its secret part is stored.
#[derive(Clone)]
pub struct RequestUri(Secret);

impl RequestUri {
    /// A new one, that nobody guesses (§7.1).
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self(Secret::random("push", rng))
    }

    /// Takes the `request_uri` parameter. `None`: not of this form, so perhaps an address at the client's.
    pub fn parse(request_uri: &str) -> Option<Self> {
        let opaque = request_uri.strip_prefix(PREFIX)?;
        let is_form = (1..=128).contains(&opaque.len()) && opaque.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        is_form.then(|| Self(Secret::presented(opaque)))
    }

    /// What identifies it.
    pub const fn secret(&self) -> &Secret {
        &self.0
    }

    /// The answer to the push (§2.2), sent with 201.
    pub fn answer(&self) -> PushAnswer {
        PushAnswer { request_uri: format!("{PREFIX}{}", self.0.reveal()), expires_in: LIFETIME }
    }
}

/// The successful answer (§2.2). Has no `Debug`: it holds a secret.
#[derive(Clone, Serialize)]
pub struct PushAnswer {
    /// The address.
    pub request_uri: String,
    /// Seconds that it lives.
    pub expires_in: Seconds,
}

/// Takes what was stored with a pushed request and who uses its address now. Parameters beside it are ignored (§4), except
/// `client_id`, which must be the pushing client's.
pub fn check_use(pushed_by: &ClientId, expires_at: UnixTime, used_by: Option<&ClientId>, now: UnixTime) -> Result<(), Refusal> {
    if used_by != Some(pushed_by) {
        return Err(Refusal::OtherClient);
    }
    if now < expires_at { Ok(()) } else { Err(Refusal::Expired) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        client::{ClientKind, tests::client},
        client_assertion::ASSERTION_TYPE,
        discovery::tests::provider,
        jose::jwe::tests::Counting,
        oauth_error::ReplyTo,
        profile::Profile,
    };

    const REDIRECT: &str = "https://skola.example/cb";

    fn with(name: &str, value: &str) -> Vec<(String, String)> {
        let right = [
            ("client_id", "skolportalen"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", "a.b.c"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let mut pairs: Vec<(String, String)> = right.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        pairs
    }

    fn check(pairs: Vec<(String, String)>, proven: Option<Digest>) -> Result<AuthorizationRequest, Refusal> {
        let client = Client { profile: Profile::Fapi2, ..client(ClientKind::Confidential, &[REDIRECT]) };
        PushedRequest::parse(pairs, None)?.check(&client, &provider(), None, proven)
    }

    #[test]
    fn a_pushed_request_is_one_that_was_pushed() {
        let request = check(with("", ""), None).unwrap();
        assert_eq!(request.reply_to, ReplyTo::stored("https://id.example".to_owned(), REDIRECT.to_owned(), None));
        assert!(check(with("client_id", ""), None).is_ok(), "the assertion names the client");
        let client = Client { profile: Profile::Fapi2, ..client(ClientKind::Confidential, &[REDIRECT]) };
        let unpushed = UnverifiedAuthorizationRequest::parse(with("", "")).check(Some(&client), &provider());
        assert_eq!(unpushed.unwrap_err().refusal(), authorize::Refusal::PushRequired);
    }

    #[test]
    fn requests_that_are_refused() {
        let cases = [
            ("request_uri", "https://skola.example/r", "push_request_uri", "invalid_request"),
            ("request_uri", "urn:ietf:params:oauth:request_uri:x", "push_request_uri", "invalid_request"),
            ("request", "a.b.c", "request_given", "request_not_supported"),
            ("client_id", "annan", "client_unknown", "invalid_request"),
            ("client_assertion", "", "assertion_type", "invalid_request"),
            ("redirect_uri", "https://evil.test/", "redirect_uri_unknown", "invalid_request"),
            ("redirect_uri", "", "redirect_uri_missing", "invalid_request"),
            ("response_type", "token", "response_type", "unsupported_response_type"),
            ("code_challenge", "", "challenge_missing", "invalid_request"),
            ("code_challenge_method", "plain", "challenge_method", "invalid_request"),
            ("scope", "profile", "scope_without_openid", "invalid_scope"),
            ("resource", "https://annan.example/", "resource_unknown", "invalid_target"),
            ("authorization_details", "[]", "details_form", "invalid_authorization_details"),
        ];
        for (name, value, code, oauth) in cases {
            let refusal = check(with(name, value), None).unwrap_err();
            assert_eq!((refusal.code(), refusal.oauth().code()), (code, oauth), "{name}={value}");
        }
        let empty = [with("", ""), vec![("request_uri".to_owned(), String::new())]].concat();
        assert_eq!(check(empty, None), Err(Refusal::RequestUri));
        let twice = [with("", ""), vec![("scope".to_owned(), "openid".to_owned())]].concat();
        assert_eq!(check(twice, None), Err(Refusal::ParameterRepeated));
    }

    /// RFC 9449 §10.1.
    #[test]
    fn the_proof_that_comes_with_the_push_binds_the_code() {
        let (ours, theirs) = (Digest::of(b"ours"), Digest::of(b"theirs"));
        let named = with("dpop_jkt", &ours.to_base64url());
        assert_eq!(check(with("", ""), Some(ours)).unwrap().dpop_jkt, Some(ours));
        assert_eq!(check(named.clone(), None).unwrap().dpop_jkt, Some(ours));
        assert_eq!(check(named.clone(), Some(ours)).unwrap().dpop_jkt, Some(ours));
        let refusal = check(named, Some(theirs)).unwrap_err();
        assert_eq!((refusal, refusal.oauth()), (Refusal::Dpop, OAuthError::InvalidDpopProof));
        assert_eq!(check(with("dpop_jkt", "short"), None), Err(Refusal::Authorize(authorize::Refusal::DpopJkt)));
    }

    #[test]
    fn an_address_is_unguessable_and_reads_back() {
        let uri = RequestUri::random(&mut Counting(7));
        let answer = serde_json::to_value(uri.answer()).unwrap();
        let address = answer["request_uri"].as_str().unwrap();
        assert!(address.starts_with("urn:ietf:params:oauth:request_uri:hs_push_") && address.len() >= 34 + 43, "{address}");
        assert_eq!(answer["expires_in"], json!(300));
        assert_eq!(RequestUri::parse(address).unwrap().secret().hash(), uri.secret().hash());
        let long = format!("{PREFIX}{}", "x".repeat(129));
        for wrong in ["", PREFIX, "https://skola.example/r", "URN:ietf:params:oauth:request_uri:x", "urn:ietf:params:oauth:request_uri:a b", &long] {
            assert!(RequestUri::parse(wrong).is_none(), "{wrong}");
        }
    }

    /// Attack 11.
    #[test]
    fn an_address_is_the_pushing_clients_for_five_minutes() {
        let (ours, theirs): (ClientId, ClientId) = ("skolportalen".parse().unwrap(), "annan".parse().unwrap());
        let (end, now) = (UnixTime::from_seconds(1_300), UnixTime::from_seconds(1_299));
        assert_eq!(check_use(&ours, end, Some(&ours), now), Ok(()));
        assert_eq!(check_use(&ours, end, Some(&ours), end), Err(Refusal::Expired));
        assert_eq!(check_use(&ours, end, Some(&theirs), now), Err(Refusal::OtherClient));
        assert_eq!(check_use(&ours, end, None, now), Err(Refusal::OtherClient));
        assert_eq!(Refusal::Unknown.oauth(), OAuthError::InvalidRequestUri);
    }
}
