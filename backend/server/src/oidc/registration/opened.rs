//! What opens a registration policy: a token that the operator gave out (RFC 7591 §3), a statement about the program that somebody
//! signed whom the policy trusts (§2.3), or both where it names both.

use axum::http::{HeaderMap, header};
use handslag_protocol::{
    oauth_error::OAuthError,
    registration::{Refusal, RegistrationRequest, UnverifiedStatement},
};
use handslag_vocab::{Secret, UnixTime};

use super::super::{clients::NotRegistered, refused::Refused};
use crate::{config::RegistrationPolicy, server::Server};

/// The one token of the request, if there is one (RFC 6750 §2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, Refused> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let token = first.to_str().ok().and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match (token, values.next()) {
        (Some((_, token)), None) if !token.is_empty() => Ok(Some(Secret::presented(token))),
        _ => Err(unknown_token()),
    }
}

/// One answer for a token that never was, is spent, or belongs elsewhere.
pub(super) fn unknown_token() -> Refused {
    Refused::because(OAuthError::InvalidToken, "the token is not valid here")
}

/// The policy that this request opens, and the request with what the statement says.
pub(super) fn read<'a>(
    server: &'a Server,
    token: Option<&Secret>,
    body: &[u8],
    now: UnixTime,
) -> Result<(&'a RegistrationPolicy, RegistrationRequest), Refused> {
    let policies = &server.config.registration_policies;
    if let Some(token) = token {
        let hash = token.hash();
        let policy = policies.iter().find(|policy| policy.is_opened_by(&hash)).ok_or_else(unknown_token)?;
        return Ok((policy, under(policy, body, now)?));
    }
    let mut open = policies.iter().filter(|policy| policy.initial_access_tokens.is_empty()).peekable();
    if open.peek().is_none() {
        return Err(unknown_token());
    }
    let request = RegistrationRequest::parse(body)?;
    let statement = UnverifiedStatement::parse(request.statement().ok_or(Refusal::Statement)?)?;
    let policy = open.find(|policy| policy.statement_issuers.iter().any(|one| one.issuer == statement.issuer()));
    let policy = policy.ok_or(Refusal::StatementUnapproved)?;
    Ok((policy, under(policy, body, now)?))
}

/// The request with what the statement says, if it holds one; whether one is demanded is judged with everything else.
pub(super) fn under(policy: &RegistrationPolicy, body: &[u8], now: UnixTime) -> Result<RegistrationRequest, NotRegistered> {
    let request = RegistrationRequest::parse(body)?;
    let claims = request.statement().map(|compact| {
        let statement = UnverifiedStatement::parse(compact)?;
        let issuer = policy.statement_issuers.iter().find(|one| one.issuer == statement.issuer()).ok_or(Refusal::StatementUnapproved)?;
        statement.verify(&issuer.keys(), now)
    });
    Ok(match claims.transpose()? {
        Some(claims) => request.stated(&claims),
        None => request,
    })
}
