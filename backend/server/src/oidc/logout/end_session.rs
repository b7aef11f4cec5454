//! `GET|POST /end_session` (RP-Initiated Logout 1.0 §2). Where an ID Token of ours names a log-in of this very browser, it ends at once;
//! otherwise the person is asked. The browser's own cookie decides that, so a request from another site's form, which comes without
//! it, goes on as a page of ours.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::end_session::{EndSession, UnverifiedEndSession};
use handslag_store::Tx;
use handslag_vocab::{ClientId, SecretHash, SessionId, UnixTime};
use serde::Deserialize;

use super::{
    Told, Why, end,
    page::{self, AskPage, LoggedOut, StayPage},
    requests,
};
use crate::{
    caller::{Now, Rng},
    identity,
    login::{SSO, SsoSession, sso_sessions},
    oidc::{authorize, clients, delivery, key_sets, refusals, service_sessions, subjects},
    outbox::Topic,
    page::{Page, goes_on_to},
    problem::Problem,
    server::Server,
    words::Voice,
};

/// `GET /end_session`.
pub(in crate::oidc) async fn ask(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    begin(&server, pairs, now, rng).await
}

/// `POST /end_session`.
pub(in crate::oidc) async fn ask_by_form(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    begin(&server, pairs, now, rng).await
}

async fn begin(server: &Server, pairs: Vec<(String, String)>, now: UnixTime, mut rng: Rng) -> Result<Response, Problem> {
    let unverified = UnverifiedEndSession::parse(pairs, &key_sets::that_ever_signed(server)?, &server.config.issuer);
    let client = match unverified.client_id() {
        Some(id) => clients::registered(server, &id).await?,
        None => None,
    };
    if let Some(client) = client.as_deref() {
        refusals::claims(&client.client.id);
    }
    let request = unverified.check(client.as_deref().map(|client| &client.client)).map_err(|refusal| {
        tracing::info!(code = refusal.code(), client = client.as_deref().map(|client| client.config.id.as_str()), "a log-out was refused");
        let (sv, en) = (
            "Tjänsten som skickade hit dig är inte rätt inställd. Du är fortfarande inloggad. Kontakta den som ansvarar för tjänsten.",
            "The service that sent you here is not set up correctly. You are still logged in. Contact whoever is responsible for it.",
        );
        Problem::new(StatusCode::BAD_REQUEST, refusal.code(), sv, en)
    })?;
    let id = SessionId::random(&mut rng);
    server.db.write(async |tx| requests::keep(tx, &id, &request, now).await).await?;
    Ok(delivery::redirect(server, &format!("/utloggning/{id}{}", authorize::language(request.language))))
}

/// What a request means in this browser.
struct Meant {
    request: EndSession,
    /// The log-ins that would end.
    sessions: Vec<SsoSession>,
    /// An ID Token of ours names one of this browser's.
    is_certain: bool,
}

async fn meant(tx: &mut Tx, server: &Server, id: &SessionId, cookie: Option<&SecretHash>, now: UnixTime) -> Result<Meant, Problem> {
    let request = requests::waiting(tx, id, now).await?.ok_or_else(Problem::gone)?;
    let here = match cookie {
        Some(cookie) => sso_sessions::of_browser(tx, cookie, now).await?,
        None => Vec::new(),
    };
    let sid = request.session.as_deref().and_then(|sid| sid.parse().ok());
    let named = match sid {
        Some(sid) => service_sessions::by_sid(tx, &sid).await?.map(|service| service.session_id),
        None => None,
    };
    let Some(named) = named else {
        let sessions = hinted(tx, server, here, &request).await?;
        return Ok(Meant { request, sessions, is_certain: false });
    };
    let group = here.iter().find(|session| session.session_id == named).map(|session| session.sso_group.clone());
    if let Some(group) = group {
        // Inside its group the same log-in would come back at the next click; other groups are not this service's to end.
        let ends = |session: &SsoSession| session.session_id == named || (group.is_some() && session.sso_group == group);
        let sessions = here.into_iter().filter(ends).collect();
        return Ok(Meant { request, sessions, is_certain: true });
    }
    let elsewhere = sso_sessions::by_id(tx, &named, now).await?;
    Ok(Meant { request, sessions: here.into_iter().chain(elsewhere).collect(), is_certain: false })
}

