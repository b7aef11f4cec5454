//! What the demonstration's phone shows: the core's screens as one HTML page, with a sentence about what has just happened.
//!
//! The pages of a document lie below each other with the question after them, and the first ones come in the answer itself, so that
//! nobody waits at each page. The question cannot be answered with a yes before the end of every page has been in view.

use askama::Template;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use handslag_phone::{
    ApprovalScreen, Button, DoorNow, NumberField, Outcome, Screen, Task, When,
    wire::{AskedLogIn, InboxItem, Transparency},
};
use handslag_vocab::{DoorId, UnixTime};

use super::handset::{self, Halt, Handset};
use crate::{page::Page, problem::Problem, words::Voice};

/// So many pages of a document come at once; the browser fetches the others as the reader comes near them.
const AT_ONCE: u32 = 6;

#[derive(Template)]
#[template(path = "demo/telefon.html")]
struct PhonePage {
    voice: Voice,
    view: View,
    online: bool,
    message: Option<Message>,
}

/// A sentence about what has just happened.
pub(super) struct Message {
    pub(super) is_good: bool,
    pub(super) text: String,
    /// What the frames around this page may go on with; nothing depends on it.
    pub(super) event: &'static str,
}

/// What the phone shows.
enum View {
    Approval(Box<Question>),
    Home(Home),
    Insight(Box<Transparency>),
    New,
    NoNetwork,
}

/// The approval screen, and what is still to be read before the yes can be pressed.
struct Question {
    screen: ApprovalScreen,
    can_approve: bool,
    wants_number: bool,
    sheets: Vec<Sheet>,
}

/// A page of a document, as a picture.
struct Sheet {
    page: u32,
    pages: u32,
    source: String,
}

struct Home {
    organisation: String,
    who: String,
    synced: String,
    inbox: Vec<InboxItem>,
    log_ins: Vec<AskedLogIn>,
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

/// The view after a task, with a sentence about how it ended.
pub(super) async fn after(handset: &mut Handset, voice: Voice, halt: Halt, now: UnixTime) -> Result<Response, Problem> {
    let message = match halt {
        Halt::Done(Outcome::Transparency(insight)) => {
            return Ok(Page(PhonePage { voice, view: View::Insight(insight), online: handset.online, message: None }).into_response());
        }
        Halt::Shown(_) => None,
        Halt::Done(outcome) => told(voice, &outcome),
    };
    shown(handset, voice, message, now).await
}

/// The view as the phone stands now.
pub(super) async fn shown(handset: &mut Handset, voice: Voice, message: Option<Message>, now: UnixTime) -> Result<Response, Problem> {
    if matches!(handset.screen(), Some(Screen::Page(_))) {
        handset.press(Button::Back, now).await?; // a page that was fetched late, after a moment without coverage
    }
    let view = match handset.screen().cloned() {
        Some(Screen::Approval(screen)) => View::Approval(Box::new(question(handset, screen, now).await?)),
        Some(Screen::NoNetwork { .. } | Screen::Page(_)) => View::NoNetwork,
        None if handset.core().identity().is_none() => View::New,
        None => View::Home(home(handset, voice, now).await?),
    };
    handset.keep()?;
    Ok(Page(PhonePage { voice, view, online: handset.online, message }).into_response())
}

async fn question(handset: &mut Handset, screen: ApprovalScreen, now: UnixTime) -> Result<Question, Problem> {
    let can_approve = screen.buttons.iter().any(|choice| choice.enabled && choice.button == Button::Approve);
    let mut sheets = Vec::new();
    if handset::unread(&screen).is_some() {
        for (document, number) in screen.what_happens.documents.iter().zip(1_u32..) {
            for page in 1..=document.pages {
                sheets.push(Sheet { page, pages: document.pages, source: source(handset, number, page, now).await? });
            }
        }
    }
    let wants_number = screen.number != NumberField::NotAsked;
    Ok(Question { screen, can_approve, wants_number, sheets })
}

/// The picture itself for the first pages, its address for the others.
async fn source(handset: &mut Handset, document: u32, page: u32, now: UnixTime) -> Result<String, Problem> {
    let picture = if page <= AT_ONCE { handset.picture(document, page, now).await? } else { None };
    Ok(match picture {
        Some(picture) => format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(picture)),
        None => format!("/demo/telefon/sida.png?dokument={document}&sida={page}"),
    })
}

/// The phone's first view: fetches what it can; without network it shows what it has.
async fn home(handset: &mut Handset, voice: Voice, now: UnixTime) -> Result<Home, Problem> {
    let (mut inbox, mut log_ins, mut ended) = (Vec::new(), Vec::new(), None);
    if handset.online {
        if let Halt::Done(Outcome::RefusedByServer { problem, .. }) = handset.begin(Task::Sync, now).await? {
            ended = Some(if voice.tag() == "en" { problem.en } else { problem.sv });
        }
        if handset.core().waiting_in_outbox() > 0 {
            handset.begin(Task::Upload, now).await?;
        }
        if let Halt::Done(Outcome::Inbox(waiting)) = handset.begin(Task::Inbox, now).await? {
            (inbox, log_ins) = (waiting.items, waiting.log_ins);
        }
    }
    let identity = handset.core().identity();
    Ok(Home {
        organisation: identity.map(|identity| identity.organisation.clone()).unwrap_or_default(),
        who: identity.map(|identity| identity.who.to_string()).unwrap_or_default(),
        synced: handset.core().synced_at().map(|at| voice.time(at)).unwrap_or_default(),
        inbox,
        log_ins,
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

/// Something went well. `event` is also the end of the sentence's key.
pub(super) fn good(voice: Voice, event: &'static str) -> Message {
    Message { is_good: true, text: voice.say(&format!("phone-{event}")), event }
}

fn told(voice: Voice, outcome: &Outcome) -> Option<Message> {
    let good = |event| Some(good(voice, event));
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
