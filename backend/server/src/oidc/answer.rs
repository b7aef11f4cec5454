//! `GET /authorize/{txn}`: the browser that began comes back from a full log-in, and the service gets its code or its error. A failure is
//! told to the person first (OP-19).

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    authorize::AuthorizationRequest,
    oauth_error::{Answer, OAuthError},
};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, GrantId, Seconds, Secret, SecretHash, SessionId, UnixTime};
use serde::Deserialize;
use serde_json::json;

use super::{
    clients::{self, Registered},
    delivery::Way,
    details,
    grants::{self, OfSession},
    service_sessions, sign,
    single_sign_on::{self, Candidate, Fresh},
    subjects,
    told::{self, Reason},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::Rng,
    config,
    identity::{self, Affiliation, Known, Standing},
    login::{self, SSO, sso_sessions},
    outbox::Topic,
    phone::{
        Phone,
        approvals::{self, State as ApprovalState},
        carried::{self, Carried},
        sign_requests::ANOTHER_PERSON,
    },
    problem::Problem,
    server::Server,
    words::Voice,
};

/// A code is fetched at once or not at all.
const CODE_LIFE: Seconds = Seconds(60);

#[derive(Deserialize)]
pub(super) struct Answered {
    /// The nonce of the same phone's answer.
    svar: Option<String>,
    /// Asked for before the answer is there.
    vanta: Option<String>,
}

/// `GET /authorize/{txn}`.
pub(super) async fn answer(
    State(server): State<Server>,
    mut rng: Rng,
    voice: Voice,
    headers: HeaderMap,
    Path(id): Path<ApprovalId>,
    Query(answered): Query<Answered>,
) -> Result<Response, Problem> {
    if answered.vanta.is_some() && !login::is_given(&server, &headers, &id).await? {
        return Ok(StatusCode::NO_CONTENT.into_response()); // the browser stays where it is
    }
    let mut row = begun(&server, &id).await?;
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    let asker = request.service.ok_or_else(Problem::gone)?.client;
    let registered = clients::registered(&server, &asker).await?.ok_or_else(Problem::gone)?;
    let cookie = SSO.read(&server, &headers).map(|secret| secret.hash());
    let may_go_on = |row: &approvals::Row| login::may_go_on(&server, &headers, row, answered.svar.as_deref());
    if sign::may_ask(&registered) {
        sign::settled(&server, &id, may_go_on).await?;
        row = begun(&server, &id).await?;
    }
    let now = server.clock.now();
    // Read before the unit, so that a yes may come after it. What was not seen as given gives nothing below.
    let is_waiting = matches!(row.state_at(now), ApprovalState::Created | ApprovalState::Claimed | ApprovalState::Shown);
    if is_waiting || !may_go_on(&row) {
        return Err(Problem::gone());
    }
    let (request, given) = server
        .db
        .write(async |tx| {
            let (authorization, completes) = grants::answered(tx, &id, now).await?.ok_or_else(Problem::gone)?;
            let request = authorization.request().map_err(|error| Problem::internal(&error))?;
            let asked = Asked { server: &server, registered: &registered, request: &request, cookie: cookie.as_ref() };
            let given = asked.given(tx, &row, completes, (now, &mut rng)).await?;
            Ok::<_, Problem>((request, given))
        })
        .await?;
    server.wakeups.wake(Topic::ServiceLoggedOut.as_str());
    let way = Way { server: &server, client: Some(&*registered), voice, now };
    match given {
        Given::Code { code, cookie } => {
            let mut response = way.deliver(&request.reply_to, &Answer::Code(code.reveal()), &mut rng)?;
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, SSO.set(&server, &cookie, sso_sessions::LONGEST));
            }
            Ok(response)
        }
        Given::Refused(error, description) => way.deliver(&request.reply_to, &Answer::Error(error, description), &mut rng),
        Given::Told(reason) => {
            let browser = login::known_browser(&server, &headers).ok_or_else(Problem::gone)?;
            told::tell(&server, &request, reason, &browser, now, &mut rng).await
        }
    }
}

