//! Timestamps (RFC 3161, RFC 5816, EN 319 422), both ends: [`Request`] is what is asked, [`Service`] answers as the timestamp
//! authority, [`Token`] is the answer checked, [`check`] compares it with the question.
//!
//! The clock and the serial numbers are arguments. A service that cannot vouch for its clock answers
//! [`Failure::TimeNotAvailable`]: a wrong time is worse than none.

mod authority;
mod info;
mod request;
mod response;
mod token;

pub use self::{
    authority::{Service, Unsigned},
    info::TstInfo,
    request::{Algorithm, Imprint, Request},
    response::{Failure, check, granted, rejected},
    token::Token,
};

#[cfg(test)]
mod tests;
