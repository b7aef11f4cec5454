//! WebAuthn assertions over a challenge of ours (Web Authentication Level 3 §7.2), because the challenge is SHA-256 of an
//! approval's canonical bytes and the library that registers passkeys only takes challenges it drew itself.
//!
//! Invariants: origins are compared whole, never by suffix (`badexample.com` is not `example.com`); user verification is demanded
//! unless the caller says otherwise; a backup-eligible flag that changed is refused, because the tier rests on it. The signature
//! counter is reported and never locks anyone out: synced passkeys count 0 for ever.

mod authenticator_data;
mod client_data;
mod credential_key;
mod refusal;
#[cfg(test)]
mod tests;

use handslag_vocab::Digest;

use authenticator_data::AuthenticatorData;
pub use authenticator_data::{AttestedCredential, attested_credential};
use client_data::ClientData;
pub use credential_key::CredentialKey;
pub use refusal::Refusal;

/// The three byte strings that the browser hands over, unchecked.
#[derive(Clone, Copy, Debug)]
pub struct UnverifiedAssertion<'a> {
    /// `response.clientDataJSON`.
    pub client_data_json: &'a [u8],
    /// `response.authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `response.signature`.
    pub signature: &'a [u8],
}

/// What the assertion must be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// SHA-256 of the canonical bytes of the approval.
    pub challenge: Digest,
    /// Origins of our own pages, each whole: `https://id.example.se`.
    pub origins: &'a [String],
    /// The relying-party id that is stored with the passkey.
    pub rp_id: &'a str,
    /// The public key that is stored with the passkey.
    pub key: &'a CredentialKey,
    /// The BE flag that is stored with the passkey.
    pub backup_eligible: bool,
    /// Whether a PIN or biometrics must have been used.
    pub user_verification: UserVerification,
    /// Whether our page may stand inside somebody else's.
    pub framing: Framing<'a>,
}

/// Whether a PIN or biometrics must have been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// Always, for an approval.
    Required,
    /// A touch is enough; the caller reads [`Assertion::user_verified`].
    Preferred,
}

/// Whether the ceremony may run in a frame inside a page of another origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing<'a> {
    /// Our own page stands on top. An approval inside a foreign page could be overlaid.
    Refused,
    /// Any nesting whose top page, when the browser names it, is one of these origins.
    Within(&'a [String]),
}

/// What a verified assertion says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four flags of one octet, named as the specification names them")]
pub struct Assertion {
    /// UP: somebody touched the authenticator. Always true; kept because it is evidence.
    pub user_present: bool,
    /// UV: a PIN or biometrics were used.
    pub user_verified: bool,
    /// BE: the passkey may be copied between devices.
    pub backup_eligible: bool,
    /// BS: it has been.
    pub backup_state: bool,
    /// The signature counter; 0 where the authenticator does not count.
    pub sign_count: u32,
}

impl Assertion {
    /// Whether the counter says that a copy of the key may exist (§7.2 step 22). A warning for the journal, not a refusal.
    pub const fn counter_went_back(&self, stored: u32) -> bool {
        (self.sign_count != 0 || stored != 0) && self.sign_count <= stored
    }
}

/// The parsed parts and what they are held against.
struct Ceremony<'a> {
    presented: UnverifiedAssertion<'a>,
    client: ClientData,
    authenticator: AuthenticatorData,
    expected: &'a Expected<'a>,
}

