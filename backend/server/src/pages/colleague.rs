//! `/personal/{affiliation}`: what the employer sees of one colleague, and "Spärra". Whoever may end a work identity may look, and
//! whoever looks is seen.

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
    colleague: Affiliation,
    standing: &'static str,
    is_good: bool,
    phones: Vec<Phone>,
    history: History,
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
    let colleague = found(&server, &worker, &id, now).await?;
    let (phones, history) = server
        .db
        .write(async |tx| {
            if worker.affiliation.affiliation_id != id {
                audit::record(tx, looked(&colleague, &worker.affiliation), now, &mut rng).await?;
            }
            Ok::<_, Problem>((phone::of_affiliation(tx, &id).await?, history::of(tx, voice, &colleague).await?))
        })
        .await?;
    let head = Head::of(&server, &worker, "staff", now);
    let standing = colleague.standing(now);
    Ok(Page(ColleaguePage { voice, head, standing: staff::word(standing), is_good: standing == Standing::Good, colleague, phones, history })
        .into_response())
}

/// `POST /personal/{affiliation}/sparra`: from the moment this is answered nothing of it works.
pub(super) async fn block(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    worker: Worker,
    Path(id): Path<AffiliationId>,
) -> Result<Response, Problem> {
    let colleague = found(&server, &worker, &id, now).await?;
    server.db.write(async |tx| ended(tx, &colleague, &worker.affiliation, now, &mut rng).await).await?;
    Ok(Redirect::to(&format!("/personal/{id}")).into_response())
}

async fn ended(tx: &mut Tx, colleague: &Affiliation, by: &Affiliation, now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    if identity::block(tx, &colleague.affiliation_id, now).await? {
        audit::record(tx, identity::blocked_event(colleague, Actor::Person(by.affiliation_id.clone())), now, rng).await?;
    }
    Ok(())
}

/// The colleague, if the policy lets this person end the work identity; one of another organisation does not exist.
async fn found(server: &Server, worker: &Worker, id: &AffiliationId, now: UnixTime) -> Result<Affiliation, Problem> {
    let colleague = server.db.read(async |tx| identity::find(tx, id).await).await?;
    let colleague = colleague.filter(|colleague| colleague.organisation_id == worker.affiliation.organisation_id).ok_or_else(Problem::not_found)?;
    let asked = Colleague {
        affiliation: id.clone(),
        unit: authority::unit(&colleague.organisation_id, &colleague.unit),
        roles: authority::roles(&colleague),
    };
    authority::allowed(server, &worker.affiliation, worker.tier, Act::Block { colleague: asked }, now)?;
    Ok(colleague)
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
