//! A service in the configuration, and what cannot be right about one.

use std::{collections::BTreeSet, path::Path};

use handslag_protocol::{
    client::GrantType,
    client_authentication::Authentication,
    jose::{
        self, Algorithm, JwkSet,
        jwe::{ContentEncryption, KeyManagement},
    },
    profile::Profile,
    release::Naming,
    response_mode::ResponseMode,
};
use handslag_vocab::{Assurance, ClientId, OrganisationNumber, SecretHash};
use serde::{Deserialize, Serialize};

use super::{ObjectSigning, Refused, SubjectType, parsed};

/// A service that logs people in (OpenID Connect client metadata; Swedish profile §6).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of a registration, by its own name")]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name#sv`.
    pub name_sv: String,
    /// `client_name#en`.
    pub name_en: String,
    /// The organisation that runs it, as shown.
    pub organisation: OrganisationNumber,
    /// What it is held to: `strict` unless said otherwise.
    #[serde(default)]
    pub profile: Profile,
    /// Compared character by character (OP-02).
    pub redirect_uris: Vec<String>,
    /// Public keys for `private_key_jwt`; none for a public client.
    pub jwks: Option<serde_json::Value>,
    /// Instead of them, where the client publishes its keys, to be read when they are needed.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Its assertions are signed with this one.
    #[serde(default)]
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    /// Instead of keys, for `client_secret_basic` and `client_secret_post` in the profile `core`: the SHA-256 of a secret made by `handslag client-secret`,
    /// as 64 hexadecimal digits. The secret itself stands nowhere here.
    #[serde(default)]
    pub secret_sha256: Option<String>,
    /// What it may offer for tokens: a code unless said otherwise.
    #[serde(default = "code_only")]
    pub grant_types: BTreeSet<GrantType>,
    /// Tokens only with a proof of the device's key (RFC 9449 §5.2, `dpop_bound_access_tokens`).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// How its log-in requests must come.
    #[serde(default)]
    pub requests: Requests,
    /// How answers reach it beside the query: `form_post`, `query.jwt`, `form_post.jwt`.
    #[serde(default)]
    pub response_modes: Vec<ResponseMode>,
    /// The audience that the client itself is, as a resource: it may ask about tokens for it (RFC 7662).
    #[serde(default)]
    pub resource: Option<String>,
    /// How many days a device stays logged in at most, with `refresh_token` among the grant types.
    #[serde(default = "days_logged_in")]
    pub stay_days: u16,
    /// How many days without use end that earlier.
    #[serde(default = "days_idle")]
    pub stay_idle_days: u16,
    /// What it may ask for.
    pub scopes: Vec<String>,
    /// "Så heter personen i den här tjänsten": claims that say something else than usual, or that only this service knows.
    #[serde(default)]
    pub naming: Vec<Naming>,
    /// A challenge is demanded (PKCE); `false` only for a service with a key that cannot send one, and never in `fapi2`.
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Audiences it may get an access token for.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The level it always demands.
    #[serde(default = "lowest")]
    pub assurance: Assurance,
    /// What kind of program it is (`application_type`).
    #[serde(default)]
    pub application_type: ApplicationType,
    /// ID Tokens are signed with this one, ES256 if absent.
    #[serde(default)]
    pub id_token_signed_response_alg: Option<Algorithm>,
    /// And then encrypted to a key of the client's.
    #[serde(default)]
    pub id_token_encrypted_response_alg: Option<KeyManagement>,
    /// `A128CBC-HS256` if absent beside the former.
    #[serde(default)]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// Authorization responses as one token (JARM §3).
    #[serde(default)]
    pub authorization_signed_response_alg: Option<Algorithm>,
    /// And then encrypted.
    #[serde(default)]
    pub authorization_encrypted_response_alg: Option<KeyManagement>,
    /// As above.
    #[serde(default)]
    pub authorization_encrypted_response_enc: Option<ContentEncryption>,
    /// Introspection answers are always signed, with this one (RFC 9701 §6).
    #[serde(default)]
    pub introspection_signed_response_alg: Option<Algorithm>,
    /// And then encrypted.
    #[serde(default)]
    pub introspection_encrypted_response_alg: Option<KeyManagement>,
    /// As above.
    #[serde(default)]
    pub introspection_encrypted_response_enc: Option<ContentEncryption>,
    /// Request objects are signed with this one; `none` in the profile `core` lets those at `request_uris` be unsigned.
    #[serde(default)]
    pub request_object_signing_alg: Option<ObjectSigning>,
    /// Where request objects may be fetched.
    #[serde(default)]
    pub request_uris: Vec<String>,
    /// Whether people have one name for all services, or another in each sector.
    #[serde(default)]
    pub subject_type: SubjectType,
    /// A list of the addresses that are of one sector with those of this service.
    #[serde(default)]
    pub sector_identifier_uri: Option<String>,
    /// UserInfo is signed with this one, whatever `userinfo_signed` says.
    #[serde(default)]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    /// And then encrypted.
    #[serde(default)]
    pub userinfo_encrypted_response_alg: Option<KeyManagement>,
    /// As above.
    #[serde(default)]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    /// UserInfo as a signed JWT (the Swedish profile); JSON where a plain OpenID Connect client needs it.
    #[serde(default = "yes")]
    pub userinfo_signed: bool,
    /// Only accepts an e-ID reviewed by Digg (national tests).
    #[serde(default)]
    pub reviewed_only: bool,
}

