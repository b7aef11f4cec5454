//! Compact JWE (RFC 7516 §7.1), for request objects to us and for ID Tokens and answers to clients.
//!
//! Encryption proves nothing about who sent it: what comes out is as unverified as what went in. Every failure of a decryption
//! is the same refusal, and an encrypted key that does not open is replaced by zeros and carried on with to the same end
//! (RFC 7516 §11.5), so that neither words nor work tell a padding error from a wrong tag. No compression (attack 33).

mod algorithms;
mod content;
mod derivation;
mod encrypting;
#[cfg(test)]
pub(crate) mod tests;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub use algorithms::{ContentEncryption, KeyManagement, Oaep};
pub use encrypting::{Recipient, encrypt};

use super::{
    Refusal,
    jws::{bring_no_key, text},
    material::{Curve, Material},
};
use crate::{base64url, strict_json};

/// A bound against exhaustion: a nested request object of 16 KiB fits.
const LONGEST: usize = 32 * 1024;

/// A compact JWE whose form is right and of which nothing else is known.
#[derive(Debug)]
pub struct UnverifiedJwe<'a> {
    protected: &'a str,
    header: Header,
    encrypted_key: Vec<u8>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

#[derive(Debug)]
struct Header {
    key_management: KeyManagement,
    content_encryption: ContentEncryption,
    kid: Option<String>,
    content_type: Option<String>,
    agreement: Option<Agreement>,
}

/// The sender's half of an agreement (RFC 7518 §4.6.1).
#[derive(Debug)]
struct Agreement {
    curve: Curve,
    ephemeral: Vec<u8>,
    /// `apu`.
    producer: Vec<u8>,
    /// `apv`.
    recipient: Vec<u8>,
}

/// The one thing that only the private key can do, for whoever holds it: a file, a module, a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateOperation<'a> {
    /// Give the x coordinate of the product of the private key and this point (ECDH, SEC 1 §3.3.1), of the curve's width.
    Agree {
        /// The curve.
        curve: Curve,
        /// 04 ‖ x ‖ y, found on the curve.
        point: &'a [u8],
    },
    /// Give the plaintext of this ciphertext (RSAES-OAEP, RFC 8017 §7.1.2).
    Decrypt {
        /// Hash of the padding, also of its mask.
        oaep: Oaep,
        /// As long as the modulus.
        ciphertext: &'a [u8],
    },
}

impl<'a> UnverifiedJwe<'a> {
    /// Takes the compact form: five parts, strict base64url, a header that names algorithms of ours.
    pub fn parse(compact: &'a str) -> Result<Self, Refusal> {
        if compact.len() > LONGEST {
            return Err(Refusal::TooLong);
        }
        let mut parts = compact.split('.');
        let protected = parts.next().ok_or(Refusal::Malformed)?;
        let mut part = || parts.next().and_then(base64url::decode).ok_or(Refusal::Malformed);
        let (encrypted_key, nonce, ciphertext, tag) = (part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(Refusal::Malformed);
        }
        let header = base64url::decode(protected).ok_or(Refusal::Malformed)?;
        let header = Header::parse(&strict_json::object(&header).ok_or(Refusal::Header)?)?;
        Ok(Self { protected, header, encrypted_key, nonce, ciphertext, tag })
    }

    /// Whether this text is of the encrypted form and not of the signed one.
    pub fn is_form_of(compact: &str) -> bool {
        compact.bytes().filter(|byte| *byte == b'.').count() == 4
    }

    /// Which private key the sender means.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// How the content key is brought: whether the key that [`Self::kid`] names is of that kind.
    pub const fn key_management(&self) -> KeyManagement {
        self.header.key_management
    }

    /// What the content is encrypted with.
    pub const fn content_encryption(&self) -> ContentEncryption {
        self.header.content_encryption
    }

