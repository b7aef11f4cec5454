//! The token request (RFC 6749 §4.1.3, §4.4.2, §6; OIDC Core §3.1.3; OIDC Sweden profile §3): what is offered for tokens.
//!
//! The caller spends a code before it is checked, so that any attempt, right or wrong, ends it (RFC 6749 §4.1.2).

mod code;
mod exchange;
#[cfg(test)]
mod tests;

use handslag_vocab::{Seconds, Secret};
use serde::Serialize;

pub use code::{CodeExchange, IssuedCode, Presenter};
pub use exchange::{ACCESS_TOKEN, Exchange};

use crate::{
    authorization_details::{self, AuthorizationDetail},
    client::{Client, GrantType},
    client_authentication::{self, ClaimedClient},
    oauth_error::OAuthError,
    parameters::Parameters,
    pkce,
    refusal::refusals,
};

refusals! {
    /// Why a token request is refused.
    pub enum Refusal {
        /// RFC 8693 §2.1: no other actor than the client itself.
        ActorToken = "actor_token", "actor_token is not supported; the client itself is the actor";
        /// CIBA §10.1.
        AuthReqIdMissing = "auth_req_id_missing", "auth_req_id is missing";
        /// RFC 6749 §4.1.3.
        CodeMissing = "code_missing", "code is missing";
        /// RFC 8628 §3.4.
        DeviceCodeMissing = "device_code_missing", "device_code is missing";
        /// RFC 6749 §4.1.2: codes live for seconds.
        Expired = "code_expired", "the code has expired";
        /// RFC 6749 §5.2: not a grant type of ours.
        GrantType = "grant_type", "this grant_type is not supported";
        /// RFC 6749 §5.2.
        GrantTypeMissing = "grant_type_missing", "grant_type is missing";
        /// RFC 6749 §5.2: not a grant type of this client.
        GrantTypeOfOthers = "grant_type_of_others", "the client is not registered for this grant_type";
        /// RFC 6749 §4.1.3: the code was given to somebody else.
        OtherClient = "code_other_client", "the code was issued to another client";
        /// RFC 9449 §10: the code is bound to another key than the one proven.
        OtherKey = "code_other_key", "the code is bound to another DPoP key";
        /// RFC 6749 §4.1.3.
        OtherRedirectUri = "code_other_redirect_uri", "redirect_uri is not the one of the authorization request";
        /// RFC 6749 §3.2.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// RFC 6749 §6.
        RefreshTokenMissing = "refresh_token_missing", "refresh_token is missing";
        /// RFC 8693 §2.1.
        RequestedTokenType = "requested_token_type", "only access tokens are given in exchange";
        /// RFC 6749 §6: a refresh may ask for less than was granted, never for more.
        ScopeWider = "scope_wider", "scope asks for more than was granted";
        /// RFC 8693 §2.1.
        SubjectTokenMissing = "subject_token_missing", "subject_token is missing";
        /// RFC 8693 §2.1, §3.
        SubjectTokenType = "subject_token_type", "subject_token_type must be urn:ietf:params:oauth:token-type:access_token";
        /// RFC 8693 §2.1: a token for nobody, or for several.
        TargetMissing = "target_missing", "exactly one audience or resource must be named";
    }
    wraps {
        /// OIDC Sweden profile §3.1.1.
        Client(client_authentication::Refusal);
        /// RFC 9396 §6.
        Details(authorization_details::Refusal);
        /// OIDC Sweden profile §2.1.8.
        Pkce(pkce::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (RFC 6749 §5.2).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::Expired | Self::OtherClient | Self::OtherKey | Self::OtherRedirectUri | Self::Pkce(_) => OAuthError::InvalidGrant,
            Self::Client(refusal) => refusal.oauth(),
            Self::Details(_) => OAuthError::InvalidAuthorizationDetails,
            Self::GrantType => OAuthError::UnsupportedGrantType,
            Self::GrantTypeOfOthers => OAuthError::UnauthorizedClient,
            Self::ScopeWider => OAuthError::InvalidScope,
            Self::TargetMissing => OAuthError::InvalidTarget,
            _ => OAuthError::InvalidRequest,
        }
    }
}

/// What is offered for tokens.
#[derive(Clone)]
pub enum Offer {
    /// `auth_req_id`: the person was asked on the phone (CIBA §10.1).
    Backchannel(Secret),
    /// An authorization code.
    Code(CodeExchange),
    /// The client itself, nobody else (RFC 6749 §4.4).
    Client,
    /// `device_code`: the person was asked at another screen (RFC 8628 §3.4).
    Device(Secret),
    /// A token for another (RFC 8693).
    Exchange(Exchange),
    /// A refresh token as presented (RFC 6749 §6).
    Refresh(Secret),
}

