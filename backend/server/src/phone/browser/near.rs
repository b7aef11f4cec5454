//! Something near leads this browser to an approval: the link on the same phone, or the moving code seen by the phone's own
//! camera. Both claim it and go on to the approval screen.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::wire::{Bearer, Start};
use handslag_vocab::{ApprovalId, UnixTime};
use serde::Deserialize;

use super::super::{caller::Caller, claim};
use crate::{caller::Now, page::Page, problem::Problem, server::Server, words::Voice};

#[derive(Template)]
#[template(path = "phone/unknown.html")]
struct UnknownPage {
    voice: Voice,
    /// How the browser came here; also the end of the keys of what to do.
    came: &'static str,
}

/// The page for a browser that has no work identity: what to do instead, by how it came here.
pub(super) fn unknown(voice: Voice, came: &'static str) -> Response {
    (StatusCode::UNAUTHORIZED, Page(UnknownPage { voice, came })).into_response()
}

/// `GET /q/{code}`: the moving code, opened by a stock camera.
pub(super) async fn scanned(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    caller: Result<Caller, Problem>,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let start = Start::Qr { text: Bearer::new(code) };
    led(&server, voice, caller, &start, now).await.map_err(|problem| if problem.status == StatusCode::GONE { moved_on() } else { problem })
}

/// `GET /telefon/fraga/{txn}`: a log-in from the list, that a service asked for.
pub(super) async fn asked(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    caller: Result<Caller, Problem>,
    Path(approval): Path<ApprovalId>,
) -> Result<Response, Problem> {
    led(&server, voice, caller, &Start::Asked { approval }, now).await
}

#[derive(Deserialize)]
pub(super) struct Typed {
    siffror: String,
}

/// `POST /telefon/kod`: eight digits from a screen.
pub(super) async fn typed(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    caller: Result<Caller, Problem>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let digits: String = typed.siffror.chars().filter(|c| !c.is_whitespace()).collect();
    let start = Start::Code { digits: Bearer::new(digits) };
    led(&server, voice, caller, &start, now).await.map_err(|problem| if problem.status == StatusCode::GONE { not_on_a_screen() } else { problem })
}

/// `GET /t/{token}`: "Fortsätt på den här telefonen".
pub(super) async fn same_phone(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    caller: Result<Caller, Problem>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    led(&server, voice, caller, &Start::Link { token: Bearer::new(token) }, now).await
}

async fn led(server: &Server, voice: Voice, caller: Result<Caller, Problem>, start: &Start, now: UnixTime) -> Result<Response, Problem> {
    let caller = match caller {
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => {
            let came = match start {
                Start::Qr { .. } => "scan",
                Start::Link { .. } => "link",
                Start::Asked { .. } | Start::Assigned { .. } | Start::Code { .. } => "home",
            };
            return Ok(unknown(voice, came));
        }
        caller => caller?,
    };
    let row = claim::taken(server, &caller, start, voice.tag(), now).await?;
    server.wakeups.wake(row.approval_id.as_str());
    Ok(Redirect::to(&format!("/telefon/godkann/{}", row.approval_id)).into_response())
}

/// The digits are none that a screen shows now.
fn not_on_a_screen() -> Problem {
    let (sv, en) = (
        "Siffrorna gäller inte. De byts varje minut. Titta på skärmen och skriv dem som står där nu.",
        "These digits are not valid. They change every minute. Look at the screen and type the ones that are there now.",
    );
    Problem::new(StatusCode::GONE, "digits_not_shown", sv, en)
}

/// The code on the screen has changed since the camera saw it, or it is used.
fn moved_on() -> Problem {
    let (sv, en) = (
        "Koden hann bytas. Rikta kameran mot skärmen en gång till. Är koden borta? Börja då om där.",
        "The code has changed. Point the camera at the screen once more. Is the code gone? Then start again there.",
    );
    Problem::new(StatusCode::GONE, "code_moved_on", sv, en)
}
