//! `POST /tsa`: our own timestamp service (RFC 3161 §3.4).

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use handslag_keys::Kind;
use handslag_pades::{
    certificate::Serial,
    timestamp::{self, Failure, Request, Service},
};
use handslag_vocab::UnixTime;

use super::authorities::{Authorities, Issued, current, policy, refused, signed_by};
use crate::{
    caller::{Now, Rng},
    problem::Problem,
    server::Server,
};

/// `POST /tsa`.
pub(super) async fn answer(State(server): State<Server>, Now(now): Now, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let is_query = headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/timestamp-query");
    if !is_query {
        return Err(Problem::bad("not_a_timestamp_query", "Skicka application/timestamp-query.", "Send application/timestamp-query."));
    }
    let authorities = current(&server, now).await?;
    let response = respond(&server, &authorities, &body, now)?;
    Ok(([(header::CONTENT_TYPE, "application/timestamp-reply")], response).into_response())
}

/// From a DER request to a DER response; what cannot be granted is rejected in the response itself.
pub(super) fn respond(server: &Server, authorities: &Authorities, request: &[u8], now: UnixTime) -> Result<Vec<u8>, Problem> {
    match token(server, authorities, request, now) {
        Ok(token) => timestamp::granted(&token).map_err(refused),
        Err(failure) => timestamp::rejected(failure).map_err(refused),
    }
}

fn token(server: &Server, authorities: &Authorities, request: &[u8], now: UnixTime) -> Result<Vec<u8>, Failure> {
    let request = Request::from_der(request)?;
    let policy = policy(server, 2).map_err(|_| Failure::SystemFailure)?;
    let Issued { certificate, root } = authorities.timestamping.clone();
    let service = Service { certificate, chain: vec![root], policy };
    let unsigned = service.token(&request, now, &Serial::random(&mut Rng::system()))?;
    let key = service.certificate.key().map_err(|_| Failure::SystemFailure)?.sec1();
    let signature = signed_by(server, Kind::Timestamping, &key, unsigned.to_be_signed()).map_err(|_| Failure::SystemFailure)?;
    unsigned.signed(&signature).map_err(|_| Failure::SystemFailure)
}
