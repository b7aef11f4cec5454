//! The backchannel authentication request (OpenID Connect CIBA Core 1.0 §7.1): a service asks for a person that it knows, without a
//! browser, and the person answers on the phone. Poll and ping; tokens are never pushed.
//!
//! Anybody who knows a name could ask with one, so the name alone gives nothing: the person types a number that only the service's
//! own screen shows (`phone::directed` in the server). What the service says about the occasion is shown as its words, one line.

#[cfg(test)]
mod tests;

use handslag_vocab::{Seconds, Secret};

use crate::{
    authorize::{self, AuthorizationRequest},
    client::{Client, GrantType},
    client_authentication::{self, ClaimedClient},
    discovery::Provider,
    oauth_error::OAuthError,
    parameters::Parameters,
    refusal::refusals,
    request_object::{self, RequestObject},
};

refusals! {
    /// Why a backchannel request is refused. Clauses are of CIBA Core unless named.
    pub enum Refusal {
        /// §7.1: longer than a phone shows, or of characters that would read otherwise there.
        BindingMessage = "binding_message", "binding_message must be one line of at most 64 plain characters";
        /// §4: not registered for this.
        GrantTypeOfOthers = "grant_type_of_others", "the client is not registered for urn:openid:params:grant-type:ciba";
        /// §7.1: no person is named, or several.
        Hint = "hint", "exactly one of login_hint and id_token_hint must be sent";
        /// §7.1: a form of ours does not exist.
        HintToken = "login_hint_token", "login_hint_token is not supported";
        /// §7.1: a client that is pinged sends the token of the ping, of at least 128 bits.
        NotificationToken = "client_notification_token", "client_notification_token must be 22 to 1024 characters of a bearer token";
        /// §7.1.1.
        ObjectUntimed = "object_untimed", "a signed authentication request must have iat, nbf, exp and jti";
        /// §7.1.1: an object that was signed for the authorization endpoint is no question of this kind.
        OtherObject = "object_other", "the object was signed for the authorization endpoint";
        /// §7.1.1.
        OutsideObject = "object_outside", "no parameter may stand beside a signed authentication request";
        /// RFC 6749 §3.2.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// §7.1.
        RequestedExpiry = "requested_expiry", "requested_expiry must be a whole number of seconds above zero";
        /// §7.1.1, FAPI-CIBA §5.2.2: this client signs its requests.
        SignatureRequired = "signature_required", "this client has to sign its authentication requests";
    }
    wraps {
        /// `scope`, `acr_values` and `resource`, read as at the authorization endpoint.
        Authorize(authorize::Refusal);
        /// §7.1: the client, as at the token endpoint.
        Client(client_authentication::Refusal);
        /// §7.1.1: the signed request.
        Object(request_object::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (§13).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::Authorize(refusal) => refusal.oauth(),
            Self::BindingMessage => OAuthError::InvalidBindingMessage,
            Self::Client(refusal) => refusal.oauth(),
            Self::GrantTypeOfOthers => OAuthError::UnauthorizedClient,
            _ => OAuthError::InvalidRequest,
        }
    }
}

/// What the ID Token of such a log-in names it by (§10.3.1).
pub const AUTH_REQ_ID: &str = "urn:openid:params:jwt:claim:auth_req_id";

/// Between two polls (§7.3). Two seconds, so that an answer is heard as soon as anybody expects it.
pub const INTERVAL: Seconds = Seconds(2);

/// A phone's screen shows so much without scrolling.
const LONGEST_MESSAGE: usize = 64;

/// Who is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// `id_token_hint`: an ID Token of ours.
    IdToken(String),
    /// `login_hint`: a work identity (`orgAffiliation`).
    WorkIdentity(String),
}

/// A request whose form is right. Has no `Debug`: it may hold a secret.
#[derive(Clone)]
pub struct UnverifiedBackchannelRequest {
    /// Who asks, to be authenticated as at the token endpoint (§7.1).
    pub client: ClaimedClient,
    parameters: Parameters,
}

/// A checked request. Has no `Debug`: it holds a secret of the client's.
#[derive(Clone)]
pub struct BackchannelRequest {
    /// What the person says yes to.
    pub request: AuthorizationRequest,
    /// Who is asked for.
    pub hint: Hint,
    /// What the service says about the occasion.
    pub binding_message: Option<String>,
    /// For the ping; only a client that registered an address has one.
    pub notification_token: Option<Secret>,
    /// `user_code`, as the person told it to the service.
    pub user_code: Option<Secret>,
    /// How long the client would wait.
    pub requested_expiry: Option<Seconds>,
}

