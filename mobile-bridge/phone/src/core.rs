//! The core: one task at a time, one want at a time. It does no IO and has no clock and no randomness; the shell does what is
//! wanted and resumes it. Every request is proved here by the device key, every signature is checked here before it is used, and
//! a lost network is asked about here, so that the flows hold only their own matter.

use handslag_door::Nonce;
use handslag_vocab::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{
    Button, Choice, DoorNow, Got, Identity, Moment, OutOfTurn, Outcome, Refusal, Request, Screen, Task, Turn, Want,
    dpop::Proof,
    es256,
    flows::{Ask, Call, Flow, Ground, Next, approve, enrol, fetch, remove, unlock, upload},
    key_store::Verification,
    memory::Memory,
    wire::{KeyUse, Language, RawSignature, Start},
};

/// Marks the form of what [`Core::save`] gives.
const TYPE: &str = "se.handslag.phone/1";

/// The phone's core for one work identity. A person with two has two.
pub struct Core {
    server: String,
    language: Language,
    memory: Memory,
    turn: u64,
    running: Option<Running>,
}

struct Running {
    flow: Flow,
    carrying: Carrying,
}

/// How far a request has come, when the flow wants one.
enum Carrying {
    /// Killed on the way: what was under way is unknown.
    Lost,
    /// The flow wants no request.
    None,
    /// The device key is to sign the proof.
    Proving(Proof),
    /// The request is with the shell, with its proof if the phone is enrolled.
    Sending(Option<String>),
    /// The server was not reached, or was not itself.
    Stopped,
}

/// The state was not saved by a core of this version.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// Not JSON, or not these members.
    #[error("the saved state could not be read")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("the saved state is not of version 1")]
    Type,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<F, M> {
    flow: Option<F>,
    language: Language,
    memory: M,
    server: String,
    turn: u64,
    #[serde(rename = "type")]
    form: String,
}

impl Core {
    /// A core without identity. `server` is the address without a slash at the end, as `https://kvarnby.example`.
    pub fn new(server: impl Into<String>, language: Language) -> Self {
        Self { server: server.into(), language, memory: Memory::default(), turn: 0, running: None }
    }

    /// The work identity, when the phone is enrolled.
    pub const fn identity(&self) -> Option<&Identity> {
        self.memory.identity.as_ref()
    }

    /// The language of the next task.
    pub const fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// The doors in the wallet: what can be opened now first. Needs no network.
    pub fn doors(&self, now: UnixTime) -> Vec<DoorNow> {
        self.memory.wallet.doors(now)
    }

    /// When the wallet was fetched, by the server's clock.
    pub const fn synced_at(&self) -> Option<UnixTime> {
        self.memory.wallet.synced_at()
    }

    /// How many receipts and batches of logs wait to be carried home.
    pub fn waiting_in_outbox(&self) -> usize {
        self.memory.outbox.len()
    }

    /// Begins a task. Fails with [`OutOfTurn::Busy`] while another runs.
    pub fn start(&mut self, task: Task, moment: &mut Moment<'_>) -> Result<Turn, OutOfTurn> {
        if self.running.is_some() {
            return Err(OutOfTurn::Busy);
        }
        let next = self.first(task, moment.now).unwrap_or_else(Next::refuse);
        Ok(self.go(next, moment))
    }

    /// Takes the answer to turn `number` and gives the next want. On failure nothing has changed.
    pub fn resume(&mut self, number: u64, got: Got, moment: &mut Moment<'_>) -> Result<Turn, OutOfTurn> {
        let running = self.running.as_ref().ok_or(OutOfTurn::Idle)?;
        if number != self.turn {
            return Err(OutOfTurn::Turn);
        }
        match (&running.carrying, got) {
            (Carrying::Proving(proof), Got::Signature(signature)) => {
                let header = self.proved(proof, &signature)?;
                Ok(self.carry(Carrying::Sending(Some(header))))
            }
            (Carrying::Proving(_), Got::KeyStoreRefused) => Ok(self.go(Next::refuse(Refusal::KeyStore), moment)),
            // A look that reached nobody changes nothing: the question on the screen stands.
            (Carrying::Sending(_), got @ (Got::Unreachable | Got::Answer { status: 500.., .. })) if running.flow.is_look() => self.step(got, moment),
            (Carrying::Sending(_), Got::Unreachable | Got::Answer { status: 500.., .. }) => Ok(self.carry(Carrying::Stopped)),
            (Carrying::Sending(_), got @ Got::Answer { .. }) | (Carrying::None, got) => self.step(got, moment),
            (Carrying::Stopped, Got::Pressed(button)) => self.after_stop(button, moment),
            _ => Err(OutOfTurn::Unexpected),
        }
    }

