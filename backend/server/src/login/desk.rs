//! The page that waits for a phone: a moving code, a link for the same phone, a sentence for every state, and "Avbryt".
//!
//! The code's picture is fetched anew each second; the secret behind it never reaches the browser (MB-01, MB-02). The status
//! answers at once when something changed, otherwise after a while, so that a slow connection is not asked all the time; a browser that
//! can is told by itself (`events`). A browser that keeps the key of a phone itself goes straight on to the question. A no on
//! the phone is an answer like a yes: the page says so, and goes on to the service, which hears that the person refused.

use std::time::Duration;

use askama::Template;
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::wire::{Bearer, Start};
use handslag_vocab::{ApprovalId, ApprovalKind, SecretHash, StartKind, UnixTime};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{ahead, nearby, orders};
use crate::{
    caller::Now,
    page::Page,
    phone::{
        self, Caller,
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
    /// What a key in the browser's reach signs to take this log-in, and for which address keys are kept; none where no key can be.
    challenge: String,
    relying_party: Option<String>,
    /// The person said no on the phone: after the words the browser goes back by itself.
    is_refused: bool,
}

/// `GET /login/{txn}`.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    caller: Result<Caller, Problem>,
    Path(id): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let row = own(&server, &headers, &id).await?;
    let state = row.state_at(now);
    if let Some(next) = goes_on(&row, state)? {
        return Ok(Redirect::to(&next).into_response());
    }
    if word(&row, state) == HERE {
        return nearby::page(&server, voice, &row, now).await;
    }
    if let Ok(caller) = &caller
        && is_led(&server, caller, &row, voice, now).await?
    {
        return Ok(Redirect::to(&format!("/telefon/godkann/{id}")).into_response());
    }
    waiting(&server, voice, &row, now)
}

/// This browser keeps the key of a phone itself: nothing to scan and nothing to choose, the question is the next page. Where that phone
/// cannot answer (its level, a rule), the page stands on which another can.
async fn is_led(server: &Server, caller: &Caller, row: &Row, voice: Voice, now: UnixTime) -> Result<bool, Problem> {
    let is_wanted = request_of(row)?.in_browser.is_some_and(|browser| !browser.by_another);
    let is_open = matches!(row.state_at(now), ApprovalState::Created | ApprovalState::Claimed | ApprovalState::Shown);
    // A signature that somebody else is asked for ends when this phone looks: the person decides to look.
    if !is_open || !is_wanted || row.kind != ApprovalKind::Login {
        return Ok(false);
    }
    let token = Bearer::new(orders::link_token(server, &row.approval_id)?.reveal());
    Ok(phone::led(server, caller, &Start::Link { token }, voice.tag(), now).await.is_ok())
}

