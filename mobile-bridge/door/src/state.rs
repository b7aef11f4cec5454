//! What a lock knows when it decides. Everything has a fixed place: a lock must never run out of memory because of what a phone brings.

use heapless::Vec;
use p256::ecdsa::VerifyingKey;

use crate::{
    claims::{GroupId, IssuerName, LockId, PassId, RevocationIndex},
    clock::LockClock,
    pass::Kid,
};

/// The most revoked passes a lock keeps.
pub const MAX_REVOKED: usize = 512;
/// The most passes whose uses a lock counts at a time.
pub const MAX_COUNTED: usize = 64;

/// What a lock knows.
#[derive(Debug, Clone)]
pub struct LockState {
    /// Which lock this is.
    pub lock: LockId,
    /// The groups it belongs to.
    pub groups: Vec<GroupId, 4>,
    /// The issuer keys it has pinned: at most the current, the next and two that retire.
    pub issuers: Vec<IssuerKey, 4>,
    /// Passes issued before this Unix second are refused: the kill switch.
    pub min_iat: u64,
    /// The newest revocation list it has been brought.
    pub revoked: Option<RevocationList>,
    /// Its clock.
    pub clock: LockClock,
    /// How often each pass has been used.
    pub uses: Uses,
}

/// A key that may sign passes. Times are Unix seconds and are compared with a pass's `nbf`, not with the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    /// Its name in a pass.
    pub kid: Kid,
    /// Whose it is: the only `iss` it can sign for.
    pub iss: IssuerName,
    /// The key.
    pub key: VerifyingKey,
    /// The first `nbf` it vouches for.
    pub nbf: u64,
    /// The last `nbf` it vouches for.
    pub exp: u64,
    /// From here on it vouches for nothing.
    pub revoked_at: Option<u64>,
}

impl IssuerKey {
    /// Whether the key could sign a pass that begins at `nbf` (P1, P11).
    pub fn vouches_for(&self, nbf: u64) -> bool {
        (self.nbf..=self.exp).contains(&nbf) && self.revoked_at.is_none_or(|revoked| nbf < revoked)
    }
}

/// The passes that no longer open although their time is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    list: u32,
    version: u32,
    iat: u64,
    indices: Vec<u32, MAX_REVOKED>,
    overflow: bool,
}

impl RevocationList {
    /// A list of revoked places in any order. More than [`MAX_REVOKED`] of them overflow: then the lock knows that it does not know all.
    pub fn new(list: u32, version: u32, iat: u64, revoked: impl IntoIterator<Item = u32>) -> Self {
        let mut new = Self { list, version, iat, indices: Vec::new(), overflow: false };
        for index in revoked {
            new.insert(index);
        }
        new
    }

    fn insert(&mut self, index: u32) {
        if let Err(place) = self.indices.binary_search(&index) {
            self.overflow |= self.indices.insert(place, index).is_err();
        }
    }

    /// The newer of two versions of the same list; a list under another number or with an older version changes nothing (P7, P8).
    #[must_use]
    pub fn or_newer(self, brought: Self) -> Self {
        if brought.list == self.list && brought.version > self.version && brought.iat >= self.iat { brought } else { self }
    }

    /// Whether the pass at this place is revoked.
    pub fn revokes(&self, at: RevocationIndex) -> bool {
        self.list == at.list && self.indices.binary_search(&at.index).is_ok()
    }

    /// Whether the list would name the pass if it were revoked: it is the pass's list and nothing was left out.
    pub fn covers(&self, at: RevocationIndex) -> bool {
        self.list == at.list && !self.overflow
    }

    /// The list marked as incomplete.
    #[must_use]
    pub fn overflowing(self) -> Self {
        Self { overflow: true, ..self }
    }

    /// The revoked places, in order.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Whether some revocations did not fit.
    pub const fn overflowed(&self) -> bool {
        self.overflow
    }

    /// Which list.
    pub const fn list(&self) -> u32 {
        self.list
    }

    /// Which version of it.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// When it was signed, in Unix seconds.
    pub const fn iat(&self) -> u64 {
        self.iat
    }
}

/// How often each pass has opened this lock. Bounded: passes that can never open again make room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    counted: Vec<Use, MAX_COUNTED>,
}

/// How often one pass has opened this lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Which pass.
    pub pass: PassId,
    /// How often.
    pub times: u16,
    /// The pass's `exp`: once a server has signed a later time, the pass is dead and need not be counted.
    pub exp: u64,
}

impl Uses {
    /// How often the pass has been used.
    pub fn of(&self, pass: PassId) -> u16 {
        self.counted.iter().find(|counted| counted.pass == pass).map_or(0, |counted| counted.times)
    }

    /// Whether a use of the pass could be counted when `lo` is the lower bound of the time.
    pub fn has_room_for(&self, pass: PassId, lo: u64) -> bool {
        !self.counted.is_full() || self.counted.iter().any(|counted| counted.pass == pass || counted.exp < lo)
    }

    /// The uses with one more of this pass. If there is no room even without the dead ones, nothing changes: the decision has refused before.
    #[must_use]
    pub fn with(mut self, pass: PassId, exp: u64, lo: u64) -> Self {
        if let Some(counted) = self.counted.iter_mut().find(|counted| counted.pass == pass) {
            counted.times = counted.times.saturating_add(1);
            counted.exp = counted.exp.max(exp);
            return self;
        }
        if self.counted.is_full() {
            self.counted.retain(|counted| counted.exp >= lo);
        }
        let _no_room = self.counted.push(Use { pass, times: 1, exp });
        self
    }

    /// All counted passes, to be kept in durable memory.
    pub fn iter(&self) -> impl Iterator<Item = &Use> {
        self.counted.iter()
    }

    /// The uses as they were kept; what does not fit is left out.
    pub fn restored(kept: impl IntoIterator<Item = Use>) -> Self {
        Self { counted: kept.into_iter().take(MAX_COUNTED).collect() }
    }
}
