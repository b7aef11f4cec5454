//! A server of somebody else's on this machine, where a service publishes what it says of itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::StatusCode, http::Uri};
use tokio::net::TcpListener;

#[derive(Default)]
struct Shelf {
    documents: HashMap<String, Vec<u8>>,
    asked: Vec<String>,
    is_down: bool,
}

/// What stands there, and who asked.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    pub(crate) port: u16,
    shelf: Arc<Mutex<Shelf>>,
}

impl Elsewhere {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = Self { port: listener.local_addr().unwrap().port(), shelf: Arc::default() };
        let app = Router::new().fallback(document).with_state(elsewhere.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        elsewhere
    }

    /// `host:port`, for `[outbound] allow`.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    pub(crate) fn puts(&self, path: &str, document: &(impl AsRef<[u8]> + ?Sized)) {
        self.shelf.lock().unwrap().documents.insert(path.to_owned(), document.as_ref().to_vec());
    }

    pub(crate) fn is_down(&self, is_down: bool) {
        self.shelf.lock().unwrap().is_down = is_down;
    }

    /// How often this was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.shelf.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }
}

async fn document(State(elsewhere): State<Elsewhere>, uri: Uri) -> (StatusCode, Vec<u8>) {
    let mut shelf = elsewhere.shelf.lock().unwrap();
    shelf.asked.push(uri.path().to_owned());
    match shelf.documents.get(uri.path()).filter(|_| !shelf.is_down) {
        Some(document) => (StatusCode::OK, document.clone()),
        None => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
    }
}
