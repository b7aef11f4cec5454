//! Who works where: organisations, persons, affiliations, and the invitation that gives a colleague a work identity.
//!
//! Invariants: an affiliation's `who` and `subject` are random, say nothing about the person and are never given again (SE-03,
//! OP-21). An invitation is a one-time link that expires; before any yes the colleague reads what the employer sees
//! (LC-03), and a no leaves no trace on the phone. Blocking is one state that every use reads (LC-08).

mod affiliations;
mod attributes;
mod invitations;
mod invite;
mod invited;
mod organisations;
mod persons;
mod wanted;

pub use affiliations::{Affiliation, AffiliationKind, Hired, Standing, block, blocked_event, by_id, by_subject, by_who, find, hire, name, of_unit};
pub use attributes::{Entered, Known, enter, forget, is_sound as is_sound_attribute, known, known_for, of as attributes, purge};
pub use invitations::{
    Invitation, TO_ENROL, begin_enrolment, create as create_invitation, enrolled, enrolled_by, of_enrolment, peek as peek_invitation, terms_accepted,
};
pub use invite::{Answered, NewColleague, invitation_link, invite};
pub use invited::page as invitation_page;
pub use organisations::{Organisation, by_id as organisation, by_number as organisation_by_number, create as create_organisation};
pub use persons::{Person, create as create_person};
pub use wanted::{Wanted, subject};

use axum::{Router, routing::get};

use handslag_vocab::Secret;

use crate::server::Server;

/// The version of the seven lines; a change of their meaning is a new version, and the one accepted is kept with the invitation.
pub const TERMS_VERSION: &str = "2026-11-1";

/// The secret behind an invitation's address, or behind what stands after its last slash.
pub fn invitation_of(text: &str) -> Secret {
    Secret::presented(format!("hs_invite_{}", text.rsplit('/').next().unwrap_or_default()))
}

/// The pages an invited person meets.
pub fn routes() -> Router<Server> {
    Router::new().route("/inbjudan/{link}", get(invited::show).post(invited::answer)).route("/inbjudan/{link}/kod.svg", get(invited::code))
}
