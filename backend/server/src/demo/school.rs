//! The school service of the demonstration: an ordinary relying party that knows nothing but the provider's public endpoints.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::es256;
use handslag_protocol::jose::{Algorithm, Jwk, JwkSet, UnsignedJws};
use handslag_vocab::{Digest, Seconds, Secret, UnixTime};
use p256::ecdsa::SigningKey;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{place::Place, town};
use crate::{
    caller::{Now, Rng},
    config::Client,
    cookies,
    page::Page,
    problem::Problem,
    server::Server,
    words::Voice,
};

const CLIENT: &str = "skolportalen";
/// Binds the answer to the browser: PKCE verifier and state in one.
const STARTED: cookies::Name = cookies::Name("skola");
const SCOPE: &str = "openid https://id.oidc.se/scope/naturalPersonOrgId";

/// Its registration.
pub(super) fn client(issuer: &str, key: &SigningKey) -> Result<Client, std::io::Error> {
    let jwk =
        Jwk::from_p256_point(&es256::public(key).0, Some(CLIENT.to_owned())).and_then(|jwk| JwkSet::new(vec![jwk])).map_err(std::io::Error::other)?;
    let id = CLIENT.parse().map_err(std::io::Error::other)?;
    let organisation = town::number().map_err(|problem| std::io::Error::other(problem.en))?;
    Ok(Client {
        redirect_uris: vec![format!("{issuer}/demo/skola/tillbaka")],
        jwks: Some(jwk.to_json()),
        scopes: vec!["https://id.oidc.se/scope/naturalPersonOrgId".to_owned()],
        ..Client::new(id, "Skolportalen", "The school portal", organisation)
    })
}

#[derive(Template)]
#[template(path = "demo/school.html")]
struct SchoolPage {
    voice: Voice,
    who: Vec<(String, String)>,
    failed: bool,
}

/// `GET /demo/skola`.
pub(super) async fn front(voice: Voice) -> Response {
    Page(SchoolPage { voice, who: Vec::new(), failed: false }).into_response()
}

/// `GET /demo/skola/logga-in`: to the provider, with PKCE.
pub(super) async fn log_in(State(server): State<Server>, mut rng: Rng, voice: Voice) -> Response {
    let started = Secret::random("skola", &mut rng);
    let query = [
        ("response_type", "code".to_owned()),
        ("client_id", CLIENT.to_owned()),
        ("redirect_uri", format!("{}/demo/skola/tillbaka", server.config.issuer)),
        ("scope", SCOPE.to_owned()),
        ("state", state(&started)),
        ("nonce", state(&started)),
        ("code_challenge", Digest::of(verifier(&started).as_bytes()).to_base64url()),
        ("code_challenge_method", "S256".to_owned()),
        ("ui_locales", voice.tag().to_owned()),
    ];
    let mut response = Redirect::to(&format!("/authorize?{}", form(&query))).into_response();
    response.headers_mut().append(header::SET_COOKIE, STARTED.set(&server, &started, Seconds::minutes(10)));
    response
}

fn state(started: &Secret) -> String {
    Digest::of(format!("state {}", started.reveal()).as_bytes()).to_base64url()
}

fn verifier(started: &Secret) -> String {
    Digest::of(format!("verifier {}", started.reveal()).as_bytes()).to_base64url()
}

/// `application/x-www-form-urlencoded`.
fn form(pairs: &[(&str, String)]) -> String {
    let encoded = |text: &str| {
        let bytes = text.bytes();
        bytes
            .map(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

#[derive(Deserialize)]
pub(super) struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// `GET /demo/skola/tillbaka`: checks that the answer belongs to this browser and this provider, and fetches who it is.
pub(super) async fn back(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Problem> {
    let started = STARTED.read(&server, &headers);
    let is_ours = started.as_ref().is_some_and(|started| answer.state.as_deref() == Some(&state(started)))
        && answer.iss.as_deref() == Some(&server.config.issuer);
    let (Some(started), Some(code), true) = (started, answer.code, is_ours) else {
        return Ok(Page(SchoolPage { voice, who: Vec::new(), failed: true }).into_response());
    };
    let claims = exchanged(&server, &place, &started, code, now).await?;
    let shown = ["name", "https://id.oidc.se/claim/orgName", "https://id.oidc.se/claim/orgAffiliation", "acr"];
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = |name: &str| if name == "acr" { level(voice, &text(name)) } else { text(name) };
    let who = shown.iter().map(|name| (voice.say(&format!("demo-school-{}", name.rsplit('/').next().unwrap_or_default())), value(name))).collect();
    Ok(Page(SchoolPage { voice, who, failed: false }).into_response())
}

/// The level's number in words; its full name is for engineers.
fn level(voice: Voice, acr: &str) -> String {
    voice.say1("demo-school-level", "level", acr.chars().last().unwrap_or('?'))
}

/// Code → tokens → UserInfo; gives the claims of both. Signatures are ours to trust here: both came over our own connection.
async fn exchanged(server: &Server, place: &Place, started: &Secret, code: String, now: UnixTime) -> Result<Map<String, Value>, Problem> {
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().map_err(|error| Problem::internal(&error))?;
    let body = [
        ("grant_type", "authorization_code".to_owned()),
        ("code", code),
        ("redirect_uri", format!("{}/demo/skola/tillbaka", server.config.issuer)),
        ("code_verifier", verifier(started)),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned()),
        ("client_assertion", assertion(&server.config.issuer, &place.school, started, now)?),
    ];
    let sent = http.post(format!("{}/token", place.base)).header("content-type", "application/x-www-form-urlencoded").body(form(&body)).send().await;
    let tokens: Value = sent.map_err(|error| Problem::internal(&error))?.json().await.map_err(|error| Problem::internal(&error))?;
    let text = |name: &str| tokens.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sent = http.get(format!("{}/userinfo", place.base)).bearer_auth(text("access_token")).send().await;
    let userinfo = sent.map_err(|error| Problem::internal(&error))?.text().await.map_err(|error| Problem::internal(&error))?;
    let id_token = text("id_token");
    place.got_id_token(json!({ "header": part(&id_token, 0), "claims": part(&id_token, 1) }));
    let mut claims = part(&id_token, 1);
    claims.extend(part(&userinfo, 1));
    Ok(claims)
}

fn assertion(issuer: &str, key: &SigningKey, started: &Secret, now: UnixTime) -> Result<String, Problem> {
    let claims =
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": issuer, "jti": state(started), "iat": now.seconds(), "exp": (now + Seconds(60)).seconds() });
    let unsigned = UnsignedJws::new("JWT", Algorithm::Es256, CLIENT, claims.as_object().cloned().unwrap_or_default());
    let signature = es256::sign(key, unsigned.to_be_signed());
    unsigned.signed(&signature.0).map_err(|error| Problem::internal(&error))
}

/// One part of a compact JWS, decoded.
fn part(jwt: &str, which: usize) -> Map<String, Value> {
    use base64::Engine;
    let payload = jwt.split('.').nth(which).unwrap_or_default();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
