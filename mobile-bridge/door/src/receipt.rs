//! What a phone carries from a lock to the server: a [`Receipt`] of its own opening, and bare [`Link`]s for the rest.
//!
//! A link says that an entry exists, not what it says: a private phone learns nothing of colleagues' visits (P14). It is enough for the server to see
//! a fork, a gap or a cut-off end; the content comes with its own phone's receipt.

use heapless::Vec;

use crate::{
    Error,
    cbor::{self, To, Written},
    claims::LockId,
    log::{self, Chain, ENTRY_BYTES, Entry, Fault, Head, Record, Tag},
    request::{MAX_REQUEST, RequestBytes},
};

/// The most bytes a receipt takes.
pub const MAX_RECEIPT: usize = 384;

/// An opening, as the lock tells it to the phone that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The lock.
    pub lock: LockId,
    /// The whole head before the entry.
    pub before: Head,
    /// The entry and its MAC.
    pub record: Record,
    /// The request that the phone signed: evidence that this key asked for this opening.
    pub request: RequestBytes,
}

impl Receipt {
    /// The number of the entry.
    pub const fn seq(&self) -> u32 {
        self.record.entry.seq
    }

    /// The head after the entry.
    pub fn head(&self) -> Head {
        log::head_after(&self.before, &self.record.entry)
    }

    /// Without the content.
    pub fn link(&self) -> Link {
        Link { seq: self.seq(), head: self.head(), mac: self.record.mac }
    }

    /// Checks on the server that the lock wrote this, whatever lies between `chain` and it, and that the evidence is the request it answers.
    /// The signature of the request is checked under the pass's key with [`UnverifiedRequest::verify`](crate::UnverifiedRequest::verify).
    pub fn verify(&self, chain: &Chain) -> Result<(), Fault> {
        let entry = &self.record.entry;
        if entry.before != log::half(&self.before) {
            return Err(Fault::Broken { seq: entry.seq });
        }
        chain.check(entry.seq, &self.head(), &self.record.mac)?;
        if entry.event.request == log::request_mark(&self.request) { Ok(()) } else { Err(Fault::WrongEvidence { seq: entry.seq }) }
    }

    /// Whether two verified receipts of one lock can be of one history. Fails with [`Fault::Fork`] or [`Fault::ClockRegress`].
    pub fn agrees_with(&self, other: &Self) -> Result<(), Fault> {
        let (first, second) = if self.seq() <= other.seq() { (self, other) } else { (other, self) };
        first.link().agrees_with(&second.link())?;
        if first.seq().checked_add(1) == Some(second.seq()) && first.head() != second.before {
            return Err(Fault::Fork { seq: second.seq() });
        }
        let (early, late) = (&first.record.entry.event, &second.record.entry.event);
        let neighbours = second.seq().saturating_sub(first.seq()) == 1;
        // Between neighbours nothing can have set the clock; further apart an unseen entry may have.
        if neighbours && late.t < early.t && !late.flags.has(log::Flags::CLOCK_LOST) {
            return Err(Fault::ClockRegress { seq: second.seq() });
        }
        Ok(())
    }

    /// The bytes that the phone keeps and uploads.
    pub fn to_bytes(&self) -> Result<Vec<u8, MAX_RECEIPT>, Error> {
        cbor::write(|e: &mut To<MAX_RECEIPT>| -> Written {
            e.array(6)?.str(DOMAIN)?.bytes(&self.lock.0)?.bytes(&self.before)?;
            e.bytes(&self.record.entry.to_bytes())?.bytes(&self.record.mac)?.bytes(&self.request)?;
            Ok(())
        })
    }

    /// Reads a receipt; nothing in it is verified. Fails with [`Error::Malformed`], [`Error::NotDeterministic`] or [`Error::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let receipt = cbor::read(bytes, |d| {
            cbor::array(d, 6)?;
            if d.str()? != DOMAIN {
                return Err(cbor::foreign());
            }
            let (lock, before) = (LockId(cbor::bytes(d)?), cbor::bytes(d)?);
            let entry = Entry::from_bytes(&cbor::bytes::<ENTRY_BYTES>(d)?).ok_or_else(cbor::foreign)?;
            let record = Record { entry, mac: cbor::bytes(d)? };
            Ok(Self { lock, before, record, request: RequestBytes::from_slice(d.bytes()?).map_err(|_| cbor::foreign())? })
        })?;
        cbor::same(bytes, &receipt.to_bytes()?)?;
        Ok(receipt)
    }
}

/// That an entry exists, and what the chain is after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The number of the entry.
    pub seq: u32,
    /// The head after it.
    pub head: Head,
    /// The MAC over that head.
    pub mac: Tag,
}

impl Link {
    /// Checks on the server that the lock made this head.
    pub fn verify(&self, chain: &Chain) -> Result<(), Fault> {
        chain.check(self.seq, &self.head, &self.mac)
    }

    /// Two links with one number must be one head. Fails with [`Fault::Fork`].
    pub fn agrees_with(&self, other: &Self) -> Result<(), Fault> {
        if self.seq == other.seq && self.head != other.head { Err(Fault::Fork { seq: self.seq }) } else { Ok(()) }
    }
}

const DOMAIN: &str = "se.handslag.door.receipt/1";
const _: () = assert!(MAX_REQUEST + 180 <= MAX_RECEIPT);
