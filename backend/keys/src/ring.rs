//! All keys of one kind, as they are stored. Every change is a pure step from one whole ring to the next whole ring, so that
//! one rename of one file switches all of it at once.
//!
//! Invariant, checked at every reading: exactly one active key, and exactly one next where the kind rotates.

use handslag_vocab::UnixTime;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    KeyRefusal, KeyState, Kid, Kind, Purpose, Scheme,
    material::{PublicHalf, Usable, draw, draw_scalar},
    rsa,
};

/// One key as stored. No `Debug`: it holds secrets.
pub(crate) struct Record {
    pub(crate) state: KeyState,
    pub(crate) material: Material,
}

/// What is left of a key.
pub(crate) enum Material {
    /// A retired symmetric key: its name.
    Name(Kid),
    /// A retired pair: its public half, for those who verify old things.
    Public(PublicHalf),
    /// A living key: a scalar, a seed, 32 random bytes, or an RSA key in PKCS #8.
    Secret(Zeroizing<Vec<u8>>),
}

/// All keys of one kind, oldest first.
pub(crate) struct Ring {
    kind: Kind,
    pub(crate) records: Vec<Record>,
}

impl Ring {
    /// The first ring of a kind: an active key, and a next where the kind rotates.
    pub(crate) fn new(kind: Kind, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Self, KeyRefusal> {
        let active = Record { state: KeyState::Active { since: now }, material: Material::Secret(fresh(kind, rng)?) };
        let ring = Self { kind, records: vec![active] };
        if kind.rotates() { ring.with_next(now, rng) } else { Ok(ring) }
    }

    /// Normal rotation: refused while the next is too young.
    pub(crate) fn rotate(self, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Self, KeyRefusal> {
        let mut ring = self.rotating()?.expire(now)?;
        for record in &mut ring.records {
            record.state = match record.state {
                KeyState::Active { .. } => record.state.retire(ring.kind.retiring_life(), now)?,
                KeyState::Next { .. } => record.state.activate(ring.kind.publication(), now)?,
                state => state,
            };
        }
        ring.with_next(now, rng)
    }

    /// The active key is lost: it dies at once and the next steps in, whatever its age.
    pub(crate) fn compromise(self, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Self, KeyRefusal> {
        let mut ring = self.rotating()?.expire(now)?;
        for record in &mut ring.records {
            record.state = match record.state {
                KeyState::Active { .. } if ring.kind.opens_after_compromise() => record.state.retire(ring.kind.retiring_life(), now)?,
                KeyState::Active { .. } => record.state.compromise(now)?,
                KeyState::Next { .. } => record.state.step_in(now)?,
                state => state,
            };
        }
        ring.forgotten()?.with_next(now, rng)
    }

    /// Ends one retiring key before or without its time.
    pub(crate) fn end(mut self, kid: &Kid, now: UnixTime) -> Result<Self, KeyRefusal> {
        let kind = self.kind;
        let mut found = Err(KeyRefusal::UnknownKey(kind));
        for record in &mut self.records {
            if record.material.kid(kind)? == *kid {
                record.state = record.state.end(now)?;
                found = Ok(());
            }
        }
        found.and_then(|()| self.forgotten())
    }

    /// Ends every retiring key whose time is over.
    pub(crate) fn expire(mut self, now: UnixTime) -> Result<Self, KeyRefusal> {
        for record in &mut self.records {
            record.state = record.state.expire(now).unwrap_or(record.state);
        }
        self.forgotten()
    }

    fn rotating(self) -> Result<Self, KeyRefusal> {
        if self.kind.rotates() { Ok(self) } else { Err(KeyRefusal::NeverRotates(self.kind)) }
    }

    fn with_next(mut self, now: UnixTime, rng: &mut dyn CryptoRng) -> Result<Self, KeyRefusal> {
        self.records.push(Record { state: KeyState::Next { since: now }, material: Material::Secret(fresh(self.kind, rng)?) });
        Ok(self)
    }

    /// Drops the secret of every retired key.
    fn forgotten(mut self) -> Result<Self, KeyRefusal> {
        for record in self.records.iter_mut().filter(|record| !record.state.is_published()) {
            record.material = record.material.without_secret(self.kind)?;
        }
        Ok(self)
    }

    /// The stored form: per key two tags, two times and a place of the kind's size.
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Room for all of it from the start: growing would leave copies of secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.records.len() * record_size(self.kind)));
        for record in &self.records {
            let (state, since, until) = stored_state(record.state);
            let (material, content) = record.material.stored();
            bytes.extend_from_slice(&[state, material]);
            bytes.extend_from_slice(&since.to_be_bytes());
            bytes.extend_from_slice(&until.to_be_bytes());
            let end = bytes.len() + place_size(self.kind);
            if self.kind.is_made_when_needed() {
                bytes.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
            }
            bytes.extend_from_slice(content);
            bytes.resize(end, 0);
        }
        bytes
    }