    /// Decrypts. `private_key` does the operation with the key that [`Self::kid`] means, or gives nothing for every failure.
    pub fn decrypt(&self, private_key: impl FnOnce(&PrivateOperation<'_>) -> Option<Zeroizing<Vec<u8>>>) -> Result<Vec<u8>, Refusal> {
        let wanted = self.header.content_encryption.key_length();
        let found = self.content_key(private_key).filter(|key| key.len() == wanted);
        let is_found = found.is_some();
        let key = found.unwrap_or_else(|| Zeroizing::new(vec![0; wanted]));
        let opened = content::open(self.header.content_encryption, &key, &self.nonce, self.protected.as_bytes(), &self.ciphertext, &self.tag);
        opened.filter(|_| is_found).ok_or(Refusal::Decryption)
    }

    /// Decrypts a JWT within (RFC 7519 §5.2): its `cty` says `JWT` or the type named here, or nothing.
    pub fn decrypt_nested(
        &self,
        typ: &str,
        private_key: impl FnOnce(&PrivateOperation<'_>) -> Option<Zeroizing<Vec<u8>>>,
    ) -> Result<String, Refusal> {
        let content_type = self.header.content_type.as_deref().map(str::to_ascii_lowercase);
        let content_type = content_type.as_deref().map(|cty| cty.strip_prefix("application/").unwrap_or(cty));
        if content_type.is_some_and(|cty| cty != "jwt" && cty != typ) {
            return Err(Refusal::Type);
        }
        String::from_utf8(self.decrypt(private_key)?).map_err(|_| Refusal::Decryption)
    }

    fn content_key(&self, private_key: impl FnOnce(&PrivateOperation<'_>) -> Option<Zeroizing<Vec<u8>>>) -> Option<Zeroizing<Vec<u8>>> {
        let by = self.header.key_management;
        if let KeyManagement::RsaOaep(oaep) = by {
            return private_key(&PrivateOperation::Decrypt { oaep, ciphertext: &self.encrypted_key });
        }
        let Agreement { curve, ephemeral, producer, recipient } = self.header.agreement.as_ref()?;
        let agreed = private_key(&PrivateOperation::Agree { curve: *curve, point: ephemeral })?;
        let derived = derivation::derive(&agreed, by, self.header.content_encryption, producer, recipient);
        match by.wrapping() {
            Some(cipher) => content::unwrap(cipher, &derived, &self.encrypted_key),
            // RFC 7516 §5.2 step 10: a direct agreement has an empty encrypted key.
            None => Some(derived).filter(|_| self.encrypted_key.is_empty()),
        }
    }
}

impl Header {
    fn parse(members: &Map<String, Value>) -> Result<Self, Refusal> {
        bring_no_key(members)?;
        if members.contains_key("jwk") {
            return Err(Refusal::KeyInHeader);
        }
        if members.contains_key("zip") {
            return Err(Refusal::Zip);
        }
        let key_management = text(members, "alg")?.and_then(KeyManagement::named).ok_or(Refusal::Encryption)?;
        let content_encryption = text(members, "enc")?.and_then(ContentEncryption::named).ok_or(Refusal::Encryption)?;
        let agreement = if key_management.agrees() { Some(Agreement::parse(members)?) } else { None };
        let owned = |name| text(members, name).map(|value| value.map(str::to_owned));
        Ok(Self { key_management, content_encryption, kid: owned("kid")?, content_type: owned("cty")?, agreement })
    }
}

impl Agreement {
    fn parse(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let key = members.get("epk").and_then(Value::as_object).ok_or(Refusal::Header)?;
        if key.contains_key("d") {
            return Err(Refusal::PrivateKey);
        }
        let Material::Ec { curve, point } = Material::from_members(key)? else { return Err(Refusal::Key) };
        let party = |name| text(members, name)?.map_or(Some(Vec::new()), base64url::decode).ok_or(Refusal::Header);
        Ok(Self { curve, ephemeral: point, producer: party("apu")?, recipient: party("apv")? })
    }
}
