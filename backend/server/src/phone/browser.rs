//! The pages of a phone whose browser keeps its key.
use axum::{Router, extract::Path};

use crate::{problem::Problem, server::Server};

pub(super) fn routes() -> Router<Server> {
    Router::new()
}

pub(super) async fn scanned(Path(_): Path<String>) -> Problem {
    Problem::not_found()
}
