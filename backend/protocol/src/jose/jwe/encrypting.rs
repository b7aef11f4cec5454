//! Encryption to a client's registered key (RFC 7516 §5.1). The content key, the vector and the ephemeral key come from the
//! caller's generator; the seed of an RSA padding AWS-LC draws itself, as it does the nonce of an ECDSA signature.

use aws_lc_rs::{
    agreement::{self, PrivateKey, UnparsedPublicKey, agree},
    rsa::{OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::RsaPublicKeyComponents,
};
use rand_core::CryptoRng;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{ContentEncryption, KeyManagement, Oaep, content, derivation};
use crate::{
    base64url,
    jose::{Curve, Jwk, Refusal, material::Material},
};

/// To whom, and how they registered that they want it.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// Their key.
    pub key: &'a Jwk,
    /// How the content key is brought.
    pub by: KeyManagement,
    /// What the content is encrypted with.
    pub content: ContentEncryption,
}

/// A content key and how it is brought.
struct Brought {
    content_key: Zeroizing<Vec<u8>>,
    encrypted_key: Vec<u8>,
    ephemeral: Option<Material>,
}

/// Takes what is encrypted and, for a JWT within, its type (`JWT`, RFC 7519 §5.2); gives the compact form.
pub fn encrypt(plain: &[u8], content_type: Option<&str>, recipient: &Recipient<'_>, rng: &mut dyn CryptoRng) -> Result<String, Refusal> {
    if !recipient.key.encrypts(recipient.by) {
        return Err(Refusal::Key);
    }
    let brought = bring(recipient, rng)?;
    let mut header = Map::new();
    let texts = [("alg", Some(recipient.by.name())), ("enc", Some(recipient.content.name())), ("kid", recipient.key.kid()), ("cty", content_type)];
    header.extend(texts.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value.into()))));
    header.extend(brought.ephemeral.map(|key| ("epk".to_owned(), Value::Object(key.required_members()))));
    let protected = base64url::encode(Value::Object(header).to_string());
    let nonce = drawn(recipient.content.nonce_length(), rng);
    let sealed = content::seal(recipient.content, &brought.content_key, &nonce, protected.as_bytes(), plain);
    let (ciphertext, tag) = sealed.ok_or(Refusal::Encryption)?;
    let parts = [&brought.encrypted_key, &*nonce, &ciphertext, &tag].map(base64url::encode);
    Ok(format!("{protected}.{}", parts.join(".")))
}

fn bring(recipient: &Recipient<'_>, rng: &mut dyn CryptoRng) -> Result<Brought, Refusal> {
    match (&recipient.key.material, recipient.by) {
        (Material::Rsa { modulus, exponent }, KeyManagement::RsaOaep(oaep)) => {
            let content_key = drawn(recipient.content.key_length(), rng);
            let encrypted_key = to_rsa(modulus, exponent, oaep, &content_key).ok_or(Refusal::Key)?;
            Ok(Brought { content_key, encrypted_key, ephemeral: None })
        }
        (Material::Ec { curve, point }, by) if by.agrees() => {
            let (ephemeral, agreed) = agreed(*curve, point, rng)?;
            let derived = derivation::derive(&agreed, by, recipient.content, b"", b"");
            let Some(cipher) = by.wrapping() else {
                return Ok(Brought { content_key: derived, encrypted_key: Vec::new(), ephemeral: Some(ephemeral) });
            };
            let content_key = drawn(recipient.content.key_length(), rng);
            let encrypted_key = content::wrap(cipher, &derived, &content_key).ok_or(Refusal::Encryption)?;
            Ok(Brought { content_key, encrypted_key, ephemeral: Some(ephemeral) })
        }
        _ => Err(Refusal::Key),
    }
}

fn to_rsa(modulus: &[u8], exponent: &[u8], oaep: Oaep, content_key: &[u8]) -> Option<Vec<u8>> {
    let key: PublicEncryptingKey = RsaPublicKeyComponents { n: modulus, e: exponent }.try_into().ok()?;
    let key = OaepPublicEncryptingKey::new(key).ok()?;
    let mut out = vec![0; key.ciphertext_size()];
    Some(key.encrypt(oaep.algorithm(), content_key, &mut out, None).ok()?.to_vec())
}

/// A key made for this token alone, and what it agrees on with the recipient's.
fn agreed(curve: Curve, point: &[u8], rng: &mut dyn CryptoRng) -> Result<(Material, Zeroizing<Vec<u8>>), Refusal> {
    let own = ephemeral(curve, rng).ok_or(Refusal::Encryption)?;
    let public = own.compute_public_key().map_err(|_| Refusal::Encryption)?;
    let agreed = agree(&own, UnparsedPublicKey::new(curve.agreement(), point), Refusal::Key, |agreed| Ok(Zeroizing::new(agreed.to_vec())))?;
    Ok((Material::ec(curve, public.as_ref())?, agreed))
}

/// A number that is not below the order is drawn again (FIPS 186-5 §A.2.2); on P-521 the surplus bits are cleared first.
fn ephemeral(curve: Curve, rng: &mut dyn CryptoRng) -> Option<agreement::PrivateKey> {
    for _ in 0..64 {
        let mut number = drawn(curve.width(), rng);
        if let (Curve::P521, Some(first)) = (curve, number.first_mut()) {
            *first &= 1;
        }
        if let Ok(key) = PrivateKey::from_private_key(curve.agreement(), &number) {
            return Some(key);
        }
    }
    None
}

fn drawn(length: usize, rng: &mut dyn CryptoRng) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rng.fill_bytes(&mut bytes);
    bytes
}
