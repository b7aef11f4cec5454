//! The demonstration: an invented municipality in this process, with a desk and a phone side by side.
//!
//! The phone is the real core of `mobile-bridge/phone`, driven here, because a visitor's browser may have no authenticator at all.
//! Nothing in this slice answers for another: it calls the same endpoints over HTTP as any phone and any service.

mod camera;
mod desk;
mod handset;
mod locks;
mod place;
mod school;
mod screens;
mod steps;
mod telefon;
mod tour;
mod town;
mod visitor;

pub use desk::MINUTES;
pub use handset::{Halt, Handset};
pub use place::{Place, at, at_with};
pub use tour::{Step, Tour};
pub use visitor::Visitor;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::Request,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{problem::Problem, server::Server};

/// The demonstration's pages.
pub fn routes(place: Arc<Place>) -> Router<Server> {
    Router::new()
        .route("/", get(desk::frames))
        .route("/demo/hur", get(desk::engineers))
        .route("/demo/skrivbord", get(desk::desk))
        .route("/demo/skriv-under", post(desk::ask))
        .route("/demo/kollega", get(desk::colleague))
        .route("/demo/skola", get(school::front))
        .route("/demo/skola/logga-in", get(school::log_in))
        .route("/demo/skola/tillbaka", get(school::back))
        .route("/demo/tjanster", get(desk::services))
        .route("/demo/protokoll.pdf", get(desk::minutes))
        .route("/demo/telefon", get(telefon::show))
        .route("/demo/telefon/skanna", get(telefon::scan).post(telefon::scan))
        .route("/demo/telefon/ja/{link}", get(telefon::show).post(telefon::yes))
        .route("/demo/telefon/tryck", get(telefon::show).post(telefon::press))
        .route("/demo/telefon/skriv-under/{signature}", get(telefon::show).post(telefon::sign))
        .route("/demo/telefon/fraga/{txn}", get(telefon::show).post(telefon::answer))
        .route("/demo/telefon/kod", get(telefon::show).post(telefon::digits))
        .route("/demo/telefon/oppna/{door}", get(telefon::show).post(telefon::open))
        .route("/demo/telefon/tackning", get(telefon::show).post(telefon::coverage))
        .route("/demo/telefon/ta-bort", get(telefon::show).post(telefon::remove))
        .route("/demo/telefon/insyn", get(telefon::show).post(telefon::insight))
        .route("/demo/telefon/sida.png", get(telefon::page_picture))
        .route("/demo/borja-om", post(steps::start_over))
        .layer(middleware::from_fn(to_its_end))
        .layer(Extension(place))
}

/// A tap that was begun is done, also when the visitor taps again meanwhile and the browser no longer listens: a phone's core
/// left between two turns would answer no more.
async fn to_its_end(request: Request, next: middleware::Next) -> Response {
    tokio::spawn(next.run(request)).await.unwrap_or_else(|error| Problem::internal(&error).into_response())
}

/// Lets the phone's camera see which code the desk shows.
pub fn watched(app: Router, place: Arc<Place>) -> Router {
    app.layer(middleware::from_fn_with_state(place, camera::watch))
}
