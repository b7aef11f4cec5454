//! Where the phone's three keys live. The core never sees a private key: it asks for signatures, and the shell has a
//! [`KeyStore`] sign. On a real phone that is the secure hardware; [`SoftwareKeyStore`] is for tests, the demo and the tour.
//!
//! A store signs only bytes that are one of the key's own typed structures, and only with the verification that the key
//! demands: so a fault in the core or in the shell cannot make the device key approve anything.

use p256::{ecdsa::SigningKey, elliptic_curve::Generate as _};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Got, Structure, Want, demo_attestation, es256,
    wire::{Attestation, Challenge, EnrolledKey, KeyUse, PublicKey, RawSignature},
};

/// How surely the person is there. Ordered: `None < Grace < Fresh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Nobody is asked.
    None,
    /// The person was verified a short while ago; the platform decides whether to ask again.
    Grace,
    /// The person is verified now, for this one signature.
    Fresh,
}

impl KeyUse {
    /// What a signature by this key demands.
    pub const fn verification(self) -> Verification {
        match self {
            Self::Approval => Verification::Fresh,
            Self::Device => Verification::None,
            Self::Door => Verification::Grace,
        }
    }
}

/// The public halves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKeys {
    /// Signs approvals.
    pub approval: PublicKey,
    /// Signs proofs of requests.
    pub device: PublicKey,
    /// Signs openings.
    pub door: PublicKey,
}

impl PublicKeys {
    /// The key for one use.
    pub const fn of(&self, key_use: KeyUse) -> &PublicKey {
        match key_use {
            KeyUse::Approval => &self.approval,
            KeyUse::Device => &self.device,
            KeyUse::Door => &self.door,
        }
    }

    /// From an enrolment: exactly one key of each use, and three different ones.
    pub fn from_enrolled(keys: &[EnrolledKey]) -> Option<Self> {
        let one = |key_use| keys.iter().find(|key| key.key_use == key_use).map(|key| key.public_key);
        let keys_of = Self { approval: one(KeyUse::Approval)?, device: one(KeyUse::Device)?, door: one(KeyUse::Door)? };
        (keys.len() == 3 && keys_of.are_different()).then_some(keys_of)
    }

    /// One key for two uses would let a signature for one pass for the other.
    pub fn are_different(&self) -> bool {
        self.approval != self.device && self.approval != self.door && self.device != self.door
    }
}

/// Why a key store did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreRefusal {
    /// No keys have been made, or they are gone.
    #[error("the phone has no keys")]
    NoKeys,
    /// The person was not verified, or stopped it.
    #[error("the person was not verified for this signature")]
    NotVerified,
    /// The bytes are not a structure that this key signs.
    #[error("this key does not sign such bytes")]
    WrongStructure,
}

impl KeyStoreRefusal {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoKeys => "no_keys",
            Self::NotVerified => "not_verified",
            Self::WrongStructure => "wrong_structure",
        }
    }
}

/// The phone's three keys.
pub trait KeyStore {
    /// Evidence of where the keys live, bound to the server's challenge.
    fn attest(&self, challenge: &Challenge) -> Result<Attestation, KeyStoreRefusal>;
    /// Destroys the keys.
    fn forget(&mut self);
    /// Makes three new keys in place of any old ones. Hardware has its own randomness and leaves `rng` alone.
    fn generate(&mut self, rng: &mut dyn CryptoRng) -> Result<PublicKeys, KeyStoreRefusal>;
    /// The public halves, if there are keys.
    fn public_keys(&self) -> Option<PublicKeys>;
    /// Signs one of the key's own structures, having verified the person as demanded.
    fn sign(&mut self, key: KeyUse, bytes: &[u8], verification: Verification) -> Result<RawSignature, KeyStoreRefusal>;
}

/// Does what the core wants of a key store; `None` when it wants something else.
pub fn fulfil(store: &mut dyn KeyStore, want: &Want, rng: &mut dyn CryptoRng) -> Option<Got> {
    let got = match want {
        Want::Attest { challenge } => store.attest(challenge).map(Got::Attestation),
        Want::Forget => {
            store.forget();
            Ok(Got::Forgotten)
        }
        Want::Generate { .. } => store.generate(rng).map(Got::PublicKeys),
        Want::Sign { key, bytes, verification } => store.sign(*key, bytes, *verification).map(Got::Signature),
        Want::Done(_) | Want::Send(_) | Want::Show(_) | Want::ToLock { .. } => return None,
    };
    Some(got.unwrap_or(Got::KeyStoreRefused))
}

