//! `POST /bc-authorize` (OpenID Connect CIBA Core 1.0 §7): a service asks for a person that it knows. The question lies in the inbox of the
//! person's phones; the answer here carries the number that the service shows at its own screen, and without which no yes counts.
//!
//! Attack 25. A second question while one is open is refused and does not end the first. What the person refuses or ignores counts for this
//! service alone: after three it is heard no more for an hour, after one "Det är inte jag" at once; other services, and the moving code,
//! are not touched by that, so nobody can silence a phone by asking.

use axum::{
    Form, Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handslag_keys::Kind;
use handslag_policy::Act;
use handslag_protocol::{
    backchannel::{BackchannelRequest, Hint, INTERVAL, Refusal, UnverifiedBackchannelRequest},
    jose::{self, Algorithm, UnverifiedJws},
    oauth_error::OAuthError,
    request_object::Means,
};
use handslag_store::Tx;
use handslag_vocab::{ApprovalId, Assurance, Digest, Seconds, Secret, StartKind, UnixTime};
use serde::Serialize;
use serde_json::json;

use super::{
    super::{
        asker, discovery, objects, proven_client,
        proven_client::ProvenClient,
        refused::{Refused, no_store},
    },
    awaited::{self, Lately, New, Way},
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    identity::{self, Affiliation, Standing},
    phone::{
        approvals::{self, AskedService, NOT_ME, Occasion, Request, State as ApprovalState},
        asking_codes::{self, Asking},
        attempts::Tried,
        authority, directed,
    },
    problem::Problem,
    sender::Sender,
    server::Server,
};

/// A question waits so long where the service names no other time, and between these.
const TO_ANSWER: Seconds = Seconds::minutes(2);
const SHORTEST: Seconds = Seconds(30);
const LONGEST: Seconds = Seconds::minutes(5);

/// So many refusals of one person within [`awaited::REMEMBERED`], and the service is not heard.
const MOST_REFUSALS: usize = 3;

/// The successful answer (§7.3). Has no `Debug`: it holds a secret.
#[derive(Serialize)]
struct Answer {
    auth_req_id: String,
    expires_in: Seconds,
    interval: Seconds,
    /// Two digits, to be shown at the screen where the person is; the phone asks for them.
    binding_number: String,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Protocol(refusal.oauth(), refusal.to_string())
    }
}

