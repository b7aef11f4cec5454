//! `GET /pki/{file}`: certificates and lists, for anybody, as static as files: they can be copied to any web server, and
//! `pki_base_url` can point there long after this system is gone (docs/decisions/0003).

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use handslag_keys::Kind;
use handslag_pades::{
    certificate::Certificate,
    crl::{self, List},
};
use handslag_vocab::{Seconds, UnixTime};

use super::authorities::{Authorities, der, establish, refused};
use crate::{caller::Now, problem::Problem, server::Server};

/// A list holds for a week and is made anew whenever somebody asks, so it never runs out while this system lives.
const LIST_LIFE: Seconds = Seconds::days(7);

/// `GET /pki/{file}`.
pub(super) async fn file(State(server): State<Server>, Now(now): Now, Path(file): Path<String>) -> Result<Response, Problem> {
    let authorities = server.db.write(async |tx| establish(tx, &server, now).await).await?;
    let (name, form) = file.rsplit_once('.').ok_or_else(Problem::not_found)?;
    let (certificate, kind) = named(&authorities, name)?;
    let (media, body) = match form {
        "pem" => ("application/pem-certificate-chain", certificate.pem().map_err(refused)?.into_bytes()),
        "cer" => ("application/pkix-cert", certificate.der().to_vec()),
        "crl" if certificate.may_sign_revocation_lists() => ("application/pkix-crl", list(&server, certificate, kind, now)?),
        _ => return Err(Problem::not_found()),
    };
    Ok(([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "public, max-age=3600")], body).into_response())
}

fn named<'a>(authorities: &'a Authorities, name: &str) -> Result<(&'a Certificate, Kind), Problem> {
    match name {
        "root" => Ok((&authorities.root, Kind::PkiRoot)),
        "ca" => Ok((&authorities.signing_ca, Kind::DocumentSigningCa)),
        "tsa" => Ok((&authorities.timestamping, Kind::Timestamping)),
        _ => Err(Problem::not_found()),
    }
}

/// One-time certificates are never revoked: their keys were destroyed before anybody could lose them. The list is empty and signed.
fn list(server: &Server, issuer: &Certificate, kind: Kind, now: UnixTime) -> Result<Vec<u8>, Problem> {
    let number = u64::try_from(now.seconds()).unwrap_or_default();
    let list = List { this_update: now, next_update: now + LIST_LIFE, number, revoked: Vec::new() };
    let unsigned = crl::unsigned(&list, issuer).map_err(refused)?;
    let signature = server.keys.sign(kind, unsigned.to_be_signed())?;
    unsigned.signed(&der(&signature)?).map_err(refused)
}
