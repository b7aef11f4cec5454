//! Started enrolments: a challenge that new keys must sign, usable once.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{SecretHash, UnixTime};

/// A started enrolment that is still open.
#[derive(Debug, FromRow)]
pub struct Registration {
    /// What the new keys must sign.
    pub challenge: Vec<u8>,
    /// What the WebAuthn registration must match.
    pub browser_state: Option<String>,
}

/// Starts one; starting it again changes nothing.
pub async fn begin(tx: &mut Tx, enrolment: &SecretHash, challenge: &[u8], now: UnixTime, expires_at: UnixTime) -> Result<(), Error> {
    purge(tx, now).await?; // one that has run out may be begun anew
    tx.execute(
        "INSERT INTO registrations (enrolment_hash, challenge, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        (enrolment, challenge, expires_at),
    )
    .await?;
    Ok(())
}

/// Disposes of those that have run out.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM registrations WHERE expires_at <= $1", (now,)).await?;
    Ok(())
}

/// Adds what a browser is asked; the first stands. An app that has begun the same enrolment may still finish it, or the browser may.
pub async fn ask_browser(tx: &mut Tx, enrolment: &SecretHash, state: &str, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "UPDATE registrations SET browser_state = $2 \
         WHERE enrolment_hash = $1 AND browser_state IS NULL AND finished_at IS NULL AND expires_at > $3",
        (enrolment, state, now),
    )
    .await?;
    Ok(())
}

/// One that has not run out.
pub async fn open(tx: &mut Tx, enrolment: &SecretHash, now: UnixTime) -> Result<Option<Registration>, Error> {
    tx.optional("SELECT challenge, browser_state FROM registrations WHERE enrolment_hash = $1 AND expires_at > $2", (enrolment, now)).await
}

/// Uses it. True once.
pub async fn finish(tx: &mut Tx, enrolment: &SecretHash, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute("UPDATE registrations SET finished_at = $2 WHERE enrolment_hash = $1 AND finished_at IS NULL AND expires_at > $2", (enrolment, now))
        .await?;
    Ok(changed == 1)
}
