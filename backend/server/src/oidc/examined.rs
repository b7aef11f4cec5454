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
use handslag_store::{Error, Tx};
use handslag_vocab::{ClientId, GrantId, Secret, UnixTime};

use super::{
    access_tokens::{self, Opaque},
    clients, discovery,
    grants::{self, Behind, Held},
    proven_client::{self, ProvenClient},
    refused::Refused,
};
use crate::{problem::Problem, sender::Sender, server::Server};

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
    /// The service that the person logged in to; the holder may be another, that it was passed on to.
    first: Option<ClientId>,
}

impl Examined {
    fn of(token: ActiveToken, held: Held) -> Self {
        Self { token, grant: Some(held.grant.grant_id), first: Some(held.grant.client_id) }
    }

    fn services(&self) -> impl Iterator<Item = &ClientId> {
        self.first.iter().chain([&self.token.client_id])
    }

    /// Whether the services that it rests on still are services here.
    pub(super) async fn stands(&self, tx: &mut Tx, server: &Server) -> Result<bool, Error> {
        for service in self.services() {
            if !clients::stands(tx, server, service).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What is alive of the presented text, and whose services still are services here: one statement where they are of the file, and another
/// reading where one is stored.
pub(super) async fn standing(server: &Server, presented: &Secret, now: UnixTime) -> Result<Option<Examined>, Problem> {
    let found = server.db.read_one(async |tx| examine(tx, server, presented, now).await).await?;
    let Some(found) = found else { return Ok(None) };
    let is_of_the_file = found.services().all(|service| server.clients.of_the_file(service).is_some());
    let stands = is_of_the_file || server.db.read(async |tx| found.stands(tx, server).await).await?;
    Ok(stands.then_some(found))
}

/// What is alive of the presented text, with one statement at most; the hint that a client may give (`token_type_hint`) is not needed,
/// our tokens tell their kind: only a signed one has dots (RFC 7515 §7.1).
pub(super) async fn examine(tx: &mut Tx, server: &Server, presented: &Secret, now: UnixTime) -> Result<Option<Examined>, Problem> {
    if let Some(refresh) = RefreshToken::parse(presented) {
        return of_refresh(tx, server, &refresh, now).await;
    }
    if presented.reveal().contains('.') {
        let Ok(signed) = AccessToken::signed_by(&discovery::published(server)?.set, presented.reveal()) else { return Ok(None) };
        return of_signed(tx, server, signed, now).await;
    }
    match grants::of_access_token(tx, presented, now).await? {
        Some(Behind { presented: opaque, held }) => of_opaque(server, &opaque, held, now),
        None => Ok(None),
    }
}

async fn of_refresh(tx: &mut Tx, server: &Server, token: &RefreshToken, now: UnixTime) -> Result<Option<Examined>, Problem> {
    let Some(Behind { presented: family, held }) = grants::of_refresh_token(tx, token).await? else { return Ok(None) };
    let is_last = matches!(family.judge(token), Verdict::Advance | Verdict::Keep | Verdict::Repeat(_));
    if !is_last || !family.is_alive(now) || held.usable(now).is_none() {
        return Ok(None);
    }
    let token = ActiveToken { is_refresh: true, ..active(server, &held, family.ends_at)? };
    Ok(Some(Examined::of(token, held)))
}

fn of_opaque(server: &Server, opaque: &Opaque, held: Held, now: UnixTime) -> Result<Option<Examined>, Problem> {
    if held.usable(now).is_none() {
        return Ok(None);
    }
    let whole = active(server, &held, opaque.expires_at)?;
    let scopes = opaque.scopes().unwrap_or_else(|| whole.scopes.clone());
    // Our own UserInfo opens nothing.
    let token = ActiveToken { scopes, bound_to: opaque.bound_to(), details: Vec::new(), ..whole };
    Ok(Some(Examined::of(token, held)))
}

async fn of_signed(tx: &mut Tx, server: &Server, token: AccessToken, now: UnixTime) -> Result<Option<Examined>, Problem> {
    let grant = access_tokens::grant_of(&token);
    let held = match &grant {
        Some(grant) => grants::by_id(tx, grant).await?.filter(|held| held.usable(now).is_some()),
        None => None,
    };
    let is_ended = grant.is_some() && held.is_none();
    if is_ended || now >= token.expires_at || token.issuer != server.config.issuer {
        return Ok(None);
    }
    let AccessToken { subject, client_id, scopes, audience, expires_at, bound_to, log_in, passed_on_by, details, .. } = token;
    let audience = Some(audience);
    let token = ActiveToken { subject, client_id, scopes, audience, expires_at, bound_to, log_in, is_refresh: false, passed_on_by, details };
    Ok(Some(Examined { token, grant, first: held.map(|held| held.grant.client_id) }))
}

fn active(server: &Server, Held { grant, affiliation, .. }: &Held, expires_at: UnixTime) -> Result<ActiveToken, Problem> {
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
        passed_on_by: Vec::new(),
        details: request.details,
    })
}
