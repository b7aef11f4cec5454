//! RSA keys of 3072 bits, by AWS-LC alone: the crate `rsa` has an open timing advisory (RUSTSEC-2023-0071).
//!
//! A key is kept in PKCS #8. Its primes AWS-LC draws itself; no generator of ours could be handed in.

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding},
};
use zeroize::Zeroizing;

use crate::{KeyRefusal, Oaep, Scheme};

/// Makes one; takes up to a second.
pub(crate) fn fresh() -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
    let pair = KeyPair::generate(KeySize::Rsa3072)?;
    Ok(Zeroizing::new(AsDer::as_der(&pair)?.as_ref().to_vec()))
}

/// One that signs.
pub(crate) struct RsaPair(KeyPair);

impl RsaPair {
    pub(crate) fn of(pkcs8: &[u8]) -> Result<Self, KeyRefusal> {
        KeyPair::from_pkcs8(pkcs8).map(Self).map_err(|_| KeyRefusal::Cryptography)
    }

    pub(crate) fn modulus(&self) -> Vec<u8> {
        self.0.public_key().modulus().big_endian_without_leading_zero().to_vec()
    }

    pub(crate) fn sign(&self, scheme: Scheme, bytes: &[u8]) -> Result<Vec<u8>, KeyRefusal> {
        let encoding: &'static dyn RsaEncoding = match scheme {
            Scheme::Ps256 => &RSA_PSS_SHA256,
            Scheme::Rs256 => &RSA_PKCS1_SHA256,
            Scheme::EdDsa | Scheme::Es256 => return Err(KeyRefusal::Cryptography),
        };
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(encoding, &SystemRandom::new(), bytes, &mut signature)?;
        Ok(signature)
    }
}

/// One that decrypts.
pub(crate) struct RsaOpening {
    key: OaepPrivateDecryptingKey,
    modulus: Vec<u8>,
}

impl RsaOpening {
    pub(crate) fn of(pkcs8: &[u8]) -> Result<Self, KeyRefusal> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| KeyRefusal::Cryptography)?;
        Ok(Self { key: OaepPrivateDecryptingKey::new(key)?, modulus: RsaPair::of(pkcs8)?.modulus() })
    }

    pub(crate) fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// One refusal for whatever is wrong (RFC 8017 §7.1.2): which of the checks failed would be an oracle.
    pub(crate) fn decrypt(&self, oaep: Oaep, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
        let algorithm = match oaep {
            Oaep::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Oaep::Sha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let mut buffer = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let length = self.key.decrypt(algorithm, ciphertext, &mut buffer, None).map_err(|_| KeyRefusal::Unopenable)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}
