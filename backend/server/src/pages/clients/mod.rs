//! `/tjanster`: the services of an organisation, for its administrators. A page for each says in words how it connects, what a log-in
//! there demands, which rules it follows and what to do about those it does not, and what it is told of a person.

mod conformance;
mod naming;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use handslag_protocol::{attribute::Attribute, client_authentication::Authentication, release::Naming};
use handslag_vocab::ClientId;
use serde::Deserialize;
use serde_json::Value;

use self::conformance::Body;
use super::Head;
use crate::{
    audit::{self, Line},
    caller::Now,
    config::{Client, Computers},
    oidc::{
        self, Administrator, LogInLife, Registered,
        clients::{self, Row},
    },
    page::Page,
    problem::Problem,
    server::Server,
    words::{Language, Voice},
};

/// The pages.
pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/tjanster", get(list))
        .route("/tjanster/{client}", get(show))
        .route("/tjanster/{client}/namn", post(naming::saved))
        .route("/tjanster/{client}/prova", post(naming::tried))
}

/// So many of the stored ones on one page.
const MOST: i64 = 50;

struct Entry {
    id: ClientId,
    name: String,
    of_the_file: bool,
    suspended: bool,
}

#[derive(Template)]
#[template(path = "pages/clients.html")]
struct ClientsPage {
    voice: Voice,
    head: Head,
    entries: Vec<Entry>,
    next: Option<ClientId>,
}

#[derive(Deserialize)]
struct Wanted {
    after: Option<ClientId>,
}

/// `GET /tjanster?after=`: those of the configuration file first.
async fn list(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    admin: Administrator,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (organisation, after) = (&admin.affiliation.organisation_id, wanted.after.as_ref().map_or("", ClientId::as_str));
    let rows = server.db.read(async |tx| clients::page(tx, organisation, after, MOST).await).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == MOST);
    let next = rows.last().filter(|_| is_full).map(|row| row.client_id.clone());
    let mut entries = Vec::new();
    if wanted.after.is_none() {
        let of_the_file = server.clients.of_organisation(&admin.affiliation.organisation_number);
        entries.extend(of_the_file.into_iter().map(|one| entry(voice, &one.config, None)));
    }
    for row in &rows {
        entries.push(entry(voice, &row.form()?, Some(row)));
    }
    let head = Head::of_administrator(&server, &admin, now);
    Ok(Page(ClientsPage { voice, head, entries, next }).into_response())
}

fn entry(voice: Voice, client: &Client, row: Option<&Row>) -> Entry {
    let suspended = row.is_some_and(|row| row.suspended_at.is_some());
    Entry { id: client.id.clone(), name: words_of(voice, client), of_the_file: row.is_none(), suspended }
}

/// So many lines of the journal are looked through for refusals.
const LATELY: i64 = 20;

/// One refusal.
struct Refused {
    at: String,
    words: String,
    why: String,
}

/// One name of a service's own, as the form holds it.
struct Named {
    claim: String,
    from: &'static str,
    scope: String,
}

/// What a service is told.
struct Told {
    claim: String,
    label: &'static str,
}

#[derive(Template)]
#[template(path = "pages/client.html")]
struct ClientPage {
    voice: Voice,
    head: Head,
    id: ClientId,
    name: String,
    logo: Option<String>,
    /// What it may ask to do in somebody's name: the texts' keys.
    details: Vec<String>,
    /// Why it was refused lately.
    refused: Vec<Refused>,
    proof: &'static str,
    profile: &'static str,
    addresses: Vec<String>,
    level: u8,
    stays: Option<(u16, u16)>,
    life: LogInLife,
    suspended: bool,
    /// None: one of the configuration file, which the operator changes.
    version: Option<i64>,
    bodies: [Body; 3],
    told: Vec<Told>,
    naming: Vec<Named>,
    attributes: Vec<(&'static str, &'static str)>,
    scopes: Vec<String>,
}

