//! The phone's page in the demonstration: the core's screens as plain HTML forms, so that it works in any browser.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::{
    ApprovalScreen, Button, DoorNow, Outcome, Screen, Task, When,
    wire::{Bearer, InboxItem, Start, Transparency},
};
use handslag_vocab::{DoorId, SignatureId, UnixTime};
use serde::Deserialize;

use super::{
    camera::{self, Seen},
    handset::{Halt, Handset},
    place::Place,
    town,
};
use crate::{
    caller::{Now, Rng},
    identity,
    page::Page,
    problem::Problem,
    server::Server,
    words::Voice,
};

#[derive(Template)]
#[template(path = "demo/telefon.html")]
struct PhonePage {
    voice: Voice,
    view: View,
    online: bool,
    message: Option<Message>,
}

/// A sentence about what has just happened.
struct Message {
    is_good: bool,
    text: String,
    /// What the frames around this page may go on with; nothing depends on it.
    event: &'static str,
}

/// What the phone shows.
enum View {
    Approval(Box<Question>),
    Home(Home),
    Insight(Box<Transparency>),
    New,
    NoNetwork,
    Reading { title: String, page: u32, pages: u32 },
}

/// The approval screen, and whether the yes can be pressed already.
struct Question {
    screen: ApprovalScreen,
    can_approve: bool,
}

struct Home {
    organisation: String,
    who: String,
    synced: String,
    inbox: Vec<InboxItem>,
    doors: Vec<Door>,
    /// How many doors the phone can open by itself.
    ready: i64,
    /// How much waits to be carried home.
    waiting: i64,
    /// The server's words where it no longer knows this phone.
    ended: Option<String>,
}

struct Door {
    id: DoorId,
    name: String,
    window: String,
    is_now: bool,
}

/// `GET /demo/telefon`.
pub(super) async fn show(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    handset.take_up(now).await?;
    shown(&server, &place, &mut handset, voice, None, now).await
}

async fn shown(_: &Server, _: &Place, handset: &mut Handset, voice: Voice, message: Option<Message>, now: UnixTime) -> Result<Response, Problem> {
    let view = match handset.screen().cloned() {
        Some(Screen::Approval(screen)) => View::Approval(Box::new(Question { can_approve: can_approve(&screen), screen })),
        Some(Screen::Page(page)) => View::Reading { title: page.title, page: page.page, pages: page.pages },
        Some(Screen::NoNetwork { .. }) => View::NoNetwork,
        None if handset.core().identity().is_none() => View::New,
        None => View::Home(home(handset, voice, now).await?),
    };
    handset.keep()?;
    Ok(Page(PhonePage { voice, view, online: handset.online, message }).into_response())
}

fn can_approve(screen: &ApprovalScreen) -> bool {
    screen.buttons.iter().any(|choice| choice.enabled && choice.button == Button::Approve)
}

/// The phone's first view: fetches what it can; without network it shows what it has.
async fn home(handset: &mut Handset, voice: Voice, now: UnixTime) -> Result<Home, Problem> {
    let (mut inbox, mut ended) = (Vec::new(), None);
    if handset.online {
        if let Halt::Done(Outcome::RefusedByServer { problem, .. }) = handset.begin(Task::Sync, now).await? {
            ended = Some(if voice.tag() == "en" { problem.en } else { problem.sv });
        }
        if handset.core().waiting_in_outbox() > 0 {
            handset.begin(Task::Upload, now).await?;
        }
        if let Halt::Done(Outcome::Inbox(waiting)) = handset.begin(Task::Inbox, now).await? {
            inbox = waiting.items;
        }
    }
    let identity = handset.core().identity();
    Ok(Home {
        organisation: identity.map(|identity| identity.organisation.clone()).unwrap_or_default(),
        who: identity.map(|identity| identity.who.to_string()).unwrap_or_default(),
        synced: handset.core().synced_at().map(|at| voice.time(at)).unwrap_or_default(),
        inbox,
        ready: counted(handset.core().doors(now).len()),
        doors: handset.core().doors(now).into_iter().map(|now| door(voice, now)).collect(),
        waiting: counted(handset.core().waiting_in_outbox()),
        ended,
    })
}

fn counted(many: impl TryInto<i64>) -> i64 {
    many.try_into().unwrap_or(i64::MAX)
}

fn door(voice: Voice, door: DoorNow) -> Door {
    let window = format!("{}–{}", voice.time(door.opens_at), voice.time(door.closes_at));
    Door { id: door.door, name: door.name, window, is_now: door.when == When::Now }
}

/// `POST /demo/telefon/skanna`: holds the camera to the desk's screen.
pub(super) async fn scan(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let is_enrolled = handset.core().identity().is_some();
    match place.camera() {
        Some(Seen::Invitation(link)) if !is_enrolled => {
            identity::invitation_page(&server, voice, &link, format!("/demo/telefon/ja/{link}"), now).await
        }
        Some(Seen::Login(id)) if is_enrolled => {
            let text = Bearer::new(camera::text(&server, &Seen::Login(id), now).await?);
            let halt = handset.begin(Task::Approve { start: Start::Qr { text } }, now).await?;
            after(&server, &place, &mut handset, voice, halt, now).await
        }
        _ => {
            let message = Message { is_good: false, text: voice.say("phone-sees-nothing"), event: "" };
            shown(&server, &place, &mut handset, voice, Some(message), now).await
        }
    }
}

