//! Authenticator data (Web Authentication Level 3 §6.1): rpIdHash ‖ flags ‖ signCount ‖ [attested credential] ‖ [extensions],
//! read to the last byte, because the signature covers all of it.

use handslag_vocab::Digest;
use minicbor::{Decoder, data::Type};

use super::{CredentialKey, Refusal, credential_key::read_cose};

/// The flags octet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags(u8);

impl Flags {
    pub(super) const fn user_present(self) -> bool {
        self.0 & 0x01 != 0
    }

    pub(super) const fn user_verified(self) -> bool {
        self.0 & 0x04 != 0
    }

    pub(super) const fn backup_eligible(self) -> bool {
        self.0 & 0x08 != 0
    }

    pub(super) const fn backup_state(self) -> bool {
        self.0 & 0x10 != 0
    }

    const fn attested(self) -> bool {
        self.0 & 0x40 != 0
    }

    const fn extensions(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// The fixed head of authenticator data.
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    pub(super) rp_id_hash: Digest,
    pub(super) flags: Flags,
    pub(super) sign_count: u32,
}

impl AuthenticatorData {
    /// Reads authenticator data of an assertion, in which no attested credential stands (§6.1).
    pub(super) fn parse_assertion(bytes: &[u8]) -> Result<Self, Refusal> {
        let (head, rest) = Self::head(bytes)?;
        if head.flags.attested() {
            return Err(Refusal::AuthenticatorData);
        }
        extensions_end_it(head.flags, rest)?;
        Ok(head)
    }

    fn head(bytes: &[u8]) -> Result<(Self, &[u8]), Refusal> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(Refusal::AuthenticatorData)?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(Refusal::AuthenticatorData)?;
        let (sign_count, rest) = rest.split_first_chunk::<4>().ok_or(Refusal::AuthenticatorData)?;
        let head = Self { rp_id_hash: Digest(*rp_id_hash), flags: Flags(*flags), sign_count: u32::from_be_bytes(*sign_count) };
        Ok((head, rest))
    }
}

/// What a registration says about the new credential (§6.5.1).
#[derive(Clone, Debug)]
pub struct AttestedCredential {
    /// SHA-256 of the relying-party id.
    pub rp_id_hash: Digest,
    /// The model of the authenticator; zeros where it does not say.
    pub aaguid: [u8; 16],
    /// The credential id, 1–1023 bytes.
    pub credential_id: Vec<u8>,
    /// The public key.
    pub key: CredentialKey,
    /// The public key as it stood, to be stored and read again with [`CredentialKey::from_cose`].
    pub cose_key: Vec<u8>,
    /// BE at registration, to be stored.
    pub backup_eligible: bool,
    /// BS at registration.
    pub backup_state: bool,
}

/// Takes authenticator data of a registration and gives its credential. It proves nothing by itself: the ceremony of a
/// registration is checked where the passkey is registered.
pub fn attested_credential(authenticator_data: &[u8]) -> Result<AttestedCredential, Refusal> {
    let (head, rest) = AuthenticatorData::head(authenticator_data)?;
    if !head.flags.attested() {
        return Err(Refusal::AuthenticatorData);
    }
    let (aaguid, rest) = rest.split_first_chunk::<16>().ok_or(Refusal::AuthenticatorData)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Refusal::AuthenticatorData)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (credential_id, rest) = rest.split_at_checked(length).ok_or(Refusal::AuthenticatorData)?;
    if !(1..=1023).contains(&length) {
        return Err(Refusal::AuthenticatorData);
    }
    let (key, used) = read_cose(rest)?;
    let (cose_key, rest) = rest.split_at_checked(used).ok_or(Refusal::AuthenticatorData)?;
    extensions_end_it(head.flags, rest)?;
    Ok(AttestedCredential {
        rp_id_hash: head.rp_id_hash,
        aaguid: *aaguid,
        credential_id: credential_id.to_vec(),
        key,
        cose_key: cose_key.to_vec(),
        backup_eligible: head.flags.backup_eligible(),
        backup_state: head.flags.backup_state(),
    })
}

/// With the ED flag exactly one CBOR map follows; without it, nothing.
fn extensions_end_it(flags: Flags, rest: &[u8]) -> Result<(), Refusal> {
    if !flags.extensions() {
        return if rest.is_empty() { Ok(()) } else { Err(Refusal::AuthenticatorData) };
    }
    let mut decoder = Decoder::new(rest);
    let is_map = decoder.datatype().is_ok_and(|kind| kind == Type::Map);
    let ends = is_map && decoder.skip().is_ok() && decoder.position() == rest.len();
    if ends { Ok(()) } else { Err(Refusal::AuthenticatorData) }
}
