//! ECDSA on P-256 with SHA-256, the one signature algorithm of this crate (TS 119 312). Only public keys are here: private
//! keys live in a key store or an HSM, so whatever must be signed is handed out as octets, and the signature that comes back
//! is verified before anything is built from it. That catches a store that hashes twice, or signs with another key.

use const_oid::ObjectIdentifier;
use der::{
    Decode, Encode,
    asn1::{Any, BitString},
};
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{oid, refused::Refused};

/// A P-256 public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Takes a SEC 1 point, compressed (33 octets) or not (65 octets).
    pub fn from_sec1(point: &[u8]) -> Result<Self, Refused> {
        VerifyingKey::from_sec1_bytes(point).map(Self).map_err(|_| Refused::KeyNotAllowed)
    }

    /// Takes the DER `SubjectPublicKeyInfo` (RFC 5480 §2).
    pub fn from_spki(der: &[u8]) -> Result<Self, Refused> {
        Self::from_subject_public_key_info(&SubjectPublicKeyInfoOwned::from_der(der)?)
    }

    pub(crate) fn from_subject_public_key_info(info: &SubjectPublicKeyInfoOwned) -> Result<Self, Refused> {
        let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        if info.algorithm.oid != oid::EC_PUBLIC_KEY || curve != Some(oid::P256) {
            return Err(Refused::KeyNotAllowed);
        }
        Self::from_sec1(info.subject_public_key.as_bytes().ok_or(Refused::KeyNotAllowed)?)
    }

    /// The uncompressed SEC 1 point, 65 octets.
    pub fn sec1(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    pub(crate) fn subject_public_key_info(&self) -> Result<SubjectPublicKeyInfoOwned, Refused> {
        let algorithm = AlgorithmIdentifierOwned { oid: oid::EC_PUBLIC_KEY, parameters: Some((&oid::P256).into()) };
        Ok(SubjectPublicKeyInfoOwned { algorithm, subject_public_key: BitString::from_bytes(&self.sec1())? })
    }

    /// The key identifier: the leftmost 160 bits of SHA-256 over the point (RFC 7093 §2, method 1).
    pub(crate) fn identifier(&self) -> Vec<u8> {
        Sha256::digest(self.sec1()).iter().copied().take(20).collect()
    }

    /// Whether `signature` (DER `ECDSA-Sig-Value`) is over SHA-256 of `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let signature = Signature::from_der(signature).map_err(|_| Refused::SignatureInvalid)?;
        self.0.verify_prehash(&Sha256::digest(message), &signature).map_err(|_| Refused::SignatureInvalid)
    }
}

/// SHA-256.
pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// DER `AlgorithmIdentifier` of ecdsa-with-SHA256: parameters absent (RFC 5758 §3.2).
pub(crate) fn signature_algorithm() -> Result<Vec<u8>, Refused> {
    Ok(ecdsa_with_sha256().to_der()?)
}

pub(crate) fn ecdsa_with_sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: oid::ECDSA_WITH_SHA256, parameters: None }
}

/// DER `AlgorithmIdentifier` of SHA-256: parameters absent (RFC 5754 §2).
pub(crate) fn digest_algorithm() -> Result<Vec<u8>, Refused> {
    Ok(AlgorithmIdentifierOwned { oid: oid::SHA256, parameters: None }.to_der()?)
}

/// Refuses any other signature algorithm.
pub(crate) fn check_signature_algorithm(der: &[u8]) -> Result<(), Refused> {
    if der == signature_algorithm()? { Ok(()) } else { Err(Refused::AlgorithmNotAllowed) }
}

/// Refuses any other digest than SHA-256. Parameters may be absent or NULL (RFC 5754 §2 asks readers to take both).
pub(crate) fn check_digest_algorithm(der: &[u8]) -> Result<(), Refused> {
    let algorithm: AlgorithmIdentifierOwned = crate::asn1::exact(der)?;
    let is_plain = algorithm.parameters.as_ref().is_none_or(Any::is_null);
    if algorithm.oid == oid::SHA256 && is_plain { Ok(()) } else { Err(Refused::AlgorithmNotAllowed) }
}
