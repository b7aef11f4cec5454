//! Passes to the phone, receipts and carried logs from it.

use handslag_vocab::{DoorId, UnixTime, VisitId};
use serde::{Deserialize, Serialize};

use super::{LockId, Octets};

/// The doors of this phone's coming visits. It replaces what the phone had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// One for each door and visit.
    pub doors: Vec<WalletDoor>,
    /// The server's time.
    pub synced_at: UnixTime,
}

/// One door in one visit's window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletDoor {
    /// The end of the window.
    pub closes_at: UnixTime,
    /// The door.
    pub door: DoorId,
    /// The lock's name over the air; the pass names the same.
    pub lock_id: LockId,
    /// The name a worker knows it by.
    pub name: String,
    /// The start of the window.
    pub opens_at: UnixTime,
    /// The pass (CWT, phones-and-doors §4.3).
    pub pass: Octets,
    /// The visit; an entrance shared by many has none.
    #[serde(default)]
    pub visit: Option<VisitId>,
}

/// What the phone carries home. Sending the same thing twice changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbox {
    /// Sealed batches of locks' logs, opaque to the phone.
    pub logs: Vec<Octets>,
    /// Locks' receipts of this phone's own openings.
    pub receipts: Vec<Octets>,
}

/// How many, from the front of each list, the server now has: stored now or before, or known to be worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxAnswer {
    /// Batches taken care of.
    pub logs: u32,
    /// Receipts taken care of.
    pub receipts: u32,
}
