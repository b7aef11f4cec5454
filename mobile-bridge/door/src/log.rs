//! The lock's log: entries of 48 bytes, each hashed onto the head before it, each head under a MAC whose key is used once and then ratcheted on.
//!
//! `h_i = SHA-256(h_{i-1} ‖ e_i)`, `mac_i = HMAC-SHA-256(LM_i, h_i)`, `LM_{i+1} = SHA-256("next" ‖ LM_i)`. The lock erases `LM_i` when `e_i` is written:
//! whoever breaks it open tomorrow cannot rewrite today (P13). The server has `LM_0` and follows. [`Chain`] is both sides' place in the log:
//! the lock [`append`](Chain::append)s, the server [`follow`](Chain::follow)s, and neither changes anything but the value it gets back.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    claims::{Class, LockId, Op, PassId},
    clock::{Reading, Ticks},
    decide::Decision,
    receipt::Link,
};

/// The bytes of an entry.
pub const ENTRY_BYTES: usize = 48;
/// How far ahead of its place the server follows one step: a forged sequence number must not cost four billion hashes.
pub const MAX_AHEAD: u32 = 100_000;

/// A head of the chain.
pub type Head = [u8; 32];

/// A MAC over a head.
pub type Tag = [u8; 32];

/// What is unusual about an entry, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A manager looks at it afterwards: class 1 or 2.
    pub const REVIEW: Self = Self(1);
    /// An emergency pass beyond its uses.
    pub const FURTHER_USE: Self = Self(1 << 1);
    /// The revocation list was old, incomplete, another, or missing.
    pub const LIST_UNSURE: Self = Self(1 << 2);
    /// The clock's error was too large to be trusted alone.
    pub const CLOCK_DEGRADED: Self = Self(1 << 3);
    /// The time was lost: `t` is only the lower bound.
    pub const CLOCK_LOST: Self = Self(1 << 4);
    /// It counts against the pass's uses.
    pub const COUNTED: Self = Self(1 << 5);
    /// The entry before this act could not be made durable.
    pub const UNLOGGED: Self = Self(1 << 6);

    /// Both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Both sets if `yes`.
    #[must_use]
    pub const fn with_if(self, yes: bool, other: Self) -> Self {
        if yes { self.with(other) } else { self }
    }

    /// Whether all of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 1: an operation was allowed.
    Allowed(Op, Class),
    /// 2: the holder of a pass was refused, with this [`Deny`](crate::Deny) number.
    Refused(u8),
    /// 3: the time was lost.
    ClockLost,
    /// 4: the clock was set by a nonce-bound time, perhaps backwards.
    ClockSet,
}

/// What happened, when, by whom; before it has a place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// The lock's estimate of the time in Unix seconds, or the lower bound if the time is lost.
    pub t: u32,
    /// How far the lower bound lies before `t`, in minutes; `u16::MAX` is that or more.
    pub lo_before_min: u16,
    /// The pass; zero if none.
    pub pass: PassId,
    /// The first eight bytes of SHA-256 of the signed request; zero if none.
    pub request: [u8; 8],
    /// What is unusual.
    pub flags: Flags,
    /// Charge in per cent; 255 if not known.
    pub battery: u8,
}

impl Event {
    /// Something that happened at the lock itself.
    pub fn own(kind: Kind, reading: Reading, lo: u64) -> Self {
        let t = reading.estimate().unwrap_or(lo);
        let minutes = t.saturating_sub(lo) / 60;
        Self {
            kind,
            t: u32::try_from(t).unwrap_or(u32::MAX),
            lo_before_min: u16::try_from(minutes).unwrap_or(u16::MAX),
            pass: PassId([0; 8]),
            request: [0; 8],
            flags: Flags::NONE.with_if(reading == Reading::Lost, Flags::CLOCK_LOST),
            battery: 255,
        }
    }

