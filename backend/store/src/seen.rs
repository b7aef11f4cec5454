//! Seen-once marks: a proof, a nonce or a token id that counts once (RFC 7519 `jti`, RFC 9449 §11.1).
//!
//! In the database. The mark is one statement, so of any number of takers at the same moment exactly one wins. Where the nodes share a
//! memory, what names it may be marked there instead ([`crate::Shared::mark_once`]).

use handslag_vocab::{Digest, UnixTime};

use crate::{Error, Tx};

impl Tx {
    /// Whether this is the first time that `purpose` sees `digest` before `expires_at`.
    ///
    /// False also for what has expired already: it must not count for the first time after its mark may have been purged.
    pub async fn mark_once(&mut self, purpose: &str, digest: &Digest, expires_at: UnixTime, now: UnixTime) -> Result<bool, Error> {
        if expires_at <= now {
            return Ok(false);
        }
        let marked = self
            .execute(
                "INSERT INTO seen_once (purpose, digest, expires_at) VALUES ($1, $2, $3)
                 ON CONFLICT (purpose, digest) DO NOTHING",
                (purpose, digest.as_bytes().as_slice(), expires_at),
            )
            .await?;
        Ok(marked == 1)
    }

    /// Disposes of the marks that expired, and gives how many.
    pub async fn purge_marks(&mut self, now: UnixTime) -> Result<u64, Error> {
        self.execute("DELETE FROM seen_once WHERE expires_at <= $1", (now,)).await
    }
}
