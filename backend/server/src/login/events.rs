//! `GET /login/{txn}/handelser`: what the waiting page is told, as it happens (server-sent events, HTML §9.2). A page that cannot listen, or
//! loses the line, polls the same words.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use handslag_vocab::ApprovalId;
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::desk;
use crate::{problem::Problem, server::Server, words::Voice};

/// Looked at so often without being woken: another node's wake-up may be lost, and time runs out without one (MB-07).
const LOOK: Duration = Duration::from_secs(2);

/// A line over which nothing goes is taken for dead by whoever stands in between.
const BREATH: Duration = Duration::from_secs(15);

/// What is sent, piece by piece. Ends when the other end is dropped.
struct Pieces(mpsc::Receiver<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// For the browser that began the log-in; for every other one there is nothing to hear.
pub(super) async fn follow(State(server): State<Server>, voice: Voice, headers: HeaderMap, Path(id): Path<ApprovalId>) -> Result<Response, Problem> {
    let first = desk::told(&server, voice, &headers, &id).await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(tell(server, voice, headers, id, first, sender));
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((head, Body::new(Pieces(receiver))).into_response())
}

/// Until it is over, or nobody listens any more.
async fn tell(server: Server, voice: Voice, headers: HeaderMap, id: ApprovalId, first: desk::Status, sender: mpsc::Sender<Bytes>) {
    let mut listener = server.wakeups.listen(id.as_str());
    let (mut said, mut spoke) = (None, Instant::now());
    let mut status = Ok(first);
    while let Ok(now) = status {
        let piece = if said != Some(now.state()) {
            said = Some(now.state());
            Some(format!("data: {}\n\n", serde_json::to_string(&now).unwrap_or_default()))
        } else if spoke.elapsed() >= BREATH {
            Some(":\n\n".to_owned())
        } else {
            None
        };
        if let Some(piece) = piece {
            spoke = Instant::now();
            if sender.send(Bytes::from(piece)).await.is_err() {
                return;
            }
        }
        if now.is_last() {
            return;
        }
        tokio::select! {
            () = sender.closed() => return,
            _ = tokio::time::timeout(LOOK, listener.woken()) => {}
        }
        status = desk::told(&server, voice, &headers, &id).await;
    }
}