    /// Gives up the running task. The want may be that keys be destroyed first.
    pub fn abandon(&mut self, moment: &mut Moment<'_>) -> Result<Turn, OutOfTurn> {
        let running = self.running.take().ok_or(OutOfTurn::Idle)?;
        Ok(self.go(running.flow.abandon(), moment))
    }

    /// Wants again what the running task waits for, after a kill: with a new number, and with a new proof for a request, since
    /// an old one is worth nothing. `None` when nothing runs.
    pub fn again(&mut self, moment: &mut Moment<'_>) -> Option<Turn> {
        let running = self.running.take()?;
        Some(self.go(Next::On(running.flow), moment))
    }

    /// Everything but the keys, as bytes for the app's own private storage. To be called after each turn, before the want is
    /// done, so that a kill loses nothing.
    pub fn save(&self) -> Vec<u8> {
        let saved = Saved {
            flow: self.running.as_ref().map(|running| &running.flow),
            language: self.language,
            memory: &self.memory,
            server: self.server.clone(),
            turn: self.turn,
            form: TYPE.to_owned(),
        };
        // Serialising our own structures into memory cannot fail: their map keys are strings.
        serde_json::to_vec(&saved).unwrap_or_default()
    }

    /// Takes what [`Core::save`] gave. A running task goes on with [`Core::again`].
    pub fn restore(bytes: &[u8]) -> Result<Self, NotRestored> {
        let saved: Saved<Flow, Memory> = serde_json::from_slice(bytes)?;
        if saved.form != TYPE {
            return Err(NotRestored::Type);
        }
        let running = saved.flow.map(|flow| {
            let carrying = if matches!(flow.ask(&saved.memory), Ask::Call(_)) { Carrying::Lost } else { Carrying::None };
            Running { flow, carrying }
        });
        Ok(Self { server: saved.server, language: saved.language, memory: saved.memory, turn: saved.turn, running })
    }

    fn first(&mut self, task: Task, now: UnixTime) -> Result<Next, Refusal> {
        let enrolled = self.memory.identity.is_some();
        let language = self.language;
        let flow = match task {
            Task::Enrol { .. } if enrolled => return Err(Refusal::AlreadyEnrolled),
            Task::Enrol { invitation, terms_version } => Flow::Enrol(enrol::State::Starting { invitation, terms_version, language }),
            _ if !enrolled => return Err(Refusal::NotEnrolled),
            Task::Approve { start } if !has_form(&start) => return Err(Refusal::CodeForm),
            Task::Approve { start } => Flow::Approve(approve::State::Claiming { start, language }),
            Task::Inbox => Flow::Fetch(fetch::State::Inbox),
            Task::Remove => Flow::Remove(remove::State::Telling),
            Task::Sync => Flow::Fetch(fetch::State::Wallet),
            Task::Transparency => Flow::Fetch(fetch::State::Transparency),
            Task::Unlock { door, lock, nonce, op, reason, verified_ago } => {
                let chosen = self.memory.wallet.choose(&door, lock, now)?;
                let number = self.memory.openings.saturating_add(1);
                let state = unlock::State::start(chosen, Nonce(nonce), unlock::Wish { op, reason, verified_ago }, number)?;
                self.memory.openings = number;
                Flow::Unlock(state)
            }
            Task::Upload if self.memory.outbox.len() == 0 => return Ok(Next::End(Outcome::Uploaded { left: 0 })),
            Task::Upload => Flow::Upload(upload::State::Delivering),
        };
        Ok(Next::On(flow))
    }

    /// Lets the flow go on. A signature is checked first: it must be the one that was asked for.
    fn step(&mut self, got: Got, moment: &mut Moment<'_>) -> Result<Turn, OutOfTurn> {
        let running = self.running.as_ref().ok_or(OutOfTurn::Idle)?;
        if let (Ask::Sign(to_sign), Got::Signature(signature)) = (running.flow.ask(&self.memory), &got)
            && !es256::verifies(&to_sign.public_key, &to_sign.bytes, signature)
        {
            return Err(OutOfTurn::Signature);
        }
        // The flow consumes itself, so that no state is used twice; a refused step leaves the old one.
        let flow = running.flow.clone();
        let next = flow.next(got, &mut Ground { memory: &mut self.memory, now: moment.now })?;
        Ok(self.go(next, moment))
    }

