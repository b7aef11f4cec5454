//! The manager's, the administrator's and the worker's views, which read across the slices; and the files every page needs.

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::server::Server;

/// The views.
pub fn routes() -> Router<Server> {
    Router::new()
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
        .route("/assets/phone.css", asset!("text/css; charset=utf-8", "../../assets/phone.css"))
        .route("/assets/phone-approve.js", asset!("text/javascript; charset=utf-8", "../../assets/phone-approve.js"))
        .route("/assets/phone-home.js", asset!("text/javascript; charset=utf-8", "../../assets/phone-home.js"))
        .route("/assets/phone-new.js", asset!("text/javascript; charset=utf-8", "../../assets/phone-new.js"))
        .route("/assets/phone-removed.js", asset!("text/javascript; charset=utf-8", "../../assets/phone-removed.js"))
        .route("/assets/phone-sign.js", asset!("text/javascript; charset=utf-8", "../../assets/phone-sign.js"))
        .route("/assets/phone-wire.js", asset!("text/javascript; charset=utf-8", "../../assets/phone-wire.js"))
}

fn asset(media: &'static str, body: &'static str) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
