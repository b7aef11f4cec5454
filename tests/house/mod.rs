//! The house rules, read from the source tree: who may use whom, how large a room may grow, which words people meet.
//!
//! A rule that only stands in a document is forgotten; each of these fails with the file and the line that breaks it.
//! The readers beside the rules (`source`, `rust`, `ftl`, `lix`, `spdx`) are tested on small texts of their own.

mod floors;
mod ftl;
mod habits;
mod lix;
mod outward;
mod requirements;
mod rust;
mod said;
mod sizes;
mod slices;
mod source;
mod spdx;
mod supply;
mod words;
