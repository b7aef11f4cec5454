//! The authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2, OIDC Sweden profile §2): code flow with PKCE, nothing else.
//!
//! Two stages. Until client and redirect address are known to belong together nothing is sent anywhere: the person sees a page
//! (an open redirector helps whoever made the link). After that every refusal goes to the client, with its state.

mod acr;
mod claims_parameter;
mod refusal;
#[cfg(test)]
mod tests;

use handslag_vocab::{ClientId, Digest, Seconds, UnixTime};
use serde::{Deserialize, Serialize};

pub use acr::AcrDemand;
pub use claims_parameter::{ClaimsParameter, Wish};
pub use refusal::{Refusal, Rejected};

use crate::{
    client::{Client, OFFLINE_ACCESS},
    discovery::Provider,
    oauth_error::ReplyTo,
    parameters::Parameters,
    pkce, release,
};

/// A request in which nothing is checked.
#[derive(Clone, Debug)]
pub struct UnverifiedAuthorizationRequest(Parameters);

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
    /// For the token request.
    pub challenge: pkce::Challenge,
    /// For the ID Token.
    pub nonce: Option<String>,
    /// What the person must, or must not, be asked.
    pub prompt: Prompt,
    /// How old the log-in may be.
    pub max_age: Option<Seconds>,
    /// The assurance that is wished or demanded.
    pub acr: AcrDemand,
    /// The `claims` parameter without what the client may not ask.
    pub claims: ClaimsParameter,
    /// The language of the pages, if the client wished one of ours.
    pub language: Option<Language>,
    /// `dpop_jkt` (RFC 9449 §10): the key that the code is bound to.
    #[serde(default)]
    pub key: Option<Digest>,
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
}