    fn go(&mut self, next: Next, moment: &mut Moment<'_>) -> Turn {
        match next {
            Next::On(flow) => {
                let carrying = match flow.ask(&self.memory) {
                    Ask::Call(call) => self.prove(&call, moment),
                    _ => Carrying::None,
                };
                self.running = Some(Running { flow, carrying });
                self.turn()
            }
            Next::End(outcome) => {
                self.running = None;
                self.numbered(Want::Done(outcome))
            }
        }
    }

    /// Everything after the enrolment is proved.
    fn prove(&self, call: &Call, moment: &mut Moment<'_>) -> Carrying {
        let address = format!("{}{}", self.server, call.path);
        match &self.memory.identity {
            Some(identity) => Carrying::Proving(Proof::new(call.method.as_str(), &address, &identity.keys.device, moment.now, moment.rng)),
            None => Carrying::Sending(None),
        }
    }

    fn proved(&self, proof: &Proof, signature: &RawSignature) -> Result<String, OutOfTurn> {
        let fits = self.identity().is_some_and(|identity| es256::verifies(&identity.keys.device, proof.signing_input(), signature));
        if fits { Ok(proof.signed(signature)) } else { Err(OutOfTurn::Signature) }
    }

    fn carry(&mut self, carrying: Carrying) -> Turn {
        if let Some(running) = &mut self.running {
            running.carrying = carrying;
        }
        self.turn()
    }

    fn after_stop(&mut self, button: Button, moment: &mut Moment<'_>) -> Result<Turn, OutOfTurn> {
        let running = self.running.as_ref().ok_or(OutOfTurn::Idle)?;
        if !stop_buttons(&running.flow).contains(&Choice::on(button)) {
            return Err(OutOfTurn::Button);
        }
        match button {
            Button::Again => self.again(moment).ok_or(OutOfTurn::Idle),
            Button::Cancel => self.abandon(moment),
            other => self.step(Got::Pressed(other), moment),
        }
    }

    fn turn(&mut self) -> Turn {
        let want = self.want();
        self.numbered(want)
    }

    fn numbered(&mut self, want: Want) -> Turn {
        self.turn = self.turn.saturating_add(1);
        Turn { number: self.turn, want }
    }

    /// A pure function of the state.
    fn want(&self) -> Want {
        let Some(Running { flow, carrying }) = &self.running else { return Want::Done(Outcome::Abandoned) };
        match (flow.ask(&self.memory), carrying) {
            (Ask::Call(_), Carrying::Proving(proof)) => {
                Want::Sign { key: KeyUse::Device, bytes: proof.signing_input().to_vec(), verification: Verification::None }
            }
            (Ask::Call(call), Carrying::Sending(proof)) => Want::Send(self.request(call, proof.as_deref())),
            (Ask::Call(_), _) => Want::Show(Screen::NoNetwork { buttons: stop_buttons(flow) }),
            (Ask::Attest(challenge), _) => Want::Attest { challenge },
            (Ask::Forget, _) => Want::Forget,
            (Ask::Generate(challenge), _) => Want::Generate { challenge },
            (Ask::Show(screen), _) => Want::Show(screen),
            (Ask::Sign(to_sign), _) => Want::Sign { key: to_sign.key, bytes: to_sign.bytes, verification: to_sign.verification },
            (Ask::ToLock { pass, request }, _) => Want::ToLock { pass, request },
        }
    }

    fn request(&self, call: Call, proof: Option<&str>) -> Request {
        let mut headers = vec![("accept-language", self.language.as_str().to_owned())];
        if !call.body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        headers.extend(proof.map(|proof| ("dpop", proof.to_owned())));
        Request { body: call.body, headers, method: call.method, path: call.path }
    }
}

/// A worker can always remove the identity, reached or not.
fn stop_buttons(flow: &Flow) -> Vec<Choice> {
    let here = matches!(flow, Flow::Remove(_)).then_some(Button::RemoveHere);
    [Button::Again, Button::Cancel].into_iter().chain(here).map(Choice::on).collect()
}

/// A typed code is eight digits; the rest is the server's to read.
fn has_form(start: &Start) -> bool {
    match start {
        Start::Code { digits } => digits.reveal().len() == 8 && digits.reveal().bytes().all(|digit| digit.is_ascii_digit()),
        Start::Asked { .. } | Start::Assigned { .. } | Start::Link { .. } | Start::Qr { .. } => true,
    }
}
