//! Registered services, of the configuration file and stored ones. Each is read once into the two forms that are needed of it: what
//! its organisation decided, and the protocol's view of it with its keys parsed. Who asks for a client gets both and parses nothing.
//!
//! Invariants: a stored service belongs to one organisation for good and its id is never given again; it is judged by the same rules as
//! one of the file, on the state that would result; a change counts on every node with the next request, because each reads the row's
//! version before it uses what it has kept (attack 21, 29).

mod acts;
mod form;
mod stored;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use handslag_protocol::{
    client::{Client as ProtocolClient, ClientKind, Logout, Registration, RequestObjects},
    jose,
    oauth_error::OAuthError,
    registration,
};

pub use acts::{By, Given, Step, change, refused, register, renew_secret, step};
pub use form::{Draft, Settings, drafted, renamed};
use handslag_store::{Error, Tx};
use handslag_vocab::{ClientId, OrganisationId, OrganisationNumber};
pub use stored::{Row, are_pages_of_some, by_management, page};

use super::signed::ready;
use crate::{
    config::{ApplicationType, Client, ObjectSigning},
    problem::Problem,
    server::Server,
    words::Voice,
};

/// One registered service.
#[derive(Debug)]
pub struct Registered {
    /// What its organisation decided.
    pub config: Client,
    /// The protocol's view.
    pub client: ProtocolClient,
}

impl Registered {
    /// Reads one.
    pub fn new(config: Client) -> Result<Self, jose::Refusal> {
        let client = ProtocolClient {
            id: config.id.clone(),
            kind: kind(&config),
            authentication: config.authentication(),
            secret: config.secret(),
            grant_types: config.grant_types.clone(),
            redirect_uris: config.redirect_uris.clone(),
            scopes: config.scopes.clone(),
            profile: config.profile,
            registration: registration(&config),
            keys: config.keys()?,
        };
        Ok(Self { config, client })
    }
}

/// The services of this node's configuration, read when it starts, and the stored ones that were asked for, each as of a version.
#[derive(Debug, Default)]
pub struct Clients {
    of_the_file: HashMap<ClientId, Arc<Registered>>,
    stored: Mutex<HashMap<ClientId, (i64, Arc<Registered>)>>,
}

/// A node that meets more stored services forgets all and begins again.
const MOST_KEPT: usize = 4_096;

impl Clients {
    /// Reads those of the file.
    pub fn new(of_the_file: &[Client]) -> Result<Self, jose::Refusal> {
        let read = of_the_file.iter().map(|client| Ok((client.id.clone(), Arc::new(Registered::new(client.clone())?))));
        Ok(Self { of_the_file: read.collect::<Result<_, _>>()?, stored: Mutex::default() })
    }

    /// One of the configuration file.
    pub fn of_the_file(&self, id: &ClientId) -> Option<&Arc<Registered>> {
        self.of_the_file.get(id)
    }

    /// Those that the file has for an organisation, in the order of their ids.
    pub fn of_organisation(&self, organisation: &OrganisationNumber) -> Vec<&Arc<Registered>> {
        let mut found: Vec<_> = self.of_the_file.values().filter(|one| one.config.organisation == *organisation).collect();
        found.sort_unstable_by(|one, other| one.config.id.cmp(&other.config.id));
        found
    }

    /// The organisation whose service in the file is this resource.
    fn organisation_of_resource(&self, resource: &str) -> Option<&OrganisationNumber> {
        let is_it = |one: &&Arc<Registered>| one.config.resource.as_deref() == Some(resource);
        self.of_the_file.values().find(is_it).map(|one| &one.config.organisation)
    }

    fn kept(&self, id: &ClientId, version: i64) -> Option<Arc<Registered>> {
        let kept = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(id).filter(|(of, _)| *of == version).map(|(_, registered)| Arc::clone(registered))
    }

    fn keep(&self, version: i64, registered: &Arc<Registered>) {
        let mut kept = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(registered.config.id.clone(), (version, Arc::clone(registered)));
    }
}

/// Why a service is not registered, or not changed. Nothing is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRegistered {
    /// Its tokens would be taken by another organisation's interfaces.
    #[error("an audience is not a resource of this organisation")]
    Audience,
    /// As many as the policy has room for are registered.
    #[error("no more services may be registered under this policy")]
    Full,
    /// There is none to renew.
    #[error("this service does not prove itself with a secret")]
    NoSecret,
    /// The protocol has no such registration.
    #[error(transparent)]
    Protocol(#[from] registration::Refusal),
    /// Somebody else has changed it meanwhile.
    #[error("the registration has been changed meanwhile")]
    Stale,
    /// The id, or the resource, is another service's.
    #[error("the client_id or the resource belongs to another service")]
    Taken,
    /// A member that could not be honoured.
    #[error("{0} cannot be kept with this value here, so nothing was registered")]
    Unkept(String),
    /// The whole makes no sense.
    #[error("the registration as a whole is not sound: see the rules for services in the operator's manual")]
    Unsound,
}

impl NotRegistered {
    /// A stable name for the journal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::Full => "full",
            Self::NoSecret => "no_secret",
            Self::Protocol(refusal) => refusal.code(),
            Self::Stale => "stale",
            Self::Taken => "taken",
            Self::Unkept(_) => "unkept",
            Self::Unsound => "unsound",
        }
    }

    /// The code that a program gets (RFC 7591 §3.2.2).
    pub const fn oauth(&self) -> OAuthError {
        match self {
            Self::Full => OAuthError::AccessDenied,
            Self::Protocol(refusal) => refusal.oauth(),
            _ => OAuthError::InvalidClientMetadata,
        }
    }
}

