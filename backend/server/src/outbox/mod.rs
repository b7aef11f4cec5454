//! Work left for the slices to the right: a row written in the transaction of the act, taken by the slice that owns the topic.
//!
//! A row is leased by moving `due_at`: a taker that dies is followed by another one when the lease has run out, so what
//! a taker does must be safe to do twice. Nothing is lost by a kill.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{Seconds, UnixTime};

/// How long a taker has before the row is offered again.
const LEASE: Seconds = Seconds(20);

/// What the outbox is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A service named its logo: it is fetched.
    ClientLogoNamed,
    /// A work identity was ended: the log-ins that rest on it end.
    IdentityEnded,
    /// A phone was blocked or removed: the log-ins that rest on it end.
    PhoneEnded,
    /// A log-in at a service has ended: the service is told.
    ServiceLoggedOut,
    /// A person answered what a service asked for: the service is told, if it wants to be.
    DirectedAnswered,
    /// A person approved what a service has signed: the signing slice signs.
    SignRequestApproved,
    /// An approval of a signature was given: the signing slice signs.
    SignatureApproved,
    /// The signer said no: the signing slice ends the signature and tells who asked.
    SignatureDeclined,
}

impl Topic {
    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientLogoNamed => "client.logo_named",
            Self::IdentityEnded => "identity.ended",
            Self::PhoneEnded => "phone.ended",
            Self::ServiceLoggedOut => "service.logged_out",
            Self::DirectedAnswered => "directed.answered",
            Self::SignRequestApproved => "sign_request.approved",
            Self::SignatureApproved => "signature.approved",
            Self::SignatureDeclined => "signature.declined",
        }
    }
}

/// One row that was taken.
#[derive(Debug, FromRow)]
pub struct Taken {
    /// What it is about.
    pub subject: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
}

/// Leaves work; leaving the same subject twice is leaving it once.
pub async fn leave(tx: &mut Tx, topic: Topic, subject: &str, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO outbox (topic, subject, created_at, due_at, attempts) VALUES ($1, $2, $3, $3, 0) ON CONFLICT DO NOTHING",
        (topic.as_str(), subject, now),
    )
    .await?;
    Ok(())
}

/// Takes the oldest row that is due.
pub async fn take(tx: &mut Tx, topic: Topic, now: UnixTime) -> Result<Option<Taken>, Error> {
    tx.optional(
        "UPDATE outbox SET due_at = $3, attempts = attempts + 1 WHERE topic = $1 AND done_at IS NULL AND due_at <= $2 AND subject = \
         (SELECT subject FROM outbox WHERE topic = $1 AND done_at IS NULL AND due_at <= $2 ORDER BY created_at, subject LIMIT 1) \
         RETURNING subject, attempts",
        (topic.as_str(), now, now + LEASE),
    )
    .await
}

/// Offers a row again, then and not before.
pub async fn put_off(tx: &mut Tx, topic: Topic, subject: &str, due: UnixTime) -> Result<(), Error> {
    tx.execute("UPDATE outbox SET due_at = $3 WHERE topic = $1 AND subject = $2 AND done_at IS NULL", (topic.as_str(), subject, due)).await?;
    Ok(())
}

/// Disposes of what was done long ago, by the rule in the migrations.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM outbox WHERE done_at < $1", (now - Seconds::days(30),)).await?;
    Ok(())
}

/// Whether it is still to be done.
pub async fn is_open(tx: &mut Tx, topic: Topic, subject: &str) -> Result<bool, Error> {
    let text = "SELECT attempts FROM outbox WHERE topic = $1 AND subject = $2 AND done_at IS NULL";
    Ok(tx.optional::<(i64,)>(text, (topic.as_str(), subject)).await?.is_some())
}

/// Says that it is done. True if it was this call that did.
pub async fn done(tx: &mut Tx, topic: Topic, subject: &str, now: UnixTime) -> Result<bool, Error> {
    let changed =
        tx.execute("UPDATE outbox SET done_at = $3 WHERE topic = $1 AND subject = $2 AND done_at IS NULL", (topic.as_str(), subject, now)).await?;
    Ok(changed == 1)
}