impl Offer {
    /// The `grant_type`.
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::Backchannel(_) => GrantType::Ciba,
            Self::Code(_) => GrantType::AuthorizationCode,
            Self::Client => GrantType::ClientCredentials,
            Self::Device(_) => GrantType::DeviceCode,
            Self::Exchange(_) => GrantType::TokenExchange,
            Self::Refresh(_) => GrantType::RefreshToken,
        }
    }
}

/// A token request whose form is right.
#[derive(Clone)]
pub struct TokenRequest {
    /// Who asks.
    pub client: ClaimedClient,
    /// What is offered.
    pub offer: Offer,
    /// `authorization_details` (RFC 9396 §6), as sent.
    details: Option<String>,
    /// `scope`, as sent.
    scope: Option<String>,
    /// `resource` (RFC 8707), as sent.
    pub resource: Option<String>,
}

type FormCheck = fn(&Parameters) -> Result<(), Refusal>;

/// Form, in order.
const FORM: [FormCheck; 1] = [parameters_stand_once];

impl TokenRequest {
    /// Takes the decoded pairs of the form body, and the `Authorization` header if one was sent.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>, authorization: Option<&str>) -> Result<Self, Refusal> {
        let parameters = Parameters::collect(pairs);
        FORM.iter().try_for_each(|check| check(&parameters))?;
        let owned = |name: &str| parameters.value(name).map(str::to_owned);
        Ok(Self {
            offer: offer(&parameters)?,
            client: ClaimedClient::read(&parameters, authorization)?,
            details: owned("authorization_details"),
            scope: owned("scope"),
            resource: owned("resource"),
        })
    }

    /// Whether this client, as authenticated, may offer this at all.
    pub fn check(&self, client: &Client) -> Result<(), Refusal> {
        if client.grant_types.contains(&self.offer.grant_type()) { Ok(()) } else { Err(Refusal::GrantTypeOfOthers) }
    }

    /// The details asked for, all of them among those granted before, or less of those; all of these where none are named (RFC 9396 §6).
    pub fn details(&self, client: &Client, granted: &[AuthorizationDetail]) -> Result<Vec<AuthorizationDetail>, Refusal> {
        let Some(asked) = &self.details else { return Ok(granted.to_vec()) };
        let asked = authorization_details::parse(asked, &client.registration.authorization_details)?;
        Ok(authorization_details::narrowed(asked, granted)?)
    }

    /// Whether details were named: then they are given as named or not at all.
    pub const fn names_details(&self) -> bool {
        self.details.is_some()
    }

    /// The scopes asked for, all of them among those granted before; all of these where none is named (RFC 6749 §6).
    pub fn narrowed(&self, granted: &[String]) -> Result<Vec<String>, Refusal> {
        let Some(scope) = &self.scope else { return Ok(granted.to_vec()) };
        let asked: Vec<String> = scope.split(' ').map(str::to_owned).collect();
        if asked.iter().all(|scope| granted.contains(scope)) { Ok(asked) } else { Err(Refusal::ScopeWider) }
    }
}

/// RFC 6749 §3.2.
fn parameters_stand_once(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has_repeated() { Err(Refusal::ParameterRepeated) } else { Ok(()) }
}

fn offer(parameters: &Parameters) -> Result<Offer, Refusal> {
    let secret = |name: &str, missing: Refusal| parameters.value(name).map(Secret::presented).ok_or(missing);
    let named = parameters.value("grant_type").ok_or(Refusal::GrantTypeMissing)?;
    match GrantType::named(named).ok_or(Refusal::GrantType)? {
        GrantType::AuthorizationCode => Ok(Offer::Code(CodeExchange::read(parameters)?)),
        GrantType::Ciba => secret("auth_req_id", Refusal::AuthReqIdMissing).map(Offer::Backchannel),
        GrantType::ClientCredentials => Ok(Offer::Client),
        GrantType::DeviceCode => secret("device_code", Refusal::DeviceCodeMissing).map(Offer::Device),
        GrantType::RefreshToken => secret("refresh_token", Refusal::RefreshTokenMissing).map(Offer::Refresh),
        GrantType::TokenExchange => Ok(Offer::Exchange(Exchange::read(parameters)?)),
    }
}

/// How an access token is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TokenType {
    /// By whoever holds it (RFC 6750).
    Bearer,
    /// With a proof of its key (RFC 9449).
    DPoP,
}

/// The successful answer (RFC 6749 §5.1, OIDC Core §3.1.3.3). Has no `Debug`: it holds tokens.
#[derive(Clone, Serialize)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// How it is used.
    pub token_type: TokenType,
    /// Seconds that it lives.
    pub expires_in: Seconds,
    /// The ID Token, where a person is behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// For staying logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What kind of token was given in exchange (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
    /// The granted scopes, with spaces between.
    pub scope: String,
    /// What exactly the access token is for (RFC 9396 §7).
    #[serde(rename = "authorization_details", skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<AuthorizationDetail>,
}