    /// Reads the stored form; `None` when it is no ring of this kind.
    pub(crate) fn decode(kind: Kind, bytes: &[u8]) -> Option<Self> {
        let records = bytes.chunks_exact(record_size(kind));
        if !records.remainder().is_empty() {
            return None;
        }
        let ring = Self { kind, records: records.map(|bytes| read_record(kind, bytes)).collect::<Option<_>>()? };
        let count = |wanted: fn(&KeyState) -> bool| ring.records.iter().filter(|record| wanted(&record.state)).count();
        let is_whole = count(|state| matches!(state, KeyState::Active { .. })) == 1
            && count(|state| matches!(state, KeyState::Next { .. })) == usize::from(kind.rotates());
        is_whole.then_some(ring)
    }
}

impl Material {
    /// The name of the key.
    pub(crate) fn kid(&self, kind: Kind) -> Result<Kid, KeyRefusal> {
        match self {
            Self::Name(kid) => Ok(kid.clone()),
            Self::Public(half) => Ok(Kid::of(kind, half)),
            Self::Secret(secret) => Usable::of(kind, secret)?.kid(kind),
        }
    }

    fn without_secret(&self, kind: Kind) -> Result<Self, KeyRefusal> {
        match self {
            Self::Name(kid) => Ok(Self::Name(kid.clone())),
            Self::Public(half) => Ok(Self::Public(half.clone())),
            Self::Secret(secret) => {
                let usable = Usable::of(kind, secret)?;
                Ok(match usable.public()? {
                    Some(half) => Self::Public(half),
                    None => Self::Name(usable.kid(kind)?),
                })
            }
        }
    }

    /// The tag, and what stands in the place: a name, a public half or a secret.
    fn stored(&self) -> (u8, &[u8]) {
        match self {
            Self::Name(kid) => (0, kid.as_bytes()),
            Self::Public(half) => (1, half.bytes()),
            Self::Secret(secret) => (2, secret),
        }
    }
}

fn fresh(kind: Kind, rng: &mut dyn CryptoRng) -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
    let short = match kind.purpose() {
        Purpose::Symmetric | Purpose::Signing(Scheme::EdDsa) => draw(rng),
        Purpose::Agreement | Purpose::Signing(Scheme::Es256) => draw_scalar(rng)?,
        Purpose::Decryption | Purpose::Signing(Scheme::Ps256 | Scheme::Rs256) => return rsa::fresh(),
    };
    Ok(Zeroizing::new(short.to_vec()))
}

fn stored_state(state: KeyState) -> (u8, i64, i64) {
    match state {
        KeyState::Next { since } => (0, since.seconds(), 0),
        KeyState::Active { since } => (1, since.seconds(), 0),
        KeyState::Retiring { since, until } => (2, since.seconds(), until.map_or(NO_END, UnixTime::seconds)),
        KeyState::Retired { since, compromised } => (3, since.seconds(), i64::from(compromised)),
    }
}

fn read_state(tag: u8, since: UnixTime, until: i64) -> Option<KeyState> {
    Some(match tag {
        0 => KeyState::Next { since },
        1 => KeyState::Active { since },
        2 => KeyState::Retiring { since, until: (until != NO_END).then_some(UnixTime::from_seconds(until)) },
        3 => KeyState::Retired { since, compromised: until == 1 },
        _ => return None,
    })
}

