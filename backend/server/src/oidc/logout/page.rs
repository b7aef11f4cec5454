//! What the person sees of a log-out, and the frames through which the browser itself tells services of it (Front-Channel Logout 1.0).

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::oauth_error::with_parameters;
use handslag_vocab::SessionId;

use super::Told;
use crate::{
    oidc::{clients, delivery},
    page::{CONTENT_SECURITY_POLICY, Page, origin},
    problem::Problem,
    server::Server,
    words::Voice,
};

/// "Vill du logga ut?"
#[derive(Template)]
#[template(path = "oidc/log_out.html")]
pub(super) struct AskPage {
    pub(super) voice: Voice,
    pub(super) id: SessionId,
    pub(super) services: Vec<String>,
}

/// "Du är fortfarande inloggad."
#[derive(Template)]
#[template(path = "oidc/still_in.html")]
pub(super) struct StayPage {
    pub(super) voice: Voice,
    pub(super) back: Option<String>,
}

#[derive(Template)]
#[template(path = "oidc/logged_out.html")]
struct OutPage {
    voice: Voice,
    services: Vec<String>,
    frames: Vec<(String, String)>,
    go_to: Option<String>,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct LoggedOut {
    /// The services, whose log-ins in this browser have ended.
    pub told: Vec<Told>,
    /// Where the browser goes.
    pub go_to: Option<String>,
}

/// Their names for the person, each once.
pub(super) fn names(server: &Server, services: &[Told], voice: Voice) -> Vec<String> {
    let registered = services.iter().filter_map(|service| clients::registered(server, &service.client));
    let names: BTreeSet<&str> = registered.map(|client| clients::name(client, voice)).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Straight to where the service wants the browser, unless services are to be told in frames first or it wants it nowhere.
pub fn page(server: &Server, voice: Voice, out: &LoggedOut) -> Result<Response, Problem> {
    let frames: Vec<(String, String)> = out.told.iter().filter_map(|told| frame(server, told, voice)).collect();
    if let Some(address) = out.go_to.as_deref().filter(|_| frames.is_empty()) {
        return Ok(delivery::redirect(server, address));
    }
    let sources: BTreeSet<&str> = frames.iter().map(|(address, _)| origin(address)).collect();
    let policy = framing(&sources.into_iter().collect::<Vec<_>>().join(" "));
    let policy = HeaderValue::from_str(&policy).map_err(|error| Problem::internal(&error))?;
    let services = names(server, &out.told, voice);
    let mut response = Page(OutPage { voice, services, frames, go_to: out.go_to.clone() }).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// This page alone may show others' pages: those of the services that are told, and nobody may show it.
fn framing(sources: &str) -> String {
    let policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'self'", "frame-ancestors 'none'");
    policy.replace("frame-src 'self'", &format!("frame-src 'self' {sources}"))
}

fn frame(server: &Server, told: &Told, voice: Voice) -> Option<(String, String)> {
    let client = clients::registered(server, &told.client)?;
    let address = client.frontchannel_logout_uri.as_deref()?;
    let about = [("iss", server.config.issuer.clone()), ("sid", told.sid.to_string())];
    let about = about.into_iter().filter(|_| client.frontchannel_logout_session_required);
    Some((with_parameters(address, about), voice.say1("logged-out-frame", "service", clients::name(client, voice))))
}
