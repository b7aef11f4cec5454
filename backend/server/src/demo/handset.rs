//! A phone in the demonstration: the real core of `mobile-bridge/phone` with keys in memory, driven here. It talks to this server
//! over real HTTP like any phone, and to the simulated locks like any phone.
//!
//! A kept one is written to the disk before each thing that its core wants is done: whatever the server or a lock has seen of it, it
//! knows of after a kill, and goes on there.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use handslag_phone::{
    ApprovalScreen, Button, Core, Got, Method, Moment, OutOfTurn, Outcome, Request, Screen, SoftwareKeyStore, Task, Turn, Want, key_store,
    wire::{Fixed, Language},
};
use handslag_vocab::{DoorId, Seconds, UnixTime};
use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};

use super::locks::Locks;
use crate::{caller::Rng, problem::Problem, words};

/// A phone with its network switch.
pub struct Handset {
    core: Core,
    keys: SoftwareKeyStore,
    turn: Option<Turn>,
    http: reqwest::Client,
    base: String,
    locks: Arc<Locks>,
    /// Pictures of the pages that are laid below each other now, by the path that they were fetched from.
    pictures: BTreeMap<String, Vec<u8>>,
    /// Where it is kept; an unkept one is gone with the process.
    kept: Option<PathBuf>,
    /// "Ingen täckning" is off.
    pub online: bool,
}

/// Where a task stands after the phone has done all that it could by itself.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Halt {
    /// It is over.
    Done(Outcome),
    /// A person must look and press.
    Shown(Screen),
}

#[derive(Serialize, Deserialize)]
struct Saved {
    core: Vec<u8>,
    keys: Vec<u8>,
    online: bool,
}

impl Handset {
    /// A new phone out of its box. `base` is where this server listens, `issuer` what it calls itself.
    pub fn new(base: &str, issuer: &str, vendor: SigningKey, locks: Arc<Locks>) -> Self {
        let core = Core::new(issuer, Language::Sv);
        let (keys, pictures) = (SoftwareKeyStore::new(vendor), BTreeMap::new());
        Self { core, keys, turn: None, http: http(), base: base.to_owned(), locks, pictures, kept: None, online: true }
    }

    /// Everything that outlives a restart.
    fn save(&self) -> Vec<u8> {
        let saved = Saved { core: self.core.save(), keys: self.keys.export().to_vec(), online: self.online };
        serde_json::to_vec(&saved).unwrap_or_default()
    }

    /// The phone as it was.
    pub fn restore(bytes: &[u8], base: &str, vendor: SigningKey, locks: Arc<Locks>, now: UnixTime) -> Option<Self> {
        let saved: Saved = serde_json::from_slice(bytes).ok()?;
        let mut core = Core::restore(&saved.core).ok()?;
        let turn = core.again(&mut Moment { now, rng: &mut Rng::system() });
        let keys = SoftwareKeyStore::import(vendor, &saved.keys).ok()?;
        Some(Self { core, keys, turn, http: http(), base: base.to_owned(), locks, pictures: BTreeMap::new(), kept: None, online: saved.online })
    }

    /// The same phone, kept in this file from now on.
    #[must_use]
    pub fn kept_in(self, file: PathBuf) -> Self {
        Self { kept: Some(file), ..self }
    }

    /// Writes it to the disk, if it is kept.
    pub fn keep(&self) -> Result<(), Problem> {
        self.kept.as_ref().map_or(Ok(()), |file| private(file, &self.save()).map_err(|error| Problem::internal(&error)))
    }

    /// What it knows.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// The language of the next task.
    pub fn speak(&mut self, language: words::Language) {
        let language = if language == words::Language::English { Language::En } else { Language::Sv };
        self.core.set_language(language);
    }

    /// The screen that waits for the person, if any.
    pub fn screen(&self) -> Option<&Screen> {
        match self.turn.as_ref().map(|turn| &turn.want) {
            Some(Want::Show(screen)) => Some(screen),
            _ => None,
        }
    }

    /// Goes on with what a kill interrupted, until the person is needed. Nothing to do otherwise.
    pub async fn take_up(&mut self, now: UnixTime) -> Result<(), Problem> {
        if let Some(turn) = self.turn.take_if(|turn| !matches!(turn.want, Want::Show(_))) {
            self.go_on(turn, now).await?;
        }
        Ok(())
    }

    /// Begins a task and goes on until the person is needed. What waited for the person before is given up; what a kill interrupted is
    /// brought to its end first, because the server may have heard of it.
    pub async fn begin(&mut self, task: Task, now: UnixTime) -> Result<Halt, Problem> {
        self.take_up(now).await?;
        self.put_away(now).await?;
        let turn = self.core.start(task, &mut Moment { now, rng: &mut Rng::system() }).map_err(out_of_turn)?;
        self.go_on(turn, now).await
    }

    /// The person pressed a button of the screen.
    pub async fn press(&mut self, button: Button, now: UnixTime) -> Result<Halt, Problem> {
        let number = self.turn.as_ref().map(|turn| turn.number).ok_or_else(Problem::gone)?;
        let turn = self.core.resume(number, Got::Pressed(button), &mut Moment { now, rng: &mut Rng::system() }).map_err(out_of_turn)?;
        self.go_on(turn, now).await
    }

