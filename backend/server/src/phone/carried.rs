//! A phone with the work identity that it carries, in one statement: nearly everything that a phone does asks for both.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{PhoneId, SecretHash};

use super::phones::Phone;
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

macro_rules! select_carried {
    ($condition:literal) => {
        concat!(
            "SELECT f.phone_id, f.affiliation_id, f.tier, f.enrolled_at, f.blocked_at AS phone_blocked_at, f.last_used_at, a.organisation_id, ",
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
    tx.optional(select_carried!("WHERE f.phone_id = $1"), (phone,)).await
}

/// By the browser that was greeted as it at enrolment.
pub(super) async fn by_browser(tx: &mut Tx, browser: &SecretHash) -> Result<Option<Carried>, Error> {
    tx.optional(select_carried!("WHERE f.browser_hash = $1"), (browser,)).await
}

/// The newest phone in use of somebody's that no key makes more than it is.
pub(super) async fn without_key(tx: &mut Tx, who: &str) -> Result<Option<Carried>, Error> {
    let text = select_carried!("WHERE a.who = $1 AND f.tier = 't0' AND f.blocked_at IS NULL ORDER BY f.enrolled_at DESC, f.phone_id LIMIT 1");
    tx.optional(text, (who,)).await
}
