//! The page that waits for a phone: a moving code, a link for the same phone, a sentence for every state, and "Avbryt".
//!
//! The code's picture is fetched anew each second; the secret behind it never reaches the browser (MB-01, MB-02). The status
//! answers at once when something changed, otherwise after a while, so that a slow connection is not asked all the time; a browser that
//! can is told by itself (`events`). A no on
//! the phone is an answer like a yes: the page says so, and goes on to the service, which hears that the person refused.

use std::time::Duration;

use askama::Template;
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_vocab::{ApprovalId, ApprovalKind, SecretHash, StartKind, UnixTime};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::orders;
use crate::{
    caller::Now,
    page::Page,
    phone::{
        approvals::{self, Request, Row, State as ApprovalState},
        codes, sign_requests,
    },
    problem::Problem,
    qr,
    server::Server,
    words::Voice,
};

/// A waiting answer is held this long at most.
const HELD: Duration = Duration::from_secs(15);

#[derive(Template)]
#[template(path = "login/desk.html")]
struct DeskPage {
    voice: Voice,
    id: ApprovalId,
    service: String,
    organisation: String,
    link: String,
    /// Eight digits, while they are shown.
    digits: Option<String>,
    /// So long still.
    seconds: i64,
    /// Whether digits can be shown: for a log-in of level 2 that no phone has taken.
    may_type: bool,
    state: &'static str,
    words: String,
    /// It is no log-in: a service has something signed.
    signs: bool,
    /// Where the person goes who gives up or came too late.
    back: Option<String>,
    /// The person said no on the phone: after the words the browser goes back by itself.
    is_refused: bool,
}

/// `GET /login/{txn}`.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let row = own(&server, &headers, &id).await?;
    let state = row.state_at(now);
    if let Some(next) = goes_on(&row, state)? {
        return Ok(Redirect::to(&next).into_response());
    }
    let shown = row.code_until.filter(|until| now < *until && state == ApprovalState::Created);
    let digits = shown.map(|until| codes::digits(&server, &id, until)).transpose()?.map(|digits| in_groups(&digits));
    let seconds = shown.map_or(0, |until| until.since(now).0);
    let (request, back, is_refused) = (request_of(&row)?, way_back(&row, state)?, state == ApprovalState::Declined);
    let (signs, words) = (row.kind == ApprovalKind::Signature, words(voice, &row, state));
    let service = if voice.tag() == "en" { request.name_en } else { request.name_sv };
    let link = format!("/t/{}", orders::link_token(&server, &id)?.reveal());
    let may_type = state == ApprovalState::Created && !signs && request.assurance <= StartKind::TypedCode.assurance();
    let (state, organisation) = (word(&row, state), request.organisation);
    Ok(Page(DeskPage { voice, id, service, organisation, link, digits, seconds, may_type, state, words, signs, back, is_refused }).into_response())
}

/// Two groups of four are read without losing the place.
fn in_groups(digits: &str) -> String {
    let (first, second) = digits.split_at_checked(4).unwrap_or((digits, ""));
    format!("{first} {second}")
}

/// `POST /login/{txn}/siffror`: shows digits to type, for where no camera works.
pub(super) async fn digits(State(server): State<Server>, Now(now): Now, headers: HeaderMap, Path(id): Path<ApprovalId>) -> Result<Response, Problem> {
    let row = own(&server, &headers, &id).await?;
    if request_of(&row)?.assurance <= StartKind::TypedCode.assurance() {
        server.db.write(async |tx| codes::offer(tx, &server, &id, &row.browser_hash, now).await).await?;
    }
    Ok(Redirect::to(&format!("/login/{id}")).into_response())
}

/// `GET /login/{txn}/kod.svg`: this second's picture.
pub(super) async fn code(State(server): State<Server>, Now(now): Now, headers: HeaderMap, Path(id): Path<ApprovalId>) -> Result<Response, Problem> {
    let row = own(&server, &headers, &id).await?;
    if row.state_at(now) != ApprovalState::Created {
        return Err(Problem::gone());
    }
    let picture = qr::svg(&orders::qr_text(&server, &id, row.created_at, now)?)?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")], picture).into_response())
}

#[derive(Deserialize)]
pub(super) struct Seen {
    /// The state the page already shows.
    #[serde(default)]
    seen: String,
}

#[derive(Serialize)]
pub(super) struct Status {
    state: &'static str,
    words: String,
    /// Where the browser goes on by itself.
    next: Option<String>,
    /// Where the person goes who gives up or came too late; with `next` after the words are read.
    back: Option<String>,
}

