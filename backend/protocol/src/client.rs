//! A registered service as the protocol sees it (OIDC Sweden profile §6). Whoever keeps registrations builds this view.

use std::collections::BTreeSet;

use handslag_vocab::{ClientId, SecretHash};
use serde::{Deserialize, Serialize};

use crate::{
    authorization_details::DetailType,
    client_authentication::Authentication,
    jose::{
        self, Algorithm, JwkSet,
        jwe::{ContentEncryption, KeyManagement, Recipient},
    },
    mutual_tls::Subject,
    profile::Profile,
    release::Naming,
    response_mode::ResponseMode,
    web_address,
};

/// The scope that asks for a refresh token (OIDC Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What kind of program the client is (RFC 6749 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// A public client in a browser: no key, PKCE only.
    Browser,
    /// A server that holds a key: `private_key_jwt`.
    Confidential,
    /// A public client installed on a device: no key, PKCE only, loopback redirects with a free port.
    Native,
}

/// What a client may offer for tokens (`grant_types`, RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// The code of a log-in (RFC 6749 §4.1).
    AuthorizationCode,
    /// OpenID Connect CIBA.
    #[serde(rename = "urn:openid:params:grant-type:ciba")]
    Ciba,
    /// Itself, where no person is behind it (RFC 6749 §4.4).
    ClientCredentials,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// RFC 8693.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// Every grant type that can be registered.
    pub const ALL: [Self; 6] =
        [Self::AuthorizationCode, Self::Ciba, Self::ClientCredentials, Self::DeviceCode, Self::RefreshToken, Self::TokenExchange];

    /// Those that the token endpoint takes.
    pub const SERVED: [Self; 3] = [Self::AuthorizationCode, Self::ClientCredentials, Self::RefreshToken];

    /// The registered spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Ciba => "urn:openid:params:grant-type:ciba",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::RefreshToken => "refresh_token",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its kind.
    pub kind: ClientKind,
    /// How it proves itself.
    pub authentication: Authentication,
    /// The secret that it shares with us, as a hash, where that is its proof.
    pub secret: Option<SecretHash>,
    /// What it may offer for tokens.
    pub grant_types: BTreeSet<GrantType>,
    /// Redirect addresses, each whole.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for beside `openid`; they also bound which claims it may name (OIDC Sweden profile §4.2).
    pub scopes: Vec<String>,
    /// Its public keys, empty for a public client.
    pub keys: JwkSet,
    /// What it is held to.
    pub profile: Profile,
    /// What else it registered.
    pub registration: Registration,
}

/// What a client may have registered beside the least; the default is a client that registered nothing more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Types of `authorization_details` that it may use (RFC 9396 §10).
    pub authorization_details: Vec<DetailType>,
    /// Client assertions are signed with this one (`token_endpoint_auth_signing_alg`).
    pub assertion_algorithm: Option<Algorithm>,
    /// How authorization responses are signed and encrypted (JARM §3).
    pub authorization_response: Protection,
    /// How ID Tokens are.
    pub id_token: Protection,
    /// How introspection answers are (RFC 9701 §6); JSON where neither it nor the request says otherwise.
    pub introspection: Protection,
    /// An administrator said that this confidential client cannot do PKCE.
    pub pkce_optional: bool,
    /// The subject of its certificate, for `tls_client_auth` (RFC 8705 §2.1.2).
    pub certificate_subject: Option<Subject>,
    /// How it is told of log-outs, and where browsers go after one.
    pub logout: Logout,
    /// How it sends request objects.
    pub request_objects: RequestObjects,
    /// Every request is pushed (RFC 9126 §6).
    pub requires_par: bool,
    /// What it calls what it is told of a person.
    pub naming: Vec<Naming>,
    /// Resources that it may have tokens for (RFC 8707).
    pub resources: Vec<String>,
    /// How answers reach it beside the query.
    pub response_modes: Vec<ResponseMode>,
    /// How UserInfo is; JSON where it is not signed.
    pub userinfo: Protection,
}

/// How a client takes part in logging out. The members are named as the specifications name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logout {
    /// Where it is told by us (Back-Channel Logout §2.2).
    pub backchannel_logout_uri: Option<String>,
    /// Where it is told by the browser (Front-Channel Logout §2).
    pub frontchannel_logout_uri: Option<String>,
    /// Whether the browser tells it `iss` and `sid` (Front-Channel Logout §2).
    pub frontchannel_logout_session_required: bool,
    /// Where a browser may go afterwards, each whole (RP-Initiated Logout §2.1).
    pub post_logout_redirect_uris: Vec<String>,
}

/// How a client sends request objects (RFC 9101 §10.5, OIDC Dynamic Registration §2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestObjects {
    /// Signed with this one (`request_object_signing_alg`).
    pub algorithm: Option<Algorithm>,
    /// Every request is signed (`require_signed_request_object`).
    pub required: bool,
    /// By reference they may be unsigned (`request_object_signing_alg` `none`).
    pub unsigned: bool,
    /// Where they are kept (`request_uris`).
    pub uris: Vec<String>,
}

/// How one kind of answer is protected on its way to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Signed with this; by default what the profile says.
    pub signed: Option<Algorithm>,
    /// And then encrypted to a key of the client's.
    pub encrypted: Option<(KeyManagement, ContentEncryption)>,
}

