//! Public key material (RFC 7518 §6, RFC 8037 §2): checked when it is read, so that nothing later meets a point off its curve.

use aws_lc_rs::{
    agreement,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey},
};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::{Algorithm, Refusal, roca};
use crate::base64url;

/// A curve of NIST (RFC 7518 §6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of one coordinate.
    pub const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// How the library calls it for an agreement.
    pub fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            Self::P521 => &agreement::ECDH_P521,
        }
    }

    /// The one algorithm that signs with it.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// 04 ‖ x ‖ y, on the curve.
    Ec { curve: Curve, point: Vec<u8> },
    /// 32 bytes.
    Ed25519(Vec<u8>),
    /// Big-endian without leading zeros, modulus of at least 2048 bits.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl Material {
    pub(super) fn from_members(members: &Map<String, Value>) -> Result<Self, Refusal> {
        match (text(members, "kty")?, text(members, "crv")?) {
            (Some("EC"), Some(name)) => {
                let curve = Curve::ALL.into_iter().find(|curve| curve.name() == name).ok_or(Refusal::Key)?;
                Self::ec(curve, &point(members, curve)?)
            }
            (Some("OKP"), Some("Ed25519")) => Self::ed25519(bytes(members, "x")?),
            (Some("RSA"), None) => Self::rsa(bytes(members, "n")?, bytes(members, "e")?),
            _ => Err(Refusal::Key),
        }
    }

    /// A point off the curve would turn verification into a guess and an agreement into a leak (invalid-curve attack).
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Result<Self, Refusal> {
        let is_whole = point.len() == 1 + 2 * curve.width() && point.first() == Some(&4);
        let is_on_curve = is_whole && ParsedPublicKey::new(curve.verification(), point).is_ok();
        if is_on_curve { Ok(Self::Ec { curve, point: point.to_vec() }) } else { Err(Refusal::Key) }
    }

    /// RFC 8037 §2.
    pub(super) fn ed25519(key: Vec<u8>) -> Result<Self, Refusal> {
        let is_key = key.len() == 32 && ParsedPublicKey::new(&aws_lc_rs::signature::ED25519, &key).is_ok();
        if is_key { Ok(Self::Ed25519(key)) } else { Err(Refusal::Key) }
    }

    /// OIDC Sweden profile §7.1: at least 2048 bits; RFC 7518 §6.3.1: no leading zeros. An exponent of 1 signs anything, and a modulus with
    /// the mark of a maker whose primes can be guessed is anybody's.
    pub(super) fn rsa(modulus: Vec<u8>, exponent: Vec<u8>) -> Result<Self, Refusal> {
        let is_long_enough = match modulus.first() {
            Some(0) | None => false,
            Some(first) => modulus.len() > 256 || (modulus.len() == 256 && *first >= 0x80),
        };
        let is_odd_and_not_one = exponent.last().is_some_and(|last| last % 2 == 1) && exponent != [1] && exponent.first() != Some(&0);
        if is_long_enough && modulus.len() <= 1024 && is_odd_and_not_one && exponent.len() <= 4 && !roca::is_marked(&modulus) {
            Ok(Self::Rsa { modulus, exponent })
        } else {
            Err(Refusal::Key)
        }
    }

    /// Whether a key of this kind makes signatures of this algorithm.
    pub(super) fn signs(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Ec { curve, .. } => algorithm == curve.algorithm(),
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Self::Rsa { .. } => !matches!(algorithm, Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512),
        }
    }

    /// The members of the thumbprint (RFC 7638 §3.2, RFC 8037 §2), in lexicographic order: here and not by the map, because a
    /// feature flag of another crate can make the map keep insertion order.
    pub(super) fn required_members(&self) -> Map<String, Value> {
        let pairs = match self {
            Self::Ec { curve, point } => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(curve.width());
                vec![("crv", curve.name().to_owned()), ("kty", "EC".to_owned()), ("x", base64url::encode(x)), ("y", base64url::encode(y))]
            }
            Self::Ed25519(key) => vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", base64url::encode(key))],
            Self::Rsa { modulus, exponent } => {
                vec![("e", base64url::encode(exponent)), ("kty", "RSA".to_owned()), ("n", base64url::encode(modulus))]
            }
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// Verifies the third part of a compact JWS over its first two. The algorithm must be one that [`Self::signs`].
    pub(super) fn verify(&self, algorithm: Algorithm, signing_input: &str, signature: &str) -> Result<(), Refusal> {
        let key = match self {
            Self::Ec { point, curve } if algorithm == Algorithm::Es512 => return es512(*curve, point, signing_input, signature),
            Self::Ec { point, .. } => DecodingKey::from_ec_der(point),
            Self::Ed25519(key) => DecodingKey::from_ed_der(key),
            Self::Rsa { modulus, exponent } => DecodingKey::from_rsa_raw_components(modulus, exponent),
        };
        let name = algorithm.in_jsonwebtoken().filter(|_| self.signs(algorithm)).ok_or(Refusal::Algorithm)?;
        let verified = jsonwebtoken::crypto::verify(signature, signing_input.as_bytes(), &key, name);
        if verified.is_ok_and(|verified| verified) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// What jsonwebtoken lacks.
fn es512(curve: Curve, point: &[u8], signing_input: &str, signature: &str) -> Result<(), Refusal> {
    let key = ParsedPublicKey::new(curve.verification(), point).map_err(|_| Refusal::Key)?;
    let signature = base64url::decode(signature).ok_or(Refusal::Signature)?;
    if curve == Curve::P521 && key.verify_sig(signing_input.as_bytes(), &signature).is_ok() { Ok(()) } else { Err(Refusal::Signature) }
}

/// An absent member is `None`; a member that is no text is refused (no coercion).
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    members.get(name).map(|value| value.as_str().ok_or(Refusal::Key)).transpose()
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refusal> {
    text(members, name)?.and_then(base64url::decode).ok_or(Refusal::Key)
}

/// RFC 7518 §6.2.1: coordinates of exactly the curve's width, leading zeros kept.
fn point(members: &Map<String, Value>, curve: Curve) -> Result<Vec<u8>, Refusal> {
    let (x, y) = (bytes(members, "x")?, bytes(members, "y")?);
    let is_form = x.len() == curve.width() && y.len() == curve.width();
    if is_form { Ok([&[4], &x[..], &y[..]].concat()) } else { Err(Refusal::Key) }
}
