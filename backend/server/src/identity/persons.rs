//! Natural persons. A personal number is not held here; where one is needed it is kept encrypted (architecture §1).

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{PersonId, UnixTime};
use rand_core::CryptoRng;

/// A person.
#[derive(Debug, Clone, FromRow)]
pub struct Person {
    /// Names the person in this system.
    pub person_id: PersonId,
    /// `given_name`.
    pub given_name: String,
    /// `family_name`.
    pub family_name: String,
}

/// Enters a person.
pub async fn create(tx: &mut Tx, given_name: &str, family_name: &str, now: UnixTime, rng: &mut (dyn CryptoRng + Send)) -> Result<PersonId, Error> {
    let person_id = PersonId::random(rng);
    tx.execute(
        "INSERT INTO persons (person_id, given_name, family_name, created_at) VALUES ($1, $2, $3, $4)",
        (person_id.clone(), given_name, family_name, now),
    )
    .await?;
    Ok(person_id)
}
