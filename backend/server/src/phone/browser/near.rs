//! Something near leads this browser to an approval: the link on the same phone, or the moving code seen by the phone's own
//! camera. Both claim it and go on to the approval screen.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::wire::{Bearer, Start};
use handslag_vocab::UnixTime;

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
            return Ok(unknown(voice, if matches!(start, Start::Qr { .. }) { "scan" } else { "link" }));
        }
        caller => caller?,
    };
    let row = claim::taken(server, &caller, start, voice.tag(), now).await?;
    server.wakeups.wake(row.approval_id.as_str());
    Ok(Redirect::to(&format!("/telefon/godkann/{}", row.approval_id)).into_response())
}

/// The code on the screen has changed since the camera saw it, or it is used.
fn moved_on() -> Problem {
    let (sv, en) = (
        "Koden hann bytas. Rikta kameran mot skärmen en gång till. Är koden borta? Börja då om där.",
        "The code has changed. Point the camera at the screen once more. Is the code gone? Then start again there.",
    );
    Problem::new(StatusCode::GONE, "code_moved_on", sv, en)
}
