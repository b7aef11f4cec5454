//! Secret bytes made usable: a pair that signs, a key that agrees or decrypts, or 32 bytes that seal and authenticate.
//!
//! Nothing here has `Debug`: AWS-LC's own would print no secret, but a type without it cannot be logged by mistake.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    agreement::{self, ECDH_P256, UnparsedPublicKey},
    digest::{SHA256, digest},
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    KeyRefusal, Kind, Purpose, Scheme,
    rsa::{RsaOpening, RsaPair},
};

/// 32 secret bytes: a scalar of P-256 or a symmetric key.
pub(crate) type SecretBytes = Zeroizing<[u8; 32]>;

/// An uncompressed point of P-256 (SEC 1 §2.3.3): `04 ‖ x ‖ y`.
pub(crate) type Point = [u8; 65];

/// The public half of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicHalf {
    /// The 32 bytes of RFC 8032.
    Ed25519([u8; 32]),
    /// `04 ‖ x ‖ y` (SEC 1 §2.3.3).
    P256([u8; 65]),
    /// Big-endian, without leading zeros; the exponent is [`RSA_EXPONENT`].
    Rsa {
        /// 384 bytes.
        modulus: Vec<u8>,
    },
}

/// 65537, of every RSA key here.
pub const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

/// The hash of an OAEP padding, also of its mask (RFC 8017 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oaep {
    /// `RSA-OAEP`.
    Sha1,
    /// `RSA-OAEP-256`.
    Sha256,
}

impl PublicHalf {
    /// As stored.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key,
            Self::P256(point) => point,
            Self::Rsa { modulus } => modulus,
        }
    }

    /// As [`Self::bytes`] gave it for this kind, perhaps filled up with zeros.
    pub(crate) fn read(kind: Kind, bytes: &[u8]) -> Option<Self> {
        Some(match kind.purpose() {
            Purpose::Agreement | Purpose::Signing(Scheme::Es256) => Self::P256(bytes.first_chunk().copied()?),
            Purpose::Signing(Scheme::EdDsa) => Self::Ed25519(bytes.first_chunk().copied()?),
            Purpose::Decryption | Purpose::Signing(Scheme::Ps256 | Scheme::Rs256) => Self::Rsa { modulus: bytes.to_vec() },
            Purpose::Symmetric => return None,
        })
    }

    pub(crate) fn p256(&self) -> Option<&Point> {
        if let Self::P256(point) = self { Some(point) } else { None }
    }

    /// RFC 7638 §3.2, RFC 8037 §2: the required members in alphabetical order, without white space.
    fn thumbprint(&self) -> Kid {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let jwk = match self {
            Self::Ed25519(key) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(key)),
            Self::P256([_, xy @ ..]) => {
                let (x, y) = xy.split_at(32);
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
            }
            Self::Rsa { modulus } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(&RSA_EXPONENT), text(modulus)),
        };
        Kid(digest(&SHA256, jwk.as_bytes()).as_ref().to_vec())
    }
}

/// The name of a key. For what a JWKS publishes the JWK thumbprint (RFC 7638); for all others the leftmost 160 bits of SHA-256 over the
/// public point (RFC 7093 §2 method 1, so that it also serves as subject key identifier), or a MAC of the key by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(Vec<u8>);

impl Kid {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The 32 or 20 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of a public key of this kind.
    pub(crate) fn of(kind: Kind, half: &PublicHalf) -> Self {
        if kind.is_in_a_jwks() { half.thumbprint() } else { Self(digest(&SHA256, half.bytes()).as_ref().iter().take(20).copied().collect()) }
    }
}

/// Base64url without padding: the `kid` of a JWK.
impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// An ES256 signature and which key made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key.
    pub kid: Kid,
    /// `r ‖ s`, the form of JOSE and COSE (RFC 7518 §3.4, RFC 9053 §2.1).
    pub raw: [u8; 64],
}

impl Signature {
    /// `SEQUENCE { r, s }`, the form of X.509 and CMS (RFC 3279 §2.2.3).
    pub fn to_der(&self) -> Result<Vec<u8>, KeyRefusal> {
        der_of(&self.raw)
    }
}

