//! Public keys (RFC 7517, RFC 7518 §6), what each may be used for, and their thumbprints (RFC 7638).

use handslag_vocab::Digest;
use serde_json::{Map, Value, json};

use super::{
    Algorithm, Refusal,
    jwe::KeyManagement,
    material::{Curve, Material, text},
};
use crate::strict_json;

/// Members that only a private or symmetric key has.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key, with its id if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    kid: Option<String>,
    purpose: Purpose,
    pub(super) material: Material,
}

/// What `use`, `key_ops` and `alg` leave (RFC 7517 §4.2–4.4): all are optional, but what they say holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// None of them stands.
    Any,
    /// Encryption to this key, by any algorithm that fits it or by this one.
    Encryption(Option<KeyManagement>),
    /// Signatures of this key, by any algorithm that fits it or by this one.
    Signature(Option<Algorithm>),
}

impl Jwk {
    /// Takes an uncompressed P-256 point (65 bytes) of an ES256 key and the id it is published under.
    pub fn from_p256_point(point: &[u8], kid: Option<String>) -> Result<Self, Refusal> {
        Self::from_point(Curve::P256, point, Algorithm::Es256, kid)
    }

    /// Takes an uncompressed point of a key that signs with the curve's one algorithm.
    pub fn from_point(curve: Curve, point: &[u8], algorithm: Algorithm, kid: Option<String>) -> Result<Self, Refusal> {
        Self::signing(Material::ec(curve, point)?, algorithm, kid)
    }

    /// Takes the 32 bytes of an Ed25519 key.
    pub fn from_ed25519(key: &[u8], kid: Option<String>) -> Result<Self, Refusal> {
        Self::signing(Material::ed25519(key.to_vec())?, Algorithm::EdDsa, kid)
    }

    /// Takes the numbers of an RSA key that signs with this one algorithm.
    pub fn from_rsa(modulus: &[u8], exponent: &[u8], algorithm: Algorithm, kid: Option<String>) -> Result<Self, Refusal> {
        Self::signing(Material::rsa(modulus.to_vec(), exponent.to_vec())?, algorithm, kid)
    }

    fn signing(material: Material, algorithm: Algorithm, kid: Option<String>) -> Result<Self, Refusal> {
        let fits = material.signs(algorithm);
        if fits { Ok(Self { kid, purpose: Purpose::Signature(Some(algorithm)), material }) } else { Err(Refusal::Key) }
    }

    /// The same key, for encryption to it by this algorithm: how a key of ours for request objects is published.
    pub fn for_encryption(self, by: KeyManagement) -> Result<Self, Refusal> {
        let fits = by.fits(&self.material);
        if fits { Ok(Self { purpose: Purpose::Encryption(Some(by)), ..self }) } else { Err(Refusal::Key) }
    }

    /// The same key, for encryption to it by every algorithm that fits: an RSA key opens both paddings.
    #[must_use]
    pub fn for_any_encryption(self) -> Self {
        Self { purpose: Purpose::Encryption(None), ..self }
    }

    /// Takes the JSON text of one public key.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        Self::from_members(&strict_json::object(json.as_bytes()).ok_or(Refusal::Key)?)
    }

    /// Takes the members of one public key (RFC 7517 §4). Private members are refused.
    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, Refusal> {
        if PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return Err(Refusal::PrivateKey);
        }
        let material = Material::from_members(members)?;
        let purpose = Purpose::of(members, &material)?;
        Ok(Self { kid: text(members, "kid")?.map(str::to_owned), purpose, material })
    }

    /// Whether this key may verify signatures of this algorithm.
    pub fn verifies(&self, algorithm: Algorithm) -> bool {
        let is_meant = match self.purpose {
            Purpose::Any | Purpose::Signature(None) => true,
            Purpose::Signature(Some(only)) => only == algorithm,
            Purpose::Encryption(_) => false,
        };
        is_meant && self.material.signs(algorithm)
    }

    /// Whether something may be encrypted to this key in this way.
    pub fn encrypts(&self, by: KeyManagement) -> bool {
        let is_meant = match self.purpose {
            Purpose::Any | Purpose::Encryption(None) => true,
            Purpose::Encryption(Some(only)) => only == by,
            Purpose::Signature(_) => false,
        };
        is_meant && by.fits(&self.material)
    }

    /// The key id.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The same key under its thumbprint as id, as we publish our own.
    #[must_use]
    pub fn named_by_thumbprint(self) -> Self {
        let kid = self.thumbprint().to_base64url();
        Self { kid: Some(kid), ..self }
    }

    /// SHA-256 thumbprint (RFC 7638 §3): of the required members in lexicographic order without white space.
    pub fn thumbprint(&self) -> Digest {
        Digest::of(Value::Object(self.material.required_members()).to_string().as_bytes())
    }

    /// The public key as published: required members, `kid`, and `use` and `alg` where they are settled.
    pub fn to_json(&self) -> Value {
        let mut members = self.material.required_members();
        let (usage, algorithm) = match self.purpose {
            Purpose::Any => (None, None),
            Purpose::Encryption(by) => (Some("enc"), by.map(KeyManagement::name)),
            Purpose::Signature(algorithm) => (Some("sig"), algorithm.map(Algorithm::name)),
        };
        for (name, value) in [("alg", algorithm), ("use", usage), ("kid", self.kid())] {
            members.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        Value::Object(members)
    }

    /// Verifies the third part of a compact JWS over its first two.
    pub(super) fn verify(&self, algorithm: Algorithm, signing_input: &str, signature: &str) -> Result<(), Refusal> {
        if self.verifies(algorithm) { self.material.verify(algorithm, signing_input, signature) } else { Err(Refusal::Algorithm) }
    }
}

impl Purpose {
    /// A key whose members contradict each other, or that is meant for nothing we do, is refused.
    fn of(members: &Map<String, Value>, material: &Material) -> Result<Self, Refusal> {
        let (may_verify, may_encrypt) = match members.get("key_ops").map(|value| value.as_array().ok_or(Refusal::Key)).transpose()? {
            None => (true, true),
            Some(named) => {
                let names = |one: &str| named.contains(&json!(one));
                (names("verify"), ["wrapKey", "encrypt", "deriveKey", "deriveBits"].into_iter().any(names))
            }
        };
        let (may_verify, may_encrypt) = match text(members, "use")? {
            None => (may_verify, may_encrypt),
            Some("sig") => (may_verify, false),
            Some("enc") => (false, may_encrypt),
            Some(_) => (false, false),
        };
        let algorithm = text(members, "alg")?;
        let signature = algorithm.and_then(Algorithm::named).filter(|algorithm| material.signs(*algorithm));
        let encryption = algorithm.and_then(KeyManagement::named).filter(|by| by.fits(material));
        match (algorithm, may_verify, may_encrypt) {
            (None, true, true) => Ok(Self::Any),
            (None, true, false) => Ok(Self::Signature(None)),
            (None, false, true) => Ok(Self::Encryption(None)),
            (Some(_), true, _) if signature.is_some() => Ok(Self::Signature(signature)),
            (Some(_), _, true) if encryption.is_some() => Ok(Self::Encryption(encryption)),
            _ => Err(Refusal::Key),
        }
    }
}
