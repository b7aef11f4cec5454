//! The metadata document (OpenID Connect Discovery 1.0 §3, RFC 8414, OIDC Sweden profile §5.2). It announces what exists, and
//! what the checks of [`crate::authorize`] and [`crate::token`] really take; a member that promises more is a defect.

use handslag_vocab::{Assurance, MessageType};
use serde_json::{Map, Value, json};

use crate::{
    authorization_details::DetailType,
    client::{GrantType, OFFLINE_ACCESS},
    event_claims,
    jose::{
        Algorithm,
        jwe::{ContentEncryption, KeyManagement},
    },
    release,
    response_mode::ResponseMode,
    sign_request,
};

/// What this provider is and offers.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The issuer: an https address without query or fragment, and no slash at the end.
    pub issuer: String,
    /// Where browsers begin.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where claims are read.
    pub userinfo_endpoint: String,
    /// Where services push their requests (RFC 9126).
    pub pushed_authorization_request_endpoint: String,
    /// Where resources ask about tokens (RFC 7662).
    pub introspection_endpoint: String,
    /// Where clients give tokens back (RFC 7009).
    pub revocation_endpoint: String,
    /// Where browsers log out.
    pub end_session_endpoint: String,
    /// Where services ask for a person that they know (CIBA §7).
    pub backchannel_authentication_endpoint: String,
    /// Where devices without a browser begin (RFC 8628 §3.1).
    pub device_authorization_endpoint: String,
    /// Where programs register themselves, if they may (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// Where the public keys are.
    pub jwks_uri: String,
    /// What the addresses begin with at which a client may come with a certificate, if there are such (RFC 8705 §5).
    pub mutual_tls: Option<String>,
    /// A page for developers of services (Sweden Connect profile §2.1).
    pub service_documentation: Option<String>,
    /// Levels of assurance that a log-in here can reach.
    pub levels: Vec<Assurance>,
    /// How a request object may bring its content key: as far as a key of ours for it is published.
    pub opens: Vec<KeyManagement>,
    /// Whether Digg has reviewed both this provider and its e-ID; without it only `uncertified` names are told.
    pub reviewed: bool,
}

