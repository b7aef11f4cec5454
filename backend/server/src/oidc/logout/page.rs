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
pub(super) async fn names(server: &Server, services: &[Told], voice: Voice) -> Result<Vec<String>, Problem> {
    let mut names = BTreeSet::new();
    for service in services {
        names.extend(clients::registered(server, &service.client).await?.map(|client| clients::name(&client.config, voice).to_owned()));
    }
    Ok(names.into_iter().collect())
}

/// Straight to where the service wants the browser, unless services are to be told in frames first or it wants it nowhere.
pub async fn page(server: &Server, voice: Voice, out: &LoggedOut) -> Result<Response, Problem> {
    let mut frames = Vec::new();
    for told in &out.told {
        frames.extend(frame(server, told, voice).await?);
    }
    if let Some(address) = out.go_to.as_deref().filter(|_| frames.is_empty()) {
        return Ok(delivery::redirect(server, address));
    }
    let sources: BTreeSet<&str> = frames.iter().map(|(address, _)| origin(address)).collect();
    let policy = framing(&sources.into_iter().collect::<Vec<_>>().join(" "));
    let policy = HeaderValue::from_str(&policy).map_err(|error| Problem::internal(&error))?;
    let services = names(server, &out.told, voice).await?;
    let mut response = Page(OutPage { voice, services, frames, go_to: out.go_to.clone() }).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// This page alone may show others' pages: those of the services that are told, and nobody may show it.
fn framing(sources: &str) -> String {
    let policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'self'", "frame-ancestors 'none'");
    policy.replace("frame-src 'self'", &format!("frame-src 'self' {sources}"))
}

async fn frame(server: &Server, told: &Told, voice: Voice) -> Result<Option<(String, String)>, Problem> {
    let Some(client) = clients::registered(server, &told.client).await? else { return Ok(None) };
    let Some(address) = client.config.frontchannel_logout_uri.as_deref() else { return Ok(None) };
    let about = [("iss", server.config.issuer.clone()), ("sid", told.sid.to_string())];
    let about = about.into_iter().filter(|_| client.config.frontchannel_logout_session_required);
    let title = voice.say1("logged-out-frame", "service", clients::name(&client.config, voice));
    Ok(Some((with_parameters(address, about), title)))
}