/// How a service's log-in requests must come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requests {
    /// Through the browser or pushed, signed or not; what the profile demands holds all the same.
    #[default]
    Any,
    /// Pushed (`require_pushed_authorization_requests`, RFC 9126 §6).
    Pushed,
    /// Signed, and pushed.
    PushedAndSigned,
    /// Signed (`require_signed_request_object`, RFC 9101 §10.5).
    Signed,
}

impl Requests {
    /// Whether each is pushed, and whether each is signed.
    pub const fn demanded(pushed: bool, signed: bool) -> Self {
        match (pushed, signed) {
            (false, false) => Self::Any,
            (true, false) => Self::Pushed,
            (true, true) => Self::PushedAndSigned,
            (false, true) => Self::Signed,
        }
    }

    /// Each is pushed.
    pub const fn are_pushed(self) -> bool {
        matches!(self, Self::Pushed | Self::PushedAndSigned)
    }

    /// Each is signed.
    pub const fn are_signed(self) -> bool {
        matches!(self, Self::PushedAndSigned | Self::Signed)
    }
}

/// What kind of program a service is (OpenID Connect Dynamic Client Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// Installed on a device: loopback addresses with a free port.
    Native,
    /// A server, or a page in a browser.
    #[default]
    Web,
}

impl Client {
    /// A public service that logs people in at level 2, sent its answers nowhere yet.
    pub fn new(id: ClientId, name_sv: &str, name_en: &str, organisation: OrganisationNumber) -> Self {
        Self {
            id,
            name_sv: name_sv.to_owned(),
            name_en: name_en.to_owned(),
            organisation,
            profile: Profile::default(),
            redirect_uris: Vec::new(),
            jwks: None,
            jwks_uri: None,
            token_endpoint_auth_signing_alg: None,
            secret_sha256: None,
            grant_types: code_only(),
            dpop_bound_access_tokens: false,
            requests: Requests::Any,
            response_modes: Vec::new(),
            resource: None,
            stay_days: days_logged_in(),
            stay_idle_days: days_idle(),
            scopes: Vec::new(),
            naming: Vec::new(),
            require_pkce: yes(),
            audiences: Vec::new(),
            assurance: lowest(),
            application_type: ApplicationType::Web,
            id_token_signed_response_alg: None,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            authorization_signed_response_alg: None,
            authorization_encrypted_response_alg: None,
            authorization_encrypted_response_enc: None,
            introspection_signed_response_alg: None,
            introspection_encrypted_response_alg: None,
            introspection_encrypted_response_enc: None,
            request_object_signing_alg: None,
            request_uris: Vec::new(),
            subject_type: SubjectType::default(),
            sector_identifier_uri: None,
            userinfo_signed_response_alg: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            userinfo_signed: yes(),
            reviewed_only: false,
        }
    }

