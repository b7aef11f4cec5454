//! `POST /phone/outbox`: what locks wrote, carried back by phones: receipts of their own openings, and batches that say which other
//! entries exist. Checked against the lock's chain; told once.
//!
//! A receipt that contradicts another is journaled with its finding: a fork is a matter for a person. So is a gap in a lock's numbers,
//! and its end. Bytes that no lock wrote are not kept. Whatever came was taken, also the same again, so that the phone may forget it.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use handslag_door::{
    Batch, LockId, Receipt,
    log::{Chain, Kind},
};
use handslag_phone::wire::{Octets, Outbox, OutboxAnswer};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, Digest, Seconds, UnixTime};
use serde_json::{Value, json};

use super::{
    doors::{self, Door},
    lock_logs::{self, Entry, Learnt},
    openings::{self, New},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    phone::Caller,
    problem::Problem,
    server::Server,
};

/// So many from the front of each list; the phone sends the rest next.
const AT_A_TIME: usize = 20;

const FORK_REMEMBERED: Seconds = Seconds::days(365);

/// `POST /phone/outbox`.
pub(super) async fn take(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    caller: Caller,
    Json(outbox): Json<Outbox>,
) -> Result<Json<OutboxAnswer>, Problem> {
    let Outbox { mut logs, mut receipts } = outbox;
    logs.truncate(AT_A_TIME);
    receipts.truncate(AT_A_TIME);
    for (lock, carried) in sorted(&logs, &receipts) {
        let Some((door, carried)) = written_by_the_lock(&server, lock, carried).await? else { continue };
        // A unit for each lock: two phones that carry for the same locks never wait for each other in a ring.
        server.db.write(async |tx| told(tx, &caller, &door, &carried, now, &mut rng).await).await?;
    }
    Ok(Json(OutboxAnswer { logs: count(&logs), receipts: count(&receipts) }))
}

/// What came for one lock; unverified until the lock's chain has been asked.
#[derive(Default)]
struct Carried {
    batches: Vec<Batch>,
    receipts: Vec<(Receipt, Vec<u8>)>,
}

fn sorted(logs: &[Octets], receipts: &[Octets]) -> BTreeMap<[u8; 8], Carried> {
    let mut by_lock: BTreeMap<[u8; 8], Carried> = BTreeMap::new();
    for batch in logs.iter().filter_map(|bytes| Batch::from_bytes(&bytes.0).ok()) {
        by_lock.entry(batch.lock().0).or_default().batches.push(batch);
    }
    for Octets(bytes) in receipts {
        if let Ok(receipt) = Receipt::from_bytes(bytes) {
            by_lock.entry(receipt.lock.0).or_default().receipts.push((receipt, bytes.clone()));
        }
    }
    by_lock
}

/// Verified before anything is written, and beside the others' work: a ratchet may be long.
async fn written_by_the_lock(server: &Server, lock: [u8; 8], mut carried: Carried) -> Result<Option<(Door, Carried)>, Problem> {
    let lock = LockId(lock);
    let Some(door) = server.db.read(async |tx| doors::by_lock(tx, lock).await).await? else { return Ok(None) };
    let Ok(seed) = door.seed(server) else { return Ok(None) };
    let checked = tokio::task::spawn_blocking(move || {
        let chain = Chain::begin(lock, seed);
        carried.receipts.retain(|(receipt, _)| is_true(receipt.verify(&chain)));
        carried.batches.retain(|batch| is_true(batch.verify(&chain)));
        carried
    });
    let carried = checked.await.map_err(|error| Problem::internal(&error))?;
    Ok(Some((door, carried)))
}

fn is_true(verified: Result<(), handslag_door::Fault>) -> bool {
    verified.inspect_err(|fault| tracing::warn!(code = fault.code(), "carried home, and no lock wrote it")).is_ok()
}

fn count(all: &[Octets]) -> u32 {
    u32::try_from(all.len()).unwrap_or(u32::MAX)
}

