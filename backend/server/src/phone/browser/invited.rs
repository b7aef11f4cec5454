//! From the yes to a phone that carries the work identity: one page with one button, and the browser's screen lock.
//!
//! The enrolment goes on under the secret that is computed from the invitation's link (as the app's does), so a page that was
//! closed half way can be opened again, and one whose answer was lost hears the same. Only one key is ever enrolled.

use askama::Template;
use axum::{
    Form, Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_keys::Kind;
use handslag_store::Tx;
use handslag_vocab::{Digest, Seconds, Secret, UnixTime};
use serde::Deserialize;
use serde_json::Value;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::{
    super::{
        caller::{BROWSER, Caller},
        enrol,
        phones::{self, KeyUse, NewKey},
        registrations,
    },
    registration::{self, Begun, Kept},
};
use crate::{
    audit,
    caller::{Now, Rng},
    identity::{self, Affiliation},
    page::Page,
    problem::Problem,
    server::Server,
    words::Voice,
};

/// The cookie that greets this browser lasts this long after the enrolment.
const GREETED: Seconds = Seconds::days(365);

#[derive(Deserialize)]
pub(super) struct Yes {
    terms_version: String,
}

/// `POST /telefon/ja/{link}`: the yes.
pub(super) async fn yes(State(server): State<Server>, Now(now): Now, Path(link): Path<String>, Form(form): Form<Yes>) -> Result<Redirect, Problem> {
    enrol::has_read(&form.terms_version)?;
    let link = identity::invitation_of(&link);
    let enrolment = enrol::derived(&server, &link)?.0;
    server.db.write(async |tx| enrol::begin(tx, &link, &enrolment, now).await).await?;
    // Only a link that we made gets here, so its text is fit for an address.
    Ok(Redirect::to(&format!("/telefon/ny/{}", link.reveal().trim_start_matches("hs_invite_"))))
}

#[derive(Template)]
#[template(path = "phone/new.html")]
struct NewPage {
    voice: Voice,
    organisation: String,
    identity_name: String,
    link: String,
    possible: bool,
}

/// `GET /telefon/ny/{link}`: the button. A browser that is through already goes to its own page.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    caller: Result<Caller, Problem>,
    Path(link): Path<String>,
) -> Result<Response, Problem> {
    let enrolment = enrol::derived(&server, &identity::invitation_of(&link))?.0;
    match server.db.read(async |tx| invited(tx, &enrolment, now).await).await {
        Ok(person) => {
            let possible = registration::relying_party(&server.config.issuer).is_some();
            let page = NewPage { voice, organisation: person.organisation_name, identity_name: person.identity_name, link, possible };
            Ok(Page(page).into_response())
        }
        Err(_) if caller.is_ok() => Ok(Redirect::to("/telefon").into_response()),
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    invitation: String,
}

/// `POST /telefon/ny/val`: what the browser shall make. Asking again gives the same.
pub(super) async fn options(State(server): State<Server>, Now(now): Now, mut rng: Rng, Json(asked): Json<Asked>) -> Result<Json<Value>, Problem> {
    let (enrolment, challenge) = enrol::derived(&server, &identity::invitation_of(&asked.invitation))?;
    server
        .db
        .write(async |tx| {
            let person = invited(tx, &enrolment, now).await?;
            let begun = registration::begin(&server.config.issuer, &person, &mut rng)?;
            let state = serde_json::to_string(&begun).map_err(|error| Problem::internal(&error))?;
            registrations::begin(tx, &enrolment.hash(), &challenge, now, now + identity::TO_ENROL).await?;
            registrations::ask_browser(tx, &enrolment.hash(), &state, now).await?;
            Ok(Json(begun_before(tx, &enrolment, now).await?.options))
        })
        .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finish {
    invitation: String,
    made: RegisterPublicKeyCredential,
}

/// `POST /telefon/ny/klar`: the key that the browser made; gives the cookie by which this browser is greeted.
pub(super) async fn finish(State(server): State<Server>, Now(now): Now, mut rng: Rng, Json(asked): Json<Finish>) -> Result<Response, Problem> {
    let enrolment = enrol::derived(&server, &identity::invitation_of(&asked.invitation))?.0;
    let greeting = greeting(&server, &enrolment)?;
    let begun = server.db.read(async |tx| begun_before(tx, &enrolment, now).await).await?;
    let kept = registration::finish(&server.config.issuer, &begun, &asked.made)?;
    let enrolled = server
        .db
        .write(async |tx| {
            let person = enrol::finished(tx, &enrolment.hash(), now).await?;
            store(tx, &server, &person, &kept, &greeting, now, &mut rng).await
        })
        .await;
    if let Err(problem) = enrolled
        && !is_here(&server, &kept, &greeting).await?
    {
        return Err(problem);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(header::SET_COOKIE, BROWSER.set(&server, &greeting, GREETED));
    Ok(response)
}

/// Whose enrolment this is, while it is open.
async fn invited(tx: &mut Tx, enrolment: &Secret, now: UnixTime) -> Result<Affiliation, Problem> {
    let invitation = identity::of_enrolment(tx, &enrolment.hash(), now).await?;
    let invitation = invitation.ok_or_else(Problem::gone)?;
    Ok(identity::by_id(tx, &invitation.affiliation_id).await?)
}

/// The ceremony that stands; none if an app began this enrolment.
async fn begun_before(tx: &mut Tx, enrolment: &Secret, now: UnixTime) -> Result<Begun, Problem> {
    let registration = registrations::open(tx, &enrolment.hash(), now).await?;
    let state = registration.and_then(|registration| registration.browser_state).ok_or_else(Problem::gone)?;
    serde_json::from_str(&state).map_err(|error| Problem::internal(&error))
}

async fn store(
    tx: &mut Tx,
    server: &Server,
    person: &Affiliation,
    kept: &Kept,
    greeting: &Secret,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<(), Problem> {
    let phone = phones::enrol(tx, &person.affiliation_id, kept.tier, Some(greeting.hash()), now, rng).await?;
    let relying_party = registration::relying_party(&server.config.issuer);
    let key = NewKey {
        key_use: KeyUse::Browser,
        public_key: &kept.credential.cose_key,
        thumbprint: Digest::of(&kept.credential.credential_id),
        external_id: Some(&kept.credential.credential_id),
        relying_party: relying_party.as_deref(),
        backup_eligible: Some(kept.credential.backup_eligible),
        attestation: &kept.format,
    };
    phones::add_key(tx, &phone, &key, now, rng).await?;
    audit::record(tx, enrol::enrolled_event(person, &phone, kept.tier, &kept.format), now, rng).await?;
    Ok(())
}

/// Whether exactly this key was enrolled by this enrolment before: the browser never heard the answer.
async fn is_here(server: &Server, kept: &Kept, greeting: &Secret) -> Result<bool, Problem> {
    let browser = greeting.hash();
    server
        .db
        .read(async |tx| {
            let Some(phone) = phones::by_browser(tx, &browser).await? else { return Ok(false) };
            let key = phones::key(tx, &phone.phone_id, KeyUse::Browser).await?;
            Ok(key.is_some_and(|key| key.external_id.as_deref() == Some(&kept.credential.credential_id)))
        })
        .await
}

/// The browser's cookie, computed from the enrolment so that asking again gives the same. Only its hash is stored.
fn greeting(server: &Server, enrolment: &Secret) -> Result<Secret, Problem> {
    let mac = server.keys.mac(Kind::Cookie, &[b"phone greeting", enrolment.reveal().as_bytes()].concat())?;
    Ok(Secret::presented(format!("hs_phone_{}", Digest(mac).to_base64url())))
}
