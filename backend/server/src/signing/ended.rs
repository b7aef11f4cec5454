//! Signatures that come to nothing: the signer said no, it could not be made, or nobody answered in time. Who asked is told, the
//! file prepared for it is taken away, and the journal has it in the same transaction.

use handslag_store::{Error, Tx};
use handslag_vocab::{ApprovalId, Seconds, UnixTime};
use rand_core::CryptoRng;
use serde_json::{Value, json};

use super::{
    files::Files,
    signatures::{self, Signature, State as SignatureState},
};
use crate::{
    audit::{self, Actor, Chain, Event, Purpose},
    caller::Rng,
    outbox::{self, Topic},
    phone::approvals::{self, State as ApprovalState},
    problem::Problem,
    server::Server,
};

/// A file whose approval is not in the database after so long was prepared for an opening that never came about.
const TO_COMMIT: Seconds = Seconds::hours(1);

/// `waiting → declined`: the person's no, taken up from the outbox.
pub(super) async fn decline(server: &Server, approval: &ApprovalId, now: UnixTime) -> Result<(), Problem> {
    let mut rng = Rng::system();
    server
        .db
        .write(async |tx| {
            let row = approvals::by_id(tx, approval).await?.ok_or_else(Problem::not_found)?;
            let at = row.decided_at.unwrap_or(now);
            if let Some(signature) = signatures::by_approval(tx, approval).await?
                && signatures::declined(tx, &signature.signature_id, at).await?
            {
                let actor = Actor::Person(signature.signer.clone());
                record(tx, "signing.declined", actor, &signature, json!({ "approval": approval, "reason": row.reason }), now, &mut rng).await?;
            }
            outbox::done(tx, Topic::SignatureDeclined, approval.as_str(), now).await?;
            Ok::<_, Problem>(())
        })
        .await?;
    Files::of(server).release(approval);
    Ok(())
}

/// `waiting → failed`: it was approved and could not be made.
pub(super) async fn give_up(server: &Server, approval: &ApprovalId, code: &'static str, now: UnixTime) -> Result<(), Problem> {
    let mut rng = Rng::system();
    server
        .db
        .write(async |tx| {
            if let Some(signature) = signatures::by_approval(tx, approval).await?
                && signatures::failed(tx, &signature.signature_id, now).await?
            {
                record(tx, "signing.failed", Actor::System, &signature, json!({ "approval": approval, "code": code }), now, &mut rng).await?;
            }
            outbox::done(tx, Topic::SignatureApproved, approval.as_str(), now).await?;
            Ok::<_, Problem>(())
        })
        .await?;
    Files::of(server).release(approval);
    Ok(())
}

/// Ends what nobody answered in time, and takes away every prepared file that nothing waits for. Called once a minute.
pub async fn run_out(server: &Server, now: UnixTime) -> Result<(), Problem> {
    let mut rng = Rng::system();
    server
        .db
        .write(async |tx| {
            for signature in signatures::run_out(tx, now).await? {
                record(tx, "signing.expired", Actor::System, &signature, json!({}), now, &mut rng).await?;
            }
            Ok::<_, Problem>(())
        })
        .await?;
    let files = Files::of(server);
    for (approval, since) in files.holders().map_err(|error| Problem::internal(&error))? {
        if !server.db.read(async |tx| is_needed(tx, &approval, since, now).await).await? {
            files.release(&approval);
        }
    }
    Ok(())
}

/// Whether an approval may still be given, or was given and its signature is being made.
async fn is_needed(tx: &mut Tx, approval: &ApprovalId, since: UnixTime, now: UnixTime) -> Result<bool, Error> {
    let Some(row) = approvals::by_id(tx, approval).await? else { return Ok(now.since(since) < TO_COMMIT) };
    let waits = signatures::by_approval(tx, approval).await?.is_some_and(|signature| signature.state == SignatureState::Waiting);
    Ok(waits && !matches!(row.state_at(now), ApprovalState::Aborted | ApprovalState::Declined | ApprovalState::Expired))
}

async fn record(
    tx: &mut Tx,
    kind: &'static str,
    actor: Actor,
    signature: &Signature,
    mut facts: Value,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), Error> {
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("signature".to_owned(), json!(signature.signature_id));
    }
    let event = Event {
        chain: Chain::Organisation { organisation: signature.organisation_id.clone(), purpose: Purpose::Signing },
        kind,
        actor,
        objects: vec![signature.signer.to_string(), signature.requested_by.to_string(), signature.signature_id.to_string()],
        payload: facts,
    };
    audit::record(tx, event, now, rng).await
}
