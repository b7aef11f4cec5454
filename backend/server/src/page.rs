//! A page: a checked template and its headers. Pages are never cached (they show who somebody is) and run no inline script.

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

use crate::{config::Mode, problem::Problem};

/// No inline script or style, nothing from elsewhere; forms stay on this address, and nobody puts a page of ours into a frame of theirs.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The policy of every page. A demonstration shows its desk and its phone in two frames of its own.
pub fn policy(mode: Mode) -> String {
    match mode {
        Mode::Demo => CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
        Mode::Production => CONTENT_SECURITY_POLICY.to_owned(),
    }
}

/// Renders a template.
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => {
                let mut response = Html(html).into_response();
                response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 36.
    #[test]
    fn nobody_frames_a_page_of_a_real_node() {
        let policy = policy(Mode::Production);
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'self'"] {
            assert!(policy.contains(part), "{part}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
    }
}
