//! "Fråga inte igen": what a person has said that one service may have without being shown it each time (SE-15). Kept for one person,
//! one service and exactly what was shown; more than that is shown again.

use std::collections::BTreeSet;

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, ClientId, UnixTime};

/// One answer.
#[derive(Debug, Clone, FromRow)]
pub struct Remembered {
    /// To which service.
    pub client_id: ClientId,
    /// What was shown, by [`handslag_protocol::attribute::Attribute::name`].
    claims: String,
    /// When.
    pub remembered_at: UnixTime,
}

impl Remembered {
    /// What was shown.
    pub fn shown(&self) -> BTreeSet<&str> {
        self.claims.split(' ').filter(|claim| !claim.is_empty()).collect()
    }
}

/// Keeps an answer; the same one twice is one.
pub async fn keep(tx: &mut Tx, affiliation: &AffiliationId, client: &ClientId, shown: &BTreeSet<&str>, now: UnixTime) -> Result<(), Error> {
    let claims: Vec<&str> = shown.iter().copied().collect();
    tx.execute(
        "INSERT INTO remembered_answers (affiliation_id, client_id, claims, remembered_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        (affiliation, client, claims.join(" "), now),
    )
    .await?;
    Ok(())
}

/// Every answer of a person, newest first.
pub async fn of(tx: &mut Tx, affiliation: &AffiliationId) -> Result<Vec<Remembered>, Error> {
    tx.all(
        "SELECT client_id, claims, remembered_at FROM remembered_answers WHERE affiliation_id = $1 ORDER BY remembered_at DESC, client_id, claims",
        (affiliation,),
    )
    .await
}

/// Takes back every answer for one service. True if there was one.
pub async fn withdraw(tx: &mut Tx, affiliation: &AffiliationId, client: &ClientId) -> Result<bool, Error> {
    Ok(tx.execute("DELETE FROM remembered_answers WHERE affiliation_id = $1 AND client_id = $2", (affiliation, client)).await? > 0)
}
