//! The structures that a phone signs, told apart by their bytes. Each key signs only its own: no signature by one key for one
//! purpose can be taken for another (phones-and-doors P29).

use handslag_door::{OpenRequest, UnverifiedRequest};
use handslag_vocab::Approval;

use crate::{
    dpop,
    wire::{EnrolmentStatement, KeyUse},
};

/// What some bytes to be signed are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Structure {
    /// An approval, by the approval key.
    Approval,
    /// An enrolment, by the key it names.
    Enrolment(KeyUse),
    /// A request to a lock, by the door key.
    Opening,
    /// A proof of a request (RFC 9449), by the device key.
    Proof,
}

impl Structure {
    /// Reads the bytes as each structure; `None` when they are none.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if let Some(statement) = EnrolmentStatement::parse(bytes) {
            return Some(Self::Enrolment(statement.key_use));
        }
        let kinds: [(Self, bool); 3] = [
            (Self::Approval, Approval::parse(bytes).is_ok()),
            (Self::Opening, opening(bytes).is_some()),
            (Self::Proof, dpop::is_signing_input(bytes)),
        ];
        kinds.into_iter().find_map(|(kind, is)| is.then_some(kind))
    }

    /// The key that signs it.
    pub const fn key(self) -> KeyUse {
        match self {
            Self::Approval => KeyUse::Approval,
            Self::Enrolment(key_use) => key_use,
            Self::Opening => KeyUse::Door,
            Self::Proof => KeyUse::Device,
        }
    }
}

/// Reads what a door key signs, in its one encoding. The door crate reads only signed requests, so an empty signature is put
/// beside it: `[bstr, bstr .size 64]`.
pub(crate) fn opening(to_be_signed: &[u8]) -> Option<OpenRequest> {
    let length = u8::try_from(to_be_signed.len()).ok().filter(|length| *length >= 24)?;
    let signed = [&[0x82, 0x58, length], to_be_signed, &[0x58, 64], &[0; 64]].concat();
    UnverifiedRequest::parse(&signed).ok().map(|signed| signed.request)
}
