//! ES256 on raw keys and signatures (RFC 7518 §3.4): the only signature algorithm a phone has, since P-256 is what secure
//! hardware has on every phone.

use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};

use crate::wire::{Fixed, PublicKey, RawSignature};

/// Does this signature by this key cover these bytes? A key that is no point on the curve verifies nothing.
pub fn verifies(key: &PublicKey, bytes: &[u8], signature: &RawSignature) -> bool {
    // `from_sec1_bytes` would also take other encodings; 65 bytes with 04 in front is the only one of ours.
    let key = VerifyingKey::from_sec1_bytes(&key.0).ok();
    let signature = Signature::from_slice(&signature.0).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify(bytes, &signature).is_ok())
}

/// Signs with the deterministic nonce of RFC 6979.
pub fn sign(key: &SigningKey, bytes: &[u8]) -> RawSignature {
    let signature: Signature = key.sign(bytes);
    Fixed(signature.to_bytes().into())
}

/// The public half, uncompressed.
pub fn public(key: &SigningKey) -> PublicKey {
    let point = key.verifying_key().to_sec1_point(false);
    // An uncompressed P-256 point always has 65 bytes; zeroes would verify nothing.
    Fixed::from_slice(point.as_bytes()).unwrap_or(Fixed([0; 65]))
}
