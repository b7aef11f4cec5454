//! A simulated lock. It knows only `door`: no network, no server, no clock but the ticks it is handed, no randomness but what it is handed.
//!
//! Order of every opening: the nonce is ended, the decision is made, the entry is made durable, and only then the bolt moves (P12). A lock that loses
//! power between the last two has logged an opening that did not happen, never the reverse.

mod journal;
mod slot;
mod storage;
#[cfg(test)]
mod tests;

use std::io;

use handslag_door::{
    Allow, Batch, Challenge, Decision, IssuerKey, Link, LockClock, LockId, LockState, Nonce, Receipt, Record, RevocationList, Ticks, Uses,
    batch::MOST_LINKS,
    claims::GroupId,
    decide::answered,
    heapless,
    log::{Event, Kind},
    request::RequestBytes,
};
use sha2::{Digest, Sha256};

use crate::journal::Journal;
pub use crate::storage::{Folder, Memory, Storage};

/// What a lock is given when it is mounted.
pub struct Config {
    /// Which lock it is.
    pub lock: LockId,
    /// The groups it belongs to.
    pub groups: Vec<GroupId>,
    /// The issuer keys it trusts, at most four.
    pub issuers: Vec<IssuerKey>,
    /// `LM_0`: the seed of its log's MAC keys; the server has the same. Used only the first time.
    pub seed: [u8; 32],
    /// Its clock at this start.
    pub clock: LockClock,
}

/// Why a lock does not start, or does not take an update.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More groups or issuer keys than a lock has room for.
    #[error("the lock has no room for that many groups or keys")]
    NoRoom,
    /// Updates come over the network, and there is none.
    #[error("the lock has no network")]
    Offline,
    /// The memory cannot be read or written.
    #[error("the lock's memory does not answer")]
    Storage(#[from] io::Error),
    /// The memory holds what this lock did not write: a cut-off, altered or foreign log.
    #[error("the lock's memory has been altered")]
    Tampered,
    /// The signed time answers no nonce in time, or contradicts an earlier one.
    #[error("the time answer came too late or contradicts an earlier one")]
    UnusableTime,
}

/// What the server tells a lock. In the field each comes signed, through phones; the simulation takes it while it has network.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "made once, taken at once")]
pub enum Update {
    /// Passes issued before this Unix second open no more. Only ever raised.
    Earliest(u64),
    /// A newer revocation list.
    Revocations(RevocationList),
    /// A nonce-bound time: Unix seconds, and the lock's tick when it gave the nonce.
    SettledTime(u64, Ticks),
    /// It is at least this Unix second.
    Time(u64),
}

/// Where the bolt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bolt {
    /// The door is locked.
    Locked,
    /// The door can be opened.
    Unlocked,
}

/// What the lock answers a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it opened, or why not.
    pub decision: Decision,
    /// What the phone carries to the server; `None` if a stranger asked, or if the log could not be written.
    pub receipt: Option<Receipt>,
}

impl Answer {
    /// Whether the lock did what it was asked.
    pub const fn is_allowed(&self) -> bool {
        matches!(self.decision, Decision::Allow(_))
    }
}

/// A lock.
pub struct Lock<S> {
    state: LockState,
    journal: Journal<S>,
    outstanding: heapless::Vec<Challenge, 4>,
    challenges: u64,
    bolt: Bolt,
    online: bool,
}

impl<S: Storage> Lock<S> {
    /// Mounts a lock, or starts it again after a power loss: mends a torn end of the log and remembers what it must.
    pub fn start(config: &Config, storage: S, now: Ticks) -> Result<Self, Error> {
        let (journal, slot) = Journal::open(storage, config.lock, config.seed)?;
        let state = LockState {
            lock: config.lock,
            groups: config.groups.as_slice().try_into().map_err(|_| Error::NoRoom)?,
            issuers: config.issuers.as_slice().try_into().map_err(|_| Error::NoRoom)?,
            min_iat: slot.min_iat,
            revoked: slot.revoked,
            clock: config.clock.learn(slot.lo, now),
            uses: Uses::restored(slot.uses),
        };
        let outstanding = heapless::Vec::new();
        Ok(Self { state, journal, outstanding, challenges: 0, bolt: Bolt::Locked, online: false })
    }

    /// Gives a nonce to be signed, usable once; the oldest of five is forgotten.
    ///
    /// The head of the log and a counter are mixed into `random`: even a generator that repeats itself after each power-up gives no nonce twice, since
    /// the opening that answered the first one is in the log.
    pub fn challenge(&mut self, random: [u8; 16], now: Ticks) -> Nonce {
        self.challenges = self.challenges.wrapping_add(1);
        let mixed = Sha256::new()
            .chain_update(b"se.handslag.door.nonce/1")
            .chain_update(self.journal.head())
            .chain_update(self.challenges.to_be_bytes())
            .chain_update(random)
            .finalize();
        let mut nonce = Nonce([0; 16]);
        nonce.0.iter_mut().zip(mixed).for_each(|(place, byte)| *place = byte);
        if self.outstanding.is_full() {
            self.outstanding.remove(0);
        }
        let _room_was_made = self.outstanding.push(Challenge { nonce, issued: now });
        nonce
    }

