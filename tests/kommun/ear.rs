//! The end of a service that the provider tells things: it keeps what it hears, and answers as it is told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// One thing that was told.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Clone)]
struct Inner {
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<AtomicU16>,
}

/// Listens on a port of its own.
pub(crate) struct Ear {
    pub(crate) base: String,
    inner: Inner,
    serving: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Ear {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner { heard: Arc::default(), answer: Arc::new(AtomicU16::new(200)) };
        let app = Router::new().fallback(hear).with_state(inner.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, inner, serving }
    }

    /// Answers like this from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.inner.answer.store(status, Ordering::SeqCst);
    }

    /// Everything so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.inner.heard.lock().unwrap().clone()
    }

    /// Waits until so much was told.
    pub(crate) async fn hears(&self, count: usize) -> Vec<Heard> {
        for _ in 0..200 {
            let heard = self.heard();
            if heard.len() >= count {
                return heard;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("heard {} of {count}: {:?}", self.heard().len(), self.heard())
    }
}

async fn hear(State(inner): State<Inner>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    inner.heard.lock().unwrap().push(Heard { path: uri.path().to_owned(), headers, body });
    StatusCode::from_u16(inner.answer.load(Ordering::SeqCst)).unwrap()
}
