//! The invented municipality.
use axum::Router;

use crate::server::Server;

/// The demonstration's pages.
pub fn routes() -> Router<Server> {
    Router::new()
}
