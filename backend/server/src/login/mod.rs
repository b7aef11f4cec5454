//! Logging in at a desk or on the phone: the page that waits, the moving code, and sessions on our own pages.
//!
//! A log-in is an approval (slice `phone`) begun by one browser: only that browser may watch it, cancel it and go on with what it
//! gives (MB-04). It starts by something near, never by a typed name (MB-03).

mod ahead;
mod desk;
mod events;
mod first_party;
mod nearby;
mod orders;
pub mod remembered;
mod sessions;
pub mod sso_sessions;

pub use ahead::is_given;
pub use first_party::{Worker, start_session};
pub use orders::{Order, begin, browser_of, known_browser, may_go_on, qr_text};
pub use sessions::Session;
pub use sso_sessions::SsoSession;

use axum::{
    Router,
    routing::{get, post},
};

use handslag_store::{Error, Tx};
use handslag_vocab::{Seconds, UnixTime};

use crate::{cookies, server::Server};

/// The cookie of a browser in which people have logged in at services.
pub const SSO: cookies::Name = cookies::Name("sso");

/// Disposes of what has run out, by the rules in the migrations.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    let before = now - Seconds::days(30);
    sso_sessions::purge(tx, before).await?;
    sessions::purge(tx, before).await
}

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
        .route("/login/{txn}/skarmlas", post(nearby::take))
        .route("/login/{txn}/godkann", post(nearby::approve))
        .route("/login/{txn}/inte-jag", post(nearby::not_me))
}
