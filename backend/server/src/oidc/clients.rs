//! Registered services. Each is read once into the two forms that are needed of it: what its organisation decided, and the protocol's
//! view of it with its keys parsed. Who asks for a client gets both and parses nothing.

use std::{collections::HashMap, sync::Arc};

use handslag_protocol::{
    client::{Client as ProtocolClient, ClientKind, Logout, Registration, RequestObjects},
    jose,
};
use handslag_vocab::{ClientId, OrganisationId};

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
    fn new(config: Client) -> Result<Self, jose::Refusal> {
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

/// The services of this node's configuration, read when it starts.
#[derive(Debug, Default)]
pub struct Clients {
    of_the_file: HashMap<ClientId, Arc<Registered>>,
}

impl Clients {
    /// Reads those of the file.
    pub fn new(of_the_file: &[Client]) -> Result<Self, jose::Refusal> {
        let read = of_the_file.iter().map(|client| Ok((client.id.clone(), Arc::new(Registered::new(client.clone())?))));
        Ok(Self { of_the_file: read.collect::<Result<_, _>>()? })
    }
}

/// One registered service, with the keys that its answers need. Not within a unit of work: it may read the database itself, or what
/// the service publishes.
pub(super) async fn registered(server: &Server, id: &ClientId) -> Result<Option<Arc<Registered>>, Problem> {
    match server.clients.of_the_file.get(id).cloned() {
        Some(found) => Ok(Some(ready(server, found, server.clock.now()).await?)),
        None => Ok(None),
    }
}

/// What it registered beside the least.
fn registration(client: &Client) -> Registration {
    Registration {
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
        ..Registration::default()
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
