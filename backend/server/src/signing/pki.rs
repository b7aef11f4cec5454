//! `GET /pki/{file}`: certificates and lists, for anybody, as static as files: they can be copied to any web server, and
//! `pki_base_url` can point there long after this system is gone (docs/decisions/0003).

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use handslag_keys::Kind;
use handslag_pades::certificate::Certificate;
use handslag_vocab::UnixTime;

use super::{
    authorities::{by_address, current, refused},
    revocation_lists,
};
use crate::{caller::Now, problem::Problem, server::Server};

/// What never changes may be kept for an hour; a list no longer than it takes to tell that a key was lost.
const KEPT: &str = "public, max-age=3600";
const LIST_KEPT: &str = "public, max-age=300";

/// `GET /pki/{file}`: by the authority's own name (`3f…9a.cer`, `.crl`, `.pem`), or by what it is now (`root.pem`, `ca.pem`, `tsa.pem`).
pub(super) async fn file(State(server): State<Server>, Now(now): Now, Path(file): Path<String>) -> Result<Response, Problem> {
    let (name, form) = file.rsplit_once('.').ok_or_else(Problem::not_found)?;
    let (certificate, kind) = named(&server, name, now).await?;
    let (media, kept, body) = match form {
        "pem" => ("application/pem-certificate-chain", KEPT, certificate.pem().map_err(refused)?.into_bytes()),
        "cer" => ("application/pkix-cert", KEPT, certificate.der().to_vec()),
        "crl" if certificate.may_sign_revocation_lists() => {
            ("application/pkix-crl", LIST_KEPT, revocation_lists::current(&server, &certificate, kind, now).await?)
        }
        _ => return Err(Problem::not_found()),
    };
    Ok(([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, kept)], body).into_response())
}

async fn named(server: &Server, name: &str, now: UnixTime) -> Result<(Certificate, Kind), Problem> {
    let now = current(server, now).await?;
    match name {
        "root" => Ok((now.root, Kind::PkiRoot)),
        "ca" => Ok((now.signing_ca.certificate, Kind::DocumentSigningCa)),
        "tsa" => Ok((now.timestamping.certificate, Kind::Timestamping)),
        _ => server.db.read(async |tx| by_address(tx, name).await).await?.ok_or_else(Problem::not_found),
    }
}
