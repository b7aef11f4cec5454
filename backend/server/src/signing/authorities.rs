//! Our certification authorities: a root, the CA of the one-time certificates, and the timestamp service. Certificates are made
//! once for each key and published; a key that rotates gets its own.

use const_oid::ObjectIdentifier;
use handslag_keys::{KeyState, Kind, Signature as KeySignature};
use handslag_pades::{
    certificate::{self, Addresses, Authority, Certificate, Profile, Serial, Validity},
    es256::PublicKey,
};
use handslag_store::{FromRow, Tx};
use handslag_vocab::{Seconds, UnixTime};

use crate::{caller::Rng, problem::Problem, server::Server};

/// The certificates of the keys that are active now.
#[derive(Clone)]
pub struct Authorities {
    /// The trust anchor.
    pub root: Certificate,
    /// Issues one-time certificates and lists.
    pub signing_ca: Certificate,
    /// Signs timestamps.
    pub timestamping: Certificate,
}

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
    Ok(Authorities { root, signing_ca, timestamping })
}

async fn found_or_made(tx: &mut Tx, server: &Server, kind: Kind, issuer: Option<&Certificate>, now: UnixTime) -> Result<Certificate, Problem> {
    let keys = server.keys.public_keys(kind)?;
    let key = keys.iter().find(|key| matches!(key.state, KeyState::Active { .. })).ok_or_else(Problem::not_found)?;
    let stored: Option<Stored> = tx.optional("SELECT certificate FROM authorities WHERE kid = $1", (key.sec1.as_slice(),)).await?;
    if let Some(stored) = stored {
        return certificate_from(&stored.certificate);
    }
    let made = made(server, kind, &key.sec1, issuer, now)?;
    tx.execute(
        "INSERT INTO authorities (kid, kind, certificate, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        (key.sec1.as_slice(), word(kind), made.as_slice(), now),
    )
    .await?;
    let kept: Stored = tx.one("SELECT certificate FROM authorities WHERE kid = $1", (key.sec1.as_slice(),)).await?;
    certificate_from(&kept.certificate)
}

fn made(server: &Server, kind: Kind, sec1: &[u8], issuer: Option<&Certificate>, now: UnixTime) -> Result<Vec<u8>, Problem> {
    let key = PublicKey::from_sec1(sec1).map_err(refused)?;
    let (authority, addresses) = (authority(server, kind), addresses(server, "root"));
    let (profile, life) = match kind {
        Kind::PkiRoot => (Profile::Root(authority), ROOT_LIFE),
        Kind::Timestamping => (Profile::Timestamping(authority, addresses), AUTHORITY_LIFE),
        _ => (Profile::SigningCa(authority, addresses), AUTHORITY_LIFE),
    };
    let validity = Validity { not_before: now, not_after: now + life };
    let unsigned = certificate::unsigned(&profile, &key, issuer, validity, &Serial::random(&mut Rng::system())).map_err(refused)?;
    let signature = server.keys.sign(Kind::PkiRoot, unsigned.to_be_signed())?;
    unsigned.signed(&der(&signature)?).map_err(refused)
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
pub(super) fn addresses(server: &Server, issuer: &str) -> Addresses {
    let base = server.config.pki_base_url();
    Addresses { ca_issuers: format!("{base}/{issuer}.cer"), revocation_list: format!("{base}/{issuer}.crl") }
}

fn certificate_from(der: &[u8]) -> Result<Certificate, Problem> {
    Certificate::from_der(der).map_err(refused)
}

/// The DER form that certificates and CMS want.
pub(super) fn der(signature: &KeySignature) -> Result<Vec<u8>, Problem> {
    Ok(signature.to_der()?)
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
