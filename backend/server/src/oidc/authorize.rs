//! `GET|POST /authorize` (OpenID Connect Core §3.1.2): checks the request, begins a log-in, and answers the service when the
//! person has approved. A request that names no registered address gets a page, never a redirect.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use handslag_protocol::{
    authorize::{AuthorizationRequest, Language, Prompt, Refusal, Rejected, UnverifiedAuthorizationRequest},
    oauth_error::{OAuthError, ReplyTo},
    release,
};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, GrantId, Seconds, Secret, UnixTime};
use serde::Deserialize;
use serde_json::json;

use super::{clients, discovery::provider, grants};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    config,
    identity::{self, Affiliation, Standing},
    login,
    phone::{
        self,
        approvals::{self, AskedService, Request, State as ApprovalState},
    },
    problem::Problem,
    server::Server,
};

/// A code is fetched at once or not at all.
const CODE_LIFE: Seconds = Seconds(60);

/// `GET /authorize`.
pub(super) async fn ask(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    begin(&server, pairs, &headers, now, rng).await
}

/// `POST /authorize`.
pub(super) async fn ask_by_form(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    begin(&server, pairs, &headers, now, rng).await
}

async fn begin(server: &Server, pairs: Vec<(String, String)>, headers: &HeaderMap, now: UnixTime, mut rng: Rng) -> Result<Response, Problem> {
    let unverified = UnverifiedAuthorizationRequest::parse(pairs);
    let client = unverified.client_id().and_then(|id| clients::registered(server, &id));
    let view = client.map(clients::view).transpose()?;
    let (request, client) = match (unverified.check(view.as_ref(), &provider(server)), client) {
        (Ok(request), Some(client)) => (request, client),
        (Err(Rejected::Redirect { reply_to, refusal }), _) => return Ok(refused(server, &reply_to, refusal)),
        (Err(Rejected::Here(refusal)), _) => return Err(shown_here(refusal)),
        (Ok(_), None) => return Err(shown_here(Refusal::ClientUnknown)),
    };
    if let Some(error) = known_beforehand(server, client, &request) {
        return Ok(redirect(server, &request.reply_to.error(error, error.description())));
    }
    let approval = ApprovalId::random(&mut rng);
    let asked = asked(server, client, &request, &approval).await?;
    let (browser, new_cookie) = login::browser_of(server, headers, &mut rng);
    server
        .db
        .write(async |tx| {
            login::begin(tx, server, &approval, &asked, &browser, now).await?;
            Ok::<_, Problem>(grants::wait(tx, &approval, &request, now).await?)
        })
        .await?;
    let mut response = redirect(server, &format!("/login/{approval}{}", language(request.language)));
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What can be answered without asking the person: no page may be shown, or the level cannot be met here (OP-18, SE-08).
fn known_beforehand(server: &Server, client: &config::Client, request: &AuthorizationRequest) -> Option<OAuthError> {
    if request.prompt == Prompt::None {
        return Some(OAuthError::LoginRequired);
    }
    (client.reviewed_only && !server.config.reviewed_by_digg).then_some(OAuthError::UnmetAuthenticationRequirements)
}

/// The approval that answers this request.
async fn asked(server: &Server, client: &config::Client, request: &AuthorizationRequest, approval: &ApprovalId) -> Result<Request, Problem> {
    let organisation = server.db.read(async |tx| identity::organisation_by_number(tx, &client.organisation).await).await?;
    // Without its organisation policy could not be asked: then nobody logs in there.
    let organisation = organisation.ok_or_else(|| shown_here(Refusal::ClientUnknown))?;
    let assurance = request.acr.least().map_or(client.assurance, |least| least.max(client.assurance));
    Ok(Request {
        requester: client.id.to_string(),
        name_sv: client.name_sv.clone(),
        name_en: client.name_en.clone(),
        organisation: organisation.name,
        claims: request.shares().into_iter().map(|claim| claim.name.to_owned()).collect(),
        assurance,
        return_to: Some(format!("/authorize/{approval}")),
        documents: Vec::new(),
        stays_days: request.is_offline().then_some(client.stay_days),
        service: Some(AskedService { client: client.id.clone(), organisation: organisation.organisation_id }),
    })
}

#[derive(Deserialize)]
pub(super) struct Answered {
    /// The nonce of the same phone's answer.
    svar: Option<String>,
}

/// `GET /authorize/{txn}`: the browser that began comes back; the service gets its code or its error.
pub(super) async fn answer(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Query(answered): Query<Answered>,
) -> Result<Response, Problem> {
    let address = server
        .db
        .write(async |tx| {
            let row = approvals::by_id(tx, &id).await?.ok_or_else(Problem::gone)?;
            let is_waiting = matches!(row.state_at(now), ApprovalState::Created | ApprovalState::Claimed | ApprovalState::Shown);
            if is_waiting || !login::may_go_on(&server, &headers, &row, answered.svar.as_deref()) {
                return Err(Problem::gone());
            }
            let request = grants::answered(tx, &id, now).await?.ok_or_else(Problem::gone)?.request().map_err(|error| Problem::internal(&error))?;
            match approvals::consume(tx, &id, now).await? {
                Some(consumed) => granted(tx, &id, &request, &consumed, now, &mut rng).await,
                None => Ok(request.reply_to.error(OAuthError::AccessDenied, denied(&row, now))),
            }
        })
        .await?;
    Ok(redirect(&server, &address))
}

/// What a service's developer reads; the person has read it on the page already.
fn denied(row: &approvals::Row, now: UnixTime) -> &'static str {
    match row.state_at(now) {
        ApprovalState::Aborted => "the log-in was cancelled where it began",
        ApprovalState::Declined if row.is_disowned() => "the person says that somebody else began this log-in",
        ApprovalState::Declined => "the person said no",
        _ => "nobody answered in time",
    }
}

