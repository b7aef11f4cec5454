//! Families of refresh tokens: one for each log-in of a device that stays logged in. A family is one row, whatever its length, so
//! ending a device costs the same after ten thousand uses as after one. It ends with its grant.

use handslag_protocol::{
    mutual_tls::Binding,
    refresh::{Chain, RefreshToken, Step, Verdict},
};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{Digest, GrantId, Seconds, UnixTime};

/// One family.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Family {
    current_hash: Vec<u8>,
    before_hash: Option<Vec<u8>>,
    step: Option<Vec<u8>>,
    rotates: i64,
    key_thumbprint: Option<Vec<u8>>,
    certificate_thumbprint: Option<Vec<u8>>,
    idle_until: UnixTime,
    pub(super) ends_at: UnixTime,
}

/// How long a device stays logged in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    /// Without being used.
    pub(super) idle: Seconds,
    /// In any case.
    pub(super) longest: Seconds,
}

impl Family {
    /// By its times.
    pub(super) fn is_alive(&self, now: UnixTime) -> bool {
        now < self.idle_until && now < self.ends_at
    }

    /// Whether who proves this key, or none, and comes with this certificate, or none, may use it. Where the chain rotates, the key or the
    /// certificate of its first token is pinned (RFC 9449 §5, RFC 8705 §4); a service that proves itself may change its key (FAPI 2.0
    /// Security Profile §5.3.2.1).
    pub(super) fn takes(&self, proven: Option<Digest>, certificate: Option<Digest>) -> bool {
        let is_it = |pinned: &Option<Vec<u8>>, came: Option<Digest>| {
            let pinned = pinned.as_deref().filter(|_| self.rotates == 1);
            pinned.is_none_or(|pinned| came.is_some_and(|came| came.as_bytes() == pinned))
        };
        is_it(&self.key_thumbprint, proven) && is_it(&self.certificate_thumbprint, certificate)
    }

    /// The verdict on a token of this family. A row that cannot be read ends like one that was misused.
    pub(super) fn judge(&self, presented: &RefreshToken) -> Verdict {
        let Some(current) = Digest::from_slice(&self.current_hash) else { return Verdict::Reuse };
        let before = self.before_hash.as_deref().and_then(Digest::from_slice);
        let step: Option<Step> = self.step.as_deref().and_then(|step| step.try_into().ok());
        let before = before.as_ref().zip(step.as_ref());
        Chain { current: &current, before, rotates: self.rotates == 1 }.judge(presented)
    }
}

/// What a family begins with.
pub(super) struct New<'a> {
    pub(super) token: &'a RefreshToken,
    pub(super) grant: &'a GrantId,
    pub(super) rotates: bool,
    pub(super) bound_to: Option<Binding>,
    pub(super) stay: Stay,
}

/// Begins one.
pub(super) fn begin(tx: &mut Tx, new: &New<'_>, now: UnixTime) -> Result<(), Error> {
    let (key, certificate) = match new.bound_to {
        Some(Binding::Certificate(thumbprint)) => (None, Some(hash(&thumbprint))),
        Some(Binding::Key(thumbprint)) => (Some(hash(&thumbprint)), None),
        None => (None, None),
    };
    tx.later(
        "INSERT INTO refresh_families (family_hash, grant_id, current_hash, rotates, key_thumbprint, certificate_thumbprint, uses, created_at, \
         used_at, idle_until, ends_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7, $8, $9)",
        (
            hash(&new.token.family()),
            new.grant,
            hash(&new.token.link()),
            i64::from(new.rotates),
            key,
            certificate,
            now,
            now + new.stay.idle,
            now + new.stay.longest,
        ),
    )
}

/// Replaces the living link, if it still is the living one: of any number at the same moment exactly one does.
pub(super) async fn advance(tx: &mut Tx, used: &RefreshToken, step: &Step, idle: Seconds, now: UnixTime) -> Result<Option<RefreshToken>, Error> {
    let successor = used.successor(step);
    let advanced = tx
        .execute(
            "UPDATE refresh_families SET before_hash = current_hash, current_hash = $3, step = $4, uses = uses + 1, used_at = $5, idle_until = $6 \
             WHERE family_hash = $1 AND current_hash = $2",
            (hash(&used.family()), hash(&used.link()), hash(&successor.link()), step.to_vec(), now, now + idle),
        )
        .await?;
    Ok((advanced == 1).then_some(successor))
}

/// Notes a use that replaces nothing.
pub(super) async fn touch(tx: &mut Tx, used: &RefreshToken, idle: Seconds, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "UPDATE refresh_families SET uses = uses + 1, used_at = $2, idle_until = $3 WHERE family_hash = $1",
        (hash(&used.family()), now, now + idle),
    )
    .await?;
    Ok(())
}

/// Disposes of those that ended before then: by the earlier of their two times, or with their grant.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM refresh_families WHERE idle_until < $1 OR ends_at < $1", (before,)).await?;
    tx.execute("DELETE FROM refresh_families WHERE grant_id IN (SELECT g.grant_id FROM grants g WHERE g.revoked_at < $1)", (before,)).await?;
    Ok(())
}

fn hash(digest: &Digest) -> Vec<u8> {
    digest.as_bytes().to_vec()
}
