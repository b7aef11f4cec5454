//! `DELETE /phone`: the worker takes the work identity off the phone, with one tap, without asking anybody (LC-08, LC-14).

use axum::{extract::State, http::StatusCode};
use handslag_vocab::UnixTime;
use serde_json::json;

use super::{caller::Caller, phones};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    problem::Problem,
    server::Server,
};

/// From the moment this is answered, every key of the phone is dead.
pub(super) async fn remove(State(server): State<Server>, Now(now): Now, rng: Rng, caller: Caller) -> Result<StatusCode, Problem> {
    ended(&server, &caller, now, rng).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the phone that calls.
pub(super) async fn ended(server: &Server, caller: &Caller, now: UnixTime, mut rng: Rng) -> Result<(), Problem> {
    server
        .db
        .write(async |tx| {
            if phones::block(tx, &caller.phone.phone_id, now).await? {
                let event = Event {
                    chain: caller.affiliation.chain(Purpose::Administration),
                    kind: "phone.removed",
                    actor: Actor::Person(caller.affiliation.affiliation_id.clone()),
                    objects: vec![caller.affiliation.affiliation_id.to_string(), caller.phone.phone_id.to_string()],
                    payload: json!({ "phone": caller.phone.phone_id }),
                };
                audit::record(tx, event, now, &mut rng).await?;
            }
            Ok::<_, Problem>(())
        })
        .await
}
