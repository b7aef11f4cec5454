//! Key files, sealed with AES-256-GCM (SP 800-38D) under the master key.
//!
//! Form 1: `HSKEYS ‖ 01 ‖ check (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. The check names the master key without telling it, so
//! that a wrong key and a damaged file are told apart. Everything before the nonce and the kind's word are authenticated:
//! one kind's file cannot stand in for another's, nor a newer form pass for this one.
//! A whole old file put back is not noticed; whoever can do that owns the machine.

use std::path::Path;

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce},
    hmac,
};
use data_encoding::BASE64URL_NOPAD;
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    KeyRefusal, Kind,
    material::{SecretBytes, draw, gcm},
};

/// What all key files are sealed with. No `Debug`.
pub(crate) struct MasterKey {
    seal: LessSafeKey,
    check: [u8; 8],
}

impl MasterKey {
    /// A new key, and the text of its file.
    pub(crate) fn new(rng: &mut dyn CryptoRng) -> Result<(Self, Zeroizing<String>), KeyRefusal> {
        let secret = draw(rng);
        let mut body = BASE64URL_NOPAD.encode(secret.as_slice());
        let text = Zeroizing::new(format!("{MASTER_PREFIX}{body}\n"));
        body.zeroize();
        Ok((Self::of(&secret)?, text))
    }

    /// Reads the text of a master key file; `path` only names it in the refusal.
    pub(crate) fn parse(text: &[u8], path: &Path) -> Result<Self, KeyRefusal> {
        let malformed = || KeyRefusal::MasterKeyMalformed(path.to_owned());
        let body = text.trim_ascii_end().strip_prefix(MASTER_PREFIX.as_bytes()).ok_or_else(malformed)?;
        let decoded = Zeroizing::new(BASE64URL_NOPAD.decode(body).map_err(|_| malformed())?);
        let secret = Zeroizing::new(decoded.as_slice().try_into().map_err(|_| malformed())?);
        Self::of(&secret)
    }

    fn of(secret: &SecretBytes) -> Result<Self, KeyRefusal> {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()), b"handslag master key check");
        let check = *tag.as_ref().first_chunk().ok_or(KeyRefusal::Cryptography)?;
        Ok(Self { seal: gcm(secret.as_slice())?, check })
    }

    /// Seals a ring's stored form.
    pub(crate) fn seal(&self, kind: Kind, plain: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, KeyRefusal> {
        let head = self.head();
        let sealed = seal_with(&self.seal, &bound(&head, kind), plain, rng)?;
        Ok([head, sealed].concat())
    }

    /// Opens a key file; `path` only names it in the refusal.
    pub(crate) fn open(&self, kind: Kind, file: &[u8], path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyRefusal> {
        let damaged = || KeyRefusal::Damaged(path.to_owned());
        let rest = file.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let rest = rest.strip_prefix(&[FORM]).ok_or_else(|| KeyRefusal::UnknownForm(path.to_owned()))?;
        let (check, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        if *check != self.check {
            return Err(KeyRefusal::MasterKeyWrong(path.to_owned()));
        }
        open_with(&self.seal, &bound(&self.head(), kind), rest).ok_or_else(damaged)
    }

    fn head(&self) -> Vec<u8> {
        [MAGIC, &[FORM], &self.check].concat()
    }
}

/// What a file is bound to.
fn bound(head: &[u8], kind: Kind) -> Vec<u8> {
    [head, kind.as_str().as_bytes()].concat()
}

/// `nonce ‖ ciphertext ‖ tag`. The nonce is random, so one key must not seal more than 2³² texts (SP 800-38D §8.3).
pub(crate) fn seal_with(key: &LessSafeKey, aad: &[u8], plain: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, KeyRefusal> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
    buffer.extend_from_slice(plain);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut *buffer)?;
    Ok([nonce.as_slice(), &buffer].concat())
}

/// The opposite; `None` when anything at all is wrong.
pub(crate) fn open_with(key: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

const MAGIC: &[u8] = b"HSKEYS";
const FORM: u8 = 1;
const TAG_LEN: usize = 16;
/// Makes a leaked master key findable in logs and public repositories.
const MASTER_PREFIX: &str = "hs_master_";