impl Provider {
    /// The provider at this issuer, with its endpoints where they always are.
    pub fn at(issuer: &str, reviewed: bool) -> Self {
        let endpoint = |name: &str| format!("{issuer}/{name}");
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint("authorize"),
            token_endpoint: endpoint("token"),
            userinfo_endpoint: endpoint("userinfo"),
            pushed_authorization_request_endpoint: endpoint("par"),
            introspection_endpoint: endpoint("introspect"),
            revocation_endpoint: endpoint("revoke"),
            end_session_endpoint: endpoint("end_session"),
            backchannel_authentication_endpoint: endpoint("bc-authorize"),
            device_authorization_endpoint: endpoint("device_authorization"),
            registration_endpoint: None,
            jwks_uri: endpoint("jwks"),
            mutual_tls: None,
            service_documentation: None,
            levels: vec![Assurance::Loa2, Assurance::Loa3],
            opens: KeyManagement::TO_US.to_vec(),
            reviewed,
        }
    }

    /// The `acr` values that may stand in an ID Token from here.
    pub fn acr_values(&self) -> Vec<&'static str> {
        self.levels.iter().map(|level| level.acr(self.reviewed)).collect()
    }

    /// The level that an `acr` value names, if a log-in here can reach it.
    pub fn level(&self, acr: &str) -> Option<Assurance> {
        self.levels.iter().copied().find(|level| level.acr(self.reviewed) == acr)
    }

    /// The document at `/.well-known/openid-configuration`.
    pub fn metadata(&self) -> Value {
        let groups = [self.addresses(), self.requests(), Self::swedish(), Self::backchannel(), self.clients(), Self::answers(), self.certificates()];
        Value::Object(groups.into_iter().flatten().collect())
    }

    fn addresses(&self) -> Map<String, Value> {
        let mut members = members(json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.authorization_endpoint,
            "token_endpoint": self.token_endpoint,
            "userinfo_endpoint": self.userinfo_endpoint,
            "pushed_authorization_request_endpoint": self.pushed_authorization_request_endpoint,
            "introspection_endpoint": self.introspection_endpoint,
            "revocation_endpoint": self.revocation_endpoint,
            "end_session_endpoint": self.end_session_endpoint,
            "backchannel_authentication_endpoint": self.backchannel_authentication_endpoint,
            "device_authorization_endpoint": self.device_authorization_endpoint,
            "jwks_uri": self.jwks_uri,
        }));
        if let Some(registration) = &self.registration_endpoint {
            members.insert("registration_endpoint".to_owned(), registration.as_str().into());
        }
        if let Some(documentation) = &self.service_documentation {
            members.insert("service_documentation".to_owned(), documentation.as_str().into());
        }
        members
    }

    fn requests(&self) -> Map<String, Value> {
        let scopes: Vec<&str> = ["openid", OFFLINE_ACCESS].into_iter().chain(release::scopes()).chain(sign_request::SCOPES).collect();
        members(json!({
            "response_types_supported": ["code"],
            "response_modes_supported": ResponseMode::ALL.map(ResponseMode::name),
            "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "scopes_supported": scopes,
            "acr_values_supported": self.acr_values(),
            "ui_locales_supported": ["sv", "en"],
            "authorization_details_types_supported": DetailType::ALL.map(DetailType::name),
            "claims_parameter_supported": true,
            "request_parameter_supported": true,
            // Unsigned only by reference, from a client in the profile core that registered it.
            "request_object_signing_alg_values_supported": Algorithm::ALL.map(Algorithm::name).into_iter().chain(["none"]).collect::<Vec<_>>(),
            "request_object_encryption_alg_values_supported": self.opens.iter().map(|by| by.name()).collect::<Vec<_>>(),
            "request_object_encryption_enc_values_supported": ContentEncryption::TO_US.map(ContentEncryption::name),
            "request_uri_parameter_supported": true,
            "require_request_uri_registration": true,
        }))
    }

    /// OIDC Sweden request parameter extensions §3: what is supported must be announced.
    fn swedish() -> Map<String, Value> {
        members(json!({
            "https://id.oidc.se/disco/authnProviderSupported": true,
            "https://id.oidc.se/disco/userMessageSupported": true,
            "https://id.oidc.se/disco/userMessageSupportedMimeTypes": MessageType::ALL.map(MessageType::as_str),
        }))
    }

    /// CIBA §4. A push of tokens would make the client's address worth as much as its key.
    fn backchannel() -> Map<String, Value> {
        members(json!({
            "backchannel_token_delivery_modes_supported": ["poll", "ping"],
            "backchannel_authentication_request_signing_alg_values_supported": Algorithm::ALL.map(Algorithm::name),
            "backchannel_user_code_parameter_supported": true,
        }))
    }

    /// The endpoints for tokens take the same proofs; a token is given back also by a public client (RFC 7009 §2.1), and asked
    /// about only by one that proves itself (RFC 7662 §2.1).
    fn clients(&self) -> Map<String, Value> {
        let by_certificate: &[&str] = if self.mutual_tls.is_some() { &["tls_client_auth", "self_signed_tls_client_auth"] } else { &[] };
        let proofs = [&["private_key_jwt", "client_secret_basic", "client_secret_post"], by_certificate].concat();
        let with_public = [proofs.as_slice(), &["none"]].concat();
        let algorithms = ["ES256", "RS256"];
        members(json!({
            "token_endpoint_auth_methods_supported": with_public,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_methods_supported": proofs,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_methods_supported": with_public,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "dpop_signing_alg_values_supported": ["ES256"],
        }))
    }

    /// RFC 8705 §3.3 and §5.
    fn certificates(&self) -> Map<String, Value> {
        let Some(base) = &self.mutual_tls else { return Map::new() };
        let alias = |endpoint: &String| format!("{base}{}", endpoint.strip_prefix(&self.issuer).unwrap_or_default());
        members(json!({
            "tls_client_certificate_bound_access_tokens": true,
            "mtls_endpoint_aliases": {
                "token_endpoint": alias(&self.token_endpoint),
                "userinfo_endpoint": alias(&self.userinfo_endpoint),
                "pushed_authorization_request_endpoint": alias(&self.pushed_authorization_request_endpoint),
                "introspection_endpoint": alias(&self.introspection_endpoint),
                "revocation_endpoint": alias(&self.revocation_endpoint),
                "backchannel_authentication_endpoint": alias(&self.backchannel_authentication_endpoint),
                "device_authorization_endpoint": alias(&self.device_authorization_endpoint),
            },
        }))
    }

    fn answers() -> Map<String, Value> {
        let event = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "txn", "sid"];
        let claims: Vec<&str> = event.into_iter().chain(event_claims::ALL).chain(release::RELEASE.iter().map(|row| row.claim)).collect();
        let mut answers = members(json!({
            "subject_types_supported": ["public", "pairwise"],
            "claim_types_supported": ["normal"],
            "claims_supported": claims,
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "frontchannel_logout_supported": true,
            "frontchannel_logout_session_supported": true,
        }));
        for kind in ["authorization", "id_token", "introspection", "userinfo"] {
            answers.extend(members(json!({
                format!("{kind}_signing_alg_values_supported"): Algorithm::OURS.map(Algorithm::name),
                format!("{kind}_encryption_alg_values_supported"): KeyManagement::ALL.map(KeyManagement::name),
                format!("{kind}_encryption_enc_values_supported"): ContentEncryption::ALL.map(ContentEncryption::name),
            })));
        }
        answers
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn provider() -> Provider {
        Provider::at("https://id.example", false)
    }

    /// OP-20: every member of the profile's table with an allowed value, and the whole document as promised outward.
    #[test]
    fn the_document_is_this_one() {
        let expected: Value = serde_json::from_str(include_str!("../vectors/metadata.json")).unwrap();
        assert_eq!(provider().metadata(), expected, "{:#}", provider().metadata());
    }

    #[test]
    fn nothing_is_announced_that_is_refused() {
        let metadata = provider().metadata();
        let text = metadata.to_string();
        for absent in ["\"plain\"", "implicit", "fragment", "\"HS256", "client_secret_jwt", "registration_endpoint", "password"] {
            assert!(!text.contains(absent), "{absent}");
        }
        for endpoint in ["token", "introspection", "revocation"] {
            assert!(!metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")].to_string().contains("none"));
        }
        assert!(!metadata["introspection_endpoint_auth_methods_supported"].to_string().contains("none"));
        let none = Provider { opens: Vec::new(), ..provider() }.metadata();
        assert_eq!(none["request_object_encryption_alg_values_supported"], json!([]), "no key, no promise");
    }

    #[test]
    fn certificates_are_announced_where_somebody_listens_for_them() {
        let plain = provider().metadata();
        assert!(!plain.to_string().contains("tls_client"));
        let metadata = Provider { mutual_tls: Some("https://mtls.id.example".to_owned()), ..provider() }.metadata();
        assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], "https://mtls.id.example/token");
        assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
        for endpoint in ["token", "introspection", "revocation"] {
            let methods = metadata[format!("{endpoint}_endpoint_auth_methods_supported")].to_string();
            assert!(methods.contains("\"tls_client_auth\"") && methods.contains("\"self_signed_tls_client_auth\""), "{methods}");
        }
    }

    /// SE-08.
    #[test]
    fn an_unreviewed_provider_never_names_a_reviewed_level() {
        assert!(!provider().metadata().to_string().contains("elegnamnden"));
        assert_eq!(provider().level("http://id.elegnamnden.se/loa/1.0/loa3"), None);
        assert_eq!(provider().level("http://id.swedenconnect.se/loa/1.0/uncertified-loa3"), Some(Assurance::Loa3));
        let low = Provider { levels: vec![Assurance::Loa2], ..provider() };
        assert_eq!(low.level("http://id.swedenconnect.se/loa/1.0/uncertified-loa3"), None);
        let reviewed = Provider { reviewed: true, ..provider() };
        assert_eq!(reviewed.level("http://id.swedenconnect.se/loa/1.0/uncertified-loa3"), None);
        assert_eq!(reviewed.acr_values(), ["http://id.elegnamnden.se/loa/1.0/loa2", "http://id.elegnamnden.se/loa/1.0/loa3"]);
    }
}
