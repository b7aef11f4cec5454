//! A token of any kind as somebody brings it, with what is known of it: for introspection and revocation.

use axum::http::HeaderMap;
use handslag_protocol::{
    access_token::AccessToken,
    client_authentication::ClaimedClient,
    introspection::ActiveToken,
    oauth_error::OAuthError,
    parameters::Parameters,
    refresh::{RefreshToken, Verdict},
    token,
};
use handslag_store::Tx;
use handslag_vocab::{GrantId, Secret, UnixTime};

use super::{
    access_tokens, discovery,
    grants::{self, Grant},
    proven_client::{self, ProvenClient},
    refresh_families,
    refused::Refused,
};
use crate::{identity::Affiliation, problem::Problem, sender::Sender, server::Server};

/// A token that a service asks about or gives back.
pub(super) struct Question {
    pub(super) service: ProvenClient,
    pub(super) presented: Secret,
}

impl Question {
    /// Takes the form of RFC 7662 §2.1 and RFC 7009 §2.1, which are the same.
    pub(super) async fn read(
        server: &Server,
        headers: &HeaderMap,
        sender: &Sender,
        pairs: Vec<(String, String)>,
        now: UnixTime,
    ) -> Result<Self, Refused> {
        let parameters = Parameters::collect(pairs);
        if parameters.has_repeated() {
            return Err(token::Refusal::ParameterRepeated.into());
        }
        let claimed = ClaimedClient::read(&parameters, proven_client::authorization(headers)?)?;
        let service = ProvenClient::of(server, &claimed, sender, now).await?;
        let missing = || Refused::because(OAuthError::InvalidRequest, "token is missing");
        let presented = parameters.value("token").map(Secret::presented).ok_or_else(missing)?;
        Ok(Self { service, presented })
    }
}

/// A living token, and the log-in behind it.
pub(super) struct Examined {
    pub(super) token: ActiveToken,
    pub(super) grant: Option<GrantId>,
}

/// What is alive of the presented text; the hint that a client may give (`token_type_hint`) is not needed, our tokens tell their kind.
pub(super) async fn examine(tx: &mut Tx, server: &Server, presented: &Secret, now: UnixTime) -> Result<Option<Examined>, Problem> {
    if let Some(refresh) = RefreshToken::parse(presented) {
        return of_refresh(tx, server, &refresh, now).await;
    }
    if let Some(opaque) = access_tokens::by_secret(tx, presented, now).await? {
        return of_opaque(tx, server, &opaque, now).await;
    }
    let Ok(signed) = AccessToken::signed_by(&discovery::published(server)?.set, presented.reveal()) else { return Ok(None) };
    of_signed(tx, server, signed, now).await
}

async fn of_refresh(tx: &mut Tx, server: &Server, token: &RefreshToken, now: UnixTime) -> Result<Option<Examined>, Problem> {
    let Some(family) = refresh_families::of(tx, token).await?.filter(|family| family.is_alive(now)) else { return Ok(None) };
    let is_last = matches!(family.judge(token), Verdict::Advance | Verdict::Keep | Verdict::Repeat(_));
    let Some((grant, affiliation)) = living(tx, &family.grant_id, now).await?.filter(|_| is_last) else { return Ok(None) };
    let token = ActiveToken { is_refresh: true, bound_to: None, ..active(server, &grant, &affiliation, family.ends_at)? };
    Ok(Some(Examined { token, grant: Some(grant.grant_id) }))
}

async fn of_opaque(tx: &mut Tx, server: &Server, opaque: &access_tokens::Opaque, now: UnixTime) -> Result<Option<Examined>, Problem> {
    let Some((grant, affiliation)) = living(tx, &opaque.grant_id, now).await? else { return Ok(None) };
    let whole = active(server, &grant, &affiliation, opaque.expires_at)?;
    let scopes = opaque.scopes().unwrap_or_else(|| whole.scopes.clone());
    Ok(Some(Examined { token: ActiveToken { scopes, bound_to: opaque.bound_to(), ..whole }, grant: Some(grant.grant_id) }))
}

async fn of_signed(tx: &mut Tx, server: &Server, token: AccessToken, now: UnixTime) -> Result<Option<Examined>, Problem> {
    let grant = access_tokens::grant_of(&token);
    let is_ended = match &grant {
        Some(grant) => living(tx, grant, now).await?.is_none(),
        None => false,
    };
    if is_ended || now >= token.expires_at || token.issuer != server.config.issuer {
        return Ok(None);
    }
    let AccessToken { subject, client_id, scopes, audience, expires_at, bound_to, log_in, .. } = token;
    let token = ActiveToken { subject, client_id, scopes, audience: Some(audience), expires_at, bound_to, log_in, is_refresh: false };
    Ok(Some(Examined { token, grant }))
}

async fn living(tx: &mut Tx, grant: &GrantId, now: UnixTime) -> Result<Option<(Grant, Affiliation)>, Problem> {
    let Some(grant) = grants::by_id(tx, grant).await? else { return Ok(None) };
    Ok(grant.usable(tx, now).await?.map(|affiliation| (grant, affiliation)))
}

fn active(server: &Server, grant: &Grant, affiliation: &Affiliation, expires_at: UnixTime) -> Result<ActiveToken, Problem> {
    let request = grant.request().map_err(|error| Problem::internal(&error))?;
    Ok(ActiveToken {
        subject: affiliation.subject.clone(),
        client_id: grant.client_id.clone(),
        scopes: request.scopes,
        audience: None,
        expires_at,
        bound_to: None,
        log_in: Some(access_tokens::log_in(server, grant)),
        is_refresh: false,
    })
}
