//! The keys of one party (RFC 7517 §5). An id names one key, and an unknown id names none.

use std::collections::BTreeSet;

use handslag_vocab::Digest;
use serde_json::{Value, json};

use super::{Algorithm, Jwk, Refusal, jwe::KeyManagement};
use crate::strict_json;

/// Bounds against exhaustion: a set is fetched from wherever a client says.
const LONGEST: usize = 64 * 1024;
const MOST: usize = 64;

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
        if json.len() > LONGEST {
            return Err(Refusal::SetTooLarge);
        }
        let document = strict_json::object(json.as_bytes()).ok_or(Refusal::Key)?;
        let members = document.get("keys").and_then(Value::as_array).ok_or(Refusal::Key)?;
        if members.len() > MOST {
            return Err(Refusal::SetTooLarge);
        }
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

    /// Whether a key with this thumbprint stands in it.
    pub fn has(&self, thumbprint: &Digest) -> bool {
        self.0.iter().any(|key| key.thumbprint() == *thumbprint)
    }

    /// Whether one of the keys can have made signatures of this algorithm.
    pub fn verifies(&self, algorithm: Algorithm) -> bool {
        self.0.iter().any(|key| key.verifies(algorithm))
    }

    /// The first key that something may be encrypted to in this way (OIDC Core §10.2). One that says it is for encryption goes
    /// before one that says nothing.
    pub fn encryption_key(&self, by: KeyManagement) -> Option<&Jwk> {
        let mut fitting = self.0.iter().filter(|key| key.encrypts(by));
        let says_so = self.0.iter().find(|key| key.encrypts(by) && !Algorithm::ALL.into_iter().any(|algorithm| key.verifies(algorithm)));
        says_so.or_else(|| fitting.next())
    }

    /// The key a header means. An unknown id never falls back to another key; no id is enough only where one key of this
    /// algorithm stands.
    pub(super) fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Jwk, Refusal> {
        let mut fitting = self.0.iter().filter(|key| key.verifies(algorithm) && (kid.is_none() || key.kid() == kid));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            _ if kid.is_some_and(|kid| self.0.iter().any(|key| key.kid() == Some(kid))) => Err(Refusal::Algorithm),
            _ => Err(Refusal::KeyUnknown),
        }
    }
}
