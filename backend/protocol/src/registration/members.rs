//! Members of a registration by their type, without coercion: `"true"` is not true and `1` is no text. Null is absent.

use serde_json::{Map, Value};

use super::{Metadata, Refusal};

/// What was sent, nulls left out.
pub(super) struct Members(Map<String, Value>);

/// Members of ours that no request sets: what is answered under these names the server says.
const OURS: [&str; 6] =
    ["client_id", "client_id_issued_at", "client_secret", "client_secret_expires_at", "registration_access_token", "registration_client_uri"];

/// Every member that is kept. A name with a language (`client_name#sv`) counts as the name.
const KEPT: [&str; 52] = [
    "application_type",
    "authorization_details_types",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "authorization_signed_response_alg",
    "backchannel_client_notification_endpoint",
    "backchannel_logout_session_required",
    "backchannel_logout_uri",
    "backchannel_token_delivery_mode",
    "client_name",
    "client_uri",
    "contacts",
    "default_acr_values",
    "default_max_age",
    "dpop_bound_access_tokens",
    "frontchannel_logout_session_required",
    "frontchannel_logout_uri",
    "grant_types",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "id_token_signed_response_alg",
    "initiate_login_uri",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "introspection_signed_response_alg",
    "jwks",
    "jwks_uri",
    "logo_uri",
    "organization_name",
    "policy_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "request_object_signing_alg",
    "request_uris",
    "require_pkce",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "response_types",
    "scope",
    "sector_identifier_uri",
    "software_id",
    "software_version",
    "subject_type",
    "tls_client_auth_san_dns",
    "tls_client_auth_subject_dn",
    "tls_client_certificate_bound_access_tokens",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "tos_uri",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "userinfo_signed_response_alg",
];

impl Members {
    pub(super) fn new(mut members: Map<String, Value>) -> Self {
        members.retain(|name, value| !value.is_null() && !OURS.contains(&name.as_str()));
        Self(members)
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Every name that was sent, also those with a language.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.0.get(name).map(|value| value.as_str().ok_or(Refusal::Member)).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.0.get(name).map(|value| value.as_bool().ok_or(Refusal::Member)).transpose()
    }

    /// An absent list is empty.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(Vec::new()) };
        let texts = value.as_array().ok_or(Refusal::Member)?.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<String>>>().filter(|texts| texts.len() <= 64).ok_or(Refusal::Member)
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&self, name: &str, all: &[T], spelling: fn(T) -> &'static str) -> Result<Option<T>, Refusal> {
        let find = |text: &str| all.iter().copied().find(|word| spelling(*word) == text).ok_or(Refusal::Member);
        self.text(name)?.map(find).transpose()
    }

    /// Some of these words.
    pub(super) fn words<T: Copy>(&self, name: &str, all: &[T], spelling: fn(T) -> &'static str) -> Result<Option<Vec<T>>, Refusal> {
        if !self.0.contains_key(name) {
            return Ok(None);
        }
        let find = |text: &String| all.iter().copied().find(|word| spelling(*word) == text).ok_or(Refusal::Member);
        self.texts(name)?.iter().map(find).collect::<Result<Vec<T>, Refusal>>().map(Some)
    }

    /// Whether a name stands for people, with or without a language.
    pub(super) fn says(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
    }

    /// What is registered now: what is known, with the defaults in their place.
    pub(super) fn standing(self, metadata: &Metadata) -> Map<String, Value> {
        let is_kept = |name: &str| KEPT.contains(&name.split('#').next().unwrap_or_default());
        let mut members = self.0;
        members.retain(|name, _| is_kept(name));
        let grants: Value = metadata.grants.iter().map(|grant| grant.as_str()).collect();
        let signed = metadata.registration.id_token.signed.map(|algorithm| Value::from(algorithm.name()));
        let defaults = [
            ("grant_types", Some(grants)),
            ("id_token_signed_response_alg", signed),
            ("response_types", Some(vec!["code"].into())),
            ("subject_type", Some(if metadata.pairwise { "pairwise" } else { "public" }.into())),
            ("token_endpoint_auth_method", Some(metadata.authentication.name().into())),
        ];
        for (name, value) in defaults {
            members.extend(value.map(|value| (name.to_owned(), value)));
        }
        members
    }
}
