//! The demonstration's first page with its two frames, and the desk.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    place::Place,
    steps::{self, Step, holder},
};
use crate::{
    caller::{Now, Rng},
    identity,
    login::{self, Worker},
    page::Page,
    problem::Problem,
    server::Server,
    signing::{self, Asked},
    words::Voice,
};

#[derive(Template)]
#[template(path = "demo/frames.html")]
struct FramesPage {
    voice: Voice,
    steps: Vec<Step>,
}

/// `GET /`: the desk and the phone.
pub(super) async fn frames(State(server): State<Server>, Extension(place): Extension<Arc<Place>>, voice: Voice) -> Result<Response, Problem> {
    Ok(Page(FramesPage { voice, steps: steps::taken(&server, &place).await? }).into_response())
}

#[derive(Template)]
#[template(path = "engineers/how.html")]
struct HowPage {
    voice: Voice,
    issuer: String,
    id_token: Option<String>,
}

/// `GET /demo/hur`: the engineers' page.
pub(super) async fn engineers(State(server): State<Server>, Extension(place): Extension<Arc<Place>>, voice: Voice) -> Response {
    let id_token = place.last_id_token().and_then(|decoded| serde_json::to_string_pretty(&decoded).ok());
    Page(HowPage { voice, issuer: server.config.issuer.clone(), id_token }).into_response()
}

#[derive(Template)]
#[template(path = "demo/desk.html")]
struct DeskPage {
    voice: Voice,
    organisation: String,
    manager: String,
    unit: String,
}

/// `GET /demo/tjanster`: whoever administers services, at the list of them.
pub(super) async fn services(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    mut rng: Rng,
) -> Result<Response, Problem> {
    let administrator = server.db.read(async |tx| identity::by_id(tx, &place.town.administrator).await).await?;
    let cookie = server.db.write(async |tx| login::start_session(tx, &server, &administrator, now, &mut rng).await).await?;
    let mut response = Redirect::to("/tjanster").into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /demo/skrivbord`: the manager's desk. Whoever opens it is the manager, logged in since this morning.
pub(super) async fn desk(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    worker: Option<Worker>,
) -> Result<Response, Problem> {
    let manager = server.db.read(async |tx| identity::by_id(tx, &place.town.manager).await).await?;
    let is_manager = worker.is_some_and(|worker| worker.affiliation.affiliation_id == manager.affiliation_id);
    let mut response = Page(DeskPage { voice, organisation: manager.organisation_name.clone(), manager: manager.name(), unit: manager.unit.clone() })
        .into_response();
    if !is_manager {
        let cookie = server.db.write(async |tx| login::start_session(tx, &server, &manager, now, &mut rng).await).await?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST /demo/skriv-under`: the manager asks whoever has the phone to sign the minutes.
pub(super) async fn ask(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    rng: Rng,
    manager: Worker,
) -> Result<Response, Problem> {
    let signer = holder(&server, &place).await?.ok_or_else(nobody)?;
    let asked = Asked {
        file: MINUTES.to_vec(),
        file_name: "protokoll.pdf".to_owned(),
        signer: signer.affiliation_id.to_string(),
        class: "protokoll".to_owned(),
    };
    signing::ask(&server, &manager, asked, now, rng).await?;
    Ok(Redirect::to("/underskrifter").into_response())
}

/// `GET /demo/kollega`: what the employer sees of whoever has the phone.
pub(super) async fn colleague(State(server): State<Server>, Extension(place): Extension<Arc<Place>>) -> Result<Response, Problem> {
    let holder = holder(&server, &place).await?;
    let path = holder.map_or_else(|| "/personal".to_owned(), |holder| format!("/personal/{}", holder.affiliation_id));
    Ok(Redirect::to(&path).into_response())
}

fn nobody() -> Problem {
    Problem::bad(
        "nobody_yet",
        "Ingen har jobb-id på telefonen än. Börja med steg 1 och 2.",
        "Nobody has a work identity on the phone yet. Begin with steps 1 and 2.",
    )
}

/// The minutes of a council meeting, to be signed.
pub const MINUTES: &[u8] = include_bytes!("../../assets/protokoll.pdf");

/// `GET /demo/protokoll.pdf`: for who has no file of their own at hand.
pub(super) async fn minutes() -> Response {
    ([(header::CONTENT_TYPE, "application/pdf"), (header::CONTENT_DISPOSITION, "attachment; filename=\"protokoll.pdf\"")], MINUTES).into_response()
}
