//! What a lock must not forget when the power goes: its place in the log with the next MAC key, how often passes were used, and what it was told to
//! refuse. Forgetting a revocation would let a thief in who pulls the battery (P7, P8, P20).

use handslag_door::{Chain, LockState, PassId, RevocationList, state::Use};

/// The durable part of a lock's state.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) chain: Chain,
    pub(crate) lo: u64,
    pub(crate) min_iat: u64,
    pub(crate) uses: Vec<Use>,
    pub(crate) revoked: Option<RevocationList>,
}

impl Slot {
    /// What to keep of this state.
    pub(crate) fn of(chain: &Chain, state: &LockState) -> Self {
        Self {
            chain: chain.clone(),
            lo: state.clock.lower_bound(),
            min_iat: state.min_iat,
            uses: state.uses.iter().copied().collect(),
            revoked: state.revoked.clone(),
        }
    }

    /// Fixed widths, big-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.chain.to_bytes().to_vec();
        out.extend(self.lo.to_be_bytes());
        out.extend(self.min_iat.to_be_bytes());
        out.extend((self.uses.len() as u64).to_be_bytes());
        for counted in &self.uses {
            out.extend(counted.pass.0);
            out.extend(counted.times.to_be_bytes());
            out.extend(counted.exp.to_be_bytes());
        }
        if let Some(list) = &self.revoked {
            out.extend(list.list().to_be_bytes());
            out.extend(list.version().to_be_bytes());
            out.extend(list.iat().to_be_bytes());
            out.push(u8::from(list.overflowed()));
            list.indices().iter().for_each(|index| out.extend(index.to_be_bytes()));
        }
        out
    }

    /// `None` for bytes this did not write.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let chain = Chain::from_bytes(&take(rest)?)?;
        let (lo, min_iat) = (u64::from_be_bytes(take(rest)?), u64::from_be_bytes(take(rest)?));
        let count = u64::from_be_bytes(take(rest)?);
        let uses = (0..count).map(|_| take_use(rest)).collect::<Option<Vec<_>>>()?;
        let revoked = if rest.is_empty() { None } else { Some(take_list(rest)?) };
        rest.is_empty().then_some(Self { chain, lo, min_iat, uses, revoked })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn take_use(bytes: &mut &[u8]) -> Option<Use> {
    Some(Use { pass: PassId(take(bytes)?), times: u16::from_be_bytes(take(bytes)?), exp: u64::from_be_bytes(take(bytes)?) })
}

fn take_list(bytes: &mut &[u8]) -> Option<RevocationList> {
    let (list, version) = (u32::from_be_bytes(take(bytes)?), u32::from_be_bytes(take(bytes)?));
    let iat = u64::from_be_bytes(take(bytes)?);
    let [overflowed] = take(bytes)?;
    let (indices, torn) = bytes.as_chunks::<4>();
    let read = RevocationList::new(list, version, iat, indices.iter().map(|index| u32::from_be_bytes(*index)));
    *bytes = torn;
    Some(if overflowed == 0 { read } else { read.overflowing() })
}
