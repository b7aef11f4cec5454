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

use super::authorities::{by_address, current, refused, signed_by};
use crate::{caller::Now, problem::Problem, server::Server};

/// A list holds for a week and is made anew whenever somebody asks, so it never runs out while this system lives.
const LIST_LIFE: Seconds = Seconds::days(7);

/// `GET /pki/{file}`: by the authority's own name (`3f…9a.cer`, `.crl`, `.pem`), or by what it is now (`root.pem`, `ca.pem`, `tsa.pem`).
pub(super) async fn file(State(server): State<Server>, Now(now): Now, Path(file): Path<String>) -> Result<Response, Problem> {
    let (name, form) = file.rsplit_once('.').ok_or_else(Problem::not_found)?;
    let (certificate, kind) = named(&server, name, now).await?;
    let (media, body) = match form {
        "pem" => ("application/pem-certificate-chain", certificate.pem().map_err(refused)?.into_bytes()),
        "cer" => ("application/pkix-cert", certificate.der().to_vec()),
        "crl" if certificate.may_sign_revocation_lists() => ("application/pkix-crl", list(&server, &certificate, kind, now)?),
        _ => return Err(Problem::not_found()),
    };
    Ok(([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "public, max-age=3600")], body).into_response())
}

async fn named(server: &Server, name: &str, now: UnixTime) -> Result<(Certificate, Kind), Problem> {
    let now = current(server, now).await?;
    match name {
        "root" => Ok((now.root, Kind::PkiRoot)),
        "ca" => Ok((now.signing_ca, Kind::DocumentSigningCa)),
        "tsa" => Ok((now.timestamping, Kind::Timestamping)),
        _ => server.db.read(async |tx| by_address(tx, name).await).await?.ok_or_else(Problem::not_found),
    }
}

/// One-time certificates are never revoked: their keys were destroyed before anybody could lose them. The list is empty and signed.
fn list(server: &Server, issuer: &Certificate, kind: Kind, now: UnixTime) -> Result<Vec<u8>, Problem> {
    let number = u64::try_from(now.seconds()).unwrap_or_default();
    let list = List { this_update: now, next_update: now + LIST_LIFE, number, revoked: Vec::new() };
    let unsigned = crl::unsigned(&list, issuer).map_err(refused)?;
    let key = issuer.key().map_err(refused)?.sec1();
    let signature = signed_by(server, kind, &key, unsigned.to_be_signed())?;
    unsigned.signed(&signature).map_err(refused)
}
