//! Client registration metadata (RFC 7591, RFC 7592, OIDC Dynamic Client Registration 1.0), judged on the state that results.
//!
//! A request says all of a registration: what it leaves out is gone or has its default, also in an update (RFC 7592 §2.2), and
//! the whole is judged at once. So no order of small changes leads where one request could not (attack 21). Members that are not
//! known are ignored (RFC 7591 §2); what a client may be is the policy's and never the request's to say.

mod addresses;
mod cryptography;
mod members;
mod people;
mod refusal;
mod statement;
#[cfg(test)]
mod tests;

use handslag_vocab::{ClientId, Secret, SecretHash};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use refusal::Refusal;
pub use statement::UnverifiedStatement;

use self::members::Members;
use crate::{
    authorization_details::DetailType,
    client::{Client, ClientKind, GrantType, Registration},
    client_authentication::Authentication,
    jose::{Claims, JwkSet},
    profile::Profile,
    strict_json,
};

/// Under what a client is registered: named by an administrator. The default allows as good as nothing.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// What the client will be held to.
    pub profile: Profile,
    /// An administrator registers: only then may a confidential client be registered without PKCE (`require_pkce` false).
    pub by_administrator: bool,
    /// How the client may authenticate, as far as the profile has it.
    pub authentications: Vec<Authentication>,
    /// Kinds of addresses that answers may go to, beside plain https.
    pub redirects: Vec<Redirect>,
    /// Scopes beside `openid` that may be asked for.
    pub scopes: Vec<String>,
    /// What registered software may be: a statement is demanded.
    pub demands_statement: bool,
    /// Grants that may be registered.
    pub grants: Vec<GrantType>,
    /// Types of `authorization_details` that may be registered (RFC 9396 §10).
    pub details: Vec<DetailType>,
}

/// A kind of address beside plain https, for programs on a device (RFC 8252 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redirect {
    /// The literal loopback address with a free port (§7.3).
    Loopback,
    /// A scheme that is a reversed domain name (§7.1).
    PrivateUse,
}

impl Redirect {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Loopback, Self::PrivateUse];
}

/// Where the client's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// At this address (`jwks_uri`), to be fetched by the guarded caller.
    At(String),
    /// In the registration (`jwks`); empty for a client that has none.
    Inline(JwkSet),
}

/// What tokens are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderConstraint {
    /// A DPoP key (`dpop_bound_access_tokens`, RFC 9449 §5.2).
    Dpop,
    /// A certificate (`tls_client_certificate_bound_access_tokens`, RFC 8705 §3.4).
    Tls,
}

/// A registration that is whole.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// What kind of program it is.
    pub kind: ClientKind,
    /// How it authenticates.
    pub authentication: Authentication,
    /// Its keys.
    pub keys: Keys,
    /// Its grants.
    pub grants: Vec<GrantType>,
    /// Where answers go.
    pub redirect_uris: Vec<String>,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// What it is held to.
    pub profile: Profile,
    /// What tokens are bound to, if it binds them always.
    pub sender_constraint: Option<SenderConstraint>,
    /// Subjects differ by sector (`subject_type` `pairwise`).
    pub pairwise: bool,
    /// All that the protocol reads.
    pub registration: Registration,
    /// The members as they now stand, defaults included, for the answer (RFC 7591 §3.2.1), pages and the store.
    pub members: Map<String, Value>,
}

impl Metadata {
    /// The protocol's view, with the keys as they are inline or were fetched, and the hash of the secret that was given out.
    pub fn client(&self, id: ClientId, keys: JwkSet, secret: Option<SecretHash>) -> Client {
        Client {
            id,
            kind: self.kind,
            authentication: self.authentication,
            secret,
            grant_types: self.grants.iter().copied().collect(),
            redirect_uris: self.redirect_uris.clone(),
            scopes: self.scopes.clone(),
            keys,
            profile: self.profile,
            registration: self.registration.clone(),
        }
    }
}

/// A request in which nothing is checked.
#[derive(Clone, Debug)]
pub struct RegistrationRequest {
    members: Map<String, Value>,
    is_stated: bool,
}

/// A bound against exhaustion.
const LONGEST: usize = 64 * 1024;

