//! How a service stands to OAuth 2.1, FAPI 2.0 and the Swedish profile, rule by rule in words: whether it holds, and what to do where
//! it does not. What every service here is held to stands there too: an administrator has to show it to somebody.

use handslag_protocol::{
    client::{ClientKind, GrantType},
    client_authentication::Authentication,
    jose::Algorithm,
    profile::Profile,
};

use crate::oidc::Registered;

/// One rule: the end of its texts' keys (`rule-…`, and `rule-…-do` where it does not hold).
pub(super) struct Rule {
    pub(super) key: &'static str,
    pub(super) holds: bool,
}

/// One body of rules.
pub(super) struct Body {
    /// The end of its heading's key.
    pub(super) key: &'static str,
    pub(super) rules: Vec<Rule>,
}

impl Body {
    fn of(key: &'static str, rules: &[(&'static str, bool)]) -> Self {
        Self { key, rules: rules.iter().map(|&(key, holds)| Rule { key, holds }).collect() }
    }

    /// Every rule holds.
    pub(super) fn holds(&self) -> bool {
        self.rules.iter().all(|rule| rule.holds)
    }
}

/// The three of them.
pub(super) fn bodies(service: &Registered) -> [Body; 3] {
    let (config, client) = (&service.config, &service.client);
    let is_public = client.kind != ClientKind::Confidential;
    let has_strong_proof = matches!(client.authentication, Authentication::PrivateKeyJwt | Authentication::SelfSignedTls | Authentication::Tls);
    let has_secret = client.authentication.is_secret();
    let challenged = config.profile.requires_pkce(client);
    let bound = config.dpop_bound_access_tokens || config.profile.requires_sender_constraint();
    let pushed = client.registration.requires_par || config.profile == Profile::Fapi2;
    let signs = client.registration.request_objects.required;
    let is_on_the_web = config.redirect_uris.iter().all(|uri| uri.starts_with("https://"));
    let answers = client.registration.id_token.signed.unwrap_or(Algorithm::Es256);
    let stays = client.grant_types.contains(&GrantType::RefreshToken);
    [
        Body::of(
            "oauth",
            &[
                ("exact", true),
                ("code", true),
                ("challenge", challenged),
                ("https", is_on_the_web || client.kind == ClientKind::Native),
                ("stays", !stays || is_public || has_strong_proof || has_secret),
            ],
        ),
        Body::of(
            "fapi",
            &[
                ("proof", has_strong_proof),
                ("challenge", challenged),
                ("pushed", pushed),
                ("bound", bound),
                ("signs", signs),
                ("algorithm", Algorithm::FAPI.contains(&answers)),
            ],
        ),
        Body::of(
            "swedish",
            &[
                ("key", !has_secret),
                ("challenge", challenged),
                ("names", config.name_sv != config.id.as_str() && config.name_en != config.id.as_str()),
                ("signed-answers", client.registration.userinfo.signed.is_some()),
            ],
        ),
    ]
}
