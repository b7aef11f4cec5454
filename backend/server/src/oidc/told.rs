//! What the person reads before the service hears that a log-in failed (OIDC Sweden profile §2.3; OP-19). The service is told when the
//! person goes on, once, by the browser that began.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    authorize::AuthorizationRequest,
    oauth_error::{Answer, OAuthError},
};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ApprovalId, Seconds, SecretHash, UnixTime};

use super::{
    authorize, clients,
    delivery::{self, Way},
};
use crate::{
    caller::{Now, Rng},
    login,
    page::Page,
    problem::Problem,
    server::Server,
    words::Voice,
};

/// Why nobody was logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub(super) enum Reason {
    /// Another person than one whose attributes the service named.
    AnotherPerson,
    /// In the browser.
    Cancelled,
    /// The work identity or the phone ended while the person answered.
    Ended,
    /// The person or the phone is below what the service demands.
    Level,
    /// The person said yes, and no signature came of it.
    NotSigned,
    /// Another person than the one of `id_token_hint`.
    NotTheOneMeant,
}

impl Reason {
    /// What the service hears.
    pub(super) const fn error(self) -> OAuthError {
        match self {
            Self::AnotherPerson | Self::Cancelled | Self::Ended => OAuthError::AccessDenied,
            Self::Level => OAuthError::UnmetAuthenticationRequirements,
            Self::NotSigned => OAuthError::ServerError,
            Self::NotTheOneMeant => OAuthError::LoginRequired,
        }
    }

    /// For the service's log; nothing about the person.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::AnotherPerson => "another person than the one named in claims logged in",
            Self::Cancelled => "the person cancelled in the browser",
            Self::Ended => "the work identity or the phone was ended",
            Self::Level => "the demanded level was not reached",
            Self::NotSigned => "the person approved, but the signature could not be made",
            Self::NotTheOneMeant => "another person than the one of id_token_hint logged in",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::AnotherPerson | Self::NotTheOneMeant => "told-another-person",
            Self::Cancelled => "told-cancelled",
            Self::Ended => "told-ended",
            Self::Level => "told-level",
            Self::NotSigned => "told-not-signed",
        }
    }
}

#[derive(FromRow)]
struct Told {
    request: String,
    reason: Reason,
}

#[derive(Template)]
#[template(path = "oidc/told.html")]
struct ToldPage {
    voice: Voice,
    id: ApprovalId,
    service: String,
    words: String,
    title: &'static str,
    is_cancelled: bool,
}

/// Keeps the answer, and sends the browser to the page that says why.
pub(super) async fn tell(
    server: &Server,
    request: &AuthorizationRequest,
    reason: Reason,
    browser: &SecretHash,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<Response, Problem> {
    let id = ApprovalId::random(rng);
    server.db.write(async |tx| keep(tx, &id, request, reason, browser, now).await).await?;
    Ok(delivery::redirect(server, &format!("/besked/{id}{}", authorize::language(request.language))))
}

/// `GET /besked/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let browser = login::known_browser(&server, &headers).ok_or_else(Problem::gone)?;
    let told = server.db.read(async |tx| waiting(tx, &id, &browser, now).await).await?.ok_or_else(Problem::gone)?;
    let request: AuthorizationRequest = serde_json::from_str(&told.request).map_err(|error| Problem::internal(&error))?;
    let client = clients::registered(&server, &request.client_id).await?.ok_or_else(Problem::gone)?;
    let service = clients::name(&client.config, voice).to_owned();
    let words = voice.say1(told.reason.word(), "service", &service);
    let is_cancelled = told.reason == Reason::Cancelled;
    let title = match request.signs() {
        _ if is_cancelled => "told-title-cancelled",
        Some(_) => "told-title-sign",
        None => "told-title",
    };
    Ok(Page(ToldPage { voice, id, service, words, title, is_cancelled }).into_response())
}

/// `GET /besked/{id}/vidare`: the person has read it.
pub(super) async fn go_on(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let browser = login::known_browser(&server, &headers).ok_or_else(Problem::gone)?;
    let told = server.db.write(async |tx| read(tx, &id, &browser, now).await).await?.ok_or_else(Problem::gone)?;
    let request: AuthorizationRequest = serde_json::from_str(&told.request).map_err(|error| Problem::internal(&error))?;
    let client = clients::registered(&server, &request.client_id).await?;
    let answer = Answer::Error(told.reason.error(), told.reason.description());
    Way { server: &server, client: client.as_deref(), voice, now }.deliver(&request.reply_to, &answer, &mut rng)
}

const LIFE: Seconds = Seconds::hours(1);

async fn keep(
    tx: &mut Tx,
    id: &ApprovalId,
    request: &AuthorizationRequest,
    reason: Reason,
    browser: &SecretHash,
    now: UnixTime,
) -> Result<(), Error> {
    let json = serde_json::to_string(request).unwrap_or_default();
    tx.execute(
        "INSERT INTO told_refusals (told_id, client_id, request, reason, browser_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        (id, &request.client_id, json, reason, browser, now),
    )
    .await?;
    Ok(())
}

async fn waiting(tx: &mut Tx, id: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<Option<Told>, Error> {
    tx.optional(
        "SELECT request, reason FROM told_refusals WHERE told_id = $1 AND browser_hash = $2 AND created_at > $3 AND read_at IS NULL",
        (id, browser, now - LIFE),
    )
    .await
}

async fn read(tx: &mut Tx, id: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<Option<Told>, Error> {
    tx.optional(
        "UPDATE told_refusals SET read_at = $4 WHERE told_id = $1 AND browser_hash = $2 AND created_at > $3 AND read_at IS NULL \
         RETURNING request, reason",
        (id, browser, now - LIFE, now),
    )
    .await
}

/// Disposes of those that have run out.
pub(super) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM told_refusals WHERE created_at < $1", (now - LIFE,)).await?;
    Ok(())
}
