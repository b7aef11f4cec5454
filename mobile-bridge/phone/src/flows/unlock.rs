//! Opening a door: the lock has said its name and a fresh number; the door key signs the request over both and the pass. No
//! server takes part. The lock's receipt goes into the outbox.

use handslag_door::{Deny, Nonce, OpenRequest, Receipt, UnverifiedPass, log::Kind};
use handslag_vocab::Seconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Ask, Flow, Ground, Next, Step, ToSign};
use crate::{
    Got, OutOfTurn, Outcome, Refusal,
    key_store::Verification,
    memory::Memory,
    structure,
    wire::{Fixed, KeyUse, Octets, PublicKey, RawSignature, WalletDoor},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Asking { draft: Draft, pass: Octets, signature: RawSignature },
    Signing { draft: Draft, pass: Octets, verification: Verification },
}

/// A request, saved as the bytes that are signed and read back through their one encoding.
#[derive(Clone, Debug)]
pub(crate) struct Draft(OpenRequest);

impl Draft {
    fn to_be_signed(&self) -> Vec<u8> {
        // A request always fits its buffer; empty bytes would be refused by the key store.
        self.0.to_be_signed().map(|bytes| bytes.to_vec()).unwrap_or_default()
    }

    fn signed(&self, signature: &RawSignature) -> Vec<u8> {
        self.0.assemble(&signature.0).map(|bytes| bytes.to_vec()).unwrap_or_default()
    }
}

impl Serialize for Draft {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Octets(self.to_be_signed()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Draft {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Octets(bytes) = Octets::deserialize(deserializer)?;
        structure::opening(&bytes).map(Self).ok_or_else(|| D::Error::custom("not a request to a lock"))
    }
}

impl State {
    /// A pass that wants the person verified more recently than they were has them verified now.
    pub(crate) fn start(chosen: &WalletDoor, nonce: Nonce, wish: Wish, number: u32) -> Result<Self, Refusal> {
        let claims = UnverifiedPass::parse(&chosen.pass.0).map_err(|_| Refusal::DoorUnknown)?.claims;
        let limit = claims.class.uv_limit_s(claims.uv_max_age_s);
        let age = u32::try_from(wish.verified_ago.0).ok().filter(|age| *age <= limit);
        let verification = if age.is_some() { Verification::Grace } else { Verification::Fresh };
        let lock = handslag_door::LockId(chosen.lock_id.0);
        let request = OpenRequest::new(lock, nonce, &chosen.pass.0, wish.op, age.unwrap_or(0)).numbered(number);
        let request = wish.reason.map_or(request.clone(), |reason| request.because(reason));
        Ok(Self::Signing { draft: Draft(request), pass: chosen.pass.clone(), verification })
    }

    pub(super) fn ask(&self, memory: &Memory) -> Ask {
        match self {
            Self::Signing { draft, verification, .. } => {
                Ask::Sign(ToSign { key: KeyUse::Door, public_key: door_key(memory), bytes: draft.to_be_signed(), verification: *verification })
            }
            Self::Asking { draft, pass, signature } => Ask::ToLock { pass: pass.0.clone(), request: draft.signed(signature) },
        }
    }

    pub(super) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        Ok(match (self, got) {
            (Self::Signing { draft, pass, .. }, Got::Signature(signature)) => Next::On(Flow::Unlock(Self::Asking { draft, pass, signature })),
            (Self::Signing { .. }, Got::KeyStoreRefused) => Next::refuse(Refusal::KeyStore),
            (Self::Asking { .. }, Got::LockSilent) => Next::refuse(Refusal::LockSilent),
            (Self::Asking { draft, signature, .. }, Got::FromLock { denied, logs, receipt }) => {
                let asked = draft.signed(&signature);
                Next::End(heard(&draft.0, &asked, Answer { denied, logs, receipt }, ground).unwrap_or_else(|refusal| Outcome::Refused { refusal }))
            }
            _ => return Err(OutOfTurn::Unexpected),
        })
    }
}

/// What the worker wants, beside the door.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) op: handslag_door::Op,
    pub(crate) reason: Option<handslag_door::Reason>,
    pub(crate) verified_ago: Seconds,
}

fn heard(request: &OpenRequest, asked: &[u8], answer: Answer, ground: &mut Ground<'_>) -> Result<Outcome, Refusal> {
    let Answer { denied, logs, receipt } = answer;
    // Carried whatever the answer: they are for the server, and the phone cannot judge them.
    for batch in logs {
        ground.memory.outbox.add_log(batch);
    }
    let has_receipt = receipt.is_some();
    if let Some(receipt) = receipt {
        fits(&receipt, request, asked, denied.as_ref())?;
        ground.memory.outbox.add_receipt(receipt);
    }
    Ok(denied.map_or(Outcome::Opened { receipt: has_receipt }, |deny| Outcome::RefusedByLock(deny.into())))
}

struct Answer {
    denied: Option<Deny>,
    logs: Vec<Vec<u8>>,
    receipt: Option<Vec<u8>>,
}

/// The receipt is of this very request at this lock, so an old one is of no use to whoever replays it.
fn fits(receipt: &[u8], request: &OpenRequest, asked: &[u8], denied: Option<&Deny>) -> Result<(), Refusal> {
    let receipt = Receipt::from_bytes(receipt).map_err(|_| Refusal::LockAnswerUnreadable)?;
    let says = match (receipt.record.entry.event.kind, denied) {
        (Kind::Allowed(op, _), None) => op == request.op,
        (Kind::Refused(number), Some(deny)) => number == deny.number(),
        _ => false,
    };
    if receipt.lock == request.lock && receipt.request[..] == *asked && says { Ok(()) } else { Err(Refusal::LockAnswerUnreadable) }
}

fn door_key(memory: &Memory) -> PublicKey {
    // Unlocking starts only on an enrolled phone; zeroes verify nothing.
    memory.identity.as_ref().map_or(Fixed([0; 65]), |identity| identity.keys.door)
}