type Check = fn(&Candidate<'_>) -> Result<(), Refusal>;

/// The state as it would be; each check sees all of it.
struct Candidate<'a> {
    metadata: &'a Metadata,
    members: &'a Members,
    policy: &'a Policy,
}

/// In order: addresses first, because only they have a code of their own (RFC 7591 §3.2.2).
const CHECKS: [Check; 15] = [
    addresses::redirects_are_there_and_fit_the_kind,
    addresses::others_are_on_the_web,
    grants_are_allowed,
    responses_are_codes,
    cryptography::authentication_is_allowed,
    cryptography::keys_are_where_they_are_needed,
    cryptography::assertions_can_be_verified,
    cryptography::request_objects_can_be_verified,
    cryptography::answers_can_be_made,
    cryptography::tokens_are_bound_where_they_must,
    pkce_is_left_out_by_right,
    scopes_are_allowed,
    details_are_allowed,
    subjects_can_be_made,
    people::know_whom_they_meet,
];

/// One JSON object with each member once, also within, and not too long.
pub fn read_object(json: &[u8]) -> Result<Map<String, Value>, Refusal> {
    Some(json).filter(|json| json.len() <= LONGEST).and_then(strict_json::object).ok_or(Refusal::Form)
}

impl RegistrationRequest {
    /// Takes the body.
    pub fn parse(json: &[u8]) -> Result<Self, Refusal> {
        read_object(json).map(Self::of)
    }

    /// Takes members that were read already, each once.
    pub const fn of(members: Map<String, Value>) -> Self {
        Self { members, is_stated: false }
    }

    /// The software statement (RFC 7591 §2.3), to be verified with the key of whom the policy names, and given to
    /// [`Self::stated`].
    pub fn statement(&self) -> Option<&str> {
        self.members.get("software_statement").and_then(Value::as_str)
    }

    /// The scopes that are asked for, beside `openid`.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scope = self.members.get("scope").and_then(Value::as_str).unwrap_or_default();
        scope.split(' ').filter(|scope| !scope.is_empty() && *scope != "openid")
    }

    /// The secret that an update repeats, which it may and must not change (RFC 7592 §2.2).
    pub fn secret(&self) -> Option<Secret> {
        self.members.get("client_secret").and_then(Value::as_str).map(Secret::presented)
    }

    /// Takes the claims of the verified statement: what it says goes before what the request says.
    #[must_use]
    pub fn stated(mut self, claims: &Claims) -> Self {
        let about_the_token = ["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "software_statement"];
        let said = claims.members().iter().filter(|(name, _)| !about_the_token.contains(&name.as_str()));
        self.members.extend(said.map(|(name, value)| (name.clone(), value.clone())));
        Self { is_stated: true, ..self }
    }

    /// The client that an update names (RFC 7592 §2.2): it must be the one whose address it was sent to, and none in a new
    /// registration.
    pub fn names(&self, client: Option<&ClientId>) -> Result<(), Refusal> {
        let named = self.members.get("client_id").map(|value| value.as_str().unwrap_or_default());
        if named == client.map(ClientId::as_str) { Ok(()) } else { Err(Refusal::ClientId) }
    }

    /// Judges what would result. A refusal changes nothing.
    pub fn judge(self, policy: &Policy) -> Result<Metadata, Refusal> {
        if !self.is_stated && (policy.demands_statement || self.members.contains_key("software_statement")) {
            return Err(Refusal::Statement);
        }
        let members = Members::new(self.members);
        let metadata = read(&members, policy)?;
        let candidate = Candidate { metadata: &metadata, members: &members, policy };
        CHECKS.iter().try_for_each(|check| check(&candidate))?;
        Ok(Metadata { members: members.standing(&metadata), ..metadata })
    }
}

