//! The OpenID Connect provider.
use axum::Router;

use crate::server::Server;

/// The provider's endpoints.
pub fn routes() -> Router<Server> {
    Router::new()
}
