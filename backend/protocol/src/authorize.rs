//! The authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2, OIDC Sweden profile §2): code flow with PKCE, nothing else.
//! What differs from client to client asks [`crate::profile`].
//!
//! Two stages. Until client and redirect address are known to belong together nothing is sent anywhere: the person sees a page
//! (an open redirector helps whoever made the link). After that every refusal goes to the client, with its state.

mod acr;
mod claims_parameter;
mod elsewhere;
mod extensions;
mod hint;
mod refusal;
#[cfg(test)]
pub(crate) mod tests;

use handslag_vocab::{ClientId, Digest, Seconds, UnixTime};
use serde::{Deserialize, Serialize};

pub use acr::AcrDemand;
pub use claims_parameter::{ClaimsParameter, Wish};
pub(crate) use elsewhere::elsewhere;
pub use extensions::Extensions;
pub use hint::Hint;
pub use refusal::{Refusal, Rejected};

use crate::{
    authorization_details::{self, AuthorizationDetail},
    base64url,
    client::{Client, OFFLINE_ACCESS},
    discovery::Provider,
    oauth_error::ReplyTo,
    parameters::Parameters,
    pkce,
    release::{self, Naming},
    request_object::{self, RequestObject},
    resource,
    response_mode::ResponseMode,
    sign_request::{self, SignRequest},
};

/// A request in which nothing is checked.
#[derive(Clone, Debug)]
pub struct UnverifiedAuthorizationRequest {
    parameters: Parameters,
    is_pushed: bool,
    is_signed: bool,
    sign_request: Option<Result<SignRequest, sign_request::Refusal>>,
}

/// A checked request. It can be stored as it is while the person logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRequest {
    /// The registered client.
    pub client_id: ClientId,
    /// Where the answer goes, with the state as it came.
    pub reply_to: ReplyTo,
    /// `openid` and what else the client may ask; unknown and foreign scopes are dropped (OIDC Core §3.1.2.1).
    pub scopes: Vec<String>,
    /// For the token request; absent only where the client is registered without PKCE and sent none.
    pub challenge: Option<pkce::Challenge>,
    /// The key that the code is bound to (RFC 9449 §10).
    #[serde(default)]
    pub dpop_jkt: Option<Digest>,
    /// What exactly is asked for (RFC 9396).
    #[serde(default)]
    pub details: Vec<AuthorizationDetail>,
    /// What the access token is for (RFC 8707).
    #[serde(default)]
    pub resources: Vec<String>,
    /// For the ID Token.
    pub nonce: Option<String>,
    /// What the person must, or must not, be asked.
    pub prompt: Prompt,
    /// Who it must be.
    #[serde(default)]
    pub hint: Hint,
    /// How old the log-in may be.
    pub max_age: Option<Seconds>,
    /// The assurance that is wished or demanded.
    pub acr: AcrDemand,
    /// The `claims` parameter without what the client may not ask.
    pub claims: ClaimsParameter,
    /// What the client calls what it is told, as it was registered when it asked: a change made later counts for the next log-in, where
    /// the person sees it (attack 21).
    #[serde(default)]
    pub naming: Vec<Naming>,
    /// The language of the pages, if the client wished one of ours.
    pub language: Option<Language>,
    /// What OIDC Sweden adds.
    #[serde(default)]
    pub extensions: Extensions,
}

/// `prompt` (OIDC Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Not sent. What that means is the client's registration to say (Sweden Connect: as `login`).
    Absent,
    /// No page may be shown.
    None,
    /// These must be shown.
    Interactive {
        /// A new log-in.
        login: bool,
        /// What is sent.
        consent: bool,
        /// Which work identity.
        select_account: bool,
    },
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Swedish.
    Sv,
    /// English.
    En,
}

/// What both stages read.
struct Question<'a> {
    parameters: &'a Parameters,
    client: &'a Client,
    provider: &'a Provider,
    is_pushed: bool,
    is_signed: bool,
    sign_request: Option<&'a Result<SignRequest, sign_request::Refusal>>,
}

