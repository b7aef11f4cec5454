//! Something near (a moving code, a link on the same phone) leads this phone to an approval.
//!
//! The claim fixes the canonical bytes: who asks, what is shared about *this* person, until when. A second phone comes too late;
//! the same phone asking again gets the same bytes.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use handslag_phone::wire::Start;
use handslag_policy::{Act, Service};
use handslag_protocol::moving_qr;
use handslag_store::Tx;
use handslag_vocab::{Approval, ApprovalId, ApprovalKind, Assurance, MalformedId, MessageType, Requester, Secret, Shared, StartKind, UnixTime};

use super::{
    approvals::{self, Occasion, Request, Row, State as ApprovalState},
    authority,
    caller::{Caller, CallerIsBrowser},
    codes,
    decide::is_late,
    directed, granted,
    nearby::is_at_the_desk,
    released, sign_requests,
};
use crate::{
    caller::Rng,
    identity::{self, Known},
    problem::Problem,
    server::Server,
};

/// `created → claimed`, or the approval that this phone has claimed already.
pub async fn taken(server: &Server, caller: &Caller, start: &Start, language: &str, now: UnixTime) -> Result<Row, Problem> {
    if matches!(start, Start::Code { .. }) && !server.db.write(async |tx| codes::may_try(tx, &caller.phone.phone_id, now).await).await? {
        return Err(too_many_tries());
    }
    let taken = server.db.write(async |tx| {
        let row = found(tx, server, caller, start, now).await?;
        began_here(caller, start, &row)?;
        claimed(tx, server, caller, row, (start.kind(), language), now).await?.giving_way(tx, caller, now).await
    });
    taken.await?.told(server)
}

/// The same in a browser that goes straight to its question. Nobody has pressed anything, and any page could have led here: what the person
/// has open elsewhere gives way at the yes (`decide`) and not before.
pub async fn led(server: &Server, caller: &Caller, start: &Start, language: &str, now: UnixTime) -> Result<Row, Problem> {
    let taken = server.db.write(async |tx| {
        let row = found(tx, server, caller, start, now).await?;
        began_here(caller, start, &row)?;
        claimed(tx, server, caller, row, (start.kind(), language), now).await
    });
    taken.await?.told(server)
}

/// What a claim came to, to be committed.
pub(super) enum Taken {
    /// This phone had it already: asked again, because the answer was lost.
    Again(Row),
    /// Taken now, and what gave way to it.
    Now(Row, Vec<ApprovalId>),
    /// The question is over.
    Over(ApprovalId, Problem),
}

/// However the phone was led to the question.
pub(super) async fn claimed(
    tx: &mut Tx,
    server: &Server,
    caller: &Caller,
    row: Row,
    (start, language): (StartKind, &str),
    now: UnixTime,
) -> Result<Taken, Problem> {
    let is_here = start != StartKind::Passkey || is_at_the_desk(&row);
    if row.phone_id.as_ref() == Some(&caller.phone.phone_id) && is_here && !is_late(&row, now) {
        return Ok(Taken::Again(row));
    }
    if row.state_at(now) != ApprovalState::Created {
        return Err(Problem::gone());
    }
    if let Some(refused) = sign_requests::turned_away(tx, server, caller, &row, (now, &mut Rng::system())).await? {
        return Ok(Taken::Over(row.approval_id, refused));
    }
    Ok(Taken::Now(fix(tx, server, caller, row, start, language, now).await?, Vec::new()))
}

impl Taken {
    /// What the same person has open elsewhere ends.
    pub(super) async fn giving_way(self, tx: &mut Tx, caller: &Caller, now: UnixTime) -> Result<Self, Problem> {
        let Self::Now(row, _) = self else { return Ok(self) };
        let ended = give_way(tx, caller, &row, now).await?;
        Ok(Self::Now(row, ended))
    }

    /// After the commit: every screen that waits looks again.
    pub(super) fn told(self, server: &Server) -> Result<Row, Problem> {
        let (id, outcome, ended) = match self {
            Self::Again(row) => (row.approval_id.clone(), Ok(row), Vec::new()),
            Self::Now(row, ended) => (row.approval_id.clone(), Ok(row), ended),
            Self::Over(id, refused) => (id, Err(refused), Vec::new()),
        };
        for waiting in ended.iter().chain([&id]) {
            server.wakeups.wake(waiting.as_str());
        }
        outcome
    }
}

