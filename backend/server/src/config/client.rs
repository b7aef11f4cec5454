//! A service in the configuration, and what cannot be right about one.

use std::{collections::BTreeSet, net::IpAddr, path::PathBuf};

use handslag_protocol::{
    authorization_details::DetailType,
    client::GrantType,
    client_authentication::Authentication,
    jose::{
        self, Algorithm, JwkSet,
        jwe::{ContentEncryption, KeyManagement},
    },
    mutual_tls::Subject,
    profile::Profile,
    release::Naming,
    response_mode::ResponseMode,
    sign_request,
};
use handslag_vocab::{Assurance, ClientId, OrganisationNumber, SecretHash};
use serde::{Deserialize, Serialize};

use super::{ObjectSigning, Refused, SubjectType};

/// A service that logs people in (OpenID Connect client metadata; Swedish profile §6).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of client metadata, named as the specifications name it")]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name#sv`.
    pub name_sv: String,
    /// `client_name#en`.
    pub name_en: String,
    /// A PNG, JPEG or WebP file with its logo, drawn anew when the node starts. A registered service names `logo_uri` instead.
    #[serde(default)]
    pub logo: Option<PathBuf>,
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
    /// How it proves itself, where that does not follow from the rest: `self_signed_tls_client_auth` beside `jwks`.
    #[serde(default)]
    pub token_endpoint_auth_method: Option<Authentication>,
    /// For `tls_client_auth` (RFC 8705 §2.1.2), one of five: the subject of its certificate.
    #[serde(default)]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A name in DNS in its certificate.
    #[serde(default)]
    pub tls_client_auth_san_dns: Option<String>,
    /// An address for mail in its certificate.
    #[serde(default)]
    pub tls_client_auth_san_email: Option<String>,
    /// An address of the network in its certificate.
    #[serde(default)]
    pub tls_client_auth_san_ip: Option<IpAddr>,
    /// A URI in its certificate.
    #[serde(default)]
    pub tls_client_auth_san_uri: Option<String>,
    /// Tokens only over a connection with a certificate, and bound to it (RFC 8705 §3.4).
    #[serde(default)]
    pub tls_client_certificate_bound_access_tokens: bool,
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
    /// Where it is told that a person has answered (CIBA `ping`); without one it polls.
    #[serde(default)]
    pub notification_endpoint: Option<String>,
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
    /// Types of `authorization_details` that it may use (RFC 9396 §10): `door`, `signature`.
    #[serde(default)]
    pub authorization_details_types: Vec<DetailType>,
    /// The level it always demands.
    #[serde(default = "lowest")]
    pub assurance: Assurance,
    /// What kind of program it is (`application_type`).
    #[serde(default)]
    pub application_type: ApplicationType,
    /// The group of services that it shares log-ins with; none unless said so (SE-13).
    #[serde(default)]
    pub sso_group: Option<String>,
    /// Where a browser may go after logging out (RP-Initiated Logout §2.1), compared character by character.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that somebody has logged out (Back-Channel Logout §2.2).
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it needs `sid` there. Every logout token has it.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// Where the browser tells it so (Front-Channel Logout §2).
    #[serde(default)]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether it needs `iss` and `sid` there.
    #[serde(default)]
    pub frontchannel_logout_session_required: bool,
    /// A refresh token ends too when the person logs out in the browser; it outlives that otherwise (OIDC Core §11).
    #[serde(default)]
    pub offline_access_ends_with_session: bool,
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

