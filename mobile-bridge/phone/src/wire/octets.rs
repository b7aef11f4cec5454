//! Bytes in JSON: base64url without padding, one spelling only (RFC 4648 §3.5, §5). Lengths are part of the type.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Exactly `N` bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const N: usize>(pub [u8; N]);

/// What the server makes up for one enrolment.
pub type Challenge = Fixed<32>;
/// The lock's own name, as it says it over the air and as the pass names it.
pub type LockId = Fixed<8>;
/// A P-256 point, uncompressed: `04 ‖ x ‖ y` (SEC 1 §2.3.3).
pub type PublicKey = Fixed<65>;
/// An ES256 signature: `r ‖ s` (RFC 7518 §3.4).
pub type RawSignature = Fixed<64>;

impl<const N: usize> Fixed<N> {
    /// Takes exactly `N` bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl<const N: usize> fmt::Debug for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Octets(bytes) = Octets::deserialize(deserializer)?;
        Self::from_slice(&bytes).ok_or_else(|| D::Error::custom(format_args!("expected {N} bytes, found {}", bytes.len())))
    }
}

/// Any number of bytes.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets(pub Vec<u8>);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Octets({} bytes)", self.0.len())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// A text that works for whoever holds it: an invitation, a start link, a moving QR code. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Bearer(String);

impl Bearer {
    /// Takes what was scanned, opened or typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who checks it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_and_one_length_only() {
        assert_eq!(serde_json::from_str::<Fixed<4>>(r#""AQIDBA""#).unwrap(), Fixed([1, 2, 3, 4]));
        for wrong in [r#""AQIDBA==""#, r#""AQIDBB""#, r#""AQID""#, r#""AQIDBAU""#, r#""AQ+/BA""#, r#""AQID BA""#, "[1,2,3,4]"] {
            assert!(serde_json::from_str::<Fixed<4>>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bearer_text_is_not_printed() {
        assert!(!format!("{:?}", Bearer::new("hs_invite_x")).contains("hs_invite_x"));
    }
}
