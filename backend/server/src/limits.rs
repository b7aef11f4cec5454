//! What one request may weigh and how long it may take, by its kind. A refusal is a sentence, as everywhere.
//!
//! A weight that is told beforehand is refused before a byte of it is read; one that is not told is counted by whoever reads it.

use std::time::Duration;

use axum::{
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    config::Limits,
    listen::HEAD_BYTES,
    patience::{self, Who},
    problem::Problem,
    sender::Sender,
    server::Server,
};

/// The largest file taken (attack I8).
pub const LARGEST_FILE: usize = 100 * 1024 * 1024;

/// Kinds of requests that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A form of a page, or a question of a service.
    Form,
    /// A phone: signatures, evidence of its keys, what locks wrote.
    Phone,
    /// A document.
    Upload,
}

impl Kind {
    fn of(method: &Method, path: &str) -> Self {
        match path {
            "/underskrift" if method == Method::POST => Self::Upload,
            _ if path.starts_with("/phone/") => Self::Phone,
            _ => Self::Form,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Form => 64 * 1024,
            Self::Phone => 256 * 1024,
            // The file and the form around it.
            Self::Upload => LARGEST_FILE + 1024 * 1024,
        }
    }

    const fn time(self, limits: &Limits) -> Duration {
        Duration::from_secs(match self {
            Self::Form | Self::Phone => limits.request_seconds,
            Self::Upload => limits.upload_seconds,
        })
    }

    fn too_large(self) -> Problem {
        let (code, sv, en) = match self {
            Self::Upload => ("file_too_large", "Dokumentet är för stort. Högst 100 MB.", "The document is too large. At most 100 MB."),
            Self::Form | Self::Phone => ("too_large", "Det som skickades är för stort.", "What was sent is too large."),
        };
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, sv, en)
    }
}

/// Holds every request to its limits.
pub async fn held(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<Sender>().map_or(Sender::default().address, |sender| sender.address);
    if let Err(problem) = patience::spend(&server, Who::Address(address), server.clock.now()).await {
        return last(problem);
    }
    if head(&request) > HEAD_BYTES {
        return last(Kind::Form.too_large().with_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    let kind = Kind::of(request.method(), request.uri().path());
    let told = told(request.headers());
    match told {
        Some(bytes) if bytes > kind.bytes() as u64 => return last(kind.too_large()),
        // A document is held in memory while it is checked: not before it is known that it is small enough.
        None if kind == Kind::Upload => return last(untold()),
        _ => {}
    }
    DefaultBodyLimit::max(kind.bytes()).apply(&mut request);
    let Ok(response) = tokio::time::timeout(kind.time(&server.config.limits), next.run(request)).await else {
        return last(too_slow());
    };
    let is_told = response.extensions().get::<Problem>().is_some();
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE && !is_told {
        return last(kind.too_large());
    }
    // Refused for its head, perhaps with its body unread.
    if response.status().is_client_error() && told.is_some_and(|bytes| bytes > READ_ANYHOW) { last(response) } else { response }
}

/// How much the head weighs, about.
fn head(request: &Request) -> usize {
    let address = request.uri().path_and_query().map_or(0, |both| both.as_str().len());
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + address
}

/// The rest of the body is not read, so nothing can follow on this connection.
fn last(refusal: impl IntoResponse) -> Response {
    ([(header::CONNECTION, "close")], refusal).into_response()
}

/// So much of a body has come with its head.
const READ_ANYHOW: u64 = 8 * 1024;

fn told(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn untold() -> Problem {
    let (sv, en) =
        ("Det går inte att se hur stort dokumentet är. Ladda upp det från sidan.", "The size of the document is not told. Upload it from the page.");
    Problem::new(StatusCode::LENGTH_REQUIRED, "length_required", sv, en)
}

fn too_slow() -> Problem {
    let (sv, en) = ("Det tog för lång tid. Kontrollera täckningen och försök igen.", "It took too long. Check your coverage and try again.");
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", sv, en)
}
