//! The lock's log in its durable memory: frames of 80 bytes, an entry and its MAC.
//!
//! The log is written before the slot, so after a power cut the slot may lag behind by entries that are whole and in order: they are followed with the
//! key that the slot still has. Anything after them is a torn end and is cut off. Anything less than the slot knows has been taken away: tampering.

use std::io;

use handslag_door::{
    Chain, Entry, Link, LockId, LockState, Record, Uses,
    log::{ENTRY_BYTES, Event, Flags, Head, head_after},
};

use crate::{Error, slot::Slot, storage::Storage};

const FRAME_BYTES: usize = ENTRY_BYTES + 32;
/// For how long a use read back from the log is remembered: it does not say when its pass ends, and no pass is that long.
const REMEMBERED_S: u64 = 7 * 24 * 3600;

/// The log, its place, and its memory.
pub(crate) struct Journal<S> {
    storage: S,
    chain: Chain,
    written: Vec<(Head, Record)>,
    owed: Vec<Event>,
    torn: bool,
}

impl<S: Storage> Journal<S> {
    /// Opens the log and mends it; gives what the lock must remember.
    pub(crate) fn open(storage: S, lock: LockId, seed: [u8; 32]) -> Result<(Self, Slot), Error> {
        let bytes = storage.log()?;
        let mut slot = match storage.kept()? {
            Some(kept) => Slot::from_bytes(&kept).ok_or(Error::Tampered)?,
            None if bytes.is_empty() => Slot { chain: Chain::begin(lock, seed), lo: 0, min_iat: 0, uses: Vec::new(), revoked: None },
            None => return Err(Error::Tampered),
        };
        let written = settled(&bytes, lock, &slot.chain)?;
        let mut journal = Self { storage, chain: slot.chain.clone(), written, owed: Vec::new(), torn: false };
        journal.recover(&bytes, &mut slot);
        journal.mend()?;
        slot.chain = journal.chain.clone();
        journal.storage.keep(&slot.to_bytes())?;
        Ok((journal, slot))
    }

    /// Follows the whole entries that the slot does not know of yet, and counts their uses.
    fn recover(&mut self, bytes: &[u8], slot: &mut Slot) {
        for frame in frames(bytes).skip(self.written.len()) {
            let Some((record, chain)) = frame.and_then(|record| Some((record, self.chain.follow(&record).ok()?))) else {
                return;
            };
            self.written.push((self.chain.head(), record));
            self.chain = chain;
            let event = record.entry.event;
            if event.lo_before_min < u16::MAX {
                slot.lo = slot.lo.max(u64::from(event.t).saturating_sub((u64::from(event.lo_before_min) + 1) * 60));
            }
            if event.flags.has(Flags::COUNTED) {
                let uses = Uses::restored(slot.uses.drain(..)).with(event.pass, u64::from(event.t) + REMEMBERED_S, slot.lo);
                slot.uses = uses.iter().copied().collect();
            }
        }
    }

    /// Makes an event durable, and before it what is owed. Gives the head before it and its record.
    pub(crate) fn write(&mut self, event: Event) -> io::Result<(Head, Record)> {
        while let Some(owed) = self.owed.first().copied() {
            self.write_one(owed)?;
            self.owed.remove(0);
        }
        self.write_one(event)
    }

    fn write_one(&mut self, event: Event) -> io::Result<(Head, Record)> {
        let (chain, record) = self.chain.append(event).map_err(io::Error::other)?;
        let before = self.chain.head();
        if self.torn {
            self.mend()?;
        }
        self.torn = true; // until the append has said otherwise
        self.storage.append(&[record.entry.to_bytes().as_slice(), &record.mac].concat())?;
        self.torn = false;
        self.written.push((before, record));
        self.chain = chain;
        Ok((before, record))
    }

    /// Cuts off what is no whole entry, so that the next frame begins where it must.
    fn mend(&mut self) -> io::Result<()> {
        self.storage.cut((self.written.len() * FRAME_BYTES) as u64)
    }

    /// Remembers an emergency opening that could not be written, to be written before the next.
    pub(crate) fn owe(&mut self, event: Event) {
        let flags = event.flags.with(Flags::UNLOGGED);
        self.owed.push(Event { flags, ..event });
    }

    /// Replaces the slot: from here on the keys of the written entries are no more.
    pub(crate) fn keep(&mut self, state: &LockState) -> io::Result<()> {
        self.storage.keep(&Slot::of(&self.chain, state).to_bytes())
    }

    pub(crate) fn head(&self) -> Head {
        self.chain.head()
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.written.iter().map(|(_, record)| record)
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = Link> {
        self.written.iter().map(|(before, record)| Link { seq: record.entry.seq, head: head_after(before, &record.entry), mac: record.mac })
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }
}

/// The entries up to the slot's place; they must end in its head.
fn settled(bytes: &[u8], lock: LockId, place: &Chain) -> Result<Vec<(Head, Record)>, Error> {
    let mut head = Chain::begin(lock, [0; 32]).head(); // the first head does not depend on the seed
    let mut written = Vec::new();
    for frame in frames(bytes).take(place.seq() as usize) {
        let record = frame.ok_or(Error::Tampered)?;
        written.push((head, record));
        head = head_after(&head, &record.entry);
    }
    let whole = written.len() == place.seq() as usize && head == place.head();
    if whole { Ok(written) } else { Err(Error::Tampered) }
}

fn frames(bytes: &[u8]) -> impl Iterator<Item = Option<Record>> + '_ {
    let (frames, _torn) = bytes.as_chunks::<FRAME_BYTES>();
    frames.iter().map(|frame| {
        let (entry, mac) = frame.split_first_chunk::<ENTRY_BYTES>()?;
        Some(Record { entry: Entry::from_bytes(entry)?, mac: mac.try_into().ok()? })
    })
}