/// `POST /bc-authorize`.
pub(super) async fn ask(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    sender: Sender,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    match answer(&server, (&headers, &sender), pairs, now, &mut rng).await {
        Ok(answer) => (no_store(), Json(answer)).into_response(),
        // §13: here a refusal in the person's name is 403.
        Err(Refused::Protocol(OAuthError::AccessDenied, why)) => Refused::Forbidden(why).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// A checked request and who asks.
struct Asked<'a> {
    server: &'a Server,
    service: &'a ProvenClient,
    request: &'a BackchannelRequest,
    now: UnixTime,
}

async fn answer(
    server: &Server,
    (headers, sender): (&HeaderMap, &Sender),
    pairs: Vec<(String, String)>,
    now: UnixTime,
    rng: &mut Rng,
) -> Result<Answer, Refused> {
    let unverified = UnverifiedBackchannelRequest::parse(pairs, proven_client::authorization(headers)?)?;
    let service = ProvenClient::of(server, &unverified.client, sender, now).await?;
    let object = match unverified.request_object() {
        Some(object) => Some(objects::verified(server, object, &service, Means::Backchannel, now).await.map_err(Refusal::from)?),
        None => None,
    };
    let checked = unverified.check(&service.client, discovery::provider(server), object.clone());
    let answered = server.db.write(async |tx| {
        if let Err(replayed) = service.mark(tx, None, now).await? {
            return Ok(Err(replayed));
        }
        if let Some(object) = &object
            && let Err(replayed) = objects::mark(tx, &service.client.id, object, now).await?
        {
            return Ok(Err(Refusal::from(replayed).into()));
        }
        // What came with it is used up, also where the request is refused.
        Ok::<_, Refused>(match &checked {
            Ok(request) => Asked { server, service: &service, request, now }.begun(tx, rng).await,
            Err(refusal) => Err((*refusal).into()),
        })
    });
    answered.await?
}

impl Asked<'_> {
    async fn begun(&self, tx: &mut Tx, rng: &mut Rng) -> Result<Answer, Refused> {
        let person = self.person(tx).await?.ok_or_else(unknown)?;
        // One at a time for this service and person, on every node.
        tx.alone(&format!("backchannel {} {}", self.service.client.id, person.affiliation_id)).await?;
        let service = self.asked_service(tx).await?;
        self.may_be_asked(tx, &person, &service).await?;
        let lately = awaited::asked_lately(tx, &self.service.client.id, &person.affiliation_id, self.now).await?;
        if let Err(why) = is_bearable(&lately, self.now) {
            audit::record(tx, self.event(&person, "oidc.asking_refused", json!({ "why": why })), self.now, rng).await?;
            return Err(Refused::because(OAuthError::AccessDenied, why));
        }
        self.holds_user_code(tx, &person).await?;
        let approval = ApprovalId::at(self.now, rng);
        self.store(tx, &approval, &person, &service, rng).await?;
        audit::record(tx, self.event(&person, "oidc.asked_for", json!({ "approval": approval })), self.now, rng).await?;
        let handle = handle(self.server, &approval)?;
        let binding_number = directed::number(self.server, &approval)?.to_string();
        Ok(Answer { auth_req_id: handle.reveal().to_owned(), expires_in: self.life(), interval: INTERVAL, binding_number })
    }

    async fn store(&self, tx: &mut Tx, approval: &ApprovalId, person: &Affiliation, service: &Request, rng: &mut Rng) -> Result<(), Refused> {
        let (server, expires_at) = (self.server, self.now + self.life());
        let sealed = self.request.notification_token.as_ref().map(|token| {
            let label = notification_label(approval);
            server.keys.seal(Kind::Cookie, label.as_bytes(), token.reveal().as_bytes(), rng)
        });
        let notification = sealed.transpose().map_err(Problem::from)?;
        directed::ask(tx, approval, &person.affiliation_id, service, self.now, expires_at, rng).await?;
        let new = New {
            handle: &handle(server, approval)?,
            way: Way::Backchannel,
            request: &self.request.request,
            person: Some(&person.affiliation_id),
            approval: Some(approval),
            user_code: None,
            notification,
            expires_at,
        };
        Ok(awaited::begin(tx, new, self.now).await?)
    }

    fn life(&self) -> Seconds {
        self.request.requested_expiry.map_or(TO_ANSWER, |wished| wished.clamp(SHORTEST, LONGEST))
    }

    /// Whom the hint names. By an ID Token of ours: whoever approved what it came from.
    async fn person(&self, tx: &mut Tx) -> Result<Option<Affiliation>, Refused> {
        match &self.request.hint {
            Hint::WorkIdentity(who) => Ok(identity::by_who(tx, who).await?),
            Hint::IdToken(compact) => {
                let Some(approval) = self.named_by(compact)? else { return Ok(None) };
                let row = approvals::by_id(tx, &approval).await?;
                let Some(person) = row.and_then(|row| row.affiliation_id) else { return Ok(None) };
                Ok(identity::find(tx, &person).await?)
            }
        }
    }

    /// The approval behind an ID Token that was given to this very client, however old: its age says nothing against who it names.
    fn named_by(&self, compact: &str) -> Result<Option<ApprovalId>, Refused> {
        let ours = discovery::published(self.server)?;
        let expected = jose::Expected { algorithms: &Algorithm::ALL, typ: jose::Type::OrdinaryOr("JWT") };
        let verified = UnverifiedJws::parse(compact).and_then(|jws| jws.verify(&ours.set, expected)).and_then(|verified| verified.claims());
        let Ok(claims) = verified else { return Ok(None) };
        let is_ours = claims.text("iss") == Some(&self.server.config.issuer) && claims.text("aud") == Some(self.service.client.id.as_str());
        Ok(claims.text("txn").filter(|_| is_ours).and_then(|txn| txn.parse().ok()))
    }

    async fn asked_service(&self, tx: &mut Tx) -> Result<Request, Refused> {
        let registered = &self.service.config;
        let asker = asker::behind(tx, registered).await?;
        let asker = asker.ok_or_else(|| Refused::because(OAuthError::InvalidClient, "the client's organisation is not known"))?;
        let request = &self.request.request;
        let assurance = request.acr.least().map_or(registered.assurance, |least| least.max(registered.assurance));
        if assurance > StartKind::Number.assurance() || (registered.reviewed_only && !self.server.config.reviewed_by_digg) {
            let sentence = "the demanded level cannot be reached without something near; use the authorization endpoint";
            return Err(Refused::because(OAuthError::UnmetAuthenticationRequirements, sentence));
        }
        let shares = request.shares();
        Ok(Request {
            requester: registered.id.to_string(),
            name_sv: registered.name_sv.clone(),
            name_en: registered.name_en.clone(),
            organisation: asker.name,
            logo: asker.logo,
            claims: shares.iter().map(|claim| claim.name.clone()).collect(),
            assurance,
            return_to: None,
            in_browser: None,
            documents: Vec::new(),
            stays_days: request.is_offline().then_some(registered.stay_days),
            service: Some(AskedService {
                client: registered.id.clone(),
                organisation: asker.organisation,
                sources: shares.iter().map(|claim| (claim.name.clone(), claim.from)).collect(),
            }),
            granted: Vec::new(),
            occasion: Occasion::Service { message: self.request.binding_message.clone() },
        })
    }

    /// One answer for somebody unknown, ended, without a phone, or to whom the service is not open: nobody is looked for in this way.
    async fn may_be_asked(&self, tx: &mut Tx, person: &Affiliation, service: &Request) -> Result<(), Refused> {
        let tier = directed::can_be_asked(tx, &person.affiliation_id).await?.ok_or_else(unknown)?;
        let Some(asked) = service.service.as_ref().map(|asked| asked.asked(service)) else { return Err(unknown()) };
        let reached = Assurance::of(person.assurance, tier.assurance(), StartKind::Number.assurance());
        let is_allowed = authority::allowed(self.server, person, tier, Act::LogIn { service: asked }, self.now).is_ok();
        if person.standing(self.now) == Standing::Good && is_allowed && reached >= service.assurance { Ok(()) } else { Err(unknown()) }
    }

    async fn holds_user_code(&self, tx: &mut Tx, person: &Affiliation) -> Result<(), Refused> {
        let brought = self.request.user_code.as_ref();
        let asking = asking_codes::holds(tx, self.server, &person.affiliation_id, brought).await?;
        let is_heard = brought.is_none() || asking == Asking::Unset || self.may_try(tx, person).await?;
        let (error, sentence) = match asking {
            Asking::Right | Asking::Wrong if !is_heard => {
                (OAuthError::InvalidUserCode, "too many codes were tried for this person; none is heard for an hour")
            }
            Asking::Right | Asking::Unset => return Ok(()),
            Asking::Missing => (OAuthError::MissingUserCode, "the person has set a code for being asked"),
            Asking::Wrong => (OAuthError::InvalidUserCode, "the code is not the one that the person has set"),
        };
        Err(Refused::because(error, sentence))
    }

    /// Ten codes in an hour, right or wrong: this service guesses no more for this person, and others are not touched by it.
    async fn may_try(&self, tx: &mut Tx, person: &Affiliation) -> Result<bool, handslag_store::Error> {
        let tried = Tried { purpose: "user_code", most: 10, window: awaited::REMEMBERED };
        let bucket = Digest::of(format!("{} {}", self.service.client.id, person.affiliation_id).as_bytes());
        tried.may_try(tx, &bucket, self.now).await
    }

    fn event(&self, person: &Affiliation, kind: &'static str, payload: serde_json::Value) -> Event {
        Event {
            chain: person.chain(Purpose::Login),
            kind,
            actor: Actor::Client(self.service.client.id.clone()),
            objects: vec![person.affiliation_id.to_string()],
            payload,
        }
    }
}

