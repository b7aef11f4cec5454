//! Error codes and the two answers of the authorization endpoint (RFC 6749 §4.1.2, OIDC Core §3.1.2.5–6, RFC 9207).
//!
//! Every answer carries `iss`, success and error alike, so that a client of several providers cannot be made to send our code
//! to another (mix-up). Names and values are percent-encoded; the registered query of the redirect address is kept.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::response_mode::ResponseMode;

/// A registered error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// The person said no, or could not be authenticated (RFC 6749 §4.1.2.1).
    AccessDenied,
    /// `prompt=none` and the person would have to choose (OIDC Core §3.1.2.6).
    AccountSelectionRequired,
    /// The person has not answered yet (CIBA §11, RFC 8628 §3.5).
    AuthorizationPending,
    /// `prompt=none` and the person has not seen what is sent (OIDC Core §3.1.2.6).
    ConsentRequired,
    /// Nobody answered in time (CIBA §11, RFC 8628 §3.5).
    ExpiredToken,
    /// `prompt=none` and the person would have to do something (OIDC Core §3.1.2.6).
    InteractionRequired,
    /// An authorization detail is malformed or of an unknown type (RFC 9396 §5).
    InvalidAuthorizationDetails,
    /// The message cannot be shown on a phone (CIBA §13).
    InvalidBindingMessage,
    /// Client authentication failed (RFC 6749 §5.2).
    InvalidClient,
    /// A registration that cannot be (RFC 7591 §3.2.2).
    InvalidClientMetadata,
    /// The DPoP proof is wrong (RFC 9449 §5).
    InvalidDpopProof,
    /// The code is wrong, spent, expired or another client's (RFC 6749 §5.2).
    InvalidGrant,
    /// A registration with an address that may not be sent to (RFC 7591 §3.2.2).
    InvalidRedirectUri,
    /// A parameter is missing, doubled or malformed (RFC 6749 §4.1.2.1, §5.2).
    InvalidRequest,
    /// The request object is wrong (RFC 9101 §7).
    InvalidRequestObject,
    /// The `request_uri` is unknown, spent, expired or not the client's (RFC 9101 §7).
    InvalidRequestUri,
    /// The scope is malformed or lacks `openid` (RFC 6749 §4.1.2.1).
    InvalidScope,
    /// A registration without a statement that is trusted (RFC 7591 §3.2.2).
    InvalidSoftwareStatement,
    /// The client may not have a token for this resource (RFC 8707 §2).
    InvalidTarget,
    /// The access token is wrong, expired or revoked (RFC 6750 §3.1).
    InvalidToken,
    /// Not the code that the person has set (CIBA §13).
    InvalidUserCode,
    /// `prompt=none` and nobody is logged in (OIDC Core §3.1.2.6).
    LoginRequired,
    /// The person has set a code, and none came (CIBA §13).
    MissingUserCode,
    /// The `registration` parameter is not supported (OIDC Core §3.1.2.6).
    RegistrationNotSupported,
    /// The `request` parameter is not supported (OIDC Core §3.1.2.6).
    RequestNotSupported,
    /// The `request_uri` parameter is not supported (OIDC Core §3.1.2.6).
    RequestUriNotSupported,
    /// Something broke here (RFC 6749 §4.1.2.1).
    ServerError,
    /// Polls came faster than agreed (CIBA §11, RFC 8628 §3.5).
    SlowDown,
    /// Too much to do (RFC 6749 §4.1.2.1).
    TemporarilyUnavailable,
    /// A software statement of somebody who is not trusted (RFC 7591 §3.2.2).
    UnapprovedSoftwareStatement,
    /// The client may not do this (RFC 6749 §4.1.2.1, §5.2).
    UnauthorizedClient,
    /// The hint names nobody who can be asked (CIBA §13).
    UnknownUserId,
    /// An essential `acr` cannot be met (OpenID Connect Core Unmet Authentication Requirements 1.0; OIDC Sweden profile §2.2).
    UnmetAuthenticationRequirements,
    /// Not `authorization_code` (RFC 6749 §5.2).
    UnsupportedGrantType,
    /// Not `code` (RFC 6749 §4.1.2.1).
    UnsupportedResponseType,
    /// The proof has to carry the nonce that came with this answer (RFC 9449 §8).
    UseDpopNonce,
}

