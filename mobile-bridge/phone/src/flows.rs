//! The tasks as state machines. A state tells what it wants ([`Flow::ask`], pure); a transition consumes the state and gives
//! the next, or the end. Proofs of requests and lost networks are the core's matter, so a flow sees only answers.

pub(crate) mod approve;
pub(crate) mod enrol;
pub(crate) mod fetch;
pub(crate) mod remove;
pub(crate) mod unlock;
pub(crate) mod upload;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Got, Method, OutOfTurn, Outcome, Refusal, Screen, UnixTime,
    key_store::Verification,
    memory::Memory,
    wire::{Challenge, KeyUse, Problem, PublicKey},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flow {
    Approve(approve::State),
    Enrol(enrol::State),
    Fetch(fetch::State),
    Remove(remove::State),
    Unlock(unlock::State),
    Upload(upload::State),
}

/// What a state wants. Requests are still without proof.
pub(crate) enum Ask {
    Attest(Challenge),
    Call(Call),
    Forget,
    Generate(Challenge),
    Show(Screen),
    Sign(ToSign),
    ToLock { pass: Vec<u8>, request: Vec<u8> },
}

pub(crate) struct ToSign {
    pub(crate) key: KeyUse,
    /// By which the signature is checked when it comes.
    pub(crate) public_key: PublicKey,
    pub(crate) bytes: Vec<u8>,
    /// At least what the key demands.
    pub(crate) verification: Verification,
}

impl ToSign {
    pub(crate) const fn by(key: KeyUse, public_key: PublicKey, bytes: Vec<u8>) -> Self {
        Self { key, public_key, bytes, verification: key.verification() }
    }
}

pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Ask {
        Ask::Call(Self { method: Method::Get, path: path.into(), body: Vec::new() })
    }

    pub(crate) fn post(path: impl Into<String>, body: &impl Serialize) -> Ask {
        // Serialising our own structures into memory cannot fail.
        Ask::Call(Self { method: Method::Post, path: path.into(), body: serde_json::to_vec(body).unwrap_or_default() })
    }
}

/// Where a transition leads.
#[expect(clippy::large_enum_variant, reason = "it lives on the stack for one step")]
pub(crate) enum Next {
    End(Outcome),
    On(Flow),
}

impl Next {
    /// The phone's own refusal ends the task.
    pub(crate) const fn refuse(refusal: Refusal) -> Self {
        Self::End(Outcome::Refused { refusal })
    }
}

/// What a transition may use.
pub(crate) struct Ground<'a> {
    pub(crate) memory: &'a mut Memory,
    pub(crate) now: UnixTime,
}

pub(crate) type Step = Result<Next, OutOfTurn>;

impl Flow {
    pub(crate) fn ask(&self, memory: &Memory) -> Ask {
        match self {
            Self::Approve(state) => state.ask(memory),
            Self::Enrol(state) => state.ask(),
            Self::Fetch(state) => state.ask(),
            Self::Remove(state) => state.ask(),
            Self::Unlock(state) => state.ask(memory),
            Self::Upload(state) => state.ask(memory),
        }
    }

    /// `Err` has changed nothing, in the ground neither.
    pub(crate) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        match self {
            Self::Approve(state) => state.next(got, ground),
            Self::Enrol(state) => state.next(got, ground),
            Self::Fetch(state) => state.next(got, ground),
            Self::Remove(state) => state.next(got, ground),
            Self::Unlock(state) => state.next(got, ground),
            Self::Upload(state) => state.next(got, ground),
        }
    }

    /// Whether it only asks if the question still stands.
    pub(crate) const fn is_look(&self) -> bool {
        matches!(self, Self::Approve(approve::State::Looking { .. }))
    }

    /// The person gives up, or the shell does.
    pub(crate) fn abandon(self) -> Next {
        match self {
            Self::Enrol(state) => state.give_up(Outcome::Abandoned),
            _ => Next::End(Outcome::Abandoned),
        }
    }
}

/// Reads an answer. The core has taken away what is the server's or the network's fault (5xx).
pub(crate) fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Outcome> {
    accepted(status, body)?;
    serde_json::from_slice(body).map_err(|_| Outcome::Refused { refusal: Refusal::AnswerUnreadable })
}

/// For answers without a body.
pub(crate) fn accepted(status: u16, body: &[u8]) -> Result<(), Outcome> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    let problem = serde_json::from_slice::<Problem>(body).ok().filter(|_| (400..500).contains(&status));
    Err(problem.map_or(Outcome::Refused { refusal: Refusal::AnswerUnreadable }, |problem| Outcome::RefusedByServer { problem, status }))
}
