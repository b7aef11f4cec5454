//! What the invited person meets: seven lines before any yes, and three buttons that weigh the same.
//!
//! The yes belongs to the phone slice (`/telefon/ja` here in a browser, `/phone/enrol/start` in the app); a no and "another way"
//! end here and leave nothing on the phone: no cookie, no storage, no cache.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use handslag_vocab::UnixTime;
use serde::Deserialize;
use serde_json::json;

use super::{affiliations, invitations};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    page::Page,
    problem::Problem,
    qr,
    server::Server,
    words::Voice,
};

#[derive(Template)]
#[template(path = "identity/invitation.html")]
struct InvitationPage {
    voice: Voice,
    organisation: String,
    identity_name: String,
    name: String,
    unit: String,
    manager: String,
    link: String,
    yes: String,
    terms_version: &'static str,
}

#[derive(Template)]
#[template(path = "identity/answered.html")]
struct AnsweredPage {
    voice: Voice,
    key: &'static str,
}

/// `GET /inbjudan/{link}`: looking changes nothing.
pub(super) async fn show(State(server): State<Server>, Now(now): Now, voice: Voice, Path(link): Path<String>) -> Result<Response, Problem> {
    page(&server, voice, &link, format!("/telefon/ja/{link}"), now).await
}

/// The invitation, with the address that its yes goes to.
pub async fn page(server: &Server, voice: Voice, link: &str, yes: String, now: UnixTime) -> Result<Response, Problem> {
    let secret = super::invitation_of(link);
    let (invited, manager) = server
        .db
        .read(async |tx| {
            let invitation = invitations::peek(tx, &secret).await?.filter(|invitation| invitation.is_open(now)).ok_or_else(Problem::gone)?;
            let invited = affiliations::by_id(tx, &invitation.affiliation_id).await?;
            Ok::<_, Problem>((invited, affiliations::by_id(tx, &invitation.invited_by).await?))
        })
        .await?;
    let page = InvitationPage {
        voice,
        organisation: invited.organisation_name.clone(),
        identity_name: invited.identity_name.clone(),
        name: invited.name(),
        unit: invited.unit.clone(),
        manager: manager.name(),
        link: link.to_owned(),
        yes,
        terms_version: super::TERMS_VERSION,
    };
    Ok(Page(page).into_response())
}

#[derive(Deserialize)]
pub(super) struct Answer {
    answer: String,
}

/// `POST /inbjudan/{link}`: "Nej" or "Jag vill ha ett annat sätt".
pub(super) async fn answer(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    Path(link): Path<String>,
    Form(form): Form<Answer>,
) -> Result<Response, Problem> {
    let (state, key, kind) = match form.answer.as_str() {
        "no" => ("declined", "invitation-declined", "identity.invitation_declined"),
        "other" => ("other_way", "invitation-other-way", "identity.another_way_wanted"),
        _ => return Err(Problem::bad("unknown_answer", "Välj ett av de tre svaren.", "Choose one of the three answers.")),
    };
    let secret = super::invitation_of(&link);
    server
        .db
        .write(async |tx| {
            let invitation = invitations::turn_down(tx, &secret, state, now).await?.ok_or_else(Problem::gone)?;
            let invited = affiliations::by_id(tx, &invitation.affiliation_id).await?;
            audit::record(tx, turned_down(&invited, &invitation, kind), now, &mut rng).await?;
            Ok::<_, Problem>(())
        })
        .await?;
    let mut response = Page(AnsweredPage { voice, key }).into_response();
    // "Nej" leaves no trace on the phone: the browser forgets what this address may have kept.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

fn turned_down(invited: &affiliations::Affiliation, invitation: &invitations::Invitation, kind: &'static str) -> Event {
    Event {
        chain: invited.chain(Purpose::Administration),
        kind,
        actor: Actor::Person(invited.affiliation_id.clone()),
        objects: vec![invited.affiliation_id.to_string(), invitation.invited_by.to_string()],
        payload: json!({ "invitation": invitation.invitation_id }),
    }
}

/// `GET /inbjudan/{link}/kod.svg`: the link as a code, for the manager's screen.
pub(super) async fn code(State(server): State<Server>, Path(link): Path<String>) -> Result<Response, Problem> {
    let picture = qr::svg(&super::invitation_link(&server.config.issuer, &super::invitation_of(&link)))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")], picture).into_response())
}
