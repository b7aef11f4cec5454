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
use serde::{Deserialize, Serialize};

use super::Client;

/// How request objects are signed (`request_object_signing_alg`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ObjectSigning {
    /// With this one.
    By(Algorithm),
    /// Not, where they are fetched from a registered address.
    Not(Nothing),
}

/// The word `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Nothing {
    /// RFC 7518 §3.6.
    #[serde(rename = "none")]
    None,
}

impl ObjectSigning {
    /// Unsigned.
    pub const NONE: Self = Self::Not(Nothing::None);

    /// The one algorithm, if there is one.
    pub const fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::By(algorithm) => Some(algorithm),
            Self::Not(_) => None,
        }
    }
}

/// What people are called towards a service (`subject_type`, OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        let may_be_unsigned = self.request_object_signing_alg != Some(ObjectSigning::NONE) || self.profile == Profile::Core;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Services;

    const SERVICE: &str = "[[client]]\nid = \"x\"\nname_sv = \"X\"\nname_en = \"X\"\norganisation = \"2120001124\"\nscopes = []\n";

    fn service(more: &str) -> Result<Client, String> {
        let redirect = if more.contains("redirect_uris") { "" } else { "redirect_uris = [\"https://x.example/cb\"]\n" };
        let services: Services = toml::from_str(&format!("{SERVICE}{redirect}{more}")).map_err(|error| error.to_string())?;
        let client = services.clients.into_iter().next().unwrap();
        if client.is_protected_soundly() { Ok(client) } else { Err("unsound".to_owned()) }
    }

    #[test]
    fn members_have_the_names_and_values_of_client_metadata() {
        let read = service("profile = \"core\"\nid_token_signed_response_alg = \"RS256\"\nrequest_object_signing_alg = \"none\"\n").unwrap();
        assert_eq!((read.id_token().signed, read.request_object_signing_alg), (Some(Algorithm::Rs256), Some(ObjectSigning::NONE)));
        let read = service("request_object_signing_alg = \"ES512\"\nsubject_type = \"pairwise\"\n").unwrap();
        assert_eq!(read.request_object_signing_alg.and_then(ObjectSigning::algorithm), Some(Algorithm::Es512));
        assert_eq!(read.sector().as_deref(), Some("x.example"));
        let at = service("jwks_uri = \"https://x.example/jwks\"\nid_token_encrypted_response_alg = \"RSA-OAEP\"\n").unwrap();
        assert_eq!(
            at.id_token().encrypted,
            Some((KeyManagement::RsaOaep(handslag_protocol::jose::jwe::Oaep::Sha1), ContentEncryption::A128CbcHs256))
        );
        assert_eq!(serde_json::to_value([ObjectSigning::NONE, ObjectSigning::By(Algorithm::Rs256)]).unwrap().to_string(), r#"["none","RS256"]"#);
    }

    #[test]
    fn what_could_not_be_done_refuses_the_start() {
        let wrong = [
            "id_token_signed_response_alg = \"HS256\"\n",
            "id_token_signed_response_alg = \"none\"\n",
            "id_token_signed_response_alg = \"ES384\"\n",
            "profile = \"fapi2\"\nid_token_signed_response_alg = \"RS256\"\n",
            "id_token_encrypted_response_alg = \"RSA1_5\"\n",
            "id_token_encrypted_response_alg = \"ECDH-ES\"\n",
            "userinfo_encrypted_response_enc = \"A256GCM\"\n",
            "request_object_signing_alg = \"none\"\n",
            "request_object_signing_alg = \"NONE\"\n",
            "subject_type = \"both\"\n",
            "subject_type = \"pairwise\"\nredirect_uris = [\"https://x.example/cb\", \"https://y.example/cb\"]\n",
            "subject_type = \"pairwise\"\nredirect_uris = [\"se.kvarnby.app:/cb\"]\n",
        ];
        for more in wrong {
            assert!(service(more).is_err(), "{more}");
        }
    }
}
