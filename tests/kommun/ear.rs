//! Where a service is told that a person has answered: it notes what came, and answers as it is told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::net::TcpListener;

/// What came: the bearer and the body.
type Heard = (Option<String>, Value);

/// A service's address for pings.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) host: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<AtomicU16>,
}

impl Ear {
    /// Listens on a free port.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let ear = Self { host, heard: Arc::default(), answers: Arc::new(AtomicU16::new(204)) };
        let app = Router::new().route("/ping", post(hear)).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        ear
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/ping", self.host)
    }

    /// Answers like this from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.answers.store(status, Ordering::Relaxed);
    }

    /// Everything so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until so many have come.
    pub(crate) async fn hears(&self, count: usize) -> Vec<Heard> {
        for _ in 0..100 {
            if self.heard().len() >= count {
                return self.heard();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{count} pings were waited for: {:?}", self.heard());
    }
}

async fn hear(State(ear): State<Ear>, headers: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    let bearer = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    ear.heard.lock().unwrap().push((bearer, body));
    StatusCode::from_u16(ear.answers.load(Ordering::Relaxed)).unwrap()
}
