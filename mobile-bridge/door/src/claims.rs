//! What a pass says. Claims as CDDL `claims` of the door protocol: labels in deterministic order, none unknown, none twice.
//!
//! A pass is for one lock, one phone key and one visit. Only the emergency classes may name a group of locks; the decision enforces it, for the
//! lock must not trust the issuer's form.

use heapless::{String, Vec};
use minicbor::{Decoder, decode};
use p256::{Sec1Point, ecdsa::VerifyingKey};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    cbor::{self, To, Written},
};

/// The most bytes the claims take.
pub const MAX_CLAIMS: usize = 256;

/// The name of an issuer, such as `se:malmo`.
pub type IssuerName = String<32>;

/// The parts of the pass's time in which it opens.
pub type Windows = Vec<Window, 4>;

/// One lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockId(pub [u8; 8]);

/// A group of locks: a district's, for the night patrol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub [u8; 8]);

/// One pass (`cti`, RFC 8392 §3.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassId(pub [u8; 8]);

/// What a pass says. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it (`iss`, label 1).
    pub iss: IssuerName,
    /// The worker's pseudonym at this issuer, never a personal number (`sub`, label 2).
    pub sub: [u8; 8],
    /// The last second of the pass (`exp`, label 4). Unlike RFC 8392 this second itself still opens: the lock compares intervals.
    pub exp: u64,
    /// The first second (`nbf`, label 5).
    pub nbf: u64,
    /// When it was issued (`iat`, label 6). To the lock also a proof that it is at least this late.
    pub iat: u64,
    /// The pass's own number (`cti`, label 7).
    pub cti: PassId,
    /// The phone's door key (`cnf`, label 8, RFC 8747).
    pub cnf: DoorKey,
    /// Which door (in label -70001).
    pub scope: Scope,
    /// What may be done there (in label -70001).
    pub ops: Ops,
    /// When within `nbf..=exp` (in label -70001); at least one.
    pub windows: Windows,
    /// The visit, opaque to the lock (label -70002).
    pub visit: Option<[u8; 8]>,
    /// Where a revocation of this pass would stand (label -70003).
    pub revocation: RevocationIndex,
    /// What kind of pass (label -70004).
    pub class: Class,
    /// How many openings at this lock (label -70005). The class may set a lower limit.
    pub max_uses: Option<u16>,
    /// How old the phone's user verification may be, in seconds (label -70006). The class may set a lower limit.
    pub uv_max_age_s: Option<u32>,
}

/// A place in a revocation list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationIndex {
    /// Which list.
    pub list: u32,
    /// Which place in it.
    pub index: u32,
}

/// The door or the doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One lock.
    Lock(LockId),
    /// Any lock of a group (CBOR tag 0x47); opens only for classes 1 and 2.
    Group(GroupId),
}

/// What kind of pass, and with it which limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// 0: a planned visit.
    Planned,
    /// 1: the night patrol's.
    Standby,
    /// 2: emergency.
    BreakGlass,
    /// 3: work on the lock itself.
    Technician,
}

/// What the phone asks the lock to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Bit 0.
    Unlock,
    /// Bit 1.
    Lock,
    /// Bit 2.
    ReadStatus,
    /// Bit 3.
    Service,
}

/// A set of [`Op`], one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ops(u8);

/// A part of the pass's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Minutes after `nbf`.
    pub offset_min: u16,
    /// Minutes long; never beyond `exp`.
    pub length_min: u16,
}

/// A P-256 point as COSE_Key writes it: x, and which of the two y. Not known to be on the curve until [`DoorKey::verifying_key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorKey {
    /// The coordinate x.
    pub x: [u8; 32],
    /// Whether y is odd.
    pub y_odd: bool,
}

impl Claims {
    /// Refuses claims that cannot hold together, so that no issuer signs them and no lock weighs them.
    pub fn check(&self) -> Result<(), Error> {
        if self.nbf >= self.exp || self.windows.is_empty() { Err(Error::Contradiction) } else { Ok(()) }
    }

