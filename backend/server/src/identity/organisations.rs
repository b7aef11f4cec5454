//! Organisations.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{OrganisationId, OrganisationNumber, UnixTime};

/// A municipality, its company, or a partner.
#[derive(Debug, Clone, FromRow)]
pub struct Organisation {
    /// Names it.
    pub organisation_id: OrganisationId,
    /// Part of `orgAffiliation` (SE-04).
    pub number: OrganisationNumber,
    /// `orgName`.
    pub name: String,
    /// What it calls its work identity; no page hard-codes a product's name.
    pub identity_name: String,
}

const COLUMNS_BY_ID: &str = "SELECT organisation_id, number, name, identity_name FROM organisations WHERE organisation_id = $1";
const COLUMNS_BY_NUMBER: &str = "SELECT organisation_id, number, name, identity_name FROM organisations WHERE number = $1";

/// Registers an organisation.
pub async fn create(tx: &mut Tx, organisation: &Organisation, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO organisations (organisation_id, number, name, identity_name, created_at) VALUES ($1, $2, $3, $4, $5)",
        (organisation.organisation_id.clone(), organisation.number.clone(), organisation.name.as_str(), organisation.identity_name.as_str(), now),
    )
    .await?;
    Ok(())
}

/// One organisation.
pub async fn by_id(tx: &mut Tx, id: &OrganisationId) -> Result<Organisation, Error> {
    tx.one(COLUMNS_BY_ID, (id.clone(),)).await
}

/// One organisation by its number.
pub async fn by_number(tx: &mut Tx, number: &OrganisationNumber) -> Result<Option<Organisation>, Error> {
    tx.optional(COLUMNS_BY_NUMBER, (number.clone(),)).await
}
