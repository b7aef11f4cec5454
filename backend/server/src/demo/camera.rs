//! The demonstration's camera. It sees what a camera held to the desk's screen would see: the code that was drawn last.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use handslag_vocab::{ApprovalId, UnixTime};

use super::place::Place;
use crate::{identity, login, phone::approvals, problem::Problem, server::Server};

/// What the last drawn code leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// An invitation's one-time link.
    Invitation(String),
    /// A log-in.
    Login(ApprovalId),
}

/// Notes every code picture that a screen fetches.
pub(super) async fn watch(State(place): State<Arc<Place>>, request: Request, next: Next) -> Response {
    if let Some(seen) = code_of(request.uri().path()) {
        place.camera_sees(Some(seen));
    }
    next.run(request).await
}

fn code_of(path: &str) -> Option<Seen> {
    let shown = path.strip_suffix("/kod.svg")?;
    match shown.strip_prefix("/inbjudan/") {
        Some(link) => Some(Seen::Invitation(link.to_owned())),
        None => shown.strip_prefix("/login/")?.parse().ok().map(Seen::Login),
    }
}

/// What the code says this second.
pub(super) async fn text(server: &Server, seen: &Seen, now: UnixTime) -> Result<String, Problem> {
    match seen {
        Seen::Invitation(link) => Ok(identity::invitation_link(&server.config.issuer, &identity::invitation_of(link))),
        Seen::Login(id) => {
            let row = server.db.read(async |tx| approvals::by_id(tx, id).await).await?.ok_or_else(Problem::gone)?;
            login::qr_text(server, id, row.created_at, now)
        }
    }
}
