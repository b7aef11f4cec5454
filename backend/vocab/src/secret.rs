//! Secrets: shown once, never printed, never stored plain. Only the hash reaches the database.
//!
//! The prefix (`hs_code_…`) makes a leaked secret findable in logs and public repositories; never change one that is in use.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 256 random bits in base64url behind `hs_<use>_`. Has no `Debug` and no `Display` on purpose.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// A new secret for one `purpose` (`code`, `invite`, `session` …), which becomes part of its prefix.
    pub fn random(purpose: &'static str, rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let secret = Self(format!("hs_{purpose}_{}", BASE64URL_NOPAD.encode(&bytes)));
        bytes.zeroize();
        secret
    }

    /// Takes what somebody presented. Nothing is checked here: only its hash is ever compared.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to be handed to its one owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text: enough against guessing because the secret has 256 random bits.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).to_vec())
    }
}

/// SHA-256 of a [`Secret`]; this is what the database holds.
#[derive(Clone)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
pub struct SecretHash(Vec<u8>);

impl SecretHash {
    /// Reads the 64 hexadecimal digits that a configuration names.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then_some(Self(bytes))
    }

    /// For a configuration: 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        HEXLOWER_PERMISSIVE.encode(&self.0)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Compared in constant time.
impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Each draw is another one.
    pub(crate) struct Counter(pub(crate) u8);

    impl rand_core::TryRng for Counter {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            self.0 += 1;
            bytes.fill(self.0);
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Counter {}

    #[test]
    fn a_presented_secret_matches_by_hash_only_if_every_character_is_the_same() {
        let mut rng = Counter(0);
        let (first, second) = (Secret::random("code", &mut rng), Secret::random("code", &mut rng));
        assert!(first.reveal().starts_with("hs_code_"));
        assert!(first.hash() == Secret::presented(first.reveal()).hash());
        assert!(first.hash() != second.hash());
        assert!(first.hash() != Secret::presented(first.reveal().to_uppercase()).hash());
        assert_eq!(format!("{:?}", first.hash()), "SecretHash");
        assert_eq!(SecretHash::from_hex(&first.hash().to_hex()), Some(first.hash()));
        assert_eq!(SecretHash::from_hex(&first.hash().to_hex()[2..]), None);
    }
}
