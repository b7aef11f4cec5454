//! How far each lock's log is known (P13): every verified entry is counted once, in whatever order and by whomever it comes (P27). A
//! number below the last one that nobody has told of is a gap, which a later phone may fill; two heads for one place are a fork, which
//! nothing mends.
//!
//! The chain is followed by heads: each is under the lock's own MAC, so what is counted here the lock has written. What an entry says
//! comes only with the receipt of the phone that was there.

use handslag_door::{Link, LockId, Receipt, log::Chain};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{DoorId, UnixTime};

use super::openings;

/// One entry whose head the lock has made, verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) seq: u32,
    pub(super) head: [u8; 32],
    /// Known from a receipt.
    pub(super) before: Option<[u8; 32]>,
}

impl From<&Link> for Entry {
    fn from(link: &Link) -> Self {
        Self { seq: link.seq, head: link.head, before: None }
    }
}

impl From<&Receipt> for Entry {
    fn from(receipt: &Receipt) -> Self {
        Self { seq: receipt.seq(), head: receipt.head(), before: Some(receipt.before) }
    }
}

/// The state of one lock's log, as shown where openings are shown.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LockLog {
    /// The door's address.
    pub name: String,
    /// The number of the last known entry.
    pub seq: i64,
    /// How many before it nobody has told of: a gap.
    pub missing: i64,
    /// How many are known to be there, and no phone has yet told what they say.
    pub untold: i64,
    /// Set: the lock has told two histories.
    pub forked_at: Option<UnixTime>,
}

/// Begins to follow a lock's log, with what its openings have said before anybody counted.
pub(super) async fn begin(tx: &mut Tx, door: &DoorId, lock: LockId, now: UnixTime) -> Result<(), Error> {
    let first = Chain::begin(lock, [0; 32]).head(); // the first head does not depend on the seed
    let is_new = tx
        .execute(
            "INSERT INTO lock_logs (door_id, seq, head, known, missing_told) VALUES ($1, 0, $2, 0, 0) ON CONFLICT (door_id) DO NOTHING",
            (door, first.as_slice()),
        )
        .await?;
    if is_new == 1 {
        for bytes in openings::receipts(tx, door).await? {
            if let Ok(receipt) = Receipt::from_bytes(&bytes) {
                learn(tx, door, &Entry::from(&receipt), now).await?;
            }
        }
    }
    Ok(())
}

/// Whether an entry fits what is known of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Learnt {
    /// It contradicts an entry that the lock has made too.
    Fork,
    /// Nothing that was not known.
    Known,
    /// It fits: that it is there, or what it says, was not known before.
    New,
}

/// Counts one verified entry, once.
pub(super) async fn learn(tx: &mut Tx, door: &DoorId, entry: &Entry, now: UnixTime) -> Result<Learnt, Error> {
    if contradicted(tx, door, entry).await? {
        tx.execute("UPDATE lock_logs SET forked_at = $2 WHERE door_id = $1 AND forked_at IS NULL", (door, now)).await?;
        return Ok(Learnt::Fork);
    }
    let (seq, head, before) = (i64::from(entry.seq), entry.head.as_slice(), entry.before.as_ref().map(<[u8; 32]>::as_slice));
    let is_new = tx
        .execute(
            "INSERT INTO lock_entries (door_id, seq, head, head_before, reported_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (door_id, seq) DO NOTHING",
            (door, seq, head, before, now),
        )
        .await?;
    let told = if is_new == 1 {
        tx.execute(
            "UPDATE lock_logs SET known = known + 1, head = CASE WHEN seq < $2 THEN $3 ELSE head END, seq = CASE WHEN seq < $2 THEN $2 ELSE seq END \
             WHERE door_id = $1",
            (door, seq, head),
        )
        .await?
    } else if before.is_some() {
        // A link came first; the receipt adds what the chain was before it.
        tx.execute("UPDATE lock_entries SET head_before = $3 WHERE door_id = $1 AND seq = $2 AND head_before IS NULL", (door, seq, before)).await?
    } else {
        0
    };
    Ok(if told == 1 { Learnt::New } else { Learnt::Known })
}

#[derive(FromRow)]
struct Count {
    count: i64,
}

/// Two heads for one place: the same number, or the end of the one before and the beginning of the one after.
async fn contradicted(tx: &mut Tx, door: &DoorId, entry: &Entry) -> Result<bool, Error> {
    let (head, before) = (entry.head.as_slice(), entry.before.as_ref().map(<[u8; 32]>::as_slice));
    let found: Count = tx
        .one(
            "SELECT COUNT(*) AS count FROM lock_entries WHERE door_id = $1 AND ((seq = $2 AND head <> $3) OR (seq = $2 AND head_before <> $4) \
             OR (seq = $2 + 1 AND head_before <> $3) OR (seq = $2 - 1 AND head <> $4))",
            (door, i64::from(entry.seq), head, before),
        )
        .await?;
    Ok(found.count > 0)
}

#[derive(FromRow)]
struct Missing {
    missing_told: i64,
}

/// How many entries are missing now, if that is another number than the journal was told last.
pub(super) async fn missing_anew(tx: &mut Tx, door: &DoorId) -> Result<Option<i64>, Error> {
    let told: Option<Missing> = tx
        .optional(
            "UPDATE lock_logs SET missing_told = seq - known WHERE door_id = $1 AND missing_told <> seq - known RETURNING missing_told",
            (door,),
        )
        .await?;
    Ok(told.map(|told| told.missing_told))
}

/// The state of one lock's log, whatever was disposed of since; none while nothing has come from it.
pub async fn of_door(tx: &mut Tx, door: &DoorId) -> Result<Option<LockLog>, Error> {
    tx.optional(
        "SELECT d.name, l.seq, l.seq - l.known AS missing, l.forked_at, \
         (SELECT COUNT(*) FROM lock_entries e WHERE e.door_id = l.door_id AND e.head_before IS NULL) AS untold \
         FROM lock_logs l JOIN doors d ON d.door_id = l.door_id WHERE l.door_id = $1",
        (door,),
    )
    .await
}
