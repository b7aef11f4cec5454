//! What can be wrong with a registration.

use crate::{oauth_error::OAuthError, refusal::refusals};

refusals! {
    /// Why a registration is refused. Clauses are of RFC 7591 unless named; the sentence tells the client's developer what to change.
    pub enum Refusal {
        /// §2: an address that is not https, or not one at all.
        Address = "registration_address", "every address beside redirect_uris must be https, without user information and fragment";
        /// §2: a signature or encryption algorithm that this profile does not take, or one for which the client has no key.
        Algorithm = "registration_algorithm", "a named algorithm is not supported in this profile, or no registered key fits it";
        /// §2: an authentication that the profile does not allow.
        Authentication = "registration_authentication", "token_endpoint_auth_method must be private_key_jwt, tls_client_auth, self_signed_tls_client_auth or none";
        /// RFC 7592 §2.2: another client, or one in a new registration.
        ClientId = "registration_client_id", "client_id must be the one of the registration that is updated, and absent in a new one";
        /// RFC 9396 §10.
        Details = "registration_details", "authorization_details_types holds a type that is not allowed for this client";
        /// §3.1: no JSON object, a member twice, or longer than 64 KiB.
        Form = "registration_form", "the registration is not a JSON object with each member once";
        /// §2: grants that the policy does not allow, or that a public client cannot have.
        Grants = "registration_grants", "grant_types holds a grant that is not allowed for this client";
        /// §2: both of `jwks` and `jwks_uri`, none where one is needed, or private key material.
        Keys = "registration_keys", "either jwks or jwks_uri is needed, with public keys of at least 2048 bits or on P-256, and each id once";
        /// §2: a member of the wrong JSON type, or with an unknown value.
        Member = "registration_member", "a member has the wrong JSON type or an unknown value";
        /// Sweden Connect profile §3.2.
        People = "registration_people", "contacts, client_name#sv, client_name#en, logo_uri and client_uri are required in this profile";
        /// FAPI 2.0 Security Profile §5.3.2.2.
        Pkce = "registration_pkce", "only an administrator may register a confidential client without PKCE, and not in fapi2";
        /// §2 and RFC 8252 §7: an address that answers must not be sent to.
        RedirectUri = "registration_redirect_uri", "redirect_uris must be https without fragment; for native applications also a scheme of reversed domain name or literal loopback";
        /// §2, OIDC Sweden profile §2.1.1.
        ResponseTypes = "registration_response_types", "response_types must be code";
        /// §2.
        Scope = "registration_scope", "scope holds a scope that is not allowed for this client";
        /// FAPI 2.0 Security Profile §5.3.2.1, RFC 9449 §5.2, RFC 8705 §3.4: not one of the two where one is needed.
        SenderConstraint = "registration_sender_constraint", "one of dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens must be true";
        /// §2.3: absent where the policy demands one, or there and not verified.
        Statement = "registration_statement", "a software statement of a trusted issuer is needed";
        /// §3.2.2: verified or not, its issuer is none whom this policy trusts.
        StatementUnapproved = "registration_statement_unapproved", "the issuer of the software statement is not approved here";
        /// OIDC Core §8: an unknown type, or a sector that is not clear.
        Subject = "registration_subject", "subject_type must be public or pairwise, and pairwise needs one host or a sector_identifier_uri";
    }
}

impl Refusal {
    /// The code that the client gets (§3.2.2).
    pub const fn oauth(self) -> OAuthError {
        match self {
            Self::RedirectUri => OAuthError::InvalidRedirectUri,
            Self::Statement => OAuthError::InvalidSoftwareStatement,
            Self::StatementUnapproved => OAuthError::UnapprovedSoftwareStatement,
            _ => OAuthError::InvalidClientMetadata,
        }
    }
}
