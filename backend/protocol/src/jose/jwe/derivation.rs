//! The key from an agreement: one-step concatenation KDF with SHA-256 (RFC 7518 §4.6.2, NIST SP 800-56A §5.8.1).

use aws_lc_rs::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::{ContentEncryption, KeyManagement};

/// Takes the agreed secret and gives the content key (direct) or the key that wraps it.
pub(super) fn derive(agreed: &[u8], by: KeyManagement, content: ContentEncryption, producer: &[u8], recipient: &[u8]) -> Zeroizing<Vec<u8>> {
    let (name, length) = match by {
        KeyManagement::EcdhEsA128Kw => (by.name(), 16),
        KeyManagement::EcdhEsA256Kw => (by.name(), 32),
        KeyManagement::EcdhEs | KeyManagement::RsaOaep(_) => (content.name(), content.key_length()),
    };
    let mut derived = Zeroizing::new(Vec::with_capacity(length + 32));
    for round in 1.. {
        let mut hash = Context::new(&SHA256);
        hash.update(&u32::to_be_bytes(round));
        hash.update(agreed);
        for field in [name.as_bytes(), producer, recipient] {
            hash.update(&four_bytes(field.len()));
            hash.update(field);
        }
        hash.update(&four_bytes(length * 8));
        derived.extend_from_slice(hash.finish().as_ref());
        if derived.len() >= length {
            break;
        }
    }
    derived.truncate(length);
    derived
}

/// Lengths here are bounded by the token's.
fn four_bytes(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7518 appendix C: Alice to Bob.
    #[test]
    fn the_key_of_rfc_7518_appendix_c() {
        let agreed = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140,
            254, 144, 196,
        ];
        let key = derive(&agreed, KeyManagement::EcdhEs, ContentEncryption::A128Gcm, b"Alice", b"Bob");
        assert_eq!(crate::base64url::encode(&*key), "VqqN6vgjbSBcIijNcacQGg");
        let other = derive(&agreed, KeyManagement::EcdhEs, ContentEncryption::A128Gcm, b"Bob", b"Alice");
        assert_ne!(key, other);
        assert_eq!(derive(&agreed, KeyManagement::EcdhEs, ContentEncryption::A256CbcHs512, b"", b"").len(), 64, "two rounds");
    }
}
