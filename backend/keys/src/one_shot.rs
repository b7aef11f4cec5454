//! The key of one signature: made, certified, used once and destroyed (architecture §6). No copy ever exists to be stolen,
//! so a signature cannot be made later with it, and its certificate can be short.

use rand_core::CryptoRng;

use crate::{
    KeyRefusal,
    material::{Pair, der_of, draw_scalar},
};

/// A P-256 key that signs once. Has no `Clone` and no `Debug`; AWS-LC clears it when it is dropped, used or not.
pub struct OneShotKey(Pair);

impl OneShotKey {
    /// Makes a key from 256 bits of `rng`.
    pub fn new(rng: &mut dyn CryptoRng) -> Result<Self, KeyRefusal> {
        Ok(Self(Pair::of(&draw_scalar(rng)?)?))
    }

    /// SubjectPublicKeyInfo in DER (RFC 5480 §2), for the certificate that must exist before the signature.
    pub fn public_spki_der(&self) -> Result<Vec<u8>, KeyRefusal> {
        self.0.spki_der()
    }

    /// The public point, `04 ‖ x ‖ y` (SEC 1 §2.3.3).
    pub fn public_sec1(&self) -> Result<[u8; 65], KeyRefusal> {
        self.0.point()
    }

    /// Signs `bytes` (ECDSA with SHA-256, DER form) and destroys the key.
    pub fn sign(self, bytes: &[u8]) -> Result<Vec<u8>, KeyRefusal> {
        der_of(&self.sign_raw(bytes)?)
    }

    /// The same in the form of JOSE, R ‖ S (RFC 7518 §3.4).
    pub fn sign_raw(self, bytes: &[u8]) -> Result<[u8; 64], KeyRefusal> {
        self.0.sign(bytes)
    }
}
