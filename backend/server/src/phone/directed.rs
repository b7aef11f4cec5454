//! Log-ins that a service asks a person for whom it knows (CIBA). Nothing near led the phone there, so the person types the number that
//! only the service's screen shows: somebody who answers a question without having asked gives nothing (attack 25).
//!
//! The number is computed from the transaction and never stored. A wrong one ends the question: nobody gets a second guess of ninety.

use handslag_keys::Kind;
use handslag_store::{Error, Tx};
use handslag_vocab::{AffiliationId, ApprovalId, PhoneId, Secret, UnixTime};
use rand_core::CryptoRng;

use super::{
    approvals::{self, Request, Row, select_approvals},
    phones,
};
use crate::{problem::Problem, server::Server};

/// Why a question ended whose number was typed wrong.
pub const WRONG_NUMBER: &str = "wrong_number";

/// Asks a person. Whether that is too often or too much at a time is the caller's to know.
pub async fn ask(
    tx: &mut Tx,
    id: &ApprovalId,
    person: &AffiliationId,
    request: &Request,
    now: UnixTime,
    expires_at: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), Error> {
    let request = serde_json::to_string(request).unwrap_or_default();
    let browser = Secret::random("none", rng).hash(); // no browser began this: nothing can ever match it
    tx.execute(
        "INSERT INTO approvals (approval_id, kind, state, request, browser_hash, affiliation_id, directed_at, created_at, expires_at) \
         VALUES ($1, 'login', 'created', $2, $3, $4, $5, $5, $6)",
        (id, request, browser, person, now, expires_at),
    )
    .await?;
    Ok(())
}

/// What waits for this person on this phone, oldest first. What another phone of theirs has taken does not wait here.
pub async fn waiting_for(tx: &mut Tx, person: &AffiliationId, phone: &PhoneId, now: UnixTime) -> Result<Vec<Row>, Error> {
    tx.all(
        select_approvals!(
            "WHERE affiliation_id = $1 AND directed_at IS NOT NULL AND state IN ('created', 'claimed', 'shown') AND expires_at > $3 \
             AND (phone_id IS NULL OR phone_id = $2) ORDER BY created_at, approval_id"
        ),
        (person, phone, now),
    )
    .await
}

/// One that waits for this person; for everybody else it does not exist.
pub(super) async fn of_person(tx: &mut Tx, id: &ApprovalId, person: &AffiliationId) -> Result<Option<Row>, Error> {
    let row = approvals::by_id(tx, id).await?;
    Ok(row.filter(|row| row.directed_at.is_some() && row.affiliation_id.as_ref() == Some(person)))
}

/// The two digits on the service's screen: 10 to 99.
pub fn number(server: &Server, id: &ApprovalId) -> Result<u8, Problem> {
    let mac = server.keys.mac(Kind::Cookie, format!("number {id}").as_bytes())?;
    let [first, second, third, fourth, ..] = mac;
    // Of four thousand million the last few numbers are likelier by one in fifty million.
    let chosen = u32::from_be_bytes([first, second, third, fourth]) % 90;
    Ok(u8::try_from(chosen).unwrap_or(0).saturating_add(10))
}

/// Whether this person has a phone that could answer.
pub async fn can_be_asked(tx: &mut Tx, person: &AffiliationId) -> Result<Option<phones::Tier>, Error> {
    let phones = phones::of_affiliation(tx, person).await?;
    Ok(phones.into_iter().filter(|phone| phone.blocked_at.is_none()).map(|phone| phone.tier).max())
}

/// The phone's answer to a question without its number, or with a wrong one.
pub(super) fn wrong_number() -> Problem {
    let (sv, en) = (
        "Talet stämmer inte. Vi har stoppat det, och inget har skickats. Började du själv? Gör det då igen och skriv talet som skärmen visar.",
        "The number is not right. We have stopped it, and nothing has been sent. Did you begin this? Then begin again and type the number on the screen.",
    );
    Problem::forbidden(sv, en).with_code(WRONG_NUMBER)
}

pub(super) fn number_missing() -> Problem {
    Problem::bad("number_missing", "Skriv talet som den andra skärmen visar.", "Type the number that the other screen shows.")
}
