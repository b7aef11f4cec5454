//! What can be wrong with an authorization request, and where the refusal goes.

use crate::{
    oauth_error::{OAuthError, ReplyTo},
    pkce,
    refusal::refusals,
};

refusals! {
    /// Why an authorization request is refused.
    pub enum Refusal {
        /// OIDC Sweden profile §2.2: an essential `acr` that this provider never gives.
        AcrUnmet = "acr_unmet", "none of the essential acr values can be met";
        /// OIDC Core §5.5: not the JSON it should be, or larger than it can usefully be.
        ClaimsForm = "claims_form", "claims is not a JSON object of claim requests";
        /// RFC 6749 §4.1.1. Told on a page.
        ClientMissing = "client_id_missing", "client_id is missing or repeated";
        /// RFC 6749 §4.1.2.1. Told on a page.
        ClientUnknown = "client_unknown", "no client of that id is registered";
        /// RFC 9449 §10.
        DpopJkt = "dpop_jkt_form", "dpop_jkt is not the base64url of a SHA-256 thumbprint";
        /// OIDC Core §3.1.2.1.
        MaxAge = "max_age_form", "max_age is not a number of seconds";
        /// OIDC Core §3.1.2.1.
        Nonce = "nonce_form", "nonce is longer than 512 bytes or holds control characters";
        /// RFC 6749 §3.1.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// OIDC Core §3.1.2.1.
        Prompt = "prompt_form", "prompt holds an unknown value, or none beside another";
        /// OIDC Core §3.1.2.1. Told on a page.
        RedirectUriMissing = "redirect_uri_missing", "redirect_uri is missing or repeated";
        /// OIDC Sweden profile §2.1.3. Told on a page.
        RedirectUriUnknown = "redirect_uri_unknown", "redirect_uri is not one of the client's registered addresses";
        /// OIDC Core §3.1.2.6.
        Registration = "registration_given", "the registration parameter is not supported";
        /// OIDC Core §3.1.2.6.
        RequestObject = "request_given", "the request parameter is not supported";
        /// OIDC Core §3.1.2.6.
        RequestUri = "request_uri_given", "the request_uri parameter is not supported";
        /// OAuth 2.0 Multiple Response Type Encoding Practices §2.1.
        ResponseMode = "response_mode", "only response_mode query is supported";
        /// OIDC Sweden profile §2.1.1.
        ResponseType = "response_type", "only response_type code is supported";
        /// RFC 6749 §3.1.1.
        ResponseTypeMissing = "response_type_missing", "response_type is missing";
        /// RFC 6749 §3.3.
        ScopeForm = "scope_form", "scope is not a list of words with single spaces";
        /// OIDC Core §3.1.2.1.
        ScopeWithoutOpenid = "scope_without_openid", "scope does not contain openid";
        /// A bound of ours.
        StateTooLong = "state_too_long", "state is longer than 2048 bytes";
    }
    wraps {
        /// OIDC Sweden profile §2.1.8.
        Pkce(pkce::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets.
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::AcrUnmet => OAuthError::UnmetAuthenticationRequirements,
            Self::Registration => OAuthError::RegistrationNotSupported,
            Self::RequestObject => OAuthError::RequestNotSupported,
            Self::RequestUri => OAuthError::RequestUriNotSupported,
            Self::ResponseType => OAuthError::UnsupportedResponseType,
            Self::ScopeForm | Self::ScopeWithoutOpenid => OAuthError::InvalidScope,
            _ => OAuthError::InvalidRequest,
        }
    }
}

/// A refused request and where that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// On a page here: nothing says that the redirect address is the client's.
    Here(Refusal),
    /// At the client's redirect address.
    Redirect {
        /// Where.
        reply_to: ReplyTo,
        /// Why.
        refusal: Refusal,
    },
}

impl Rejected {
    /// Why.
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::Here(refusal) | Self::Redirect { refusal, .. } => *refusal,
        }
    }

    /// The address to send the browser to, unless a page must tell.
    pub fn redirect(&self) -> Option<String> {
        match self {
            Self::Here(_) => None,
            Self::Redirect { reply_to, refusal } => Some(reply_to.error(refusal.oauth(), &refusal.to_string())),
        }
    }
}