/// Everything true that came for one lock, in one unit with its journal lines.
async fn told(tx: &mut Tx, caller: &Caller, door: &Door, carried: &Carried, now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    let Some(lock) = door.lock() else { return Ok(()) };
    tx.alone(door.door_id.as_str()).await?;
    lock_logs::begin(tx, &door.door_id, lock, now).await?;
    for (receipt, bytes) in &carried.receipts {
        one(tx, caller, (door, receipt, bytes), now, rng).await?;
    }
    for link in carried.batches.iter().flat_map(Batch::links) {
        let learnt = lock_logs::learn(tx, &door.door_id, &Entry::from(link), now).await?;
        let mark = Digest::of(&[link.head.as_slice(), link.mac.as_slice()].concat());
        if learnt == Learnt::Fork && tx.mark_once("fork", &mark, now + FORK_REMEMBERED, now).await? {
            audit::record(tx, about_log(caller, door, "doors.log_fork", &json!({ "seq": link.seq })), now, rng).await?;
        }
    }
    match lock_logs::missing_anew(tx, &door.door_id).await? {
        Some(0) => audit::record(tx, about_log(caller, door, "doors.log_whole", &json!({})), now, rng).await?,
        Some(missing) => audit::record(tx, about_log(caller, door, "doors.log_gap", &json!({ "missing": missing })), now, rng).await?,
        None => {}
    }
    Ok(())
}

async fn one(tx: &mut Tx, caller: &Caller, told: (&Door, &Receipt, &[u8]), now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    let (door, receipt, bytes) = told;
    let learnt = lock_logs::learn(tx, &door.door_id, &Entry::from(receipt), now).await?;
    let is_fork = learnt == Learnt::Fork;
    let event = &receipt.record.entry.event;
    let result = match event.kind {
        Kind::Allowed(..) => "opened",
        Kind::Refused(number) => handslag_door::Deny::code_of(number).unwrap_or("refused"),
        Kind::ClockLost => "clock_lost",
        Kind::ClockSet => "clock_set",
    };
    // Told once however often it is brought, also after its opening was disposed of.
    let is_told_first = if is_fork { tx.mark_once("fork", &Digest::of(bytes), now + FORK_REMEMBERED, now).await? } else { learnt == Learnt::New };
    if !is_told_first {
        return Ok(());
    }
    let affiliation = worker_of(tx, &event.pass.0).await?;
    let at = UnixTime::from_seconds(i64::from(event.t));
    let new = New {
        door: &door.door_id,
        seq: receipt.seq(),
        affiliation: affiliation.clone(),
        at,
        result,
        finding: is_fork.then_some("fork"),
        receipt: bytes,
    };
    if openings::store(tx, &new, now).await? || is_fork {
        audit::record(tx, opening(caller, door, affiliation, &new), now, rng).await?;
    }
    Ok(())
}

#[derive(handslag_store::FromRow)]
struct Holder {
    affiliation_id: AffiliationId,
}

async fn worker_of(tx: &mut Tx, cti: &[u8]) -> Result<Option<AffiliationId>, handslag_store::Error> {
    let holder: Option<Holder> = tx.optional("SELECT affiliation_id FROM passes WHERE cti = $1", (cti,)).await?;
    Ok(holder.map(|holder| holder.affiliation_id))
}

fn opening(caller: &Caller, door: &Door, affiliation: Option<AffiliationId>, new: &New<'_>) -> Event {
    let mut objects = vec![door.door_id.to_string()];
    objects.extend(affiliation.as_ref().map(ToString::to_string));
    Event {
        chain: audit::Chain::Organisation { organisation: door.organisation_id.clone(), purpose: Purpose::Doors },
        kind: "doors.opening",
        actor: affiliation.map_or_else(|| Actor::Phone(caller.phone.phone_id.clone()), Actor::Person),
        objects,
        payload: json!({ "door": door.door_id, "name": door.name, "at": new.at, "result": new.result, "seq": new.seq, "finding": new.finding }),
    }
}

/// The lock's log itself is about nobody: the phone that brought it stands as actor.
fn about_log(caller: &Caller, door: &Door, kind: &'static str, facts: &Value) -> Event {
    Event {
        chain: audit::Chain::Organisation { organisation: door.organisation_id.clone(), purpose: Purpose::Doors },
        kind,
        actor: Actor::Phone(caller.phone.phone_id.clone()),
        objects: vec![door.door_id.to_string()],
        payload: json!({ "door": door.door_id, "name": door.name, "log": facts }),
    }
}
