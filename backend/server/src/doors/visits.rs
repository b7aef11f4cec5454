//! Visits: who goes where, when. The plan comes from a planning system; here it only decides which passes exist.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, DoorId, OrganisationId, Seconds, UnixTime, VisitId};

/// Doors open a quarter of an hour before and after the planned time.
const MARGIN: Seconds = Seconds::minutes(15);

/// A pass for a planned visit is never longer than this (DR-04).
const LONGEST: Seconds = Seconds::hours(4);

/// One door of one visit.
#[derive(Debug, Clone, FromRow)]
pub struct Visit {
    /// Names the visit.
    pub visit_id: VisitId,
    /// The door.
    pub door_id: DoorId,
    /// Whose door it is.
    pub organisation_id: OrganisationId,
    /// The door's address.
    pub name: String,
    /// The lock's own eight bytes.
    pub lock_id: Vec<u8>,
    /// Begin as planned.
    pub starts_at: UnixTime,
    /// End as planned.
    pub ends_at: UnixTime,
}

impl Visit {
    /// When the door opens.
    pub fn window(&self) -> (UnixTime, UnixTime) {
        window(self.starts_at, self.ends_at)
    }
}

/// When the doors of a visit open: the planned time with a margin, never longer than four hours.
pub(super) fn window(starts_at: UnixTime, ends_at: UnixTime) -> (UnixTime, UnixTime) {
    let from = starts_at - MARGIN;
    (from, (ends_at + MARGIN).min(from + LONGEST))
}

/// Plans a visit through these doors, in the order of the way in.
pub async fn plan(tx: &mut Tx, visit: &VisitId, worker: &AffiliationId, doors: &[DoorId], from: UnixTime, to: UnixTime) -> Result<(), Error> {
    tx.execute("INSERT INTO visits (visit_id, affiliation_id, starts_at, ends_at) VALUES ($1, $2, $3, $4)", (visit, worker, from, to)).await?;
    for (door, place) in doors.iter().zip(1_i64..) {
        tx.execute("INSERT INTO visit_doors (visit_id, door_id, place) VALUES ($1, $2, $3)", (visit, door, place)).await?;
    }
    Ok(())
}

/// The doors of a worker's visits that begin before `until` and are not over, in the order of the day.
pub async fn of_worker(tx: &mut Tx, worker: &AffiliationId, now: UnixTime, until: UnixTime) -> Result<Vec<Visit>, Error> {
    tx.all(
        "SELECT v.visit_id, d.door_id, d.organisation_id, d.name, d.lock_id, v.starts_at, v.ends_at FROM visits v \
         JOIN visit_doors x ON x.visit_id = v.visit_id JOIN doors d ON d.door_id = x.door_id \
         WHERE v.affiliation_id = $1 AND v.cancelled_at IS NULL AND v.ends_at > $2 AND v.starts_at < $3 ORDER BY v.starts_at, x.place",
        (worker, now - MARGIN, until),
    )
    .await
}

/// Disposes of visits that ended before then. One that was moved stays as long as a pass from before it was.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM visit_doors WHERE visit_id IN (SELECT v.visit_id FROM visits v WHERE v.ends_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM passes p WHERE p.visit_id = v.visit_id))",
        (before,),
    )
    .await?;
    tx.execute("DELETE FROM visits WHERE ends_at < $1 AND NOT EXISTS (SELECT 1 FROM passes p WHERE p.visit_id = visits.visit_id)", (before,)).await?;
    Ok(())
}
