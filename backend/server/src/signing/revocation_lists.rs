//! The lists of ended certificates (RFC 5280 §5), one series for each authority, each list under a number that never comes twice.
//!
//! One-time certificates are never on a list: their keys were destroyed before anybody could lose them. A root's list names the
//! authorities whose keys were lost. An authority signs its lists while its key is active or retiring; the last list before the
//! key's end never runs out, and a key that was lost says nothing more: its last list stays as it is, and the root's list speaks.

use handslag_keys::{KeyState, Kind, PublicKey};
use handslag_pades::{
    certificate::Certificate,
    crl::{self, List, Reason, Revoked},
};
use handslag_store::{FromRow, Tx};
use handslag_vocab::{Seconds, UnixTime};

use super::authorities::{all, current as authorities, refused};
use crate::{problem::Problem, server::Server};

/// A list holds for a week, so that validators can go on while this system is away for a while.
const LIFE: Seconds = Seconds::days(7);

/// A new one takes its place every day.
const RENEWED: Seconds = Seconds::days(1);

/// 9999-12-31T23:59:59Z: there will be no next list (RFC 5280 §4.1.2.5 for the form, EN 319 411-1 CSS-6.3.9 for the practice).
const NEVER: UnixTime = UnixTime::from_seconds(253_402_300_799);

#[derive(FromRow)]
struct Stored {
    revoked: i64,
    list: Vec<u8>,
    issued_at: UnixTime,
}

/// The list of an authority as it stands: the stored one while it is fresh and true, else a new one.
pub(super) async fn current(server: &Server, issuer: &Certificate, kind: Kind, now: UnixTime) -> Result<Vec<u8>, Problem> {
    let key = key(server, issuer, kind)?;
    let stored = server.db.read(async |tx| good(tx, server, issuer, &key, kind, now).await).await?;
    match stored {
        Some(list) => Ok(list),
        None => server.db.write(async |tx| issued(tx, server, issuer, &key, kind, now).await).await,
    }
}

/// Renews every list in time, also those that nobody asks for: the last one must be there when its key is gone. Called once a minute.
pub async fn publish(server: &Server, now: UnixTime) -> Result<(), Problem> {
    authorities(server, now).await?;
    for (certificate, kind) in server.db.read(async |tx| all(tx).await).await? {
        if certificate.may_sign_revocation_lists() && can_sign(&key(server, &certificate, kind)?) {
            current(server, &certificate, kind, now).await?;
        }
    }
    Ok(())
}

/// The stored list, if no other has to take its place; of a key that can sign no more, the last one it signed.
async fn good(tx: &mut Tx, server: &Server, issuer: &Certificate, key: &PublicKey, kind: Kind, now: UnixTime) -> Result<Option<Vec<u8>>, Problem> {
    let Some(newest) = newest(tx, key).await? else { return Ok(None) };
    let is_true = newest.revoked == count(&revoked(tx, server, issuer, kind).await?);
    let is_fresh = now < newest.issued_at + RENEWED;
    Ok((!can_sign(key) || is_true && is_fresh).then_some(newest.list))
}

/// Signs the next list, unless somebody did in between.
async fn issued(tx: &mut Tx, server: &Server, issuer: &Certificate, key: &PublicKey, kind: Kind, now: UnixTime) -> Result<Vec<u8>, Problem> {
    let number = next_number(tx, key, now).await?;
    if let Some(list) = good(tx, server, issuer, key, kind, now).await? {
        return Ok(list);
    }
    let revoked = revoked(tx, server, issuer, kind).await?;
    let count = count(&revoked);
    let next_update = if is_last(key, now) { NEVER } else { now + LIFE };
    let list = List { this_update: now, next_update, number: u64::try_from(number).unwrap_or_default(), revoked };
    let unsigned = crl::unsigned(&list, issuer).map_err(refused)?;
    let signature = server.keys.sign_by(kind, &key.kid, unsigned.to_be_signed())?.to_der()?;
    let list = unsigned.signed(&signature).map_err(refused)?;
    tx.execute(
        "INSERT INTO revocation_lists (kid, number, revoked, list, issued_at) VALUES ($1, $2, $3, $4, $5)",
        (key.sec1.as_slice(), number, count, list.as_slice(), now),
    )
    .await?;
    Ok(list)
}

/// Takes the next number, and with it the right to sign: others wait here until this list is there. Never below the time, so that a
/// number is new also after the database was restored from a backup; one that is taken and not used is a gap, which is allowed.
async fn next_number(tx: &mut Tx, key: &PublicKey, now: UnixTime) -> Result<i64, Problem> {
    let (number,): (i64,) = tx
        .one(
            "UPDATE authorities SET list_number = CASE WHEN COALESCE(list_number, 0) >= $2 THEN list_number + 1 ELSE $2 END \
             WHERE kid = $1 RETURNING list_number",
            (key.sec1.as_slice(), now),
        )
        .await?;
    Ok(number)
}

async fn newest(tx: &mut Tx, key: &PublicKey) -> Result<Option<Stored>, Problem> {
    let newest = "SELECT revoked, list, issued_at FROM revocation_lists WHERE kid = $1 ORDER BY number DESC LIMIT 1";
    Ok(tx.optional(newest, (key.sec1.as_slice(),)).await?)
}

/// The authorities below a root whose keys were lost, under whichever of that root's keys: a list speaks for a name.
async fn revoked(tx: &mut Tx, server: &Server, issuer: &Certificate, kind: Kind) -> Result<Vec<Revoked>, Problem> {
    let mut revoked = Vec::new();
    if kind != Kind::PkiRoot {
        return Ok(revoked);
    }
    for (certificate, kind) in all(tx).await?.into_iter().filter(|(certificate, kind)| *kind != Kind::PkiRoot && certificate.names_issuer(issuer)) {
        if let KeyState::Retired { since, compromised: true } = key(server, &certificate, kind)?.state {
            revoked.push(Revoked { serial: certificate.serial().to_vec(), at: since, reason: Reason::KeyCompromise });
        }
    }
    Ok(revoked)
}

fn count(revoked: &[Revoked]) -> i64 {
    i64::try_from(revoked.len()).unwrap_or(i64::MAX)
}

/// The key of an authority's certificate, in whatever state.
fn key(server: &Server, certificate: &Certificate, kind: Kind) -> Result<PublicKey, Problem> {
    let sec1 = certificate.key().map_err(refused)?.sec1();
    let keys = server.keys.public_keys(kind)?;
    keys.into_iter().find(|key| key.sec1.as_slice() == sec1).ok_or_else(Problem::not_found)
}

const fn can_sign(key: &PublicKey) -> bool {
    matches!(key.state, KeyState::Active { .. } | KeyState::Retiring { .. })
}

/// Whether the key is gone before this list is renewed often enough.
fn is_last(key: &PublicKey, now: UnixTime) -> bool {
    matches!(key.state, KeyState::Retiring { until: Some(until), .. } if until < now + LIFE)
}