type BeforeRedirect = fn(&Parameters, Option<&Client>) -> Result<(), Refusal>;
type AtRedirect = fn(&Question<'_>) -> Result<(), Refusal>;

/// Whose failure is a page and never a redirect.
const BEFORE_ANY_REDIRECT: [BeforeRedirect; 4] = [client_is_named, client_is_registered, redirect_uri_is_named, redirect_uri_is_registered];

/// Whose failure goes to the redirect address. The parts that leave a value stand in the same order in [`Question::read`].
const AT_THE_REDIRECT: [AtRedirect; 11] = [
    state_is_bounded,
    parameters_stand_once,
    request_object_is_absent,
    request_uri_is_absent,
    registration_is_absent,
    is_pushed_where_it_must,
    is_signed_where_it_must,
    response_type_is_code,
    response_mode_is_registered,
    nonce_is_bounded,
    nonce_stands_in_for_pkce,
];

/// Longest state; RFC 6749 names no bound, and clients put small structures in it.
const LONGEST_STATE: usize = 2_048;
const LONGEST_NONCE: usize = 512;

impl UnverifiedAuthorizationRequest {
    /// Takes the decoded pairs of a query or a form.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { parameters: Parameters::collect(pairs), is_pushed: false, is_signed: false, sign_request: None }
    }

    /// The request object that came by value, to be verified and put in its place with [`Self::with_object`].
    pub fn request_object(&self) -> Option<&str> {
        self.parameters.value("request")
    }

    /// Where the request is: pushed before (see [`crate::par::RequestUri`]) or at the client's.
    pub fn request_uri(&self) -> Option<&str> {
        self.parameters.value("request_uri")
    }

    /// Takes the verified object that [`Self::request_object`] or [`Self::request_uri`] named. What it says replaces what stands
    /// beside it (RFC 9101 §6.3); beside it only `response_type` and `scope` count, where OIDC Core §6.1 puts them, and they may not
    /// contradict it (OP-11). A `state` outside is not used.
    pub fn with_object(self, object: RequestObject) -> Result<Self, request_object::Refusal> {
        let inside = Parameters::collect(object.parameters);
        let mut pairs: Vec<(String, String)> = Vec::new();
        for name in ["response_type", "scope"].into_iter().filter(|_| object.reads_beside) {
            match (self.parameters.value(name), inside.value(name)) {
                (Some(beside), Some(within)) if beside != within => return Err(request_object::Refusal::Disagrees),
                (Some(beside), None) => pairs.push((name.to_owned(), beside.to_owned())),
                _ => {}
            }
        }
        if self.parameters.value("client_id") != inside.value("client_id") {
            return Err(request_object::Refusal::ClientId);
        }
        let parameters = Parameters::collect(inside.into_pairs().chain(pairs));
        Ok(Self { parameters, is_signed: object.is_signed, ..self })
    }

    /// What is to be signed as a token of its own, to be verified and put in its place with [`Self::with_sign_request`]. In an object it
    /// stands as it is, and is signed with it.
    pub fn sign_request(&self) -> Option<&str> {
        self.parameters.value(sign_request::PARAMETER).filter(|_| self.request_object().is_none() && self.request_uri().is_none())
    }

    /// Takes what was found of [`Self::sign_request`]. A refusal is told where the others are.
    #[must_use]
    pub fn with_sign_request(self, verified: Result<SignRequest, sign_request::Refusal>) -> Self {
        Self { sign_request: Some(verified), ..self }
    }

    /// A request that came to the pushed authorization endpoint.
    pub(crate) const fn pushed(parameters: Parameters) -> Self {
        Self { parameters, is_pushed: true, is_signed: false, sign_request: None }
    }

    /// The same, of the client that authenticated, where it does not name one.
    #[must_use]
    pub(crate) fn of_client(mut self, client: &ClientId) -> Self {
        self.parameters.set_if_absent("client_id", client.as_str());
        self
    }

    /// Whose registration to look up, if one is named.
    pub fn client_id(&self) -> Option<ClientId> {
        self.parameters.value("client_id").and_then(|id| id.parse().ok())
    }

    /// Takes the registration that [`Self::client_id`] names, if there is one, and what this provider offers.
    pub fn check(&self, client: Option<&Client>, provider: &Provider) -> Result<AuthorizationRequest, Rejected> {
        BEFORE_ANY_REDIRECT.iter().try_for_each(|check| check(&self.parameters, client)).map_err(Rejected::Here)?;
        let (Some(client), Some(redirect_uri)) = (client, self.parameters.value("redirect_uri")) else {
            return Err(Rejected::Here(Refusal::ClientUnknown));
        };
        // A state beyond the bound or named twice cannot be returned as it came, so none is.
        let state = self.parameters.value("state").filter(|state| state.len() <= LONGEST_STATE).map(str::to_owned);
        // A mode that is not the client's cannot be how it is told so.
        let mode = self.parameters.value("response_mode").and_then(ResponseMode::named).filter(|mode| client.takes(*mode));
        let mode = mode.unwrap_or_default();
        let reply_to = ReplyTo { issuer: provider.issuer.clone(), redirect_uri: redirect_uri.to_owned(), state, mode };
        let Self { parameters, is_pushed, is_signed, sign_request } = self;
        let (is_pushed, is_signed, sign_request) = (*is_pushed, *is_signed, sign_request.as_ref());
        let question = Question { parameters, client, provider, is_pushed, is_signed, sign_request };
        let checked = AT_THE_REDIRECT.iter().try_for_each(|check| check(&question)).and_then(|()| question.read(&reply_to));
        checked.map_err(|refusal| Rejected::Redirect { reply_to, refusal })
    }
}

