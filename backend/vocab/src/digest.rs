//! SHA-256 digests as a type, so that a hash of a document cannot be taken for a key or an id.

use std::fmt;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

/// 32 bytes of SHA-256; base64url without padding in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes exactly 32 bytes, as read from the database.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the one spelling that [`Self::to_base64url`] gives; `None` for anything else.
    pub fn from_base64url(text: &str) -> Option<Self> {
        Self::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)
    }

    /// The proof that a text was shown, as Sweden Connect writes it (attribute specification §3.2.4): the name of the algorithm and the base64 of
    /// the digest of its UTF-8 octets, not of their base64 (SG-07).
    pub fn of_shown(message: &str) -> String {
        format!("http://www.w3.org/2001/04/xmlenc#sha256;{}", BASE64.encode(&Self::of(message.as_bytes()).0))
    }

    /// Base64url without padding (RFC 4648 §5).
    pub fn to_base64url(self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64url())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64url())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_base64url(&text).ok_or_else(|| D::Error::custom("a SHA-256 digest has 32 bytes in base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the Sweden Connect attribute specification §3.2.4.
    #[test]
    fn the_digest_of_a_shown_message() {
        let shown = Digest::of_shown("I hereby confirm that I want to join example.com as a customer");
        assert_eq!(shown, "http://www.w3.org/2001/04/xmlenc#sha256;0yKaSVsYeh+PX2Q6diqO2w89+a3Dm303tp3AVjgxwj0=");
    }
}