/// A code for the service, if the work identity may still be used and is the one the service wanted.
async fn granted(
    tx: &mut Tx,
    id: &ApprovalId,
    request: &AuthorizationRequest,
    consumed: &approvals::Consumed,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<String, Problem> {
    let affiliation = identity::by_id(tx, &consumed.affiliation_id).await?;
    let phone = phone::by_id(tx, &consumed.phone_id).await?.ok_or_else(Problem::gone)?;
    let reached = Assurance::of(affiliation.assurance, phone.tier.assurance(), Assurance::Loa3);
    let is_usable = affiliation.standing(now) == Standing::Good && phone.blocked_at.is_none();
    let Some(assurance) = request.acr.answer(reached).filter(|_| is_usable) else {
        return Ok(request.reply_to.error(OAuthError::UnmetAuthenticationRequirements, "the demanded level was not reached"));
    };
    if !is_wanted(request, &affiliation) {
        return Ok(request.reply_to.error(OAuthError::AccessDenied, "another person than the one named logged in"));
    }
    let (grant, code) = (GrantId::random(rng), Secret::random("code", rng));
    let new = grants::New {
        grant: &grant,
        code: &code,
        request,
        affiliation: &affiliation.affiliation_id,
        phone: &phone.phone_id,
        approval: id,
        assurance,
        hardware_key: phone.tier.assurance() == Assurance::Loa3,
        authenticated_at: consumed.decided_at,
        code_expires_at: now + CODE_LIFE,
    };
    grants::give(tx, &new).await?;
    audit::record(tx, logged_in(&affiliation, request, id, assurance), now, rng).await?;
    Ok(request.reply_to.success(code.reveal()))
}

/// OpenID Connect Core §5.5.1: a value the service named for `sub` or a claim must be this person's.
fn is_wanted(request: &AuthorizationRequest, affiliation: &Affiliation) -> bool {
    let is_subject = request.claims.takes("sub", &affiliation.subject.as_str().into());
    // A value named for something this person has not is not met: null is never among the values a service names.
    let value = |claim| affiliation.claim(claim).map_or(serde_json::Value::Null, Into::into);
    is_subject && release::RELEASE.iter().all(|row| request.claims.takes(row.claim, &value(row.claim)))
}

fn logged_in(affiliation: &Affiliation, request: &AuthorizationRequest, id: &ApprovalId, assurance: Assurance) -> Event {
    let released: Vec<&str> = request.shares().into_iter().map(|claim| claim.name).collect();
    Event {
        chain: affiliation.chain(Purpose::Login),
        kind: "oidc.logged_in",
        actor: Actor::Person(affiliation.affiliation_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string(), id.to_string()],
        payload: json!({ "client": request.client_id, "approval": id, "assurance": assurance.as_str(), "released": released }),
    }
}

fn refused(server: &Server, reply_to: &ReplyTo, refusal: Refusal) -> Response {
    redirect(server, &reply_to.error(refusal.oauth(), &refusal.to_string()))
}

/// An error page for the person; the service's developer finds the code on it (OP-02).
fn shown_here(refusal: Refusal) -> Problem {
    let (sv, en) = (
        "Tjänsten som skickade hit dig är inte rätt inställd. Kontakta den som ansvarar för tjänsten.",
        "The service that sent you here is not set up correctly. Contact whoever is responsible for it.",
    );
    Problem::new(StatusCode::BAD_REQUEST, refusal.code(), sv, en)
}

const fn language(language: Option<Language>) -> &'static str {
    match language {
        None => "",
        Some(Language::Sv) => "?lang=sv",
        Some(Language::En) => "?lang=en",
    }
}

/// 303: the browser goes on with GET, whatever it came with. An address of our own is told as a path, so that who came by another
/// name of this machine keeps its cookies.
fn redirect(server: &Server, address: &str) -> Response {
    let path = address.strip_prefix(&server.config.issuer).filter(|path| path.starts_with('/'));
    Redirect::to(path.unwrap_or(address)).into_response()
}
