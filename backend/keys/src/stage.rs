//! What the tests stand on: a folder that goes away again, and chance that repeats.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};
use handslag_vocab::UnixTime;

use crate::{JWKS_CACHE_LIFE, KeyRefusal, KeyState, KeyStore, Kind, PublicHalf, PublicKey, Purpose, RSA_EXPONENT, Scheme, Signature};

/// SHA-256 of a counter.
pub(crate) struct Chance(pub(crate) u64);

impl rand_core::TryRng for Chance {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for part in bytes.chunks_mut(32) {
            self.0 += 1;
            part.copy_from_slice(&digest(&SHA256, &self.0.to_be_bytes()).as_ref()[..part.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Chance {}

/// A key folder of its own for each test.
pub(crate) struct Stage(pub(crate) PathBuf);

impl Stage {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("handslag-keys-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn open(&self) -> KeyStore {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<KeyStore, KeyRefusal> {
        // Another start draws other chance, as a real one would.
        static START: AtomicU64 = AtomicU64::new(0);
        KeyStore::open_folder(&self.0, t(0), &mut Chance(START.fetch_add(1 << 32, Ordering::Relaxed)))
    }

    pub(crate) fn file(&self, kind: Kind) -> PathBuf {
        self.0.join(format!("{kind}.sealed"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn t(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

/// The first moment at which a next of time `since` may be used.
pub(crate) fn aged(since: i64) -> UnixTime {
    t(since) + JWKS_CACHE_LIFE
}

pub(crate) fn in_state(store: &KeyStore, kind: Kind, state: &str) -> Vec<PublicKey> {
    store.public_keys(kind).unwrap().into_iter().filter(|key| key.state.as_str() == state).collect()
}

pub(crate) fn states(store: &KeyStore, kind: Kind) -> Vec<&'static str> {
    store.list().unwrap().into_iter().filter(|key| key.kind == kind).map(|key| KeyState::as_str(key.state)).collect()
}

pub(crate) fn is_by(signature: &Signature, key: &PublicKey, bytes: &[u8]) -> bool {
    let raw = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.sec1).verify(bytes, &signature.raw).is_ok();
    let der = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.spki_der).verify(bytes, &signature.to_der().unwrap()).is_ok();
    assert_eq!(raw, der, "the two forms are one signature");
    raw && signature.kid == key.kid
}

/// Verifies a signature in the form of JOSE.
pub(crate) fn verifies(kind: Kind, half: &PublicHalf, bytes: &[u8], signature: &[u8]) -> bool {
    match half {
        PublicHalf::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(bytes, signature).is_ok(),
        PublicHalf::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(bytes, signature).is_ok(),
        PublicHalf::Rsa { modulus } => {
            let key = RsaPublicKeyComponents { n: modulus.as_slice(), e: RSA_EXPONENT.as_slice() };
            let is_pss = kind.purpose() == Purpose::Signing(Scheme::Ps256);
            let parameters = if is_pss { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
            key.verify(parameters, bytes, signature).is_ok()
        }
    }
}
