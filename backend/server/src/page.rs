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

/// A page whose form ends at the registered address of a service. Browsers hold every redirect after a form to the policy, and a service may
/// send the browser on from there, as a broker does: so every site may follow, if it is reached by https.
pub fn goes_on_to<T: Template>(page: Page<T>, address: &str, mode: Mode) -> Result<Response, Problem> {
    let policy = policy(mode).replace("form-action 'self'", &format!("form-action 'self' {} https:", origin(address)));
    let policy = HeaderValue::from_str(&policy).map_err(|error| Problem::internal(&error))?;
    let mut response = page.into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// Scheme, host and port, or the scheme alone of an address that an app answers: a policy takes no path and no query.
pub fn origin(address: &str) -> &str {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    let end = match address.match_indices('/').nth(2) {
        Some((at, _)) if is_web => at,
        None if is_web => address.len(),
        _ => address.find(':').map_or(0, |at| at + 1),
    };
    address.get(..end).and_then(|origin| origin.split(['?', '#', ';', ',', ' ']).next()).unwrap_or_default()
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

    /// What the service's address is written with never reaches the policy, and its own policy holds elsewhere.
    #[test]
    fn a_form_goes_on_to_the_registered_address_and_from_there() {
        #[derive(Template)]
        #[template(source = "x", ext = "txt")]
        struct Empty;
        for (address, ends) in [
            ("https://care.example/cb?x=1;y", "form-action 'self' https://care.example https:"),
            ("http://127.0.0.1:4711/cb", "form-action 'self' http://127.0.0.1:4711 https:"),
            ("se.kvarnby.hemtjanst:/cb", "form-action 'self' se.kvarnby.hemtjanst: https:"),
        ] {
            let response = goes_on_to(Page(Empty), address, Mode::Demo).unwrap();
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.ends_with(ends) && policy.contains("frame-ancestors 'self'"), "{address}: {policy}");
        }
    }

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
