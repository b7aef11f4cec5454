//! `/device` (RFC 8628 §3.3): a person types the code of a device, reads which service that is and since when it waits, and logs in as always.
//! Plain forms; nothing here needs a script.
//!
//! Attack 26: a code that somebody sends is not the person's own, so the page says what it is for before anything begins, and "Det är inte
//! jag" ends it for the device. Tries are counted for each browser by itself.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_protocol::{authorize::AuthorizationRequest, device::UserCode};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, Digest, Seconds, Secret, UnixTime};
use serde::Deserialize;

use super::{
    super::{asker, clients},
    awaited::{self, Awaited},
};
use crate::{
    caller::{Now, Rng},
    config,
    cookies::BEGAN,
    identity, login,
    page::Page,
    phone::{
        approvals::{self, AskedService, Occasion, Request, State as ApprovalState},
        attempts::Tried,
    },
    problem::Problem,
    server::Server,
    words::Voice,
};

/// Enough for whoever types with two fingers, far too few for whoever guesses one in twenty-five thousand million.
const TRIED: Tried = Tried { purpose: "user_code_page", most: 10, window: Seconds::minutes(10) };

#[derive(Template)]
#[template(path = "oidc/device.html")]
struct DevicePage {
    voice: Voice,
    typed: String,
    /// The key of what was wrong with the last code.
    wrong: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "oidc/device_ask.html")]
struct AskPage {
    voice: Voice,
    service: String,
    organisation: String,
    code: String,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "oidc/device_done.html")]
struct DonePage {
    voice: Voice,
    /// The key of the sentence about how it ended.
    words: &'static str,
    tone: &'static str,
}

#[derive(Deserialize)]
pub(super) struct Code {
    #[serde(default)]
    user_code: String,
}

/// `GET /device`: where to type it. A code in the address is only typed for the person, who still reads what it is for.
pub(super) async fn show(voice: Voice, Query(code): Query<Code>) -> Response {
    let typed = UserCode::typed(&code.user_code).map(|code| code.shown()).unwrap_or_default();
    Page(DevicePage { voice, typed, wrong: None }).into_response()
}

