//! `POST /phone/outbox`: what locks wrote, carried back by phones. Checked against the lock's chain; told once.
//!
//! A receipt that contradicts another is journaled with its finding: a fork is a matter for a person. Bytes that no lock wrote are
//! not kept. Whatever came was taken, also the same again, so that the phone may forget it.

use axum::{Json, extract::State};
use handslag_door::{
    Receipt,
    log::{Chain, Kind},
};
use handslag_phone::wire::{Octets, Outbox, OutboxAnswer};
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, Digest, Seconds, UnixTime};
use serde_json::json;

use super::{
    doors::{self, Door},
    openings::{self, New},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    phone::Caller,
    problem::Problem,
    server::Server,
};

/// At most so many at a time; a phone sends the rest next.
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
    if outbox.receipts.len() > AT_A_TIME || outbox.logs.len() > AT_A_TIME {
        return Err(Problem::bad("too_many", "För mycket på en gång.", "Too much at a time."));
    }
    let mut true_ones = Vec::new();
    for bytes in &outbox.receipts {
        true_ones.extend(written_by_a_lock(&server, &bytes.0).await?.map(|(door, receipt)| (door, receipt, &bytes.0)));
    }
    server
        .db
        .write(async |tx| {
            for (door, receipt, bytes) in &true_ones {
                one(tx, &caller, (door, receipt, bytes), now, &mut rng).await?;
            }
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(Json(OutboxAnswer { logs: count(&outbox.logs), receipts: count(&outbox.receipts) }))
}

/// Verified before anything is written, and beside the others' work: a ratchet may be long.
async fn written_by_a_lock(server: &Server, bytes: &[u8]) -> Result<Option<(Door, Receipt)>, Problem> {
    let Ok(receipt) = Receipt::from_bytes(bytes) else { return Ok(None) };
    let Some(door) = server.db.read(async |tx| doors::by_lock(tx, receipt.lock).await).await? else { return Ok(None) };
    let Ok(seed) = door.seed(server) else { return Ok(None) };
    let verified = tokio::task::spawn_blocking(move || receipt.verify(&Chain::begin(receipt.lock, seed)).map(|()| receipt)).await;
    match verified.map_err(|error| Problem::internal(&error))? {
        Ok(receipt) => Ok(Some((door, receipt))),
        Err(fault) => {
            tracing::warn!(door = %door.door_id, code = fault.code(), "a receipt that no lock wrote");
            Ok(None)
        }
    }
}

fn count(all: &[Octets]) -> u32 {
    u32::try_from(all.len()).unwrap_or(u32::MAX)
}

async fn one(tx: &mut Tx, caller: &Caller, told: (&Door, &Receipt, &[u8]), now: UnixTime, rng: &mut Rng) -> Result<(), Problem> {
    let (door, receipt, bytes) = told;
    let told_before = openings::told(tx, &door.door_id, receipt.seq()).await?;
    let finding = told_before.filter(|before| before.as_slice() != bytes).map(|_| "fork");
    let event = &receipt.record.entry.event;
    let result = match event.kind {
        Kind::Allowed(..) => "opened",
        Kind::Refused(number) => handslag_door::Deny::code_of(number).unwrap_or("refused"),
        Kind::ClockLost => "clock_lost",
        Kind::ClockSet => "clock_set",
    };
    let affiliation = worker_of(tx, &event.pass.0).await?;
    let at = UnixTime::from_seconds(i64::from(event.t));
    let new = New { door: &door.door_id, seq: receipt.seq(), affiliation: affiliation.clone(), at, result, finding, receipt: bytes };
    // A fork is told once however often it is brought.
    let is_fork = finding.is_some() && tx.mark_once("fork", &Digest::of(bytes), now + FORK_REMEMBERED, now).await?;
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
