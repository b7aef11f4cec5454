//! A phone with the work identity that it carries, in one statement: nearly everything that a phone does asks for both.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ApprovalId, PhoneId, SecretHash, UnixTime};

use super::{
    approvals::{CONSUME, Consumed, TO_CONSUME},
    phones::Phone,
};
use crate::identity::Affiliation;

/// Both, as they are at this moment.
#[derive(Debug, Clone, FromRow)]
pub struct Carried {
    /// The phone.
    #[sqlx(flatten)]
    pub phone: Phone,
    /// Its work identity.
    #[sqlx(flatten)]
    pub affiliation: Affiliation,
}

/// A yes that was now given out, with what it rests on.
#[derive(Debug, Clone, FromRow)]
pub struct Given {
    /// The yes.
    #[sqlx(flatten)]
    pub consumed: Consumed,
    /// The phone and the work identity as they are now.
    #[sqlx(flatten)]
    pub carried: Carried,
}

macro_rules! select_carried {
    ($also:literal, $condition:literal) => {
        concat!(
            "SELECT ",
            $also,
            "f.phone_id, f.affiliation_id, f.tier, f.enrolled_at, f.blocked_at AS phone_blocked_at, f.last_used_at, a.organisation_id, ",
            "o.number AS organisation_number, o.name AS organisation_name, o.identity_name, a.person_id, p.given_name, p.family_name, a.who, ",
            "a.subject, a.kind, a.unit, a.role, a.assurance, a.valid_from, a.valid_to, a.blocked_at FROM phones f ",
            "JOIN affiliations a ON a.affiliation_id = f.affiliation_id JOIN persons p ON p.person_id = a.person_id ",
            "JOIN organisations o ON o.organisation_id = a.organisation_id ",
            $condition
        )
    };
}

/// By the phone.
pub async fn by_id(tx: &mut Tx, phone: &PhoneId) -> Result<Option<Carried>, Error> {
    tx.optional(select_carried!("", "WHERE f.phone_id = $1"), (phone,)).await
}

/// By the browser that was greeted as it at enrolment.
pub(super) async fn by_browser(tx: &mut Tx, browser: &SecretHash) -> Result<Option<Carried>, Error> {
    tx.optional(select_carried!("", "WHERE f.browser_hash = $1"), (browser,)).await
}

/// The newest phone in use of somebody's that no key makes more than it is.
pub(super) async fn without_key(tx: &mut Tx, who: &str) -> Result<Option<Carried>, Error> {
    let text = select_carried!("", "WHERE a.who = $1 AND f.tier = 't0' AND f.blocked_at IS NULL ORDER BY f.enrolled_at DESC, f.phone_id LIMIT 1");
    tx.optional(text, (who,)).await
}

/// One that was given out.
const GIVEN: &str = select_carried!(
    "y.bytes, y.evidence, y.decided_at, ",
    "JOIN approvals y ON y.phone_id = f.phone_id AND y.affiliation_id = f.affiliation_id WHERE y.approval_id = $1 AND y.state = 'consumed'"
);

/// Gives out what was approved, exactly once.
pub async fn consume(tx: &mut Tx, id: &ApprovalId, now: UnixTime) -> Result<Option<Given>, Error> {
    match tx.execute_and_ask((CONSUME, (id, now, now - TO_CONSUME)), (GIVEN, (id,))).await? {
        (1, Some(given)) => Ok(Some(given)),
        (1, None) => Err(Error::Missing),
        _ => Ok(None),
    }
}

/// One that was given out before.
pub async fn consumed(tx: &mut Tx, id: &ApprovalId) -> Result<Option<Given>, Error> {
    tx.optional(GIVEN, (id,)).await
}
