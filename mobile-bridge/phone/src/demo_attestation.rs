//! The demo's evidence of where keys live: a made-up vendor's signature over challenge ‖ keys. It has the shape of real
//! evidence (a third party vouches, bound to the challenge), so the server verifies it really; but the vendor's key is in
//! the demo process, so it proves nothing and is accepted only where the configuration says demo or test.

use p256::ecdsa::SigningKey;

use crate::{
    es256,
    key_store::PublicKeys,
    wire::{Attestation, Challenge, Octets, PublicKey, RawSignature},
};

/// The name of the format.
pub const FORMAT: &str = "se.handslag.demo";

/// Stands in front of the signed bytes, so that they are nothing else.
const DOMAIN: &[u8] = b"se.handslag.demo-attestation/1\0";

/// The evidence does not vouch for these keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAttested {
    /// Another format than the demo's.
    #[error("the attestation is of another format")]
    Format,
    /// Not this vendor, challenge or keys.
    #[error("the attestation does not fit the vendor, the challenge or the keys")]
    Signature,
}

impl NotAttested {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Format => "attestation_format",
            Self::Signature => "attestation_signature",
        }
    }
}

/// The vendor vouches for the keys.
pub fn make(vendor: &SigningKey, challenge: &Challenge, keys: &PublicKeys) -> Attestation {
    let signature = es256::sign(vendor, &signed_bytes(challenge, keys));
    Attestation { evidence: Octets(signature.0.to_vec()), format: FORMAT.to_owned() }
}

/// The server's check. Whether the demo format is accepted at all is the caller's configuration.
pub fn verify(vendor: &PublicKey, challenge: &Challenge, keys: &PublicKeys, attestation: &Attestation) -> Result<(), NotAttested> {
    if attestation.format != FORMAT {
        return Err(NotAttested::Format);
    }
    let signature = RawSignature::from_slice(&attestation.evidence.0).ok_or(NotAttested::Signature)?;
    if es256::verifies(vendor, &signed_bytes(challenge, keys), &signature) { Ok(()) } else { Err(NotAttested::Signature) }
}

/// Every part has a fixed length, so no two inputs give the same bytes.
fn signed_bytes(challenge: &Challenge, keys: &PublicKeys) -> Vec<u8> {
    [DOMAIN, &challenge.0, &keys.device.0, &keys.approval.0, &keys.door.0].concat()
}
