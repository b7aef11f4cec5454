//! How the service gets its answer through the browser: in the query, or by a form that posts itself; plain, or signed as one token
//! (JARM). Every answer goes with 303, so that the browser never repeats a form at the service (RFC 9700 §4.12).

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_protocol::{
    jarm,
    oauth_error::{Answer, Delivery, ReplyTo},
};
use handslag_vocab::UnixTime;

use super::{
    clients::{self, Registered},
    refused::no_store,
    signed::signed_as,
};
use crate::{
    caller::Rng,
    page::{CONTENT_SECURITY_POLICY, Page, origin},
    problem::Problem,
    server::Server,
    words::Voice,
};

/// The way back to the service.
#[derive(Template)]
#[template(path = "oidc/back.html")]
struct Back {
    voice: Voice,
    name: String,
    action: String,
    fields: Vec<(&'static str, String)>,
}

/// Whom an answer is for, and what it goes with.
pub(super) struct Way<'a> {
    pub(super) server: &'a Server,
    /// Without a registration nothing can be signed, and nothing is.
    pub(super) client: Option<&'a Registered>,
    pub(super) voice: Voice,
    pub(super) now: UnixTime,
}

impl Way<'_> {
    /// Answers.
    pub(super) fn deliver(&self, reply_to: &ReplyTo, answer: &Answer<'_>, rng: &mut Rng) -> Result<Response, Problem> {
        let delivery = match self.client.filter(|_| reply_to.mode().is_signed()) {
            None => reply_to.deliver(answer),
            Some(client) => {
                let view = &client.client;
                let protection = view.registration.authorization_response;
                let token = signed_as(self.server, protection, |key| jarm::unsigned(reply_to, answer, view, key, self.now))?;
                jarm::deliver(reply_to, token, view, rng).map_err(|error| Problem::internal(&error))?
            }
        };
        match delivery {
            Delivery::Redirect(address) => Ok(redirect(self.server, &address)),
            Delivery::Form { action, fields } => self.posted(action, fields),
        }
    }

    fn posted(&self, action: String, fields: Vec<(&'static str, String)>) -> Result<Response, Problem> {
        let name = self.client.map(|client| clients::name(&client.config, self.voice).to_owned());
        // This page alone may post to another site: the one of the registered address that the answer is for.
        let policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", &format!("form-action {}", origin(&action)));
        let policy = HeaderValue::from_str(&policy).map_err(|error| Problem::internal(&error))?;
        let mut response = Page(Back { voice: self.voice, name: name.unwrap_or_default(), action, fields }).into_response();
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }
}

/// 303: the browser goes on with GET, whatever it came with. An address of our own is told as a path, so that who came by another
/// name of this machine keeps its cookies.
pub(super) fn redirect(server: &Server, address: &str) -> Response {
    let path = address.strip_prefix(&server.config.issuer).filter(|path| path.starts_with('/'));
    (no_store(), Redirect::to(path.unwrap_or(address))).into_response()
}
