//! Stored services: the row, and each change of it as one conditional statement that names the version it is a change of. Beside it the
//! origins of the pages of a browser application, so that a question from a page finds its service without reading them all.

use std::collections::BTreeSet;

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ClientId, OrganisationId, SecretHash, UnixTime};
use serde_json::{Map, Value};

use crate::{config::Client, page::origin, problem::Problem};

/// One service that is registered here.
#[derive(Debug, Clone, FromRow)]
pub struct Row {
    /// Names it.
    pub client_id: ClientId,
    /// Whose it is.
    pub organisation_id: OrganisationId,
    form: String,
    members: String,
    /// Knows its secret.
    pub secret_hash: Option<SecretHash>,
    /// Counts its changes.
    pub version: i64,
    /// What it registered itself under, if it did.
    pub policy: Option<String>,
    manage_hash: Option<SecretHash>,
    /// Since when.
    pub registered_at: UnixTime,
    /// Set: nobody logs in there.
    pub suspended_at: Option<UnixTime>,
}

impl Row {
    /// What counts, with its secret's hash in its place.
    pub fn form(&self) -> Result<Client, Problem> {
        let form: Client = serde_json::from_str(&self.form).map_err(|error| Problem::internal(&error))?;
        Ok(Client { secret_sha256: self.secret_hash.as_ref().map(SecretHash::to_hex), ..form })
    }

    /// What is told of it.
    pub fn members(&self) -> Result<Map<String, Value>, Problem> {
        serde_json::from_str(&self.members).map_err(|error| Problem::internal(&error))
    }
}

/// What a row holds that a registration decides.
pub(super) struct Content<'a> {
    pub(super) form: &'a Client,
    pub(super) members: &'a Map<String, Value>,
    pub(super) secret: Option<SecretHash>,
    /// Knows the token by which it changes itself; none: it cannot.
    pub(super) manages: Option<SecretHash>,
}

impl Content<'_> {
    fn form(&self) -> String {
        serde_json::to_string(&Client { secret_sha256: None, ..self.form.clone() }).unwrap_or_default()
    }

    fn members(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }
}

/// Where a new row comes from.
pub(super) struct Origin<'a> {
    pub(super) organisation: &'a OrganisationId,
    pub(super) policy: Option<&'a str>,
    pub(super) by: &'a str,
}

/// Enters one. False if its id or the resource that it is belongs to another, also to one that has ended.
pub(super) async fn enter(tx: &mut Tx, content: &Content<'_>, origin: &Origin<'_>, now: UnixTime) -> Result<bool, Error> {
    let entered = tx
        .execute(
            "INSERT INTO clients (client_id, organisation_id, form, members, secret_hash, resource, version, policy, manage_hash, registered_at, \
             registered_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, $9) ON CONFLICT DO NOTHING",
            (
                &content.form.id,
                origin.organisation,
                content.form(),
                content.members(),
                &content.secret,
                &content.form.resource,
                origin.policy,
                &content.manages,
                now,
                origin.by,
            ),
        )
        .await?;
    if entered == 1 {
        keep_origins(tx, content.form).await?;
    }
    Ok(entered == 1)
}

/// The pages of a browser application, in the place of those before.
async fn keep_origins(tx: &mut Tx, form: &Client) -> Result<(), Error> {
    tx.execute("DELETE FROM client_origins WHERE client_id = $1", (&form.id,)).await?;
    let is_page = |address: &&String| address.starts_with("https://") || address.starts_with("http://");
    let origins: BTreeSet<&str> = form.redirect_uris.iter().filter(|_| form.is_public()).filter(is_page).map(|address| origin(address)).collect();
    for origin in origins {
        tx.execute("INSERT INTO client_origins (client_id, origin) VALUES ($1, $2)", (&form.id, origin)).await?;
    }
    Ok(())
}

/// Whether a stored browser application, while people may log in there, has pages of this origin.
pub async fn are_pages_of_some(tx: &mut Tx, origin: &str) -> Result<bool, Error> {
    let text = "SELECT o.client_id FROM client_origins o JOIN clients c ON c.client_id = o.client_id \
                WHERE o.origin = $1 AND c.suspended_at IS NULL AND c.ended_at IS NULL LIMIT 1";
    Ok(tx.optional::<(ClientId,)>(text, (origin,)).await?.is_some())
}

