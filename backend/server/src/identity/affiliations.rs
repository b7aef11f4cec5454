//! Affiliations: one person's work identity in one organisation.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, Assurance, OrgAffiliation, OrganisationId, OrganisationNumber, PersonId, UnixTime};
use rand_core::CryptoRng;
use serde_json::json;

use super::organisations::Organisation;
use crate::{
    audit::{Actor, Chain, Event, Purpose},
    outbox::{self, Topic},
};

/// What binds a person to an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum AffiliationKind {
    /// Works for a firm that has a contract.
    Contractor,
    /// Elected member.
    Elected,
    /// Employed.
    Employee,
    /// Works for a care provider on the municipality's behalf.
    ProviderStaff,
}

/// One work identity with the names that go with it.
#[derive(Debug, Clone, FromRow)]
pub struct Affiliation {
    /// Names it.
    pub affiliation_id: AffiliationId,
    /// The organisation.
    pub organisation_id: OrganisationId,
    /// Its number.
    pub organisation_number: OrganisationNumber,
    /// `orgName`.
    pub organisation_name: String,
    /// What the organisation calls its work identity.
    pub identity_name: String,
    /// The person.
    pub person_id: PersonId,
    /// `given_name`.
    pub given_name: String,
    /// `family_name`.
    pub family_name: String,
    /// `orgAffiliation`.
    pub who: OrgAffiliation,
    /// `sub`.
    pub subject: String,
    /// What binds them.
    pub kind: AffiliationKind,
    /// `orgUnit`.
    pub unit: String,
    /// What the person may do (policies/).
    pub role: String,
    /// How surely the person was identified.
    pub assurance: Assurance,
    /// First second of the employment.
    pub valid_from: UnixTime,
    /// Its end, when known.
    pub valid_to: Option<UnixTime>,
    /// Set: nothing works any longer.
    pub blocked_at: Option<UnixTime>,
}

/// Whether an affiliation may be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Somebody ended it.
    Blocked,
    /// The employment is over.
    Ended,
    /// It may be used.
    Good,
    /// The employment has not begun.
    NotYet,
}

impl Affiliation {
    /// `name`.
    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    /// Read at every use: log-in, refresh, signing and passes all ask this one question (LC-08).
    pub fn standing(&self, now: UnixTime) -> Standing {
        if self.blocked_at.is_some() {
            Standing::Blocked
        } else if now < self.valid_from {
            Standing::NotYet
        } else if self.valid_to.is_some_and(|end| now >= end) {
            Standing::Ended
        } else {
            Standing::Good
        }
    }

    /// The chain of this organisation for a purpose.
    pub fn chain(&self, purpose: Purpose) -> Chain {
        Chain::Organisation { organisation: self.organisation_id.clone(), purpose }
    }
}

/// What is decided when somebody begins.
#[derive(Debug, Clone)]
pub struct Hired<'a> {
    /// Where.
    pub organisation: &'a Organisation,
    /// Who.
    pub person: PersonId,
    /// As what.
    pub kind: AffiliationKind,
    /// In which unit.
    pub unit: &'a str,
    /// With which role.
    pub role: &'a str,
    /// How surely identified.
    pub assurance: Assurance,
    /// By whom and with which document.
    pub identified_by: &'a str,
    /// Until when.
    pub valid_to: Option<UnixTime>,
}

/// Gives a person a work identity; it is worth nothing until a phone carries it.
pub async fn hire(tx: &mut Tx, hired: Hired<'_>, now: UnixTime, rng: &mut (dyn CryptoRng + Send)) -> Result<AffiliationId, Error> {
    let affiliation_id = AffiliationId::random(rng);
    let who = OrgAffiliation::random(&hired.organisation.number, rng);
    let subject = subject(rng);
    tx.execute(
        "INSERT INTO affiliations (affiliation_id, organisation_id, person_id, who, subject, kind, unit, role, assurance, identified_by, \
         valid_from, valid_to, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        (
            affiliation_id.clone(),
            hired.organisation.organisation_id.clone(),
            hired.person,
            who,
            subject.as_str(),
            hired.kind,
            hired.unit,
            hired.role,
            hired.assurance,
            hired.identified_by,
            now,
            hired.valid_to,
            now,
        ),
    )
    .await?;
    Ok(affiliation_id)
}

