//! How often somebody has tried a short code. Each phone and each browser is counted by itself, so that nobody's mistakes, made in good
//! faith or not, lock anybody else out (attack 18).

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{Digest, Seconds, UnixTime};

/// A code that is short because people type it.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// Which code.
    pub purpose: &'static str,
    /// How many tries in a window.
    pub most: i64,
    /// How long a window is.
    pub window: Seconds,
}

#[derive(FromRow)]
struct Count {
    tries: i64,
}

impl Tried {
    /// Counts a try of this phone or browser. False when it was one too many. Commit it whatever comes of the try.
    pub async fn may_try(self, tx: &mut Tx, bucket: &Digest, now: UnixTime) -> Result<bool, Error> {
        let counted: Count = tx
            .one(
                "INSERT INTO attempts (purpose, bucket, tries, until) VALUES ($1, $2, 1, $4) ON CONFLICT (purpose, bucket) DO UPDATE \
                 SET tries = CASE WHEN attempts.until <= $3 THEN 1 ELSE attempts.tries + 1 END, \
                 until = CASE WHEN attempts.until <= $3 THEN $4 ELSE attempts.until END RETURNING tries",
                (self.purpose, bucket.as_bytes().as_slice(), now, now + self.window),
            )
            .await?;
        Ok(counted.tries <= self.most)
    }
}

/// Disposes of windows that are over.
pub(super) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM attempts WHERE until < $1", (now - Seconds::hours(1),)).await?;
    Ok(())
}