/// Puts another registration in the place of this version. Nothing if it is no longer the newest.
pub(super) async fn change(tx: &mut Tx, content: &Content<'_>, version: i64, now: UnixTime) -> Result<bool, Error> {
    let changed = tx
        .execute(
            "UPDATE clients SET form = $3, members = $4, secret_hash = $5, resource = $6, manage_hash = $7, changed_at = $8, version = version + 1 \
             WHERE client_id = $1 AND version = $2 AND ended_at IS NULL",
            (&content.form.id, version, content.form(), content.members(), &content.secret, &content.form.resource, &content.manages, now),
        )
        .await?;
    if changed == 1 {
        keep_origins(tx, content.form).await?;
    }
    Ok(changed == 1)
}

/// Another secret for this version.
pub(super) async fn renew_secret(tx: &mut Tx, id: &ClientId, version: i64, secret: &SecretHash, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE clients SET secret_hash = $3, changed_at = $4, version = version + 1 WHERE client_id = $1 AND version = $2 \
                AND secret_hash IS NOT NULL AND ended_at IS NULL";
    Ok(tx.execute(text, (id, version, secret, now)).await? == 1)
}

/// `registered → suspended`.
pub(super) async fn suspend(tx: &mut Tx, id: &ClientId, version: i64, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE clients SET suspended_at = $3, changed_at = $3, version = version + 1 WHERE client_id = $1 AND version = $2 \
                AND suspended_at IS NULL AND ended_at IS NULL";
    Ok(tx.execute(text, (id, version, now)).await? == 1)
}

/// `suspended → registered`.
pub(super) async fn resume(tx: &mut Tx, id: &ClientId, version: i64, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE clients SET suspended_at = NULL, changed_at = $3, version = version + 1 WHERE client_id = $1 AND version = $2 \
                AND suspended_at IS NOT NULL AND ended_at IS NULL";
    Ok(tx.execute(text, (id, version, now)).await? == 1)
}

/// Ends it: what it was stays told, what it could do is gone, and its id is never given again.
pub(super) async fn end(tx: &mut Tx, id: &ClientId, version: i64, now: UnixTime) -> Result<bool, Error> {
    let text = "UPDATE clients SET ended_at = $3, changed_at = $3, secret_hash = NULL, manage_hash = NULL, resource = NULL, version = version + 1 \
                WHERE client_id = $1 AND version = $2 AND ended_at IS NULL";
    let is_ended = tx.execute(text, (id, version, now)).await? == 1;
    if is_ended {
        tx.execute("DELETE FROM client_origins WHERE client_id = $1", (id,)).await?;
    }
    Ok(is_ended)
}

macro_rules! select_clients {
    ($condition:literal) => {
        concat!(
            "SELECT client_id, organisation_id, form, members, secret_hash, version, policy, manage_hash, registered_at, suspended_at FROM clients ",
            "WHERE ended_at IS NULL AND ",
            $condition
        )
    };
}

/// One that has not ended.
pub(super) async fn by_id(tx: &mut Tx, id: &ClientId) -> Result<Option<Row>, Error> {
    tx.optional(select_clients!("client_id = $1"), (id,)).await
}

/// The one that a management token knows, while it is not suspended.
pub async fn by_management(tx: &mut Tx, id: &ClientId, token: &SecretHash) -> Result<Option<Row>, Error> {
    // Hashes are compared in constant time, by us and not by the database.
    Ok(by_id(tx, id).await?.filter(|row| row.suspended_at.is_none() && row.manage_hash.as_ref() == Some(token)))
}

/// A page of an organisation's, after this id.
pub async fn page(tx: &mut Tx, organisation: &OrganisationId, after: &str, most: i64) -> Result<Vec<Row>, Error> {
    tx.all(select_clients!("organisation_id = $1 AND client_id > $2 ORDER BY client_id LIMIT $3"), (organisation, after, most)).await
}

/// The newest version of one that people may log in to.
pub(super) async fn version(tx: &mut Tx, id: &ClientId) -> Result<Option<i64>, Error> {
    let text = "SELECT version FROM clients WHERE client_id = $1 AND suspended_at IS NULL AND ended_at IS NULL";
    Ok(tx.optional::<(i64,)>(text, (id,)).await?.map(|(version,)| version))
}

/// How many registered themselves under a policy and have not ended.
pub(super) async fn under(tx: &mut Tx, policy: &str) -> Result<i64, Error> {
    let (count,): (i64,) = tx.one("SELECT COUNT(*) FROM clients WHERE policy = $1 AND ended_at IS NULL", (policy,)).await?;
    Ok(count)
}

/// The one that is this resource.
pub(super) async fn by_resource(tx: &mut Tx, resource: &str) -> Result<Option<Row>, Error> {
    tx.optional(select_clients!("resource = $1"), (resource,)).await
}
