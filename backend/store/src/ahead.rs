//! Control statements on SQLite that are sent ahead of a unit's own statements and not waited for.
//!
//! A connection has a thread of its own, which takes its commands in order; a trip there and back costs more than most statements. What
//! has no outcome worth waiting for therefore goes along with the next statement.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use sqlx::SqliteConnection;

use crate::Error;

/// Puts the statement in line on the connection's thread, which the first poll does, and leaves it there. An error says that it is not in
/// line; whether it succeeds is not heard.
#[expect(clippy::disallowed_methods, reason = "control statements of the store itself")]
pub(crate) fn send(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Error> {
    match pin!(sqlx::query(sql).execute(connection)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => Err(error.into()),
        Poll::Ready(Ok(_)) | Poll::Pending => Ok(()),
    }
}
