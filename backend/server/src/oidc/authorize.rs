//! `GET|POST /authorize` (OpenID Connect Core §3.1.2): checks the request, and answers it with a log-in that stands in the browser, or
//! begins one. A request that names no registered address gets a page, never a redirect.

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use handslag_protocol::{
    authorize::{AuthorizationRequest, Language, Prompt, Refusal, Rejected, UnverifiedAuthorizationRequest},
    oauth_error::{Answer, OAuthError, ReplyTo},
    par::{self, RequestUri},
    request_object,
};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, ClientId, SecretHash, UnixTime};

use super::{
    answer::{self, LoggedIn},
    asker,
    clients::{self, Registered},
    delivery::{self, Way},
    details,
    discovery::provider,
    grants, key_sets, objects, pushed_requests,
    refusals::{self, Told},
    sign,
    single_sign_on::{self, Candidate, Next},
    subjects,
};
use crate::{
    caller::{Now, Rng},
    config,
    login::{self, SSO, sso_sessions},
    page::origin,
    phone::{
        self,
        approvals::{AskedService, InBrowser, Request},
        granted::AskedGrant,
    },
    problem::Problem,
    server::Server,
    words::Voice,
};

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
pub(super) struct Checked {
    pub(super) request: AuthorizationRequest,
    pub(super) pushed: Option<SecretHash>,
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
    if let Some(client) = client {
        refusals::claims(&client.client.id);
    }
    let way = Way { server, client, voice, now };
    let checked = match checked(server, unverified, client, now).await {
        Ok(checked) => checked,
        Err(NotBegun::Here(problem)) => return Err(problem),
        Err(NotBegun::There(reply_to, refusal)) => return refused(&way, &reply_to, refusal, &mut rng),
    };
    let registered = client.ok_or_else(|| shown_here(Refusal::ClientUnknown.code()))?;
    let (client, request) = (&registered.config, &checked.request);
    if !subjects::is_of_its_sector(server, client, request.reply_to.redirect_uri(), now).await {
        return Err(shown_here("sector_identifier"));
    }
    if client.reviewed_only && !server.config.reviewed_by_digg {
        // OP-18, SE-08: known before anybody is asked.
        let error = OAuthError::UnmetAuthenticationRequirements;
        return way.deliver(&request.reply_to, &Answer::Error(error, error.description()), &mut rng);
    }
    if let Err(refusal) = details::named(server, client, request).await? {
        return refused(&way, &request.reply_to, refusal.into(), &mut rng);
    }
    let cookie = SSO.read(server, headers).map(|secret| secret.hash());
    match single_sign_on::next(server, client, request, cookie.as_ref(), now).await? {
        Next::Answer(candidate) => at_once(&way, client, &checked, &candidate, (headers, rng)).await,
        Next::Ask(candidate) => single_sign_on::ask(server, &checked, &candidate, headers, now, rng).await,
        Next::LogIn => log_in(server, client, &checked, headers, now, rng).await,
        Next::Refuse(error) => way.deliver(&request.reply_to, &Answer::Error(error, error.description()), &mut rng),
    }
}

/// The service hears what is wrong with its request.
fn refused(way: &Way<'_>, reply_to: &ReplyTo, refusal: Refusal, rng: &mut Rng) -> Result<Response, Problem> {
    let why = refusal.to_string();
    let mut response = way.deliver(reply_to, &Answer::Error(refusal.oauth(), &why), rng)?;
    response.extensions_mut().insert(Told { error: refusal.oauth().code(), why });
    Ok(response)
}

