//! The six steps of the first minute: which of them this visit has taken, by the journal and nothing else, and a visit that starts over.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{camera::Seen, place::Place};
use crate::{
    audit::{self, Actor},
    caller::{Now, Rng},
    identity::{self, Affiliation, Standing},
    problem::Problem,
    server::Server,
};

/// A step as the list shows it.
pub(super) struct Step {
    pub(super) number: u8,
    pub(super) done: bool,
    pub(super) is_next: bool,
}

/// The journal's word for what ends each step, from the first on.
const KINDS: [&str; 6] = [INVITED, "phone.enrolled", "oidc.logged_in", "signing.signed", OPENING, "identity.blocked"];
const INVITED: &str = "identity.invited";
const OPENING: &str = "doors.opening";

/// More lines than a visit makes.
const LINES: i64 = 500;

/// Every step, for whoever has the phone.
pub(super) async fn taken(server: &Server, place: &Place) -> Result<Vec<Step>, Problem> {
    let is_invited = matches!(place.camera(), Some(Seen::Invitation(_)));
    let opened_offline = place.handset.lock().await.core().waiting_in_outbox() > 0;
    let lines = match holder(server, place).await? {
        Some(holder) => server.db.read(async |tx| audit::about(tx, holder.affiliation_id.as_str(), LINES).await).await?,
        None => Vec::new(),
    };
    let is_done = |kind: &str| {
        let is_told = lines.iter().any(|line| line.kind == kind && (kind != OPENING || line.facts().get("result").is_some_and(|it| it == "opened")));
        is_told || (kind == INVITED && is_invited) || (kind == OPENING && opened_offline)
    };
    let done = KINDS.map(is_done);
    let next = done.iter().rposition(|done| *done).map_or(0, |last| last + 1);
    let step = |(at, (number, done))| Step { number, done, is_next: at == next };
    Ok((1..).zip(done).enumerate().map(step).collect())
}

/// Whoever has the phone.
pub(super) async fn holder(server: &Server, place: &Place) -> Result<Option<Affiliation>, Problem> {
    let who = place.handset.lock().await.core().identity().map(|identity| identity.who.to_string());
    let Some(who) = who else { return Ok(None) };
    Ok(server.db.read(async |tx| identity::by_who(tx, &who).await).await?)
}

/// `POST /demo/borja-om`: ends the substitute's work identity, as the manager, and takes a phone out of its box. The journal keeps what
/// has happened.
pub(super) async fn start_over(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    mut rng: Rng,
) -> Result<Response, Problem> {
    if let Some(holder) = holder(&server, &place).await?.filter(|holder| holder.standing(now) == Standing::Good) {
        let event = identity::blocked_event(&holder, Actor::Person(place.town.manager.clone()));
        server
            .db
            .write(async |tx| {
                if identity::block(tx, &holder.affiliation_id, now).await? {
                    audit::record(tx, event, now, &mut rng).await?;
                }
                Ok::<_, Problem>(())
            })
            .await?;
    }
    let mut handset = place.handset.lock().await;
    *handset = place.new_handset(&server.config.issuer);
    handset.keep()?;
    place.camera_sees(None);
    Ok(Redirect::to("/").into_response())
}