    /// The windows as first and last second, cut to the pass's own time. A window wholly after `exp` is empty: its end lies before its start.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.windows.iter().map(|window| {
            let start = self.nbf.saturating_add(u64::from(window.offset_min) * 60);
            (start, start.saturating_add(u64::from(window.length_min) * 60).min(self.exp))
        })
    }

    /// The deterministic encoding.
    pub(crate) fn encode(&self) -> Result<Vec<u8, MAX_CLAIMS>, Error> {
        cbor::write(|e| self.write(e))
    }

    fn write<const N: usize>(&self, e: &mut To<N>) -> Written {
        let optional = [self.visit.is_some(), self.max_uses.is_some(), self.uv_max_age_s.is_some()];
        e.map(10 + optional.into_iter().map(u64::from).sum::<u64>())?;
        e.u8(1)?.str(&self.iss)?.u8(2)?.bytes(&self.sub)?;
        e.u8(4)?.u64(self.exp)?.u8(5)?.u64(self.nbf)?.u8(6)?.u64(self.iat)?;
        e.u8(7)?.bytes(&self.cti.0)?.u8(8)?;
        self.cnf.write(e)?;
        self.write_access(e.i32(-70001)?)?;
        if let Some(visit) = self.visit {
            e.i32(-70002)?.bytes(&visit)?;
        }
        e.i32(-70003)?.array(2)?.u32(self.revocation.list)?.u32(self.revocation.index)?;
        e.i32(-70004)?.u8(self.class.number())?;
        if let Some(uses) = self.max_uses {
            e.i32(-70005)?.u16(uses)?;
        }
        if let Some(age) = self.uv_max_age_s {
            e.i32(-70006)?.u32(age)?;
        }
        Ok(())
    }

    fn write_access<const N: usize>(&self, e: &mut To<N>) -> Written {
        e.array(3)?;
        match self.scope {
            Scope::Lock(lock) => e.bytes(&lock.0)?,
            Scope::Group(group) => e.tag(minicbor::data::Tag::new(GROUP_TAG))?.bytes(&group.0)?,
        };
        e.u8(self.ops.0)?.array(self.windows.len() as u64)?;
        for window in &self.windows {
            e.array(2)?.u16(window.offset_min)?.u16(window.length_min)?;
        }
        Ok(())
    }

    /// Reads the claims and nothing but their one encoding.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let claims = cbor::read(bytes, Self::read)?;
        cbor::same(bytes, &claims.encode()?)?;
        claims.check()?;
        Ok(claims)
    }

    // The length of the map is not compared here: encoding again writes the true one, and any other is not the same bytes.
    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        d.map()?;
        cbor::label(d, 1)?;
        let iss = IssuerName::try_from(d.str()?).map_err(|_| cbor::foreign())?;
        let sub = after(d, 2, cbor::bytes)?;
        let (exp, nbf, iat) = (after(d, 4, Decoder::u64)?, after(d, 5, Decoder::u64)?, after(d, 6, Decoder::u64)?);
        let cti = PassId(after(d, 7, cbor::bytes)?);
        let cnf = after(d, 8, DoorKey::read)?;
        let (scope, ops, windows) = after(d, -70001, read_access)?;
        let visit = if_there(d, -70002, cbor::bytes)?;
        let revocation = after(d, -70003, RevocationIndex::read)?;
        let class = Class::from_number(after(d, -70004, Decoder::u8)?).ok_or_else(cbor::foreign)?;
        let max_uses = if_there(d, -70005, Decoder::u16)?;
        let uv_max_age_s = if_there(d, -70006, Decoder::u32)?;
        Ok(Self { iss, sub, exp, nbf, iat, cti, cnf, scope, ops, windows, visit, revocation, class, max_uses, uv_max_age_s })
    }
}

fn after<'b, T>(d: &mut Decoder<'b>, label: i32, read: impl FnOnce(&mut Decoder<'b>) -> Result<T, decode::Error>) -> Result<T, decode::Error> {
    cbor::label(d, label)?;
    read(d)
}

fn if_there<'b, T>(
    d: &mut Decoder<'b>,
    label: i32,
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, decode::Error>,
) -> Result<Option<T>, decode::Error> {
    if cbor::optional_label(d, label) { read(d).map(Some) } else { Ok(None) }
}

fn read_access(d: &mut Decoder<'_>) -> Result<(Scope, Ops, Windows), decode::Error> {
    cbor::array(d, 3)?;
    let scope = if d.datatype()? == minicbor::data::Type::Tag {
        cbor::tag(d, GROUP_TAG)?;
        Scope::Group(GroupId(cbor::bytes(d)?))
    } else {
        Scope::Lock(LockId(cbor::bytes(d)?))
    };
    let ops = Ops::from_bits(d.u8()?).ok_or_else(cbor::foreign)?;
    let mut windows = Windows::new();
    for _ in 0..d.array()?.ok_or_else(cbor::foreign)? {
        cbor::array(d, 2)?;
        windows.push(Window { offset_min: d.u16()?, length_min: d.u16()? }).map_err(|_| cbor::foreign())?;
    }
    Ok((scope, ops, windows))
}

impl RevocationIndex {
    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        cbor::array(d, 2)?;
        Ok(Self { list: d.u32()?, index: d.u32()? })
    }
}

impl Class {
    /// The number in the pass.
    pub const fn number(self) -> u8 {
        match self {
            Self::Planned => 0,
            Self::Standby => 1,
            Self::BreakGlass => 2,
            Self::Technician => 3,
        }
    }

