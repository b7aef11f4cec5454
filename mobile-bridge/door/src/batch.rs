//! What any phone may carry to the server for a lock besides its own receipts: the last [`Link`]s, one after the other.
//!
//! A batch says that entries exist and what the chain is after each, not what they say (P14). It is enough for the server to see a gap, a
//! fork or a cut-off end, whoever brings it and in whatever order (P27).

use heapless::Vec;

use crate::{
    Error,
    cbor::{self, To, Written},
    claims::LockId,
    log::{Chain, Fault},
    receipt::Link,
};

/// The most links in one batch.
pub const MOST_LINKS: usize = 16;
/// The most bytes a batch takes.
pub const MAX_BATCH: usize = MOST_LINKS * LINK_BYTES + 56;

const LINK_BYTES: usize = 64;

/// Consecutive links of one lock; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    lock: LockId,
    links: Vec<Link, MOST_LINKS>,
}

impl Batch {
    /// A batch of these links. Fails with [`Error::Malformed`] if there is none or they do not follow each other, and with
    /// [`Error::TooLarge`] if there are more than [`MOST_LINKS`].
    pub fn new(lock: LockId, links: impl IntoIterator<Item = Link>) -> Result<Self, Error> {
        let mut taken: Vec<Link, MOST_LINKS> = Vec::new();
        for link in links {
            if taken.last().is_some_and(|before| before.seq.checked_add(1) != Some(link.seq)) {
                return Err(Error::Malformed);
            }
            taken.push(link).map_err(|_| Error::TooLarge)?;
        }
        if taken.first().is_none_or(|first| first.seq == 0) { Err(Error::Malformed) } else { Ok(Self { lock, links: taken }) }
    }

    /// Whose log it is.
    pub const fn lock(&self) -> LockId {
        self.lock
    }

    /// The links, in the order of their numbers.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Checks on the server that the lock made every head in it, whatever lies between `chain` and the first. Fails with the first
    /// [`Fault`]: [`Fault::Repeated`], [`Fault::TooFar`] or [`Fault::Forged`].
    pub fn verify(&self, chain: &Chain) -> Result<(), Fault> {
        chain.check_all(&self.links)
    }

    /// The bytes that the phone keeps and uploads.
    pub fn to_bytes(&self) -> Result<Vec<u8, MAX_BATCH>, Error> {
        let mut links: Vec<u8, { MOST_LINKS * LINK_BYTES }> = Vec::new();
        for part in self.links.iter().flat_map(|link| [&link.head, &link.mac]) {
            links.extend_from_slice(part).map_err(|_| Error::TooLarge)?;
        }
        let first = self.links.first().map_or(0, |link| link.seq);
        cbor::write(|e: &mut To<MAX_BATCH>| -> Written {
            e.array(4)?.str(DOMAIN)?.bytes(&self.lock.0)?.u32(first)?.bytes(&links)?;
            Ok(())
        })
    }

    /// Reads a batch; nothing in it is verified. Fails with [`Error::Malformed`], [`Error::NotDeterministic`] or [`Error::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (lock, first, links) = cbor::read(bytes, |d| {
            cbor::array(d, 4)?;
            if d.str()? != DOMAIN {
                return Err(cbor::foreign());
            }
            Ok((LockId(cbor::bytes(d)?), d.u32()?, d.bytes()?))
        })?;
        let (links, rest) = links.as_chunks::<LINK_BYTES>();
        if !rest.is_empty() || links.len() > MOST_LINKS {
            return Err(Error::Malformed);
        }
        let mut numbered: Vec<Link, MOST_LINKS> = Vec::new();
        for (link, ahead) in links.iter().zip(0_u32..) {
            let seq = first.checked_add(ahead).ok_or(Error::Malformed)?;
            let (head, mac) = link.split_first_chunk::<32>().ok_or(Error::Malformed)?;
            let link = Link { seq, head: *head, mac: mac.try_into().map_err(|_| Error::Malformed)? };
            numbered.push(link).map_err(|_| Error::TooLarge)?;
        }
        let batch = Self::new(lock, numbered)?;
        cbor::same(bytes, &batch.to_bytes()?)?;
        Ok(batch)
    }
}

const DOMAIN: &str = "se.handslag.door.log-batch/1";