impl UnverifiedBackchannelRequest {
    /// Takes the decoded pairs of the form body, and the `Authorization` header if one was sent.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>, authorization: Option<&str>) -> Result<Self, Refusal> {
        let parameters = Parameters::collect(pairs);
        if parameters.has_repeated() {
            return Err(Refusal::ParameterRepeated);
        }
        let client = ClaimedClient::read(&parameters, authorization)?;
        let about_the_client = |name: &str| name == "client_id" || client_authentication::PARAMETERS.contains(&name);
        Ok(Self { client, parameters: parameters.without(about_the_client) })
    }

    /// The signed request, to be verified and given to [`Self::check`].
    pub fn request_object(&self) -> Option<&str> {
        self.parameters.value("request")
    }

    /// Takes the authenticated client, what this provider offers, and the verified object if one came.
    pub fn check(self, client: &Client, provider: &Provider, object: Option<RequestObject>) -> Result<BackchannelRequest, Refusal> {
        let is_signed = object.is_some();
        let parameters = match object {
            Some(object) => self.of_object(object)?,
            None => self.parameters,
        };
        let question = Question { parameters: &parameters, client, is_signed };
        CHECKS.iter().try_for_each(|check| check(&question))?;
        question.read(provider)
    }

    /// §7.1.1: everything stands in the object, and it says from when until when it counts, once.
    fn of_object(&self, object: RequestObject) -> Result<Parameters, Refusal> {
        if !object.is_timed || object.jti.is_none() || object.expires_at.is_none() {
            return Err(Refusal::ObjectUntimed);
        }
        if self.parameters.names().any(|name| name != "request") {
            return Err(Refusal::OutsideObject);
        }
        let inside = Parameters::collect(object.parameters).without(|name| name == "client_id");
        if inside.has("response_type") || inside.has("redirect_uri") {
            return Err(Refusal::OtherObject);
        }
        if inside.has_repeated() { Err(Refusal::ParameterRepeated) } else { Ok(inside) }
    }
}

struct Question<'a> {
    parameters: &'a Parameters,
    client: &'a Client,
    is_signed: bool,
}

type Check = fn(&Question<'_>) -> Result<(), Refusal>;

/// In order.
const CHECKS: [Check; 5] = [is_registered, is_signed_where_it_must, no_hint_token, message_is_plain, ping_has_its_token];

fn is_registered(question: &Question<'_>) -> Result<(), Refusal> {
    if question.client.grant_types.contains(&GrantType::Ciba) { Ok(()) } else { Err(Refusal::GrantTypeOfOthers) }
}

/// Whoever strips the signature gets no further.
fn is_signed_where_it_must(question: &Question<'_>) -> Result<(), Refusal> {
    let Client { profile, registration, .. } = question.client;
    let must = profile.signs_backchannel_requests() || registration.request_objects.required;
    if question.is_signed || !must { Ok(()) } else { Err(Refusal::SignatureRequired) }
}

fn no_hint_token(question: &Question<'_>) -> Result<(), Refusal> {
    if question.parameters.has("login_hint_token") { Err(Refusal::HintToken) } else { Ok(()) }
}

/// Letters of our languages, digits and the marks between them: nothing turns, hides or breaks what stands beside it.
fn message_is_plain(question: &Question<'_>) -> Result<(), Refusal> {
    let is_plain = |c: char| (c.is_alphanumeric() && c < '\u{250}') || " .,:;!?-/()#+&%'§".contains(c);
    let fits = |message: &str| message.chars().count() <= LONGEST_MESSAGE && message.trim() == message && message.chars().all(is_plain);
    let is_right = question.parameters.value("binding_message").is_none_or(fits);
    if is_right { Ok(()) } else { Err(Refusal::BindingMessage) }
}

/// §7.1: the syntax of RFC 6750 §2.1, and at least 128 bits where each character carries six.
fn ping_has_its_token(question: &Question<'_>) -> Result<(), Refusal> {
    if question.client.registration.notification_endpoint.is_none() {
        return Ok(());
    }
    let is_form = |token: &str| token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    let is_right = |token: &str| (22..=1024).contains(&token.len()) && is_form(token);
    let is_there = question.parameters.value("client_notification_token").is_some_and(is_right);
    if is_there { Ok(()) } else { Err(Refusal::NotificationToken) }
}

impl Question<'_> {
    /// The checks that leave a value.
    fn read(&self, provider: &Provider) -> Result<BackchannelRequest, Refusal> {
        let value = |name: &str| self.parameters.value(name);
        let is_pinged = self.client.registration.notification_endpoint.is_some();
        Ok(BackchannelRequest {
            request: authorize::elsewhere(self.parameters, self.client, provider)?,
            hint: self.hint()?,
            binding_message: value("binding_message").map(str::to_owned),
            notification_token: value("client_notification_token").filter(|_| is_pinged).map(Secret::presented),
            user_code: value("user_code").map(Secret::presented),
            requested_expiry: self.requested_expiry()?,
        })
    }

    fn hint(&self) -> Result<Hint, Refusal> {
        match (self.parameters.value("login_hint"), self.parameters.value("id_token_hint")) {
            (Some(who), None) => Ok(Hint::WorkIdentity(who.to_owned())),
            (None, Some(token)) => Ok(Hint::IdToken(token.to_owned())),
            _ => Err(Refusal::Hint),
        }
    }

    fn requested_expiry(&self) -> Result<Option<Seconds>, Refusal> {
        let Some(text) = self.parameters.value("requested_expiry") else { return Ok(None) };
        let is_number = text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
        let seconds = is_number.then(|| text.parse().ok()).flatten().filter(|seconds| *seconds > 0);
        seconds.map(|seconds| Some(Seconds(seconds))).ok_or(Refusal::RequestedExpiry)
    }
}
