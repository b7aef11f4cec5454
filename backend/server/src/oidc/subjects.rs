//! What a person is called towards a service (OpenID Connect Core §8): one random name for all, or another one in each sector, so
//! that services cannot put together what they know of one person.

use handslag_protocol::authorize::AuthorizationRequest;
use handslag_vocab::UnixTime;

use crate::{
    config::{Client, SubjectType},
    identity::{self, Wanted},
    problem::Problem,
    server::Server,
};

/// `sub` for this service, of somebody whose public name is this.
pub(super) fn told(server: &Server, client: &Client, public: &str) -> Result<String, Problem> {
    identity::subject(server, sector(client)?.as_deref(), public)
}

/// Whom a request of this service wants.
pub(super) fn wanted(client: &Client, request: &AuthorizationRequest) -> Result<Wanted, Problem> {
    Ok(Wanted::of(request, sector(client)?))
}

/// None where people have one name for all services.
fn sector(client: &Client) -> Result<Option<String>, Problem> {
    if client.subject_type == SubjectType::Public {
        return Ok(None);
    }
    let sector = client.sector().ok_or_else(|| Problem::internal(&std::io::Error::other("a service with pairwise names has no sector")))?;
    Ok(Some(sector))
}

/// Whether the address that an answer goes to is one of the sector that the service names (§8.1): who owns the sector says so, in a
/// list at `sector_identifier_uri`. Otherwise any service could learn another sector's names.
pub(super) async fn is_of_its_sector(server: &Server, client: &Client, redirect_uri: &str, now: UnixTime) -> bool {
    let Some(list) = client.sector_identifier_uri.as_ref().filter(|_| client.subject_type == SubjectType::Pairwise) else { return true };
    let listed = server.key_sets.sectors.at(list, &server.outward, now).await;
    listed.is_some_and(|listed| listed.iter().any(|uri| uri == redirect_uri))
}
