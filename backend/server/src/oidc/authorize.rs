//! `GET|POST /authorize` (OpenID Connect Core §3.1.2): checks the request, begins a log-in, and answers the service when the
//! person has approved. A request that names no registered address gets a page, never a redirect.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use handslag_protocol::{
    authorize::{AuthorizationRequest, Language, Prompt, Refusal, Rejected, UnverifiedAuthorizationRequest},
    oauth_error::{Answer, OAuthError, ReplyTo},
    par::{self, RequestUri},
    release, request_object,
};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, ClientId, GrantId, Seconds, Secret, SecretHash, UnixTime};
use serde::Deserialize;
use serde_json::json;

use super::{
    clients::{self, Registered},
    delivery::{self, Way},
    discovery::provider,
    grants, objects, pushed_requests, subjects,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    config,
    identity::{self, Affiliation, Standing},
    login,
    phone::{
        self,
        approvals::{self, AskedService, Occasion, Request, State as ApprovalState},
    },
    problem::Problem,
    server::Server,
    words::Voice,
};

/// A code is fetched at once or not at all.
const CODE_LIFE: Seconds = Seconds(60);

/// `GET /authorize`.
pub(super) async fn ask(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    begin(&server, pairs, (&headers, voice), now, rng).await
}

/// `POST /authorize`.
pub(super) async fn ask_by_form(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    begin(&server, pairs, (&headers, voice), now, rng).await
}

/// A checked request, and the pushed one that it is.
struct Checked {
    request: AuthorizationRequest,
    pushed: Option<SecretHash>,
}

/// Why nothing begins.
enum NotBegun {
    /// The person sees a page.
    Here(Problem),
    /// The service is told.
    There(Box<ReplyTo>, Refusal),
}

impl<E: Into<Problem>> From<E> for NotBegun {
    fn from(error: E) -> Self {
        Self::Here(error.into())
    }
}

