//! Registered services, as the configuration file names them, in the protocol's view.

use handslag_protocol::{
    client::{Client as ProtocolClient, ClientKind, Registration, RequestObjects},
    jose::JwkSet,
};
use handslag_vocab::{ClientId, OrganisationId};

use crate::{
    config::{ApplicationType, Client, Requests},
    problem::Problem,
    server::Server,
};

/// One registered service.
pub(super) fn registered<'a>(server: &'a Server, id: &ClientId) -> Option<&'a Client> {
    server.config.clients.iter().find(|client| client.id == *id)
}

/// The protocol's view of it.
pub(super) fn view(client: &Client) -> Result<ProtocolClient, Problem> {
    let keys = client.jwks.as_ref().map_or_else(|| Ok(JwkSet::default()), |jwks| JwkSet::parse(&jwks.to_string()));
    Ok(ProtocolClient {
        id: client.id.clone(),
        kind: kind(client),
        authentication: client.authentication().ok_or_else(|| Problem::internal(&std::io::Error::other("a client's secret is no digest")))?,
        grant_types: client.grant_types.clone(),
        redirect_uris: client.redirect_uris.clone(),
        scopes: client.scopes.clone(),
        profile: client.profile,
        registration: registration(client),
        keys: keys.map_err(|error| Problem::internal(&error))?,
    })
}

/// What it registered beside the least.
fn registration(client: &Client) -> Registration {
    Registration {
        notification_endpoint: client.notification_endpoint.clone(),
        requires_par: client.requests == Requests::Pushed,
        request_objects: RequestObjects { required: client.requests == Requests::Signed, ..RequestObjects::default() },
        resources: client.audiences.clone(),
        response_modes: client.response_modes.clone(),
        ..Registration::default()
    }
}

/// Policy's view of it.
pub(super) fn asked_service(client: &Client, organisation: OrganisationId) -> handslag_policy::Service {
    let kinds = handslag_policy::Kind::ALL.into_iter().collect();
    handslag_policy::Service { client: client.id.clone(), organisation, kinds, level: client.assurance, unit: None, role: None }
}

const fn kind(client: &Client) -> ClientKind {
    match (client.is_public(), client.application_type) {
        (false, _) => ClientKind::Confidential,
        (true, ApplicationType::Native) => ClientKind::Native,
        (true, ApplicationType::Web) => ClientKind::Browser,
    }
}
