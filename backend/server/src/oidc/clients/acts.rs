//! What is done with a stored service: registered, changed, suspended, resumed, ended, given a new secret. Each act is one unit with its
//! line in the journal of the organisation, whoever acts: an administrator, or the service itself under a registration policy.

use handslag_store::Tx;
use handslag_vocab::{ClientId, OrganisationId, Secret, UnixTime};
use serde_json::{Map, Value, json};

use super::{
    super::logo,
    Draft, NotRegistered, administration_audience,
    stored::{self, Content, Origin, Row},
};
use crate::{
    audit::{self, Actor, Chain, Event, Purpose},
    caller::Rng,
    identity::Organisation,
    problem::Problem,
    server::Server,
};

/// What the one who registered is told once.
pub struct Given {
    /// The secret, where one was made now.
    pub secret: Option<Secret>,
    /// The token by which the service changes itself, where one was made now.
    pub manages: Option<Secret>,
    /// The version that this is.
    pub version: i64,
}

/// Who acts, and when.
pub struct By<'a> {
    /// Who.
    pub actor: Actor,
    /// The policy that lets a service register itself, and how many may.
    pub policy: Option<(&'a str, i64)>,
    /// When.
    pub now: UnixTime,
}

impl By<'_> {
    /// A service that is changed by an administrator stops changing itself: what it is would be a mix of two wills.
    fn manages(&self, rng: &mut Rng) -> Option<Secret> {
        self.policy.map(|_| Secret::random("manage", rng))
    }
}

/// A new service.
pub async fn register(
    tx: &mut Tx,
    server: &Server,
    (draft, organisation): (&Draft, &Organisation),
    by: &By<'_>,
    rng: &mut Rng,
) -> Result<Result<Given, NotRegistered>, Problem> {
    if let Err(refusal) = fits(tx, server, draft, &organisation.organisation_id).await? {
        return Ok(Err(refusal));
    }
    if let Some((policy, most)) = by.policy {
        // No constraint can count: registrations under one policy come one after the other.
        tx.alone(policy).await?;
        if stored::under(tx, policy).await? >= most {
            return Ok(Err(NotRegistered::Full));
        }
    }
    let (secret, manages) = (draft.has_secret.then(|| Secret::random("client", rng)), by.manages(rng));
    let content = content(draft, secret.as_ref().map(Secret::hash), manages.as_ref());
    let origin = Origin { organisation: &organisation.organisation_id, policy: by.policy.map(|(policy, _)| policy), by: &by.actor.to_string() };
    if !stored::enter(tx, &content, &origin, by.now).await? {
        return Ok(Err(NotRegistered::Taken));
    }
    logo::named(tx, &draft.form.id, &draft.members, (1, by.now)).await?;
    let facts = json!({ "version": 1, "policy": origin.policy, "members": draft.members });
    audit::record(tx, event("oidc.client_registered", &organisation.organisation_id, &draft.form.id, by, facts), by.now, rng).await?;
    Ok(Ok(Given { secret, manages, version: 1 }))
}

/// Another registration in the place of one.
pub async fn change(
    tx: &mut Tx,
    server: &Server,
    (row, draft): (&Row, &Draft),
    by: &By<'_>,
    rng: &mut Rng,
) -> Result<Result<Given, NotRegistered>, Problem> {
    if let Err(refusal) = fits(tx, server, draft, &row.organisation_id).await? {
        return Ok(Err(refusal));
    }
    let secret = (draft.has_secret && row.secret_hash.is_none()).then(|| Secret::random("client", rng));
    let kept = row.secret_hash.clone().filter(|_| draft.has_secret);
    let manages = by.manages(rng);
    let content = content(draft, secret.as_ref().map(Secret::hash).or(kept), manages.as_ref());
    if !stored::change(tx, &content, row.version, by.now).await? {
        return Ok(Err(NotRegistered::Stale));
    }
    let version = row.version + 1;
    logo::named(tx, &row.client_id, &draft.members, (version, by.now)).await?;
    let facts = json!({ "version": version, "changed": changed(row, draft)? });
    audit::record(tx, event("oidc.client_changed", &row.organisation_id, &row.client_id, by, facts), by.now, rng).await?;
    Ok(Ok(Given { secret, manages, version }))
}

