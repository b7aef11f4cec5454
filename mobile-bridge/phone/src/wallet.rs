//! The passes on the phone. They open nothing without the door key, and the lock decides; the phone keeps only passes that it
//! could use, and says in words which doors can be opened now, without network.

use handslag_door::{Claims, Class, DoorKey, Scope, UnverifiedPass};
use handslag_vocab::{DoorId, UnixTime, VisitId};
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    wire::{LockId, PublicKey, Wallet, WalletDoor},
};

/// One door of one visit, for the list that a worker sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoorNow {
    /// The end of the window.
    pub closes_at: UnixTime,
    /// The door.
    pub door: DoorId,
    /// Its name.
    pub name: String,
    /// The start of the window.
    pub opens_at: UnixTime,
    /// The visit.
    pub visit: Option<VisitId>,
    /// By the phone's clock. The lock has its own and decides.
    pub when: When,
}

/// Whether a door can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It can be opened.
    Now,
    /// It will be.
    Later,
    /// It could have been.
    Past,
}

/// A door whose pass this phone could never use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The door.
    pub door: DoorId,
    /// What is wrong with its pass.
    pub fault: PassFault,
}

/// What is wrong with a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PassFault {
    /// Not a pass (phones-and-doors §4.3).
    #[error("the pass could not be read")]
    Malformed,
    /// For another phone's door key.
    #[error("the pass is for another phone")]
    OtherKey,
    /// For another lock than the wallet says.
    #[error("the pass is for another lock")]
    OtherLock,
    /// The wallet's window is not within the pass's time.
    #[error("the pass is for another time")]
    OtherTime,
}

impl PassFault {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "pass_malformed",
            Self::OtherKey => "pass_other_key",
            Self::OtherLock => "pass_other_lock",
            Self::OtherTime => "pass_other_time",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passes {
    doors: Vec<WalletDoor>,
    synced_at: Option<UnixTime>,
}

impl Passes {
    pub(crate) fn len(&self) -> usize {
        self.doors.len()
    }

    pub(crate) const fn synced_at(&self) -> Option<UnixTime> {
        self.synced_at
    }

    /// Takes what the server says in place of all before; what is gone there is gone here.
    pub(crate) fn replace(&mut self, wallet: Wallet, door_key: &PublicKey) -> Vec<LeftOut> {
        let mut left_out = Vec::new();
        self.synced_at = Some(wallet.synced_at);
        self.doors = wallet.doors;
        self.doors.retain(|door| match check(door, door_key) {
            Ok(()) => true,
            Err(fault) => {
                left_out.push(LeftOut { door: door.door.clone(), fault });
                false
            }
        });
        left_out
    }

    /// What can be opened now first, then what comes, then what is past; each by time, and the doors of one visit in the order of the
    /// way in, as the server gave them.
    pub(crate) fn doors(&self, now: UnixTime) -> Vec<DoorNow> {
        let mut doors: Vec<DoorNow> = self.doors.iter().map(|door| shown(door, now)).collect();
        doors.sort_by_key(|door| (door.when, door.opens_at));
        doors
    }

    /// The pass for the door that was chosen, if it is that door's lock which answered: the one whose window is open, else the
    /// next, else the last. Whether it opens is the lock's to say: its clock counts, the phone's may be wrong.
    pub(crate) fn choose(&self, door: &DoorId, lock: LockId, now: UnixTime) -> Result<&WalletDoor, Refusal> {
        let of_door = || self.doors.iter().filter(|pass| pass.door == *door);
        if of_door().next().is_none() {
            return Err(Refusal::DoorUnknown);
        }
        let urgency = |pass: &&WalletDoor| match when(pass, now) {
            When::Past => (When::Past, -pass.closes_at.seconds()),
            when => (when, pass.opens_at.seconds()),
        };
        of_door().filter(|pass| pass.lock_id == lock).min_by_key(urgency).ok_or(Refusal::LockMismatch)
    }
}

fn shown(door: &WalletDoor, now: UnixTime) -> DoorNow {
    let WalletDoor { closes_at, door: id, name, opens_at, visit, .. } = door.clone();
    DoorNow { closes_at, door: id, name, opens_at, visit, when: when(door, now) }
}

/// The last second of the window still opens (as at the lock).
fn when(door: &WalletDoor, now: UnixTime) -> When {
    if now < door.opens_at {
        When::Later
    } else if now <= door.closes_at {
        When::Now
    } else {
        When::Past
    }
}

/// The phone does not know the issuer's key, so this is no proof; it keeps a worker from standing before a door with a pass
/// that cannot work.
fn check(door: &WalletDoor, door_key: &PublicKey) -> Result<(), PassFault> {
    let claims = UnverifiedPass::parse(&door.pass.0).map_err(|_| PassFault::Malformed)?.claims;
    if DoorKey::from_sec1(&door_key.0) != Ok(claims.cnf) {
        return Err(PassFault::OtherKey);
    }
    if !names(&claims, door.lock_id) {
        return Err(PassFault::OtherLock);
    }
    if is_within(&claims, door) { Ok(()) } else { Err(PassFault::OtherTime) }
}

/// A group's pass names no lock; only emergency classes have one.
fn names(claims: &Claims, lock: LockId) -> bool {
    match claims.scope {
        Scope::Lock(named) => named.0 == lock.0,
        Scope::Group(_) => matches!(claims.class, Class::Standby | Class::BreakGlass),
    }
}

fn is_within(claims: &Claims, door: &WalletDoor) -> bool {
    let seconds = |time: UnixTime| u64::try_from(time.seconds()).ok();
    let window = seconds(door.opens_at).zip(seconds(door.closes_at));
    window.is_some_and(|(opens, closes)| opens < closes && claims.nbf <= opens && closes <= claims.exp)
}
