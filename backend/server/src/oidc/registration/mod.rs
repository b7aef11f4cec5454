//! `POST /register` and `/register/{client}`: a program registers itself as a service, and looks after that (RFC 7591, RFC 7592), under
//! a policy that an operator named. Without a policy nobody does.
//!
//! Invariants: what opens a policy is a token or a statement signed by somebody it trusts, never nothing; what would result is judged as
//! a whole, in a change as in a new registration (attack 21); a refusal changes nothing; the answer says exactly what counts; the token
//! by which a service changes itself is another after each change.

mod opened;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use handslag_protocol::registration::RegistrationRequest;
use handslag_vocab::{ClientId, Secret, UnixTime};
use serde_json::{Map, Value};

use super::{
    clients::{self, By, Given, NotRegistered, Row, Settings},
    refused::{Refused, no_store},
};
use crate::{
    audit::Actor,
    caller::{Now, Rng},
    config::RegistrationPolicy,
    identity::{self, Organisation},
    problem::Problem,
    server::Server,
};

/// `POST /register` (RFC 7591 §3).
pub(super) async fn register(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (policy, request) = opened::read(&server, opened::bearer(&headers)?.as_ref(), &body, now)?;
    request.names(None)?;
    let organisation = organisation(&server, policy).await?;
    let id = ClientId::random(&mut rng);
    let draft = clients::drafted(&id, &organisation.number, request.judge(&policy.judges())?, &settings(policy))?;
    let by = by(&id, policy, now);
    let given = server.db.write(async |tx| clients::register(tx, &server, (&draft, &organisation), &by, &mut rng).await).await??;
    Ok((StatusCode::CREATED, no_store(), Json(told(&server, &id, now, draft.members, &given))).into_response())
}

/// `GET /register/{client}` (RFC 7592 §2.1). A secret is not told again: only its hash is kept.
pub(super) async fn read(State(server): State<Server>, headers: HeaderMap, Path(id): Path<ClientId>) -> Result<Response, Refused> {
    let (row, manages) = managed(&server, &headers, &id).await?;
    let given = Given { secret: None, manages: Some(manages), version: row.version };
    Ok((no_store(), Json(told(&server, &id, row.registered_at, row.members()?, &given))).into_response())
}

/// `PUT /register/{client}` (RFC 7592 §2.2): another registration in the place of this one.
pub(super) async fn change(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    Path(id): Path<ClientId>,
    body: Bytes,
) -> Result<Response, Refused> {
    let (row, _) = managed(&server, &headers, &id).await?;
    let policy = policy_of(&server, &row)?;
    let by = by(&id, policy, now);
    let drafted = opened::under(policy, &body, now).and_then(|request| {
        request.names(Some(&id))?;
        repeats_its_secret(&request, &row)?;
        clients::drafted(&id, &policy.organisation, request.judge(&policy.judges())?, &settings(policy))
    });
    let changed = server.db.write(async |tx| {
        let changed = match &drafted {
            Ok(draft) => clients::change(tx, &server, (&row, draft), &by, &mut rng).await?,
            Err(refusal) => Err(refusal.clone()),
        };
        if let Err(refusal) = &changed {
            clients::refused(tx, &row, refusal, &by, &mut rng).await?;
        }
        Ok::<_, Problem>(changed)
    });
    let given = changed.await?.map_err(|refusal| if refusal == NotRegistered::Stale { opened::unknown_token() } else { refusal.into() })?;
    Ok((no_store(), Json(told(&server, &id, row.registered_at, drafted?.members, &given))).into_response())
}

/// `DELETE /register/{client}` (RFC 7592 §2.3).
pub(super) async fn end(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    Path(id): Path<ClientId>,
) -> Result<Response, Refused> {
    let (row, _) = managed(&server, &headers, &id).await?;
    let by = By { actor: Actor::Client(id), policy: None, now };
    let is_ended = server.db.write(async |tx| clients::step(tx, &row, clients::Step::End, &by, &mut rng).await).await?;
    if is_ended { Ok((StatusCode::NO_CONTENT, no_store()).into_response()) } else { Err(opened::unknown_token()) }
}

/// The service whose token this is. Unknown, ended, suspended and another's are one answer (RFC 7592 §2).
async fn managed(server: &Server, headers: &HeaderMap, id: &ClientId) -> Result<(Row, Secret), Refused> {
    let token = opened::bearer(headers)?.ok_or_else(opened::unknown_token)?;
    let hash = token.hash();
    let row = server.db.read_one(async |tx| clients::by_management(tx, id, &hash).await).await?;
    row.map(|row| (row, token)).ok_or_else(opened::unknown_token)
}

/// The policy it registered itself under, while the operator has it.
fn policy_of<'a>(server: &'a Server, row: &Row) -> Result<&'a RegistrationPolicy, Refused> {
    let policy = server.config.registration_policies.iter().find(|policy| row.policy.as_ref() == Some(&policy.name));
    policy.ok_or_else(|| Refused::Forbidden("the policy that this client was registered under is gone".to_owned()))
}

/// RFC 7592 §2.2: a client may say its secret again; it does not choose one.
fn repeats_its_secret(request: &RegistrationRequest, row: &Row) -> Result<(), NotRegistered> {
    let is_same = request.secret().is_none_or(|secret| row.secret_hash.as_ref() == Some(&secret.hash()));
    if is_same { Ok(()) } else { Err(NotRegistered::Unkept("client_secret".to_owned())) }
}

async fn organisation(server: &Server, policy: &RegistrationPolicy) -> Result<Organisation, Problem> {
    let found = server.db.read_one(async |tx| identity::organisation_by_number(tx, &policy.organisation).await).await?;
    found.ok_or_else(|| Problem::internal(&std::io::Error::other("the organisation of a registration policy is not registered")))
}

/// What the policy decides about each service under it.
fn settings(policy: &RegistrationPolicy) -> Settings {
    Settings { profile: policy.profile, assurance: policy.assurance, ..Settings::default() }
}

fn by<'a>(id: &ClientId, policy: &'a RegistrationPolicy, now: UnixTime) -> By<'a> {
    By { actor: Actor::Client(id.clone()), policy: Some((&policy.name, policy.most.into())), now }
}

/// RFC 7591 §3.2.1 and RFC 7592 §3.
fn told(server: &Server, id: &ClientId, registered_at: UnixTime, members: Map<String, Value>, given: &Given) -> Map<String, Value> {
    let mut told = members;
    told.insert("client_id".to_owned(), id.as_str().into());
    told.insert("client_id_issued_at".to_owned(), registered_at.seconds().into());
    told.insert("registration_client_uri".to_owned(), format!("{}/register/{id}", server.config.issuer).into());
    if let Some(secret) = &given.secret {
        told.insert("client_secret".to_owned(), secret.reveal().into());
        told.insert("client_secret_expires_at".to_owned(), 0.into());
    }
    if let Some(manages) = &given.manages {
        told.insert("registration_access_token".to_owned(), manages.reveal().into());
    }
    told
}
