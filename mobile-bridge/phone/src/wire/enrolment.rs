//! Enrolment: three keys, each proving itself over the server's challenge with its use in the signed bytes, so that a key
//! proved for one use cannot be registered for another.

use handslag_vocab::{OrgAffiliation, PhoneId, UnixTime};
use serde::{Deserialize, Serialize};

use super::{Bearer, Challenge, Octets, PublicKey, RawSignature};
use crate::es256;

/// Marks the form of the signed statement.
const TYPE: &str = "se.handslag.enrolment/1";

/// The language a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Swedish.
    Sv,
}

impl Language {
    /// The tag: `sv` or `en` (BCP 47).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sv => "sv",
        }
    }
}

/// What one of the phone's keys is for. Each signs only its own typed structures ([`crate::Structure`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    /// Approvals: the person is verified at each use.
    Approval,
    /// Proofs of the requests: nobody is asked.
    Device,
    /// Openings: the person was verified a short while ago.
    Door,
}

impl KeyUse {
    /// All three, in the order they prove themselves.
    pub const ALL: [Self; 3] = [Self::Device, Self::Approval, Self::Door];
}

/// What the phone's key rests on (architecture §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A synced passkey.
    T0,
    /// T0 and a key in this browser.
    T1,
    /// Keys in secure hardware, with evidence.
    T2,
    /// T2 and a second, roaming key.
    T3,
}

/// The worker has said yes; the invitation is presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolStart {
    /// The one-time text of the link or the QR code.
    pub invitation: Bearer,
    /// The language from now on.
    pub language: Language,
    /// The version of "what the employer sees" that was read before the yes.
    pub terms_version: String,
}

/// Who the phone will belong to, and what its keys sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolChallenge {
    /// 32 random bytes.
    pub challenge: Challenge,
    /// Names this enrolment until it is finished.
    pub enrolment: String,
    /// The worker's name.
    pub name: String,
    /// The organisation's name.
    pub organisation: String,
    /// The role.
    pub role: String,
    /// The unit.
    pub unit: String,
}

/// The three keys with their proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolFinish {
    /// What the key store says about the keys.
    pub attestation: Attestation,
    /// From [`EnrolChallenge`].
    pub enrolment: String,
    /// One key of each use.
    pub keys: Vec<EnrolledKey>,
}

/// One key and its signature over its [`EnrolmentStatement`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolledKey {
    /// What it is for.
    pub key_use: KeyUse,
    /// The key.
    pub public_key: PublicKey,
    /// By this key itself.
    pub signature: RawSignature,
}

/// Evidence of where the keys live. The format decides what `evidence` is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The evidence; empty for the format `none`.
    pub evidence: Octets,
    /// `se.handslag.demo`, or a platform's format.
    pub format: String,
}

/// The phone is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The organisation's name.
    pub organisation: String,
    /// This phone.
    pub phone: PhoneId,
    /// The server's time now.
    pub server_time: UnixTime,
    /// The tier that the evidence gave.
    pub tier: Tier,
    /// The work identity; every approval names it.
    pub who: OrgAffiliation,
}

/// What each key signs at enrolment: canonical JSON (RFC 8785), members in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentStatement {
    /// The server's challenge.
    pub challenge: Challenge,
    /// What the key is for.
    pub key_use: KeyUse,
    /// The key.
    pub public_key: PublicKey,
    #[serde(rename = "type")]
    form: String,
}

/// The key did not sign this enrolment for this use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key has not signed this enrolment for this use")]
pub struct NotProved;

impl EnrolmentStatement {
    /// Sets the form mark.
    pub fn new(challenge: Challenge, key_use: KeyUse, public_key: PublicKey) -> Self {
        Self { challenge, key_use, public_key, form: TYPE.to_owned() }
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising strings into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads canonical bytes; every other spelling is refused.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let statement: Self = serde_json::from_slice(bytes).ok()?;
        (statement.form == TYPE && statement.to_bytes() == bytes).then_some(statement)
    }
}

impl EnrolledKey {
    /// The server's check: the key signed this challenge for this use.
    pub fn check(&self, challenge: Challenge) -> Result<(), NotProved> {
        let statement = EnrolmentStatement::new(challenge, self.key_use, self.public_key);
        if es256::verifies(&self.public_key, &statement.to_bytes(), &self.signature) { Ok(()) } else { Err(NotProved) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Fixed, *};

    #[test]
    fn the_statement_has_one_byte_form() {
        let bytes = EnrolmentStatement::new(Fixed([9; 32]), KeyUse::Door, Fixed([4; 65])).to_bytes();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(text, value.to_string());
        assert!(EnrolmentStatement::parse(&bytes).is_some());
        let spellings =
            [text.replace(',', ", "), text.replace("enrolment/1", "enrolment/2"), text.replace("{\"ch", "{\"a\":1,\"ch"), format!("{text} ")];
        for spelling in spellings {
            assert!(EnrolmentStatement::parse(spelling.as_bytes()).is_none(), "{spelling}");
        }
    }
}
