//! How a service's answers are signed and encrypted, how its requests are signed, and what people are called towards it.

use handslag_protocol::{
    client::Protection,
    jose::{
        Algorithm,
        jwe::{ContentEncryption, KeyManagement},
    },
    profile::Profile,
};
use reqwest::Url;
use serde::Deserialize;

use super::Client;

/// How request objects are signed (`request_object_signing_alg`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ObjectSigning {
    /// With this one.
    By(Algorithm),
    /// `none`: not, where they are fetched from a registered address.
    #[serde(deserialize_with = "none")]
    None,
}

impl ObjectSigning {
    /// The one algorithm, if there is one.
    pub const fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::By(algorithm) => Some(algorithm),
            Self::None => None,
        }
    }
}

fn none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let word = String::deserialize(deserializer)?;
    if word == "none" { Ok(()) } else { Err(serde::de::Error::custom("neither a signature algorithm nor none")) }
}

/// What people are called towards a service (`subject_type`, OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// Another name in each sector.
    Pairwise,
    /// One name for all.
    #[default]
    Public,
}

impl Client {
    /// How ID Tokens are protected.
    pub fn id_token(&self) -> Protection {
        let encrypted = encrypted(self.id_token_encrypted_response_alg, self.id_token_encrypted_response_enc);
        Protection { signed: self.id_token_signed_response_alg, encrypted }
    }

    /// How authorization responses as one token are.
    pub fn authorization_response(&self) -> Protection {
        let encrypted = encrypted(self.authorization_encrypted_response_alg, self.authorization_encrypted_response_enc);
        Protection { signed: self.authorization_signed_response_alg, encrypted }
    }

    /// How introspection answers are.
    pub fn introspection(&self) -> Protection {
        let encrypted = encrypted(self.introspection_encrypted_response_alg, self.introspection_encrypted_response_enc);
        Protection { signed: self.introspection_signed_response_alg, encrypted }
    }

    /// How UserInfo is.
    pub fn userinfo(&self) -> Protection {
        let encrypted = encrypted(self.userinfo_encrypted_response_alg, self.userinfo_encrypted_response_enc);
        Protection { signed: self.userinfo_signed_response_alg.or(self.userinfo_signed.then_some(Algorithm::Es256)), encrypted }
    }

    /// The sector of a service with pairwise names: the host of its list, or the one host of all its addresses (OpenID Connect
    /// Core §8.1).
    pub fn sector(&self) -> Option<String> {
        if let Some(list) = &self.sector_identifier_uri {
            return host(list);
        }
        let mut hosts = self.redirect_uris.iter().map(|uri| host(uri));
        let first = hosts.next()??;
        hosts.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// Answers that can be made, requests that can be verified, and names that mean something.
    pub(super) fn is_protected_soundly(&self) -> bool {
        let answers = [self.id_token(), self.authorization_response(), self.introspection(), self.userinfo()];
        let signs = |answer: &Protection| {
            answer.signed.is_none_or(|algorithm| Algorithm::OURS.contains(&algorithm) && self.profile.client_algorithms().contains(&algorithm))
        };
        // Keys at an address are seen when they are fetched.
        let keys = self.keys().unwrap_or_default();
        let encrypts = |answer: &Protection| answer.encrypted.is_none_or(|(by, _)| self.jwks_uri.is_some() || keys.encryption_key(by).is_some());
        let is_complete = [
            (self.id_token_encrypted_response_alg, self.id_token_encrypted_response_enc),
            (self.authorization_encrypted_response_alg, self.authorization_encrypted_response_enc),
            (self.introspection_encrypted_response_alg, self.introspection_encrypted_response_enc),
            (self.userinfo_encrypted_response_alg, self.userinfo_encrypted_response_enc),
        ]
        .iter()
        .all(|(by, content)| content.is_none() || by.is_some());
        // Attack 9: unsigned only where the profile has it.
        let may_be_unsigned = self.request_object_signing_alg != Some(ObjectSigning::None) || self.profile == Profile::Core;
        let has_sector = self.subject_type == SubjectType::Public || self.sector().is_some();
        answers.iter().all(signs) && answers.iter().all(encrypts) && is_complete && may_be_unsigned && has_sector
    }
}

/// OIDC Dynamic Registration §2: an `alg` without an `enc` means `A128CBC-HS256`.
fn encrypted(by: Option<KeyManagement>, content: Option<ContentEncryption>) -> Option<(KeyManagement, ContentEncryption)> {
    by.map(|by| (by, content.unwrap_or(ContentEncryption::A128CbcHs256)))
}

fn host(address: &str) -> Option<String> {
    Url::parse(address).ok()?.host_str().map(str::to_owned)
}
