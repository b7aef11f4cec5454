//! Public keys of passkeys in COSE form (RFC 9052 §7, RFC 9053; Web Authentication Level 3 §5.8.5).
//!
//! The algorithm belongs to the key and is fixed at registration; nothing in an assertion can choose another one.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use minicbor::{Decoder, data::Type};

use super::Refusal;

/// A public key with its one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialKey(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Ed25519: 32 bytes.
    EdDsa(Vec<u8>),
    /// P-256: 04 ‖ x ‖ y, on the curve.
    Es256(Vec<u8>),
    /// P-384: 04 ‖ x ‖ y, on the curve.
    Es384(Vec<u8>),
    /// RSA of at least 2048 bits.
    Rs256 { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl CredentialKey {
    /// Takes one COSE_Key and nothing after it; gives a key of ES256, ES384, EdDSA (Ed25519) or RS256.
    pub fn from_cose(bytes: &[u8]) -> Result<Self, Refusal> {
        let (key, used) = read_cose(bytes)?;
        if used == bytes.len() { Ok(key) } else { Err(Refusal::Key) }
    }

    /// Takes an uncompressed P-256 point (65 bytes, SEC 1 §2.3.3); gives an ES256 key.
    pub fn from_p256_point(point: &[u8]) -> Result<Self, Refusal> {
        let is_on_curve = point.len() == 65 && ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).is_ok();
        if is_on_curve { Ok(Self(Kind::Es256(point.to_vec()))) } else { Err(Refusal::Key) }
    }

    /// Checks a signature over `message`; ECDSA signatures are in DER (§6.5.5). For passkeys and, with ES256, for the app's
    /// approval key over an approval's canonical bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let outcome = match &self.0 {
            Kind::EdDsa(x) => UnparsedPublicKey::new(&ED25519, x).verify(message, signature),
            Kind::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature),
            Kind::Es384(point) => UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).verify(message, signature),
            Kind::Rs256 { modulus: n, exponent: e } => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        outcome.map_err(|_| Refusal::Signature)
    }
}

/// Reads a COSE_Key at the start of `bytes`; gives the key and how many bytes it took.
pub(super) fn read_cose(bytes: &[u8]) -> Result<(CredentialKey, usize), Refusal> {
    let mut decoder = Decoder::new(bytes);
    let members = Members::read(&mut decoder)?;
    Ok((CredentialKey(members.kind()?), decoder.position()))
}

/// Members by label. Label -1 is the curve of an elliptic-curve key and the modulus of an RSA key (RFC 8230 §4).
#[derive(Default)]
struct Members<'b> {
    key_type: Option<i64>,
    algorithm: Option<i64>,
    curve: Option<i64>,
    modulus: Option<&'b [u8]>,
    minus_two: Option<&'b [u8]>,
    y: Option<&'b [u8]>,
}

impl<'b> Members<'b> {
    fn read(decoder: &mut Decoder<'b>) -> Result<Self, Refusal> {
        let mut members = Self::default();
        let count = decoder.map().ok().flatten().filter(|count| *count <= 16).ok_or(Refusal::Key)?;
        for _ in 0..count {
            members.read_one(decoder).map_err(|_| Refusal::Key)?;
        }
        Ok(members)
    }

    /// A doubled label is an error: which of the two was checked?
    fn read_one(&mut self, decoder: &mut Decoder<'b>) -> Result<(), minicbor::decode::Error> {
        let is_new = match decoder.i64()? {
            1 => self.key_type.replace(decoder.i64()?).is_none(),
            3 => self.algorithm.replace(decoder.i64()?).is_none(),
            -1 if decoder.datatype()? == Type::Bytes => self.modulus.replace(decoder.bytes()?).is_none(),
            -1 => self.curve.replace(decoder.i64()?).is_none(),
            -2 => self.minus_two.replace(decoder.bytes()?).is_none(),
            -3 => self.y.replace(decoder.bytes()?).is_none(),
            _ => decoder.skip().map(|()| true)?,
        };
        if is_new { Ok(()) } else { Err(minicbor::decode::Error::message("a label stands twice")) }
    }

    /// Key type, algorithm and curve must name the same thing (§5.8.5).
    fn kind(&self) -> Result<Kind, Refusal> {
        match (self.key_type, self.algorithm, self.curve) {
            (Some(1), Some(-8), Some(6)) => self.ed25519(),
            (Some(2), Some(-7), Some(1)) => Ok(CredentialKey::from_p256_point(&self.point(32)?)?.0),
            (Some(2), Some(-35), Some(2)) => self.p384(),
            (Some(3), Some(-257), None) => self.rsa(),
            _ => Err(Refusal::Key),
        }
    }

    fn ed25519(&self) -> Result<Kind, Refusal> {
        let x = self.minus_two.filter(|x| x.len() == 32 && self.y.is_none()).ok_or(Refusal::Key)?;
        Ok(Kind::EdDsa(x.to_vec()))
    }

    fn p384(&self) -> Result<Kind, Refusal> {
        let point = self.point(48)?;
        ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &point).map_err(|_| Refusal::Key)?;
        Ok(Kind::Es384(point))
    }

    fn rsa(&self) -> Result<Kind, Refusal> {
        let (modulus, exponent) = self.modulus.zip(self.minus_two).ok_or(Refusal::Key)?;
        let is_long_enough = modulus.len() >= 256 && modulus.first().is_some_and(|first| *first >= 0x80 || modulus.len() > 256);
        let is_exponent = matches!(exponent, [1, 0, 1]);
        if !(is_long_enough && is_exponent) {
            return Err(Refusal::Key);
        }
        Ok(Kind::Rs256 { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// 04 ‖ x ‖ y with coordinates of exactly `size` bytes.
    fn point(&self, size: usize) -> Result<Vec<u8>, Refusal> {
        let (x, y) = self.minus_two.zip(self.y).filter(|(x, y)| x.len() == size && y.len() == size).ok_or(Refusal::Key)?;
        Ok([&[4], x, y].concat())
    }
}
