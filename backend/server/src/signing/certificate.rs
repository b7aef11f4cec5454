//! The one-time certificate: who signs, how surely, when, and by which transaction (RFC 7773), for one signature.

use handslag_keys::{Kind, OneShotKey};
use handslag_pades::{
    certificate::{self, AuthenticationContext, Certificate, OneShot, Person, Profile, Serial, Validity},
    es256::PublicKey,
};
use handslag_vocab::{ApprovalId, Assurance, Seconds, UnixTime};

use super::authorities::{Authorities, addresses, policy, refused, signed_by};
use crate::{caller::Rng, identity::Affiliation, problem::Problem, server::Server};

/// The key is destroyed at once, so a longer life is no risk; it must outlast an outage of the timestamp service (EN 319 142-1, T3).
const LIFE: Seconds = Seconds::hours(1);

/// How the signer was authenticated for this signature.
pub(super) struct Authenticated<'a> {
    /// Who.
    pub(super) signer: &'a Affiliation,
    /// How surely.
    pub(super) assurance: Assurance,
    /// When.
    pub(super) at: UnixTime,
    /// By which approval.
    pub(super) approval: &'a ApprovalId,
}

/// Issues the certificate for a key that signs once.
pub(super) fn issue(
    server: &Server,
    authorities: &Authorities,
    key: &OneShotKey,
    who: &Authenticated<'_>,
    now: UnixTime,
) -> Result<Certificate, Problem> {
    let public = PublicKey::from_sec1(&key.public_sec1()?).map_err(refused)?;
    let profile = Profile::OneShot(Box::new(profile(server, authorities, who)?));
    let validity = Validity { not_before: now, not_after: now + LIFE };
    let serial = Serial::random(&mut Rng::system());
    let unsigned = certificate::unsigned(&profile, &public, Some(&authorities.signing_ca.certificate), validity, &serial).map_err(refused)?;
    let issuer = authorities.signing_ca.certificate.key().map_err(refused)?.sec1();
    let signature = signed_by(server, Kind::DocumentSigningCa, &issuer, unsigned.to_be_signed())?;
    Certificate::from_der(&unsigned.signed(&signature).map_err(refused)?).map_err(refused)
}

fn profile(server: &Server, authorities: &Authorities, who: &Authenticated<'_>) -> Result<OneShot, Problem> {
    let signer = who.signer;
    Ok(OneShot {
        person: Person {
            country: "SE".to_owned(),
            organisation: signer.organisation_name.clone(),
            organisation_number: signer.organisation_number.clone(),
            given_name: signer.given_name.clone(),
            surname: signer.family_name.clone(),
            common_name: signer.name(),
            serial_number: signer.who.to_string(),
        },
        context: AuthenticationContext {
            issuer: server.config.issuer.clone(),
            acr: who.assurance.acr(server.config.reviewed_by_digg).to_owned(),
            authenticated_at: who.at,
            transaction: who.approval.to_string(),
        },
        policy: policy(server, 1)?,
        addresses: addresses(server, &authorities.signing_ca.certificate)?,
    })
}