/// Which members and settings are others now.
fn changed(row: &Row, draft: &Draft) -> Result<Vec<String>, Problem> {
    let object = |value: &crate::config::Client| serde_json::to_value(value).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let (before, after) = (object(&row.form()?), object(&draft.form));
    let (told_before, told_after) = (row.members()?, &draft.members);
    let differing = |before: &Map<String, Value>, after: &Map<String, Value>| -> Vec<String> {
        let all: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).filter(|name| *name != "secret_sha256").collect();
        all.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
    };
    let mut names = differing(&before, &after);
    names.extend(differing(&told_before, told_after));
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// What becomes of a service without another registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is registered no more.
    End,
    /// People may log in there again.
    Resume,
    /// Nobody logs in there until it is resumed.
    Suspend,
}

/// Takes the step from this version. False if it is no longer the newest, or stands there already.
pub async fn step(tx: &mut Tx, row: &Row, step: Step, by: &By<'_>, rng: &mut Rng) -> Result<bool, Problem> {
    let (id, version) = (&row.client_id, row.version);
    let (is_done, kind) = match step {
        Step::End => (stored::end(tx, id, version, by.now).await?, "oidc.client_ended"),
        Step::Resume => (stored::resume(tx, id, version, by.now).await?, "oidc.client_resumed"),
        Step::Suspend => (stored::suspend(tx, id, version, by.now).await?, "oidc.client_suspended"),
    };
    if is_done && step == Step::End {
        logo::end(tx, id).await?;
    }
    if is_done {
        audit::record(tx, event(kind, &row.organisation_id, id, by, json!({ "version": version + 1 })), by.now, rng).await?;
    }
    Ok(is_done)
}

/// Another secret in the place of the one before, which is dead at once.
pub async fn renew_secret(tx: &mut Tx, row: &Row, by: &By<'_>, rng: &mut Rng) -> Result<Result<Given, NotRegistered>, Problem> {
    if row.secret_hash.is_none() {
        return Ok(Err(NotRegistered::NoSecret));
    }
    let secret = Secret::random("client", rng);
    if !stored::renew_secret(tx, &row.client_id, row.version, &secret.hash(), by.now).await? {
        return Ok(Err(NotRegistered::Stale));
    }
    let facts = json!({ "version": row.version + 1 });
    audit::record(tx, event("oidc.client_secret_renewed", &row.organisation_id, &row.client_id, by, facts), by.now, rng).await?;
    Ok(Ok(Given { secret: Some(secret), manages: None, version: row.version + 1 }))
}

/// A change that a service was refused, in the journal of its organisation.
pub async fn refused(tx: &mut Tx, row: &Row, refusal: &NotRegistered, by: &By<'_>, rng: &mut Rng) -> Result<(), Problem> {
    let facts = json!({ "version": row.version, "why": refusal.code() });
    Ok(audit::record(tx, event("oidc.registration_refused", &row.organisation_id, &row.client_id, by, facts), by.now, rng).await?)
}

fn content<'a>(draft: &'a Draft, secret: Option<handslag_vocab::SecretHash>, manages: Option<&Secret>) -> Content<'a> {
    Content { form: &draft.form, members: &draft.members, secret, manages: manages.map(Secret::hash) }
}

/// What an organisation may say of its own services only: that one is a resource, and that another may have tokens for it. Otherwise
/// one organisation could have tokens that another's interfaces take (attack 29).
async fn fits(tx: &mut Tx, server: &Server, draft: &Draft, organisation: &OrganisationId) -> Result<Result<(), NotRegistered>, Problem> {
    let form = &draft.form;
    if server.clients.of_the_file(&form.id).is_some()
        || form.resource.as_ref().is_some_and(|resource| server.clients.organisation_of_resource(resource).is_some())
    {
        return Ok(Err(NotRegistered::Taken));
    }
    if let Some(resource) = &form.resource
        && stored::by_resource(tx, resource).await?.is_some_and(|owner| owner.client_id != form.id)
    {
        return Ok(Err(NotRegistered::Taken));
    }
    for audience in &form.audiences {
        let of_the_file = server.clients.organisation_of_resource(audience) == Some(&form.organisation);
        let is_own = of_the_file || *audience == administration_audience(server) || form.resource.as_ref() == Some(audience);
        if !is_own && stored::by_resource(tx, audience).await?.is_none_or(|owner| owner.organisation_id != *organisation) {
            return Ok(Err(NotRegistered::Audience));
        }
    }
    Ok(Ok(()))
}

fn event(kind: &'static str, organisation: &OrganisationId, client: &ClientId, by: &By<'_>, facts: Value) -> Event {
    let mut payload = facts;
    if let Some(members) = payload.as_object_mut() {
        members.insert("client".to_owned(), client.as_str().into());
    }
    Event {
        chain: Chain::Organisation { organisation: organisation.clone(), purpose: Purpose::Administration },
        kind,
        actor: by.actor.clone(),
        objects: vec![format!("client:{client}")],
        payload,
    }
}
