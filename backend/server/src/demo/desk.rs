//! The demonstration's first page with its two frames, and the desk.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::place::Place;
use crate::{
    caller::{Now, Rng},
    identity,
    login::{self, Worker},
    page::Page,
    problem::Problem,
    server::Server,
    words::Voice,
};

#[derive(Template)]
#[template(path = "demo/frames.html")]
struct FramesPage {
    voice: Voice,
}

/// `GET /`: the desk and the phone.
pub(super) async fn frames(voice: Voice) -> Response {
    Page(FramesPage { voice }).into_response()
}

#[derive(Template)]
#[template(path = "engineers/how.html")]
struct HowPage {
    voice: Voice,
    issuer: String,
}

/// `GET /demo/hur`: the engineers' page.
pub(super) async fn engineers(State(server): State<Server>, voice: Voice) -> Response {
    Page(HowPage { voice, issuer: server.config.issuer.clone() }).into_response()
}

#[derive(Template)]
#[template(path = "demo/desk.html")]
struct DeskPage {
    voice: Voice,
    manager: String,
    unit: String,
}

/// `GET /demo/skrivbord`: the manager's desk. Whoever opens it is the manager, logged in since this morning.
pub(super) async fn desk(
    State(server): State<Server>, Extension(place): Extension<Arc<Place>>, Now(now): Now, mut rng: Rng, voice: Voice, worker: Option<Worker>,
) -> Result<Response, Problem> {
    let manager = server.db.read(async |tx| identity::by_id(tx, &place.town.manager).await).await?;
    let is_manager = worker.is_some_and(|worker| worker.affiliation.affiliation_id == manager.affiliation_id);
    let mut response = Page(DeskPage { voice, manager: manager.name(), unit: manager.unit.clone() }).into_response();
    if !is_manager {
        let cookie = server.db.write(async |tx| login::start_session(tx, &server, &manager, now, &mut rng).await).await?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The minutes of a council meeting, to be signed.
pub const MINUTES: &[u8] = include_bytes!("../../assets/protokoll.pdf");

/// `GET /demo/protokoll.pdf`: for who has no file of their own at hand.
pub(super) async fn minutes() -> Response {
    ([(header::CONTENT_TYPE, "application/pdf"), (header::CONTENT_DISPOSITION, "attachment; filename=\"protokoll.pdf\"")], MINUTES).into_response()
}