pub(crate) fn der_of(raw: &[u8; 64]) -> Result<Vec<u8>, KeyRefusal> {
    let signature = p256::ecdsa::Signature::from_slice(raw).map_err(|_| KeyRefusal::Cryptography)?;
    Ok(signature.to_der().as_bytes().to_vec())
}

/// A P-256 pair that signs.
pub(crate) struct Pair(EcdsaKeyPair);

impl Pair {
    /// Fails only when `secret` is zero or not below the order of the group.
    pub(crate) fn of(secret: &SecretBytes) -> Result<Self, KeyRefusal> {
        // ECPrivateKey without the public half (RFC 5915 §3): AWS-LC computes it, ten times faster than we could.
        let mut der = Zeroizing::new([0; 51]);
        for (place, byte) in der.iter_mut().zip(PRIVATE_KEY_HEAD.iter().chain(secret.iter()).chain(PRIVATE_KEY_TAIL)) {
            *place = *byte;
        }
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_slice());
        pair.map(Self).map_err(|_| KeyRefusal::Cryptography)
    }

    pub(crate) fn point(&self) -> Result<Point, KeyRefusal> {
        self.0.public_key().as_ref().try_into().map_err(|_| KeyRefusal::Cryptography)
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], KeyRefusal> {
        // The argument is there for compatibility: AWS-LC draws the nonce itself and mixes the key and the digest in.
        let signature = self.0.sign(&SystemRandom::new(), bytes)?;
        signature.as_ref().try_into().map_err(|_| KeyRefusal::Cryptography)
    }

    pub(crate) fn spki_der(&self) -> Result<Vec<u8>, KeyRefusal> {
        Ok(self.0.public_key().as_der()?.as_ref().to_vec())
    }
}

/// SubjectPublicKeyInfo of a point (RFC 5480 §2).
pub(crate) fn spki_of(point: &Point) -> Vec<u8> {
    [SPKI_HEAD.as_slice(), point].concat()
}

/// Draws 32 bytes that are a private key of P-256. A draw outside 1…n−1 (once in 2³² tries) is thrown away (FIPS 186-5 A.2.2).
pub(crate) fn draw_scalar(rng: &mut dyn CryptoRng) -> Result<SecretBytes, KeyRefusal> {
    for _ in 0..64 {
        let secret = draw(rng);
        if Pair::of(&secret).is_ok() {
            return Ok(secret);
        }
    }
    Err(KeyRefusal::Cryptography) // A generator that gives this is broken.
}

/// Draws 32 secret bytes.
pub(crate) fn draw(rng: &mut dyn CryptoRng) -> SecretBytes {
    let mut secret = Zeroizing::new([0; 32]);
    rng.fill_bytes(secret.as_mut_slice());
    secret
}

/// A key that may be used, of the kind's purpose.
pub(crate) enum Usable {
    Agrees { private: agreement::PrivateKey, point: Point },
    Decrypts(Box<RsaOpening>),
    Signs(Pair),
    SignsEdDsa(Ed25519KeyPair),
    SignsRsa(Box<RsaPair>),
    Symmetric(Box<SymmetricKey>),
}

