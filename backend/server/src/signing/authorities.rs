//! Our certification authorities: a root, the CA of the one-time certificates, and the timestamp service. Certificates are made
//! once for each key and published; a key that rotates gets its own. What an older root issued stays under that root.

use const_oid::ObjectIdentifier;
use handslag_keys::{KeyState, Kind, PublicKey};
use handslag_pades::{
    certificate::{self, Addresses, Authority, Certificate, Profile, Serial, Validity},
    es256,
};
use handslag_store::{FromRow, Tx};
use handslag_vocab::{Digest, Seconds, UnixTime};
use serde_json::json;

use crate::{
    audit::{self, Actor, Chain, Event},
    caller::Rng,
    problem::Problem,
    server::Server,
};

/// The certificates of the keys that are active now.
#[derive(Clone)]
pub struct Authorities {
    /// The trust anchor.
    pub root: Certificate,
    /// Issues one-time certificates and lists.
    pub signing_ca: Issued,
    /// Signs timestamps.
    pub timestamping: Issued,
}

/// An authority below a root.
#[derive(Clone)]
pub struct Issued {
    /// Its certificate.
    pub certificate: Certificate,
    /// The root that issued it: the one in use now, or the one before.
    pub root: Certificate,
}

/// A request that was read a moment before the certificate was made must find it valid, on this node and on others.
const EARLIER: Seconds = Seconds::hours(1);
const ROOT_LIFE: Seconds = Seconds::days(20 * 365);
const AUTHORITY_LIFE: Seconds = Seconds::days(8 * 365);

#[derive(FromRow)]
struct Stored {
    certificate: Vec<u8>,
}

/// Finds the certificates of the active keys, or makes them.
pub async fn establish(tx: &mut Tx, server: &Server, now: UnixTime) -> Result<Authorities, Problem> {
    let root = found_or_made(tx, server, Kind::PkiRoot, None, now).await?;
    let signing_ca = found_or_made(tx, server, Kind::DocumentSigningCa, Some(&root), now).await?;
    let timestamping = found_or_made(tx, server, Kind::Timestamping, Some(&root), now).await?;
    Ok(Authorities { signing_ca: issued(tx, signing_ca).await?, timestamping: issued(tx, timestamping).await?, root })
}

/// Puts an authority together with the root that issued it.
async fn issued(tx: &mut Tx, certificate: Certificate) -> Result<Issued, Problem> {
    let root = all(tx).await?.into_iter().find(|(root, kind)| *kind == Kind::PkiRoot && certificate.check_issued_by(root).is_ok());
    let (root, _) = root.ok_or_else(Problem::not_found)?;
    Ok(Issued { certificate, root })
}

async fn found_or_made(tx: &mut Tx, server: &Server, kind: Kind, issuer: Option<&Certificate>, now: UnixTime) -> Result<Certificate, Problem> {
    let key = active(server, kind)?;
    if let Some(known) = known(tx, &key.sec1).await? {
        return Ok(known);
    }
    let made = made(server, kind, &key.sec1, issuer, now)?;
    let stored = tx
        .execute(
            "INSERT INTO authorities (kid, kind, certificate, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            (key.sec1.as_slice(), word(kind), made.as_slice(), now),
        )
        .await?;
    if stored == 1 {
        audit::record(tx, certified(kind, &certificate_from(&made)?)?, now, &mut Rng::system()).await?;
    }
    known(tx, &key.sec1).await?.ok_or_else(Problem::not_found)
}

fn certified(kind: Kind, certificate: &Certificate) -> Result<Event, Problem> {
    let name = address(certificate)?;
    Ok(Event {
        chain: Chain::Operator,
        kind: "keys.certificate_issued",
        actor: Actor::System,
        objects: vec![name.clone()],
        payload: json!({ "kind": kind.as_str(), "address": name, "certificate": Digest(certificate.digest()) }),
    })
}

async fn known(tx: &mut Tx, sec1: &[u8]) -> Result<Option<Certificate>, Problem> {
    let stored: Option<Stored> = tx.optional("SELECT certificate FROM authorities WHERE kid = $1", (sec1,)).await?;
    stored.map(|stored| certificate_from(&stored.certificate)).transpose()
}

/// The certificates of the keys that are active now, if all are made already: a read that holds up nobody.
pub(super) async fn current(server: &Server, now: UnixTime) -> Result<Authorities, Problem> {
    let found = server
        .db
        .read(async |tx| {
            let root = known(tx, &active(server, Kind::PkiRoot)?.sec1).await?;
            let signing_ca = known(tx, &active(server, Kind::DocumentSigningCa)?.sec1).await?;
            let timestamping = known(tx, &active(server, Kind::Timestamping)?.sec1).await?;
            let (Some(root), Some(signing_ca), Some(timestamping)) = (root, signing_ca, timestamping) else { return Ok::<_, Problem>(None) };
            Ok(Some(Authorities { signing_ca: issued(tx, signing_ca).await?, timestamping: issued(tx, timestamping).await?, root }))
        })
        .await?;
    match found {
        Some(found) => Ok(found),
        None => server.db.write(async |tx| establish(tx, server, now).await).await,
    }
}

