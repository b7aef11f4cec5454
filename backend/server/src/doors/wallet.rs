//! `GET /phone/wallet`: the passes of today's doors, so that everything works in a basement (DR-04).

use axum::{Json, extract::State};
use handslag_door::DoorKey;
use handslag_phone::wire::{Fixed, Octets, Wallet, WalletDoor};
use handslag_store::Tx;
use handslag_vocab::{Seconds, UnixTime};
use serde_json::json;

use super::{
    passes,
    visits::{self, Visit},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    phone::{self, Caller},
    problem::Problem,
    server::Server,
};

/// Passes are handed out for visits that begin within this.
const AHEAD: Seconds = Seconds::hours(12);

/// A person of level 2 opens doors only with passes fetched this soon after the person was verified on this phone (architecture §7).
const FRESH: Seconds = Seconds::hours(1);

/// `GET /phone/wallet`.
pub(super) async fn show(State(server): State<Server>, Now(now): Now, mut rng: Rng, caller: Caller) -> Result<Json<Wallet>, Problem> {
    let doors = server
        .db
        .write(async |tx| {
            let caller = caller.again(tx, now).await?;
            let mut doors = Vec::new();
            for visit in visits::of_worker(tx, &caller.affiliation.affiliation_id, now, now + AHEAD).await? {
                doors.extend(door(tx, &server, &caller, visit, now, &mut rng).await?);
            }
            Ok::<_, Problem>(doors)
        })
        .await?;
    Ok(Json(Wallet { doors, synced_at: now }))
}

/// One door with its pass; whom the policy refuses sees no door. Asked each time, also for a pass that was issued before.
async fn door(tx: &mut Tx, server: &Server, caller: &Caller, visit: Visit, now: UnixTime, rng: &mut Rng) -> Result<Option<WalletDoor>, Problem> {
    let confirmed = phone::confirmed_since(tx, &caller.phone, now - FRESH).await?;
    if !super::allowed(server, caller, &visit, confirmed, now) {
        return Ok(None);
    }
    let pass = match passes::existing(tx, &caller.phone.phone_id, &visit).await? {
        Some(pass) => pass,
        None => match new_pass(tx, server, caller, &visit, now, rng).await? {
            Some(pass) => pass,
            None => return Ok(None),
        },
    };
    let (opens_at, closes_at) = visit.window();
    let Some(lock_id) = Fixed::from_slice(&visit.lock_id) else { return Ok(None) };
    Ok(Some(WalletDoor { closes_at, door: visit.door_id, lock_id, name: visit.name, opens_at, pass: Octets(pass), visit: Some(visit.visit_id) }))
}

async fn new_pass(tx: &mut Tx, server: &Server, caller: &Caller, visit: &Visit, now: UnixTime, rng: &mut Rng) -> Result<Option<Vec<u8>>, Problem> {
    let Some(key) = phone::door_key(tx, &caller.phone.phone_id).await? else { return Ok(None) };
    let key = DoorKey::from_sec1(&key).map_err(|error| Problem::internal(&error))?;
    let pass = passes::issue(tx, server, (&caller.phone, &caller.affiliation, key), visit, now, rng).await?;
    let event = Event {
        chain: caller.affiliation.chain(Purpose::Doors),
        kind: "doors.pass_issued",
        actor: Actor::Phone(caller.phone.phone_id.clone()),
        objects: vec![caller.affiliation.affiliation_id.to_string(), visit.door_id.to_string()],
        payload: json!({ "visit": visit.visit_id, "door": visit.door_id, "from": visit.window().0, "to": visit.window().1 }),
    };
    audit::record(tx, event, now, rng).await?;
    Ok(Some(pass))
}
