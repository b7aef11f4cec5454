//! What a municipality of a test stands on: an engine, perhaps Redis, and one node or several.

use std::sync::Arc;

use axum::{Router, extract::Request};
use handslag_server::{
    caller::Rng,
    config::{Config, Database, Redis},
    demo::{self, Place},
    routes,
    server::Server,
    start::{self, Working},
};
use rand_core::Rng as _;
use tower::ServiceExt as _;

use crate::contracts::engine::Folder;

pub(super) struct Ground {
    /// SQLite if none.
    pub(super) postgres: Option<String>,
    pub(super) redis: Option<String>,
    pub(super) nodes: usize,
    /// Keys, documents and files of the configuration; shared by all nodes.
    pub(super) folder: Folder,
}

impl Ground {
    /// One node on SQLite.
    pub(super) fn alone() -> Self {
        Self { postgres: None, redis: None, nodes: 1, folder: Folder::new() }
    }

    pub(super) fn configures(&self, config: &mut Config) {
        let written = |name: &str, url: &String| {
            let file = self.folder.path().join(name);
            std::fs::write(&file, url).unwrap();
            file
        };
        config.database = self.postgres.as_ref().map(|url| Database { url_file: written("postgres.url", url) });
        config.redis = self.redis.as_ref().map(|url| Redis { url_file: written("redis.url", url) });
    }

    /// The pages of the first node, or of a random one for each request. The others have everything of their own that a process has: their
    /// connections, their keys as read from the folder, their listeners; only the clock that a test moves is the same.
    pub(super) async fn app(&self, first: &Server, place: &Arc<Place>) -> (Router, Vec<Working>) {
        let app = |server: &Server| demo::watched(routes::routes(server, demo::routes(Arc::clone(place))), Arc::clone(place));
        let (mut apps, mut working) = (vec![app(first)], Vec::new());
        while apps.len() < self.nodes {
            let node = start::open_by(first.config.clone(), first.clock.clone()).await.unwrap();
            apps.push(app(&node));
            working.push(Working::begin(&node));
        }
        if let [only] = apps.as_slice() {
            return (only.clone(), working);
        }
        let random = move |request: Request| {
            let app = apps[Rng::system().next_u32() as usize % apps.len()].clone();
            async move { app.oneshot(request).await }
        };
        (Router::new().fallback(random), working)
    }
}
