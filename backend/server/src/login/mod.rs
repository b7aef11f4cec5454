//! Logging in at a desk or on the phone: the page that waits, the moving code, and sessions on our own pages.
//!
//! A log-in is an approval (slice `phone`) begun by one browser: only that browser may watch it, cancel it and go on with what it
//! gives (MB-04). It starts by something near, never by a typed name (MB-03).

mod desk;
mod events;
mod first_party;
mod orders;
mod sessions;

pub use first_party::{Worker, start_session};
pub use orders::{Order, begin, browser_of, may_go_on, qr_text};
pub use sessions::{Session, purge};

use axum::{
    Router,
    routing::{get, post},
};

use crate::server::Server;

/// The pages that wait for a phone.
pub fn routes() -> Router<Server> {
    Router::new()
        .route("/logga-in", get(first_party::log_in))
        .route("/logga-in/klar/{txn}", get(first_party::finished))
        .route("/logga-ut", post(first_party::log_out))
        .route("/login/{txn}", get(desk::show))
        .route("/login/{txn}/kod.svg", get(desk::code))
        .route("/login/{txn}/status", get(desk::status))
        .route("/login/{txn}/handelser", get(events::follow))
        .route("/login/{txn}/siffror", post(desk::digits))
        .route("/login/{txn}/avbryt", post(desk::cancel))
}
