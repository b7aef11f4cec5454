//! Public keys for signatures (RFC 7517, RFC 7518 §6), their thumbprints (RFC 7638) and sets of them.

use std::collections::BTreeSet;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use handslag_vocab::Digest;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value, json};

use super::{Algorithm, Refusal};
use crate::{base64url, strict_json};

/// Members that only a private or symmetric key has.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key for signatures, with its id if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    /// 04 ‖ x ‖ y, on the curve.
    P256(Vec<u8>),
    /// Big-endian without leading zeros, modulus of at least 2048 bits.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl Jwk {
    /// Takes an uncompressed P-256 point (65 bytes) and the id it is published under.
    pub fn from_p256_point(point: &[u8], kid: Option<String>) -> Result<Self, Refusal> {
        Ok(Self { kid, material: p256(point)? })
    }

    /// Takes the JSON text of one public key.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        Self::from_members(&strict_json::object(json.as_bytes()).ok_or(Refusal::Key)?)
    }

    /// Takes the members of one public key (RFC 7517 §4). Private members are refused, and so is a key meant for anything but
    /// verification by its own algorithm.
    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, Refusal> {
        if PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return Err(Refusal::PrivateKey);
        }
        let material = match text(members, "kty")? {
            Some("EC") if text(members, "crv")? == Some("P-256") => p256(&point(members)?)?,
            Some("RSA") => rsa(members)?,
            _ => return Err(Refusal::Key),
        };
        let key = Self { kid: text(members, "kid")?.map(str::to_owned), material };
        key.is_meant_for_verification(members)?;
        Ok(key)
    }

    /// `use`, `key_ops` and `alg` are optional, but what they say holds (RFC 7517 §4.2–4.4).
    fn is_meant_for_verification(&self, members: &Map<String, Value>) -> Result<(), Refusal> {
        let operations = members.get("key_ops").map(|value| value.as_array().is_some_and(|list| list.contains(&json!("verify"))));
        let uses = text(members, "use")?.is_none_or(|value| value == "sig");
        let algorithm = text(members, "alg")?.is_none_or(|value| value == self.algorithm().name());
        if uses && algorithm && operations != Some(false) { Ok(()) } else { Err(Refusal::Key) }
    }

    /// The one algorithm this key verifies.
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::P256(_) => Algorithm::Es256,
            Material::Rsa { .. } => Algorithm::Rs256,
        }
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
        Digest::of(Value::Object(self.required_members()).to_string().as_bytes())
    }

    /// The public key as published: required members, `kid`, `use` and `alg`.
    pub fn to_json(&self) -> Value {
        let mut members = self.required_members();
        members.insert("alg".to_owned(), self.algorithm().name().into());
        members.insert("use".to_owned(), "sig".into());
        if let Some(kid) = &self.kid {
            members.insert("kid".to_owned(), kid.as_str().into());
        }
        Value::Object(members)
    }

    fn required_members(&self) -> Map<String, Value> {
        let pairs = match &self.material {
            Material::P256(point) => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
                vec![("crv", "P-256".to_owned()), ("kty", "EC".to_owned()), ("x", base64url::encode(x)), ("y", base64url::encode(y))]
            }
            Material::Rsa { modulus, exponent } => {
                vec![("e", base64url::encode(exponent)), ("kty", "RSA".to_owned()), ("n", base64url::encode(modulus))]
            }
        };
        // In lexicographic order here, because a feature flag of another crate can make the map keep insertion order.
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// Verifies the third part of a compact JWS over its first two.
    pub(super) fn verify(&self, signing_input: &str, signature: &str) -> Result<(), Refusal> {
        let (key, algorithm) = match &self.material {
            Material::P256(point) => (DecodingKey::from_ec_der(point), jsonwebtoken::Algorithm::ES256),
            Material::Rsa { modulus, exponent } => (DecodingKey::from_rsa_raw_components(modulus, exponent), jsonwebtoken::Algorithm::RS256),
        };
        let verified = jsonwebtoken::crypto::verify(signature, signing_input.as_bytes(), &key, algorithm);
        if verified.is_ok_and(|verified| verified) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// An absent member is `None`; a member that is no text is refused (openid-provider strictness: no coercion).
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    members.get(name).map(|value| value.as_str().ok_or(Refusal::Key)).transpose()
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refusal> {
    text(members, name)?.and_then(base64url::decode).ok_or(Refusal::Key)
}

/// RFC 7518 §6.2.1: coordinates of exactly 32 bytes, leading zeros kept.
fn point(members: &Map<String, Value>) -> Result<Vec<u8>, Refusal> {
    let (x, y) = (bytes(members, "x")?, bytes(members, "y")?);
    if x.len() == 32 && y.len() == 32 { Ok([&[4], &x[..], &y[..]].concat()) } else { Err(Refusal::Key) }
}

/// A point off the curve would turn verification into a guess (invalid-curve attack).
fn p256(point: &[u8]) -> Result<Material, Refusal> {
    let is_on_curve = point.len() == 65 && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_ok();
    if is_on_curve { Ok(Material::P256(point.to_vec())) } else { Err(Refusal::Key) }
}

/// OIDC Sweden profile §7.1: at least 2048 bits; RFC 7518 §6.3.1: no leading zeros. An exponent of 1 signs anything.
fn rsa(members: &Map<String, Value>) -> Result<Material, Refusal> {
    let (modulus, exponent) = (bytes(members, "n")?, bytes(members, "e")?);
    let is_long_enough = match modulus.first() {
        Some(0) | None => false,
        Some(first) => modulus.len() > 256 || (modulus.len() == 256 && *first >= 0x80),
    };
    let is_odd_and_not_one = exponent.last().is_some_and(|last| last % 2 == 1) && exponent != [1] && exponent.first() != Some(&0);
    if is_long_enough && modulus.len() <= 1024 && is_odd_and_not_one && exponent.len() <= 4 {
        Ok(Material::Rsa { modulus, exponent })
    } else {
        Err(Refusal::Key)
    }
}

/// The public keys of one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet(Vec<Jwk>);

impl JwkSet {
    /// Takes keys; two of the same id are refused, because an id must name one key.
    pub fn new(keys: Vec<Jwk>) -> Result<Self, Refusal> {
        let mut ids = BTreeSet::new();
        let repeated = keys.iter().filter_map(Jwk::kid).any(|kid| !ids.insert(kid));
        if repeated { Err(Refusal::KidRepeated) } else { Ok(Self(keys)) }
    }

    /// Takes the JSON text of a set. Keys of kinds that are not ours are passed over (RFC 7517 §5); private ones are refused.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        let document = strict_json::object(json.as_bytes()).ok_or(Refusal::Key)?;
        let members = document.get("keys").and_then(Value::as_array).ok_or(Refusal::Key)?;
        let mut keys = Vec::new();
        for key in members {
            match Jwk::from_members(key.as_object().ok_or(Refusal::Key)?) {
                Ok(key) => keys.push(key),
                Err(Refusal::PrivateKey) => return Err(Refusal::PrivateKey),
                Err(_) => {}
            }
        }
        Self::new(keys)
    }

    /// The document at `jwks_uri`.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.0.iter().map(Jwk::to_json).collect::<Vec<_>>() })
    }

    /// Whether no key of ours stands in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key a header means. An unknown id never falls back to another key; no id is enough only where one key of this
    /// algorithm stands.
    pub(super) fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Jwk, Refusal> {
        let mut fitting = self.0.iter().filter(|key| key.algorithm() == algorithm && (kid.is_none() || key.kid() == kid));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            _ if kid.is_some_and(|kid| self.0.iter().any(|key| key.kid() == Some(kid))) => Err(Refusal::Algorithm),
            _ => Err(Refusal::KeyUnknown),
        }
    }
}