async fn begun(server: &Server, id: &ApprovalId) -> Result<approvals::Row, Problem> {
    server.db.read_one(async |tx| approvals::by_id(tx, id).await).await?.ok_or_else(Problem::gone)
}

/// What the service gets, and when.
enum Given {
    Code {
        code: Secret,
        /// The browser's new cookie.
        cookie: Option<Secret>,
    },
    /// The person has read it already.
    Refused(OAuthError, &'static str),
    /// The person reads it first.
    Told(Reason),
}

/// A request whose log-in is answered.
struct Asked<'a> {
    server: &'a Server,
    registered: &'a Registered,
    request: &'a AuthorizationRequest,
    cookie: Option<&'a SecretHash>,
}

impl Asked<'_> {
    async fn given(&self, tx: &mut Tx, row: &approvals::Row, completes: bool, (now, rng): (UnixTime, &mut Rng)) -> Result<Given, Problem> {
        // RFC 9126 §4: a pushed request completes once, however many pages were opened with it.
        if !completes {
            return Ok(Given::Refused(OAuthError::InvalidRequestUri, "the pushed request was completed before"));
        }
        // Only a yes that was there when this browser was let through: its nonce was asked for then (MB-04).
        let is_given = matches!(row.state, ApprovalState::Approved | ApprovalState::Consumed);
        let taken = if is_given { sign::taken(tx, self.request, row, now).await? } else { None };
        match taken {
            Some(given) => self.granted(tx, &row.approval_id, &given, (now, rng)).await,
            None if sign::is_unmade(self.request, row) => Ok(Given::Told(Reason::NotSigned)),
            None => Ok(Given::Refused(OAuthError::AccessDenied, denied(row, now))),
        }
    }

    /// A code for the service and a log-in for the browser, if the work identity may still be used and is the one the service wanted.
    async fn granted(&self, tx: &mut Tx, id: &ApprovalId, given: &carried::Given, (now, rng): (UnixTime, &mut Rng)) -> Result<Given, Problem> {
        let Self { server, registered, request, cookie } = *self;
        let client = &registered.config;
        let carried::Given { consumed, carried: Carried { phone, affiliation } } = given;
        let level = consumed.reached(affiliation, phone);
        let known = if request.claims.names_values() { identity::known(tx, affiliation).await? } else { Known::of(affiliation) };
        if let Some(reason) = self.refusal((affiliation, &known), phone, level, now)? {
            return Ok(Given::Told(reason));
        }
        let fresh = Fresh { approval: id, affiliation, phone, level, authenticated_at: consumed.decided_at, cookie };
        let kept = single_sign_on::begin(tx, server, client, request, &fresh, (now, rng)).await?;
        let logged_in = LoggedIn {
            affiliation,
            phone,
            approval: id,
            level,
            authenticated_at: consumed.decided_at,
            session: kept.as_ref().map(|(session, _)| session),
            transaction: None,
        };
        let code = code_for(tx, client, request, &logged_in, (now, rng)).await?;
        Ok(Given::Code { code, cookie: kept.map(|(_, cookie)| cookie) })
    }

    /// Why a person who said yes is not logged in.
    fn refusal(
        &self,
        (affiliation, known): (&Affiliation, &Known),
        phone: &Phone,
        level: Assurance,
        now: UnixTime,
    ) -> Result<Option<Reason>, Problem> {
        if affiliation.standing(now) != Standing::Good || phone.blocked_at.is_some() {
            return Ok(Some(Reason::Ended));
        }
        if self.request.acr.answer(level).is_none() {
            return Ok(Some(Reason::Level));
        }
        let wanted = subjects::wanted(&self.registered.config, self.request)?;
        if !wanted.is_meant(self.server, known)? {
            return Ok(Some(Reason::NotTheOneMeant));
        }
        Ok((!wanted.is_wanted(self.server, known)?).then_some(Reason::AnotherPerson))
    }
}

