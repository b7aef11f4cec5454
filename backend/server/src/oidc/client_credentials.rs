//! `grant_type=client_credentials` (RFC 6749 §4.4): a service for itself, where no person is behind it. Its token is signed, names one
//! resource, and needs no row.

use handslag_protocol::{oauth_error::OAuthError, token::TokenAnswer};

use super::{
    access_tokens::{self, For},
    refused::Refused,
    token::Asked,
};
use crate::caller::Rng;

pub(super) fn give(asked: &Asked<'_>, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
    let client = &asked.service.client;
    // Scopes about a person say nothing about a service.
    let own: Vec<String> = client.scopes.iter().filter(|scope| !handslag_protocol::release::scopes().contains(&scope.as_str())).cloned().collect();
    let scopes = asked.request.narrowed(&own)?;
    // No person is behind it who could have granted any.
    let details = asked.request.details(client, &[])?;
    let wanted =
        For { client: &client.id, grant: None, scopes: &scopes, audience: Some(audience(asked)?), bound_to: asked.bound_to, details: &details };
    Ok(TokenAnswer {
        access_token: access_tokens::for_audience(asked.server, &wanted, asked.now, rng)?,
        token_type: asked.token_type(),
        expires_in: access_tokens::LIFE,
        id_token: None,
        refresh_token: None,
        issued_token_type: None,
        scope: scopes.join(" "),
        details,
    })
}

/// The resource it names, or the only one it is registered for (RFC 9068 §3).
fn audience<'a>(asked: &'a Asked<'_>) -> Result<&'a str, Refused> {
    match (asked.audience, asked.service.config.audiences.as_slice()) {
        (Some(audience), _) => Ok(audience),
        (None, [only]) => Ok(only),
        (None, _) => Err(Refused::because(OAuthError::InvalidTarget, "say with resource which one the token is for")),
    }
}
