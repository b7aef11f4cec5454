//! Doors that a service asks to open in somebody's name (RFC 9396): which they are, and in which visit.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, DoorId, OrganisationId, UnixTime, VisitId};

use super::visits::window;

/// A planned visit, as a service may name it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Whose.
    pub worker: AffiliationId,
    /// When its doors may be opened: from, and until.
    pub window: (UnixTime, UnixTime),
}

/// The doors by name, and the visit where one is named.
#[derive(Debug, Clone)]
pub struct Named {
    /// Each door with its address, in the order asked.
    pub doors: Vec<(DoorId, String)>,
    /// The visit.
    pub visit: Option<Planned>,
}

/// Finds them. None where a door is not there or another organisation's, or where the visit is not, or does not lead through each door.
pub async fn named(tx: &mut Tx, organisation: &OrganisationId, doors: &[DoorId], visit: Option<&VisitId>) -> Result<Option<Named>, Error> {
    let mut found = Vec::new();
    for door in doors {
        let text = "SELECT name FROM doors WHERE door_id = $1 AND organisation_id = $2";
        let Some((name,)) = tx.optional::<(String,)>(text, (door, organisation)).await? else { return Ok(None) };
        found.push((door.clone(), name));
    }
    let Some(visit) = visit else { return Ok(Some(Named { doors: found, visit: None })) };
    let planned = planned(tx, visit, doors).await?;
    Ok(planned.map(|planned| Named { doors: found, visit: Some(planned) }))
}

#[derive(FromRow)]
struct Row {
    affiliation_id: AffiliationId,
    starts_at: UnixTime,
    ends_at: UnixTime,
}

async fn planned(tx: &mut Tx, visit: &VisitId, doors: &[DoorId]) -> Result<Option<Planned>, Error> {
    let text = "SELECT affiliation_id, starts_at, ends_at FROM visits WHERE visit_id = $1 AND cancelled_at IS NULL";
    let Some(row) = tx.optional::<Row>(text, (visit,)).await? else { return Ok(None) };
    let leads: Vec<(DoorId,)> = tx.all("SELECT door_id FROM visit_doors WHERE visit_id = $1 ORDER BY place", (visit,)).await?;
    let leads_there = doors.iter().all(|door| leads.iter().any(|(other,)| other == door));
    Ok(leads_there.then(|| Planned { worker: row.affiliation_id, window: window(row.starts_at, row.ends_at) }))
}
