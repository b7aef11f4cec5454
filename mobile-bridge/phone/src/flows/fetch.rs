//! Tasks of one question: the inbox, the wallet, what the employer sees.

use serde::{Deserialize, Serialize};

use super::{Ask, Call, Ground, Next, Step, read};
use crate::{
    Got, OutOfTurn, Outcome, Refusal,
    wire::{Inbox, Wallet},
};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Inbox,
    Transparency,
    Wallet,
}

impl State {
    pub(super) fn ask(self) -> Ask {
        Call::get(match self {
            Self::Inbox => "/phone/inbox",
            Self::Transparency => "/phone/transparency",
            Self::Wallet => "/phone/wallet",
        })
    }

    pub(super) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        let Got::Answer { status, body } = got else { return Err(OutOfTurn::Unexpected) };
        let outcome = match self {
            Self::Inbox => read(status, &body).map(|inbox| Outcome::Inbox(waiting(inbox, ground))),
            Self::Transparency => read(status, &body).map(|transparency| Outcome::Transparency(Box::new(transparency))),
            Self::Wallet => read(status, &body).map(|wallet| keep(wallet, ground)),
        };
        Ok(Next::End(outcome.unwrap_or_else(|outcome| outcome)))
    }
}

/// What has expired on the way is not offered.
fn waiting(mut inbox: Inbox, ground: &Ground<'_>) -> Inbox {
    inbox.items.retain(|item| ground.now <= item.expires_at);
    inbox.log_ins.retain(|asked| ground.now <= asked.expires_at);
    inbox
}

fn keep(wallet: Wallet, ground: &mut Ground<'_>) -> Outcome {
    let Some(identity) = &ground.memory.identity else { return Outcome::Refused { refusal: Refusal::NotEnrolled } };
    let left_out = ground.memory.wallet.replace(wallet, &identity.keys.door);
    Outcome::Synced { doors: ground.memory.wallet.len(), left_out }
}