    /// The class with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Planned,
            1 => Self::Standby,
            2 => Self::BreakGlass,
            3 => Self::Technician,
            _ => return None,
        })
    }

    /// The longest `exp - nbf` in seconds: four hours for the technician, twelve for the others.
    pub const fn longest_s(self) -> u64 {
        match self {
            Self::Technician => 4 * 3600,
            _ => 12 * 3600,
        }
    }

    /// The most openings at one lock, whatever the pass says: three on standby, one in an emergency.
    pub const fn most_uses(self) -> u16 {
        match self {
            Self::Standby => 3,
            Self::BreakGlass => 1,
            Self::Planned | Self::Technician => u16::MAX,
        }
    }

    /// How old the user verification may be, in seconds, when the pass says `claimed`. The emergency classes never trust more than a minute.
    pub fn uv_limit_s(self, claimed: Option<u32>) -> u32 {
        match self {
            Self::Standby | Self::BreakGlass => claimed.unwrap_or(60).min(60),
            Self::Planned | Self::Technician => claimed.unwrap_or(300),
        }
    }

    /// Whether a use is looked at afterwards by a manager.
    pub const fn reviewed(self) -> bool {
        matches!(self, Self::Standby | Self::BreakGlass)
    }
}

impl Op {
    /// The bit of this operation in [`Ops`], which is also its number in a request.
    pub const fn number(self) -> u8 {
        match self {
            Self::Unlock => 0,
            Self::Lock => 1,
            Self::ReadStatus => 2,
            Self::Service => 3,
        }
    }

    /// The operation with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Unlock,
            1 => Self::Lock,
            2 => Self::ReadStatus,
            3 => Self::Service,
            _ => return None,
        })
    }

    /// Whether it is counted against the pass's uses. Locking up never is: a worker must always be able to leave the door locked.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Unlock | Self::Service)
    }
}

impl Ops {
    /// The set of these operations.
    pub fn of(ops: &[Op]) -> Self {
        Self(ops.iter().fold(0, |bits, op| bits | 1 << op.number()))
    }

    /// The set with these bits; `None` for a bit that has no meaning yet.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits <= 0b1111 { Some(Self(bits)) } else { None }
    }

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the operation is in the set.
    pub const fn allows(self, op: Op) -> bool {
        self.0 & (1 << op.number()) != 0
    }
}

impl Window {
    /// One window over the whole time of a pass.
    pub fn whole(nbf: u64, exp: u64) -> Windows {
        let minutes = exp.saturating_sub(nbf).div_ceil(60);
        Windows::from([Self { offset_min: 0, length_min: u16::try_from(minutes).unwrap_or(u16::MAX) }])
    }
}

impl DoorKey {
    /// Takes a point in SEC1 form, compressed (33 bytes) or not (65). Fails with [`Error::NotOnCurve`].
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, Error> {
        let key = VerifyingKey::from_sec1_bytes(bytes).map_err(|_| Error::NotOnCurve)?;
        Ok(Self::from(&key))
    }

    /// The compressed SEC1 form.
    pub fn to_sec1(&self) -> [u8; 33] {
        let mut sec1 = [0; 33];
        let (tag, x) = sec1.split_at_mut(1);
        tag.fill(if self.y_odd { 3 } else { 2 });
        x.copy_from_slice(&self.x);
        sec1
    }

    /// The key to verify with. Fails with [`Error::NotOnCurve`].
    pub fn verifying_key(&self) -> Result<VerifyingKey, Error> {
        VerifyingKey::from_sec1_bytes(&self.to_sec1()).map_err(|_| Error::NotOnCurve)
    }

    /// SHA-256 of the compressed form: a name for the key.
    pub fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.to_sec1()).into()
    }

    // COSE_Key (RFC 9053 §7.1.1): kty EC2, crv P-256, x, the sign of y.
    fn write<const N: usize>(&self, e: &mut To<N>) -> Written {
        e.map(1)?.u8(1)?.map(4)?;
        e.u8(1)?.u8(2)?.i8(-1)?.u8(1)?;
        e.i8(-2)?.bytes(&self.x)?.i8(-3)?.bool(self.y_odd)?;
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        cbor::map(d, 1)?;
        cbor::label(d, 1)?;
        cbor::map(d, 4)?;
        let (kty, crv) = (after(d, 1, Decoder::u8)?, after(d, -1, Decoder::u8)?);
        let (x, y_odd) = (after(d, -2, cbor::bytes)?, after(d, -3, Decoder::bool)?);
        if (kty, crv) == (2, 1) { Ok(Self { x, y_odd }) } else { Err(cbor::foreign()) }
    }
}

impl From<&VerifyingKey> for DoorKey {
    fn from(key: &VerifyingKey) -> Self {
        let point: Sec1Point = key.to_sec1_point(true);
        let mut x = [0; 32];
        if let Some(coordinate) = point.x() {
            x.copy_from_slice(coordinate);
        }
        Self { x, y_odd: point.as_bytes().first() == Some(&3) }
    }
}

const GROUP_TAG: u64 = 0x47;
