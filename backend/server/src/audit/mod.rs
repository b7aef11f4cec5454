//! The journal: what was done with an identity, by whom, when. Kept ten years (K2.7, K2.8; AU-01).
//!
//! An act writes its event in the transaction that does the act, so that neither exists without the other. There is one
//! hash chain per organisation and purpose, and one of the operator's; the chain holds H(salt ‖ payload), so a payload may lawfully be disposed of and the
//! chain still verifies. This slice knows only kind, actor, objects and payload: the owning slice builds its events.

mod journal;
mod seldom;
mod slowed;
mod verify;

pub use journal::{Actor, Chain, Event, Line, Purpose, about, dispose, record};
pub use seldom::{Whose, is_due, record_due, record_seldom};
pub use slowed::slowed;
pub use verify::{Finding, Verified, verify};