impl OAuthError {
    /// Every code.
    pub const ALL: [Self; 36] = [
        Self::AccessDenied,
        Self::AccountSelectionRequired,
        Self::AuthorizationPending,
        Self::ConsentRequired,
        Self::ExpiredToken,
        Self::InteractionRequired,
        Self::InvalidAuthorizationDetails,
        Self::InvalidBindingMessage,
        Self::InvalidClient,
        Self::InvalidClientMetadata,
        Self::InvalidDpopProof,
        Self::InvalidGrant,
        Self::InvalidRedirectUri,
        Self::InvalidRequest,
        Self::InvalidRequestObject,
        Self::InvalidRequestUri,
        Self::InvalidScope,
        Self::InvalidSoftwareStatement,
        Self::InvalidTarget,
        Self::InvalidToken,
        Self::InvalidUserCode,
        Self::LoginRequired,
        Self::MissingUserCode,
        Self::RegistrationNotSupported,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::ServerError,
        Self::SlowDown,
        Self::TemporarilyUnavailable,
        Self::UnapprovedSoftwareStatement,
        Self::UnauthorizedClient,
        Self::UnknownUserId,
        Self::UnmetAuthenticationRequirements,
        Self::UnsupportedGrantType,
        Self::UnsupportedResponseType,
        Self::UseDpopNonce,
    ];

    /// The registered spelling.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::AuthorizationPending => "authorization_pending",
            Self::ConsentRequired => "consent_required",
            Self::ExpiredToken => "expired_token",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidBindingMessage => "invalid_binding_message",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InvalidUserCode => "invalid_user_code",
            Self::LoginRequired => "login_required",
            Self::MissingUserCode => "missing_user_code",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::SlowDown => "slow_down",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnknownUserId => "unknown_user_id",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }

    /// A sentence for the client's log where nothing more exact is known (OIDC Sweden profile §2.3).
    pub const fn description(self) -> &'static str {
        match self {
            Self::AccessDenied => "the person declined or could not be identified",
            Self::AccountSelectionRequired => "the person has to choose a work identity",
            Self::AuthorizationPending => "the person has not answered yet",
            Self::ConsentRequired => "the person has not yet been shown what is sent",
            Self::ExpiredToken => "nobody answered in time",
            Self::InteractionRequired => "the person has to take part",
            Self::InvalidAuthorizationDetails => "authorization_details is malformed or of an unknown type",
            Self::InvalidBindingMessage => "binding_message is too long or holds characters that are not shown",
            Self::InvalidClient => "the client could not be authenticated",
            Self::InvalidClientMetadata => "a member of the registration is not allowed",
            Self::InvalidDpopProof => "the DPoP proof is not valid",
            Self::InvalidGrant => "the authorization code is not valid for this request",
            Self::InvalidRedirectUri => "a redirect address of the registration is not allowed",
            Self::InvalidRequest => "a parameter is missing, repeated or malformed",
            Self::InvalidRequestObject => "the request object is not valid",
            Self::InvalidRequestUri => "the request_uri is not valid",
            Self::InvalidScope => "the scope is malformed or lacks openid",
            Self::InvalidSoftwareStatement => "the software statement is missing or not valid",
            Self::InvalidTarget => "the client is not registered for this resource",
            Self::InvalidToken => "the access token is not valid",
            Self::InvalidUserCode => "the user_code is wrong",
            Self::LoginRequired => "the person has to log in",
            Self::MissingUserCode => "the person has set a user_code",
            Self::RegistrationNotSupported => "the registration parameter is not supported",
            Self::RequestNotSupported => "the request parameter is not supported",
            Self::RequestUriNotSupported => "the request_uri parameter is not supported",
            Self::ServerError => "the request could not be completed",
            Self::SlowDown => "the client polls too often; wait five seconds more",
            Self::TemporarilyUnavailable => "the service cannot take the request now",
            Self::UnapprovedSoftwareStatement => "the issuer of the software statement is not approved",
            Self::UnauthorizedClient => "the client may not make this request",
            Self::UnknownUserId => "nobody is known by this hint who can be asked",
            Self::UnmetAuthenticationRequirements => "the demanded level of assurance cannot be met",
            Self::UnsupportedGrantType => "the grant_type is not supported",
            Self::UnsupportedResponseType => "only response_type code is supported",
            Self::UseDpopNonce => "the DPoP proof must carry the nonce of the DPoP-Nonce header",
        }
    }

    /// Whether the code belongs to the authorization endpoint and may travel through a redirect. The others are answers of the
    /// token endpoint, of registration or of a resource.
    pub const fn may_redirect(self) -> bool {
        !matches!(
            self,
            Self::AuthorizationPending
                | Self::ExpiredToken
                | Self::InvalidBindingMessage
                | Self::InvalidClient
                | Self::InvalidClientMetadata
                | Self::InvalidDpopProof
                | Self::InvalidGrant
                | Self::InvalidRedirectUri
                | Self::InvalidSoftwareStatement
                | Self::InvalidToken
                | Self::InvalidUserCode
                | Self::MissingUserCode
                | Self::SlowDown
                | Self::UnapprovedSoftwareStatement
                | Self::UnknownUserId
                | Self::UnsupportedGrantType
                | Self::UseDpopNonce
        )
    }
}