/// `GET /login/{txn}/status?seen=created`.
pub(super) async fn status(
    State(server): State<Server>,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Query(seen): Query<Seen>,
) -> Result<Json<Status>, Problem> {
    let mut listener = server.wakeups.listen(id.as_str());
    let mut row = own(&server, &headers, &id).await?;
    let until = Instant::now() + HELD;
    // Being woken means "look again", not "it changed".
    while word(&row, row.state_at(server.clock.now())) == seen.seen && timeout_at(until, listener.woken()).await.is_ok() {
        row = own(&server, &headers, &id).await?;
    }
    Ok(Json(status_of(&server, voice, &row)?))
}

/// The same, now, for whoever follows it.
pub(super) async fn told(server: &Server, voice: Voice, headers: &HeaderMap, id: &ApprovalId) -> Result<Status, Problem> {
    status_of(server, voice, &own(server, headers, id).await?)
}

fn status_of(server: &Server, voice: Voice, row: &Row) -> Result<Status, Problem> {
    let state = row.state_at(server.clock.now());
    let (word, back) = (word(row, state), way_back(row, state)?);
    let next = if state == ApprovalState::Declined { back.clone() } else { goes_on(row, state)? };
    Ok(Status { state: word, words: words(voice, row, state), next, back })
}

/// The sentence for a state. Where a service has something signed, nobody is logged in.
fn words(voice: Voice, row: &Row, state: ApprovalState) -> String {
    let differs = matches!(state, ApprovalState::Aborted | ApprovalState::Approved | ApprovalState::Consumed | ApprovalState::Declined);
    let act = if row.kind == ApprovalKind::Signature && differs && !row.is_replaced() { "sign" } else { "login" };
    voice.say_or(&format!("{act}-state-{}", word(row, state)), "login-state-unknown")
}

impl Status {
    /// The hint's word.
    pub(super) const fn state(&self) -> &'static str {
        self.state
    }

    /// Whether nothing comes after it.
    pub(super) fn is_last(&self) -> bool {
        self.next.is_some() || self.back.is_some() || self.state == "consumed"
    }
}

/// After a link on the same phone the answer goes with the phone's browser, never with the page that began (MB-04).
fn goes_on(row: &Row, state: ApprovalState) -> Result<Option<String>, Problem> {
    // A signature is made before it is given out.
    let is_given = state == ApprovalState::Approved || (state == ApprovalState::Consumed && row.kind == ApprovalKind::Signature);
    let goes_on_here = is_given && row.start_kind != Some(StartKind::SameDevice);
    if goes_on_here { Ok(request_of(row)?.return_to) } else { Ok(None) }
}

/// A no is an answer too: the service is told when the browser comes back.
fn way_back(row: &Row, state: ApprovalState) -> Result<Option<String>, Problem> {
    let is_over = matches!(state, ApprovalState::Aborted | ApprovalState::Declined | ApprovalState::Expired);
    if is_over { Ok(request_of(row)?.return_to) } else { Ok(None) }
}

/// `POST /login/{txn}/avbryt`: back to the page, which has the link to the service. A form may not end at another site (the
/// page's own policy), a link may.
pub(super) async fn cancel(State(server): State<Server>, Now(now): Now, headers: HeaderMap, Path(id): Path<ApprovalId>) -> Result<Response, Problem> {
    let row = own(&server, &headers, &id).await?;
    aborted(&server, &id, &row.browser_hash, now).await?;
    Ok(Redirect::to(&format!("/login/{id}")).into_response())
}

async fn aborted(server: &Server, id: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<(), Problem> {
    server.db.write(async |tx| approvals::abort(tx, id, browser, now).await).await?;
    server.wakeups.wake(id.as_str());
    Ok(())
}

/// The row, for the browser that began it; for every other one it does not exist.
async fn own(server: &Server, headers: &HeaderMap, id: &ApprovalId) -> Result<Row, Problem> {
    let browser = orders::known_browser(server, headers).ok_or_else(Problem::gone)?;
    server.db.read_one(async |tx| approvals::begun_by(tx, id, &browser).await).await
}

fn request_of(row: &Row) -> Result<Request, Problem> {
    row.request().map_err(|error| Problem::internal(&error))
}

/// The hint's word, also the end of its text's key.
fn word(row: &Row, state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Aborted if row.is_replaced() => "replaced",
        ApprovalState::Aborted if row.reason.as_deref() == Some(sign_requests::ANOTHER_PERSON) => "another-person",
        ApprovalState::Aborted if row.reason.as_deref() == Some("withdrawn") => "withdrawn",
        ApprovalState::Aborted => "aborted",
        ApprovalState::Approved => "approved",
        ApprovalState::Claimed => "claimed",
        ApprovalState::Consumed => "consumed",
        ApprovalState::Created => "created",
        ApprovalState::Declined if row.is_disowned() => "not-me",
        ApprovalState::Declined => "declined",
        ApprovalState::Expired => "expired",
        ApprovalState::Shown => "shown",
    }
}
