//! The only crate that names Cedar: a question in, an answer with rule ids out (style 12).
//!
//! The rules stand in `policies/*.cedar`, with the words for people beside each. Default deny; a rule that cannot be evaluated
//! denies too. No type of Cedar leaves this crate, so that the engine can be changed without touching a caller.
#![warn(missing_docs)]

mod cast;
mod load;
mod matrix;
mod policies;
mod question;
mod translate;

#[cfg(test)]
mod needed;
#[cfg(test)]
mod stories;

pub use load::MalformedPolicies;
pub use policies::{Answer, Policies, RuleId};
pub use question::{Act, Colleague, DocumentClass, Kind, Letting, Opening, Passing, Question, Role, Service, Tier, Unit, Visit, Who};
