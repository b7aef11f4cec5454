//! Registered services, as the configuration file names them, in the protocol's view.

use handslag_protocol::{
    client::{Client as ProtocolClient, ClientKind, Registration},
    jose::JwkSet,
    profile::Profile,
};
use handslag_vocab::ClientId;

use crate::{config::Client, problem::Problem, server::Server};

/// One registered service.
pub(super) fn registered<'a>(server: &'a Server, id: &ClientId) -> Option<&'a Client> {
    server.config.clients.iter().find(|client| client.id == *id)
}

/// The protocol's view of it.
pub(super) fn view(client: &Client) -> Result<ProtocolClient, Problem> {
    let (kind, keys) = match &client.jwks {
        Some(jwks) => (ClientKind::Confidential, JwkSet::parse(&jwks.to_string()).map_err(|error| Problem::internal(&error))?),
        None if client.native => (ClientKind::Native, JwkSet::default()),
        None => (ClientKind::Browser, JwkSet::default()),
    };
    let (id, redirect_uris, scopes) = (client.id.clone(), client.redirect_uris.clone(), client.scopes.clone());
    let registration = Registration { resources: client.audiences.clone(), ..Registration::default() };
    Ok(ProtocolClient { id, kind, redirect_uris, scopes, keys, profile: Profile::Strict, registration })
}
