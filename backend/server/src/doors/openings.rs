//! Openings, as locks wrote them. Told once, in whatever order and by whomever they come (P27).

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, DoorId, OrganisationId, UnixTime};

/// One attempt at one door.
#[derive(Debug, Clone, FromRow)]
pub struct Opening {
    /// The door's address.
    pub name: String,
    /// Who, when the pass is known.
    pub affiliation_id: Option<AffiliationId>,
    /// When, by the lock's clock.
    pub at: UnixTime,
    /// `opened`, or why not.
    pub result: String,
    /// What does not fit in the lock's log.
    pub finding: Option<String>,
    /// How many entries of that lock are missing.
    pub missing: i64,
}

/// What a receipt says.
#[derive(Debug, Clone)]
pub(super) struct New<'a> {
    pub(super) door: &'a DoorId,
    pub(super) seq: u32,
    pub(super) affiliation: Option<AffiliationId>,
    pub(super) at: UnixTime,
    pub(super) result: &'a str,
    pub(super) finding: Option<&'a str>,
    pub(super) receipt: &'a [u8],
}

/// Stores one. False if it was told before.
pub(super) async fn store(tx: &mut Tx, new: &New<'_>, now: UnixTime) -> Result<bool, Error> {
    let stored = tx
        .execute(
            "INSERT INTO openings (door_id, seq, affiliation_id, at, result, finding, receipt, reported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (door_id, seq) DO NOTHING",
            (new.door, i64::from(new.seq), &new.affiliation, new.at, new.result, new.finding, new.receipt, now),
        )
        .await?;
    Ok(stored == 1)
}

#[derive(FromRow)]
struct Told {
    receipt: Vec<u8>,
}

/// Every receipt of a door.
pub(super) async fn receipts(tx: &mut Tx, door: &DoorId) -> Result<Vec<Vec<u8>>, Error> {
    let told: Vec<Told> = tx.all("SELECT receipt FROM openings WHERE door_id = $1 ORDER BY seq", (door,)).await?;
    Ok(told.into_iter().map(|told| told.receipt).collect())
}

/// The newest openings of an organisation's doors.
pub async fn recent(tx: &mut Tx, organisation: &OrganisationId, limit: i64) -> Result<Vec<Opening>, Error> {
    tx.all(
        "SELECT d.name, o.affiliation_id, o.at, o.result, o.finding, COALESCE(l.seq - l.known, 0) AS missing \
         FROM openings o JOIN doors d ON d.door_id = o.door_id LEFT JOIN lock_logs l ON l.door_id = o.door_id \
         WHERE d.organisation_id = $1 ORDER BY o.at DESC, o.seq DESC LIMIT $2",
        (organisation, limit),
    )
    .await
}

/// Disposes of those that came before then. By our clock: a lock may have lost its own.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM openings WHERE reported_at < $1", (before,)).await?;
    Ok(())
}
