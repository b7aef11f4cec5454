//! Refusals of the endpoints that programs call: the RFC's code and a sentence for the client's developer (RFC 6749 §5.2).

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{client_authentication, dpop, oauth_error::OAuthError, registration, token};
use serde_json::json;

use super::{clients::NotRegistered, refusals::Told};
use crate::problem::{Problem, SLOW_DOWN};

/// A refusal.
#[derive(Debug)]
pub(super) enum Refused {
    /// `access_denied` as 403: where a program asked for something in somebody's name (CIBA §13), or registers where there is no room.
    Forbidden(String),
    /// As the protocol says.
    Protocol(OAuthError, String),
    /// Ours.
    Internal(Problem),
}

impl Refused {
    /// The code with a sentence of our own.
    pub(super) fn because(error: OAuthError, sentence: &str) -> Self {
        Self::Protocol(error, sentence.to_owned())
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Internal(problem)
    }
}

impl From<handslag_store::Error> for Refused {
    fn from(error: handslag_store::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<token::Refusal> for Refused {
    fn from(refusal: token::Refusal) -> Self {
        Self::Protocol(refusal.oauth(), refusal.to_string())
    }
}

impl From<client_authentication::Refusal> for Refused {
    fn from(refusal: client_authentication::Refusal) -> Self {
        Self::Protocol(refusal.oauth(), refusal.to_string())
    }
}

impl From<dpop::Refusal> for Refused {
    fn from(refusal: dpop::Refusal) -> Self {
        Self::Protocol(OAuthError::InvalidDpopProof, refusal.to_string())
    }
}

impl From<NotRegistered> for Refused {
    fn from(refusal: NotRegistered) -> Self {
        match refusal.oauth() {
            OAuthError::AccessDenied => Self::Forbidden(refusal.to_string()),
            error => Self::Protocol(error, refusal.to_string()),
        }
    }
}

impl From<registration::Refusal> for Refused {
    fn from(refusal: registration::Refusal) -> Self {
        NotRegistered::from(refusal).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::Protocol(error @ (OAuthError::InvalidClient | OAuthError::InvalidToken), description) => {
                (StatusCode::UNAUTHORIZED, error, description)
            }
            Self::Protocol(error, description) => (StatusCode::BAD_REQUEST, error, description),
            Self::Forbidden(description) => (StatusCode::FORBIDDEN, OAuthError::AccessDenied, description),
            // RFC 6585 §4, in the form of RFC 6749 §5.2.
            Self::Internal(problem) if problem.code == SLOW_DOWN => {
                let wait = HeaderValue::from(problem.retry_after.map_or(1, |wait| wait.0));
                let body = Json(json!({ "error": SLOW_DOWN, "error_description": problem.en }));
                let mut response = (problem.status, [(header::RETRY_AFTER, wait)], no_store(), body).into_response();
                response.extensions_mut().insert(Told { error: SLOW_DOWN, why: problem.en });
                return response;
            }
            Self::Internal(problem) => return problem.into_response(),
        };
        let body = Json(json!({ "error": error.code(), "error_description": description }));
        let mut response = (status, no_store(), body).into_response();
        if let Some(challenge) = challenge(error) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(Told { error: error.code(), why: description });
        response
    }
}

/// RFC 9110 §15.5.2: a 401 names a scheme; RFC 6750 §3.
const fn challenge(error: OAuthError) -> Option<&'static str> {
    match error {
        OAuthError::InvalidClient => Some("Basic realm=\"token\""),
        OAuthError::InvalidToken => Some("Bearer error=\"invalid_token\""),
        _ => None,
    }
}

/// RFC 6749 §5.1: nothing with a token in it is kept on the way.
pub(super) fn no_store() -> [(HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}
