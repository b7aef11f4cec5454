//! The phone's own page: whose work identity it carries, what waits to be signed, when it was last used, and the way out of it.
//!
//! No log-in stands before it: it shows no more than the cookie's owner may see, and every yes is signed.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_vocab::{Seconds, SignatureId};

use super::{
    super::{
        caller::{BROWSER, Caller},
        phones::{self, KeyUse},
        remove,
    },
    near,
};
use crate::{
    caller::{Now, Rng},
    page::Page,
    problem::Problem,
    server::Server,
    words::Voice,
};

/// So long after the enrolment the page still says that it went well.
const NEW: Seconds = Seconds::minutes(5);

#[derive(Template)]
#[template(path = "phone/home.html")]
struct HomePage {
    voice: Voice,
    organisation: String,
    identity_name: String,
    name: String,
    unit: String,
    who: String,
    used: Option<String>,
    enrolled: String,
    is_new: bool,
}

/// `GET /telefon`.
pub(super) async fn show(Now(now): Now, voice: Voice, caller: Result<Caller, Problem>) -> Result<Response, Problem> {
    let Caller { phone, affiliation, .. } = match caller {
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => return Ok(near::unknown(voice, "home")),
        caller => caller?,
    };
    let page = HomePage {
        voice,
        name: affiliation.name(),
        who: affiliation.who.to_string(),
        organisation: affiliation.organisation_name,
        identity_name: affiliation.identity_name,
        unit: affiliation.unit,
        used: phone.last_used_at.map(|time| voice.moment(time)),
        enrolled: voice.moment(phone.enrolled_at),
        is_new: phone.last_used_at.is_none() && now < phone.enrolled_at + NEW,
    };
    Ok(Page(page).into_response())
}

#[derive(Template)]
#[template(path = "phone/sign.html")]
struct SignPage {
    voice: Voice,
    signature: SignatureId,
}

/// `GET /telefon/skriv-under/{signature}`: opens the document; its script asks and goes on to the approval.
pub(super) async fn sign(voice: Voice, _: Caller, Path(signature): Path<SignatureId>) -> Response {
    Page(SignPage { voice, signature }).into_response()
}

#[derive(Template)]
#[template(path = "phone/removed.html")]
struct RemovedPage {
    voice: Voice,
    key: String,
    relying_party: String,
}

/// `POST /telefon/ta-bort`: with one tap (LC-14). The sentence that follows says what may still lie in the phone's own list.
pub(super) async fn remove(State(server): State<Server>, Now(now): Now, rng: Rng, voice: Voice, caller: Caller) -> Result<Response, Problem> {
    let key = server.db.read(async |tx| phones::key(tx, &caller.phone.phone_id, KeyUse::Browser).await).await?;
    remove::ended(&server, &caller, now, rng).await?;
    let (external_id, relying_party) = key.map(|key| (key.external_id, key.relying_party)).unwrap_or_default();
    let page = RemovedPage { voice, key: super::base64url(&external_id.unwrap_or_default()), relying_party: relying_party.unwrap_or_default() };
    let mut response = Page(page).into_response();
    response.headers_mut().append(header::SET_COOKIE, BROWSER.clear(&server));
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}