/// Where and with what an authorization request is answered. Only made after the redirect address was found registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyTo {
    pub(crate) issuer: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) mode: ResponseMode,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The code.
    Code(&'a str),
    /// An error and a sentence. A code that must not travel through a redirect becomes `server_error`.
    Error(OAuthError, &'a str),
}

/// How an answer travels through the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A page with this form that posts itself; it works by a button too.
    Form {
        /// Where.
        action: String,
        /// Names and values of hidden fields.
        fields: Vec<(&'static str, String)>,
    },
    /// A redirect (303) to this address.
    Redirect(String),
}

impl ReplyTo {
    /// Our own name in the answer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The redirect address, as it came; the token request must name it again.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The state, as it came.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The way the client chose. [`Self::deliver`] obeys it, a signed one through [`crate::jarm`].
    pub const fn mode(&self) -> ResponseMode {
        self.mode
    }

    /// Takes what was stored with a checked request: our issuer, its redirect address and its state.
    pub const fn stored(issuer: String, redirect_uri: String, state: Option<String>) -> Self {
        Self { issuer, redirect_uri, state, mode: ResponseMode::Query }
    }

    /// The address that carries the code in the query.
    pub fn success(&self, code: &str) -> String {
        self.address(self.parameters(&Answer::Code(code)))
    }

    /// The address that carries an error in the query.
    pub fn error(&self, error: OAuthError, description: &str) -> String {
        self.address(self.parameters(&Answer::Error(error, description)))
    }

    /// An answer that is not signed, in the way the client chose.
    pub fn deliver(&self, answer: &Answer<'_>) -> Delivery {
        self.delivery(self.parameters(answer))
    }

    /// An answer that was signed, and encrypted where the client registered that (JARM §2.3).
    pub fn deliver_signed(&self, compact: String) -> Delivery {
        self.delivery(vec![("response", compact)])
    }

    /// What the answer consists of, in order. A signed one names the issuer within the token (JARM §2.1).
    pub(crate) fn parameters(&self, answer: &Answer<'_>) -> Vec<(&'static str, String)> {
        let mut parameters = match answer {
            Answer::Code(code) => vec![("code", (*code).to_owned())],
            Answer::Error(error, description) => {
                let error = if error.may_redirect() { *error } else { OAuthError::ServerError };
                vec![("error", error.code().to_owned()), ("error_description", (*description).to_owned())]
            }
        };
        parameters.extend(self.state.clone().map(|state| ("state", state)));
        parameters.push(("iss", self.issuer.clone()));
        parameters
    }

    fn delivery(&self, fields: Vec<(&'static str, String)>) -> Delivery {
        if self.mode.is_posted() { Delivery::Form { action: self.redirect_uri.clone(), fields } } else { Delivery::Redirect(self.address(fields)) }
    }

    fn address(&self, parameters: Vec<(&'static str, String)>) -> String {
        with_parameters(&self.redirect_uri, parameters)
    }
}

/// An address with more in its query.
pub fn with_parameters(address: &str, parameters: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut address = address.to_owned();
    let mut separator = match address.find('?') {
        None => "?",
        Some(at) if at + 1 == address.len() => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        address.push_str(separator);
        address.push_str(name);
        address.push('=');
        push_encoded(&mut address, &value);
        separator = "&";
    }
    address
}

/// Percent-encodes all but unreserved characters (RFC 3986 §2.3). A space becomes `%20`, which both kinds of decoder understand.
fn push_encoded(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn reply(redirect_uri: &str, state: Option<&str>) -> ReplyTo {
        ReplyTo::stored("https://id.example".to_owned(), redirect_uri.to_owned(), state.map(str::to_owned))
    }

    #[test]
    fn codes_are_the_registered_ones_and_each_its_own() {
        let codes: BTreeSet<&str> = OAuthError::ALL.map(OAuthError::code).into_iter().collect();
        assert_eq!(codes.len(), OAuthError::ALL.len());
        for error in OAuthError::ALL {
            assert!(error.description().chars().all(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~')), "{error:?}");
        }
        let here: Vec<&str> = OAuthError::ALL.into_iter().filter(|error| !error.may_redirect()).map(OAuthError::code).collect();
        assert_eq!(
            here,
            [
                "authorization_pending",
                "expired_token",
                "invalid_binding_message",
                "invalid_client",
                "invalid_client_metadata",
                "invalid_dpop_proof",
                "invalid_grant",
                "invalid_redirect_uri",
                "invalid_software_statement",
                "invalid_token",
                "invalid_user_code",
                "missing_user_code",
                "slow_down",
                "unapproved_software_statement",
                "unknown_user_id",
                "unsupported_grant_type",
                "use_dpop_nonce",
            ]
        );
    }

    #[test]
    fn an_answer_keeps_the_registered_query_and_names_the_issuer() {
        assert_eq!(reply("https://a.example/cb", None).success("c"), "https://a.example/cb?code=c&iss=https%3A%2F%2Fid.example");
        assert_eq!(reply("https://a.example/cb?t=1", Some("s")).success("c"), "https://a.example/cb?t=1&code=c&state=s&iss=https%3A%2F%2Fid.example");
        assert_eq!(reply("https://a.example/cb?", Some("s")).success("c"), "https://a.example/cb?code=c&state=s&iss=https%3A%2F%2Fid.example");
        let denied = reply("se.example.app:/cb", Some("s")).error(OAuthError::AccessDenied, "the person declined");
        assert_eq!(denied, "se.example.app:/cb?error=access_denied&error_description=the%20person%20declined&state=s&iss=https%3A%2F%2Fid.example");
    }

    #[test]
    fn a_state_cannot_add_parameters_or_break_out() {
        let address = reply("https://a.example/cb", Some("x&code=evil#y\r\nLocation: z\"<å>")).success("c");
        assert_eq!(address, "https://a.example/cb?code=c&state=x%26code%3Devil%23y%0D%0ALocation%3A%20z%22%3C%C3%A5%3E&iss=https%3A%2F%2Fid.example");
        let error = reply("https://a.example/cb", None).error(OAuthError::InvalidGrant, "x");
        assert!(error.contains("error=server_error"), "a token endpoint's code never travels through a redirect");
    }

    fn decoded(value: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = value.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let escaped = (first == b'%').then(|| u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            bytes.push(escaped.unwrap_or(first));
            rest = if escaped.is_some() { &after[2..] } else { after };
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        /// OP-03.
        #[test]
        fn state_comes_back_byte_identical(state in "\\PC{1,300}") {
            let address = reply("https://a.example/cb?x=1", Some(&state)).error(OAuthError::InvalidScope, "d");
            let value = address.split('&').find_map(|pair| pair.strip_prefix("state=")).unwrap();
            prop_assert_eq!(decoded(value), state);
        }
    }
}
