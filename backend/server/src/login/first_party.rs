//! Logging in to our own pages: the same approval as for any service, and a cookie instead of a code.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, Secret};
use serde::Deserialize;

use super::{orders, sessions};
use crate::{
    caller::{Now, Rng},
    cookies,
    identity::{self, Affiliation, Standing},
    phone::{
        self, Tier, approvals,
        carried::{self, Carried, Given},
    },
    problem::Problem,
    server::Server,
};

/// The name under which our own pages ask.
const OWN_PAGES: &str = "jobb-id";

/// The demonstration's manager logged in this morning, with a phone nobody sees.
const READY_MADE: Tier = Tier::T2;

/// The cookie of a session on our own pages.
const SESSION: cookies::Name = cookies::Name("session");

/// Who is logged in on our own pages. Extracting it refuses with 401; `Option<Worker>` does not.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The work identity, in good standing at this very request (LC-08).
    pub affiliation: Affiliation,
    /// The level that was really performed.
    pub assurance: Assurance,
    /// What the phone is worth that the session rests on.
    pub tier: Tier,
}

impl FromRequestParts<Server> for Worker {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        recognised(parts, server).await?.ok_or_else(Problem::unknown_caller)
    }
}

impl OptionalFromRequestParts<Server> for Worker {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Option<Self>, Problem> {
        recognised(parts, server).await
    }
}

async fn recognised(parts: &mut Parts, server: &Server) -> Result<Option<Worker>, Problem> {
    let now = server.clock.now();
    let Some(cookie) = SESSION.read(server, &parts.headers) else { return Ok(None) };
    if !cookies::is_own_page(&parts.method, &parts.headers) {
        return Ok(None);
    }
    server
        .db
        .read(async |tx| {
            let Some(session) = sessions::by_cookie(tx, &cookie.hash(), now).await? else { return Ok(None) };
            let affiliation = identity::by_id(tx, &session.affiliation_id).await?;
            let tier = match &session.phone_id {
                Some(phone) => phone::by_id(tx, phone).await?.filter(|phone| phone.blocked_at.is_none()).map(|phone| phone.tier),
                None => Some(READY_MADE),
            };
            let is_good = affiliation.standing(now) == Standing::Good;
            Ok(tier.filter(|_| is_good).map(|tier| Worker { affiliation, assurance: session.assurance, tier }))
        })
        .await
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    till: String,
    /// The nonce of the same phone's answer.
    svar: Option<String>,
}

/// `GET /logga-in?till=/path`.
pub(super) async fn log_in(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (browser, new_cookie) = orders::browser_of(&server, &headers, &mut rng);
    let approval = ApprovalId::at(now, &mut rng);
    let finish = format!("/logga-in/klar/{approval}?till={}", own_path(&wanted.till));
    let request = approvals::Request {
        requester: OWN_PAGES.to_owned(),
        name_sv: "Mina sidor".to_owned(),
        name_en: "My pages".to_owned(),
        organisation: String::new(),
        claims: vec!["name".to_owned(), "https://id.oidc.se/claim/orgName".to_owned(), "https://id.oidc.se/claim/orgAffiliation".to_owned()],
        assurance: Assurance::Loa2,
        return_to: Some(finish),
        in_browser: None,
        documents: Vec::new(),
        stays_days: None,
        service: None,
        granted: Vec::new(),
        logo: phone::logo::Logo::default(),
        occasion: approvals::Occasion::Ordinary,
    };
    server.db.write(async |tx| orders::begin(tx, &server, &approval, &request, &browser, now).await).await?;
    let mut response = Redirect::to(&format!("/login/{approval}")).into_response();
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Only a path of ours: never another site's address (open redirect).
fn own_path(path: &str) -> &str {
    let is_own = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b));
    if is_own { path } else { "/" }
}

/// `GET /logga-in/klar/{txn}`: the browser that began fetches its session, once.
pub(super) async fn finished(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let cookie = server
        .db
        .write(async |tx| {
            let row = approvals::by_id(tx, &id).await?.ok_or_else(Problem::gone)?;
            let is_over = matches!(row.state_at(now), approvals::State::Aborted | approvals::State::Declined | approvals::State::Expired);
            if is_over {
                return Ok(None);
            }
            // Where the yes comes between this and what follows, its nonce has not been asked for.
            let is_given = row.state == approvals::State::Approved;
            let is_ours = is_given && row.request().is_ok_and(|request| request.requester == OWN_PAGES);
            if !is_ours || !orders::may_go_on(&server, &headers, &row, wanted.svar.as_deref()) {
                return Err(Problem::gone());
            }
            let given = carried::consume(tx, &id, now).await?.ok_or_else(Problem::gone)?;
            session_from(tx, &id, &given, now, &mut rng).await.map(Some)
        })
        .await?;
    // Who said no, or came too late, is at the beginning again.
    Ok(cookie.map_or_else(|| Redirect::to("/").into_response(), |cookie| with_session(&server, &cookie, own_path(&wanted.till))))
}

async fn session_from(
    tx: &mut Tx,
    id: &ApprovalId,
    Given { consumed, carried: Carried { phone, affiliation } }: &Given,
    now: handslag_vocab::UnixTime,
    rng: &mut Rng,
) -> Result<Secret, Problem> {
    let from = sessions::From {
        affiliation: consumed.affiliation_id.clone(),
        phone: Some(consumed.phone_id.clone()),
        approval: Some(id.clone()),
        assurance: consumed.reached(affiliation, phone),
        authenticated_at: consumed.decided_at,
    };
    Ok(sessions::start(tx, &from, now, rng).await?)
}

/// Starts a session without an approval: the demonstration's ready-made manager.
pub async fn start_session(
    tx: &mut Tx,
    server: &Server,
    affiliation: &Affiliation,
    now: handslag_vocab::UnixTime,
    rng: &mut Rng,
) -> Result<HeaderValue, Problem> {
    let from = sessions::From {
        affiliation: affiliation.affiliation_id.clone(),
        phone: None,
        approval: None,
        assurance: affiliation.assurance,
        authenticated_at: now,
    };
    let cookie = sessions::start(tx, &from, now, rng).await?;
    Ok(SESSION.set(server, &cookie, sessions::LIFE))
}

fn with_session(server: &Server, cookie: &Secret, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().append(header::SET_COOKIE, SESSION.set(server, cookie, sessions::LIFE));
    response
}

/// `POST /logga-ut`.
pub(super) async fn log_out(State(server): State<Server>, Now(now): Now, headers: HeaderMap, _: Worker) -> Result<Response, Problem> {
    if let Some(cookie) = SESSION.read(&server, &headers) {
        server.db.write(async |tx| sessions::end(tx, &cookie.hash(), now).await).await?;
    }
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    response.headers_mut().append(header::SET_COOKIE, SESSION.clear(&server));
    Ok(response)
}
