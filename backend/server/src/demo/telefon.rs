//! What a visitor does with the demonstration's phone. Every act is a plain HTML form and is answered with the phone's next view, so
//! that it works in any browser.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use handslag_phone::{
    Button, Outcome, Screen, Task,
    wire::{Bearer, Start},
};
use handslag_vocab::{ApprovalId, DoorId, SignatureId};
use serde::Deserialize;

use super::{
    camera::{self, Seen},
    handset::Halt,
    place::Place,
    screens::{Message, after, good, shown},
    town,
};
use crate::{
    caller::{Now, Rng},
    identity,
    problem::Problem,
    server::Server,
    words::Voice,
};

/// `GET /demo/telefon`, and every address below it that a browser loads again.
pub(super) async fn show(Extension(place): Extension<Arc<Place>>, Now(now): Now, voice: Voice) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    handset.take_up(now).await?;
    shown(&mut handset, voice, None, now).await
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
            after(&mut handset, voice, halt, now).await
        }
        _ => {
            let message = Message { is_good: false, text: voice.say("phone-sees-nothing"), event: "" };
            shown(&mut handset, voice, Some(message), now).await
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
    after(&mut handset, voice, halt, now).await
}

#[derive(Deserialize)]
pub(super) struct Pressed {
    button: String,
    /// The end of every page has been in view.
    #[serde(default)]
    has_read: bool,
    /// The number of the other screen, where one was asked for.
    number: Option<String>,
}

/// `POST /demo/telefon/tryck`.
pub(super) async fn press(
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    let button = match pressed.button.as_str() {
        "again" => Some(Button::Again),
        "approve" => Some(Button::Approve),
        "cancel" => Some(Button::Cancel),
        "look" => Some(Button::Look),
        "not_me" => Some(Button::NotMe),
        "remove_here" => Some(Button::RemoveHere),
        "has_read" => None,
        _ => return Err(Problem::bad("unknown_button", "Knappen finns inte.", "There is no such button.")),
    };
    let mut handset = place.handset.lock().await;
    if button.is_none() || (button == Some(Button::Approve) && pressed.has_read) {
        handset.has_read(now).await?;
    }
    if let (Some(Button::Approve), Some(number)) = (button, pressed.number.as_deref().and_then(|typed| typed.trim().parse().ok())) {
        handset.press(Button::Number { number }, now).await?;
    }
    match button {
        None => shown(&mut handset, voice, None, now).await,
        Some(button) => {
            let is_signature = matches!(handset.screen(), Some(Screen::Approval(screen)) if !screen.what_happens.documents.is_empty());
            match handset.press(button, now).await? {
                Halt::Done(Outcome::Approved { .. }) if is_signature => shown(&mut handset, voice, Some(good(voice, "signed")), now).await,
                halt => after(&mut handset, voice, halt, now).await,
            }
        }
    }
}

/// `POST /demo/telefon/skriv-under/{signature}`: opens the document.
pub(super) async fn sign(
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Path(signature): Path<SignatureId>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let halt = handset.begin(Task::Approve { start: Start::Assigned { signature } }, now).await?;
    after(&mut handset, voice, halt, now).await
}

/// `POST /demo/telefon/fraga/{txn}`: opens what a service asks.
pub(super) async fn answer(
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Path(approval): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let halt = handset.begin(Task::Approve { start: Start::Asked { approval } }, now).await?;
    after(&mut handset, voice, halt, now).await
}

#[derive(Deserialize)]
pub(super) struct Typed {
    siffror: String,
}

/// `POST /demo/telefon/kod`: eight digits from the desk's screen.
pub(super) async fn digits(
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let digits: String = typed.siffror.chars().filter(|c| !c.is_whitespace()).collect();
    let halt = handset.begin(Task::Approve { start: Start::Code { digits: Bearer::new(digits) } }, now).await?;
    after(&mut handset, voice, halt, now).await
}

/// `POST /demo/telefon/oppna/{door}`.
pub(super) async fn open(
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Path(door): Path<DoorId>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    let halt = handset.open(&door, now).await?;
    after(&mut handset, voice, halt, now).await
}

#[derive(Deserialize)]
pub(super) struct Coverage {
    online: bool,
}

/// `POST /demo/telefon/tackning`: "Ingen täckning", on or off, however often it is sent.
pub(super) async fn coverage(
    Extension(place): Extension<Arc<Place>>,
    Now(now): Now,
    voice: Voice,
    Form(coverage): Form<Coverage>,
) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    handset.online = coverage.online;
    shown(&mut handset, voice, None, now).await
}

/// `POST /demo/telefon/insyn`: "Det arbetsgivaren ser", on the phone.
pub(super) async fn insight(Extension(place): Extension<Arc<Place>>, Now(now): Now, voice: Voice) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    handset.speak(voice.language());
    let halt = handset.begin(Task::Transparency, now).await?;
    after(&mut handset, voice, halt, now).await
}

/// `POST /demo/telefon/ta-bort`: with one tap.
pub(super) async fn remove(Extension(place): Extension<Arc<Place>>, Now(now): Now, voice: Voice) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    let halt = handset.begin(Task::Remove, now).await?;
    after(&mut handset, voice, halt, now).await
}

#[derive(Deserialize)]
pub(super) struct Which {
    dokument: u32,
    sida: u32,
}

/// `GET /demo/telefon/sida.png?dokument=1&sida=7`: a page that the reader comes near.
pub(super) async fn page_picture(Extension(place): Extension<Arc<Place>>, Now(now): Now, Query(which): Query<Which>) -> Result<Response, Problem> {
    let mut handset = place.handset.lock().await;
    let picture = handset.picture(which.dokument, which.sida, now).await?.ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")], picture).into_response())
}