/// Keys in memory, with the demo attestation. Whoever presses the button counts as verified.
pub struct SoftwareKeyStore {
    vendor: SigningKey,
    keys: Option<Keys>,
}

struct Keys {
    approval: SigningKey,
    device: SigningKey,
    door: SigningKey,
}

impl Keys {
    const fn of(&self, key_use: KeyUse) -> &SigningKey {
        match key_use {
            KeyUse::Approval => &self.approval,
            KeyUse::Device => &self.device,
            KeyUse::Door => &self.door,
        }
    }

    fn public(&self) -> PublicKeys {
        PublicKeys { approval: es256::public(&self.approval), device: es256::public(&self.device), door: es256::public(&self.door) }
    }
}

impl SoftwareKeyStore {
    /// A store without keys. `vendor` signs its attestations, as the maker of a phone would.
    pub const fn new(vendor: SigningKey) -> Self {
        Self { vendor, keys: None }
    }

    /// The private keys (approval, device, door: 32 bytes each), for a demo that outlives its process. Empty without keys.
    pub fn export(&self) -> Zeroizing<Vec<u8>> {
        let uses = [KeyUse::Approval, KeyUse::Device, KeyUse::Door];
        let scalars = self.keys.iter().flat_map(|keys| uses.map(|key_use| keys.of(key_use).to_bytes()));
        let mut bytes = Zeroizing::new(Vec::with_capacity(96)); // room for all, so that no copy is left behind
        scalars.for_each(|mut scalar| {
            bytes.extend_from_slice(&scalar);
            zeroize::Zeroize::zeroize(scalar.as_mut_slice());
        });
        bytes
    }

    /// Takes what [`Self::export`] gave.
    pub fn import(vendor: SigningKey, exported: &[u8]) -> Result<Self, KeyStoreRefusal> {
        if exported.is_empty() {
            return Ok(Self::new(vendor));
        }
        // A scalar of another length would be padded, so the length is asked for here.
        let (scalars, rest) = exported.as_chunks::<32>();
        let ([approval, device, door], []) = (scalars, rest) else { return Err(KeyStoreRefusal::NoKeys) };
        let key = |scalar: &[u8; 32]| SigningKey::from_slice(scalar).map_err(|_| KeyStoreRefusal::NoKeys);
        Ok(Self { vendor, keys: Some(Keys { approval: key(approval)?, device: key(device)?, door: key(door)? }) })
    }
}

impl KeyStore for SoftwareKeyStore {
    fn attest(&self, challenge: &Challenge) -> Result<Attestation, KeyStoreRefusal> {
        let keys = self.public_keys().ok_or(KeyStoreRefusal::NoKeys)?;
        Ok(demo_attestation::make(&self.vendor, challenge, &keys))
    }

    fn forget(&mut self) {
        self.keys = None;
    }

    fn generate(&mut self, rng: &mut dyn CryptoRng) -> Result<PublicKeys, KeyStoreRefusal> {
        let mut key = || SigningKey::generate_from_rng(rng);
        let keys = Keys { approval: key(), device: key(), door: key() };
        Ok(self.keys.insert(keys).public())
    }

    fn public_keys(&self) -> Option<PublicKeys> {
        self.keys.as_ref().map(Keys::public)
    }

    fn sign(&mut self, key: KeyUse, bytes: &[u8], verification: Verification) -> Result<RawSignature, KeyStoreRefusal> {
        let keys = self.keys.as_ref().ok_or(KeyStoreRefusal::NoKeys)?;
        if verification < key.verification() {
            return Err(KeyStoreRefusal::NotVerified);
        }
        if Structure::of(bytes).is_none_or(|structure| structure.key() != key) {
            return Err(KeyStoreRefusal::WrongStructure);
        }
        Ok(es256::sign(keys.of(key), bytes))
    }
}
