//! Door passes (CWT in COSE_Sign1; `handslag_door::Claims`): issued for one phone, one door, one visit's window.

use handslag_door::{Claims, Class, DoorKey, Kid, LockId, Op, Ops, PassId, RevocationIndex, Scope, Window};
use handslag_keys::{KeyState, Kind};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, PhoneId, UnixTime};
use rand_core::CryptoRng;

use super::visits::Visit;
use crate::{identity::Affiliation, phone::Phone, problem::Problem, server::Server};

#[derive(FromRow)]
struct Issued {
    bytes: Vec<u8>,
}

/// The pass that this phone already has for this door in this very window: a visit that was moved gets a new one.
pub(super) async fn existing(tx: &mut Tx, phone: &PhoneId, visit: &Visit) -> Result<Option<Vec<u8>>, Error> {
    let (from, until) = visit.window();
    let issued: Option<Issued> = tx
        .optional(
            "SELECT bytes FROM passes WHERE phone_id = $1 AND visit_id = $2 AND door_id = $3 AND not_before = $4 AND not_after = $5 \
             ORDER BY issued_at DESC LIMIT 1",
            (phone, &visit.visit_id, &visit.door_id, from, until),
        )
        .await?;
    Ok(issued.map(|issued| issued.bytes))
}

/// Issues one. Whether this worker may is asked of the policy before.
pub(super) async fn issue(
    tx: &mut Tx,
    server: &Server,
    to: (&Phone, &Affiliation, DoorKey),
    visit: &Visit,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Vec<u8>, Problem> {
    let (phone, affiliation, key) = to;
    let index = next_index(tx).await?;
    let claims = claims(server, affiliation, key, visit, index, now, rng)?;
    let bytes = sealed(server, &claims)?;
    let (from, until) = visit.window();
    tx.execute(
        "INSERT INTO passes (cti, phone_id, affiliation_id, visit_id, door_id, bytes, revocation_index, issued_at, not_before, not_after) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        (
            claims.cti.0.as_slice(),
            &phone.phone_id,
            &affiliation.affiliation_id,
            &visit.visit_id,
            &visit.door_id,
            bytes.as_slice(),
            index,
            now,
            from,
            until,
        ),
    )
    .await?;
    Ok(bytes)
}

/// Disposes of those that ended before then.
pub(super) async fn purge(tx: &mut Tx, before: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM passes WHERE not_after < $1", (before,)).await?;
    Ok(())
}

#[derive(FromRow)]
struct Next {
    next: i64,
}

/// The next free place in the revocation list. Two issuers at once would take the same: the unique column stops the later one. A
/// place may come again once every pass that had it has been over for two weeks and is disposed of.
async fn next_index(tx: &mut Tx) -> Result<i64, Error> {
    tx.alone("passes").await?;
    let next: Next = tx.one("SELECT CAST(COALESCE(MAX(revocation_index), 0) + 1 AS BIGINT) AS next FROM passes", ()).await?;
    Ok(next.next)
}

fn claims(
    server: &Server,
    affiliation: &Affiliation,
    key: DoorKey,
    visit: &Visit,
    index: i64,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Claims, Problem> {
    let seconds = |time: UnixTime| u64::try_from(time.seconds()).unwrap_or(0);
    let (from, until) = visit.window();
    let (nbf, exp) = (seconds(from), seconds(until));
    let mut cti = [0; 8];
    rng.fill_bytes(&mut cti);
    let lock: [u8; 8] = visit.lock_id.as_slice().try_into().map_err(|_| Problem::not_found())?;
    Ok(Claims {
        iss: issuer_name(affiliation),
        sub: pseudonym(server, &affiliation.affiliation_id)?,
        exp,
        nbf,
        iat: seconds(now),
        cti: PassId(cti),
        cnf: key,
        scope: Scope::Lock(LockId(lock)),
        ops: Ops::of(&[Op::Unlock, Op::Lock, Op::ReadStatus]),
        windows: Window::whole(nbf, exp),
        visit: Some(opaque(server, visit)?),
        revocation: RevocationIndex { list: 1, index: u32::try_from(index).unwrap_or(u32::MAX) },
        class: Class::Planned,
        max_uses: None,
        uv_max_age_s: None,
    })
}

/// `se:` and the organisation number: what the lock knows its issuer as.
fn issuer_name(affiliation: &Affiliation) -> handslag_door::claims::IssuerName {
    handslag_door::claims::IssuerName::try_from(format!("se:{}", affiliation.organisation_number).as_str()).unwrap_or_default()
}

/// The worker's name towards locks: computed with a secret, so that a lock's memory tells nobody who came (phones-and-doors §4.11).
fn pseudonym(server: &Server, affiliation: &AffiliationId) -> Result<[u8; 8], Problem> {
    short(server, &format!("door pseudonym {affiliation}"))
}

fn opaque(server: &Server, visit: &Visit) -> Result<[u8; 8], Problem> {
    short(server, &format!("door visit {}", visit.visit_id))
}

fn short(server: &Server, text: &str) -> Result<[u8; 8], Problem> {
    let mac = server.keys.mac(Kind::PairwiseSubject, text.as_bytes())?;
    Ok(mac.first_chunk().copied().unwrap_or_default())
}

fn sealed(server: &Server, claims: &Claims) -> Result<Vec<u8>, Problem> {
    let message = claims.to_be_signed().map_err(|error| Problem::internal(&error))?;
    let signature = server.keys.sign(Kind::DoorIssuer, &message)?;
    let pass = claims.assemble(issuer_kid(server)?, &signature.raw).map_err(|error| Problem::internal(&error))?;
    Ok(pass.to_vec())
}

/// The name that locks know the active issuer key by.
pub fn issuer_kid(server: &Server) -> Result<Kid, Problem> {
    let keys = server.keys.public_keys(Kind::DoorIssuer)?;
    let active = keys.iter().find(|key| matches!(key.state, KeyState::Active { .. })).ok_or_else(Problem::not_found)?;
    let key = DoorKey::from_sec1(&active.sec1).and_then(|key| key.verifying_key()).map_err(|error| Problem::internal(&error))?;
    Ok(Kid::of(&key))
}
