//! The phone's HTTP API: the one contract, used by the phone's core and by the server.
//!
//! Requests refuse unknown members, so that a newer phone is told apart instead of half understood; answers may gain members.
//! Binary values are base64url without padding (RFC 4648 §5). Everything after the enrolment carries a proof of the device
//! key in the header `DPoP` (RFC 9449). Every request may be sent again with the same body and then has the same answer,
//! because a phone can be killed between asking and hearing.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /phone/enrol/start` | [`EnrolStart`] | [`EnrolChallenge`] |
//! | `POST /phone/enrol/finish` | [`EnrolFinish`] | [`Enrolled`] |
//! | `GET /phone/inbox` | | [`Inbox`] |
//! | `POST /phone/approvals` | [`Claim`] | [`Claimed`] |
//! | `GET /phone/approvals/{txn}` | | nothing, while it waits for this phone's answer |
//! | `POST /phone/approvals/{txn}/shown` | [`Shown`] | nothing |
//! | `GET /phone/approvals/{txn}/documents/{d}/pages/{n}` | | `image/png`; `d` and `n` count from 1 |
//! | `POST /phone/approvals/{txn}/approve` | [`Approve`] | [`ApprovedAnswer`] |
//! | `POST /phone/approvals/{txn}/decline` | [`Decline`] | nothing |
//! | `GET /phone/wallet` | | [`Wallet`] |
//! | `POST /phone/outbox` | [`Outbox`] | [`OutboxAnswer`] |
//! | `GET /phone/transparency` | | [`Transparency`] |
//! | `DELETE /phone` | | nothing |
//!
//! A refusal has a status from 400 and a [`Problem`].

mod account;
mod approvals;
mod doors;
mod enrolment;
mod octets;

pub use account::{AskedLogIn, Inbox, InboxItem, Look, PhoneFacts, Problem, Transparency, Use};
pub use approvals::{ApprovalSignature, Approve, ApprovedAnswer, Claim, Claimed, Decline, DeclineReason, Shown, Start};
pub use doors::{Outbox, OutboxAnswer, Wallet, WalletDoor};
pub use enrolment::{
    Attestation, EnrolChallenge, EnrolFinish, EnrolStart, Enrolled, EnrolledKey, EnrolmentStatement, KeyUse, Language, NotProved, Tier,
};
pub use octets::{Bearer, Challenge, Fixed, LockId, Octets, PublicKey, RawSignature};
