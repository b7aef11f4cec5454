//! What a person is called towards a service (OpenID Connect Core §8): one random name for all, or another one in each sector, so
//! that services cannot put together what they know of one person.

use handslag_keys::Kind;
use handslag_vocab::{Digest, UnixTime};

use crate::{
    config::{Client, SubjectType},
    problem::Problem,
    server::Server,
};

/// `sub` for this service, of somebody whose public name is this. The secret behind a pairwise one never changes (architecture §6).
pub(super) fn told(server: &Server, client: &Client, public: &str) -> Result<String, Problem> {
    if client.subject_type == SubjectType::Public {
        return Ok(public.to_owned());
    }
    let sector = client.sector().ok_or_else(|| Problem::internal(&std::io::Error::other("a service with pairwise names has no sector")))?;
    // Both parts are without zero bytes, so that no other pair gives the same text.
    let label = format!("subject\0{sector}\0{public}");
    Ok(Digest(server.keys.mac(Kind::PairwiseSubject, label.as_bytes())?).to_base64url())
}

/// Whether the address that an answer goes to is one of the sector that the service names (§8.1): who owns the sector says so, in a
/// list at `sector_identifier_uri`. Otherwise any service could learn another sector's names.
pub(super) async fn is_of_its_sector(server: &Server, client: &Client, redirect_uri: &str, now: UnixTime) -> bool {
    let Some(list) = client.sector_identifier_uri.as_ref().filter(|_| client.subject_type == SubjectType::Pairwise) else { return true };
    let listed = server.key_sets.sectors.at(list, &server.outward, now).await;
    listed.is_some_and(|listed| listed.iter().any(|uri| uri == redirect_uri))
}