/// `POST /device`: what the code is for.
pub(super) async fn typed(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, Problem> {
    let (browser, new_cookie) = login::browser_of(&server, &headers, &mut rng);
    let found = found(&server, &browser, &form.user_code, now).await?;
    let mut response = match found {
        Ok((code, awaited)) => asks(&server, voice, &code, &awaited, now).await?,
        Err(wrong) => {
            let status = if wrong == TOO_MANY { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
            (status, Page(DevicePage { voice, typed: String::new(), wrong: Some(wrong) })).into_response()
        }
    };
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

const TOO_MANY: &str = "device-wrong-too-many";
const UNKNOWN: &str = "device-wrong-unknown";

/// The device behind a code, or the key of what is wrong. The try is counted before the code is looked at.
async fn found(server: &Server, browser: &Secret, typed: &str, now: UnixTime) -> Result<Result<(UserCode, Awaited), &'static str>, Problem> {
    let bucket = Digest::of(browser.reveal().as_bytes());
    if !server.db.write(async |tx| TRIED.may_try(tx, &bucket, now).await).await? {
        return Ok(Err(TOO_MANY));
    }
    let Some(code) = UserCode::typed(typed) else { return Ok(Err(UNKNOWN)) };
    let awaited = server.db.read(async |tx| awaited::by_user_code(tx, server, &code, now).await).await?;
    Ok(awaited.map(|awaited| (code, awaited)).ok_or(UNKNOWN))
}

async fn asks(server: &Server, voice: Voice, code: &UserCode, awaited: &Awaited, now: UnixTime) -> Result<Response, Problem> {
    let registered = clients::registered(server, &awaited.client_id).await?.ok_or_else(Problem::gone)?;
    let client = &registered.config;
    let organisation = server.db.read_one(async |tx| identity::organisation_by_number(tx, &client.organisation).await).await?;
    let service = if voice.tag() == "en" { client.name_en.clone() } else { client.name_sv.clone() };
    let organisation = organisation.map(|organisation| organisation.name).unwrap_or_default();
    Ok(Page(AskPage { voice, service, organisation, code: code.shown(), minutes: now.since(awaited.created_at).0 / 60 }).into_response())
}

/// `POST /device/ja`: the log-in begins in this browser, and the code is used.
pub(super) async fn yes(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, Problem> {
    let (browser, new_cookie) = login::browser_of(&server, &headers, &mut rng);
    let (_, awaited) = match found(&server, &browser, &form.user_code, now).await? {
        Ok(found) => found,
        Err(wrong) => return Ok(Page(DevicePage { voice, typed: String::new(), wrong: Some(wrong) }).into_response()),
    };
    let approval = ApprovalId::at(now, &mut rng);
    let request = awaited.request().map_err(|error| Problem::internal(&error))?;
    let client = clients::registered(&server, &awaited.client_id).await?.ok_or_else(Problem::gone)?;
    server
        .db
        .write(async |tx| {
            let asked = asked(tx, &client.config, &request, &approval).await?;
            login::begin(tx, &server, &approval, &asked, &browser, now).await?;
            if awaited::goes_on(tx, &awaited, &approval).await? { Ok(()) } else { Err(Problem::gone()) }
        })
        .await?;
    let mut response = Redirect::to(&format!("/login/{approval}")).into_response();
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn asked(tx: &mut Tx, client: &config::Client, request: &AuthorizationRequest, approval: &ApprovalId) -> Result<Request, Problem> {
    let asker = asker::behind(tx, client).await?.ok_or_else(Problem::gone)?;
    let assurance: Assurance = request.acr.least().map_or(client.assurance, |least| least.max(client.assurance));
    let shares = request.shares();
    Ok(Request {
        requester: client.id.to_string(),
        name_sv: client.name_sv.clone(),
        name_en: client.name_en.clone(),
        organisation: asker.name,
        logo: asker.logo,
        claims: shares.iter().map(|claim| claim.name.clone()).collect(),
        assurance,
        return_to: Some(format!("/device/klar/{approval}")),
        in_browser: None,
        documents: Vec::new(),
        stays_days: request.is_offline().then_some(client.stay_days),
        service: Some(AskedService {
            client: client.id.clone(),
            organisation: asker.organisation,
            sources: shares.iter().map(|claim| (claim.name.clone(), claim.from)).collect(),
        }),
        granted: Vec::new(),
        occasion: Occasion::Device,
    })
}

/// `POST /device/nej`: "Det är inte jag". The device is told at its next poll.
pub(super) async fn no(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, Problem> {
    let (browser, _) = login::browser_of(&server, &headers, &mut rng);
    if let Ok((_, awaited)) = found(&server, &browser, &form.user_code, now).await? {
        server.db.write(async |tx| awaited::deny(tx, &awaited, now).await).await?;
    }
    Ok(Page(DonePage { voice, words: "device-done-denied", tone: "" }).into_response())
}

#[derive(Deserialize)]
pub(super) struct Answered {
    /// The nonce of the same phone's answer.
    svar: Option<String>,
}

/// `GET /device/klar/{txn}`: the browser that typed the code comes back from its log-in; what the device gets, it fetches itself.
pub(super) async fn done(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Query(answered): Query<Answered>,
) -> Result<Response, Problem> {
    let browser = BEGAN.read(&server, &headers).ok_or_else(Problem::gone)?.hash();
    let row = server
        .db
        .write(async |tx| {
            let row = approvals::begun_by(tx, &id, &browser).await?;
            let is_given = matches!(row.state_at(now), ApprovalState::Approved | ApprovalState::Consumed);
            if is_given && !login::may_go_on(&server, &headers, &row, answered.svar.as_deref()) {
                return Err(Problem::gone());
            }
            if is_given {
                awaited::confirm(tx, &id, now).await?;
            }
            Ok(row)
        })
        .await?;
    let (words, tone) = match row.state_at(now) {
        ApprovalState::Approved | ApprovalState::Consumed => ("device-done-approved", "ok"),
        ApprovalState::Declined if row.is_disowned() => ("device-done-not-me", ""),
        ApprovalState::Declined | ApprovalState::Aborted => ("device-done-declined", ""),
        ApprovalState::Expired => ("device-done-expired", ""),
        ApprovalState::Claimed | ApprovalState::Created | ApprovalState::Shown => return Ok(Redirect::to(&format!("/login/{id}")).into_response()),
    };
    Ok(Page(DonePage { voice, words, tone }).into_response())
}