/// The page that waits for any phone, and says how it ended.
fn waiting(server: &Server, voice: Voice, row: &Row, now: UnixTime) -> Result<Response, Problem> {
    let (id, state) = (row.approval_id.clone(), row.state_at(now));
    let shown = row.code_until.filter(|until| now < *until && state == ApprovalState::Created);
    let digits = shown.map(|until| codes::digits(server, &id, until)).transpose()?.map(|digits| in_groups(&digits));
    let seconds = shown.map_or(0, |until| until.since(now).0);
    let (request, back, is_refused) = (request_of(row)?, way_back(row, state)?, state == ApprovalState::Declined);
    let (signs, words) = (row.kind == ApprovalKind::Signature, words(voice, row, state));
    let service = if voice.tag() == "en" { request.name_en } else { request.name_sv };
    let link = format!("/t/{}", orders::link_token(server, &id)?.reveal());
    let may_type = state == ApprovalState::Created && !signs && request.assurance <= StartKind::TypedCode.assurance();
    let (state, organisation) = (word(row, state), request.organisation);
    let (challenge, relying_party) = (phone::nearby::challenge(server, &id)?.to_base64url(), phone::relying_party(&server.config.issuer));
    let page = DeskPage {
        voice,
        id,
        service,
        organisation,
        link,
        digits,
        seconds,
        may_type,
        state,
        words,
        signs,
        back,
        challenge,
        relying_party,
        is_refused,
    };
    Ok(Page(page).into_response())
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
    /// Where the browser asks for what comes next before it is there.
    ahead: Option<String>,
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
    let ahead = ahead::address(row, state, request_of(row)?);
    Ok(Status { ahead, state: word, words: words(voice, row, state), next, back })
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

/// The person has said yes, and it was not given out. A signature is made before it is.
pub(super) fn is_yes(row: &Row, state: ApprovalState) -> bool {
    state == ApprovalState::Approved || (state == ApprovalState::Consumed && row.kind == ApprovalKind::Signature)
}

/// After a link on the same phone the answer goes with the phone's browser, never with the page that began (MB-04).
fn goes_on(row: &Row, state: ApprovalState) -> Result<Option<String>, Problem> {
    let goes_on_here = is_yes(row, state) && row.start_kind != Some(StartKind::SameDevice);
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
pub(super) async fn own(server: &Server, headers: &HeaderMap, id: &ApprovalId) -> Result<Row, Problem> {
    let browser = orders::known_browser(server, headers).ok_or_else(Problem::gone)?;
    server.db.read_one(async |tx| approvals::begun_by(tx, id, &browser).await).await
}

fn request_of(row: &Row) -> Result<Request, Problem> {
    row.request().map_err(|error| Problem::internal(&error))
}

/// The question stands on this very page.
pub(super) const HERE: &str = "here";

/// The hint's word, also the end of its text's key.
fn word(row: &Row, state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Aborted => ended_for(row.reason.as_deref()),
        ApprovalState::Approved => "approved",
        ApprovalState::Claimed | ApprovalState::Shown if phone::nearby::is_at_the_desk(row) => HERE,
        ApprovalState::Claimed => "claimed",
        ApprovalState::Consumed => "consumed",
        ApprovalState::Created => "created",
        ApprovalState::Declined if row.is_disowned() => "not-me",
        ApprovalState::Declined => "declined",
        ApprovalState::Expired => "expired",
        ApprovalState::Shown => "shown",
    }
}

/// Why it was ended before anybody answered. A reason that this version has no words for gets general ones, and is logged (MB-05).
fn ended_for(reason: Option<&str>) -> &'static str {
    match reason {
        None | Some(approvals::AT_THE_DESK) => "aborted", // old reasons are disposed of
        Some(approvals::REPLACED) => "replaced",
        Some(approvals::WITHDRAWN) => "withdrawn",
        Some(sign_requests::ANOTHER_PERSON) => "another-person",
        Some(other) => {
            tracing::warn!(reason = other, "no words for why a log-in was ended");
            "unknown"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use handslag_vocab::ApprovalKind;

    use super::*;
    use crate::words::Language;

    fn row(state: ApprovalState, start_kind: Option<StartKind>, reason: Option<&str>) -> Row {
        Row {
            approval_id: "txn_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            kind: ApprovalKind::Login,
            state,
            request: String::new(),
            browser_hash: handslag_vocab::Secret::presented("hs_browser_x").hash(),
            directed_at: None,
            code_until: None,
            start_kind,
            affiliation_id: None,
            phone_id: None,
            bytes: None,
            evidence: None,
            reason: reason.map(str::to_owned),
            created_at: UnixTime::from_seconds(0),
            decided_at: None,
            expires_at: UnixTime::from_seconds(100),
        }
    }

    fn hint(state: ApprovalState, start: Option<StartKind>, reason: Option<&str>) -> &'static str {
        word(&row(state, start, reason), state)
    }

    /// Every state a log-in can be in, however a phone came to it and however it ended.
    fn every_hint() -> Vec<&'static str> {
        use ApprovalState::{Aborted, Approved, Claimed, Consumed, Created, Declined, Expired, Shown};
        let starts = [StartKind::MovingQr, StartKind::Passkey, StartKind::SameDevice, StartKind::TypedCode];
        let reasons =
            [None, Some("cancelled"), Some(approvals::NOT_ME), Some(approvals::AT_THE_DESK), Some(approvals::REPLACED), Some(approvals::WITHDRAWN)];
        let states = [Aborted, Approved, Claimed, Consumed, Created, Declined, Expired, Shown];
        let all = states.into_iter().flat_map(|state| starts.map(|start| (state, start)));
        all.flat_map(|(state, start)| reasons.map(|reason| hint(state, Some(start), reason))).collect()
    }

    /// MB-05: pending and failed, in both languages, each with words of its own.
    #[test]
    fn every_hint_has_words_in_both_languages() {
        let mut hints = every_hint();
        hints.sort_unstable();
        hints.dedup();
        let known = [
            "aborted",
            "approved",
            "claimed",
            "consumed",
            "created",
            "declined",
            "expired",
            "here",
            "not-me",
            "replaced",
            "shown",
            "unknown",
            "withdrawn",
        ];
        assert_eq!(hints, known);
        for language in [Language::Swedish, Language::English] {
            for hint in &hints {
                let key = format!("login-state-{hint}");
                let words = Voice::in_language(language).say(&key);
                assert!(words != key && words.len() > 10, "{key} {}", language.tag());
            }
        }
        assert_eq!(hint(ApprovalState::Shown, Some(StartKind::Passkey), None), HERE, "read and answer on this very page");
        assert_eq!(hint(ApprovalState::Shown, Some(StartKind::MovingQr), None), "shown");
    }

    /// Counts what is logged as a warning.
    struct Warnings(Arc<AtomicUsize>);

    impl tracing::Subscriber for Warnings {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            *metadata.level() == tracing::Level::WARN
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    /// MB-05: a reason that a later version wrote is told in general words, and logged.
    #[test]
    fn a_reason_without_words_is_told_in_general_and_logged() {
        let warnings = Arc::new(AtomicUsize::new(0));
        tracing::subscriber::with_default(Warnings(Arc::clone(&warnings)), || {
            assert_eq!(hint(ApprovalState::Aborted, None, Some(approvals::REPLACED)), "replaced");
            assert_eq!(warnings.load(Ordering::Relaxed), 0);
            assert_eq!(hint(ApprovalState::Aborted, None, Some("sun_storm")), "unknown");
        });
        assert_eq!(warnings.load(Ordering::Relaxed), 1);
    }
}