    /// The entry for a decision on these request bytes; `None` for a stranger's attempt, which is not logged.
    pub fn of(decision: &Decision, state: &crate::LockState, request: &[u8], now: Ticks) -> Option<Self> {
        let (kind, pass, clock, flags) = match decision {
            Decision::Allow(allow) => (Kind::Allowed(allow.op, allow.claims.class), allow.claims.cti, allow.clock, allow.flags),
            Decision::Deny { code, pass } => (Kind::Refused(code.number()), (*pass)?, state.clock, Flags::NONE),
        };
        let own = Self::own(kind, clock.read(now), clock.lower_bound());
        Some(Self { pass, request: request_mark(request), flags: flags.with(own.flags), ..own })
    }
}

/// How an entry names the signed request it answers.
pub fn request_mark(request: &[u8]) -> [u8; 8] {
    first(&Sha256::digest(request).into())
}

/// An entry as it is written, 48 bytes, big-endian: sequence number 4, t 4, minutes of `lo` before it 2, kind 1, result 1, pass 8, request 8, battery 1,
/// flags 1, first half of the head before it 16, zero 2. For [`Kind::Allowed`] the result is the operation and, four bits up, the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The number of the entry, from 1, without a gap.
    pub seq: u32,
    /// What happened.
    pub event: Event,
    /// The first half of the head before it.
    pub before: [u8; 16],
}

impl Entry {
    /// The 48 bytes.
    pub fn to_bytes(&self) -> [u8; ENTRY_BYTES] {
        let event = &self.event;
        let (kind, result) = match event.kind {
            Kind::Allowed(op, class) => (1, op.number() | class.number() << 4),
            Kind::Refused(number) => (2, number),
            Kind::ClockLost => (3, 0),
            Kind::ClockSet => (4, 0),
        };
        let mut bytes = [0; ENTRY_BYTES];
        let fields: [&[u8]; 9] = [
            &self.seq.to_be_bytes(),
            &event.t.to_be_bytes(),
            &event.lo_before_min.to_be_bytes(),
            &[kind, result],
            &event.pass.0,
            &event.request,
            &[event.battery],
            &[event.flags.0],
            &self.before,
        ];
        for (place, byte) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *byte;
        }
        bytes
    }

    /// Reads 48 bytes; `None` for a kind, a result or a flag without meaning, or padding that is not zero.
    pub fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let (seq, rest) = bytes.split_first_chunk::<4>()?;
        let (t, rest) = rest.split_first_chunk::<4>()?;
        let (lo, rest) = rest.split_first_chunk::<2>()?;
        let ([kind, result], rest) = rest.split_first_chunk::<2>()?;
        let (pass, rest) = rest.split_first_chunk::<8>()?;
        let (request, rest) = rest.split_first_chunk::<8>()?;
        let ([battery, flags], rest) = rest.split_first_chunk::<2>()?;
        let (before, _) = rest.split_first_chunk::<16>()?;
        let event = Event {
            kind: Kind::from_bytes(*kind, *result)?,
            t: u32::from_be_bytes(*t),
            lo_before_min: u16::from_be_bytes(*lo),
            pass: PassId(*pass),
            request: *request,
            flags: Flags(*flags),
            battery: *battery,
        };
        let entry = Self { seq: u32::from_be_bytes(*seq), event, before: *before };
        (entry.to_bytes() == *bytes && flags & 0x80 == 0).then_some(entry)
    }
}

impl Kind {
    fn from_bytes(kind: u8, result: u8) -> Option<Self> {
        Some(match (kind, result) {
            (1, _) => Self::Allowed(Op::from_number(result & 0x0f)?, Class::from_number(result >> 4)?),
            (2, number) => Self::Refused(number),
            (3, 0) => Self::ClockLost,
            (4, 0) => Self::ClockSet,
            _ => return None,
        })
    }
}

/// An entry in its place: what the lock keeps and the server checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The entry.
    pub entry: Entry,
    /// The MAC over the head after it.
    pub mac: Tag,
}

/// A place in a lock's log: the last head and the key for the next MAC. Secret, so without `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Chain {
    seq: u32,
    head: Head,
    key: [u8; 32],
    last_t: u32,
}

impl Chain {
    /// The beginning of a lock's log, from its seed `LM_0`.
    pub fn begin(lock: LockId, seed: [u8; 32]) -> Self {
        let head = Sha256::new().chain_update(DOMAIN).chain_update(lock.0).finalize().into();
        Self { seq: 0, head, key: seed, last_t: 0 }
    }