impl Client {
    /// Whether an answer may be sent to this address: equal byte for byte (OIDC Sweden profile §2.1.3), except that the port of
    /// a native client's literal loopback address is free (RFC 8252 §7.3).
    pub fn owns(&self, redirect_uri: &str) -> bool {
        let is_exact = self.redirect_uris.iter().any(|registered| registered == redirect_uri);
        is_exact || (self.kind == ClientKind::Native && self.owns_loopback(redirect_uri))
    }

    fn owns_loopback(&self, redirect_uri: &str) -> bool {
        let Some(asked) = web_address::loopback_without_port(redirect_uri) else { return false };
        self.redirect_uris.iter().any(|registered| web_address::loopback_without_port(registered) == Some(asked))
    }

    /// Whether an answer may be sent in this way.
    pub fn takes(&self, mode: ResponseMode) -> bool {
        mode == ResponseMode::Query || self.registration.response_modes.contains(&mode)
    }

    /// To whom an answer of this kind is encrypted, if the client wants it so. Where it does and has no key for it, nothing may be
    /// sent in the clear instead.
    pub fn recipient(&self, protection: &Protection) -> Result<Option<Recipient<'_>>, jose::Refusal> {
        let Some((by, content)) = protection.encrypted else { return Ok(None) };
        let key = self.keys.encryption_key(by).ok_or(jose::Refusal::KeyUnknown)?;
        Ok(Some(Recipient { key, by, content }))
    }

    /// Whether this scope may be granted. Staying logged in is not a registered scope but a grant type (OIDC Core §11).
    pub fn may_ask(&self, scope: &str) -> bool {
        match scope {
            "openid" => true,
            OFFLINE_ACCESS => self.grant_types.contains(&GrantType::RefreshToken),
            _ => self.scopes.iter().any(|allowed| allowed == scope),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn client(kind: ClientKind, redirect_uris: &[&str]) -> Client {
        Client {
            id: "skolportalen".parse().unwrap(),
            kind,
            authentication: if kind == ClientKind::Confidential { Authentication::PrivateKeyJwt } else { Authentication::None },
            secret: None,
            grant_types: [GrantType::AuthorizationCode].into(),
            redirect_uris: redirect_uris.iter().map(|&uri| uri.to_owned()).collect(),
            scopes: ["profile", "https://id.oidc.se/scope/naturalPersonOrgId"].map(str::to_owned).to_vec(),
            keys: JwkSet::default(),
            profile: Profile::default(),
            registration: Registration::default(),
        }
    }

    #[test]
    fn one_byte_decides_where_an_answer_may_go() {
        let server = client(ClientKind::Confidential, &["https://skola.example/cb", "https://skola.example/cb2?tenant=1", "http://127.0.0.1/cb"]);
        for right in ["https://skola.example/cb", "https://skola.example/cb2?tenant=1", "http://127.0.0.1/cb"] {
            assert!(server.owns(right), "{right}");
        }
        let wrong = [
            "https://skola.example/cb/",
            "https://skola.example/CB",
            "https://Skola.example/cb",
            "https://skola.example/cb?x=1",
            "https://skola.example/cb#x",
            "https://skola.example/cb/../evil",
            "https://skola.example/..;/cb",
            "https://skola.example/%63b",
            "https://skola.example:443/cb",
            "https://user@skola.example/cb",
            "https://evil.test@@skola.example/cb",
            "https://skolaXexample/cb",
            "http://skola.example/cb",
            "https://skola.example/cb2",
            "https://skola.example/cb2?tenant=1&tenant=2",
            "https://skola.example/cb ",
            "",
            "http://127.0.0.1:8080/cb",
        ];
        for address in wrong {
            assert!(!server.owns(address), "{address}");
        }
    }

    #[test]
    fn a_grant_type_is_stored_as_it_is_registered() {
        assert_eq!(GrantType::ALL.map(|grant| serde_json::to_value(grant).unwrap()), GrantType::ALL.map(GrantType::as_str));
        assert!(GrantType::SERVED.iter().all(|grant| GrantType::ALL.contains(grant)));
    }

    #[test]
    fn staying_logged_in_is_asked_by_who_may_refresh() {
        let without = client(ClientKind::Native, &[]);
        let app = Client { grant_types: [GrantType::RefreshToken].into(), ..without.clone() };
        assert!(app.may_ask("openid") && app.may_ask(OFFLINE_ACCESS) && app.may_ask("profile") && !app.may_ask("email"));
        assert!(without.may_ask("openid") && !without.may_ask(OFFLINE_ACCESS));
    }

    #[test]
    fn a_native_client_chooses_its_loopback_port_and_nothing_else() {
        let app = client(ClientKind::Native, &["http://127.0.0.1/cb", "http://[::1]:7000/cb", "se.example.app:/cb"]);
        for right in ["http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "http://[::1]:1/cb", "se.example.app:/cb"] {
            assert!(app.owns(right), "{right}");
        }
        let wrong = [
            "http://localhost:49152/cb",
            "http://localhost.evil.test/cb",
            "http://127.0.0.1:49152/cb2",
            "http://127.0.0.1:49152/cb?x=1",
            "http://127.0.0.2:1/cb",
            "https://127.0.0.1:49152/cb",
            "http://127.0.0.1:49152@evil.test/cb",
            "http://127.0.0.1:99999/cb",
            "http://[::1]/other",
            "se.example.app:/cb2",
        ];
        for address in wrong {
            assert!(!app.owns(address), "{address}");
        }
    }
}