/// A service of which no more is said, member by member: a table, and longer than a function may be.
macro_rules! unsaid {
    ($id:expr, $name_sv:expr, $name_en:expr, $organisation:expr) => {
        Client {
            id: $id,
            name_sv: $name_sv.to_owned(),
            name_en: $name_en.to_owned(),
            logo: None,
            organisation: $organisation,
            profile: Profile::default(),
            redirect_uris: Vec::new(),
            jwks: None,
            jwks_uri: None,
            token_endpoint_auth_signing_alg: None,
            secret_sha256: None,
            token_endpoint_auth_method: None,
            tls_client_auth_subject_dn: None,
            tls_client_auth_san_dns: None,
            tls_client_auth_san_email: None,
            tls_client_auth_san_ip: None,
            tls_client_auth_san_uri: None,
            tls_client_certificate_bound_access_tokens: false,
            grant_types: code_only(),
            dpop_bound_access_tokens: false,
            requests: Requests::Any,
            response_modes: Vec::new(),
            resource: None,
            notification_endpoint: None,
            stay_days: days_logged_in(),
            stay_idle_days: days_idle(),
            scopes: Vec::new(),
            naming: Vec::new(),
            require_pkce: yes(),
            audiences: Vec::new(),
            authorization_details_types: Vec::new(),
            assurance: lowest(),
            application_type: ApplicationType::Web,
            sso_group: None,
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            offline_access_ends_with_session: false,
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
    };
}

impl Client {
    /// A public service that logs people in at level 2, sent its answers nowhere yet.
    pub fn new(id: ClientId, name_sv: &str, name_en: &str, organisation: OrganisationNumber) -> Self {
        unsaid!(id, name_sv, name_en, organisation)
    }

    /// How it proves itself.
    pub fn authentication(&self) -> Authentication {
        match (self.token_endpoint_auth_method, &self.secret_sha256, self.has_keys()) {
            (Some(method), _, _) => method,
            // Keys beside a secret or a certificate are for its request objects, or for what is encrypted to it.
            (None, Some(_), _) => Authentication::SecretBasic,
            (None, None, _) if !self.certificate_subjects().is_empty() => Authentication::Tls,
            (None, None, true) => Authentication::PrivateKeyJwt,
            (None, None, false) => Authentication::None,
        }
    }

    /// What its certificate must say; a registration that is sound has one at most.
    pub fn certificate_subjects(&self) -> Vec<Subject> {
        let subjects = [
            self.tls_client_auth_subject_dn.clone().map(Subject::Dn),
            self.tls_client_auth_san_dns.clone().map(Subject::SanDns),
            self.tls_client_auth_san_email.clone().map(Subject::SanEmail),
            self.tls_client_auth_san_ip.map(Subject::SanIp),
            self.tls_client_auth_san_uri.clone().map(Subject::SanUri),
        ];
        subjects.into_iter().flatten().collect()
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
    pub fn is_public(&self) -> bool {
        self.authentication() == Authentication::None
    }

    /// What it proves itself by is there, and nothing stands beside it that it could be mistaken for.
    fn has_what_it_proves_by(&self) -> bool {
        let subjects = self.certificate_subjects();
        let has_subject = subjects.len() == 1 && subjects.iter().all(Subject::is_readable);
        match self.authentication() {
            Authentication::None => subjects.is_empty() && self.secret_sha256.is_none(),
            Authentication::PrivateKeyJwt | Authentication::SelfSignedTls => subjects.is_empty() && self.secret_sha256.is_none() && self.has_keys(),
            Authentication::SecretBasic | Authentication::SecretPost => subjects.is_empty() && self.secret_sha256.is_some(),
            Authentication::Tls => has_subject && self.secret_sha256.is_none(),
        }
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
        let leaves_out_pkce_by_right = self.require_pkce || (!self.is_public() && self.profile != Profile::Fapi2);
        // Without a proof anybody could be this client (RFC 6749 §4.4), and ask for people in its name (CIBA §4).
        let needs_proof = |grant: &GrantType| matches!(grant, GrantType::Ciba | GrantType::ClientCredentials);
        let acts_alone_with_proof = !(self.is_public() && self.grant_types.iter().any(needs_proof));
        let stays_soundly = (1..=self.stay_days).contains(&self.stay_idle_days);
        let has_names = Naming::are_sound(&self.naming, &self.scopes);
        // A signature is asked for by a signed request only (OIDC Sweden signature extension §3.1.2).
        let signs_with_keys = self.has_keys() || !self.scopes.iter().any(|scope| sign_request::SCOPES.contains(&scope.as_str()));
        let all = [
            is_readable,
            has_one_place_of_keys,
            self.has_what_it_proves_by(),
            may_share_a_secret,
            has_address,
            acts_alone_with_proof,
            leaves_out_pkce_by_right,
            has_names,
            signs_with_keys,
            stays_soundly,
            self.is_protected_soundly(),
            self.logs_out_soundly(),
        ];
        !all.contains(&false)
    }

    /// Whole web addresses: a fragment would swallow what is added (Back-Channel Logout §2.2, Front-Channel Logout §2).
    fn logs_out_soundly(&self) -> bool {
        let is_whole = |address: &String| {
            let is_web = address.starts_with("https://") || address.starts_with("http://");
            is_web && !address.contains(['#', ' ', ';', ',', '"', '\''])
        };
        let told = self.backchannel_logout_uri.iter().chain(&self.frontchannel_logout_uri);
        told.into_iter().all(is_whole)
            && self.post_logout_redirect_uris.iter().all(|address| !address.contains([' ', ';', '"']) && address.contains(':'))
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