/// One log-in at a desk at a time: taking another one ends it, and its screen says so (MB-06). What a service asked for is another matter,
/// and neither ends the other.
pub(super) async fn give_way(tx: &mut Tx, caller: &Caller, row: &Row, now: UnixTime) -> Result<Vec<ApprovalId>, Problem> {
    if row.directed_at.is_some() {
        return Ok(Vec::new());
    }
    let person = &caller.affiliation.affiliation_id;
    tx.alone(person.as_str()).await?;
    Ok(approvals::give_way(tx, person, &row.approval_id, now).await?)
}

fn too_many_tries() -> Problem {
    let (sv, en) = (
        "Du har skrivit koder för många gånger. Vänta tio minuter, eller skanna koden på skärmen.",
        "You have typed codes too many times. Wait ten minutes, or scan the code on the screen.",
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", sv, en)
}

/// Writes the canonical bytes for this person and phone.
pub async fn fix(tx: &mut Tx, server: &Server, caller: &Caller, row: Row, start: StartKind, language: &str, now: UnixTime) -> Result<Row, Problem> {
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    let ends_at = row.directed_at.map(|_| row.expires_at);
    let question = Question { approval: &row.approval_id, kind: row.kind, request: &request, ends_at };
    let approval = approval(tx, server, caller, &question, (start, language), now).await?;
    super::phones::used(tx, &caller.phone.phone_id, now)?;
    approvals::claim(tx, &approval, &caller.affiliation.affiliation_id, &caller.phone.phone_id, now).await?.ok_or_else(Problem::gone)
}

/// What somebody is asked.
pub(super) struct Question<'a> {
    pub(super) approval: &'a ApprovalId,
    pub(super) kind: ApprovalKind,
    pub(super) request: &'a Request,
    /// What a service asked for lives as long as it was told, whenever the person opened it.
    pub(super) ends_at: Option<UnixTime>,
}

/// What this person would say yes to, if they may.
pub(super) async fn approval(
    tx: &mut Tx,
    server: &Server,
    caller: &Caller,
    question: &Question<'_>,
    (start, language): (StartKind, &str),
    now: UnixTime,
) -> Result<Approval, Problem> {
    let request = question.request;
    if !sign_requests::is_for(tx, server, caller, request).await? {
        return Err(sign_requests::another_person());
    }
    reaches_by(caller, request.assurance, start)?;
    if question.kind == ApprovalKind::Login || request.signing().is_some() {
        let service = request.service.as_ref().map_or_else(|| own_pages(caller, request), |service| Ok(service.asked(request)))?;
        authority::allowed(server, &caller.affiliation, caller.phone.tier, Act::LogIn { service }, now)?;
    }
    granted::may_be_given(server, caller, request, start, now)?;
    let known = if request.claims.is_empty() { Known::of(&caller.affiliation) } else { identity::known(tx, &caller.affiliation).await? };
    Ok(written((caller, &known), question, (start, language), now))
}

/// Our own pages are a service of the person's own organisation, and policy is asked about them like about any other.
fn own_pages(caller: &Caller, request: &Request) -> Result<Service, Problem> {
    let client = request.requester.parse().map_err(|error: MalformedId| Problem::internal(&error))?;
    Ok(approvals::AskedService { client, organisation: caller.affiliation.organisation_id.clone(), sources: BTreeMap::new() }.asked(request))
}

async fn found(tx: &mut Tx, server: &Server, caller: &Caller, start: &Start, now: UnixTime) -> Result<Row, Problem> {
    let row = match start {
        Start::Asked { approval } => directed::of_person(tx, approval, &caller.affiliation.affiliation_id).await?,
        Start::Code { digits } => codes::typed(tx, server, digits.reveal(), now).await?,
        Start::Link { token } => approvals::by_link(tx, &Secret::presented(token.reveal()).hash()).await?,
        Start::Qr { text } => scanned(tx, server, text.reveal(), now).await?,
        Start::Assigned { .. } => None,
    };
    row.ok_or_else(Problem::gone)
}