/// What a service's developer reads; the person has read it on the page already.
fn denied(row: &approvals::Row, now: UnixTime) -> &'static str {
    match row.state_at(now) {
        ApprovalState::Aborted if row.reason.as_deref() == Some(ANOTHER_PERSON) => "another person than the one named in claims came to sign",
        ApprovalState::Aborted => "the log-in was cancelled where it began",
        ApprovalState::Declined if row.is_disowned() => "the person says that somebody else began this log-in",
        ApprovalState::Declined => "the person said no",
        _ => "nobody answered in time",
    }
}

/// Somebody who is logged in: with the phone a moment ago, or earlier in this browser.
pub(super) struct LoggedIn<'a> {
    affiliation: &'a Affiliation,
    phone: &'a Phone,
    approval: &'a ApprovalId,
    /// What was reached.
    level: Assurance,
    authenticated_at: UnixTime,
    session: Option<&'a SessionId>,
    /// Names the use of a log-in that stood already.
    transaction: Option<&'a ApprovalId>,
}

impl<'a> LoggedIn<'a> {
    /// By a log-in that stood already: what is told of it is what it was (OP-13).
    pub(super) const fn again(candidate: &'a Candidate, transaction: &'a ApprovalId) -> Self {
        let Candidate { session, affiliation, phone, level, .. } = candidate;
        Self {
            affiliation,
            phone,
            approval: &session.approval_id,
            level: *level,
            authenticated_at: session.authenticated_at,
            session: Some(&session.session_id),
            transaction: Some(transaction),
        }
    }
}

/// The service's code, with the journal's line.
pub(super) async fn code_for(
    tx: &mut Tx,
    client: &config::Client,
    request: &AuthorizationRequest,
    who: &LoggedIn<'_>,
    (now, rng): (UnixTime, &mut Rng),
) -> Result<Secret, Problem> {
    let assurance = request.acr.answer(who.level).ok_or_else(Problem::gone)?;
    let of_session = match who.session {
        Some(session) => Some(OfSession {
            session: session.clone(),
            sid: match who.transaction {
                None => service_sessions::first(tx, session, &client.id, now, rng)?,
                Some(_) => service_sessions::at(tx, session, &client.id, now, rng).await?,
            },
            transaction: who.transaction.cloned(),
            ends_with_it: !request.is_offline() || client.offline_access_ends_with_session,
        }),
        None => None,
    };
    let (grant, code) = (GrantId::at(now, rng), Secret::random("code", rng));
    let new = grants::New {
        grant: &grant,
        code: &code,
        request,
        affiliation: &who.affiliation.affiliation_id,
        phone: &who.phone.phone_id,
        approval: who.approval,
        assurance,
        hardware_key: who.phone.tier.assurance() == Assurance::Loa3,
        authenticated_at: who.authenticated_at,
        code_expires_at: now + CODE_LIFE,
        of_session,
    };
    grants::give(tx, &new)?;
    audit::record(tx, logged_in(client, request, who, assurance), now, rng).await?;
    Ok(code)
}

/// Whether the request, where it names somebody in one way or another, names this person.
pub(super) fn is_named(server: &Server, client: &config::Client, request: &AuthorizationRequest, known: &Known) -> Result<bool, Problem> {
    subjects::wanted(client, request)?.is_this(server, known)
}

fn logged_in(client: &config::Client, request: &AuthorizationRequest, who: &LoggedIn<'_>, assurance: Assurance) -> Event {
    let released: Vec<String> = request.shares().into_iter().map(|claim| claim.name).collect();
    let transaction = who.transaction.unwrap_or(who.approval);
    let details = (!request.details.is_empty()).then(|| details::facts(&request.details));
    let (purpose, kind) = if request.signs().is_some() { (Purpose::Signing, "oidc.signed_for") } else { (Purpose::Login, "oidc.logged_in") };
    Event {
        chain: who.affiliation.chain(purpose),
        kind,
        actor: Actor::Person(who.affiliation.affiliation_id.clone()),
        objects: vec![who.affiliation.affiliation_id.to_string(), transaction.to_string()],
        payload: json!({
            "client": client.id, "name_sv": client.name_sv, "name_en": client.name_en, "approval": who.approval, "transaction": transaction, "again": who.transaction.is_some(),
            "assurance": assurance.as_str(), "released": released, "details": details,
        }),
    }
}