fn read_record(kind: Kind, bytes: &[u8]) -> Option<Record> {
    let ([state, material], rest) = bytes.split_first_chunk()?;
    let (since, rest) = rest.split_first_chunk()?;
    let (until, place) = rest.split_first_chunk()?;
    let state = read_state(*state, UnixTime::from_seconds(i64::from_be_bytes(*since)), i64::from_be_bytes(*until))?;
    let (place, length) = if kind.is_made_when_needed() {
        let (length, place) = place.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        (place.get(..length)?, length)
    } else {
        (place, 32)
    };
    let material = match material {
        0 => Material::Name(Kid::from_bytes(place.get(..20)?)),
        1 => Material::Public(PublicHalf::read(kind, place)?),
        2 => Material::Secret(Zeroizing::new(place.get(..length)?.to_vec())),
        _ => return None,
    };
    Some(Record { state, material })
}

/// State, material, two times and the place.
const fn record_size(kind: Kind) -> usize {
    2 + 8 + 8 + place_size(kind)
}

/// A point is 65 bytes; an RSA key of 3072 bits in PKCS #8 is at most 1,798, and its length stands before it.
const fn place_size(kind: Kind) -> usize {
    if kind.is_made_when_needed() { 2 + 1_800 } else { 65 }
}

/// Stands for "until somebody ends it".
const NO_END: i64 = i64::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Chance, aged, t};

    fn secrets_of_retired(ring: &Ring) -> usize {
        let is_left = |record: &&Record| !record.state.is_published() && matches!(record.material, Material::Secret(_));
        ring.records.iter().filter(is_left).count()
    }

    fn retired(ring: &Ring) -> usize {
        ring.records.iter().filter(|record| !record.state.is_published()).count()
    }

    #[test]
    fn no_way_out_of_use_leaves_a_secret_behind() {
        for kind in [Kind::TokenSigning, Kind::TokenSigningEdDsa, Kind::Cookie] {
            let first = || Ring::new(kind, t(0), &mut Chance(7)).unwrap();
            let rotated = || first().rotate(aged(0), &mut Chance(8)).unwrap();
            let old = first().records[0].material.kid(kind).unwrap();
            for (way, ring) in [
                ("compromise", first().compromise(t(1), &mut Chance(9)).unwrap()),
                ("expire", rotated().expire(t(i64::MAX)).unwrap()),
                ("end", rotated().end(&old, aged(1)).unwrap()),
                ("rotate", rotated().rotate(aged(9_000_000), &mut Chance(9)).unwrap()),
            ] {
                assert_eq!((retired(&ring), secrets_of_retired(&ring)), (1, 0), "{kind} {way}");
                assert_eq!(ring.records[0].material.kid(kind).unwrap(), old, "the name stays");
                let read = Ring::decode(kind, &ring.encode()).unwrap();
                assert_eq!(read.encode(), ring.encode(), "{kind} {way}");
            }
        }
    }

    #[test]
    fn only_a_ring_with_one_active_and_its_next_is_read() {
        let whole = Ring::new(Kind::Cookie, t(0), &mut Chance(7)).unwrap().encode().to_vec();
        let (active, next) = whole.split_at(record_size(Kind::Cookie));
        assert!(Ring::decode(Kind::Cookie, &whole).is_some());
        assert!(Ring::decode(Kind::PairwiseSubject, &whole).is_none(), "a kind that never rotates has no next");
        for wrong in [vec![], active.to_vec(), next.to_vec(), [active, active, next].concat(), [active, next, next].concat(), whole[1..].to_vec()] {
            assert!(Ring::decode(Kind::Cookie, &wrong).is_none(), "{} bytes", wrong.len());
        }
        for (place, byte) in [(0, 4), (1, 3)] {
            let mut wrong = whole.clone();
            wrong[place] = byte;
            assert!(Ring::decode(Kind::Cookie, &wrong).is_none(), "byte {place}");
        }
    }
}