    /// The number of the last entry; 0 before the first.
    pub const fn seq(&self) -> u32 {
        self.seq
    }

    /// The head after the last entry.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The lock's side: the next record, and the place after it, in which the key of that record is no more. Fails with [`Fault::Exhausted`].
    pub fn append(&self, event: Event) -> Result<(Self, Record), Fault> {
        let seq = self.seq.checked_add(1).ok_or(Fault::Exhausted)?;
        let entry = Entry { seq, event, before: half(&self.head) };
        let head = head_after(&self.head, &entry);
        Ok((self.after(&entry, head), Record { entry, mac: mac(&self.key, &head) }))
    }

    /// The server's side: checks the next record and goes to the place after it. Fails with the first [`Fault`] of number, chain, MAC, clock.
    pub fn follow(&self, record: &Record) -> Result<Self, Fault> {
        let expected = self.seq.checked_add(1).ok_or(Fault::Exhausted)?;
        let entry = &record.entry;
        match entry.seq {
            seq if seq > expected => return Err(Fault::Gap { from: expected, until: seq - 1 }),
            seq if seq < expected => return Err(Fault::Repeated { seq }),
            _ => {}
        }
        let head = head_after(&self.head, entry);
        if entry.before != half(&self.head) {
            return Err(Fault::Broken { seq: entry.seq });
        }
        check_mac(&self.key, &head, &record.mac, entry.seq)?;
        let clock_moved = matches!(entry.event.kind, Kind::ClockSet) || entry.event.flags.has(Flags::CLOCK_LOST);
        if entry.event.t < self.last_t && !clock_moved {
            return Err(Fault::ClockRegress { seq: entry.seq });
        }
        Ok(self.after(entry, head))
    }

    /// Follows a whole log.
    pub fn follow_all<'a>(&self, records: impl IntoIterator<Item = &'a Record>) -> Result<Self, Fault> {
        records.into_iter().try_fold(self.clone(), |chain, record| chain.follow(record))
    }

    /// Checks the MAC of any later head, without what lies between. Fails with [`Fault::Repeated`], [`Fault::TooFar`] or [`Fault::Forged`].
    pub fn check(&self, seq: u32, head: &Head, tag: &Tag) -> Result<(), Fault> {
        check_mac(&self.key_of(seq)?, head, tag, seq)
    }

    /// The same for later heads that follow each other, with one walk of the ratchet.
    pub(crate) fn check_all(&self, links: &[Link]) -> Result<(), Fault> {
        let Some(first) = links.first() else { return Ok(()) };
        let key = self.key_of(first.seq)?;
        links.iter().try_fold(key, |key, link| check_mac(&key, &link.head, &link.mac, link.seq).map(|()| ratchet(&key)))?;
        Ok(())
    }

    fn key_of(&self, seq: u32) -> Result<[u8; 32], Fault> {
        let steps = seq.checked_sub(self.seq).and_then(|ahead| ahead.checked_sub(1)).ok_or(Fault::Repeated { seq })?;
        if steps > MAX_AHEAD {
            return Err(Fault::TooFar { seq });
        }
        Ok((0..steps).fold(self.key, |key, _| ratchet(&key)))
    }

    /// The place as bytes, for durable memory. Secret.
    pub fn to_bytes(&self) -> [u8; 72] {
        let mut bytes = [0; 72];
        let fields: [&[u8]; 4] = [&self.seq.to_be_bytes(), &self.head, &self.key, &self.last_t.to_be_bytes()];
        for (place, byte) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *byte;
        }
        bytes
    }

    /// The place from its bytes.
    pub fn from_bytes(bytes: &[u8; 72]) -> Option<Self> {
        let (seq, rest) = bytes.split_first_chunk::<4>()?;
        let (head, rest) = rest.split_first_chunk::<32>()?;
        let (key, last_t) = rest.split_first_chunk::<32>()?;
        let last_t = u32::from_be_bytes(last_t.try_into().ok()?);
        Some(Self { seq: u32::from_be_bytes(*seq), head: *head, key: *key, last_t })
    }

    fn after(&self, entry: &Entry, head: Head) -> Self {
        // A lost clock says only "not earlier than": it must not lower what later entries are compared with.
        let last_t = match entry.event.kind {
            Kind::ClockSet => entry.event.t,
            _ => self.last_t.max(entry.event.t),
        };
        Self { seq: entry.seq, head, key: ratchet(&self.key), last_t }
    }
}