    /// How it proves itself.
    pub const fn authentication(&self) -> Authentication {
        match (&self.secret_sha256, self.has_keys()) {
            // Keys beside a secret are for its request objects, or for what is encrypted to it.
            (Some(_), _) => Authentication::SecretBasic,
            (None, true) => Authentication::PrivateKeyJwt,
            (None, false) => Authentication::None,
        }
    }

    /// The hash of the secret that it shares with us.
    pub fn secret(&self) -> Option<SecretHash> {
        self.secret_sha256.as_deref().and_then(SecretHash::from_hex)
    }

    /// Its public keys.
    pub fn keys(&self) -> Result<JwkSet, jose::Refusal> {
        self.jwks.as_ref().map_or_else(|| Ok(JwkSet::default()), |jwks| JwkSet::parse(&jwks.to_string()))
    }

    /// Whether it can keep no secret: a page in a browser, or an app.
    pub const fn is_public(&self) -> bool {
        !self.has_keys() && self.secret_sha256.is_none()
    }

    const fn has_keys(&self) -> bool {
        self.jwks.is_some() || self.jwks_uri.is_some()
    }

    /// What cannot be right in a registration.
    pub fn is_sound(&self) -> bool {
        let is_readable = self.keys().is_ok() && self.secret_sha256.is_some() == self.secret().is_some();
        let has_one_place_of_keys = self.jwks.is_none() || self.jwks_uri.is_none();
        // OP-07: a shared secret is for programs that cannot do better.
        let may_share_a_secret = self.secret_sha256.is_none() || self.profile == Profile::Core;
        let has_address = !self.redirect_uris.is_empty() || !self.grant_types.contains(&GrantType::AuthorizationCode);
        // Without a proof anybody could be this client (RFC 6749 §4.4).
        let acts_alone_with_proof = !(self.is_public() && self.grant_types.contains(&GrantType::ClientCredentials));
        let leaves_out_pkce_by_right = self.require_pkce || (!self.is_public() && self.profile != Profile::Fapi2);
        let stays_soundly = (1..=self.stay_days).contains(&self.stay_idle_days);
        let has_names = Naming::are_sound(&self.naming, &self.scopes);
        let all = [
            is_readable,
            has_one_place_of_keys,
            may_share_a_secret,
            has_address,
            acts_alone_with_proof,
            leaves_out_pkce_by_right,
            has_names,
            stays_soundly,
            self.is_protected_soundly(),
        ];
        !all.contains(&false)
    }
}

/// Services alone, in the same `[[client]]` tables: what a demonstration registers beside its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// The services.
    #[serde(default, rename = "client")]
    pub clients: Vec<Client>,
}

impl Services {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, Refused> {
        let services: Self = parsed(path)?;
        sound(&services.clients)?;
        Ok(services)
    }
}

/// Each service whole, named once, and each resource one service's: who is a resource hears about its tokens.
pub(super) fn sound(clients: &[Client]) -> Result<(), Refused> {
    let (mut ids, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for client in clients {
        let is_alone = client.resource.as_ref().is_none_or(|resource| resources.insert(resource));
        if !ids.insert(&client.id) || !is_alone || !client.is_sound() {
            return Err(Refused::Client(client.id.to_string()));
        }
    }
    Ok(())
}

fn code_only() -> BTreeSet<GrantType> {
    [GrantType::AuthorizationCode].into()
}

const fn days_logged_in() -> u16 {
    90
}

const fn days_idle() -> u16 {
    14
}

const fn yes() -> bool {
    true
}

pub(super) const fn lowest() -> Assurance {
    Assurance::Loa2
}