impl AuthorizationRequest {
    /// Whether a log-in of this age answers the request: enforced by our own record, never by what the client believes
    /// (OIDC Core §3.1.2.1 `prompt`, `max_age`).
    pub fn accepts_login_of(&self, auth_time: UnixTime, now: UnixTime) -> bool {
        let demands_new = matches!(self.prompt, Prompt::Interactive { login: true, .. });
        let is_young_enough = self.max_age.is_none_or(|max_age| now.since(auth_time) <= max_age && max_age.0 > 0);
        !demands_new && is_young_enough
    }

    /// Whether the client stays logged in (OIDC Core §11).
    pub fn is_offline(&self) -> bool {
        self.scopes.iter().any(|scope| scope == OFFLINE_ACCESS)
    }

    /// The same without what the client may no longer ask for: a registration that was narrowed counts for what was granted before.
    #[must_use]
    pub fn within(mut self, client: &Client) -> Self {
        self.scopes.retain(|scope| client.may_ask(scope));
        self.details.retain(|detail| client.registration.authorization_details.contains(&detail.kind()));
        let (scopes, naming) = (&client.scopes, &self.naming);
        self.claims = self.claims.only(|claim| release::covers(scopes, naming, claim));
        self
    }

    /// What the person is shown and the client gets.
    pub fn shares(&self) -> Vec<release::Claim> {
        release::shares(&self.scopes, &self.claims, &self.naming)
    }
}

fn client_is_named(parameters: &Parameters, _: Option<&Client>) -> Result<(), Refusal> {
    parameters.value("client_id").map(|_| ()).ok_or(Refusal::ClientMissing)
}

/// The same answer for a malformed and an unknown id, and for a registration that is not the one named.
fn client_is_registered(parameters: &Parameters, client: Option<&Client>) -> Result<(), Refusal> {
    let is_it = client.is_some_and(|client| parameters.value("client_id") == Some(client.id.as_str()));
    if is_it { Ok(()) } else { Err(Refusal::ClientUnknown) }
}

/// OIDC Core §3.1.2.1: required, also where only one is registered.
fn redirect_uri_is_named(parameters: &Parameters, _: Option<&Client>) -> Result<(), Refusal> {
    parameters.value("redirect_uri").map(|_| ()).ok_or(Refusal::RedirectUriMissing)
}

/// OIDC Sweden profile §2.1.3.
fn redirect_uri_is_registered(parameters: &Parameters, client: Option<&Client>) -> Result<(), Refusal> {
    let is_owned = parameters.value("redirect_uri").is_some_and(|uri| client.is_some_and(|client| client.owns(uri)));
    if is_owned { Ok(()) } else { Err(Refusal::RedirectUriUnknown) }
}

fn state_is_bounded(question: &Question<'_>) -> Result<(), Refusal> {
    let is_bounded = question.parameters.value("state").is_none_or(|state| state.len() <= LONGEST_STATE);
    if is_bounded { Ok(()) } else { Err(Refusal::StateTooLong) }
}

