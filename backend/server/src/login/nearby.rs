//! Logging in at a desk with a key that the desk's browser reaches (WebAuthn): taken with one signature, shown on this page, and answered
//! with another (docs/decisions/0011). Only the browser that began gets the question or can answer it.

use askama::Template;
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::wire::{ApprovalSignature, Approve, DeclineReason};
use handslag_vocab::{Approval, ApprovalId, Block, SecretHash, UnixTime};

use super::{desk, orders};
use crate::{
    caller::{Now, Rng},
    page::Page,
    phone::{
        self,
        approvals::Row,
        nearby::{self, Lock},
    },
    problem::Problem,
    server::Server,
    words::{Language, Voice},
};

#[derive(Template)]
#[template(path = "login/approval.html")]
struct ApprovalPage {
    voice: Voice,
    approval: Approval,
    /// What the service says.
    words: Vec<Block>,
    state: &'static str,
    challenge: String,
    key: String,
    relying_party: String,
}

/// The one approval screen, at the desk: everything on it is read from the bytes that the yes is a signature over.
pub(super) async fn page(server: &Server, voice: Voice, row: &Row, now: UnixTime) -> Result<Response, Problem> {
    let approval = row.approval().map_err(|error| Problem::internal(&error))?.ok_or_else(Problem::gone)?;
    let caller = nearby::caller(server, &row.approval_id, &row.browser_hash, now).await?;
    let Lock { key, relying_party } = server.db.read(async |tx| nearby::lock(tx, &caller).await).await?;
    let page = ApprovalPage {
        voice: Language::named(&approval.language).map_or(voice, Voice::in_language),
        state: desk::HERE,
        challenge: approval.digest().to_base64url(),
        key,
        relying_party,
        words: approval.words(),
        approval,
    };
    Ok(Page(page).into_response())
}

/// `POST /login/{txn}/skarmlas`: the key takes the log-in.
pub(super) async fn take(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Json(signature): Json<ApprovalSignature>,
) -> Result<StatusCode, Problem> {
    nearby::take(&server, (&id, &browser(&server, &headers)?), &signature, voice.tag(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /login/{txn}/godkann`: the yes to what this page shows.
pub(super) async fn approve(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Json(signature): Json<ApprovalSignature>,
) -> Result<StatusCode, Problem> {
    let caller = nearby::caller(&server, &id, &browser(&server, &headers)?, now).await?;
    if matches!(signature, ApprovalSignature::App { .. }) {
        return Err(Problem::bad(
            "wrong_signature_kind",
            "Webbläsaren svarade på fel sätt. Försök igen.",
            "The browser answered in the wrong way. Try again.",
        ));
    }
    phone::give_shown(&server, &caller, &id, &Approve { number: None, signature }, now, rng).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /login/{txn}/inte-jag`: somebody who sees another's name, or never meant to log in.
pub(super) async fn not_me(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
) -> Result<Redirect, Problem> {
    let caller = nearby::caller(&server, &id, &browser(&server, &headers)?, now).await?;
    phone::turn_down(&server, &caller, &id, DeclineReason::NotMe, now, rng).await?;
    Ok(Redirect::to(&format!("/login/{id}")))
}

fn browser(server: &Server, headers: &HeaderMap) -> Result<SecretHash, Problem> {
    orders::known_browser(server, headers).ok_or_else(Problem::gone)
}
