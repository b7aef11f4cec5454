//! `POST /introspect` (RFC 7662): a resource asks about a token, and hears of none but its own. Signed where it asks for that
//! (RFC 9701), so that the answer can be kept as evidence.

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    client_authentication::Authentication,
    introspection::{self, ActiveToken},
    oauth_error::OAuthError,
};

use super::{
    examined::{self, Question},
    refused::{Refused, no_store},
    signed::protected,
    subjects,
};
use crate::{
    caller::{Now, Rng},
    config::Client,
    problem::Problem,
    sender::Sender,
    server::Server,
};

const SIGNED: &str = "application/token-introspection+jwt";

/// `POST /introspect`.
pub(super) async fn tell(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    sender: Sender,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let Question { service, presented } = Question::read(&server, &headers, &sender, pairs, now).await?;
    if service.client.authentication == Authentication::None {
        // RFC 7662 §2.1: whoever proves nothing could try tokens until one is alive.
        return Err(Refused::because(OAuthError::InvalidClient, "only a client that proves itself may ask about tokens"));
    }
    if service.has_mark() {
        server.db.write(async |tx| service.mark(tx, None, now).await).await??;
    }
    let found = examined::standing(&server, &presented, now).await?;
    let token = found.map(|found| found.token).filter(|token| token.concerns(&service.client.id, service.config.resource.as_deref()));
    let token = token.map(|token| as_told(&server, &service.config, token)).transpose()?;
    let issuer = &server.config.issuer;
    let protection = service.client.registration.introspection;
    if wants_signed(&headers) || protection.signed.is_some() || protection.encrypted.is_some() {
        let build = |key: (_, &_)| introspection::unsigned(token.as_ref(), issuer, &service.client.id, now, key);
        let jwt = protected(&server, &service.client, protection, &mut rng, build)?;
        return Ok((no_store(), [(header::CONTENT_TYPE, SIGNED)], jwt).into_response());
    }
    Ok((no_store(), Json(introspection::answer(token.as_ref(), issuer))).into_response())
}

/// A token of ours without an audience is heard of by its holder alone, and names the person as the holder knows them; a signed one
/// does so already.
fn as_told(server: &Server, holder: &Client, token: ActiveToken) -> Result<ActiveToken, Problem> {
    if token.audience.is_some() {
        return Ok(token);
    }
    Ok(ActiveToken { subject: subjects::told(server, holder, &token.subject)?, ..token })
}

fn wants_signed(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|accepted| accepted.contains(SIGNED))
}
