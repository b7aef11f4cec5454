//! What can be wrong with an authorization request, and where the refusal goes.

use crate::{
    authorization_details, id_token,
    oauth_error::{Answer, Delivery, OAuthError, ReplyTo},
    pkce,
    refusal::refusals,
    resource, sign_request, user_message,
};

refusals! {
    /// Why an authorization request is refused.
    pub enum Refusal {
        /// OIDC Sweden profile §2.2: an essential `acr` that this provider never gives.
        AcrUnmet = "acr_unmet", "none of the essential acr values can be met";
        /// OIDC Sweden request parameters §2.2.
        AuthnProvider = "authn_provider", "the authnProvider is not one that people are authenticated by here; it is the issuer";
        /// OIDC Core §5.5: not the JSON it should be, or larger than it can usefully be.
        ClaimsForm = "claims_form", "claims is not a JSON object of claim requests";
        /// RFC 6749 §4.1.1. Told on a page.
        ClientMissing = "client_id_missing", "client_id is missing or repeated";
        /// RFC 6749 §4.1.2.1. Told on a page.
        ClientUnknown = "client_unknown", "no client of that id is registered";
        /// RFC 9449 §10: not the base64url of 32 bytes.
        DpopJkt = "dpop_jkt_form", "dpop_jkt is not the base64url of a SHA-256 thumbprint";
        /// OIDC Core §3.1.2.1: an ID Token that another client got says nothing about who logs in here.
        HintOfOthers = "id_token_hint_of_others", "id_token_hint was not issued to this client";
        /// OIDC Core §3.1.2.1.
        MaxAge = "max_age_form", "max_age is not a number of seconds";
        /// OIDC Core §3.1.2.1.
        Nonce = "nonce_form", "nonce is longer than 512 bytes or holds control characters";
        /// RFC 9700 §2.1.1: neither a challenge nor a nonce ties the code to who asked.
        NonceMissing = "nonce_missing", "nonce is required in a request without code_challenge";
        /// RFC 6749 §3.1.
        ParameterRepeated = "parameter_repeated", "a parameter stands more than once";
        /// OIDC Core §3.1.2.1.
        Prompt = "prompt_form", "prompt holds an unknown value, or none beside another";
        /// RFC 9126 §5, FAPI 2.0 Security Profile §5.3.2.2.
        PushRequired = "push_required", "this client has to push its authorization requests";
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
        ResponseMode = "response_mode", "the response_mode is not supported or not registered for this client";
        /// OIDC Sweden profile §2.1.1.
        ResponseType = "response_type", "only response_type code is supported";
        /// RFC 6749 §3.1.1.
        ResponseTypeMissing = "response_type_missing", "response_type is missing";
        /// RFC 6749 §3.3.
        ScopeForm = "scope_form", "scope is not a list of words with single spaces";
        /// OIDC Core §3.1.2.1.
        ScopeWithoutOpenid = "scope_without_openid", "scope does not contain openid";
        /// RFC 9101 §10.5: a request that is not signed from a client that signs.
        SignatureRequired = "signature_required", "this client has to sign its authorization requests";
        /// A bound of ours.
        StateTooLong = "state_too_long", "state is longer than 2048 bytes";
    }
    wraps {
        /// RFC 9396 §5.
        Details(authorization_details::Refusal);
        /// OIDC Core §3.1.2.1.
        Hint(id_token::Refusal);
        /// OIDC Sweden profile §2.1.8.
        Pkce(pkce::Refusal);
        /// RFC 8707 §2.
        Resource(resource::Refusal);
        /// OIDC Sweden signature extension §5.1.
        Sign(sign_request::Refusal);
        /// OIDC Sweden request parameters §2.1.
        UserMessage(user_message::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets.
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::AcrUnmet | Self::AuthnProvider => OAuthError::UnmetAuthenticationRequirements,
            Self::Details(_) => OAuthError::InvalidAuthorizationDetails,
            Self::Registration => OAuthError::RegistrationNotSupported,
            Self::RequestObject => OAuthError::RequestNotSupported,
            Self::RequestUri => OAuthError::RequestUriNotSupported,
            Self::Resource(_) => OAuthError::InvalidTarget,
            Self::ResponseType => OAuthError::UnsupportedResponseType,
            Self::ScopeForm | Self::ScopeWithoutOpenid => OAuthError::InvalidScope,
            Self::Sign(sign_request::Refusal::NotEntitled) => OAuthError::UnauthorizedClient,
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

    /// How the browser carries it to the client, unless a page must tell or the client wants it signed (then [`crate::jarm`]).
    pub fn delivery(&self) -> Option<Delivery> {
        match self {
            Self::Redirect { reply_to, refusal } if !reply_to.mode().is_signed() => {
                Some(reply_to.deliver(&Answer::Error(refusal.oauth(), &refusal.to_string())))
            }
            Self::Here(_) | Self::Redirect { .. } => None,
        }
    }

    /// The address to send the browser to, unless a page must tell. For a client that takes its answers in the query.
    pub fn redirect(&self) -> Option<String> {
        match self {
            Self::Here(_) => None,
            Self::Redirect { reply_to, refusal } => Some(reply_to.error(refusal.oauth(), &refusal.to_string())),
        }
    }
}
