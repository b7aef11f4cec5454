//! Logos of services (SE-14, SE-16): what a person recognises who asks by. A service names an address or the operator a file; we fetch it
//! once, draw it anew and serve it from here.
//!
//! Invariants: no page shows a picture from elsewhere, so nobody learns who looks at it; what is fetched goes through the guarded client
//! and is small (attack 22); only PNG, JPEG and WebP are looked at, by what they are and not by what they are called, and only in a
//! confined child; what is kept is our own PNG and holds nothing that came with it, script least of all (attack 32).

mod draw;
mod work;

pub use draw::draw_logo;
pub(super) use work::work;

use axum::{
    extract::{Path, State},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use handslag_store::Tx;
use handslag_vocab::{ClientId, Digest, UnixTime};
use serde_json::{Map, Value};

use super::client_logos::{self, Named};
use crate::{
    outbox::{self, Topic},
    phone::logo::Logo,
    problem::Problem,
    server::Server,
};

/// What stands in a registration names the logos from now on; they are fetched when somebody has time.
pub(super) async fn named(
    tx: &mut Tx,
    client: &ClientId,
    members: &Map<String, Value>,
    (version, now): (i64, UnixTime),
) -> Result<(), handslag_store::Error> {
    let member = |(language, name): (&str, &str)| {
        let source = members.get(name).and_then(Value::as_str)?.to_owned();
        Some(Named { language: language.to_owned(), source })
    };
    let named: Vec<Named> = [("", "logo_uri"), ("sv", "logo_uri#sv"), ("en", "logo_uri#en")].into_iter().filter_map(member).collect();
    client_logos::name(tx, client, &named).await?;
    if named.is_empty() {
        return Ok(());
    }
    outbox::leave(tx, Topic::ClientLogoNamed, &format!("{version} {client}"), now).await
}

/// A service has ended.
pub(super) async fn end(tx: &mut Tx, client: &ClientId) -> Result<(), handslag_store::Error> {
    client_logos::name(tx, client, &[]).await
}

/// What is shown of a service.
pub async fn of(tx: &mut Tx, client: &ClientId) -> Result<Logo, handslag_store::Error> {
    client_logos::of(tx, client).await
}

/// Draws the files that the configuration names; one that cannot be drawn stops the start, where the operator sees it.
pub async fn settle(server: &Server) -> Result<(), String> {
    for client in &server.config.clients {
        let file = client.logo.as_ref().map(|path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))).transpose()?;
        let named = file.as_ref().map(|file| Named { language: String::new(), source: format!("file {}", Digest::of(file).to_base64url()) });
        let waiting = server.db.write(async |tx| {
            client_logos::name(tx, &client.id, named.as_slice()).await?;
            client_logos::waiting(tx, &client.id).await
        });
        let is_waiting = !waiting.await.map_err(|error| error.to_string())?.is_empty();
        let Some((file, named)) = file.zip(named).filter(|_| is_waiting) else { continue };
        let picture = draw::drawn(server, file).await.map_err(|problem| problem.en)?;
        let picture = picture.ok_or_else(|| format!("the logo of {} is no PNG, JPEG or WebP of at most 4096 pixels", client.id))?;
        server.db.write(async |tx| client_logos::keep(tx, &client.id, &named, &picture).await).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// So long a browser may keep a picture: its address is its digest.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Nothing in it runs, wherever it is opened.
const LOCKED: &str = "default-src 'none'; sandbox";

/// `GET /logotyp/{digest}`.
pub(super) async fn show(State(server): State<Server>, Path(digest): Path<String>) -> Result<Response, Problem> {
    let digest = Digest::from_base64url(&digest).ok_or_else(Problem::not_found)?;
    let picture = server.db.read(async |tx| client_logos::picture(tx, &digest).await).await?.ok_or_else(Problem::not_found)?;
    let head = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, FOR_EVER),
        (header::CONTENT_SECURITY_POLICY, LOCKED),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    Ok((head, picture).into_response())
}
