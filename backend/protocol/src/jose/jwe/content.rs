//! AES-GCM (RFC 7518 §5.3), AES-CBC with HMAC (§5.2, the tag before anything else) and AES key wrap (§4.4).

use aws_lc_rs::{
    aead::{self, AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey},
    hmac,
    iv::FixedLength,
    key_wrap::{AesBlockCipher, AesKek, KeyWrap as _},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ContentEncryption;

/// Opens, or gives nothing: which part was wrong is nobody's business.
pub(super) fn open(by: ContentEncryption, key: &[u8], nonce: &[u8], aad: &[u8], ciphertext: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
    match Cipher::of(by) {
        Cipher::Gcm(algorithm) => {
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut plain = vec![0; ciphertext.len()];
            let is_whole = tag.len() == 16 && key.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut plain).is_ok();
            is_whole.then_some(plain)
        }
        Cipher::CbcHmac(algorithm, mac) => {
            let (mac_key, key) = key.split_at_checked(by.key_length() / 2)?;
            let expected = authenticate(mac, mac_key, aad, nonce, ciphertext);
            if !bool::from(expected.as_slice().ct_eq(tag)) {
                return None;
            }
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
            let mut buffer = ciphertext.to_vec();
            let plain = key.decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::try_from(nonce).ok()?)).ok()?;
            Some(plain.to_vec())
        }
    }
}

/// Seals; gives ciphertext and tag.
pub(super) fn seal(by: ContentEncryption, key: &[u8], nonce: &[u8], aad: &[u8], plain: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut buffer = plain.to_vec();
    match Cipher::of(by) {
        Cipher::Gcm(algorithm) => {
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut buffer).ok()?;
            Some((buffer, tag.as_ref().to_vec()))
        }
        Cipher::CbcHmac(algorithm, mac) => {
            let (mac_key, key) = key.split_at_checked(by.key_length() / 2)?;
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
            key.less_safe_encrypt(&mut buffer, EncryptionContext::Iv128(FixedLength::try_from(nonce).ok()?)).ok()?;
            let tag = authenticate(mac, mac_key, aad, nonce, &buffer);
            Some((buffer, tag))
        }
    }
}

/// Wraps a content key (RFC 3394).
pub(super) fn wrap(cipher: &'static AesBlockCipher, key: &[u8], content_key: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; content_key.len() + 8];
    Some(AesKek::new(cipher, key).ok()?.wrap(content_key, &mut out).ok()?.to_vec())
}

/// Unwraps one.
pub(super) fn unwrap(cipher: &'static AesBlockCipher, key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let content_key = AesKek::new(cipher, key).ok()?.unwrap(wrapped, &mut out).ok()?.to_vec();
    Some(Zeroizing::new(content_key))
}

enum Cipher {
    Gcm(&'static aead::Algorithm),
    CbcHmac(&'static cipher::Algorithm, hmac::Algorithm),
}

impl Cipher {
    fn of(by: ContentEncryption) -> Self {
        match by {
            ContentEncryption::A128Gcm => Self::Gcm(&AES_128_GCM),
            ContentEncryption::A256Gcm => Self::Gcm(&AES_256_GCM),
            ContentEncryption::A128CbcHs256 => Self::CbcHmac(&cipher::AES_128, hmac::HMAC_SHA256),
            ContentEncryption::A256CbcHs512 => Self::CbcHmac(&cipher::AES_256, hmac::HMAC_SHA512),
        }
    }
}

/// RFC 7518 §5.2.2.1: over what is authenticated, the vector, the ciphertext and the bits of the first; the left half of it.
fn authenticate(algorithm: hmac::Algorithm, key: &[u8], aad: &[u8], nonce: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    let bits = u64::try_from(aad.len()).unwrap_or(u64::MAX).saturating_mul(8);
    for part in [aad, nonce, ciphertext, &bits.to_be_bytes()] {
        mac.update(part);
    }
    let whole = mac.sign();
    let (left, _) = whole.as_ref().split_at(whole.as_ref().len() / 2);
    left.to_vec()
}
