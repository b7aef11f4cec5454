//! The only crate that runs SQL: one text for SQLite (embedded default) and PostgreSQL.
//!
//! A slice gives a *unit of work* as an async closure; it may borrow what stands around it, and the whole is `Send`,
//! so that it stands in an axum handler as it is:
//!
//! ```
//! use handslag_store::{Db, Error, FromRow, Tx};
//! use handslag_vocab::{ClientId, GrantId, SecretHash, UnixTime};
//!
//! #[derive(FromRow)]
//! struct Grant {
//!     grant_id: GrantId,
//!     client_id: ClientId,
//! }
//!
//! // The record file: SQL as constant text, arguments as a tuple (references and `Option` too; one value is `(value,)`).
//! async fn redeem(tx: &mut Tx, code: &SecretHash, now: UnixTime) -> Result<Option<Grant>, Error> {
//!     tx.optional(
//!         "UPDATE grants SET redeemed_at = $2 WHERE code_hash = $1 AND redeemed_at IS NULL RETURNING grant_id, client_id",
//!         (code, now),
//!     )
//!     .await
//! }
//!
//! enum Refused {
//!     Spent,
//!     Store(Error),
//! }
//! impl From<Error> for Refused {
//!     fn from(error: Error) -> Self {
//!         Self::Store(error)
//!     }
//! }
//!
//! // The endpoint file: the error is the handler's own; `?` works on the store's errors.
//! async fn handler(db: Db, code: SecretHash, now: UnixTime) -> Result<ClientId, Refused> {
//!     let grant = db.write(async |tx| redeem(tx, &code, now).await?.ok_or(Refused::Spent)).await?;
//!     let known: Option<(i64,)> = db.read(async |tx| tx.optional("SELECT since FROM clients WHERE client_id = $1", (&grant.client_id,)).await).await?;
//!     Ok(grant.client_id)
//! }
//! # fn in_a_task(db: Db, code: SecretHash) {
//! tokio::spawn(async move { handler(db, code, UnixTime::from_seconds(0)).await.is_ok() });
//! # }
//! ```
//!
//! Where nothing names the error type, write it: `Ok::<_, Error>(())` or `async |tx| -> Result<(), Error> { … }`.
//!
//! Invariants
//! * `Ok` is answered after the commit that holds it reached the disk; `Err` undoes everything the unit did.
//!   *Commit before you refuse:* a refusal that must leave a trace is `Ok(Err(refusal))` or another `Ok` value.
//! * After a statement failed, the unit is over on both engines: later statements give [`Error::Aborted`] and `Ok` becomes the first error.
//! * What was left for [`Tx::later`] runs before the unit's next statement, and before its end; where it fails, the unit fails.
//! * A dropped or panicking unit is undone and harms no other (`writer.rs`).
//! * Inside a unit nothing is awaited but its [`Tx`]: on SQLite everybody else waits meanwhile, and a `db.write` inside a
//!   `db.write` would wait for itself (it gives [`Error::Busy`] after five seconds).

mod ahead;
mod args;
mod counters;
mod db;
mod error;
pub mod inventory;
mod later;
mod readers;
mod seen;
mod shared;
mod tx;
mod wakeups;
mod writer;

pub use args::{Args, Record, Value};
pub use counters::{Allowance, Counters};
pub use db::{Db, Place};
pub use error::{Error, Rule};
pub use shared::{Life, Shared};
/// Derives a [`Record`]; the deriving crate needs `sqlx` among its dependencies for the derive's paths, and nothing else of it.
pub use sqlx::FromRow;
pub use tx::Tx;
pub use wakeups::{Listener, Wakeups};
