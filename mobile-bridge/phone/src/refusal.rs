//! What the phone itself refuses ([`Refusal`]: the flow ends, a person is told) and what a shell does wrong ([`OutOfTurn`]:
//! nothing changes).

use serde::{Deserialize, Serialize};

/// The phone refuses, whatever the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// This phone already has a work identity.
    #[error("the phone is already enrolled")]
    AlreadyEnrolled,
    /// The server's answer is not what the contract says.
    #[error("the server's answer could not be read")]
    AnswerUnreadable,
    /// The time to approve is over.
    #[error("the approval has expired")]
    ApprovalExpired,
    /// The approval names another work identity than this phone's.
    #[error("the approval is for another work identity")]
    ApprovalForOther,
    /// The text is in another language than asked for.
    #[error("the approval is in another language")]
    ApprovalLanguage,
    /// Not the canonical bytes of an approval (RFC 8785).
    #[error("the approval is not in canonical form")]
    ApprovalNotCanonical,
    /// This phone has already answered this approval.
    #[error("the approval has already been answered")]
    ApprovalSpent,
    /// A text holds characters that make it read otherwise than it is.
    #[error("the approval holds text that cannot be shown as it is")]
    ApprovalUnshowable,
    /// A typed code has eight digits.
    #[error("the code is not eight digits")]
    CodeForm,
    /// The documents do not fit the approval, or its kind.
    #[error("the documents do not fit the approval")]
    DocumentsMismatch,
    /// The wallet has no pass for this door.
    #[error("the phone has no pass for this door")]
    DoorUnknown,
    /// The key store did not sign, make or vouch for keys.
    #[error("the phone's key store refused")]
    KeyStore,
    /// The three keys are not three different ones.
    #[error("the phone's keys are not three different keys")]
    KeysNotDifferent,
    /// The lock's answer is not what the contract says.
    #[error("the lock's answer could not be read")]
    LockAnswerUnreadable,
    /// Another lock answered than that of the door that was chosen.
    #[error("another lock answered than that of the chosen door")]
    LockMismatch,
    /// The lock did not answer.
    #[error("the lock did not answer")]
    LockSilent,
    /// What is signed is not the message that is shown.
    #[error("the message shown is not the one that is signed")]
    MessageMismatch,
    /// The phone has no work identity.
    #[error("the phone is not enrolled")]
    NotEnrolled,
    /// The page is not an image.
    #[error("the page could not be read")]
    PageUnreadable,
    /// The approval came by another way than it says, or that way is not allowed for it.
    #[error("the approval was not started in a way that fits it")]
    StartMismatch,
}

impl Refusal {
    /// A stable code; pages have words for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyEnrolled => "already_enrolled",
            Self::AnswerUnreadable => "answer_unreadable",
            Self::ApprovalExpired => "approval_expired",
            Self::ApprovalForOther => "approval_for_other",
            Self::ApprovalLanguage => "approval_language",
            Self::ApprovalNotCanonical => "approval_not_canonical",
            Self::ApprovalSpent => "approval_spent",
            Self::ApprovalUnshowable => "approval_unshowable",
            Self::CodeForm => "code_form",
            Self::DocumentsMismatch => "documents_mismatch",
            Self::DoorUnknown => "door_unknown",
            Self::KeyStore => "key_store",
            Self::KeysNotDifferent => "keys_not_different",
            Self::LockAnswerUnreadable => "lock_answer_unreadable",
            Self::LockMismatch => "lock_mismatch",
            Self::LockSilent => "lock_silent",
            Self::MessageMismatch => "message_mismatch",
            Self::NotEnrolled => "not_enrolled",
            Self::PageUnreadable => "page_unreadable",
            Self::StartMismatch => "start_mismatch",
        }
    }
}

/// The core was resumed with something it does not wait for. Nothing has changed; what it waits for stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfTurn {
    /// A task runs already; finish or abandon it.
    #[error("another task is running")]
    Busy,
    /// The screen does not have this button, or it cannot be pressed yet (unread pages).
    #[error("the button is not offered now")]
    Button,
    /// Nothing runs.
    #[error("no task is running")]
    Idle,
    /// The signature is not by the right key over the right bytes.
    #[error("the signature does not fit what was to be signed")]
    Signature,
    /// An answer to an earlier want: late, or replayed.
    #[error("the answer belongs to another turn")]
    Turn,
    /// Not the kind of thing that is waited for.
    #[error("something else was waited for")]
    Unexpected,
}

impl OutOfTurn {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Button => "button",
            Self::Idle => "idle",
            Self::Signature => "signature",
            Self::Turn => "turn",
            Self::Unexpected => "unexpected",
        }
    }
}
