//! The words every crate uses. Floor 0: no IO, no clock, no randomness of its own; `now` and the generator are arguments.
//!
//! A checked word has another type than an unchecked string: an [`OrganisationNumber`] has a right check digit,
//! a [`Secret`] never reaches a log or the database, and an [`Approval`] has exactly one byte form.
#![warn(missing_docs)]

mod approval;
mod assurance;
mod control_words;
mod digest;
mod id;
mod message;
mod organisation;
mod person_number;
mod secret;
mod taking;
mod time;

pub use approval::{Approval, ApprovalKind, Document, Granted, NotCanonical, Requester, Shared, StartKind, ToSign};
pub use assurance::Assurance;
pub use control_words::ControlWords;
pub use digest::Digest;
pub use id::{
    AffiliationId, ApprovalId, ClientId, CredentialId, DoorId, GrantId, InvitationId, MalformedId, OpeningId, OrganisationId, PassId, PersonId,
    PhoneId, SessionId, SignatureId, VisitId,
};
pub use message::{Block, BlockKind, MessageType, Span, is_showable};
pub use organisation::{MalformedOrganisationNumber, OrgAffiliation, OrganisationNumber};
pub use person_number::{MalformedPersonNumber, PersonNumber};
pub use secret::{Secret, SecretHash};
pub use taking::Taking;
pub use time::{Seconds, UnixTime};