/// RFC 6749 §3.1: also for parameters that we do not know.
fn parameters_stand_once(question: &Question<'_>) -> Result<(), Refusal> {
    if question.parameters.has_repeated() { Err(Refusal::ParameterRepeated) } else { Ok(()) }
}

/// OIDC Core §3.1.2.6: ignoring it would run a request that its sender did not sign.
fn request_object_is_absent(question: &Question<'_>) -> Result<(), Refusal> {
    question.absent("request", Refusal::RequestObject)
}

/// OIDC Core §3.1.2.6.
fn request_uri_is_absent(question: &Question<'_>) -> Result<(), Refusal> {
    question.absent("request_uri", Refusal::RequestUri)
}

/// OIDC Core §3.1.2.6.
fn registration_is_absent(question: &Question<'_>) -> Result<(), Refusal> {
    question.absent("registration", Refusal::Registration)
}

/// RFC 9126 §5.
fn is_pushed_where_it_must(question: &Question<'_>) -> Result<(), Refusal> {
    if question.is_pushed || !question.client.profile.requires_par(question.client) { Ok(()) } else { Err(Refusal::PushRequired) }
}

/// RFC 9101 §10.5: whoever strips the signature gets no further.
fn is_signed_where_it_must(question: &Question<'_>) -> Result<(), Refusal> {
    if question.is_signed || !question.client.registration.request_objects.required { Ok(()) } else { Err(Refusal::SignatureRequired) }
}

/// OIDC Sweden profile §2.1.1.
fn response_type_is_code(question: &Question<'_>) -> Result<(), Refusal> {
    match question.parameters.value("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(Refusal::ResponseType),
        None => Err(Refusal::ResponseTypeMissing),
    }
}

/// OAuth 2.0 Multiple Response Type Encoding Practices §2.1: a code never goes into a fragment.
fn response_mode_is_registered(question: &Question<'_>) -> Result<(), Refusal> {
    let is_taken = |mode| ResponseMode::named(mode).is_some_and(|mode| question.client.takes(mode));
    if question.parameters.value("response_mode").is_none_or(is_taken) { Ok(()) } else { Err(Refusal::ResponseMode) }
}

/// OIDC Core §3.1.2.1: optional in the code flow, returned as it came, so bounded.
fn nonce_is_bounded(question: &Question<'_>) -> Result<(), Refusal> {
    let is_bounded = |nonce: &str| nonce.len() <= LONGEST_NONCE && !nonce.chars().any(char::is_control);
    if question.parameters.value("nonce").is_none_or(is_bounded) { Ok(()) } else { Err(Refusal::Nonce) }
}

/// RFC 9700 §2.1.1.
fn nonce_stands_in_for_pkce(question: &Question<'_>) -> Result<(), Refusal> {
    let is_tied = ["code_challenge", "code_challenge_method", "nonce"].iter().any(|name| question.parameters.value(name).is_some());
    let Client { profile, .. } = question.client;
    let is_required = profile.requires_nonce_without_pkce() && !profile.requires_pkce(question.client);
    if is_tied || !is_required { Ok(()) } else { Err(Refusal::NonceMissing) }
}

