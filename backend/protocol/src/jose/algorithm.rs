//! Signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1). What is not here does not exist for this crate: no `none`, no HMAC.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::base64url;

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// RSASSA-PSS with SHA-384 and a salt of 48 bytes.
    Ps384,
    /// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

impl Algorithm {
    /// Every one, for a caller that takes whatever the registered key can do.
    pub const ALL: [Self; 10] =
        [Self::EdDsa, Self::Es256, Self::Es384, Self::Es512, Self::Ps256, Self::Ps384, Self::Ps512, Self::Rs256, Self::Rs384, Self::Rs512];

    /// What our own keys sign with: registrations choose among these.
    pub const OURS: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Ps256, Self::Rs256];

    /// What FAPI 2.0 Security Profile §5.4.1 leaves.
    pub const FAPI: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Ps256];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    /// The algorithm of this name, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The left half of the hash that goes with the signature of a token (OIDC Core §3.1.3.6 `at_hash`); Ed25519 hashes with SHA-512.
    pub(crate) fn half_hash(self, text: &str) -> String {
        let hash = match self {
            Self::Es256 | Self::Ps256 | Self::Rs256 => &SHA256,
            Self::Es384 | Self::Ps384 | Self::Rs384 => &SHA384,
            Self::EdDsa | Self::Es512 | Self::Ps512 | Self::Rs512 => &SHA512,
        };
        let whole = digest(hash, text.as_bytes());
        base64url::encode(whole.as_ref().split_at(whole.as_ref().len() / 2).0)
    }

    /// Whether a signature of this length can be one: R ‖ S for ECDSA (RFC 7518 §3.4), the modulus for RSA.
    pub(super) const fn can_be_long(self, bytes: usize) -> bool {
        match self {
            Self::EdDsa | Self::Es256 => bytes == 64,
            Self::Es384 => bytes == 96,
            Self::Es512 => bytes == 132,
            _ => 256 <= bytes && bytes <= 1024,
        }
    }

    /// How jsonwebtoken calls it; ES512 it does not know.
    pub(super) const fn in_jsonwebtoken(self) -> Option<jsonwebtoken::Algorithm> {
        Some(match self {
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::Es512 => return None,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Ps384 => jsonwebtoken::Algorithm::PS384,
            Self::Ps512 => jsonwebtoken::Algorithm::PS512,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Rs384 => jsonwebtoken::Algorithm::RS384,
            Self::Rs512 => jsonwebtoken::Algorithm::RS512,
        })
    }
}

/// By its registered name, as in client metadata.
impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::custom(format!("{name} is no signature algorithm of ours")))
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
