//! Shown, approved, declined: what the person does with a claimed approval. Every request may be sent again and has the same
//! answer, because a phone can be killed between asking and hearing.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use handslag_phone::wire::{ApprovalSignature, Approve, ApprovedAnswer, Decline, DeclineReason, Shown};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, ApprovalKind, Digest, StartKind, UnixTime};
use serde_json::{Value, json};

use super::{
    approvals::{self, Row, State as ApprovalState},
    caller::{Caller, CallerIsBrowser},
    claim::give_way,
    directed, evidence, pictures, sign_requests,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::Affiliation,
    outbox,
    problem::Problem,
    server::Server,
};

/// `POST /phone/approvals/{txn}/shown`.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    caller: Caller,
    Path(id): Path<ApprovalId>,
    Json(shown): Json<Shown>,
) -> Result<StatusCode, Problem> {
    mark_shown(&server, &caller, &id, shown.pages_read.as_deref().unwrap_or_default(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `claimed → shown`, refused while a page of a document has not been read.
async fn mark_shown(server: &Server, caller: &Caller, id: &ApprovalId, pages_read: &[u32], now: UnixTime) -> Result<(), Problem> {
    let marked = server
        .db
        .write(async |tx| {
            let row = approvals::claimed_by(tx, id, &caller.phone.phone_id).await?;
            let pages: Vec<u32> = row.request().map_err(|error| Problem::internal(&error))?.documents.iter().map(|document| document.pages).collect();
            // What the phone says it has shown is not enough: the picture of every page must have been handed to it.
            if pages != pages_read || !pictures::all_handed(&pictures::of_approval(tx, id).await?, &pages) {
                return Err(Problem::bad("pages_unread", "Läs alla sidor först.", "Read every page first."));
            }
            if approvals::shown(tx, id, &caller.phone.phone_id, now).await? { Ok(()) } else { Err(Problem::gone()) }
        })
        .await;
    server.wakeups.wake(id.as_str());
    marked
}

/// `POST /phone/approvals/{txn}/approve`.
pub(super) async fn approve(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    caller: Caller,
    Path(id): Path<ApprovalId>,
    Json(asked): Json<Approve>,
) -> Result<Json<ApprovedAnswer>, Problem> {
    if matches!(caller.browser, CallerIsBrowser::Yes) != matches!(asked.signature, ApprovalSignature::Webauthn { .. }) {
        return Err(Problem::bad(
            "wrong_signature_kind",
            "Telefonen svarade på fel sätt. Försök igen.",
            "The phone answered in the wrong way. Try again.",
        ));
    }
    Ok(Json(ApprovedAnswer { return_to: give(&server, &caller, &id, &asked, now, rng).await? }))
}

/// The yes of a page that was shown when it comes; that the pages of documents were is told, and counted, before. Sent again after a yes, it is
/// told that the yes stands.
pub async fn give_shown(
    server: &Server,
    caller: &Caller,
    id: &ApprovalId,
    asked: &Approve,
    now: UnixTime,
    rng: Rng,
) -> Result<Option<String>, Problem> {
    let has_documents = server.db.read_one(async |tx| approvals::claimed_by(tx, id, &caller.phone.phone_id).await).await?.has_documents();
    let shown = if has_documents { Ok(()) } else { mark_shown(server, caller, id, &[], now).await };
    let given = give(server, caller, id, asked, now, rng).await;
    given.map_err(|problem| if problem.status == StatusCode::GONE { shown.err().unwrap_or(problem) } else { problem })
}

/// `shown → approved`, in one transaction with its journal line and the work it leaves.
async fn give(server: &Server, caller: &Caller, id: &ApprovalId, asked: &Approve, now: UnixTime, mut rng: Rng) -> Result<Option<String>, Problem> {
    let given = server
        .db
        .write(async |tx| {
            let row = approvals::claimed_by(tx, id, &caller.phone.phone_id).await?;
            if !has_number(server, &row, asked)? {
                // The question is over: committed, and then refused.
                end(tx, caller, &row, directed::WRONG_NUMBER, now, &mut rng).await?;
                return Ok(Err(directed::wrong_number()));
            }
            let return_to = super::return_to(server, &row)?;
            let bytes = row.bytes.clone().ok_or_else(Problem::gone)?;
            let pictures = pictures::of_approval(tx, id).await?;
            let evidence = evidence::verified(tx, server, caller, &bytes, &asked.signature, pictures).await?;
            if !approvals::approve(tx, id, &caller.phone.phone_id, &evidence, now).await? {
                // Sent again after the answer was lost, or at the same moment: a signature of the same phone stands already.
                let row = approvals::claimed_by(tx, id, &caller.phone.phone_id).await?;
                let stands = matches!(row.state, ApprovalState::Approved | ApprovalState::Consumed) && row.evidence.is_some();
                return if stands { Ok(Ok((return_to, Vec::new()))) } else { Err(Problem::gone()) };
            }
            leave(tx, &row, Answer::Yes, now).await?;
            // What went straight to the question has ended nothing when it was taken.
            let ended = if row.start_kind == Some(StartKind::SameDevice) { give_way(tx, caller, &row, now).await? } else { Vec::new() };
            let facts = json!({ "evidence": Digest::of(evidence.as_bytes()) });
            audit::record(tx, decided(&caller.affiliation, &row, "approval.given", facts), now, &mut rng).await?;
            Ok(Ok((return_to, ended)))
        })
        .await?;
    wake(server, id);
    let (return_to, ended) = given?;
    for other in ended {
        server.wakeups.wake(other.as_str());
    }
    Ok(return_to)
}

/// Whether the number of the other screen came with the yes, where one must. Without any it is no answer yet.
fn has_number(server: &Server, row: &Row, asked: &Approve) -> Result<bool, Problem> {
    if row.directed_at.is_none() {
        return Ok(true);
    }
    let typed = asked.number.ok_or_else(directed::number_missing)?;
    Ok(typed == directed::number(server, &row.approval_id)?)
}

/// What slices to the right have to do now.
async fn leave(tx: &mut Tx, row: &Row, answer: Answer, now: UnixTime) -> Result<(), handslag_store::Error> {
    let directed = row.directed_at.is_some().then_some(outbox::Topic::DirectedAnswered);
    let is_of_a_service = || row.request().is_ok_and(|request| request.signing().is_some());
    let signature = match (row.kind, answer) {
        // A service that has something signed hears of a no from the browser that comes back.
        (ApprovalKind::Signature, Answer::Yes) if is_of_a_service() => {
            sign_requests::needs_signature(row).then_some(outbox::Topic::SignRequestApproved)
        }
        (ApprovalKind::Signature, Answer::Yes) => Some(outbox::Topic::SignatureApproved),
        (ApprovalKind::Signature, Answer::No) => (!is_of_a_service()).then_some(outbox::Topic::SignatureDeclined),
        (ApprovalKind::Login | ApprovalKind::Opening, _) => None,
    };
    for topic in directed.into_iter().chain(signature) {
        outbox::leave(tx, topic, row.approval_id.as_str(), now).await?;
    }
    Ok(())
}

/// What the person said.
#[derive(Clone, Copy)]
enum Answer {
    No,
    Yes,
}

fn wake(server: &Server, id: &ApprovalId) {
    server.wakeups.wake(id.as_str());
    let topics =
        [outbox::Topic::DirectedAnswered, outbox::Topic::SignRequestApproved, outbox::Topic::SignatureApproved, outbox::Topic::SignatureDeclined];
    for topic in topics {
        server.wakeups.wake(topic.as_str());
    }
}

/// `claimed | shown → declined`, with its journal line and the work it leaves. False where it was answered already.
async fn end(tx: &mut Tx, caller: &Caller, row: &Row, reason: &str, now: UnixTime, rng: &mut Rng) -> Result<bool, Problem> {
    if !approvals::decline(tx, &row.approval_id, &caller.phone.phone_id, reason, now).await? {
        return Ok(false);
    }
    leave(tx, row, Answer::No, now).await?;
    audit::record(tx, decided(&caller.affiliation, row, "approval.declined", json!({ "reason": reason })), now, rng).await?;
    Ok(true)
}

/// `GET /phone/approvals/{txn}`: whether the question still waits for this phone's answer; where not, how it ended.
pub(super) async fn look(State(server): State<Server>, Now(now): Now, caller: Caller, Path(id): Path<ApprovalId>) -> Result<StatusCode, Problem> {
    let row = server.db.read(async |tx| approvals::claimed_by(tx, &id, &caller.phone.phone_id).await).await?;
    match row.state_at(now) {
        ApprovalState::Claimed | ApprovalState::Shown => Ok(StatusCode::NO_CONTENT),
        ApprovalState::Aborted if row.is_replaced() => Err(ended_elsewhere(
            "approval_replaced",
            "Du började logga in på nytt. Den här frågan gäller inte längre.",
            "You began to log in anew. This question is no longer valid.",
        )),
        ApprovalState::Aborted => Err(ended_elsewhere(
            "approval_aborted",
            "Det avbröts på den andra skärmen. Inget har skickats.",
            "It was cancelled on the other screen. Nothing has been sent.",
        )),
        _ => Err(Problem::gone()),
    }
}

fn ended_elsewhere(code: &'static str, sv: &str, en: &str) -> Problem {
    Problem::new(StatusCode::GONE, code, sv, en)
}

/// `POST /phone/approvals/{txn}/decline`.
pub(super) async fn decline(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    caller: Caller,
    Path(id): Path<ApprovalId>,
    Json(asked): Json<Decline>,
) -> Result<StatusCode, Problem> {
    turn_down(&server, &caller, &id, asked.reason, now, rng).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `claimed | shown → declined`.
pub async fn turn_down(server: &Server, caller: &Caller, id: &ApprovalId, reason: DeclineReason, now: UnixTime, mut rng: Rng) -> Result<(), Problem> {
    let reason = match reason {
        DeclineReason::Cancelled => "cancelled",
        DeclineReason::NotMe => approvals::NOT_ME,
    };
    server
        .db
        .write(async |tx| {
            let row = approvals::claimed_by(tx, id, &caller.phone.phone_id).await?;
            if end(tx, caller, &row, reason, now, &mut rng).await? {
                return Ok(());
            }
            let row = approvals::claimed_by(tx, id, &caller.phone.phone_id).await?;
            if row.state == ApprovalState::Declined { Ok(()) } else { Err(Problem::gone()) }
        })
        .await?;
    wake(server, id);
    Ok(())
}

/// The event of an answer; `facts` is what only this answer has.
fn decided(affiliation: &Affiliation, row: &Row, kind: &'static str, mut facts: Value) -> Event {
    let purpose = match row.kind {
        ApprovalKind::Login => Purpose::Login,
        ApprovalKind::Opening => Purpose::Doors,
        ApprovalKind::Signature => Purpose::Signing,
    };
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("approval".to_owned(), json!(row.approval_id));
        facts.insert("requester".to_owned(), json!(row.request().map(|request| request.requester).unwrap_or_default()));
    }
    Event {
        chain: affiliation.chain(purpose),
        kind,
        actor: Actor::Person(affiliation.affiliation_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string(), row.approval_id.to_string()],
        payload: facts,
    }
}

/// Now is before the end and the phone may still be used: read at every use.
pub(super) fn is_late(row: &Row, now: UnixTime) -> bool {
    row.state_at(now) == ApprovalState::Expired
}
