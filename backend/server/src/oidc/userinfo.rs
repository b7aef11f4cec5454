//! `GET|POST /userinfo` (OpenID Connect Core §5.3): signed as the Swedish profile demands (§4.1), JSON where the service is
//! registered so. Read anew at every use: a blocked identity tells nothing more (LC-08).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{release, userinfo::UserInfo};
use handslag_vocab::Secret;
use serde_json::json;

use super::{clients, grants, signed::signed, token::values};
use crate::{caller::Now, problem::Problem, server::Server};

/// `GET|POST /userinfo`.
pub(super) async fn tell(State(server): State<Server>, Now(now): Now, headers: HeaderMap) -> Result<Response, Response> {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = presented.and_then(bearer).map(Secret::presented).ok_or_else(|| unauthorized(None))?;
    let found = server
        .db
        .read(async |tx| {
            let Some(grant) = grants::by_token(tx, &token, now).await? else { return Ok(None) };
            let affiliation = grant.usable(tx, now).await?;
            Ok::<_, Problem>(affiliation.map(|affiliation| (grant, affiliation)))
        })
        .await
        .map_err(IntoResponse::into_response)?;
    let (grant, affiliation) = found.ok_or_else(|| unauthorized(Some("invalid_token")))?;
    let request = grant.request().map_err(|error| Problem::internal(&error).into_response())?;
    let info = UserInfo { subject: affiliation.subject.clone(), released: release::for_userinfo(&request.shares(), &values(&affiliation)) };
    let is_signed = clients::registered(&server, &grant.client_id).is_none_or(|client| client.userinfo_signed);
    if !is_signed {
        return Ok(([(header::CACHE_CONTROL, "no-store")], Json(info.claims())).into_response());
    }
    let jwt = signed(&server, |kid| info.unsigned(&server.config.issuer, &grant.client_id, kid)).map_err(IntoResponse::into_response)?;
    Ok(([(header::CONTENT_TYPE, "application/jwt"), (header::CACHE_CONTROL, "no-store")], jwt).into_response())
}

/// RFC 9110 §11.1: the scheme's name is compared without case.
fn bearer(value: &str) -> Option<&str> {
    value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token)
}

/// RFC 6750 §3.
fn unauthorized(error: Option<&'static str>) -> Response {
    let challenge = error.map_or_else(|| "Bearer".to_owned(), |error| format!("Bearer error=\"{error}\""));
    let body = Json(json!({ "error": error.unwrap_or("invalid_request"), "error_description": "send a living access token as Bearer" }));
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], body).into_response()
}
