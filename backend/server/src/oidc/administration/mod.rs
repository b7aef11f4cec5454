//! `/admin/clients`: services registered, read and changed by an administrator's program (docs/operations.md). The pages do the same
//! by the same acts.
//!
//! Invariants: an administrator reaches the services of the own organisation and no others: another's does not exist (attack 29); a
//! change names the version it is a change of, so that of two administrators the second one sees what the first one did.

mod answers;
mod caller;
mod people;

pub use caller::Administrator;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use handslag_protocol::registration::{RegistrationRequest, read_object};
use handslag_store::Tx;
use handslag_vocab::{ClientId, UnixTime};
use serde::Deserialize;
use serde_json::Value;

use super::{
    clients::{self, By, Draft, Given, NotRegistered, Row, Settings, Step},
    proof,
    refused::no_store,
};
use crate::{
    audit::Actor,
    caller::{Now, Rng},
    identity,
    problem::Problem,
    server::Server,
};

/// The administration's addresses.
pub(super) fn routes(server: &Server) -> Router<Server> {
    Router::new()
        .route("/admin/clients", get(list).post(register))
        .route("/admin/clients/{client}", get(read).put(change).delete(end))
        .route("/admin/clients/{client}/suspend", post(suspend))
        .route("/admin/clients/{client}/resume", post(resume))
        .route("/admin/clients/{client}/secret", post(renew_secret))
        .route("/admin/people/{affiliation}", get(people::read).put(people::enter))
        .layer(middleware::from_fn_with_state(server.clone(), with_next_nonce))
}

/// RFC 9449 §9: a program with a bound token needs the nonce also where it was refused for lack of one.
async fn with_next_nonce(State(server): State<Server>, Now(now): Now, request: Request, next: Next) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    proof::with_next_nonce(&server, &headers, now, next.run(request).await)
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// The last id of the page before.
    after: Option<ClientId>,
    /// How many at most.
    most: Option<i64>,
}

const MOST: i64 = 100;

/// `GET /admin/clients?after=&most=`.
async fn list(State(server): State<Server>, admin: Administrator, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let (organisation, most) = (&admin.affiliation.organisation_id, wanted.most.unwrap_or(MOST).clamp(1, MOST));
    let after = wanted.after.as_ref().map_or("", ClientId::as_str);
    let rows = server.db.read(async |tx| clients::page(tx, organisation, after, most).await).await?;
    let of_the_file = server.clients.of_organisation(&admin.affiliation.organisation_number);
    Ok((no_store(), Json(answers::list(&rows, most, &of_the_file)?)).into_response())
}

/// `GET /admin/clients/{client}`.
async fn read(State(server): State<Server>, admin: Administrator, Path(id): Path<ClientId>) -> Result<Response, Problem> {
    if let Some(registered) = server.clients.of_the_file(&id).filter(|one| one.config.organisation == admin.affiliation.organisation_number) {
        return Ok((no_store(), Json(answers::of_the_file(&registered.config))).into_response());
    }
    let row = found(&server, &admin, &id).await?;
    answers::one(StatusCode::OK, &row, None)
}

/// What an administrator sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// A new service's own choice; one is made if absent.
    client_id: Option<ClientId>,
    /// RFC 7591 §2.
    metadata: Value,
    /// What the organisation decides.
    #[serde(default)]
    settings: Settings,
}

impl Body {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let object = read_object(body).map_err(|refusal| not_registered(&refusal.into()))?;
        serde_json::from_value(Value::Object(object)).map_err(|error| answers::unreadable(&error))
    }

    fn drafted(&self, id: &ClientId, admin: &Administrator) -> Result<Draft, NotRegistered> {
        let request = RegistrationRequest::of(self.metadata.as_object().cloned().unwrap_or_default());
        let policy = self.settings.judges(&request);
        clients::drafted(id, &admin.affiliation.organisation_number, request.judge(&policy)?, &self.settings)
    }
}