    /// Decides on a pass and a signed request, writes the log and moves the bolt, in this order. The nonce is dead afterwards, whatever the answer.
    pub fn open(&mut self, pass: &[u8], request: &[u8], now: Ticks) -> Answer {
        let answered = answered(&self.outstanding, request);
        self.outstanding.retain(|challenge| Some(*challenge) != answered);
        let decision = handslag_door::decide(&self.state, answered.as_slice(), pass, request, now);
        let Some(event) = Event::of(&decision, &self.state, request, now) else {
            return Answer { decision, receipt: None };
        };
        let written = self.journal.write(event);
        let receipt = written.as_ref().ok().and_then(|(before, record)| self.receipt(*before, *record, request));
        let decision = match decision {
            Decision::Allow(allow) => allow.once_logged(written.is_ok()),
            denied @ Decision::Deny { .. } => denied,
        };
        if let Decision::Allow(allow) = &decision {
            if written.is_err() {
                self.journal.owe(event);
            }
            self.act(allow);
        }
        // The entry is durable and counts at the next start even if the slot cannot be kept now: nothing is lost but the erasing of its key.
        let _read_from_the_log = self.journal.keep(&self.state);
        Answer { decision, receipt }
    }

    /// Whether updates reach the lock. Openings never need it.
    pub const fn set_network(&mut self, online: bool) {
        self.online = online;
    }

    /// Takes in what the server says. Nothing it knows is ever taken back by something older.
    pub fn update(&mut self, update: Update, now: Ticks) -> Result<(), Error> {
        if !self.online {
            return Err(Error::Offline);
        }
        match update {
            Update::Earliest(min_iat) => self.state.min_iat = self.state.min_iat.max(min_iat),
            Update::Revocations(list) => {
                self.state.revoked = Some(match self.state.revoked.take() {
                    Some(known) => known.or_newer(list),
                    None => list,
                });
            }
            Update::SettledTime(iat, asked) => {
                self.state.clock = self.state.clock.settle(iat, asked, now).ok_or(Error::UnusableTime)?;
                self.note(Kind::ClockSet, now)?;
            }
            Update::Time(iat) => self.state.clock = self.state.clock.learn(iat, now),
        }
        Ok(self.journal.keep(&self.state)?)
    }

    /// The clock's battery is out: only the lower bound of the time is left.
    pub fn lose_clock(&mut self, now: Ticks) -> Result<(), Error> {
        self.state.clock = self.state.clock.lose();
        self.note(Kind::ClockLost, now)
    }

    /// What any phone may carry to the server besides its own receipts: that entries exist, not what they say.
    pub fn links_after(&self, seq: u32) -> Vec<Link> {
        self.journal.links().filter(|link| link.seq > seq).collect()
    }

    /// The newest of those links, as a phone carries them; none before the first entry.
    pub fn batch(&self) -> Option<Batch> {
        let newest = self.journal.records().last()?.entry.seq;
        let before = newest.saturating_sub(u32::try_from(MOST_LINKS).unwrap_or(u32::MAX));
        Batch::new(self.state.lock, self.links_after(before)).ok()
    }

    /// The whole log, for the municipality's own reading at the lock; never for a private phone.
    pub fn records(&self) -> Vec<Record> {
        self.journal.records().copied().collect()
    }

    /// Where the bolt is.
    pub const fn bolt(&self) -> Bolt {
        self.bolt
    }

    /// What it knows.
    pub const fn state(&self) -> &LockState {
        &self.state
    }

    /// Takes the power away and gives back the memory.
    pub fn stop(self) -> S {
        self.journal.into_storage()
    }

    fn act(&mut self, allow: &Allow) {
        use handslag_door::Op;
        match allow.op {
            Op::Unlock => self.bolt = Bolt::Unlocked,
            Op::Lock => self.bolt = Bolt::Locked,
            Op::ReadStatus | Op::Service => {}
        }
        self.state.clock = allow.clock;
        if allow.flags.has(handslag_door::log::Flags::COUNTED) {
            let lo = allow.clock.lower_bound();
            self.state.uses = core::mem::take(&mut self.state.uses).with(allow.claims.cti, allow.claims.exp, lo);
        }
    }

    fn note(&mut self, kind: Kind, now: Ticks) -> Result<(), Error> {
        let clock = &self.state.clock;
        self.journal.write(Event::own(kind, clock.read(now), clock.lower_bound()))?;
        Ok(self.journal.keep(&self.state)?)
    }

    fn receipt(&self, before: [u8; 32], record: Record, request: &[u8]) -> Option<Receipt> {
        let request = RequestBytes::from_slice(request).ok()?;
        Some(Receipt { lock: self.state.lock, before, record, request })
    }
}
