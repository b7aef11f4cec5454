//! The pages of a phone whose browser keeps its key: no app to install, a stock phone's screen lock is enough (architecture §7,
//! tier T0).
//!
//! Invariants: the cookie greets and shows, every yes is an assertion over the canonical bytes with the person verified; what the
//! approval screen shows is read from those bytes and from nothing else; only the browser that began a log-in can claim it by
//! the link (MB-04). A no works without any script.

mod approval;
mod home;
mod invited;
mod near;
mod registration;

use axum::{
    Router,
    routing::{get, post},
};
use base64::Engine as _;

pub use registration::relying_party;

use crate::server::Server;

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/telefon", get(home::show))
        .route("/telefon/fraga/{txn}", get(near::asked))
        .route("/telefon/godkann/{txn}", get(approval::show).post(approval::approve))
        .route("/telefon/godkann/{txn}/avbryt", post(approval::cancel))
        .route("/telefon/godkann/{txn}/inte-jag", post(approval::not_me))
        .route("/telefon/ja/{link}", post(invited::yes))
        .route("/telefon/ny/{link}", get(invited::show))
        .route("/telefon/kod", get(home::show).post(near::typed))
        .route("/telefon/ny/val", post(invited::options))
        .route("/telefon/ny/klar", post(invited::finish))
        .route("/telefon/skriv-under/{signature}", get(home::sign))
        .route("/telefon/ta-bort", post(home::remove))
        .route("/q/{code}", get(near::scanned))
        .route("/t/{token}", get(near::same_phone))
}

/// As the scripts read and write bytes.
pub(super) fn base64url(bytes: &[u8]) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
