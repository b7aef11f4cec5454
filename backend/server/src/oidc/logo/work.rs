//! Fetches what services name, from an outbox row: once, again where the other side did not answer, and never what is no picture of ours.

use std::time::Duration;

use handslag_vocab::{ClientId, Seconds, UnixTime};
use serde_json::json;

use super::draw;
use crate::{
    audit::{self, Actor, Chain, Event, Purpose},
    caller::Rng,
    oidc::{
        client_logos::{self, Named},
        clients,
    },
    outbox::{self, Taken, Topic},
    outward::Refusal,
    problem::Problem,
    server::Server,
};

const ACCEPTED: &str = "image/png, image/jpeg, image/webp";
/// A logo is small; who serves a poster gets the letter.
const LARGEST: usize = 512 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: i64 = 5;
/// Before the next try; twice as long each time.
const PAUSE: Seconds = Seconds::minutes(5);

/// What became of one logo.
enum Fetched {
    /// Its picture is kept.
    Kept,
    /// Nobody answered, or not well: perhaps later.
    NotNow(&'static str),
    /// What stands there will never be taken.
    NotTaken(&'static str),
}

/// Fetches until the process ends.
pub(in crate::oidc) async fn work(server: Server) {
    loop {
        let mut listener = server.wakeups.listen(Topic::ClientLogoNamed.as_str());
        while one(&server).await {}
        tokio::time::timeout(PATIENCE, listener.woken()).await.ok();
    }
}

/// Takes one row; false when there is none.
async fn one(server: &Server) -> bool {
    let now = server.clock.now();
    let Ok(Some(taken)) = server.db.write(async |tx| outbox::take(tx, Topic::ClientLogoNamed, now).await).await else { return false };
    if let Err(problem) = fetched(server, &taken, now).await {
        tracing::error!(code = problem.code, "a logo could not be fetched");
    }
    true
}

/// The row is done unless something may come later.
async fn fetched(server: &Server, taken: &Taken, now: UnixTime) -> Result<(), Problem> {
    let client = taken.subject.split_once(' ').and_then(|(_, client)| client.parse::<ClientId>().ok());
    let mut later = false;
    if let Some(client) = &client {
        for named in server.db.read(async |tx| client_logos::waiting(tx, client).await).await? {
            match fetch(server, client, &named).await? {
                Fetched::Kept => {}
                Fetched::NotNow(_) if taken.attempts < TRIES => later = true,
                Fetched::NotNow(why) | Fetched::NotTaken(why) => told(server, client, (&named, why), now).await?,
            }
        }
    }
    let pause = Seconds(PAUSE.0 << taken.attempts.clamp(1, TRIES).saturating_sub(1));
    let settled = server.db.write(async |tx| {
        if later {
            outbox::put_off(tx, Topic::ClientLogoNamed, &taken.subject, now + pause).await
        } else {
            outbox::done(tx, Topic::ClientLogoNamed, &taken.subject, now).await.map(drop)
        }
    });
    Ok(settled.await?)
}

async fn fetch(server: &Server, client: &ClientId, named: &Named) -> Result<Fetched, Problem> {
    let answer = match server.outward.get_at_most(&named.source, ACCEPTED, LARGEST).await {
        Ok(answer) if answer.status == 200 => answer,
        Ok(_) => return Ok(Fetched::NotNow("status")),
        Err(refusal @ (Refusal::Failed | Refusal::TooSlow)) => return Ok(Fetched::NotNow(refusal.code())),
        Err(refusal) => return Ok(Fetched::NotTaken(refusal.code())),
    };
    let Some(picture) = draw::drawn(server, answer.body).await? else { return Ok(Fetched::NotTaken("no_picture")) };
    server.db.write(async |tx| client_logos::keep(tx, client, named, &picture).await).await?;
    Ok(Fetched::Kept)
}

/// In the journal of whose service it is, where an administrator finds why there is a letter.
async fn told(server: &Server, client: &ClientId, (named, why): (&Named, &'static str), now: UnixTime) -> Result<(), Problem> {
    tracing::warn!(%client, why, "a logo was not taken");
    let recorded = server.db.write(async |tx| {
        let Some(organisation) = clients::owner(tx, client).await? else { return Ok(()) };
        let event = Event {
            chain: Chain::Organisation { organisation, purpose: Purpose::Administration },
            kind: "oidc.logo_not_taken",
            actor: Actor::System,
            objects: vec![format!("client:{client}")],
            payload: json!({ "client": client, "language": named.language, "why": why }),
        };
        Ok::<_, Problem>(audit::record(tx, event, now, &mut Rng::system()).await?)
    });
    recorded.await
}
