//! `/admin/people/{affiliation}`: what the organisation knows of a person at work and may send to services, until a personnel system
//! brings it.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use handslag_protocol::attribute::Attribute;
use handslag_store::Tx;
use handslag_vocab::{AffiliationId, UnixTime};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{super::refused::no_store, Administrator};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::{self, Affiliation, Entered},
    problem::Problem,
    server::Server,
};

/// `GET /admin/people/{affiliation}`.
pub(super) async fn read(State(server): State<Server>, admin: Administrator, Path(id): Path<AffiliationId>) -> Result<Response, Problem> {
    let person = found(&server, &admin, &id).await?;
    told(&server, &person).await
}

/// One value; null takes it away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    value: String,
    /// Somebody has checked that it reaches this person.
    #[serde(default)]
    checked: bool,
}

/// `PUT /admin/people/{affiliation}`: what is named is entered, or taken away; what is not named stays.
pub(super) async fn enter(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    admin: Administrator,
    Path(id): Path<AffiliationId>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    let person = found(&server, &admin, &id).await?;
    let mut values = body.into_iter().map(|(name, value)| read_one(&name, value)).collect::<Result<Vec<_>, _>>()?;
    // What is said of a number comes after the number.
    values.sort_by_key(|(attribute, _)| *attribute);
    server.db.write(async |tx| entered(tx, (&person, &admin), &values, now, &mut rng).await).await?;
    told(&server, &person).await
}

fn read_one(name: &str, value: Value) -> Result<(Attribute, Option<Sent>), Problem> {
    let attribute = Attribute::ENTERED.into_iter().find(|attribute| attribute.name() == name).ok_or_else(|| unsound(name))?;
    let value: Option<Sent> = serde_json::from_value(value).map_err(|_| unsound(name))?;
    let is_sound = value.as_ref().is_none_or(|one| identity::is_sound_attribute(attribute, &one.value));
    if is_sound { Ok((attribute, value)) } else { Err(unsound(name)) }
}

fn unsound(name: &str) -> Problem {
    let (sv, en) = (format!("{name} har inte rätt form."), format!("{name} does not have its form."));
    Problem::bad("unsound_attribute", sv, en)
}

async fn entered(
    tx: &mut Tx,
    (person, admin): (&Affiliation, &Administrator),
    values: &[(Attribute, Option<Sent>)],
    now: UnixTime,
    rng: &mut Rng,
) -> Result<(), Problem> {
    for (attribute, value) in values {
        match value {
            Some(Sent { value, checked }) => {
                let (name, source) = (attribute.name().to_owned(), admin.affiliation.affiliation_id.to_string());
                let entered = Entered { name, value: value.clone(), source, changed_at: now, checked_at: checked.then_some(now) };
                if !identity::enter(tx, &person.affiliation_id, *attribute, &entered).await? {
                    return Err(unsound(attribute.name()));
                }
            }
            None => identity::forget(tx, &person.affiliation_id, *attribute).await?,
        }
    }
    let names: Vec<&str> = values.iter().map(|(attribute, _)| attribute.name()).collect();
    let event = Event {
        chain: person.chain(Purpose::Administration),
        kind: "identity.attributes_entered",
        actor: Actor::Person(admin.affiliation.affiliation_id.clone()),
        objects: vec![person.affiliation_id.to_string()],
        payload: json!({ "names": names }),
    };
    Ok(audit::record(tx, event, now, rng).await?)
}

async fn told(server: &Server, person: &Affiliation) -> Result<Response, Problem> {
    let entered = server.db.read(async |tx| identity::attributes(tx, &person.affiliation_id).await).await?;
    let values: Map<String, Value> = entered
        .into_iter()
        .map(|Entered { name, value, source, changed_at, checked_at }| {
            let told = json!({ "value": value, "source": source, "changed_at": changed_at.seconds(), "checked": checked_at.is_some() });
            (name, told)
        })
        .collect();
    Ok((no_store(), Json(values)).into_response())
}

/// Somebody of the own organisation; another's does not exist.
async fn found(server: &Server, admin: &Administrator, id: &AffiliationId) -> Result<Affiliation, Problem> {
    let person = server.db.read(async |tx| identity::find(tx, id).await).await?;
    person.filter(|person| person.organisation_id == admin.affiliation.organisation_id).ok_or_else(Problem::not_found)
}
