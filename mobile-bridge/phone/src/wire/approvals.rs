//! Approvals over the wire: claimed by something near, shown, then approved by a signature over the canonical bytes or declined.

use handslag_vocab::{ApprovalId, SignatureId, StartKind};
use serde::{Deserialize, Serialize};

use super::{Bearer, Language, Octets, RawSignature};

/// The phone takes a waiting approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The language the text shall be in.
    pub language: Language,
    /// What was near.
    pub start: Start,
}

/// How the person came here. Never a typed name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Start {
    /// A log-in from the inbox: a service that knows the person asked. The number on its screen goes with the yes.
    Asked {
        /// Which one.
        approval: ApprovalId,
    },
    /// A signature from the inbox.
    Assigned {
        /// Which one.
        signature: SignatureId,
    },
    /// Eight digits from a screen.
    Code {
        /// The digits.
        digits: Bearer,
    },
    /// A link in this phone's browser.
    Link {
        /// The link's one-time text.
        token: Bearer,
    },
    /// A moving QR code.
    Qr {
        /// The text in the code.
        text: Bearer,
    },
}

impl Start {
    /// The kind that the claimed approval must name.
    pub const fn kind(&self) -> StartKind {
        match self {
            Self::Asked { .. } => StartKind::Number,
            Self::Assigned { .. } => StartKind::Assigned,
            Self::Code { .. } => StartKind::TypedCode,
            Self::Link { .. } => StartKind::SameDevice,
            Self::Qr { .. } => StartKind::MovingQr,
        }
    }
}

/// What the person is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The canonical bytes of a [`handslag_vocab::Approval`].
    pub approval: Octets,
    /// Pages of each document, as many as can be fetched.
    pub documents: Vec<u32>,
}

/// The approval has been shown; for documents, all their pages have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Pages read of each document; absent when there are no documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_read: Option<Vec<u32>>,
}

/// The person approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// The number that the other screen shows, for what began there. A wrong one ends the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// Over exactly the claimed bytes.
    pub signature: ApprovalSignature,
}

/// The two ways to sign an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum ApprovalSignature {
    /// ES256 by the app's approval key over the bytes.
    App {
        /// `r ‖ s`.
        signature: RawSignature,
    },
    /// A WebAuthn assertion whose challenge is SHA-256 of the bytes (WebAuthn L3 §7.2).
    Webauthn {
        /// `authenticatorData`.
        authenticator_data: Octets,
        /// `clientDataJSON`.
        client_data_json: Octets,
        /// `rawId`.
        credential_id: Octets,
        /// DER, as the authenticator gave it.
        signature: Octets,
    },
}

/// It is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedAnswer {
    /// Where the person goes on, when the log-in began on this phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
}

/// The person says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// Why.
    pub reason: DeclineReason,
}

/// Why a person says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// "Avbryt".
    Cancelled,
    /// "Det är inte jag": somebody else started this.
    NotMe,
}