async fn begin(
    server: &Server,
    pairs: Vec<(String, String)>,
    (headers, voice): (&HeaderMap, Voice),
    now: UnixTime,
    mut rng: Rng,
) -> Result<Response, Problem> {
    let unverified = UnverifiedAuthorizationRequest::parse(pairs);
    let client = match unverified.client_id() {
        Some(id) => clients::registered(server, &id).await?,
        None => None,
    };
    let client = client.as_deref();
    let way = Way { server, client, voice, now };
    let checked = match checked(server, unverified, client, now).await {
        Ok(checked) => checked,
        Err(NotBegun::Here(problem)) => return Err(problem),
        Err(NotBegun::There(reply_to, refusal)) => {
            let description = refusal.to_string();
            return way.deliver(&reply_to, &Answer::Error(refusal.oauth(), &description), &mut rng);
        }
    };
    let client = &client.ok_or_else(|| shown_here(Refusal::ClientUnknown.code()))?.config;
    let request = &checked.request;
    if !subjects::is_of_its_sector(server, client, request.reply_to.redirect_uri(), now).await {
        return Err(shown_here("sector_identifier"));
    }
    if let Some(error) = known_beforehand(server, client, request) {
        return way.deliver(&request.reply_to, &Answer::Error(error, error.description()), &mut rng);
    }
    let approval = ApprovalId::random(&mut rng);
    let asked = asked(server, client, request, &approval).await?;
    let (browser, new_cookie) = login::browser_of(server, headers, &mut rng);
    server
        .db
        .write(async |tx| {
            login::begin(tx, server, &approval, &asked, &browser, now).await?;
            Ok::<_, Problem>(grants::wait(tx, &approval, request, checked.pushed.as_ref(), now).await?)
        })
        .await?;
    let mut response = delivery::redirect(server, &format!("/login/{approval}{}", language(request.language)));
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The request as it stands in the parameters, in a signed object among them, or as it was pushed before.
async fn checked(
    server: &Server,
    mut unverified: UnverifiedAuthorizationRequest,
    client: Option<&Registered>,
    now: UnixTime,
) -> Result<Checked, NotBegun> {
    if let Some(uri) = unverified.request_uri().and_then(RequestUri::parse) {
        return Ok(pushed(server, &uri, unverified.client_id().as_ref(), now).await?);
    }
    // Not counted once: a page may be loaded again, and what it gives is bound to the service's own session by PKCE and state.
    if let Some(client) = client
        && let Some(object) = objects::of(server, &unverified, client, now).await.map_err(object_refused)?
    {
        unverified = unverified.with_object(object).map_err(object_refused)?;
    }
    match unverified.check(client.map(|client| &client.client), provider(server)) {
        Ok(request) => Ok(Checked { request, pushed: None }),
        Err(Rejected::Redirect { reply_to, refusal }) => Err(NotBegun::There(Box::new(reply_to), refusal)),
        Err(Rejected::Here(refusal)) => Err(shown_here(refusal.code()).into()),
    }
}

async fn pushed(server: &Server, uri: &RequestUri, used_by: Option<&ClientId>, now: UnixTime) -> Result<Checked, Problem> {
    let found = server.db.read(async |tx| pushed_requests::by_uri(tx, uri).await).await?;
    let found = found.ok_or_else(|| shown_here(par::Refusal::Unknown.code()))?;
    par::check_use(&found.client_id, found.expires_at, used_by, now).map_err(|refusal| shown_here(refusal.code()))?;
    let request = found.request().map_err(|error| Problem::internal(&error))?;
    Ok(Checked { request, pushed: Some(found.uri_hash) })
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
    let organisation = organisation.ok_or_else(|| shown_here(Refusal::ClientUnknown.code()))?;
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
        occasion: Occasion::Ordinary,
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
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Query(answered): Query<Answered>,
) -> Result<Response, Problem> {
    let asker = server.db.read(async |tx| grants::asker(tx, &id).await).await?.ok_or_else(Problem::gone)?;
    let client = clients::registered(&server, &asker).await?;
    let is_wanted = |request: &AuthorizationRequest, affiliation: &Affiliation| is_wanted(&server, client.as_deref(), request, affiliation);
    let (request, given) = server
        .db
        .write(async |tx| {
            let row = approvals::by_id(tx, &id).await?.ok_or_else(Problem::gone)?;
            let is_waiting = matches!(row.state_at(now), ApprovalState::Created | ApprovalState::Claimed | ApprovalState::Shown);
            if is_waiting || !login::may_go_on(&server, &headers, &row, answered.svar.as_deref()) {
                return Err(Problem::gone());
            }
            let answered = grants::answered(tx, &id, now).await?.ok_or_else(Problem::gone)?;
            let request = answered.request().map_err(|error| Problem::internal(&error))?;
            let given = given(tx, &id, &row, &answered, (&request, &is_wanted), (now, &mut rng)).await?;
            Ok((request, given))
        })
        .await?;
    let answer = match &given {
        Given::Code(code) => Answer::Code(code.reveal()),
        Given::Refused(error, description) => Answer::Error(*error, description),
    };
    Way { server: &server, client: client.as_deref(), voice, now }.deliver(&request.reply_to, &answer, &mut rng)
}

/// What was asked, and whether this person is the one who was asked for.
type Wanted<'a> = (&'a AuthorizationRequest, &'a (dyn Fn(&AuthorizationRequest, &Affiliation) -> Result<bool, Problem> + Sync));

/// What the service gets.
enum Given {
    Code(Secret),
    Refused(OAuthError, &'static str),
}

async fn given(
    tx: &mut Tx,
    id: &ApprovalId,
    row: &approvals::Row,
    answered: &grants::Authorization,
    wanted: Wanted<'_>,
    at: (UnixTime, &mut Rng),
) -> Result<Given, Problem> {
    let (now, rng) = at;
    // RFC 9126 §4: a pushed request completes once, however many pages were opened with it.
    if let Some(pushed) = &answered.pushed_hash
        && !pushed_requests::consume(tx, pushed, now).await?
    {
        return Ok(Given::Refused(OAuthError::InvalidRequestUri, "the pushed request was completed before"));
    }
    match approvals::consume(tx, id, now).await? {
        Some(consumed) => granted(tx, id, wanted, &consumed, now, rng).await,
        None => Ok(Given::Refused(OAuthError::AccessDenied, denied(row, now))),
    }
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
    (request, is_wanted): Wanted<'_>,
    consumed: &approvals::Consumed,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<Given, Problem> {
    let affiliation = identity::by_id(tx, &consumed.affiliation_id).await?;
    let phone = phone::by_id(tx, &consumed.phone_id).await?.ok_or_else(Problem::gone)?;
    let reached = consumed.reached(&affiliation, &phone);
    let is_usable = affiliation.standing(now) == Standing::Good && phone.blocked_at.is_none();
    let Some(assurance) = request.acr.answer(reached).filter(|_| is_usable) else {
        return Ok(Given::Refused(OAuthError::UnmetAuthenticationRequirements, "the demanded level was not reached"));
    };
    if !is_wanted(request, &affiliation)? {
        return Ok(Given::Refused(OAuthError::AccessDenied, "another person than the one named logged in"));
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
    Ok(Given::Code(code))
}

/// OpenID Connect Core §5.5.1: a value the service named for `sub` or a claim must be this person's.
fn is_wanted(server: &Server, client: Option<&Registered>, request: &AuthorizationRequest, affiliation: &Affiliation) -> Result<bool, Problem> {
    let subject = client.map(|client| subjects::told(server, &client.config, &affiliation.subject)).transpose()?;
    let is_subject = request.claims.takes("sub", &subject.map_or(serde_json::Value::Null, Into::into));
    // A value named for something this person has not is not met: null is never among the values a service names.
    let value = |claim| affiliation.claim(claim).map_or(serde_json::Value::Null, Into::into);
    Ok(is_subject && release::RELEASE.iter().all(|row| request.claims.takes(row.claim, &value(row.claim))))
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

/// An error page for the person; the service's developer finds the code on it (OP-02).
fn shown_here(code: &'static str) -> Problem {
    let (sv, en) = (
        "Tjänsten som skickade hit dig är inte rätt inställd. Kontakta den som ansvarar för tjänsten.",
        "The service that sent you here is not set up correctly. Contact whoever is responsible for it.",
    );
    Problem::new(StatusCode::BAD_REQUEST, code, sv, en)
}

const fn language(language: Option<Language>) -> &'static str {
    match language {
        None => "",
        Some(Language::Sv) => "?lang=sv",
        Some(Language::En) => "?lang=en",
    }
}

fn object_refused(refusal: request_object::Refusal) -> NotBegun {
    NotBegun::Here(shown_here(refusal.code()))
}
