//! "Så heter personen i den här tjänsten": what one service is told of a person and under which name; tried on a real colleague before
//! it is saved. Nothing is sent by trying. Who is tried on sees that somebody looked.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use handslag_protocol::{
    attribute::Attribute,
    authorize::ClaimsParameter,
    release::{self, Claim, Naming},
};
use handslag_vocab::{AffiliationId, Assurance, ClientId, Seconds, UnixTime};
use serde_json::json;

use super::{Named, found, named, words_of};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    config::Client,
    identity::{self, Affiliation},
    login::Worker,
    oidc::{
        Administrator,
        clients::{self, By, NotRegistered, Row},
        not_registered,
    },
    page::Page,
    pages::{Head, history, put_to_work},
    phone::authority,
    problem::Problem,
    server::Server,
    words::{Language, Voice},
};

/// Everything that the service may be told of anybody, with all its scopes asked for.
pub(super) fn told(client: &Client, naming: &[Naming]) -> Vec<Claim> {
    release::shares(&client.scopes, &ClaimsParameter::default(), naming)
}

/// What the form says.
#[derive(Default)]
struct Said {
    colleague: String,
    version: i64,
    naming: Vec<Naming>,
}

impl Said {
    /// Rows of three fields each; a row without a name is none.
    fn read(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut said = Self::default();
        let (mut claims, mut sources, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in pairs {
            match name.as_str() {
                "colleague" => value.trim().clone_into(&mut said.colleague),
                "version" => said.version = value.parse().map_err(|_| unsound())?,
                "claim" => claims.push(value.trim().to_owned()),
                "from" => sources.push(value),
                "scope" => scopes.push(value),
                _ => return Err(unsound()),
            }
        }
        for ((claim, from), scope) in claims.into_iter().zip(sources).zip(scopes).filter(|((claim, _), _)| !claim.is_empty()) {
            let from = Attribute::ALL.into_iter().find(|attribute| attribute.name() == from).ok_or_else(unsound)?;
            let is_of_the_table = release::source(&claim).is_some();
            let scope = Some(scope).filter(|scope| !scope.is_empty() && !is_of_the_table);
            said.naming.push(Naming { claim, from, scope });
        }
        Ok(said)
    }
}

fn unsound() -> Problem {
    not_registered(&NotRegistered::Unsound)
}

/// One line of what would be sent.
struct Line {
    claim: String,
    label: &'static str,
    /// None: there is no value, and nothing is sent.
    value: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/client_tried.html")]
struct TriedPage {
    voice: Voice,
    head: Head,
    id: ClientId,
    name: String,
    colleague: String,
    version: Option<i64>,
    lines: Vec<Line>,
    naming: Vec<Named>,
}

/// `POST /tjanster/{client}/prova`: exactly what would be sent about this colleague, and nothing is.
pub(super) async fn tried(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    admin: Administrator,
    Path(id): Path<ClientId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (service, row) = found(&server, &admin, &id).await?;
    let said = Said::read(pairs)?;
    let naming = if row.is_some() { said.naming } else { service.config.naming.clone() };
    if let Some(row) = &row {
        clients::renamed(row, naming.clone()).map_err(|refusal| not_registered(&refusal))?;
    }
    let shares = told(&service.config, &naming);
    let known = server.db.write(async |tx| {
        let colleague = identity::by_who(tx, &said.colleague).await?;
        let colleague = colleague.filter(|one| one.organisation_id == admin.affiliation.organisation_id).ok_or_else(nobody)?;
        if colleague.affiliation_id != admin.affiliation.affiliation_id {
            audit::record(tx, looked(&colleague, &admin.affiliation.affiliation_id, &id), now, &mut rng).await?;
        }
        Ok::<_, Problem>((identity::known(tx, &colleague).await?, colleague))
    });
    let (known, colleague) = known.await?;
    let language = voice.language();
    let line = |claim: Claim| Line { label: word(voice, claim.from), value: known.text(claim.from, language), claim: claim.name };
    let (name, version) = (words_of(voice, &service.config), row.map(|row| row.version));
    let head = Head::of_administrator(&server, &admin, now);
    let lines = shares.into_iter().map(line).collect();
    let page = TriedPage { voice, head, id, name, colleague: colleague.name(), version, lines, naming: named(&naming) };
    Ok(Page(page).into_response())
}

/// `POST /tjanster/{client}/namn`: saved, if nobody has changed the service meanwhile.
pub(super) async fn saved(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    admin: Administrator,
    Path(id): Path<ClientId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let said = Said::read(pairs)?;
    let (_, row) = found(&server, &admin, &id).await?;
    let row: Row = row.ok_or_else(Problem::not_found)?;
    if row.version != said.version {
        return Err(not_registered(&NotRegistered::Stale));
    }
    let draft = clients::renamed(&row, said.naming).map_err(|refusal| not_registered(&refusal))?;
    let by = By { actor: Actor::Person(admin.affiliation.affiliation_id.clone()), policy: None, now };
    let changed = server.db.write(async |tx| clients::change(tx, &server, (&row, &draft), &by, &mut rng).await).await?;
    changed.map_err(|refusal| not_registered(&refusal))?;
    Ok(Redirect::to(&format!("/tjanster/{id}")).into_response())
}

/// What a person reads for an attribute.
pub(super) fn word(voice: Voice, attribute: Attribute) -> &'static str {
    if voice.language() == Language::English { attribute.label().en } else { attribute.label().sv }
}

fn nobody() -> Problem {
    let (sv, en) = (
        "Ingen i din organisation har det jobb-id:t. Skriv det som det står på kollegans sida.",
        "Nobody in your organisation has that work identity. Write it as it stands on the colleague's page.",
    );
    Problem::bad("nobody", sv, en)
}

/// The line belongs to the one who was looked at.
fn looked(at: &Affiliation, by: &AffiliationId, service: &ClientId) -> Event {
    Event {
        chain: at.chain(Purpose::Administration),
        kind: history::LOOKED,
        actor: Actor::Person(by.clone()),
        objects: vec![at.affiliation_id.to_string()],
        payload: json!({ "why": "service_tried", "client": service }),
    }
}

impl Head {
    /// The head of an administrator's page.
    pub(super) fn of_administrator(server: &Server, admin: &Administrator, now: UnixTime) -> Self {
        let affiliation = &admin.affiliation;
        let worker = Worker { affiliation: affiliation.clone(), assurance: Assurance::Loa3, tier: admin.tier };
        let leads = authority::allowed(server, affiliation, admin.tier, put_to_work(&worker, true, Seconds::days(1)), now).is_ok();
        Self { organisation: affiliation.organisation_name.clone(), name: affiliation.name(), leads, registers: true, here: "clients" }
    }
}