/// `GET /tjanster/{client}`.
async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    admin: Administrator,
    Path(id): Path<ClientId>,
) -> Result<Response, Problem> {
    let (service, row) = found(&server, &admin, &id).await?;
    let (config, head) = (&service.config, Head::of_administrator(&server, &admin, now));
    let (logo, lines) = server
        .db
        .read(async |tx| Ok::<_, Problem>((oidc::logo::of(tx, &id).await?, audit::about(tx, &format!("client:{id}"), LATELY).await?)))
        .await?;
    let refused = lines.iter().filter(|line| line.kind == "oidc.refused").map(|line| refused(voice, line)).collect();
    let may_stay = config.grant_types.contains(&handslag_protocol::client::GrantType::RefreshToken);
    let life = oidc::log_in_life(&server, voice, &admin.affiliation.organisation_id, config).await?;
    let told = naming::told(config, &config.naming).into_iter();
    let attributes = Attribute::ALL.into_iter().filter(|attribute| attribute.may_be_named());
    let page = ClientPage {
        voice,
        head,
        id,
        name: words_of(voice, config),
        logo: logo.path(voice.tag()),
        details: config.authorization_details_types.iter().map(|kind| format!("client-details-{}", kind.name())).collect(),
        refused,
        proof: proof(service.client.authentication),
        profile: config.profile.name(),
        addresses: config.redirect_uris.clone(),
        level: config.assurance.number(),
        stays: may_stay.then_some((config.stay_days, config.stay_idle_days)),
        life,
        suspended: row.as_ref().is_some_and(|row| row.suspended_at.is_some()),
        version: row.map(|row| row.version),
        bodies: conformance::bodies(&service),
        told: told.map(|claim| Told { label: naming::word(voice, claim.from), claim: claim.name }).collect(),
        naming: named(&config.naming),
        attributes: attributes.map(|attribute| (attribute.name(), naming::word(voice, attribute))).collect(),
        scopes: config.scopes.clone(),
    };
    Ok(Page(page).into_response())
}

/// A refusal of the service's, in words; what its developer was told stands beside it.
fn refused(voice: Voice, line: &Line) -> Refused {
    let facts = line.facts();
    let text = |name: &str| facts.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let words = voice.say_or(&format!("refused-{}", text("error").replace('_', "-")), "refused-other");
    Refused { at: voice.moment(line.at), words, why: text("why") }
}

/// The service, and its row where it is a stored one; another organisation's does not exist.
async fn found(server: &Server, admin: &Administrator, id: &ClientId) -> Result<(Arc<Registered>, Option<Row>), Problem> {
    if let Some(registered) = server.clients.of_the_file(id).filter(|one| one.config.organisation == admin.affiliation.organisation_number) {
        return Ok((Arc::clone(registered), None));
    }
    let organisation = &admin.affiliation.organisation_id;
    let row = server.db.read(async |tx| clients::of_organisation(tx, organisation, id).await).await?.ok_or_else(Problem::not_found)?;
    let registered = Registered::new(row.form()?).map_err(|error| Problem::internal(&error))?;
    Ok((Arc::new(registered), Some(row)))
}

fn named(all: &[Naming]) -> Vec<Named> {
    let one = |named: &Naming| Named { claim: named.claim.clone(), from: named.from.name(), scope: named.scope.clone().unwrap_or_default() };
    all.iter().map(one).collect()
}

/// What people call the service, in the language of the page.
fn words_of(voice: Voice, client: &Client) -> String {
    if voice.language() == Language::English { client.name_en.clone() } else { client.name_sv.clone() }
}

/// The end of the key of the text that says how it proves itself.
const fn proof(authentication: Authentication) -> &'static str {
    match authentication {
        Authentication::None => "none",
        Authentication::PrivateKeyJwt => "key",
        Authentication::SecretBasic | Authentication::SecretPost => "secret",
        Authentication::SelfSignedTls | Authentication::Tls => "certificate",
    }
}
