//! The door protocol of the pass: what the issuer signs, what the phone asks, what the lock decides and what it writes down.
//!
//! A lock is small, offline and alone with an adversary on the radio. Hence the rules of this crate: no allocation, no panic, no clock,
//! no randomness, every input refused unless its bytes are the only possible encoding of what they say.
//!
//! * [`claims`], [`pass`]: the pass, a CWT in COSE_Sign1. Issued in two steps, for the issuer's key lives elsewhere.
//! * [`request`]: the phone's signed request to open, over the lock's nonce.
//! * [`clock`]: what a lock may believe about the time, as intervals.
//! * [`state`], [`decide`](mod@decide), [`deny`]: what a lock knows, and the one pure decision.
//! * [`log`], [`receipt`], [`batch`]: the chained log and what a phone carries back; written by the lock, checked by the server.
//!
//! The place of `handshake` (EDHOC, RFC 9528) is beside [`request`]: it will give [`decide`](mod@decide) the same three facts that the nonce and the
//! signed request give now (which lock, which pass, a fresh signature by its key), hidden from a listener, and the limit of attempts a minute
//! belongs with its day tag: without the tag any stranger could spend it. Nothing else here changes with it.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(test)]
extern crate std;

pub mod batch;
mod cbor;
pub mod claims;
pub mod clock;
pub mod decide;
pub mod deny;
mod error;
pub mod log;
pub mod pass;
pub mod receipt;
pub mod request;
pub mod state;
#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use claims::{Claims, Class, DoorKey, GroupId, LockId, Op, Ops, PassId, RevocationIndex, Scope, Window, Windows};
pub use clock::{LockClock, Reading, Ticks};
pub use decide::{Allow, Decision, decide};
pub use deny::Deny;
pub use error::Error;
pub use heapless;
pub use log::{Chain, Entry, Fault, Record};
pub use pass::{Kid, UnverifiedPass};
pub use receipt::{Link, Receipt};
pub use request::{Challenge, Nonce, OpenRequest, Reason, UnverifiedRequest};
pub use state::{IssuerKey, LockState, RevocationList, Uses};
