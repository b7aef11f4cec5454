//! The manager's and the worker's views, which read across the slices; and the files every page needs.
//!
//! Invariants: who may see or end a colleague is asked of the policy at every request; whoever opens a colleague's page leaves a
//! line that the colleague reads; a worker sees at least what the employer sees.

mod asked;
mod clients;
mod colleague;
mod history;
mod mine;
mod staff;
mod transparency;

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use handslag_policy::Act;
use handslag_vocab::{Seconds, UnixTime};

use crate::{login::Worker, page::Page, phone::authority, server::Server, words::Voice};

/// The views.
pub fn routes() -> Router<Server> {
    Router::new()
        .route("/min-sida", get(mine::show))
        .route("/min-sida/kod", post(mine::asking_code))
        .route("/min-sida/telefon/{phone}/ta-bort", post(mine::remove))
        .route("/min-sida/inloggningar/logga-ut", post(mine::log_out_everywhere))
        .route("/min-sida/inloggningar/{session}/logga-ut", post(mine::log_out_one))
        .route("/min-sida/fraga-inte/{client}/ta-tillbaka", post(mine::ask_again))
        .route("/personal", get(staff::show).post(staff::put_to_work))
        .route("/personal/{affiliation}", get(colleague::show))
        .route("/personal/{affiliation}/sparra", post(colleague::block))
        .route("/phone/transparency", get(transparency::show))
        .merge(clients::routes())
        .route("/underskrifter", get(asked::show))
}

/// The first page, where no demonstration stands in its place.
pub fn front() -> Router<Server> {
    Router::new().route("/", get(async |voice: Voice| Page(FrontPage { voice }).into_response()))
}

#[derive(Template)]
#[template(path = "pages/front.html")]
struct FrontPage {
    voice: Voice,
}

/// The head of every page here: whose it is, and what this person can do.
struct Head {
    organisation: String,
    name: String,
    leads: bool,
    registers: bool,
    here: &'static str,
}

impl Head {
    fn of(server: &Server, worker: &Worker, here: &'static str, now: UnixTime) -> Self {
        let affiliation = &worker.affiliation;
        let leads = authority::allowed(server, affiliation, worker.tier, put_to_work(worker, true, Seconds::days(1)), now).is_ok();
        let register = Act::RegisterService { organisation: affiliation.organisation_id.clone() };
        let registers = authority::allowed_by(server, (affiliation, worker.tier, worker.assurance), register, now).is_ok();
        Self { organisation: affiliation.organisation_name.clone(), name: affiliation.name(), leads, registers, here }
    }
}

/// The question about a colleague nobody here knows yet.
fn put_to_work(worker: &Worker, identity_document_seen: bool, lasts: Seconds) -> Act {
    let unit = authority::unit(&worker.affiliation.organisation_id, &worker.affiliation.unit);
    Act::PutToWork { unit, colleague: None, identity_document_seen, lasts }
}

macro_rules! asset {
    ($media:literal, $file:literal) => {
        get(async || asset($media, include_str!($file)))
    };
}

/// Style and scripts, compiled in.
pub fn assets() -> Router<Server> {
    Router::new()
        .route("/assets/look.css", asset!("text/css; charset=utf-8", "../../assets/look.css"))
        .route("/assets/desk.js", asset!("text/javascript; charset=utf-8", "../../assets/desk.js"))
        .route("/assets/desk-lock.js", asset!("text/javascript; charset=utf-8", "../../assets/desk-lock.js"))
        .route("/assets/frames.js", asset!("text/javascript; charset=utf-8", "../../assets/frames.js"))
        .route("/assets/back.js", asset!("text/javascript; charset=utf-8", "../../assets/back.js"))
        .route("/assets/look-again.js", asset!("text/javascript; charset=utf-8", "../../assets/look-again.js"))
        .route("/assets/waiting.js", asset!("text/javascript; charset=utf-8", "../../assets/waiting.js"))
        .route("/assets/reading.js", asset!("text/javascript; charset=utf-8", "../../assets/reading.js"))
        .route("/assets/phone.css", asset!("text/css; charset=utf-8", "../../../../mobile-bridge/web/phone.css"))
        .route("/assets/phone-approve.js", asset!("text/javascript; charset=utf-8", "../../../../mobile-bridge/web/phone-approve.js"))
        .route("/assets/phone-home.js", asset!("text/javascript; charset=utf-8", "../../../../mobile-bridge/web/phone-home.js"))
        .route("/assets/phone-new.js", asset!("text/javascript; charset=utf-8", "../../../../mobile-bridge/web/phone-new.js"))
        .route("/assets/phone-removed.js", asset!("text/javascript; charset=utf-8", "../../../../mobile-bridge/web/phone-removed.js"))
        .route("/assets/phone-sign.js", asset!("text/javascript; charset=utf-8", "../../../../mobile-bridge/web/phone-sign.js"))
        .route("/assets/phone-wire.js", asset!("text/javascript; charset=utf-8", "../../../../mobile-bridge/web/phone-wire.js"))
}

fn asset(media: &'static str, body: &'static str) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
