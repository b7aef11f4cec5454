//! Under what programs may register themselves as services (RFC 7591). Without a policy nobody may.

use std::collections::BTreeSet;

use handslag_protocol::{
    authorization_details::DetailType,
    client::GrantType,
    client_authentication::Authentication,
    jose::JwkSet,
    profile::Profile,
    registration::{Policy, Redirect},
};
use handslag_vocab::{Assurance, OrganisationNumber, SecretHash};
use serde::Deserialize;

use super::{Refused, client::lowest};

/// One way in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationPolicy {
    /// Names it, in the journal and on pages.
    pub name: String,
    /// Whose services they become.
    pub organisation: OrganisationNumber,
    /// What they are held to.
    #[serde(default)]
    pub profile: Profile,
    /// What they may ask for at most.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What they may offer for tokens beside a code.
    #[serde(default)]
    pub grant_types: Vec<GrantType>,
    /// Types of `authorization_details` that they may use; none unless said so.
    #[serde(default)]
    pub authorization_details_types: Vec<DetailType>,
    /// How they may prove themselves.
    #[serde(default = "by_key")]
    pub authentication: Vec<Authentication>,
    /// Kinds of addresses beside plain https.
    #[serde(default)]
    pub redirects: Vec<Redirect>,
    /// The level that each of them always demands.
    #[serde(default = "lowest")]
    pub assurance: Assurance,
    /// How many of them there may be at a time.
    pub most: u32,
    /// SHA-256 of tokens that open it (RFC 7591 §3), from `handslag client-secret`, as 64 hexadecimal digits.
    #[serde(default)]
    pub initial_access_tokens: Vec<String>,
    /// Who may vouch for a program. If there is somebody, somebody must.
    #[serde(default)]
    pub statement_issuers: Vec<StatementIssuer>,
}

/// Somebody who signs software statements (RFC 7591 §2.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementIssuer {
    /// `iss`.
    pub issuer: String,
    /// The issuer's public keys.
    pub jwks: serde_json::Value,
}

impl StatementIssuer {
    /// The issuer's public keys; none that verify where they cannot be read, which the start refuses.
    pub fn keys(&self) -> JwkSet {
        JwkSet::parse(&self.jwks.to_string()).unwrap_or_default()
    }
}

impl RegistrationPolicy {
    /// Whether this token opens it. Each hash is compared in constant time.
    pub fn is_opened_by(&self, token: &SecretHash) -> bool {
        self.tokens().any(|known| known == *token)
    }

    /// What the protocol judges by.
    pub fn judges(&self) -> Policy {
        Policy {
            profile: self.profile,
            by_administrator: false,
            authentications: self.authentication.clone(),
            redirects: self.redirects.clone(),
            scopes: self.scopes.clone(),
            demands_statement: !self.statement_issuers.is_empty(),
            grants: self.grant_types.clone(),
            details: self.authorization_details_types.clone(),
        }
    }

    fn tokens(&self) -> impl Iterator<Item = SecretHash> {
        self.initial_access_tokens.iter().filter_map(|digest| SecretHash::from_hex(digest))
    }

    fn is_sound(&self) -> bool {
        let is_named = (1..=64).contains(&self.name.len()) && self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        // Without either anybody on the net could register a service under the organisation's name.
        let is_guarded = !self.initial_access_tokens.is_empty() || !self.statement_issuers.is_empty();
        let is_readable =
            self.tokens().count() == self.initial_access_tokens.len() && self.statement_issuers.iter().all(|one| !one.keys().is_empty());
        // OP-07.
        let shares_by_right = self.profile.may_share_a_secret() || !self.authentication.iter().any(|method| method.is_secret());
        is_named && is_guarded && is_readable && shares_by_right && self.most > 0
    }
}

/// Each policy whole, named once, and each token one policy's.
pub(super) fn sound(policies: &[RegistrationPolicy]) -> Result<(), Refused> {
    let (mut names, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for policy in policies {
        let is_alone = policy.initial_access_tokens.iter().all(|token| tokens.insert(token.to_lowercase()));
        if !names.insert(&policy.name) || !is_alone || !policy.is_sound() {
            return Err(Refused::RegistrationPolicy(policy.name.clone()));
        }
    }
    Ok(())
}

fn by_key() -> Vec<Authentication> {
    vec![Authentication::None, Authentication::PrivateKeyJwt]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(change: &str) -> Result<(), Refused> {
        let token = "0".repeat(64);
        let text = format!("name = \"skola\"\norganisation = \"2120009994\"\nmost = 3\ninitial_access_tokens = [\"{token}\"]\n");
        let is_changed = |line: &&str| change.lines().any(|new| new.split('=').next() == line.split('=').next());
        let kept: Vec<&str> = text.lines().filter(|line| !is_changed(line)).chain([change]).collect();
        let policy: RegistrationPolicy = toml::from_str(&kept.join("\n")).unwrap();
        sound(&[policy])
    }

    #[test]
    fn a_policy_that_lets_anybody_in_or_cannot_be_read_stops_the_start() {
        assert!(policy("").is_ok() && policy("profile = \"core\"\nauthentication = [\"client_secret_basic\"]").is_ok());
        let wrong = [
            "initial_access_tokens = []",
            "initial_access_tokens = [\"hs_client_x\"]",
            "most = 0",
            "name = \"\"",
            "name = \"Skola\"",
            "authentication = [\"client_secret_basic\"]",
            "initial_access_tokens = []\nstatement_issuers = [{ issuer = \"a\", jwks = { keys = [] } }]",
        ];
        for change in wrong {
            assert!(policy(change).is_err(), "{change}");
        }
        let one: RegistrationPolicy =
            toml::from_str(&format!("name = \"a\"\norganisation = \"2120009994\"\nmost = 1\ninitial_access_tokens = [\"{}\"]\n", "0".repeat(64)))
                .unwrap();
        assert!(sound(&[one.clone(), RegistrationPolicy { name: "b".to_owned(), ..one.clone() }]).is_err(), "one token opens one policy");
        assert!(sound(&[one.clone(), one]).is_err(), "named twice");
    }
}
