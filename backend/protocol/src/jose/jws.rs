//! Compact JWS (RFC 7515 §7.1): parsed strictly, verified with the caller's keys, its claims read only afterwards.

use serde_json::{Map, Value};

use super::{Algorithm, Claims, Jwk, JwkSet, Refusal};
use crate::{base64url, strict_json};

/// A bound against exhaustion: no token of this protocol comes near.
const LONGEST: usize = 16 * 1024;

/// Which `typ` the caller takes (RFC 8725 §3.11). Types are never interchangeable.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Exactly this one, as `at+jwt` or `application/at+jwt`.
    Explicit(&'static str),
    /// No `typ`, `JWT`, or this one: for client assertions, which older libraries do not type.
    OrdinaryOr(&'static str),
}

/// What the caller takes.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The allowed algorithms.
    pub algorithms: &'a [Algorithm],
    /// The allowed type.
    pub typ: Type,
}

/// A compact JWS whose form is right and of which nothing else is known.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    signing_input: &'a str,
    signature: &'a str,
    header: Header,
    payload: Vec<u8>,
}

#[derive(Debug)]
struct Header {
    algorithm: Option<Algorithm>,
    typ: Option<String>,
    kid: Option<String>,
    jwk: Option<Map<String, Value>>,
}

/// A JWS whose signature verified with a key of the caller's choice.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifiedJws {
    payload: Vec<u8>,
}

impl VerifiedJws {
    /// The payload as it was signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The claims of a JWT (RFC 7519 §4): one JSON object, each member once.
    pub fn claims(&self) -> Result<Claims, Refusal> {
        strict_json::object(&self.payload).map(Claims).ok_or(Refusal::Claims)
    }
}

impl<'a> UnverifiedJws<'a> {
    /// Takes the compact form: three parts, strict base64url, a header without a foreign key source or critical extension.
    pub fn parse(compact: &'a str) -> Result<Self, Refusal> {
        if compact.len() > LONGEST {
            return Err(Refusal::TooLong);
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(Refusal::Malformed)?;
        let header = base64url::decode(header).ok_or(Refusal::Malformed)?;
        let payload = base64url::decode(payload).ok_or(Refusal::Malformed)?;
        if signature.is_empty() || base64url::decode(signature).is_none() {
            return Err(Refusal::Malformed);
        }
        let header = Header::parse(&strict_json::object(&header).ok_or(Refusal::Header)?)?;
        Ok(Self { signing_input, signature, header, payload })
    }

    /// One text claim before verification: only to look up whose keys to verify with.
    pub(crate) fn unverified_text(&self, claim: &str) -> Option<String> {
        strict_json::object(&self.payload)?.get(claim)?.as_str().map(str::to_owned)
    }

    /// Verifies with the key of `keys` that the header names. A key in the header is refused.
    pub fn verify(self, keys: &JwkSet, expected: Expected<'_>) -> Result<VerifiedJws, Refusal> {
        if self.header.jwk.is_some() {
            return Err(Refusal::KeyInHeader);
        }
        let algorithm = self.header.allowed(expected)?;
        let key = keys.key(self.header.kid.as_deref(), algorithm)?;
        self.verify_with(key, algorithm)
    }

    /// Verifies a self-signed proof with the public key in its header, and gives that key (RFC 9449 §4.3). It proves possession
    /// of the key and nothing else.
    pub fn verify_self_signed(self, expected: Expected<'_>) -> Result<(VerifiedJws, Jwk), Refusal> {
        let algorithm = self.header.allowed(expected)?;
        let key = Jwk::from_members(self.header.jwk.as_ref().ok_or(Refusal::Key)?)?;
        Ok((self.verify_with(&key, algorithm)?, key))
    }

    fn verify_with(self, key: &Jwk, algorithm: Algorithm) -> Result<VerifiedJws, Refusal> {
        key.verify(algorithm, self.signing_input, self.signature)?;
        Ok(VerifiedJws { payload: self.payload })
    }
}

impl Header {
    fn parse(members: &Map<String, Value>) -> Result<Self, Refusal> {
        bring_no_key(members)?;
        let owned = |name| text(members, name).map(|value| value.map(str::to_owned));
        let jwk = members.get("jwk").map(|value| value.as_object().cloned().ok_or(Refusal::Header)).transpose()?;
        let algorithm = text(members, "alg")?.ok_or(Refusal::Algorithm)?;
        Ok(Self { algorithm: Algorithm::named(algorithm), typ: owned("typ")?, kid: owned("kid")?, jwk })
    }

    fn allowed(&self, expected: Expected<'_>) -> Result<Algorithm, Refusal> {
        let algorithm = self.algorithm.filter(|algorithm| expected.algorithms.contains(algorithm)).ok_or(Refusal::Algorithm)?;
        let typ = self.typ.as_deref().map(str::to_ascii_lowercase);
        let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
        let fits = match expected.typ {
            Type::Explicit(wanted) => typ == Some(wanted),
            Type::OrdinaryOr(wanted) => typ.is_none_or(|typ| typ == "jwt" || typ == wanted),
        };
        if fits { Ok(algorithm) } else { Err(Refusal::Type) }
    }
}

/// The claims of an unsecured JWT (RFC 7519 §6), if this is one: `alg` is `none` and the signature is empty. It proves nothing, so
/// nothing calls this but the one place where a client may have registered that.
pub(crate) fn unsecured(compact: &str) -> Option<Claims> {
    let (header, payload) = compact.strip_suffix('.')?.split_once('.')?;
    let header = strict_json::object(&base64url::decode(header)?)?;
    let is_unsecured = compact.len() <= LONGEST && header.get("alg")?.as_str() == Some("none") && bring_no_key(&header).is_ok();
    strict_json::object(&base64url::decode(payload)?).map(Claims).filter(|_| is_unsecured)
}

/// A header parameter that is text, if it stands.
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    members.get(name).map(|value| value.as_str().ok_or(Refusal::Header)).transpose()
}

/// No critical extension, and none of the parameters that fetch or trust what the sender names: they would hand the choice of key
/// to the attacker.
pub(super) fn bring_no_key(members: &Map<String, Value>) -> Result<(), Refusal> {
    if members.contains_key("crit") {
        return Err(Refusal::Critical);
    }
    if ["jku", "x5u", "x5c"].iter().any(|name| members.contains_key(*name)) { Err(Refusal::KeyInHeader) } else { Ok(()) }
}