impl Question<'_> {
    fn absent(&self, name: &str, refusal: Refusal) -> Result<(), Refusal> {
        if self.parameters.value(name).is_none() { Ok(()) } else { Err(refusal) }
    }

    /// The checks that leave a value, in order: each line refuses or gives.
    fn read(&self, reply_to: &ReplyTo) -> Result<AuthorizationRequest, Refusal> {
        let (claims, prompt) = (self.claims()?, self.prompt()?);
        let request = AuthorizationRequest {
            scopes: self.scopes()?,
            challenge: self.challenge()?,
            dpop_jkt: self.dpop_jkt()?,
            details: self.details()?,
            resources: resource::asked(self.parameters.resources(), &self.client.registration.resources)?,
            prompt,
            hint: Hint::read(self.parameters.value("id_token_hint")),
            max_age: self.max_age()?,
            acr: AcrDemand::read(&claims, self.parameters.value("acr_values"), self.provider)?,
            claims: claims.only(|claim| release::covers(&self.client.scopes, &self.client.registration.naming, claim)),
            nonce: self.parameters.value("nonce").map(str::to_owned),
            naming: self.client.registration.naming.clone(),
            language: self.language(),
            extensions: self.extensions(prompt)?,
            client_id: self.client.id.clone(),
            reply_to: reply_to.clone(),
        };
        Ok(request.with_scopes_of_its_act(self.parameters.value("scope")))
    }

    /// RFC 7636 §4.3: always, unless this client is registered without; one that was sent always counts.
    fn challenge(&self) -> Result<Option<pkce::Challenge>, pkce::Refusal> {
        let (challenge, method) = (self.parameters.value("code_challenge"), self.parameters.value("code_challenge_method"));
        if self.client.profile.requires_pkce(self.client) {
            pkce::Challenge::parse(challenge, method).map(Some)
        } else {
            pkce::Challenge::parse_optional(challenge, method)
        }
    }

    /// RFC 9449 §10.
    fn dpop_jkt(&self) -> Result<Option<Digest>, Refusal> {
        let digest = |text: &str| base64url::decode(text).and_then(|bytes| Digest::from_slice(&bytes)).ok_or(Refusal::DpopJkt);
        self.parameters.value("dpop_jkt").map(digest).transpose()
    }

    /// RFC 9396 §2.
    fn details(&self) -> Result<Vec<AuthorizationDetail>, authorization_details::Refusal> {
        let registered = &self.client.registration.authorization_details;
        self.parameters.value("authorization_details").map_or_else(|| Ok(Vec::new()), |json| authorization_details::parse(json, registered))
    }

    /// OIDC Core §5.5.
    fn claims(&self) -> Result<ClaimsParameter, Refusal> {
        self.parameters.value("claims").map_or_else(|| Ok(ClaimsParameter::default()), ClaimsParameter::parse)
    }

    /// RFC 6749 §3.3 and OIDC Core §3.1.2.1. Signing is no log-in's scope: it stands only where something is to be signed.
    fn scopes(&self) -> Result<Vec<String>, Refusal> {
        let is_token = |token: &str| !token.is_empty() && token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        let mut scopes: Vec<String> = Vec::new();
        for token in self.parameters.value("scope").ok_or(Refusal::ScopeWithoutOpenid)?.split(' ') {
            if !is_token(token) {
                return Err(Refusal::ScopeForm);
            }
            let is_of_a_log_in = !sign_request::SCOPES.contains(&token);
            if is_of_a_log_in && self.client.may_ask(token) && !scopes.iter().any(|scope| scope == token) {
                scopes.push(token.to_owned());
            }
        }
        if scopes.iter().any(|scope| scope == "openid") { Ok(scopes) } else { Err(Refusal::ScopeWithoutOpenid) }
    }

    /// OIDC Core §3.1.2.1: `none` stands alone; an unknown word is refused, because ignoring it may skip what was asked.
    fn prompt(&self) -> Result<Prompt, Refusal> {
        let (mut login, mut consent, mut select_account) = (false, false, false);
        let Some(words) = self.parameters.value("prompt") else { return Ok(Prompt::Absent) };
        if words == "none" {
            return Ok(Prompt::None);
        }
        for word in words.split(' ') {
            match word {
                "login" => login = true,
                "consent" => consent = true,
                "select_account" => select_account = true,
                _ => return Err(Refusal::Prompt),
            }
        }
        Ok(Prompt::Interactive { login, consent, select_account })
    }

    /// OIDC Core §3.1.2.1: whole seconds, not negative.
    fn max_age(&self) -> Result<Option<Seconds>, Refusal> {
        let Some(text) = self.parameters.value("max_age") else { return Ok(None) };
        let is_number = text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit());
        let seconds = is_number.then(|| text.parse().ok()).flatten().ok_or(Refusal::MaxAge)?;
        Ok(Some(Seconds(seconds)))
    }

    /// OIDC Core §3.1.2.1: the first that we have; never an error.
    fn language(&self) -> Option<Language> {
        Language::first_of(self.parameters.value("ui_locales")?)
    }
}

impl Language {
    /// The first of the wished ones that we have.
    pub(crate) fn first_of(ui_locales: &str) -> Option<Self> {
        let primary = ui_locales.split(' ').filter_map(|tag| tag.split('-').next());
        primary.map(str::to_ascii_lowercase).find_map(|tag| match tag.as_str() {
            "sv" => Some(Self::Sv),
            "en" => Some(Self::En),
            _ => None,
        })
    }
}
