//! A code that a person sets for being asked by services (CIBA §7.1 `user_code`): whoever knows only the work identity cannot make the
//! phone ask. It is told to services, so it is no proof of the person, and every yes is given on the phone all the same.

use handslag_keys::Kind;
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, Secret, UnixTime};

use crate::{problem::Problem, server::Server};

/// What came of a service's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// The person has set one, and none came.
    Missing,
    /// The one that the person has set.
    Right,
    /// The person has set none; what came counts for nothing.
    Unset,
    /// Another than the person has set.
    Wrong,
}

#[derive(FromRow)]
struct Kept {
    code_mac: Vec<u8>,
}

/// Holds what a service brought against what the person has set.
pub async fn holds(tx: &mut Tx, server: &Server, person: &AffiliationId, brought: Option<&Secret>) -> Result<Asking, Problem> {
    let kept: Option<Kept> = tx.optional("SELECT code_mac FROM asking_codes WHERE affiliation_id = $1", (person,)).await?;
    Ok(match (kept, brought) {
        (None, _) => Asking::Unset,
        (Some(_), None) => Asking::Missing,
        (Some(kept), Some(brought)) if server.keys.is_mac(Kind::Cookie, &text(person, brought.reveal()), &kept.code_mac)? => Asking::Right,
        (Some(_), Some(_)) => Asking::Wrong,
    })
}

/// Whether this person has set one.
pub async fn is_set(tx: &mut Tx, person: &AffiliationId) -> Result<bool, Error> {
    let kept: Option<Kept> = tx.optional("SELECT code_mac FROM asking_codes WHERE affiliation_id = $1", (person,)).await?;
    Ok(kept.is_some())
}

/// Sets one, in the place of the one before.
pub async fn set(tx: &mut Tx, server: &Server, person: &AffiliationId, code: &str, now: UnixTime) -> Result<(), Problem> {
    if !(4..=16).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let (sv, en) = ("Koden ska ha 4–16 bokstäver eller siffror, utan å, ä och ö.", "The code must have 4–16 letters or digits.");
        return Err(Problem::bad("asking_code_form", sv, en));
    }
    let mac = server.keys.mac(Kind::Cookie, &text(person, code))?.to_vec();
    tx.execute(
        "INSERT INTO asking_codes (affiliation_id, code_mac, set_at) VALUES ($1, $2, $3) ON CONFLICT (affiliation_id) DO UPDATE \
         SET code_mac = $2, set_at = $3",
        (person, mac, now),
    )
    .await?;
    Ok(())
}

/// Takes it away.
pub async fn clear(tx: &mut Tx, person: &AffiliationId) -> Result<(), Error> {
    tx.execute("DELETE FROM asking_codes WHERE affiliation_id = $1", (person,)).await?;
    Ok(())
}

fn text(person: &AffiliationId, code: &str) -> Vec<u8> {
    format!("asking code {person} {code}").into_bytes()
}