/// Whether this service may ask this person now; if not, why. A yes makes everything before it good.
fn is_bearable(lately: &[Lately], now: UnixTime) -> Result<(), &'static str> {
    let is_open = |asked: &Lately| matches!(asked.state, ApprovalState::Created | ApprovalState::Claimed | ApprovalState::Shown);
    if lately.iter().any(|asked| is_open(asked) && now < asked.expires_at) {
        return Err("another request of this client is open for this person");
    }
    let since_a_yes = lately.iter().take_while(|asked| !matches!(asked.state, ApprovalState::Approved | ApprovalState::Consumed));
    let refused: Vec<&Lately> = since_a_yes.filter(|asked| asked.reason.as_deref() != Some("withdrawn")).collect();
    if refused.iter().any(|asked| asked.reason.as_deref() == Some(NOT_ME)) {
        return Err("the person said that somebody else began the last request; this client may ask again in an hour");
    }
    if refused.len() >= MOST_REFUSALS {
        return Err("the person has refused or ignored the last requests of this client; it may ask again in an hour");
    }
    Ok(())
}

/// `auth_req_id`, computed and never stored: only its hash is.
pub(super) fn handle(server: &Server, approval: &ApprovalId) -> Result<Secret, Problem> {
    let mac = server.keys.mac(Kind::Cookie, format!("auth_req_id {approval}").as_bytes())?;
    Ok(Secret::presented(format!("hs_ciba_{}", Digest(mac).to_base64url())))
}

/// What the token of the ping is sealed with.
pub(super) fn notification_label(approval: &ApprovalId) -> String {
    format!("client_notification_token {approval}")
}

fn unknown() -> Refused {
    Refused::because(OAuthError::UnknownUserId, OAuthError::UnknownUserId.description())
}