fn active(server: &Server, kind: Kind) -> Result<PublicKey, Problem> {
    let keys = server.keys.public_keys(kind)?;
    keys.into_iter().find(|key| matches!(key.state, KeyState::Active { .. })).ok_or_else(Problem::not_found)
}

/// Every certificate that an authority ever had, oldest first.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<(Certificate, Kind)>, Problem> {
    let mut all = Vec::new();
    for stored in tx.all::<Named>("SELECT kind, certificate FROM authorities ORDER BY created_at, kid", ()).await? {
        let kind = match stored.kind.as_str() {
            "root" => Kind::PkiRoot,
            "timestamping" => Kind::Timestamping,
            _ => Kind::DocumentSigningCa,
        };
        all.push((certificate_from(&stored.certificate)?, kind));
    }
    Ok(all)
}

/// The authority behind an address, for those who follow it in an old signature.
pub(super) async fn by_address(tx: &mut Tx, address: &str) -> Result<Option<(Certificate, Kind)>, Problem> {
    for (certificate, kind) in all(tx).await? {
        if self::address(&certificate)? == address {
            return Ok(Some((certificate, kind)));
        }
    }
    Ok(None)
}

#[derive(FromRow)]
struct Named {
    kind: String,
    certificate: Vec<u8>,
}

/// The name of an authority's files: its key's digest, so that a key that follows never takes the place of this one.
pub(super) fn address(certificate: &Certificate) -> Result<String, Problem> {
    let digest = Digest::of(&certificate.key().map_err(refused)?.sec1());
    let digits = digest.as_bytes().iter().take(10).flat_map(|byte| [byte >> 4, byte & 0x0f]);
    Ok(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
}

/// Signs with the key that this certificate is for; a key that was changed in between signs nothing here.
pub(super) fn signed_by(server: &Server, kind: Kind, issuer: &[u8], bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let signature = server.keys.sign(kind, bytes)?;
    let is_the_key = server.keys.public_keys(kind)?.iter().any(|key| key.kid == signature.kid && key.sec1.as_slice() == issuer);
    if is_the_key { Ok(signature.to_der()?) } else { Err(Problem::internal(&std::io::Error::other("the key of this authority is no longer in use"))) }
}

fn made(server: &Server, kind: Kind, sec1: &[u8], issuer: Option<&Certificate>, now: UnixTime) -> Result<Vec<u8>, Problem> {
    let key = es256::PublicKey::from_sec1(sec1).map_err(refused)?;
    let authority = authority(server, kind);
    let (profile, life) = match (kind, issuer) {
        (Kind::Timestamping, Some(issuer)) => (Profile::Timestamping(authority, addresses(server, issuer)?), AUTHORITY_LIFE),
        (_, Some(issuer)) => (Profile::SigningCa(authority, addresses(server, issuer)?), AUTHORITY_LIFE),
        (_, None) => (Profile::Root(authority), ROOT_LIFE),
    };
    let validity = Validity { not_before: now - EARLIER, not_after: now + life };
    let unsigned = certificate::unsigned(&profile, &key, issuer, validity, &Serial::random(&mut Rng::system())).map_err(refused)?;
    let issuer_key = issuer.map(|issuer| issuer.key().map(|key| key.sec1())).transpose().map_err(refused)?.unwrap_or_else(|| sec1.to_vec());
    let signature = signed_by(server, Kind::PkiRoot, &issuer_key, unsigned.to_be_signed())?;
    unsigned.signed(&signature).map_err(refused)
}

fn authority(server: &Server, kind: Kind) -> Authority {
    let operator = &server.config.operator;
    let role = match kind {
        Kind::PkiRoot => "rot",
        Kind::Timestamping => "tidsstämpel",
        _ => "underskrift",
    };
    Authority {
        country: "SE".to_owned(),
        organisation: operator.name.clone(),
        organisation_number: operator.number.clone(),
        common_name: format!("{} {role}", operator.name),
    }
}

/// Where a certificate issued by `issuer` says that its issuer and its list are.
pub(super) fn addresses(server: &Server, issuer: &Certificate) -> Result<Addresses, Problem> {
    let base = format!("{}/{}", server.config.pki_base_url(), address(issuer)?);
    Ok(Addresses { ca_issuers: format!("{base}.cer"), revocation_list: format!("{base}.crl") })
}

fn certificate_from(der: &[u8]) -> Result<Certificate, Problem> {
    Certificate::from_der(der).map_err(refused)
}

/// One of the operator's own policies, below its arc.
pub(super) fn policy(server: &Server, number: u8) -> Result<ObjectIdentifier, Problem> {
    let text = format!("{}.{number}", server.config.operator.oid_arc);
    ObjectIdentifier::new(&text).map_err(|_| Problem::internal(&std::io::Error::other("operator.oid_arc is no object identifier")))
}

/// A certificate or token of our own that does not hold together is our fault.
pub(super) fn refused(refused: handslag_pades::refused::Refused) -> Problem {
    Problem::internal(&refused)
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::PkiRoot => "root",
        Kind::Timestamping => "timestamping",
        _ => "signing_ca",
    }
}
