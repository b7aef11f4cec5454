//! The inbox, what the worker may see about the own phone, and the body of a refusal.

use handslag_vocab::{ApprovalId, SignatureId, UnixTime};
use serde::{Deserialize, Serialize};

use super::Tier;

/// What waits for this person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// Signatures, oldest first.
    pub items: Vec<InboxItem>,
    /// Log-ins that services ask for, oldest first.
    #[serde(default)]
    pub log_ins: Vec<AskedLogIn>,
}

/// One log-in that a service asks this person for. What the service says about it is read where it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedLogIn {
    /// Starts it ([`super::Start::Asked`]).
    pub approval: ApprovalId,
    /// After this time it is gone.
    pub expires_at: UnixTime,
    /// The organisation behind the service.
    pub organisation: String,
    /// The service.
    pub requester: String,
}

/// One signature that this person is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxItem {
    /// After this time it is gone.
    pub expires_at: UnixTime,
    /// Pages in all.
    pub pages: u32,
    /// Who asks.
    pub requester: String,
    /// Starts it ([`super::Start::Assigned`]).
    pub signature: SignatureId,
    /// The title.
    pub title: String,
}

/// What the employer sees, every use, and who looked. Sentences are in the language asked for by `Accept-Language`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transparency {
    /// Sentences.
    pub employer_does_not_see: Vec<String>,
    /// Sentences.
    pub employer_sees: Vec<String>,
    /// Who looked at this person's uses.
    pub looked: Vec<Look>,
    /// What is known about this phone.
    pub phone: PhoneFacts,
    /// Every use of the identity, newest first.
    pub uses: Vec<Use>,
}

/// One use of the identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// When.
    pub at: UnixTime,
    /// What was done.
    pub what: String,
    /// The service, document or door.
    #[serde(rename = "where")]
    pub place: String,
}

/// Somebody looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: UnixTime,
    /// Who.
    pub who: String,
    /// The reason given.
    pub why: String,
}

/// All that the server keeps about the phone itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneFacts {
    /// When it was enrolled.
    pub enrolled_at: UnixTime,
    /// When it was last used.
    pub last_used_at: Option<UnixTime>,
    /// The version of the text that was accepted.
    pub terms_version: String,
    /// What its keys rest on.
    pub tier: Tier,
}

/// A refusal: a stable code, and what a person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, `snake_case`.
    pub code: String,
    /// In English.
    pub en: String,
    /// In Swedish.
    pub sv: String,
}
