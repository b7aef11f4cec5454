//! What a person sees of the own log-ins at services, and ends: for the pages, which read across the slices.

use std::collections::BTreeMap;

use axum::{http::HeaderMap, response::Response};
use handslag_protocol::attribute::Attribute;
use handslag_vocab::{AffiliationId, ClientId, SessionId, UnixTime};

use super::{
    clients,
    logout::{self, LoggedOut, Told, Why},
    service_sessions,
};
use crate::{
    caller::Rng,
    config::Computers,
    login::{
        SSO, SsoSession,
        remembered::{self, Remembered},
        sso_sessions,
    },
    outbox::Topic,
    problem::Problem,
    server::Server,
    words::Voice,
};

/// One log-in that is in force.
pub struct OpenLogIn {
    /// Names it.
    pub session: SessionId,
    /// The services it is used at, by name.
    pub services: String,
    /// When the person approved.
    pub since: UnixTime,
    /// When it ends by itself.
    pub until: UnixTime,
    /// On what kind of computers it is good, as the end of a text's key; none where it is shared with no other service.
    pub computers: Option<&'static str>,
}

/// Every log-in of a person that is in force, newest first.
pub async fn open_log_ins(server: &Server, voice: Voice, affiliation: &AffiliationId, now: UnixTime) -> Result<Vec<OpenLogIn>, Problem> {
    let found = server.db.read(async |tx| {
        let mut found = Vec::new();
        for session in sso_sessions::of_affiliation(tx, affiliation, now).await? {
            let services = service_sessions::of(tx, &session.session_id).await?;
            found.push((session, services));
        }
        Ok::<_, Problem>(found)
    });
    let mut open = Vec::new();
    for (session, services) in found.await? {
        let mut names = Vec::new();
        for service in services {
            names.push(name(server, voice, &service.client_id).await?);
        }
        let (since, until) = (session.authenticated_at, session.expires_at);
        let group = session.sso_group.as_ref().and_then(|name| server.config.sso_groups.iter().find(|group| group.name == *name));
        let computers = group.map(|group| if group.computers == Computers::Managed { "managed" } else { "shared" });
        open.push(OpenLogIn { session: session.session_id, services: names.join(", "), since, until, computers });
    }
    Ok(open)
}

/// Ends one log-in of this person, or all of them; gives the page that says so. In the browser that asks, services that only a browser
/// can tell are told by it.
pub async fn log_out(
    server: &Server,
    voice: Voice,
    (affiliation, one): (&AffiliationId, Option<&SessionId>),
    headers: &HeaderMap,
    (now, mut rng): (UnixTime, Rng),
) -> Result<Response, Problem> {
    let cookie = SSO.read(server, headers).map(|secret| secret.hash());
    let ended = server.db.write(async |tx| {
        let mut sessions = sso_sessions::of_affiliation(tx, affiliation, now).await?;
        sessions.retain(|session| one.is_none_or(|one| session.session_id == *one));
        let here = match &cookie {
            Some(cookie) => sso_sessions::of_browser(tx, cookie, now).await?,
            None => Vec::new(),
        };
        let is_here = |session: &SsoSession| here.iter().any(|other| other.session_id == session.session_id);
        let (here, elsewhere): (Vec<SsoSession>, Vec<SsoSession>) = sessions.into_iter().partition(is_here);
        logout::end(tx, &elsewhere, Why::Person, (now, &mut rng)).await?;
        Ok::<Vec<Told>, Problem>(logout::end(tx, &here, Why::Person, (now, &mut rng)).await?)
    });
    let told = ended.await?;
    server.wakeups.wake(Topic::ServiceLoggedOut.as_str());
    logout::page(server, voice, &LoggedOut { told, go_to: Some("/min-sida".to_owned()) }).await
}

/// "Fråga inte igen" for one service.
pub struct Rule {
    /// The service.
    pub client: ClientId,
    /// Its name.
    pub service: String,
    /// What it gets, in the words that were shown.
    pub sent: String,
}

/// What a person has said that services may have without a question; everything for one service is one line.
pub async fn rules(server: &Server, voice: Voice, affiliation: &AffiliationId) -> Result<Vec<Rule>, Problem> {
    let mut by_client: BTreeMap<ClientId, Vec<Remembered>> = BTreeMap::new();
    for answer in server.db.read(async |tx| remembered::of(tx, affiliation).await).await? {
        by_client.entry(answer.client_id.clone()).or_default().push(answer);
    }
    let mut rules = Vec::new();
    for (client, answers) in by_client {
        let is_shown = |attribute: &Attribute| answers.iter().any(|answer| answer.shown().contains(attribute.name()));
        let words = Attribute::ALL
            .into_iter()
            .filter(is_shown)
            .map(|attribute| if voice.tag() == "en" { attribute.label().en } else { attribute.label().sv });
        let sent = words.collect::<Vec<_>>().join(", ");
        rules.push(Rule { service: name(server, voice, &client).await?, client, sent });
    }
    Ok(rules)
}

/// A service that is gone is told by its id.
async fn name(server: &Server, voice: Voice, client: &ClientId) -> Result<String, Problem> {
    let registered = clients::registered(server, client).await?;
    Ok(registered.map_or_else(|| client.to_string(), |registered| clients::name(&registered.config, voice).to_owned()))
}