/// The members as values of ours; a member of another type or an unknown word is refused.
fn read(members: &Members, policy: &Policy) -> Result<Metadata, Refusal> {
    let authentication = members.word("token_endpoint_auth_method", &Authentication::ALL, Authentication::name)?;
    // RFC 7591 §2: so says the standard, and where that is not allowed the refusal tells what is.
    let authentication = authentication.unwrap_or(Authentication::SecretBasic);
    let is_native = match members.text("application_type")? {
        None | Some("web") => false,
        Some("native") => true,
        Some(_) => return Err(Refusal::Member),
    };
    let kind = match authentication {
        Authentication::None if is_native => ClientKind::Native,
        Authentication::None => ClientKind::Browser,
        _ => ClientKind::Confidential,
    };
    let keys = match (members.value("jwks"), members.text("jwks_uri")?) {
        (Some(_), Some(_)) => return Err(Refusal::Keys),
        (Some(keys), None) => Keys::Inline(JwkSet::parse(&keys.to_string()).map_err(|_| Refusal::Keys)?),
        (None, Some(address)) => Keys::At(address.to_owned()),
        (None, None) => Keys::Inline(JwkSet::default()),
    };
    let grants = members.words("grant_types", &GrantType::ALL, GrantType::as_str)?.unwrap_or_else(|| vec![GrantType::AuthorizationCode]);
    let scopes = members.text("scope")?.unwrap_or_default().split(' ').filter(|scope| !scope.is_empty() && *scope != "openid");
    let pairwise = match members.text("subject_type")? {
        None | Some("public") => false,
        Some("pairwise") => true,
        Some(_) => return Err(Refusal::Subject),
    };
    Ok(Metadata {
        kind,
        authentication,
        keys,
        grants,
        redirect_uris: members.texts("redirect_uris")?,
        scopes: scopes.map(str::to_owned).collect(),
        profile: policy.profile,
        sender_constraint: cryptography::sender_constraint(members)?,
        pairwise,
        registration: cryptography::registration(members, policy)?,
        members: Map::new(),
    })
}

fn grants_are_allowed(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { metadata, policy, .. } = candidate;
    let is_allowed = metadata.grants.iter().all(|grant| *grant == GrantType::AuthorizationCode || policy.grants.contains(grant));
    // A public client proves nothing, so nothing can be given to it for its own sake (RFC 6749 §4.4).
    let is_own = |grant: &GrantType| matches!(grant, GrantType::ClientCredentials | GrantType::TokenExchange | GrantType::Ciba);
    let is_proven = metadata.kind == ClientKind::Confidential || !metadata.grants.iter().any(is_own);
    if is_allowed && is_proven && !metadata.grants.is_empty() { Ok(()) } else { Err(Refusal::Grants) }
}

/// OIDC Sweden profile §2.1.1; attack 20.
fn responses_are_codes(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let responses = candidate.members.texts("response_types")?;
    if responses.iter().all(|response| response == "code") { Ok(()) } else { Err(Refusal::ResponseTypes) }
}

/// FAPI 2.0 Security Profile §5.3.2.2 and RFC 9700 §2.1.1.
fn pkce_is_left_out_by_right(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { metadata, policy, .. } = candidate;
    let may = policy.by_administrator && metadata.kind == ClientKind::Confidential && policy.profile != Profile::Fapi2;
    if may || !metadata.registration.pkce_optional { Ok(()) } else { Err(Refusal::Pkce) }
}

fn scopes_are_allowed(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { metadata, policy, .. } = candidate;
    if metadata.scopes.iter().all(|scope| policy.scopes.contains(scope)) { Ok(()) } else { Err(Refusal::Scope) }
}

/// RFC 9396 §10: whose doors and documents a program may ask for is the organisation's to say.
fn details_are_allowed(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { metadata, policy, .. } = candidate;
    let are_allowed = metadata.registration.authorization_details.iter().all(|kind| policy.details.contains(kind));
    if are_allowed { Ok(()) } else { Err(Refusal::Details) }
}

/// OIDC Core §8.1: addresses at several hosts leave the sector open, unless the client says which document lists them.
fn subjects_can_be_made(candidate: &Candidate<'_>) -> Result<(), Refusal> {
    let Candidate { metadata, members, .. } = candidate;
    let mut hosts: Vec<&str> = metadata.redirect_uris.iter().filter_map(|uri| uri.split('/').nth(2)).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let is_clear = hosts.len() <= 1 || members.text("sector_identifier_uri")?.is_some();
    if is_clear || !metadata.pairwise { Ok(()) } else { Err(Refusal::Subject) }
}