type Check = fn(&Ceremony<'_>) -> Result<(), Refusal>;

/// In the order of §7.2; the signature last, over bytes whose meaning is then known.
const CHECKS: [Check; 10] = [
    is_an_assertion,
    challenge_is_ours,
    origin_is_ours,
    frame_is_allowed,
    rp_id_is_ours,
    user_was_present,
    user_was_verified,
    backup_flags_are_possible,
    backup_eligibility_is_as_registered,
    signature_is_by_the_key,
];

/// Takes what the browser sent and what is expected; gives the flags if every check of §7.2 holds, else the first that does not.
pub fn verify(presented: UnverifiedAssertion<'_>, expected: &Expected<'_>) -> Result<Assertion, Refusal> {
    let client = ClientData::parse(presented.client_data_json)?;
    let authenticator = AuthenticatorData::parse_assertion(presented.authenticator_data)?;
    let ceremony = Ceremony { presented, client, authenticator, expected };
    CHECKS.iter().try_for_each(|check| check(&ceremony))?;
    let AuthenticatorData { flags, sign_count, .. } = ceremony.authenticator;
    Ok(Assertion {
        user_present: flags.user_present(),
        user_verified: flags.user_verified(),
        backup_eligible: flags.backup_eligible(),
        backup_state: flags.backup_state(),
        sign_count,
    })
}

/// §7.2 step 11. A registration's client data must not pass as an assertion.
fn is_an_assertion(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    if ceremony.client.ceremony == "webauthn.get" { Ok(()) } else { Err(Refusal::Ceremony) }
}

/// §7.2 step 12. The text form is compared, so that a second base64url spelling is refused too.
fn challenge_is_ours(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    if ceremony.client.challenge == ceremony.expected.challenge.to_base64url() { Ok(()) } else { Err(Refusal::Challenge) }
}

/// §7.2 step 13 and §13.4.9: the whole string.
fn origin_is_ours(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    if ceremony.expected.origins.contains(&ceremony.client.origin) { Ok(()) } else { Err(Refusal::Origin) }
}

/// §7.2 steps 14 and 15.
fn frame_is_allowed(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    let client = &ceremony.client;
    match (ceremony.expected.framing, client.cross_origin, &client.top_origin) {
        (_, false, None) | (Framing::Within(_), true, None) => Ok(()),
        (_, false, Some(_)) => Err(Refusal::TopOrigin),
        (Framing::Refused, true, _) => Err(Refusal::CrossOrigin),
        (Framing::Within(tops), true, Some(top)) => tops.contains(top).then_some(()).ok_or(Refusal::TopOrigin),
    }
}

/// §7.2 step 16.
fn rp_id_is_ours(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    let ours = Digest::of(ceremony.expected.rp_id.as_bytes());
    if ceremony.authenticator.rp_id_hash == ours { Ok(()) } else { Err(Refusal::RpId) }
}

/// §7.2 step 17.
fn user_was_present(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    if ceremony.authenticator.flags.user_present() { Ok(()) } else { Err(Refusal::UserPresence) }
}

/// §7.2 step 18.
fn user_was_verified(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    let demanded = ceremony.expected.user_verification == UserVerification::Required;
    if demanded && !ceremony.authenticator.flags.user_verified() { Err(Refusal::UserVerification) } else { Ok(()) }
}

/// §7.2 step 19: what cannot be copied cannot have been copied.
fn backup_flags_are_possible(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    let flags = ceremony.authenticator.flags;
    if flags.backup_state() && !flags.backup_eligible() { Err(Refusal::BackupState) } else { Ok(()) }
}

/// §7.2 step 20 with §6.1.3: BE is set at registration and never changes, and the tier was given for it.
fn backup_eligibility_is_as_registered(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    let same = ceremony.authenticator.flags.backup_eligible() == ceremony.expected.backup_eligible;
    if same { Ok(()) } else { Err(Refusal::BackupEligibility) }
}

/// §7.2 steps 21 and 22: over authenticatorData ‖ SHA-256(clientDataJSON).
fn signature_is_by_the_key(ceremony: &Ceremony<'_>) -> Result<(), Refusal> {
    let mut message = ceremony.presented.authenticator_data.to_vec();
    message.extend_from_slice(Digest::of(ceremony.presented.client_data_json).as_bytes());
    ceremony.expected.key.verify(&message, ceremony.presented.signature)
}
