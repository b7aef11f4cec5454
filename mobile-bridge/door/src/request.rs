//! The request to open, which the phone signs with its door key over the lock's nonce.
//!
//! The first element names the structure: a door key signs nothing else, and no signature for another purpose begins with these bytes (P29).
//! Lock, nonce and pass are inside, so a recorded request opens no other door, no second time, and with no other pass (P2, P5).

use heapless::Vec;
use minicbor::{Decoder, data::Type, decode};
use p256::ecdsa::VerifyingKey;

use crate::{
    Error,
    cbor::{self, To, Written},
    claims::{LockId, Op},
    clock::Ticks,
    pass,
};

/// What the first element of a request says.
pub const DOMAIN: &str = "se.handslag.door.open/1";

/// The most bytes of the structure that the phone signs.
pub const MAX_TO_BE_SIGNED: usize = 112;

/// The most bytes a signed request takes.
pub const MAX_REQUEST: usize = 184;

/// The bytes of a signed request.
pub type RequestBytes = Vec<u8, MAX_REQUEST>;

/// What the lock gave to be signed, usable once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

/// A nonce that the lock has given out and not yet seen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// The nonce.
    pub nonce: Nonce,
    /// When it was given, in the lock's own ticks.
    pub issued: Ticks,
}

/// Why an emergency pass is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// 0: an alarm from the home.
    Alarm,
    /// 1: nobody answers.
    NoAnswer,
    /// 2: somebody is in danger.
    Danger,
    /// 3: something else, to be told afterwards.
    Other,
}

/// What the phone asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// The lock.
    pub lock: LockId,
    /// Its nonce.
    pub nonce: Nonce,
    /// SHA-256 of the pass that comes along ([`pass::digest`]).
    pub pass: [u8; 32],
    /// What to do.
    pub op: Op,
    /// Seconds since the person last proved to the phone who they are.
    pub uv_age_s: u32,
    /// Why, for an emergency pass.
    pub reason: Option<Reason>,
    /// The phone's own running number: the server sees whether requests are missing.
    pub counter: u32,
}

impl OpenRequest {
    /// A request for `op` with the pass in these bytes; no reason, counter 0.
    pub fn new(lock: LockId, nonce: Nonce, pass: &[u8], op: Op, uv_age_s: u32) -> Self {
        Self { lock, nonce, pass: pass::digest(pass), op, uv_age_s, reason: None, counter: 0 }
    }

    /// The same request with a reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The same request with the phone's running number.
    #[must_use]
    pub fn numbered(self, counter: u32) -> Self {
        Self { counter, ..self }
    }

    /// The bytes the door key signs with ES256.
    pub fn to_be_signed(&self) -> Result<Vec<u8, MAX_TO_BE_SIGNED>, Error> {
        cbor::write(|e| self.write(e))
    }

    /// The signed request from the phone's signature (r ‖ s).
    pub fn assemble(&self, signature: &[u8; 64]) -> Result<RequestBytes, Error> {
        let signed = self.to_be_signed()?;
        cbor::write(|e| {
            e.array(2)?.bytes(&signed)?.bytes(signature)?;
            Ok(())
        })
    }

    fn write<const N: usize>(&self, e: &mut To<N>) -> Written {
        e.array(8)?.str(DOMAIN)?.bytes(&self.lock.0)?.bytes(&self.nonce.0)?.bytes(&self.pass)?;
        e.u8(self.op.number())?.u32(self.uv_age_s)?;
        match self.reason {
            Some(reason) => e.u8(reason.number())?,
            None => e.null()?,
        };
        e.u32(self.counter)?;
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, decode::Error> {
        cbor::array(d, 8)?;
        if d.str()? != DOMAIN {
            return Err(cbor::foreign());
        }
        Ok(Self {
            lock: LockId(cbor::bytes(d)?),
            nonce: Nonce(cbor::bytes(d)?),
            pass: cbor::bytes(d)?,
            op: Op::from_number(d.u8()?).ok_or_else(cbor::foreign)?,
            uv_age_s: d.u32()?,
            reason: Reason::read(d)?,
            counter: d.u32()?,
        })
    }
}

/// A request that was read and not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedRequest {
    /// What is asked.
    pub request: OpenRequest,
    signature: [u8; 64],
}

impl UnverifiedRequest {
    /// Reads a signed request. Fails with [`Error::Malformed`], [`Error::NotDeterministic`] or [`Error::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_REQUEST {
            return Err(Error::TooLarge);
        }
        let (signed, signature) = cbor::read(bytes, |d| {
            cbor::array(d, 2)?;
            Ok((d.bytes()?, cbor::bytes(d)?))
        })?;
        let request = cbor::read(signed, OpenRequest::read)?;
        cbor::same(bytes, &request.assemble(&signature)?)?;
        Ok(Self { request, signature })
    }

    /// The request, once the signature verifies under the door key (the pass's `cnf`). Fails with [`Error::BadSignature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<OpenRequest, Error> {
        pass::verify(key, &self.request.to_be_signed()?, &self.signature)?;
        Ok(self.request)
    }
}

impl Reason {
    /// The number in the request.
    pub const fn number(self) -> u8 {
        match self {
            Self::Alarm => 0,
            Self::NoAnswer => 1,
            Self::Danger => 2,
            Self::Other => 3,
        }
    }

    fn read(d: &mut Decoder<'_>) -> Result<Option<Self>, decode::Error> {
        if d.datatype()? == Type::Null {
            d.null()?;
            return Ok(None);
        }
        Ok(Some(match d.u8()? {
            0 => Self::Alarm,
            1 => Self::NoAnswer,
            2 => Self::Danger,
            3 => Self::Other,
            _ => return Err(cbor::foreign()),
        }))
    }
}
