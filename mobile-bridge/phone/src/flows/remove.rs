//! The worker removes the identity. It always works: if the server cannot be reached the keys can still be destroyed, and the
//! outcome says that nobody was told.

use serde::{Deserialize, Serialize};

use super::{Ask, Call, Flow, Ground, Next, Step};
use crate::{Button, Got, Method, OutOfTurn, Outcome, Refusal, memory::Memory};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Forgetting { server_told: bool },
    Telling,
}

impl State {
    pub(super) fn ask(self) -> Ask {
        match self {
            Self::Telling => Ask::Call(Call { method: Method::Delete, path: "/phone".to_owned(), body: Vec::new() }),
            Self::Forgetting { .. } => Ask::Forget,
        }
    }

    pub(super) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        let forget = |server_told| Next::On(Flow::Remove(Self::Forgetting { server_told }));
        Ok(match (self, got) {
            (Self::Telling, Got::Answer { status, .. }) => forget((200..300).contains(&status)),
            (Self::Telling, Got::Pressed(Button::RemoveHere)) => forget(false),
            (Self::Forgetting { server_told }, Got::Forgotten) => {
                *ground.memory = Memory::default();
                Next::End(Outcome::Removed { server_told })
            }
            // The keys are still there, so the identity is shown still, and the worker can try again.
            (Self::Forgetting { .. }, Got::KeyStoreRefused) => Next::refuse(Refusal::KeyStore),
            _ => return Err(OutOfTurn::Unexpected),
        })
    }
}
