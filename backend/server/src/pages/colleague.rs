//! `/personal/{affiliation}`: what the employer sees of one colleague, and "Spärra". Looking and ending are two rules: an
//! administrator who may end a work identity does not read what its holder has done. Whoever looks is seen.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use handslag_policy::{Act, Colleague};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, UnixTime};
use serde_json::json;

use super::{
    Head,
    history::{self, History},
    staff,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::{self, Affiliation, Standing},
    login::Worker,
    outbox::Topic,
    page::Page,
    phone::{self, Phone, authority},
    problem::Problem,
    server::Server,
    words::Voice,
};

#[derive(Template)]
#[template(path = "pages/colleague.html")]
struct ColleaguePage {
    voice: Voice,
    head: Head,
    person: Affiliation,
    standing: &'static str,
    may_end: bool,
    phones: Vec<Phone>,
    /// None: this person may end the work identity and not read what was done with it.
    history: Option<History>,
}

/// `GET /personal/{affiliation}`.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    worker: Worker,
    Path(id): Path<AffiliationId>,
) -> Result<Response, Problem> {
    let colleague = found(&server, &worker, &id).await?;
    let may = |act| authority::allowed(&server, &worker.affiliation, worker.tier, act, now);
    let (read, end) = (may(Act::ReadColleague { colleague: asked(&colleague) }), may(Act::Block { colleague: asked(&colleague) }));
    if end.is_err() {
        read.clone()?;
    }
    let (phones, history) = server
        .db
        .write(async |tx| {
            if worker.affiliation.affiliation_id != id {
                audit::record(tx, looked(&colleague, &worker.affiliation), now, &mut rng).await?;
            }
            let history = if read.is_ok() { Some(history::of(tx, voice, &colleague).await?) } else { None };
            Ok::<_, Problem>((phone::of_affiliation(tx, &id).await?, history))
        })
        .await?;
    let head = Head::of(&server, &worker, "staff", now);
    let standing = colleague.standing(now);
    let may_end = standing == Standing::Good && end.is_ok();
    Ok(Page(ColleaguePage { voice, head, standing: staff::word(standing), may_end, person: colleague, phones, history }).into_response())
}

/// `POST /personal/{affiliation}/sparra`: from the moment this is answered nothing of it works.
pub(super) async fn block(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    worker: Worker,
    Path(id): Path<AffiliationId>,
) -> Result<Response, Problem> {
    let colleague = found(&server, &worker, &id).await?;
    authority::allowed(&server, &worker.affiliation, worker.tier, Act::Block { colleague: asked(&colleague) }, now)?;
    server.db.write(async |tx| ended(tx, &colleague, &worker.affiliation, now, &mut rng).await).await?;
    server.wakeups.wake(Topic::IdentityEnded.as_str());
    Ok(Redirect::to(&format!("/personal/{id}")).into_response())
}

async fn ended(tx: &mut Tx, colleague: &Affiliation, by: &Affiliation, now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    if identity::block(tx, &colleague.affiliation_id, now).await? {
        audit::record(tx, identity::blocked_event(colleague, Actor::Person(by.affiliation_id.clone())), now, rng).await?;
    }
    Ok(())
}

/// The colleague; one of another organisation does not exist.
async fn found(server: &Server, worker: &Worker, id: &AffiliationId) -> Result<Affiliation, Problem> {
    let colleague = server.db.read(async |tx| identity::find(tx, id).await).await?;
    colleague.filter(|colleague| colleague.organisation_id == worker.affiliation.organisation_id).ok_or_else(Problem::not_found)
}

/// The colleague in the policy's words.
fn asked(colleague: &Affiliation) -> Colleague {
    Colleague {
        affiliation: colleague.affiliation_id.clone(),
        unit: authority::unit(&colleague.organisation_id, &colleague.unit),
        roles: authority::roles(colleague),
    }
}

/// The looker stands as actor; the line belongs to the one who was looked at.
fn looked(at: &Affiliation, by: &Affiliation) -> Event {
    Event {
        chain: at.chain(Purpose::Administration),
        kind: history::LOOKED,
        actor: Actor::Person(by.affiliation_id.clone()),
        objects: vec![at.affiliation_id.to_string()],
        payload: json!({ "why": "staff_page" }),
    }
}
