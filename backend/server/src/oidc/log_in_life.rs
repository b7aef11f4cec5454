//! How long a log-in is good at a service, where it is shared and on which computers (SE-11, SE-13): for the pages, which say it in words.
//!
//! Nothing is sent when that time is over. OpenID Connect Back-Channel Logout §2 tells services of a log-*out*; a log-in that has become too old to
//! let anybody in anew was ended by nobody, and the service's own session is the service's own (docs/integrating.md).

use std::borrow::Borrow;

use handslag_vocab::{OrganisationId, Seconds};

use super::{clients, single_sign_on::group_of};
use crate::{
    config::{self, Client, Computers},
    problem::Problem,
    server::Server,
    words::Voice,
};

/// So many of an organisation's own services are looked through for a group's members.
const MOST: i64 = 500;

/// For one service.
pub struct LogInLife {
    /// So long the person comes in without the phone; none where the phone is needed each time.
    pub lasts: Option<Seconds>,
    /// The other services where the same log-in is good, by name.
    pub shared_with: Vec<String>,
    /// On what kind of computers.
    pub computers: Option<Computers>,
}

impl LogInLife {
    /// Whole hours, where it is whole hours and more than one; minutes otherwise.
    pub fn words(&self, voice: impl Borrow<Voice>) -> Option<String> {
        let minutes = self.lasts?.0 / 60;
        let (key, count) = if minutes > 60 && minutes % 60 == 0 { ("client-lasts-hours", minutes / 60) } else { ("client-lasts-minutes", minutes) };
        Some(voice.borrow().count(key, count))
    }
}

/// What the configuration says of a service; among the stored ones it looks in the service's own organisation.
pub async fn log_in_life(server: &Server, voice: Voice, organisation: &OrganisationId, client: &Client) -> Result<LogInLife, Problem> {
    let Some(group) = group_of(server, client) else { return Ok(LogInLife { lasts: None, shared_with: Vec::new(), computers: None }) };
    let stored = server.db.read(async |tx| clients::page(tx, organisation, "", MOST).await).await?;
    let stored: Vec<Client> = stored.iter().map(clients::Row::form).collect::<Result<_, _>>()?;
    let is_other = |other: &&config::Client| other.sso_group.as_deref() == Some(group.name.as_str()) && other.id != client.id;
    let others = server.config.clients.iter().chain(&stored).filter(is_other);
    let mut shared_with: Vec<String> = others.map(|other| clients::name(other, voice).to_owned()).collect();
    shared_with.sort();
    let lasts = client.profile.longest_session().map_or(group.life(), |longest| longest.min(group.life()));
    Ok(LogInLife { lasts: Some(lasts), shared_with, computers: Some(group.computers) })
}