impl Usable {
    /// Takes what [`crate::ring`] keeps: a scalar, a seed, 32 random bytes, or an RSA key in PKCS #8.
    pub(crate) fn of(kind: Kind, secret: &[u8]) -> Result<Self, KeyRefusal> {
        let short = || -> Result<SecretBytes, KeyRefusal> { secret.try_into().map(Zeroizing::new).map_err(|_| KeyRefusal::Cryptography) };
        Ok(match kind.purpose() {
            Purpose::Agreement => {
                let private = agreement::PrivateKey::from_private_key(&ECDH_P256, secret).map_err(|_| KeyRefusal::Cryptography)?;
                Self::Agrees { private, point: Pair::of(&short()?)?.point()? }
            }
            Purpose::Decryption => Self::Decrypts(Box::new(RsaOpening::of(secret)?)),
            Purpose::Signing(Scheme::EdDsa) => Self::SignsEdDsa(Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| KeyRefusal::Cryptography)?),
            Purpose::Signing(Scheme::Es256) => Self::Signs(Pair::of(&short()?)?),
            Purpose::Signing(Scheme::Ps256 | Scheme::Rs256) => Self::SignsRsa(Box::new(RsaPair::of(secret)?)),
            Purpose::Symmetric => Self::Symmetric(Box::new(SymmetricKey::of(&short()?)?)),
        })
    }

    /// The public half; a symmetric key has none.
    pub(crate) fn public(&self) -> Result<Option<PublicHalf>, KeyRefusal> {
        Ok(Some(match self {
            Self::Agrees { point, .. } => PublicHalf::P256(*point),
            Self::Decrypts(key) => PublicHalf::Rsa { modulus: key.modulus().to_vec() },
            Self::Signs(pair) => PublicHalf::P256(pair.point()?),
            Self::SignsEdDsa(pair) => PublicHalf::Ed25519(pair.public_key().as_ref().try_into().map_err(|_| KeyRefusal::Cryptography)?),
            Self::SignsRsa(pair) => PublicHalf::Rsa { modulus: pair.modulus() },
            Self::Symmetric(_) => return Ok(None),
        }))
    }

    pub(crate) fn kid(&self, kind: Kind) -> Result<Kid, KeyRefusal> {
        match self {
            Self::Symmetric(key) => Ok(key.kid.clone()),
            _ => Ok(Kid::of(kind, &self.public()?.ok_or(KeyRefusal::Cryptography)?)),
        }
    }

    /// A signature in the form of JOSE (RFC 7518 §3.3–3.5, RFC 8037 §3.1).
    pub(crate) fn sign(&self, kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, KeyRefusal> {
        match (self, kind.purpose()) {
            (Self::Signs(pair), _) => Ok(pair.sign(bytes)?.to_vec()),
            (Self::SignsEdDsa(pair), _) => Ok(pair.sign(bytes).as_ref().to_vec()),
            (Self::SignsRsa(pair), Purpose::Signing(scheme)) => pair.sign(scheme, bytes),
            _ => Err(KeyRefusal::WrongPurpose(kind)),
        }
    }
}

/// ECDH: the x coordinate of the shared point (SP 800-56A §5.7.1.2). AWS-LC checks that the peer's point is on the curve.
pub(crate) fn agree(private: &agreement::PrivateKey, peer: &[u8]) -> Result<SecretBytes, KeyRefusal> {
    agreement::agree(private, UnparsedPublicKey::new(&ECDH_P256, peer), KeyRefusal::PeerKey, |shared| {
        let mut secret = Zeroizing::new([0; 32]);
        if shared.len() != secret.len() {
            return Err(KeyRefusal::Cryptography);
        }
        secret.copy_from_slice(shared);
        Ok(secret)
    })
}

/// One secret, three keys derived from it, so that a MAC never helps against a sealed text.
pub(crate) struct SymmetricKey {
    pub(crate) kid: Kid,
    pub(crate) mac: hmac::Key,
    pub(crate) seal: LessSafeKey,
}

impl SymmetricKey {
    fn of(secret: &SecretBytes) -> Result<Self, KeyRefusal> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice());
        let kid = Kid(hmac::sign(&root, b"handslag kid").as_ref().iter().take(20).copied().collect());
        let mac = hmac::Key::new(hmac::HMAC_SHA256, derived(&root, b"handslag mac").as_slice());
        Ok(Self { kid, mac, seal: gcm(derived(&root, b"handslag seal").as_slice())? })
    }
}

/// HKDF-Expand with one block (RFC 5869 §2.3): the secret is uniform, so nothing is to be extracted.
fn derived(root: &hmac::Key, label: &[u8]) -> SecretBytes {
    let mut block = Zeroizing::new(label.to_vec());
    block.push(1);
    let mut secret = Zeroizing::new([0; 32]);
    for (place, byte) in secret.iter_mut().zip(hmac::sign(root, &block).as_ref()) {
        *place = *byte;
    }
    block.zeroize();
    secret
}

