//! The pass itself: COSE_Sign1 (RFC 9052 §4.2) over the claims, ES256, protected `{1: -7}`, unprotected `{4: kid}`.
//!
//! The issuer's key lives in another place than the code that fills in a pass, so issuing is two steps: [`Claims::to_be_signed`], then
//! [`Claims::assemble`] with the signature. What was only read is an [`UnverifiedPass`]; claims to act on come from its `verify`.

use heapless::Vec;
use minicbor::{Decoder, data::Tag, decode};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    cbor::{self, To, Written},
    claims::{Claims, DoorKey, MAX_CLAIMS},
    log::first,
};

/// The most bytes a pass takes.
pub const MAX_PASS: usize = 352;

/// The most bytes of the structure that the issuer signs.
pub const MAX_TO_BE_SIGNED: usize = 288;

/// The bytes of a pass.
pub type PassBytes = Vec<u8, MAX_PASS>;

/// Which issuer key signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(pub [u8; 8]);

impl Kid {
    /// The name of a key: the first eight bytes of SHA-256 over its compressed point.
    pub fn of(key: &VerifyingKey) -> Self {
        Self(first(&DoorKey::from(key).thumbprint()))
    }
}

/// SHA-256 of a pass's bytes: how a request names the pass it comes with.
pub fn digest(pass: &[u8]) -> [u8; 32] {
    Sha256::digest(pass).into()
}

impl Claims {
    /// The bytes the issuer signs with ES256: `Sig_structure` (RFC 9052 §4.4) with empty external data.
    ///
    /// Fails with [`Error::Contradiction`] for claims that cannot hold together and [`Error::TooLarge`] for claims that do not fit a lock.
    pub fn to_be_signed(&self) -> Result<Vec<u8, MAX_TO_BE_SIGNED>, Error> {
        self.check()?;
        sig_structure(&self.encode()?)
    }

    /// The finished pass from the issuer's signature (r ‖ s). Fails as [`Claims::to_be_signed`].
    pub fn assemble(&self, kid: Kid, signature: &[u8; 64]) -> Result<PassBytes, Error> {
        self.check()?;
        assemble(&self.encode()?, kid, signature)
    }
}

/// A pass that was read and not yet verified: for display, and for finding the key to verify it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedPass {
    /// Which key is said to have signed.
    pub kid: Kid,
    /// What the pass says.
    pub claims: Claims,
    signature: [u8; 64],
}

impl UnverifiedPass {
    /// Reads a pass. Fails with [`Error::Malformed`], [`Error::NotDeterministic`], [`Error::Contradiction`] or [`Error::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_PASS {
            return Err(Error::TooLarge);
        }
        let (claims, kid, signature) = cbor::read(bytes, read)?;
        let pass = Self { kid, claims: Claims::decode(claims)?, signature };
        cbor::same(bytes, &assemble(claims, kid, &signature)?)?;
        Ok(pass)
    }

    /// The claims, once the signature verifies under the issuer's key. Fails with [`Error::BadSignature`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Claims, Error> {
        let message = sig_structure(&self.claims.encode()?)?;
        verify(key, &message, &self.signature)?;
        Ok(self.claims)
    }
}

/// ES256 over `message`; the signature is r ‖ s.
pub(crate) fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> Result<(), Error> {
    let signature = Signature::from_slice(signature).map_err(|_| Error::BadSignature)?;
    key.verify(message, &signature).map_err(|_| Error::BadSignature)
}

fn sig_structure(claims: &[u8]) -> Result<Vec<u8, MAX_TO_BE_SIGNED>, Error> {
    cbor::write(|e| {
        e.array(4)?.str("Signature1")?.bytes(&PROTECTED)?.bytes(&[])?.bytes(claims)?;
        Ok(())
    })
}

fn assemble(claims: &[u8], kid: Kid, signature: &[u8; 64]) -> Result<PassBytes, Error> {
    cbor::write(|e: &mut To<MAX_PASS>| -> Written {
        e.tag(Tag::new(COSE_SIGN1))?.array(4)?.bytes(&PROTECTED)?;
        e.map(1)?.u8(4)?.bytes(&kid.0)?;
        e.bytes(claims)?.bytes(signature)?;
        Ok(())
    })
}

fn read<'b>(d: &mut Decoder<'b>) -> Result<(&'b [u8], Kid, [u8; 64]), decode::Error> {
    cbor::tag(d, COSE_SIGN1)?;
    cbor::array(d, 4)?;
    if d.bytes()? != PROTECTED {
        return Err(cbor::foreign());
    }
    cbor::map(d, 1)?;
    cbor::label(d, 4)?;
    let kid = Kid(cbor::bytes(d)?);
    Ok((d.bytes()?, kid, cbor::bytes(d)?))
}

const COSE_SIGN1: u64 = 18;
/// `{1: -7}`: ES256, and no other algorithm to negotiate down to.
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x26];
const _: () = assert!(MAX_CLAIMS + 24 <= MAX_TO_BE_SIGNED && MAX_CLAIMS + 90 <= MAX_PASS);
