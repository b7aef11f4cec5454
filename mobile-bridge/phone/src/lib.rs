//! The phone's core without IO: enrolment, approvals, inbox, wallet, unlock; it asks for signatures and is resumed.
//!
//! A shell (an app, the demo's page, a test) starts a [`Task`] and does what each [`Want`] says: sends a request, shows a
//! screen, has the [`KeyStore`] sign, talks to a lock. Then it resumes the [`Core`] with what it [`Got`]. So the same code runs on
//! every phone and in every test, and no private key, socket, clock or generator is in it.
//!
//! * [`wire`]: the HTTP API, the one contract between phone and server.
//! * [`Core`]: one task at a time; can be killed after every want ([`Core::save`], [`Core::restore`], [`Core::again`]).
//! * Three keys, each signing only its own typed structures ([`Structure`]): *device* (proofs of requests, nobody is asked),
//!   *approval* (the person is verified at each use), *door* (the person was verified a short while ago).
//!
//! Bindings for native apps (UniFFI) and for the browser (WebAssembly) wrap exactly this surface and belong beside this file as
//! `ffi.rs` and `web.rs`, each behind a feature of its own; there is nothing platform-specific for them to replace but the
//! [`KeyStore`]. The crate builds for `wasm32-unknown-unknown` as it is.

mod core;
pub mod demo_attestation;
mod dpop;
pub mod es256;
mod flows;
pub mod key_store;
mod memory;
mod outbox;
mod refusal;
mod screen;
mod structure;
mod task;
#[cfg(test)]
mod tests;
mod wallet;
pub mod wire;

pub use self::core::{Core, NotRestored};
pub use dpop::Proof;
pub use handslag_vocab::UnixTime;
pub use key_store::{KeyStore, KeyStoreRefusal, PublicKeys, SoftwareKeyStore, Verification};
pub use memory::Identity;
pub use refusal::{OutOfTurn, Refusal};
pub use screen::{ApprovalScreen, Button, Choice, DocumentShown, NumberField, PageScreen, Screen, SentValue, WhatHappens, WhoAsks};
pub use structure::Structure;
pub use task::{Got, LockRefusal, Method, Moment, Outcome, Request, Task, Turn, Want};
pub use wallet::{DoorNow, LeftOut, PassFault, When};
