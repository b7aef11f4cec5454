//! Refusals as the outside sees them: a status, a stable code, and one sentence in Swedish and in English.
//!
//! The only file that turns an error into HTTP. An error that nobody foresaw is a 500 with an empty face and a full log chain,
//! logged once (here). API callers get JSON; [`faces`] makes a page of it for whoever asks for HTML.

use std::error::Error;

use askama::Template;
use axum::{
    Json,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::wire;
use handslag_vocab::Seconds;

use crate::words::Voice;

const NOT_LOGGED_IN: &str = "not_logged_in";
/// As programs know it from RFC 8628 §3.5.
pub const SLOW_DOWN: &str = "slow_down";

/// A refusal.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// What happened and what to do, in Swedish.
    pub sv: String,
    /// The same in English.
    pub en: String,
    /// When to come again, where it is a matter of time.
    pub retry_after: Option<Seconds>,
    /// Which allowance is used up, where one is.
    pub counted: Option<&'static str>,
}

impl Problem {
    /// A refusal with its sentences.
    pub fn new(status: StatusCode, code: &'static str, sv: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, code, sv: sv.into(), en: en.into(), retry_after: None, counted: None }
    }

    /// 400.
    pub fn bad(code: &'static str, sv: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, sv, en)
    }

    /// 404: also where something exists that the caller may not know of.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Sidan finns inte. Kontrollera adressen.", "There is no such page. Check the address.")
    }

    /// 403.
    pub fn forbidden(sv: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", sv, en)
    }

    /// The same refusal under a code of its own.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same refusal with another status.
    #[must_use]
    pub const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same refusal because this allowance is used up.
    #[must_use]
    pub const fn counted(mut self, word: &'static str) -> Self {
        self.counted = Some(word);
        self
    }

    /// 401: nobody is logged in, or the phone is unknown.
    pub fn unknown_caller() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, NOT_LOGGED_IN, "Du behöver logga in först.", "You need to log in first.")
    }

    /// 410: used, too late, or ended by somebody. The same answer for all of them tells a guesser nothing.
    pub fn gone() -> Self {
        Self::new(
            StatusCode::GONE,
            "gone",
            "Det här gäller inte längre. Börja om från början.",
            "This is no longer valid. Start again from the beginning.",
        )
    }

    /// 429: too often, come again when the time is over.
    pub fn slow_down(wait: Seconds) -> Self {
        let seconds = wait.0.max(1);
        let (sv, en) = (
            format!("Det blev för många försök på kort tid. Försök igen om {seconds} sekunder."),
            format!("There were too many attempts in a short time. Try again in {seconds} seconds."),
        );
        Self { retry_after: Some(Seconds(seconds)), ..Self::new(StatusCode::TOO_MANY_REQUESTS, SLOW_DOWN, sv, en) }
    }

    /// 500 with an empty face; the whole chain goes to the log.
    pub fn internal(error: &dyn Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        tracing::error!(error = %chain, "an error that nobody foresaw");
        let (sv, en) = ("Det gick inte just nu. Försök igen om en stund.", "It did not work just now. Try again in a moment.");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", sv, en)
    }

    /// The sentence in the caller's language.
    pub fn sentence(&self, voice: Voice) -> &str {
        if voice.tag() == "en" { &self.en } else { &self.sv }
    }
}

impl From<handslag_store::Error> for Problem {
    fn from(error: handslag_store::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<handslag_keys::KeyRefusal> for Problem {
    fn from(error: handslag_keys::KeyRefusal) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = wire::Problem { code: self.code.to_owned(), sv: self.sv.clone(), en: self.en.clone() };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.0));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    voice: Voice,
    problem: &'a Problem,
}

/// Gives a refusal a page when a browser asks for one.
pub async fn faces(voice: Voice, request: Request, next: Next) -> Response {
    let wants_page = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    let path = (request.method() == Method::GET).then(|| request.uri().path().to_owned());
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().filter(|_| wants_page) else { return response };
    // A page that needs somebody logged in leads to the log-in, and back.
    if let Some(path) = path.filter(|_| problem.code == NOT_LOGGED_IN) {
        return Redirect::to(&format!("/logga-in?till={path}")).into_response();
    }
    match (ProblemPage { voice, problem }).render() {
        Ok(page) => with_face(response, page),
        Err(error) => {
            tracing::error!(%error, "the page for a refusal could not be made");
            response
        }
    }
}

/// The same answer with a page as its body: what its head says besides (that the connection ends, a cookie) still holds.
fn with_face(response: Response, page: String) -> Response {
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Response::from_parts(head, Body::from(page))
}