    /// The picture of one page of what is asked about, to lay it below the others. Looking is not reading: the core goes to the page
    /// and back, and counts nothing.
    pub async fn picture(&mut self, document: u32, page: u32, now: UnixTime) -> Result<Option<Vec<u8>>, Problem> {
        if !matches!(self.screen(), Some(Screen::Approval(_))) {
            return Ok(None);
        }
        let Halt::Shown(Screen::Page(shown)) = self.press(Button::Open { document, page }, now).await? else { return Ok(None) };
        self.press(Button::Back, now).await?;
        Ok(Some(shown.image.0))
    }

    /// Every page's end has come into view: tells the core so, page by page. Gives what the phone shows then.
    pub async fn has_read(&mut self, now: UnixTime) -> Result<(), Problem> {
        loop {
            let button = match self.screen() {
                Some(Screen::Approval(screen)) => match unread(screen) {
                    Some(page) => page,
                    None => return Ok(()),
                },
                Some(Screen::Page(_)) => Button::Next,
                _ => return Ok(()),
            };
            self.press(button, now).await?;
        }
    }

    /// Holds the phone to a door.
    pub async fn open(&mut self, door: &DoorId, now: UnixTime) -> Result<Halt, Problem> {
        let lock = self.locks.at(door).ok_or_else(Problem::gone)?;
        let nonce = self.locks.challenge(lock, &mut Rng::system()).ok_or_else(Problem::gone)?;
        let (op, reason, verified_ago) = (handslag_door::Op::Unlock, None, Seconds(0));
        self.begin(Task::Unlock { door: door.clone(), lock: Fixed(lock.0), nonce: nonce.0, op, reason, verified_ago }, now).await
    }

    async fn put_away(&mut self, now: UnixTime) -> Result<(), Problem> {
        if self.turn.take().is_some_and(|turn| !matches!(turn.want, Want::Done(_))) {
            let turn = self.core.abandon(&mut Moment { now, rng: &mut Rng::system() }).map_err(out_of_turn)?;
            self.go_on(turn, now).await?;
        }
        Ok(())
    }

    /// Does what the core wants until it wants a person or nothing more.
    async fn go_on(&mut self, mut turn: Turn, now: UnixTime) -> Result<Halt, Problem> {
        self.turn = None;
        loop {
            self.keep()?;
            let got = match &turn.want {
                Want::Done(outcome) => {
                    let outcome = outcome.clone();
                    self.pictures.clear();
                    return Ok(Halt::Done(outcome));
                }
                Want::Show(screen) => {
                    let screen = screen.clone();
                    self.turn = Some(turn);
                    return Ok(Halt::Shown(screen));
                }
                Want::Send(request) => self.send(request).await,
                Want::ToLock { pass, request } => self.to_lock(pass, request),
                by_keys => key_store::fulfil(&mut self.keys, by_keys, &mut Rng::system()).ok_or_else(Problem::gone)?,
            };
            turn = self.core.resume(turn.number, got, &mut Moment { now, rng: &mut Rng::system() }).map_err(out_of_turn)?;
        }
    }

    async fn send(&mut self, request: &Request) -> Got {
        if let Some(picture) = self.pictures.get(&request.path) {
            return Got::Answer { status: 200, body: picture.clone() };
        }
        if !self.online {
            return Got::Unreachable;
        }
        let url = format!("{}{}", self.base, request.path);
        let mut call = match request.method {
            Method::Delete => self.http.delete(url),
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url).body(request.body.clone()),
        };
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        let Ok(answer) = call.send().await else { return Got::Unreachable };
        let status = answer.status().as_u16();
        let is_picture = answer.headers().get("content-type").is_some_and(|media| media == "image/png");
        let Ok(body) = answer.bytes().await.map(|body| body.to_vec()) else { return Got::Unreachable };
        if status == 200 && is_picture {
            self.pictures.insert(request.path.clone(), body.clone());
        }
        Got::Answer { status, body }
    }

    fn to_lock(&self, pass: &[u8], request: &[u8]) -> Got {
        let lock = handslag_door::UnverifiedRequest::parse(request).map(|request| request.request.lock);
        let heard = lock.ok().and_then(|lock| self.locks.open(lock, pass, request));
        heard.map_or(Got::LockSilent, |heard| Got::FromLock { denied: heard.denied, logs: heard.logs, receipt: heard.receipt })
    }
}

/// The first page that is not read yet.
pub fn unread(screen: &ApprovalScreen) -> Option<Button> {
    let mut documents = screen.what_happens.documents.iter().zip(1_u32..);
    let (document, number) = documents.find(|(document, _)| document.pages_read < document.pages)?;
    Some(Button::Open { document: number, page: document.pages_read + 1 })
}

fn http() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    client.unwrap_or_default()
}

/// Written beside and renamed, readable by the owner only.
pub(super) fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

fn out_of_turn(error: OutOfTurn) -> Problem {
    tracing::warn!(%error, "the phone was asked out of turn");
    Problem::gone()
}