/// The audience of tokens that open the administration.
pub fn administration_audience(server: &Server) -> String {
    format!("{}/admin", server.config.issuer)
}

/// One registered service, with the keys that its answers need. Not within a unit of work: it may read the database itself, or what
/// the service publishes.
pub(super) async fn registered(server: &Server, id: &ClientId) -> Result<Option<Arc<Registered>>, Problem> {
    let found = match server.clients.of_the_file.get(id) {
        Some(found) => Some(Arc::clone(found)),
        None => server.db.read(async |tx| stored_one(tx, server, id).await).await?,
    };
    match found {
        Some(found) => Ok(Some(ready(server, found, server.clock.now()).await?)),
        None => Ok(None),
    }
}

/// The same within a unit of work, without the keys that its answers need.
pub(super) async fn known(tx: &mut Tx, server: &Server, id: &ClientId) -> Result<Option<Arc<Registered>>, Problem> {
    match server.clients.of_the_file.get(id) {
        Some(found) => Ok(Some(Arc::clone(found))),
        None => stored_one(tx, server, id).await,
    }
}

/// Whether it still is a service here: one that was suspended, ended or taken out of the file holds nothing that lives.
pub(super) async fn stands(tx: &mut Tx, server: &Server, id: &ClientId) -> Result<bool, Error> {
    Ok(server.clients.of_the_file.contains_key(id) || stored::version(tx, id).await?.is_some())
}

/// A stored one, while people may log in there. What is kept of it counts only if it is the newest.
async fn stored_one(tx: &mut Tx, server: &Server, id: &ClientId) -> Result<Option<Arc<Registered>>, Problem> {
    let Some(version) = stored::version(tx, id).await? else { return Ok(None) };
    if let Some(kept) = server.clients.kept(id, version) {
        return Ok(Some(kept));
    }
    let Some(row) = stored::by_id(tx, id).await?.filter(|row| row.suspended_at.is_none()) else { return Ok(None) };
    let registered = Arc::new(Registered::new(row.form()?).map_err(|error| Problem::internal(&error))?);
    server.clients.keep(row.version, &registered);
    Ok(Some(registered))
}

/// Does what is done for a service that is not of the file, so that one of the file takes no less time to refuse.
pub(super) async fn looked_for(server: &Server, id: &ClientId) -> Result<(), Problem> {
    Ok(server.db.read_one(async |tx| stored::version(tx, id).await).await.map(drop)?)
}

/// A stored one of this organisation, suspended or not; another's does not exist (attack 29).
pub async fn of_organisation(tx: &mut Tx, organisation: &OrganisationId, id: &ClientId) -> Result<Option<Row>, Error> {
    Ok(stored::by_id(tx, id).await?.filter(|row| row.organisation_id == *organisation))
}

/// Whose a stored one is.
pub(super) async fn owner(tx: &mut Tx, id: &ClientId) -> Result<Option<OrganisationId>, Error> {
    Ok(stored::by_id(tx, id).await?.map(|row| row.organisation_id))
}

/// What it registered beside the least.
fn registration(client: &Client) -> Registration {
    Registration {
        authorization_details: client.authorization_details_types.clone(),
        naming: client.naming.clone(),
        pkce_optional: !client.require_pkce,
        assertion_algorithm: client.token_endpoint_auth_signing_alg,
        authorization_response: client.authorization_response(),
        id_token: client.id_token(),
        introspection: client.introspection(),
        certificate_subject: client.certificate_subjects().into_iter().next(),
        logout: Logout {
            backchannel_logout_uri: client.backchannel_logout_uri.clone(),
            frontchannel_logout_uri: client.frontchannel_logout_uri.clone(),
            frontchannel_logout_session_required: client.frontchannel_logout_session_required,
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
        },
        notification_endpoint: client.notification_endpoint.clone(),
        requires_par: client.requests.are_pushed(),
        request_objects: RequestObjects {
            required: client.requests.are_signed(),
            algorithm: client.request_object_signing_alg.and_then(ObjectSigning::algorithm),
            unsigned: client.request_object_signing_alg == Some(ObjectSigning::NONE),
            uris: client.request_uris.clone(),
        },
        resources: client.audiences.clone(),
        response_modes: client.response_modes.clone(),
        userinfo: client.userinfo(),
    }
}

/// Its name in the person's language.
pub(super) fn name(client: &Client, voice: Voice) -> &str {
    if voice.tag() == "en" { &client.name_en } else { &client.name_sv }
}

/// Policy's view of it.
pub(super) fn asked_service(client: &Client, organisation: OrganisationId) -> handslag_policy::Service {
    let kinds = handslag_policy::Kind::ALL.into_iter().collect();
    handslag_policy::Service { client: client.id.clone(), organisation, kinds, level: client.assurance, unit: None, role: None }
}

fn kind(client: &Client) -> ClientKind {
    match (client.is_public(), client.application_type) {
        (false, _) => ClientKind::Confidential,
        (true, ApplicationType::Native) => ClientKind::Native,
        (true, ApplicationType::Web) => ClientKind::Browser,
    }
}