/// `POST /admin/clients`.
async fn register(State(server): State<Server>, Now(now): Now, mut rng: Rng, admin: Administrator, body: Bytes) -> Result<Response, Problem> {
    let body = Body::read(&body)?;
    let id = body.client_id.clone().unwrap_or_else(|| ClientId::random(&mut rng));
    let draft = body.drafted(&id, &admin).map_err(|refusal| not_registered(&refusal))?;
    let registered = server.db.write(async |tx| {
        let organisation = identity::organisation(tx, &admin.affiliation.organisation_id).await?;
        clients::register(tx, &server, (&draft, &organisation), &by(&admin, now), &mut rng).await
    });
    let given = registered.await?.map_err(|refusal| not_registered(&refusal))?;
    answers::one(StatusCode::CREATED, &found(&server, &admin, &id).await?, given.secret.as_ref())
}

/// `PUT /admin/clients/{client}`: another registration in the place of the version that `If-Match` names.
async fn change(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    admin: Administrator,
    Path(id): Path<ClientId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let row = found_as(&server, &admin, &id, &headers).await?;
    let body = Body::read(&body)?;
    let drafted = body.drafted(&id, &admin);
    let changed = server.db.write(async |tx| {
        let by = by(&admin, now);
        let changed = match &drafted {
            Ok(draft) => clients::change(tx, &server, (&row, draft), &by, &mut rng).await?,
            Err(refusal) => Err(refusal.clone()),
        };
        if let Err(refusal) = &changed {
            clients::refused(tx, &row, refusal, &by, &mut rng).await?;
        }
        Ok::<_, Problem>(changed)
    });
    let given = changed.await?.map_err(|refusal| not_registered(&refusal))?;
    answers::one(StatusCode::OK, &found(&server, &admin, &id).await?, given.secret.as_ref())
}

/// `POST /admin/clients/{client}/secret`.
async fn renew_secret(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    admin: Administrator,
    Path(id): Path<ClientId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let row = found_as(&server, &admin, &id, &headers).await?;
    let renewed = server.db.write(async |tx| clients::renew_secret(tx, &row, &by(&admin, now), &mut rng).await).await?;
    let Given { secret, .. } = renewed.map_err(|refusal| not_registered(&refusal))?;
    answers::one(StatusCode::OK, &found(&server, &admin, &id).await?, secret.as_ref())
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident = $step:ident;)*) => {$(
        $(#[$doc])*
        async fn $name(
            State(server): State<Server>,
            Now(now): Now,
            mut rng: Rng,
            admin: Administrator,
            Path(id): Path<ClientId>,
            headers: HeaderMap,
        ) -> Result<StatusCode, Problem> {
            let row = found_as(&server, &admin, &id, &headers).await?;
            server.db.write(async |tx| taken(tx, &row, Step::$step, &by(&admin, now), &mut rng).await).await
        }
    )*};
}

steps! {
    /// `DELETE /admin/clients/{client}`.
    end = End;
    /// `POST /admin/clients/{client}/resume`.
    resume = Resume;
    /// `POST /admin/clients/{client}/suspend`.
    suspend = Suspend;
}

async fn taken(tx: &mut Tx, row: &Row, step: Step, by: &By<'_>, rng: &mut Rng) -> Result<StatusCode, Problem> {
    let is_done = clients::step(tx, row, step, by, rng).await?;
    if is_done { Ok(StatusCode::NO_CONTENT) } else { Err(not_registered(&NotRegistered::Stale)) }
}

fn by(admin: &Administrator, now: UnixTime) -> By<'static> {
    By { actor: Actor::Person(admin.affiliation.affiliation_id.clone()), policy: None, now }
}

async fn found(server: &Server, admin: &Administrator, id: &ClientId) -> Result<Row, Problem> {
    let organisation = &admin.affiliation.organisation_id;
    server.db.read(async |tx| clients::of_organisation(tx, organisation, id).await).await?.ok_or_else(Problem::not_found)
}

/// The version that the program has seen.
async fn found_as(server: &Server, admin: &Administrator, id: &ClientId, headers: &HeaderMap) -> Result<Row, Problem> {
    let row = found(server, admin, id).await?;
    let seen = headers.get(header::IF_MATCH).ok_or_else(answers::version_missing)?;
    if seen.to_str().ok() == Some(answers::tag(row.version).as_str()) { Ok(row) } else { Err(not_registered(&NotRegistered::Stale)) }
}

/// A refusal with its sentences, here and on the pages.
pub fn not_registered(refusal: &NotRegistered) -> Problem {
    answers::refused(refusal)
}