/// Gives a work identity the name that the configuration says, for conformance suites; every other one has a random name for ever.
pub async fn name(tx: &mut Tx, affiliation: &AffiliationId, who: &OrgAffiliation) -> Result<(), Error> {
    tx.execute("UPDATE affiliations SET who = $2 WHERE affiliation_id = $1", (affiliation, who)).await?;
    Ok(())
}

/// A random `sub`: nobody can compute it from the person's data (OP-21).
fn subject(rng: &mut (dyn CryptoRng + Send)) -> String {
    PersonId::random(rng).as_str().trim_start_matches("per_").to_owned()
}

macro_rules! select_affiliations {
    ($condition:literal) => {
        concat!(
            "SELECT a.affiliation_id, a.organisation_id, o.number AS organisation_number, o.name AS organisation_name, o.identity_name, a.person_id, ",
            "p.given_name, p.family_name, a.who, a.subject, a.kind, a.unit, a.role, a.assurance, a.valid_from, a.valid_to, a.blocked_at ",
            "FROM affiliations a JOIN persons p ON p.person_id = a.person_id JOIN organisations o ON o.organisation_id = a.organisation_id ",
            $condition
        )
    };
}

/// One affiliation.
pub async fn by_id(tx: &mut Tx, id: &AffiliationId) -> Result<Affiliation, Error> {
    tx.one(select_affiliations!("WHERE a.affiliation_id = $1"), (id.clone(),)).await
}

/// One affiliation that may not exist.
pub async fn find(tx: &mut Tx, id: &AffiliationId) -> Result<Option<Affiliation>, Error> {
    tx.optional(select_affiliations!("WHERE a.affiliation_id = $1"), (id.clone(),)).await
}

/// One affiliation by its `orgAffiliation`.
pub async fn by_who(tx: &mut Tx, who: &str) -> Result<Option<Affiliation>, Error> {
    tx.optional(select_affiliations!("WHERE a.who = $1"), (who,)).await
}

/// One affiliation by its `sub`.
pub async fn by_subject(tx: &mut Tx, subject: &str) -> Result<Option<Affiliation>, Error> {
    tx.optional(select_affiliations!("WHERE a.subject = $1"), (subject,)).await
}

/// Everybody in a unit, in the order they came.
pub async fn of_unit(tx: &mut Tx, organisation: &OrganisationId, unit: &str) -> Result<Vec<Affiliation>, Error> {
    tx.all(select_affiliations!("WHERE a.organisation_id = $1 AND a.unit = $2 ORDER BY a.created_at, a.affiliation_id"), (organisation.clone(), unit))
        .await
}

/// Ends it at once. True if it was this call that did: the caller then writes [`blocked_event`] in the same transaction. Waits for who
/// is being given a pass at this moment.
pub async fn block(tx: &mut Tx, id: &AffiliationId, now: UnixTime) -> Result<bool, Error> {
    tx.alone(id.as_str()).await?;
    let changed = tx.execute("UPDATE affiliations SET blocked_at = $2 WHERE affiliation_id = $1 AND blocked_at IS NULL", (id.clone(), now)).await?;
    if changed == 1 {
        outbox::leave(tx, Topic::IdentityEnded, id.as_str(), now).await?;
    }
    Ok(changed == 1)
}

/// The journal's event for [`block`].
pub fn blocked_event(affiliation: &Affiliation, by: Actor) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Administration),
        kind: "identity.blocked",
        actor: by,
        objects: vec![affiliation.affiliation_id.to_string()],
        payload: json!({ "who": affiliation.who }),
    }
}
