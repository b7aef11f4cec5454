//! `DELETE /phone`: the worker takes the work identity off the phone, with one tap, without asking anybody (LC-08, LC-14). Sent
//! again by the same key it has the same answer and does nothing.

use axum::{extract::State, http::StatusCode};
use handslag_store::{Error, Tx};
use handslag_vocab::{PhoneId, UnixTime};
use rand_core::CryptoRng;
use serde_json::json;

use super::{
    caller::{Caller, Leaver},
    phones,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::Affiliation,
    outbox::Topic,
    problem::Problem,
    server::Server,
};

/// From the moment this is answered, every key of the phone is dead.
pub(super) async fn remove(State(server): State<Server>, Now(now): Now, rng: Rng, Leaver(caller): Leaver) -> Result<StatusCode, Problem> {
    ended(&server, &caller, now, rng).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the phone that calls.
pub(super) async fn ended(server: &Server, caller: &Caller, now: UnixTime, mut rng: Rng) -> Result<(), Problem> {
    server.db.write(async |tx| taken_off(tx, &caller.phone.phone_id, &caller.affiliation, now, &mut rng).await).await?;
    server.wakeups.wake(Topic::PhoneEnded.as_str());
    Ok(())
}

/// Ends a phone for the worker whose it is, with its journal line; twice is once.
pub async fn taken_off(tx: &mut Tx, phone: &PhoneId, worker: &Affiliation, now: UnixTime, rng: &mut (dyn CryptoRng + Send)) -> Result<(), Error> {
    if !phones::block(tx, phone, now).await? {
        return Ok(());
    }
    let event = Event {
        chain: worker.chain(Purpose::Administration),
        kind: "phone.removed",
        actor: Actor::Person(worker.affiliation_id.clone()),
        objects: vec![worker.affiliation_id.to_string(), phone.to_string()],
        payload: json!({ "phone": phone }),
    };
    audit::record(tx, event, now, rng).await
}
