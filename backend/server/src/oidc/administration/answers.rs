//! What the administration answers: a service as it stands, with its version as entity tag, and refusals with their sentences.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_vocab::Secret;
use serde_json::{Value, json};

use super::super::{
    clients::{NotRegistered, Registered, Row, Settings},
    refused::no_store,
};
use crate::{config::Client, problem::Problem};

/// The version as an entity tag (RFC 9110 §8.8.3).
pub(super) fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// One stored service; its secret only at the moment it was made.
pub(super) fn one(status: StatusCode, row: &Row, secret: Option<&Secret>) -> Result<Response, Problem> {
    let mut answer = json!({
        "client_id": row.client_id,
        "source": "stored",
        "version": row.version,
        "registered_at": row.registered_at.seconds(),
        "suspended": row.suspended_at.is_some(),
        "policy": row.policy,
        "metadata": row.members()?,
        "settings": Settings::of(&row.form()?),
    });
    if let (Some(secret), Some(members)) = (secret, answer.as_object_mut()) {
        members.insert("client_secret".to_owned(), secret.reveal().into());
    }
    let tag = HeaderValue::from_str(&tag(row.version)).map_err(|error| Problem::internal(&error))?;
    Ok((status, no_store(), [(header::ETAG, tag)], Json(answer)).into_response())
}

/// One of the configuration file, which only the operator changes.
pub(super) fn of_the_file(client: &Client) -> Value {
    let form = serde_json::to_value(Client { secret_sha256: None, logo: None, ..client.clone() }).unwrap_or_default();
    json!({ "client_id": client.id, "source": "file", "form": form, "settings": Settings::of(client) })
}

/// A page of stored services, and all of the file.
pub(super) fn list(rows: &[Row], most: i64, of_the_file: &[&Arc<Registered>]) -> Result<Value, Problem> {
    let summary = |client: &Client, row: Option<&Row>| {
        json!({
            "client_id": client.id, "name_sv": client.name_sv, "name_en": client.name_en, "profile": client.profile,
            "version": row.map(|row| row.version), "suspended": row.is_some_and(|row| row.suspended_at.is_some()),
        })
    };
    let stored: Result<Vec<Value>, Problem> = rows.iter().map(|row| Ok(summary(&row.form()?, Some(row)))).collect();
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == most);
    let next = rows.last().filter(|_| is_full).map(|row| &row.client_id);
    let file: Vec<Value> = of_the_file.iter().map(|one| summary(&one.config, None)).collect();
    Ok(json!({ "clients": stored?, "next": next, "file": file }))
}

/// A change without `If-Match` (RFC 6585 §3).
pub(super) fn version_missing() -> Problem {
    let (sv, en) = ("Säg med If-Match vilken version du har läst.", "Say with If-Match which version you have read.");
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "version_missing", sv, en)
}

/// A body that is not what is sent here; the parser's words name the member.
pub(super) fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::bad("unreadable", format!("Det som skickades går inte att läsa: {error}"), format!("What was sent cannot be read: {error}"))
}

/// Why nothing was registered.
pub(super) fn refused(refusal: &NotRegistered) -> Problem {
    let (status, sv) = match refusal {
        NotRegistered::Audience => (StatusCode::BAD_REQUEST, "En av mottagarna hör inte till din organisation.".to_owned()),
        NotRegistered::Full => (StatusCode::FORBIDDEN, "Det finns inte plats för fler tjänster.".to_owned()),
        NotRegistered::NoSecret => (StatusCode::CONFLICT, "Tjänsten har ingen hemlighet att byta.".to_owned()),
        NotRegistered::Protocol(_) => (StatusCode::BAD_REQUEST, format!("Registreringen stämmer inte: {refusal}.")),
        NotRegistered::Stale => (StatusCode::PRECONDITION_FAILED, "Någon annan har ändrat tjänsten. Läs den igen och gör om ändringen.".to_owned()),
        NotRegistered::Taken => (StatusCode::CONFLICT, "Namnet eller resursen hör till en annan tjänst.".to_owned()),
        NotRegistered::Unkept(member) => (StatusCode::BAD_REQUEST, format!("{member} kan inte uppfyllas här. Inget registrerades.")),
        NotRegistered::Unsound => (StatusCode::BAD_REQUEST, "Registreringen hänger inte ihop. Inget ändrades.".to_owned()),
    };
    Problem::new(status, refusal.code(), sv, refusal.to_string())
}