/// A full log-in, with the phone.
pub(super) async fn log_in(
    server: &Server,
    client: &config::Client,
    checked: &Checked,
    headers: &HeaderMap,
    now: UnixTime,
    mut rng: Rng,
) -> Result<Response, Problem> {
    let request = &checked.request;
    let approval = ApprovalId::at(now, &mut rng);
    let granted = details::named(server, client, request).await?.map_err(|refusal| shown_here(refusal.code()))?;
    let (browser, new_cookie) = login::browser_of(server, headers, &mut rng);
    let asked = server
        .db
        .write(async |tx| {
            let asked = asked(tx, client, request, &approval, granted).await?;
            login::begin(tx, server, &approval, &asked, &browser, now).await?;
            grants::wait(tx, &approval, request, checked.pushed.as_ref(), now)?;
            if let Some(test) = &server.config.test {
                phone::automatic::answer(tx, server, test, (&approval, &asked), now, &mut rng).await?;
            }
            Ok::<_, Problem>(asked)
        })
        .await?;
    let waits = format!("/login/{approval}{}", language(request.language));
    let goes_on = asked.return_to.as_ref().filter(|_| server.config.test.is_some() && request.signs().is_none());
    let mut response = delivery::redirect(server, goes_on.unwrap_or(&waits));
    if let Some(cookie) = new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The person has said before that this service may have exactly this without a question.
async fn at_once(
    way: &Way<'_>,
    client: &config::Client,
    checked: &Checked,
    candidate: &Candidate,
    (headers, mut rng): (&HeaderMap, Rng),
) -> Result<Response, Problem> {
    let (server, now, request) = (way.server, way.now, &checked.request);
    let transaction = ApprovalId::at(now, &mut rng);
    let code = server.db.write(async |tx| {
        if !sso_sessions::take(tx, &candidate.session.session_id, now).await? {
            return Ok(None);
        }
        if let Some(pushed) = &checked.pushed
            && !pushed_requests::consume(tx, pushed, now).await?
        {
            return Err(shown_here(par::Refusal::Unknown.code()));
        }
        answer::code_for(tx, client, request, &LoggedIn::again(candidate, &transaction), (now, &mut rng)).await.map(Some)
    });
    match code.await? {
        Some(code) => way.deliver(&request.reply_to, &Answer::Code(code.reveal()), &mut rng),
        // It ended at this very moment.
        None if request.prompt == Prompt::None => {
            let error = OAuthError::LoginRequired;
            way.deliver(&request.reply_to, &Answer::Error(error, error.description()), &mut rng)
        }
        None => log_in(server, client, checked, headers, now, rng).await,
    }
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
    } else if let Some(client) = client
        && let Some(alone) = unverified.sign_request()
    {
        let verified = objects::sign_request(server, alone, client, now).await;
        unverified = unverified.with_sign_request(verified);
    }
    match unverified.check(client.map(|client| &client.client), provider(server)) {
        Ok(request) => {
            let reply_to = request.reply_to.clone();
            hinted(server, request)?.map(|request| Checked { request, pushed: None }).map_err(|refusal| NotBegun::There(Box::new(reply_to), refusal))
        }
        Err(Rejected::Redirect { reply_to, refusal }) => Err(NotBegun::There(Box::new(reply_to), refusal)),
        Err(Rejected::Here(refusal)) => Err(shown_here(refusal.code()).into()),
    }
}

/// The same request with its hint verified, where it has one.
pub(super) fn hinted(server: &Server, request: AuthorizationRequest) -> Result<Result<AuthorizationRequest, Refusal>, Problem> {
    if !request.has_unverified_hint() {
        return Ok(Ok(request));
    }
    Ok(request.hinted(&key_sets::that_ever_signed(server)?))
}

async fn pushed(server: &Server, uri: &RequestUri, used_by: Option<&ClientId>, now: UnixTime) -> Result<Checked, Problem> {
    let found = server.db.read_one(async |tx| pushed_requests::by_uri(tx, uri).await).await?;
    let found = found.ok_or_else(|| shown_here(par::Refusal::Unknown.code()))?;
    par::check_use(&found.client_id, found.expires_at, used_by, now).map_err(|refusal| shown_here(refusal.code()))?;
    let request = found.request().map_err(|error| Problem::internal(&error))?;
    Ok(Checked { request, pushed: Some(found.uri_hash) })
}

/// The approval that answers this request.
async fn asked(
    tx: &mut Tx,
    client: &config::Client,
    request: &AuthorizationRequest,
    approval: &ApprovalId,
    granted: Vec<AskedGrant>,
) -> Result<Request, Problem> {
    // Without its organisation policy could not be asked: then nobody logs in there.
    let asker = asker::behind(tx, client).await?.ok_or_else(|| shown_here(Refusal::ClientUnknown.code()))?;
    let shares = request.shares();
    let signature = sign::in_certificate(request, &shares);
    let assurance = request.acr.least().map_or(client.assurance, |least| least.max(client.assurance));
    Ok(Request {
        requester: client.id.to_string(),
        name_sv: client.name_sv.clone(),
        name_en: client.name_en.clone(),
        organisation: asker.name,
        logo: asker.logo,
        claims: shares.iter().map(|claim| claim.name.clone()).chain(signature.iter().map(|(name, _)| name.clone())).collect(),
        assurance,
        return_to: Some(format!("/authorize/{approval}")),
        in_browser: Some(InBrowser { ends_at: origin(request.reply_to.redirect_uri()).to_owned(), by_another: false }),
        documents: Vec::new(),
        stays_days: request.is_offline().then_some(client.stay_days),
        service: Some(AskedService {
            client: client.id.clone(),
            organisation: asker.organisation,
            sources: shares.into_iter().map(|claim| (claim.name, claim.from)).chain(signature).collect(),
        }),
        granted,
        occasion: sign::occasion(client, request)?,
    })
}

/// An error page for the person; the service's developer finds the code on it (OP-02).
fn shown_here(code: &'static str) -> Problem {
    let (sv, en) = (
        "Tjänsten som skickade hit dig är inte rätt inställd. Kontakta den som ansvarar för tjänsten.",
        "The service that sent you here is not set up correctly. Contact whoever is responsible for it.",
    );
    Problem::new(StatusCode::BAD_REQUEST, code, sv, en)
}

pub(super) const fn language(language: Option<Language>) -> &'static str {
    match language {
        None => "",
        Some(Language::Sv) => "?lang=sv",
        Some(Language::En) => "?lang=en",
    }
}

fn object_refused(refusal: request_object::Refusal) -> NotBegun {
    NotBegun::Here(shown_here(refusal.code()))
}
