//! The log-ins of a browser as they are at this very request, and what they mean for a service that asks.

use std::collections::BTreeSet;

use handslag_policy::Act;
use handslag_protocol::{
    authorize::AuthorizationRequest,
    client::OFFLINE_ACCESS,
    oauth_error::OAuthError,
    single_sign_on::{Asking, Remembered, Standing, Step},
};
use handslag_store::Tx;
use handslag_vocab::{Assurance, SecretHash, SessionId, UnixTime};

use super::group_of;
use crate::{
    config::{self, SsoGroup},
    identity::{self, Affiliation, Known, Standing as IdentityStanding},
    login::{SsoSession, remembered, sso_sessions},
    oidc::{answer::is_named, clients},
    phone::{self, Phone, authority},
    problem::Problem,
    server::Server,
};

/// A log-in whose person, phone and right to this service are as they should be.
pub(in crate::oidc) struct Candidate {
    pub(in crate::oidc) session: SsoSession,
    pub(in crate::oidc) affiliation: Affiliation,
    pub(in crate::oidc) known: Known,
    pub(in crate::oidc) phone: Phone,
    /// What was reached, and still is.
    pub(in crate::oidc) level: Assurance,
    group: Option<String>,
    is_named: bool,
    remembered: Remembered,
}

/// What comes next.
pub(in crate::oidc) enum Next {
    Answer(Box<Candidate>),
    Ask(Box<Candidate>),
    LogIn,
    Refuse(OAuthError),
}

/// What the person is shown of this request, as it is remembered: what is told, whatever the service calls it.
pub(in crate::oidc) fn shown(request: &AuthorizationRequest) -> BTreeSet<&'static str> {
    let stays = request.is_offline().then_some(OFFLINE_ACCESS);
    request.shares().into_iter().map(|claim| claim.from.name()).chain(stays).collect()
}

/// Looks at the log-ins of this browser.
pub(in crate::oidc) async fn next(
    server: &Server,
    client: &config::Client,
    request: &AuthorizationRequest,
    cookie: Option<&SecretHash>,
    now: UnixTime,
) -> Result<Next, Problem> {
    let sessions = match cookie.filter(|_| client.sso_group.is_some()) {
        Some(cookie) => server.db.read_one(async |tx| sso_sessions::of_browser(tx, cookie, now).await).await?,
        None => Vec::new(),
    };
    let mut candidates = Vec::new();
    for session in sessions {
        candidates.extend(candidate(server, client, request, session, now).await?);
    }
    let standing: Vec<Standing<'_>> = candidates.iter().map(Candidate::standing).collect();
    let step = asking(server, client, request).step(&standing, now);
    let mut taken = |place: usize| Box::new(candidates.swap_remove(place));
    Ok(match step {
        Step::Answer(place) => Next::Answer(taken(place)),
        Step::Ask(place) => Next::Ask(taken(place)),
        Step::LogIn => Next::LogIn,
        Step::Refuse(error) => Next::Refuse(error),
    })
}

/// One log-in again, for the request that the person was asked about; nothing if it does not answer it any more.
pub(in crate::oidc) async fn of_session(
    server: &Server,
    client: &config::Client,
    request: &AuthorizationRequest,
    session: &SessionId,
    now: UnixTime,
) -> Result<Option<Candidate>, Problem> {
    let Some(session) = server.db.read_one(async |tx| sso_sessions::by_id(tx, session, now).await).await? else { return Ok(None) };
    let found = candidate(server, client, request, session, now).await?;
    Ok(found.filter(|found| found.standing().answers(&asking(server, client, request), now).is_ok()))
}

fn asking<'a>(server: &'a Server, client: &config::Client, request: &'a AuthorizationRequest) -> Asking<'a> {
    let group = group_of(server, client).map(|group| (group.name.as_str(), SsoGroup::life(group)));
    Asking { request, profile: client.profile, group, least: client.assurance }
}

/// Asked anew at every use: the identity, the phone, the policy (attack 7).
async fn candidate(
    server: &Server,
    client: &config::Client,
    request: &AuthorizationRequest,
    session: SsoSession,
    now: UnixTime,
) -> Result<Option<Candidate>, Problem> {
    // The service where the log-in was made belongs to that group still, or the log-in is nobody's any more.
    let made_at = clients::registered(server, &session.client_id).await?.and_then(|maker| maker.config.sso_group.clone());
    let group = session.sso_group.clone().filter(|group| made_at.as_ref() == Some(group));
    let found = server.db.read(async |tx| {
        let Some(phone) = phone::by_id(tx, &session.phone_id).await?.filter(|phone| phone.blocked_at.is_none()) else { return Ok(None) };
        let affiliation = identity::by_id(tx, &session.affiliation_id).await?;
        let organisation = identity::organisation_by_number(tx, &client.organisation).await?;
        let remembered = answered_before(tx, client, request, &affiliation).await?;
        let known = identity::known(tx, &affiliation).await?;
        Ok::<_, Problem>(organisation.map(|organisation| (phone, affiliation, known, organisation.organisation_id, remembered)))
    });
    let Some((phone, affiliation, known, organisation, remembered)) = found.await? else { return Ok(None) };
    let service = clients::asked_service(client, organisation);
    let is_allowed = authority::allowed(server, &affiliation, phone.tier, Act::LogIn { service }, now).is_ok();
    if affiliation.standing(now) != IdentityStanding::Good || !is_allowed {
        return Ok(None);
    }
    let level = session.assurance.min(Assurance::of(affiliation.assurance, phone.tier.assurance(), Assurance::Loa3));
    let is_named = is_named(server, client, request, &known)?;
    Ok(Some(Candidate { session, affiliation, known, phone, level, group, is_named, remembered }))
}

async fn answered_before(
    tx: &mut Tx,
    client: &config::Client,
    request: &AuthorizationRequest,
    affiliation: &Affiliation,
) -> Result<Remembered, Problem> {
    let shown = shown(request);
    let answers = remembered::of(tx, &affiliation.affiliation_id).await?;
    let here: Vec<BTreeSet<&str>> = answers.iter().filter(|answer| answer.client_id == client.id).map(remembered::Remembered::shown).collect();
    Ok(if here.is_empty() {
        Remembered::Nothing
    } else if here.iter().any(|answer| shown.is_subset(answer)) {
        Remembered::This
    } else {
        Remembered::Less
    })
}

impl Candidate {
    fn standing(&self) -> Standing<'_> {
        Standing {
            subject: &self.affiliation.subject,
            authenticated_at: self.session.authenticated_at,
            level: self.level,
            group: self.group.as_deref(),
            is_named: self.is_named,
            remembered: self.remembered,
        }
    }
}
