//! What can be wrong with a request object.

use crate::{jose, oauth_error::OAuthError, refusal::refusals};

refusals! {
    /// Why a request object is refused. Clauses are of RFC 9101 unless named. All are told on a page or to the pushing client: an
    /// address in an object that nobody vouches for is not one to redirect to.
    pub enum Refusal {
        /// §4, OIDC Sweden profile §2.1.7: not for us.
        Audience = "object_aud", "aud of the request object must be the issuer";
        /// §5: an object by value and one by reference.
        Both = "object_both", "request and request_uri must not stand together";
        /// §5: `client_id` inside and outside are not the same, or none stands inside.
        ClientId = "object_client_id", "client_id of the request object must be the client_id beside it";
        /// OIDC Core §6.1: `response_type` or `scope` beside the object says something else.
        Disagrees = "object_disagrees", "response_type or scope beside the request object differs from the one inside";
        /// §6.1: encrypted where it should have been opened, so once more than once.
        Encrypted = "object_encrypted", "the request object is encrypted more than once";
        /// RFC 7519 §4.1.4: past, absent where the profile demands it, or too far ahead.
        Expired = "object_exp", "exp of the request object is missing, past or more than 60 minutes ahead";
        /// §4: `iss` is not the client.
        Issuer = "object_iss", "iss of the request object must be the client_id";
        /// OIDC Core §6.1: `request` or `request_uri` within.
        Nested = "object_nested", "a request object must not hold request or request_uri";
        /// FAPI 2.0 Message Signing §5.3.1: `nbf` absent, ahead, or an hour old.
        NotBefore = "object_nbf", "nbf of the request object is missing, ahead or more than 60 minutes old";
        /// §5.2.3: what stands at the address cannot be fetched, or is no text.
        NotFetched = "object_not_fetched", "the request object cannot be fetched from request_uri";
        /// §4: a parameter is of a JSON type that it cannot have.
        ParameterForm = "object_parameter", "a parameter in the request object has the wrong JSON type";
        /// OIDC Core §6.2: not an address that the client registered, or its hash is of something else.
        Reference = "object_reference", "request_uri is not registered, or its fragment is not the hash of what was found";
        /// FAPI 2.0 Message Signing §5.3.1 and RFC 7519 §4.1.7: its `jti` came before.
        Replayed = "object_jti", "the request object was used before";
        /// §10.8: an assertion of the client's is no request of the client's.
        Subject = "object_sub", "sub of a request object must not be the client_id";
        /// §6.2: unsigned, where that was not registered, or not fetched, or out of a JWE.
        Unsigned = "object_unsigned", "the request object must be signed by the client";
    }
    wraps {
        /// Signature, key, type and encryption.
        Jose(jose::Refusal);
    }
}

impl Refusal {
    /// The code that the client gets (§7).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::NotFetched | Self::Reference => OAuthError::InvalidRequestUri,
            Self::Both | Self::Disagrees => OAuthError::InvalidRequest,
            _ => OAuthError::InvalidRequestObject,
        }
    }
}
