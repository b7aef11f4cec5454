//! Single sign-on: whoever is logged in at one service of a group comes into another one without the phone (SE-11 … SE-15).
//!
//! Invariants: identity, phone and policy are read at every use (attack 7); the person sees who asks and what is sent, with a way out,
//! unless they said before that this service may have exactly this; what is signed neither makes nor uses a log-in (SG-05).

mod ask;
pub(super) mod offers;
mod standing;

pub(super) use ask::{answer, ask, show};
pub(super) use standing::{Candidate, Next, next};

use handslag_protocol::authorize::AuthorizationRequest;
use handslag_store::Tx;
use handslag_vocab::{SecretHash, SessionId};

use super::logout::{self, Why};
use crate::{
    caller::Rng,
    config::{self, SsoGroup},
    identity::Affiliation,
    login::{SsoSession, sso_sessions},
    phone::Phone,
    problem::Problem,
    server::Server,
};
use handslag_vocab::{ApprovalId, Assurance, Secret, UnixTime};

/// The group of a service.
pub(super) fn group_of<'a>(server: &'a Server, client: &config::Client) -> Option<&'a SsoGroup> {
    let name = client.sso_group.as_deref()?;
    server.config.sso_groups.iter().find(|group| group.name == name)
}

/// A full authentication that a browser has brought home.
pub(super) struct Fresh<'a> {
    pub(super) approval: &'a ApprovalId,
    pub(super) affiliation: &'a Affiliation,
    pub(super) phone: &'a Phone,
    pub(super) level: Assurance,
    pub(super) authenticated_at: UnixTime,
    /// What the browser had before.
    pub(super) cookie: Option<&'a SecretHash>,
}

/// Keeps the log-in, under a cookie that is new. What was there before of the same person comes along; what was another's ends.
/// Nothing is kept of an approval to sign or to open.
pub(super) async fn begin(
    tx: &mut Tx,
    server: &Server,
    client: &config::Client,
    request: &AuthorizationRequest,
    fresh: &Fresh<'_>,
    (now, rng): (UnixTime, &mut Rng),
) -> Result<Option<(SessionId, Secret)>, Problem> {
    if !request.details.is_empty() || request.signs().is_some() {
        return Ok(None);
    }
    let cookie = Secret::random("sso", rng);
    if let Some(old) = fresh.cookie {
        sso_sessions::move_to(tx, old, &cookie.hash(), &fresh.affiliation.person_id).await?;
        let others = sso_sessions::of_browser(tx, old, now).await?;
        logout::end(tx, &others, Why::AnotherPerson, (now, rng)).await?;
    }
    let group = group_of(server, client);
    let session = SsoSession {
        session_id: SessionId::at(now, rng),
        sso_group: group.map(|group| group.name.clone()),
        client_id: client.id.clone(),
        affiliation_id: fresh.affiliation.affiliation_id.clone(),
        phone_id: fresh.phone.phone_id.clone(),
        approval_id: fresh.approval.clone(),
        assurance: fresh.level,
        authenticated_at: fresh.authenticated_at,
        expires_at: fresh.authenticated_at + group.map_or(sso_sessions::LONGEST, SsoGroup::life),
    };
    sso_sessions::start(tx, &session, &cookie.hash(), now)?;
    Ok(Some((session.session_id, cookie)))
}
