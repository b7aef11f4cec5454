//! Carrying receipts and logs home, some at a time, until the outbox is empty or the server takes no more.

use serde::{Deserialize, Serialize};

use super::{Ask, Call, Flow, Ground, Next, Step, read};
use crate::{Got, OutOfTurn, Outcome, Refusal, memory::Memory, wire::OutboxAnswer};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Delivering,
}

impl State {
    pub(super) fn ask(self, memory: &Memory) -> Ask {
        match self {
            Self::Delivering => Call::post("/phone/outbox", &memory.outbox.front()),
        }
    }

    pub(super) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        let Got::Answer { status, body } = got else { return Err(OutOfTurn::Unexpected) };
        let answer: OutboxAnswer = match read(status, &body) {
            Ok(answer) => answer,
            Err(outcome) => return Ok(Next::End(outcome)),
        };
        if !ground.memory.outbox.delivered(answer) {
            return Ok(Next::refuse(Refusal::AnswerUnreadable));
        }
        let left = ground.memory.outbox.len();
        let goes_on = left > 0 && (answer.logs > 0 || answer.receipts > 0);
        Ok(if goes_on { Next::On(Flow::Upload(self)) } else { Next::End(Outcome::Uploaded { left }) })
    }
}