/// An AES-256-GCM key.
pub(crate) fn gcm(secret: &[u8]) -> Result<LessSafeKey, KeyRefusal> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret)?))
}

/// `SEQUENCE { INTEGER 1, OCTET STRING (32), … `
const PRIVATE_KEY_HEAD: &[u8] = &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
/// `… [0] { prime256v1 } }`
const PRIVATE_KEY_TAIL: &[u8] = &[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING (65 bytes) }` up to the point.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
    0x42, 0x00,
];

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn secret(hex: &str) -> SecretBytes {
        Zeroizing::new(HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap())
    }

    /// RFC 6979 A.2.5.
    #[test]
    fn the_public_half_is_that_of_the_published_key() {
        let pair = Pair::of(&secret("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")).unwrap();
        let point = pair.point().unwrap();
        let expected =
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
        assert_eq!(HEXLOWER.encode(&point), expected);
        assert_eq!(spki_of(&point), pair.spki_der().unwrap());
    }

    /// RFC 9449 §4.1 gives the key, §6.1 its thumbprint.
    #[test]
    fn the_thumbprint_is_the_published_one() {
        let half = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let (x, y) = (half("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"), half("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"));
        let point: Point = [vec![4], x, y].concat().try_into().unwrap();
        assert_eq!(Kid::of(Kind::TokenSigning, &PublicHalf::P256(point)).to_string(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(Kid::of(Kind::PkiRoot, &PublicHalf::P256(point)).as_bytes().len(), 20);
    }

    /// RFC 7638 §3.1, and RFC 8037 appendix A.3.
    #[test]
    fn the_thumbprints_of_other_kinds_are_the_published_ones() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let rsa = PublicHalf::Rsa { modulus: BASE64URL_NOPAD.decode(n.as_bytes()).unwrap() };
        assert_eq!(Kid::of(Kind::TokenSigningRs256, &rsa).to_string(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let key = BASE64URL_NOPAD.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let ed25519 = PublicHalf::Ed25519(key.try_into().unwrap());
        assert_eq!(Kid::of(Kind::TokenSigningEdDsa, &ed25519).to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    /// RFC 8037 appendix A.4.
    #[test]
    fn the_signature_of_ed25519_is_the_published_one() {
        let seed = BASE64URL_NOPAD.decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let usable = Usable::of(Kind::TokenSigningEdDsa, &seed).unwrap();
        let signature = usable.sign(Kind::TokenSigningEdDsa, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap();
        let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(BASE64URL_NOPAD.encode(&signature), expected);
    }

    /// RFC 5903 §8.1: the 256-bit random ECP group.
    #[test]
    fn the_agreed_secret_is_the_published_one() {
        let mine = agreement::PrivateKey::from_private_key(
            &ECDH_P256,
            secret("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433").as_slice(),
        );
        let peer = HEXLOWER
            .decode(
                b"04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
            )
            .unwrap();
        let shared = agree(&mine.unwrap(), &peer).unwrap();
        assert_eq!(HEXLOWER.encode(shared.as_slice()), "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    }

    #[test]
    fn a_peer_outside_the_curve_gets_nothing() {
        let mine = agreement::PrivateKey::from_private_key(&ECDH_P256, &[7; 32]).unwrap();
        let mut peer = [9; 65];
        peer[0] = 4;
        assert!(matches!(agree(&mine, &peer), Err(KeyRefusal::PeerKey)));
        assert!(matches!(agree(&mine, &[0]), Err(KeyRefusal::PeerKey)));
    }

    #[test]
    fn a_scalar_outside_the_group_is_no_key() {
        for wrong in ["00".repeat(32), "ff".repeat(32), "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".to_owned()] {
            assert!(Pair::of(&secret(&wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_der_form_keeps_integers_positive_and_short() {
        let mut raw = [0; 64];
        raw[31] = 0x80;
        raw[63] = 0x01;
        assert_eq!(der_of(&raw).unwrap(), [0x30, 0x07, 0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x01]);
    }
}