/// A link on the same phone, in a browser that keeps its key: the log-in must have begun in this very browser. Whoever is sent the
/// link of somebody else's log-in gets no question to say yes to (MB-04).
fn began_here(caller: &Caller, start: &Start, row: &Row) -> Result<(), Problem> {
    let is_link = matches!(start, Start::Link { .. }) && caller.browser == CallerIsBrowser::Yes;
    if !is_link || caller.began.as_ref() == Some(&row.browser_hash) {
        return Ok(());
    }
    let (sv, en) = (
        "Inloggningen började i en annan webbläsare. Har du fått länken av någon? Logga då inte in. Annars: gå till tjänsten och börja om här.",
        "This log-in began in another browser. Did somebody send you the link? Then do not log in. Otherwise: go to the service and start again here.",
    );
    Err(Problem::forbidden(sv, en).with_code("another_browser"))
}

/// The moving code is right for this second (MB-01): seen at most five seconds ago, made with the secret that no screen shows.
async fn scanned(tx: &mut Tx, server: &Server, text: &str, now: UnixTime) -> Result<Option<Row>, Problem> {
    // The code is an address of ours, so that a stock phone's camera opens it too; the app reads what stands after the last slash.
    let code = text.rsplit('/').next().unwrap_or_default();
    let Ok(code) = moving_qr::ScannedCode::parse(code) else { return Ok(None) };
    let row = approvals::by_qr(tx, &Secret::presented(code.start_token()).hash()).await?;
    let Some(row) = row else { return Ok(None) };
    let secret = super::qr_secret(server, &row.approval_id)?;
    let is_right = code.accept(&secret, now.since(row.created_at)).is_ok();
    Ok(is_right.then_some(row))
}

/// The level of person × phone × how the person came here must reach what is asked; the refusal says what to do.
fn reaches_by(caller: &Caller, demanded: Assurance, start: StartKind) -> Result<(), Problem> {
    reaches(caller, demanded)?;
    if start.assurance() >= demanded {
        return Ok(());
    }
    let (sv, en) = (
        "Tjänsten kräver nivå 3, och dit når du inte med en kod som du skriver av. Skanna koden på skärmen i stället.",
        "The service requires level 3, and a code that you type does not reach it. Scan the code on the screen instead.",
    );
    Err(Problem::forbidden(sv, en).with_code("level_too_low"))
}

/// The level of person × phone must reach what is asked; the refusal says what to do.
pub fn reaches(caller: &Caller, demanded: Assurance) -> Result<(), Problem> {
    let reached = Assurance::of(caller.affiliation.assurance, caller.phone.tier.assurance(), Assurance::Loa3);
    if reached < demanded {
        return Err(released::too_low(&caller.affiliation, caller.phone.tier, demanded));
    }
    Ok(())
}

fn written((caller, known): (&Caller, &Known), question: &Question<'_>, (start, language): (StartKind, &str), now: UnixTime) -> Approval {
    let Question { approval, kind, request, ends_at } = *question;
    let name = if language == "en" { request.name_en.clone() } else { request.name_sv.clone() };
    let no_sources = BTreeMap::new();
    let sources = request.service.as_ref().map_or(&no_sources, |service| &service.sources);
    let claims = request.claims.iter().filter_map(|claim| released::shared(known, sources, claim, language));
    let shared: Vec<Shared> = claims.chain(request.stays_days.map(|days| released::stays(days, language))).collect();
    let (message, message_type) = said(request, language);
    let expires_at = ends_at.unwrap_or(now + approvals::time_for(kind));
    Approval::new(
        kind,
        approval.clone(),
        caller.affiliation.who.to_string(),
        Requester { id: request.requester.clone(), name: name.clone(), organisation: request.organisation.clone() },
        released::question(kind, &name, request, language),
        language.to_owned(),
        shared,
        request.documents.clone(),
        request.assurance,
        start,
        now,
        expires_at,
    )
    .saying(message, message_type)
    .granting(granted::lines(&request.granted, language))
    .signing(request.signing().map(|signing| signing.written(language)))
}

/// The service's own words, in the language of the page.
fn said(request: &Request, language: &str) -> (Option<String>, MessageType) {
    let message = match &request.occasion {
        Occasion::Device | Occasion::Ordinary => return (None, MessageType::Plain),
        Occasion::Service { message } => return (message.clone(), MessageType::Plain),
        Occasion::Saying(message) => message,
        Occasion::Signing(signing) => &signing.request.sign_message,
    };
    (Some(message.said(language).to_owned()), message.mime_type())
}