/// `logout_hint` chooses among the log-ins of this browser; one that fits none chooses nothing.
async fn hinted(tx: &mut Tx, server: &Server, here: Vec<SsoSession>, request: &EndSession) -> Result<Vec<SsoSession>, Problem> {
    let Some(hint) = request.logout_hint.as_deref() else { return Ok(here) };
    let mut fitting = Vec::new();
    for session in &here {
        let is_hinted = is_hinted(tx, server, session, (hint, request.client_id.as_ref())).await?;
        fitting.extend(is_hinted.then(|| session.clone()));
    }
    Ok(if fitting.is_empty() { here } else { fitting })
}

/// By the `sid` of one of its services, or by the person's name as the service knows it that asks, or as any of its services does.
async fn is_hinted(tx: &mut Tx, server: &Server, session: &SsoSession, (hint, asker): (&str, Option<&ClientId>)) -> Result<bool, Problem> {
    let services = service_sessions::of(tx, &session.session_id).await?;
    if services.iter().any(|service| service.sid.as_str() == hint) {
        return Ok(true);
    }
    let subject = identity::by_id(tx, &session.affiliation_id).await?.subject;
    let knowing = asker.map_or_else(|| services.iter().map(|service| &service.client_id).collect(), |asker| vec![asker]);
    for service in knowing {
        if let Some(service) = clients::known(tx, server, service).await?
            && subjects::told(server, &service.config, &subject)? == hint
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `GET /utloggning/{id}`.
pub(in crate::oidc) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<SessionId>,
) -> Result<Response, Problem> {
    let cookie = SSO.read(&server, &headers).map(|secret| secret.hash());
    let meant = server.db.read(async |tx| meant(tx, &server, &id, cookie.as_ref(), now).await).await?;
    if meant.is_certain || meant.sessions.is_empty() {
        return log_out(&server, voice, &id, meant, cookie.as_ref(), (now, rng)).await;
    }
    let services = server.db.read(async |tx| services_of(tx, &meant.sessions).await).await?;
    let page = Page(AskPage { voice, id, services: page::names(&server, &services, voice).await? });
    match meant.request.go_to {
        Some(address) => goes_on_to(page, &address, server.config.mode),
        None => Ok(page.into_response()),
    }
}

async fn services_of(tx: &mut Tx, sessions: &[SsoSession]) -> Result<Vec<Told>, Problem> {
    let mut services = Vec::new();
    for session in sessions {
        services.extend(service_sessions::of(tx, &session.session_id).await?.into_iter().map(Told::from));
    }
    Ok(services)
}

/// The two answers.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Ja,
    Nej,
}

#[derive(Deserialize)]
pub(in crate::oidc) struct Answered {
    svar: Act,
}

/// `POST /utloggning/{id}`.
pub(in crate::oidc) async fn answer(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<SessionId>,
    Form(answered): Form<Answered>,
) -> Result<Response, Problem> {
    let cookie = SSO.read(&server, &headers).map(|secret| secret.hash());
    let meant = server.db.read(async |tx| meant(tx, &server, &id, cookie.as_ref(), now).await).await?;
    if answered.svar == Act::Ja {
        return log_out(&server, voice, &id, meant, cookie.as_ref(), (now, rng)).await;
    }
    if !server.db.write(async |tx| requests::answered(tx, &id, now).await).await? {
        return Err(Problem::gone());
    }
    Ok(Page(StayPage { voice, back: meant.request.go_to }).into_response())
}

async fn log_out(
    server: &Server,
    voice: Voice,
    id: &SessionId,
    meant: Meant,
    cookie: Option<&SecretHash>,
    (now, mut rng): (UnixTime, Rng),
) -> Result<Response, Problem> {
    let Meant { request, sessions, .. } = meant;
    let ended = server.db.write(async |tx| {
        if !requests::answered(tx, id, now).await? {
            return Err(Problem::gone());
        }
        let told = end(tx, &sessions, Why::Service(request.client_id.clone()), (now, &mut rng)).await?;
        let rest = match cookie {
            Some(cookie) => sso_sessions::of_browser(tx, cookie, now).await?,
            None => Vec::new(),
        };
        Ok((told, rest.is_empty()))
    });
    let (told, is_last) = ended.await?;
    server.wakeups.wake(Topic::ServiceLoggedOut.as_str());
    let mut response = page::page(server, voice, &LoggedOut { told, go_to: request.go_to }).await?;
    if is_last && cookie.is_some() {
        response.headers_mut().append(header::SET_COOKIE, SSO.clear(server));
    }
    Ok(response)
}