/// `POST /demo/telefon/ja/{link}`: "Ja, på min telefon". The invented planning system then plans today's visits.
pub(super) async fn yes(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    mut rng: Rng,
    voice: Voice,
    Path(link): Path<String>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let invitation = Bearer::new(&link);
    let halt = handset.begin(Task::Enrol { invitation, terms_version: identity::TERMS_VERSION.to_owned() }, now).await?;
    if let (Halt::Done(Outcome::Enrolled { .. }), Some(identity)) = (&halt, handset.core().identity()) {
        let who = identity.who.to_string();
        server
            .db
            .write(async |tx| {
                let worker = identity::by_who(tx, &who).await?.ok_or_else(Problem::gone)?;
                town::plan_today(tx, &place.town.organisation, &worker.affiliation_id, now, &mut rng).await
            })
            .await?;
    }
    after(&server, &place, &mut handset, voice, halt, now).await
}

#[derive(Deserialize)]
pub(super) struct Pressed {
    button: String,
}

/// `POST /demo/telefon/tryck`.
pub(super) async fn press(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let button = match pressed.button.as_str() {
        "again" => Button::Again,
        "approve" => Button::Approve,
        "back" => Button::Back,
        "cancel" => Button::Cancel,
        "next" => Button::Next,
        "not_me" => Button::NotMe,
        "read" => Button::Open { document: 1, page: 1 },
        "remove_here" => Button::RemoveHere,
        _ => return Err(Problem::bad("unknown_button", "Knappen finns inte.", "There is no such button.")),
    };
    let mut handset = place.handset.lock().await;
    let halt = handset.press(button, now).await?;
    after(&server, &place, &mut handset, voice, halt, now).await
}

/// `POST /demo/telefon/skriv-under/{signature}`: opens the document at its first page.
pub(super) async fn sign(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Path(signature): Path<SignatureId>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let mut halt = handset.begin(Task::Approve { start: Start::Assigned { signature } }, now).await?;
    if matches!(halt, Halt::Shown(Screen::Approval(_))) {
        halt = handset.press(Button::Open { document: 1, page: 1 }, now).await?;
    }
    after(&server, &place, &mut handset, voice, halt, now).await
}

/// `POST /demo/telefon/oppna/{door}`.
pub(super) async fn open(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Path(door): Path<DoorId>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    let halt = handset.open(&door, now).await?;
    after(&server, &place, &mut handset, voice, halt, now).await
}

/// `POST /demo/telefon/tackning`: "Ingen täckning", on and off.
pub(super) async fn coverage(Extension(place): Extension<Arc<Place>>) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.online = !handset.online;
    handset.keep()?;
    Ok(Redirect::to("/demo/telefon").into_response())
}

/// `POST /demo/telefon/insyn`: "Det arbetsgivaren ser", on the phone.
pub(super) async fn insight(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    match handset.begin(Task::Transparency, now).await? {
        Halt::Done(Outcome::Transparency(insight)) => {
            Ok(Page(PhonePage { voice, view: View::Insight(insight), online: handset.online, message: None }).into_response())
        }
        halt => after(&server, &place, &mut handset, voice, halt, now).await,
    }
}

/// `POST /demo/telefon/ta-bort`: with one tap.
pub(super) async fn remove(
    State(server): State<Server>,
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    let halt = handset.begin(Task::Remove, now).await?;
    after(&server, &place, &mut handset, voice, halt, now).await
}

/// `POST /demo/borja-om`: a phone out of its box.
pub(super) async fn start_over(State(server): State<Server>, Extension(place): Extension<Arc<Place>>) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    *handset = place.new_handset(&server.config.issuer);
    handset.keep()?;
    Ok(Redirect::to("/").into_response())
}

/// `GET /demo/telefon/sida.png`: the page that is being read.
pub(super) async fn page_picture(Extension(place): Extension<Arc<Place>>) -> Result<Response, Problem> {
    let handset = place.handset.lock().await;
    match handset.screen() {
        Some(Screen::Page(page)) => {
            Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")], page.image.0.clone()).into_response())
        }
        _ => Err(Problem::not_found()),
    }
}

/// The next view, with a sentence about what has just happened.
async fn after(server: &Server, place: &Place, handset: &mut Handset, voice: Voice, halt: Halt, now: UnixTime) -> Result<Response, Problem> {
    let message = match halt {
        Halt::Shown(_) => None,
        Halt::Done(outcome) => told(voice, &outcome),
    };
    shown(server, place, handset, voice, message, now).await
}

fn told(voice: Voice, outcome: &Outcome) -> Option<Message> {
    let good = |event| Some(Message { is_good: true, text: voice.say(&format!("phone-{event}")), event });
    let bad = |text| Some(Message { is_good: false, text, event: "" });
    match outcome {
        Outcome::Approved { .. } => good("approved"),
        Outcome::Declined { .. } => good("declined"),
        Outcome::Enrolled { .. } => good("enrolled"),
        Outcome::Opened { .. } => good("opened"),
        Outcome::Removed { .. } => good("removed"),
        Outcome::RefusedByServer { problem, .. } => bad(if voice.tag() == "en" { problem.en.clone() } else { problem.sv.clone() }),
        Outcome::RefusedByLock(refusal) => bad(by_lock(voice, refusal)),
        Outcome::Abandoned | Outcome::Refused { .. } => bad(voice.say("phone-refused")),
        Outcome::Inbox(_) | Outcome::Synced { .. } | Outcome::Transparency(_) | Outcome::Uploaded { .. } => None,
    }
}

/// "Passet gäller kl 14.00–15.30. Klockan är 13.20."
fn by_lock(voice: Voice, refusal: &handslag_phone::LockRefusal) -> String {
    match (refusal.from, refusal.until) {
        (Some(from), Some(until)) => voice.say2("phone-lock-time", &("from", &voice.time(from)), &("until", &voice.time(until))),
        _ => voice.say1("phone-lock-refused", "code", &refusal.code),
    }
}
