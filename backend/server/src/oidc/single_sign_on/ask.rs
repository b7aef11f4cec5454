//! The page for somebody who is logged in already: which service asks, exactly what it gets, and three answers (SE-14). A plain form
//! that works without JavaScript, for the browser that was asked and once.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, header},
    response::Response,
};
use handslag_protocol::{authorize::AuthorizationRequest, oauth_error::Answer};
use handslag_vocab::{ApprovalId, UnixTime};
use serde::Deserialize;

use super::{
    Candidate,
    offers::{self, Offer},
    standing::{of_session, shown},
};
use crate::{
    caller::{Now, Rng},
    config,
    login::{self, remembered, sso_sessions},
    oidc::{
        answer::{self, LoggedIn},
        asker,
        authorize::{self, Checked},
        clients::{self, Registered},
        delivery::{self, Way},
        pushed_requests,
        told::{self, Reason},
    },
    page::{Page, goes_on_to},
    phone,
    problem::Problem,
    server::Server,
    words::Voice,
};

#[derive(Template)]
#[template(path = "oidc/continue.html")]
struct ContinuePage {
    voice: Voice,
    id: ApprovalId,
    service: String,
    organisation: String,
    logo: Option<String>,
    name: String,
    since: String,
    until: String,
    sent: Vec<(String, String)>,
}

/// Asks the person who is logged in.
pub(in crate::oidc) async fn ask(
    server: &Server,
    checked: &Checked,
    candidate: &Candidate,
    headers: &HeaderMap,
    now: UnixTime,
    mut rng: Rng,
) -> Result<Response, Problem> {
    let offer = ApprovalId::random(&mut rng);
    let (browser, new_cookie) = login::browser_of(server, headers, &mut rng);
    let asked = (&checked.request, checked.pushed.as_ref());
    server.db.write(async |tx| offers::make(tx, &offer, &candidate.session.session_id, asked, &browser.hash(), now).await).await?;
    let mut response = delivery::redirect(server, &format!("/fortsatt/{offer}{}", authorize::language(checked.request.language)));
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /fortsatt/{offer}`.
pub(in crate::oidc) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let browser = login::known_browser(&server, &headers).ok_or_else(Problem::gone)?;
    let offer = server.db.read(async |tx| offers::waiting(tx, &id, &browser, now).await).await?.ok_or_else(Problem::gone)?;
    let (request, registered) = request_of(&server, &offer).await?;
    let client = &registered.config;
    let found = of_session(&server, client, &request, &offer.session_id, now).await?;
    let candidate = found.ok_or_else(Problem::gone)?;
    let asker = server.db.read_one(async |tx| asker::behind(tx, client).await).await?.ok_or_else(Problem::gone)?;
    let page = ContinuePage {
        voice,
        id,
        service: clients::name(client, voice).to_owned(),
        organisation: asker.name,
        logo: asker.logo.path(voice.tag()),
        name: candidate.affiliation.name(),
        since: voice.moment(candidate.session.authenticated_at),
        until: voice.moment(candidate.session.expires_at),
        sent: sent(client, &request, &candidate, voice),
    };
    goes_on_to(Page(page), request.reply_to.redirect_uri(), server.config.mode)
}

/// Exactly what the service gets of this person, line by line.
fn sent(client: &config::Client, request: &AuthorizationRequest, candidate: &Candidate, voice: Voice) -> Vec<(String, String)> {
    let shares = request.shares();
    let sources = shares.iter().map(|claim| (claim.name.clone(), claim.from)).collect();
    let claims = shares.iter().filter_map(|claim| phone::shared(&candidate.known, &sources, &claim.name, voice.tag()));
    let stays = request.is_offline().then(|| phone::stays(client.stay_days, voice.tag()));
    claims.chain(stays).map(|line| (line.label, line.value)).collect()
}

async fn request_of(server: &Server, offer: &Offer) -> Result<(AuthorizationRequest, Arc<Registered>), Problem> {
    let request = offer.request().map_err(|error| Problem::internal(&error))?;
    let registered = clients::registered(server, &request.client_id).await?.ok_or_else(Problem::gone)?;
    Ok((request, registered))
}

/// The three answers.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Avbryt,
    Fortsatt,
    /// With the phone, perhaps as somebody else.
    Ny,
}

#[derive(Deserialize)]
pub(in crate::oidc) struct Answered {
    svar: Act,
    /// The box "do not ask again" is sent only where it is ticked.
    #[serde(default)]
    minns: Option<String>,
}

/// `POST /fortsatt/{offer}`.
pub(in crate::oidc) async fn answer(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Form(answered): Form<Answered>,
) -> Result<Response, Problem> {
    let browser = login::known_browser(&server, &headers).ok_or_else(Problem::gone)?;
    let offer = server.db.write(async |tx| offers::answered(tx, &id, &browser, now).await).await?.ok_or_else(Problem::gone)?;
    let (request, registered) = request_of(&server, &offer).await?;
    let client = &registered.config;
    let checked = Checked { request, pushed: offer.pushed_hash.clone() };
    match answered.svar {
        Act::Avbryt => told::tell(&server, &checked.request, Reason::Cancelled, &browser, now, &mut rng).await,
        Act::Ny => authorize::log_in(&server, client, &checked, &headers, now, rng).await,
        Act::Fortsatt => {
            let way = Way { server: &server, client: Some(&*registered), voice, now };
            go_on(&way, client, &checked, (&id, &offer, answered.minns.is_some()), (&headers, rng)).await
        }
    }
}

/// The log-in is read once more; if it has ended while the person read, the phone is needed after all.
async fn go_on(
    way: &Way<'_>,
    client: &config::Client,
    checked: &Checked,
    (id, offer, remembers): (&ApprovalId, &Offer, bool),
    (headers, mut rng): (&HeaderMap, Rng),
) -> Result<Response, Problem> {
    let (server, now, request) = (way.server, way.now, &checked.request);
    let Some(candidate) = of_session(server, client, request, &offer.session_id, now).await? else {
        return authorize::log_in(server, client, checked, headers, now, rng).await;
    };
    let code = server.db.write(async |tx| {
        if !sso_sessions::take(tx, &candidate.session.session_id, now).await? {
            return Ok(None);
        }
        if let Some(pushed) = &checked.pushed
            && !pushed_requests::consume(tx, pushed, now).await?
        {
            return Err(Problem::gone());
        }
        if remembers {
            remembered::keep(tx, &candidate.affiliation.affiliation_id, &client.id, &shown(request), now).await?;
        }
        answer::code_for(tx, client, request, &LoggedIn::again(&candidate, id), (now, &mut rng)).await.map(Some)
    });
    match code.await? {
        Some(code) => way.deliver(&request.reply_to, &Answer::Code(code.reveal()), &mut rng),
        None => authorize::log_in(server, client, checked, headers, now, rng).await,
    }
}