/// The head after an entry, from the head before it.
pub fn head_after(before: &Head, entry: &Entry) -> Head {
    Sha256::new().chain_update(before).chain_update(entry.to_bytes()).finalize().into()
}

/// The half of a head that stands in the next entry.
pub(crate) fn half(head: &Head) -> [u8; 16] {
    first(head)
}

/// The first bytes of a hash.
pub(crate) fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut first = [0; N];
    first.iter_mut().zip(hash).for_each(|(place, byte)| *place = *byte);
    first
}

fn ratchet(key: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(b"next").chain_update(key).finalize().into()
}

fn keyed(key: &[u8; 32], head: &Head) -> Hmac<Sha256> {
    // A key shorter than the block is filled up with zeros (RFC 2104 §2); a whole block cannot be refused.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    Hmac::<Sha256>::new(&block.into()).chain_update(head)
}

fn mac(key: &[u8; 32], head: &Head) -> Tag {
    keyed(key, head).finalize().into_bytes().into()
}

fn check_mac(key: &[u8; 32], head: &Head, tag: &Tag, seq: u32) -> Result<(), Fault> {
    keyed(key, head).verify(&(*tag).into()).map_err(|_| Fault::Forged { seq })
}

/// What is wrong with a log. Alphabetical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The entry does not hang on the head before it.
    Broken {
        /// Which entry.
        seq: u32,
    },
    /// The time of an entry lies before that of the one before it, and the clock was not set or lost.
    ClockRegress {
        /// Which entry.
        seq: u32,
    },
    /// The numbers have come to an end.
    Exhausted,
    /// The MAC is not the lock's.
    Forged {
        /// Which entry.
        seq: u32,
    },
    /// The lock has told two histories.
    Fork {
        /// From which entry on.
        seq: u32,
    },
    /// Entries are missing.
    Gap {
        /// The first missing.
        from: u32,
        /// The last missing.
        until: u32,
    },
    /// An entry that was already followed.
    Repeated {
        /// Which entry.
        seq: u32,
    },
    /// An entry further ahead than [`MAX_AHEAD`].
    TooFar {
        /// Which entry.
        seq: u32,
    },
    /// A receipt's evidence is not the request that the entry names.
    WrongEvidence {
        /// Which entry.
        seq: u32,
    },
}

impl Fault {
    /// A stable name for journals and tests.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Broken { .. } => "log_broken",
            Self::ClockRegress { .. } => "log_clock_regress",
            Self::Exhausted => "log_exhausted",
            Self::Forged { .. } => "log_forged",
            Self::Fork { .. } => "log_fork",
            Self::Gap { .. } => "log_gap",
            Self::Repeated { .. } => "log_repeated",
            Self::TooFar { .. } => "log_too_far",
            Self::WrongEvidence { .. } => "log_wrong_evidence",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { seq } => write!(f, "entry {seq} of the lock's log does not hang on the one before it"),
            Self::ClockRegress { seq } => write!(f, "the clock of the lock went backwards at entry {seq}"),
            Self::Exhausted => f.write_str("the lock's log has no numbers left"),
            Self::Forged { seq } => write!(f, "the lock did not write entry {seq}"),
            Self::Fork { seq } => write!(f, "the lock has told two histories from entry {seq} on"),
            Self::Gap { from, until } => write!(f, "entries {from} to {until} of the lock's log are missing"),
            Self::Repeated { seq } => write!(f, "entry {seq} of the lock's log was already followed"),
            Self::TooFar { seq } => write!(f, "entry {seq} is too far ahead in the lock's log"),
            Self::WrongEvidence { seq } => write!(f, "the request with entry {seq} is not the one it answers"),
        }
    }
}

impl core::error::Error for Fault {}

const DOMAIN: &[u8] = b"se.handslag.door.log/1";
