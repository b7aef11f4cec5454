//! How a content key is brought (RFC 7518 §4.1) and what it encrypts with (§5.1). No RSA1_5: it is an oracle by design.

use aws_lc_rs::{
    key_wrap,
    rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::jose::material::Material;

/// The hash of an OAEP padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oaep {
    /// `RSA-OAEP`. SHA-1 is sound in this place (RFC 8017 §B.1), and OIDC Sweden demands it (profile §7.1).
    Sha1,
    /// `RSA-OAEP-256`.
    Sha256,
}

impl Oaep {
    /// How the library calls it.
    pub fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }
}

/// How the content key is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyManagement {
    /// `ECDH-ES`: the agreed key is the content key.
    EcdhEs,
    /// `ECDH-ES+A128KW`: the agreed key unwraps it.
    EcdhEsA128Kw,
    /// `ECDH-ES+A256KW`.
    EcdhEsA256Kw,
    /// `RSA-OAEP` or `RSA-OAEP-256`.
    RsaOaep(Oaep),
}

impl KeyManagement {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw, Self::RsaOaep(Oaep::Sha1), Self::RsaOaep(Oaep::Sha256)];

    /// Those that a request object to us may use (OIDC Sweden profile §7.1 and its federation draft).
    pub const TO_US: [Self; 3] = [Self::EcdhEs, Self::RsaOaep(Oaep::Sha1), Self::RsaOaep(Oaep::Sha256)];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::RsaOaep(Oaep::Sha1) => "RSA-OAEP",
            Self::RsaOaep(Oaep::Sha256) => "RSA-OAEP-256",
        }
    }

    /// The way of this name, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    /// Whether it is an agreement on a curve.
    pub const fn agrees(self) -> bool {
        !matches!(self, Self::RsaOaep(_))
    }

    pub(in crate::jose) const fn fits(self, material: &Material) -> bool {
        match material {
            Material::Ec { .. } => self.agrees(),
            Material::Ed25519(_) => false,
            Material::Rsa { .. } => !self.agrees(),
        }
    }

    /// The cipher that wraps the content key under the agreed one.
    pub(super) fn wrapping(self) -> Option<&'static key_wrap::AesBlockCipher> {
        match self {
            Self::EcdhEsA128Kw => Some(&key_wrap::AES_128),
            Self::EcdhEsA256Kw => Some(&key_wrap::AES_256),
            Self::EcdhEs | Self::RsaOaep(_) => None,
        }
    }
}

/// What the content key encrypts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncryption {
    /// `A128CBC-HS256`.
    A128CbcHs256,
    /// `A128GCM`.
    A128Gcm,
    /// `A256CBC-HS512`.
    A256CbcHs512,
    /// `A256GCM`.
    A256Gcm,
}

impl ContentEncryption {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::A128CbcHs256, Self::A128Gcm, Self::A256CbcHs512, Self::A256Gcm];

    /// Those that a request object to us may use (OIDC Sweden profile §7.1).
    pub const TO_US: [Self; 2] = [Self::A128Gcm, Self::A256Gcm];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A128Gcm => "A128GCM",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// The encryption of this name, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encryption| encryption.name() == name)
    }

    /// Bytes of the content key.
    pub const fn key_length(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A128CbcHs256 | Self::A256Gcm => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    /// Bytes of the initialization vector.
    pub(super) const fn nonce_length(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
        }
    }
}

macro_rules! by_registered_name {
    ($($named:ident)*) => {$(
        /// By its registered name, as in client metadata.
        impl<'de> Deserialize<'de> for $named {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = String::deserialize(deserializer)?;
                Self::named(&name).ok_or_else(|| D::Error::custom(format!("{name} is no encryption of ours")))
            }
        }

        impl Serialize for $named {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    )*};
}
by_registered_name! { ContentEncryption KeyManagement }
