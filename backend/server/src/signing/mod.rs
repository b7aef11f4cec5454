//! Signatures: a document is uploaded, one person is asked, reads every page on the phone and approves; the signing core makes a
//! key and a short certificate for this one signature; the file gains it as an incremental update (PAdES B-T).
//!
//! The core gets no document byte: only signed attributes whose digest the person approved (attack V13, V14). It is reached
//! over the same HTTP interface in one process and in two. What a kill interrupts is taken up again from the outbox.

mod ask;
mod authorities;
mod certificate;
mod claim;
mod complete;
mod core;
mod ended;
mod files;
mod pki;
mod preview;
mod revocation_lists;
mod signatures;
mod timestamp;
mod user_signatures;
mod work;

pub use ask::{Asked, ask};
pub use authorities::{Authorities, Issued, establish};
pub use ended::run_out;
pub use files::Files;
pub use preview::render_page;
pub use revocation_lists::publish;
pub use signatures::{Signature, State, asked_by, by_id, waiting_for};
pub use work::work;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::server::Server;

pub use crate::limits::LARGEST_FILE;

/// The signer's API, the public key infrastructure and the timestamp service. The core is not among them: it is called in this
/// process, or listens alone where nobody but the portal reaches it.
pub fn routes() -> Router<Server> {
    Router::new()
        .route("/phone/inbox", get(claim::inbox))
        .route("/phone/approvals", post(claim::claim))
        .route("/phone/approvals/{txn}/documents/{document}/pages/{page}", get(claim::page))
        .route("/underskrift/{signature}/fil.pdf", get(ask::download))
        .route("/underskrift/{signature}/igen", post(ask::again))
        .route("/underskrift", post(ask::upload).layer(DefaultBodyLimit::max(LARGEST_FILE + 1024 * 1024)))
        .route("/pki/{file}", get(pki::file))
        .route("/tsa", post(timestamp::answer))
}

/// Only the core: what `serve --role signing-core` listens with.
pub fn core_routes() -> Router<Server> {
    core::routes()
}
