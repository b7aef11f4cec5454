//! Tells services that somebody has logged out (Back-Channel Logout 1.0 §2.5, §2.6). At least once: what is not answered is sent again,
//! each time later and each time as a new token. Nobody waits for it.

use std::sync::Arc;

use handslag_protocol::{logout_token::LogoutToken, oauth_error::with_parameters};
use handslag_vocab::{Seconds, Secret, SessionId, UnixTime};
use serde_json::json;
use tokio::sync::Semaphore;

use super::super::{clients, service_sessions, signed::protected, subjects};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    identity::{self, Affiliation},
    login::sso_sessions,
    outbox::{self, Taken, Topic},
    problem::Problem,
    server::Server,
};

/// So many services are told at the same time: one that does not answer keeps nobody else waiting.
const AT_ONCE: usize = 16;

/// The first pause; each later one is twice as long.
const PAUSE: Seconds = Seconds(10);

/// After so many tries, in about a day, the service is given up, and that is in the journal.
const TRIES: i64 = 13;

/// What the service said.
enum Heard {
    /// It has logged out, or it wants not to be told.
    Done,
    /// Nothing good.
    Nothing,
}

/// Takes what is due, and tells each service beside the others; gives whether there was anything.
pub(super) async fn tell_all(server: &Server, room: &Arc<Semaphore>) -> bool {
    let mut found = false;
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(room).acquire_owned().await {
        let now = server.clock.now();
        let taken = server.db.write(async |tx| outbox::take(tx, Topic::ServiceLoggedOut, now).await).await;
        let Ok(Some(taken)) = taken else { break };
        found = true;
        let server = server.clone();
        tokio::spawn(async move {
            if let Err(problem) = one(&server, &taken).await {
                tracing::error!(code = problem.code, "a service could not be told of a log-out");
            }
            drop(place);
        });
    }
    found
}

/// Room for so many at a time.
pub(super) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

async fn one(server: &Server, taken: &Taken) -> Result<(), Problem> {
    let Ok(sid) = taken.subject.parse::<SessionId>() else { return Ok(()) };
    let heard = told(server, &sid, server.clock.now()).await?;
    let now = server.clock.now();
    match heard {
        Heard::Nothing if taken.attempts < TRIES => {
            let pause = Seconds(PAUSE.0 << taken.attempts.clamp(1, TRIES).saturating_sub(1));
            server.db.write(async |tx| outbox::put_off(tx, Topic::ServiceLoggedOut, sid.as_str(), now + pause).await).await?;
        }
        Heard::Nothing => given_up(server, &sid, taken.attempts, now).await?,
        Heard::Done => {
            server.db.write(async |tx| outbox::done(tx, Topic::ServiceLoggedOut, sid.as_str(), now).await).await?;
        }
    }
    Ok(())
}

/// Sends one logout token.
async fn told(server: &Server, sid: &SessionId, now: UnixTime) -> Result<Heard, Problem> {
    let Some((client, affiliation)) = whom(server, sid).await? else { return Ok(Heard::Done) };
    let Some(registered) = clients::registered(server, &client).await? else { return Ok(Heard::Done) };
    let client = &registered.config;
    let Some(address) = client.backchannel_logout_uri.as_deref() else { return Ok(Heard::Done) };
    let token = LogoutToken {
        issuer: server.config.issuer.clone(),
        subject: subjects::told(server, client, &affiliation.subject)?,
        client_id: client.id.clone(),
        session: sid.to_string(),
        id: Secret::random("logout", &mut Rng::system()).reveal().to_owned(),
        issued_at: now,
    };
    // §2.4: as the client's ID Tokens are.
    let protection = registered.client.registration.id_token;
    let token = protected(server, &registered.client, protection, &mut Rng::system(), |key| token.unsigned(key))?;
    let body = with_parameters("?", [("logout_token", token)]).split_off(1).into_bytes();
    let status = server.outward.post(address, "application/x-www-form-urlencoded", None, body).await;
    match status {
        Ok(200 | 204) => Ok(Heard::Done),
        Ok(status) => {
            tracing::warn!(client = %client.id, status, "a service did not take a log-out");
            Ok(Heard::Nothing)
        }
        Err(refusal) => {
            tracing::warn!(client = %client.id, %refusal, "a service could not be told of a log-out");
            Ok(Heard::Nothing)
        }
    }
}

async fn whom(server: &Server, sid: &SessionId) -> Result<Option<(handslag_vocab::ClientId, Affiliation)>, Problem> {
    server
        .db
        .read(async |tx| {
            let Some(service) = service_sessions::by_sid(tx, sid).await? else { return Ok(None) };
            let Some(owner) = sso_sessions::owner(tx, &service.session_id).await? else { return Ok(None) };
            Ok::<_, Problem>(identity::find(tx, &owner).await?.map(|affiliation| (service.client_id, affiliation)))
        })
        .await
}

async fn given_up(server: &Server, sid: &SessionId, attempts: i64, now: UnixTime) -> Result<(), Problem> {
    let whom = whom(server, sid).await?;
    server
        .db
        .write(async |tx| {
            let is_first = outbox::done(tx, Topic::ServiceLoggedOut, sid.as_str(), now).await?;
            let Some((client, affiliation)) = whom.filter(|_| is_first) else { return Ok(()) };
            let event = Event {
                chain: affiliation.chain(Purpose::Login),
                kind: "oidc.logout_not_taken",
                actor: Actor::System,
                objects: vec![affiliation.affiliation_id.to_string()],
                payload: json!({ "client": client, "sid": sid, "attempts": attempts }),
            };
            Ok::<_, Problem>(audit::record(tx, event, now, &mut Rng::system()).await?)
        })
        .await
}