type BeforeRedirect = fn(&Parameters, Option<&Client>) -> Result<(), Refusal>;
type AtRedirect = fn(&Question<'_>) -> Result<(), Refusal>;

/// Whose failure is a page and never a redirect.
const BEFORE_ANY_REDIRECT: [BeforeRedirect; 4] = [client_is_named, client_is_registered, redirect_uri_is_named, redirect_uri_is_registered];

/// Whose failure goes to the redirect address. The parts that leave a value stand in the same order in [`Question::read`].
const AT_THE_REDIRECT: [AtRedirect; 8] = [
    state_is_bounded,
    parameters_stand_once,
    request_object_is_absent,
    request_uri_is_absent,
    registration_is_absent,
    response_type_is_code,
    response_mode_is_query,
    nonce_is_bounded,
];

/// Longest state; RFC 6749 names no bound, and clients put small structures in it.
const LONGEST_STATE: usize = 2_048;
const LONGEST_NONCE: usize = 512;

impl UnverifiedAuthorizationRequest {
    /// Takes the decoded pairs of a query or a form.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Parameters::collect(pairs))
    }

    /// Whose registration to look up, if one is named.
    pub fn client_id(&self) -> Option<ClientId> {
        self.0.value("client_id").and_then(|id| id.parse().ok())
    }

    /// Takes the registration that [`Self::client_id`] names, if there is one, and what this provider offers.
    pub fn check(&self, client: Option<&Client>, provider: &Provider) -> Result<AuthorizationRequest, Rejected> {
        BEFORE_ANY_REDIRECT.iter().try_for_each(|check| check(&self.0, client)).map_err(Rejected::Here)?;
        let (Some(client), Some(redirect_uri)) = (client, self.0.value("redirect_uri")) else {
            return Err(Rejected::Here(Refusal::ClientUnknown));
        };
        // A state beyond the bound or named twice cannot be returned as it came, so none is.
        let state = self.0.value("state").filter(|state| state.len() <= LONGEST_STATE).map(str::to_owned);
        let reply_to = ReplyTo { issuer: provider.issuer.clone(), redirect_uri: redirect_uri.to_owned(), state };
        let question = Question { parameters: &self.0, client, provider };
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

    /// What the person is shown and the client gets.
    pub fn shares(&self) -> Vec<release::Claim> {
        release::shares(&self.scopes, &self.claims)
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

/// OIDC Sweden profile §2.1.1.
fn response_type_is_code(question: &Question<'_>) -> Result<(), Refusal> {
    match question.parameters.value("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(Refusal::ResponseType),
        None => Err(Refusal::ResponseTypeMissing),
    }
}

/// OAuth 2.0 Multiple Response Type Encoding Practices §2.1: a code never goes into a fragment.
fn response_mode_is_query(question: &Question<'_>) -> Result<(), Refusal> {
    let is_query = question.parameters.value("response_mode").is_none_or(|mode| mode == "query");
    if is_query { Ok(()) } else { Err(Refusal::ResponseMode) }
}

/// OIDC Core §3.1.2.1: optional in the code flow, returned as it came, so bounded.
fn nonce_is_bounded(question: &Question<'_>) -> Result<(), Refusal> {
    let is_bounded = |nonce: &str| nonce.len() <= LONGEST_NONCE && !nonce.chars().any(char::is_control);
    if question.parameters.value("nonce").is_none_or(is_bounded) { Ok(()) } else { Err(Refusal::Nonce) }
}

impl Question<'_> {
    fn absent(&self, name: &str, refusal: Refusal) -> Result<(), Refusal> {
        if self.parameters.value(name).is_none() { Ok(()) } else { Err(refusal) }
    }

    /// The checks that leave a value, in order: each line refuses or gives.
    fn read(&self, reply_to: &ReplyTo) -> Result<AuthorizationRequest, Refusal> {
        let claims = self.claims()?;
        Ok(AuthorizationRequest {
            scopes: self.scopes()?,
            challenge: pkce::Challenge::parse(self.parameters.value("code_challenge"), self.parameters.value("code_challenge_method"))?,
            prompt: self.prompt()?,
            max_age: self.max_age()?,
            acr: AcrDemand::read(&claims, self.parameters.value("acr_values"), self.provider)?,
            claims: claims.only(|claim| release::covers(&self.client.scopes, claim)),
            nonce: self.parameters.value("nonce").map(str::to_owned),
            language: self.language(),
            key: self.key()?,
            client_id: self.client.id.clone(),
            reply_to: reply_to.clone(),
        })
    }

    /// OIDC Core §5.5.
    fn claims(&self) -> Result<ClaimsParameter, Refusal> {
        self.parameters.value("claims").map_or_else(|| Ok(ClaimsParameter::default()), ClaimsParameter::parse)
    }

    /// RFC 6749 §3.3 and OIDC Core §3.1.2.1.
    fn scopes(&self) -> Result<Vec<String>, Refusal> {
        let is_token = |token: &str| !token.is_empty() && token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        let mut scopes: Vec<String> = Vec::new();
        for token in self.parameters.value("scope").ok_or(Refusal::ScopeWithoutOpenid)?.split(' ') {
            if !is_token(token) {
                return Err(Refusal::ScopeForm);
            }
            if self.client.may_ask(token) && !scopes.iter().any(|scope| scope == token) {
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

    /// RFC 9449 §10: a SHA-256 thumbprint in base64url. Ignoring one that cannot be read would give a code to any key.
    fn key(&self) -> Result<Option<Digest>, Refusal> {
        let thumbprint = self.parameters.value("dpop_jkt");
        thumbprint.map(|text| Digest::from_base64url(text).ok_or(Refusal::DpopJkt)).transpose()
    }

    /// OIDC Core §3.1.2.1: the first that we have; never an error.
    fn language(&self) -> Option<Language> {
        let tags = self.parameters.value("ui_locales")?.split(' ');
        tags.filter_map(|tag| tag.split('-').next()).find_map(|primary| match primary.to_ascii_lowercase().as_str() {
            "sv" => Some(Language::Sv),
            "en" => Some(Language::En),
            _ => None,
        })
    }
}
