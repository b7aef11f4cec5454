//! What a shell starts, what the core wants of it, and what the shell answers.

use handslag_door::{Deny, Op, Reason};
use handslag_vocab::{DoorId, Seconds};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::{
    Button, Refusal, Screen, UnixTime,
    key_store::{PublicKeys, Verification},
    wallet::LeftOut,
    wire::{Attestation, Bearer, Challenge, DeclineReason, Inbox, KeyUse, LockId, Problem, RawSignature, Start, Tier, Transparency},
};

/// The time and chance of one step.
pub struct Moment<'a> {
    /// The phone's clock.
    pub now: UnixTime,
    /// For the ids of proofs.
    pub rng: &'a mut dyn CryptoRng,
}

/// What a person, or the shell on its own, begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Log in or sign.
    Approve {
        /// What was near.
        start: Start,
    },
    /// The worker has read what the employer sees and said yes.
    Enrol {
        /// From the link or the QR code.
        invitation: Bearer,
        /// The version that was read.
        terms_version: String,
    },
    /// Look what waits.
    Inbox,
    /// Remove the work identity from this phone.
    Remove,
    /// Fetch passes.
    Sync,
    /// See what the employer sees.
    Transparency,
    /// Open the door that was chosen, whose lock has answered. Needs no network.
    Unlock {
        /// The door that the person chose.
        door: DoorId,
        /// The name that the lock said.
        lock: LockId,
        /// The lock's fresh number.
        nonce: [u8; 16],
        /// What to do.
        op: Op,
        /// Why, for an emergency pass.
        reason: Option<Reason>,
        /// How long ago the person was verified. If that is too long for the pass, the signature asks for it anew.
        verified_ago: Seconds,
    },
    /// Carry receipts and logs home.
    Upload,
}

/// One want with its number; the answer names the same number, so that a late, doubled or replayed answer is told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Never used twice.
    pub number: u64,
    /// What the core wants.
    pub want: Want,
}

/// What the core wants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and a screen is what most of them carry")]
pub enum Want {
    /// Evidence for the keys. Answered by [`Got::Attestation`].
    Attest {
        /// The server's.
        challenge: Challenge,
    },
    /// Nothing more: the task is over.
    Done(Outcome),
    /// The keys destroyed. Answered by [`Got::Forgotten`].
    Forget,
    /// Three new keys. Answered by [`Got::PublicKeys`].
    Generate {
        /// For platforms that bind it into the key.
        challenge: Challenge,
    },
    /// A request to the server. Answered by [`Got::Answer`] or [`Got::Unreachable`].
    Send(Request),
    /// A screen. Answered by [`Got::Pressed`].
    Show(Screen),
    /// A signature. Answered by [`Got::Signature`].
    Sign {
        /// By this key.
        key: KeyUse,
        /// Over these bytes.
        bytes: Vec<u8>,
        /// With this verification of the person.
        verification: Verification,
    },
    /// A request to the lock. Answered by [`Got::FromLock`] or [`Got::LockSilent`].
    ToLock {
        /// The pass.
        pass: Vec<u8>,
        /// The signed request.
        request: Vec<u8>,
    },
}

/// What the shell answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// The server answered.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// From the key store.
    Attestation(Attestation),
    /// The keys are destroyed.
    Forgotten,
    /// The lock answered.
    FromLock {
        /// Why it refused; `None` when it did what was asked.
        denied: Option<Deny>,
        /// Batches of its log, to be carried home.
        logs: Vec<Vec<u8>>,
        /// Its receipt. A stranger's attempt has none.
        receipt: Option<Vec<u8>>,
    },
    /// The key store did not do it: the person stopped it, or it cannot.
    KeyStoreRefused,
    /// The lock did not answer.
    LockSilent,
    /// The person pressed.
    Pressed(Button),
    /// From the key store.
    PublicKeys(PublicKeys),
    /// From the key store.
    Signature(RawSignature),
    /// The server was not reached.
    Unreachable,
}

/// An HTTP request below the server's address.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Empty for `GET` and `DELETE`; JSON otherwise.
    pub body: Vec<u8>,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// How.
    pub method: Method,
    /// From `/phone` on.
    pub path: String,
}

/// Without body and headers: they hold what must not reach a log.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// As in the request line and in `htm`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Given up. If a request was under way, the server may have had it.
    Abandoned,
    /// The person approved, and the server has it.
    Approved {
        /// Where the person goes on.
        return_to: Option<String>,
    },
    /// The person said no, and the server knows.
    Declined {
        /// Why.
        reason: DeclineReason,
    },
    /// The phone has a work identity.
    Enrolled {
        /// How much the phone's clock is behind the server's: a clock that is minutes wrong makes every request fail.
        clock_behind: Seconds,
        /// What the keys rest on.
        tier: Tier,
    },
    /// What waits.
    Inbox(Inbox),
    /// The lock did what was asked.
    Opened {
        /// Its receipt is in the outbox. A lock writes first and opens then, so this fails only in an emergency.
        receipt: bool,
    },
    /// The lock refused.
    RefusedByLock(LockRefusal),
    /// The phone refused.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// The server refused.
    RefusedByServer {
        /// Its words.
        problem: Problem,
        /// The HTTP status.
        status: u16,
    },
    /// The keys are destroyed and the phone remembers nothing.
    Removed {
        /// Otherwise somebody must block the phone.
        server_told: bool,
    },
    /// The wallet is what the server says.
    Synced {
        /// Doors in the wallet.
        doors: usize,
        /// Doors whose pass this phone could never use.
        left_out: Vec<LeftOut>,
    },
    /// What the employer sees.
    Transparency(Box<Transparency>),
    /// Carried home.
    Uploaded {
        /// What could not be delivered and stays in the outbox.
        left: usize,
    },
}

/// Why the lock refused, for a sentence to the person: "Passet gäller kl 14.00–15.30. Klockan är 13.20."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRefusal {
    /// The lock's time, if it knows it.
    pub clock: Option<UnixTime>,
    /// The code of the door protocol (`E_TIME` …).
    pub code: String,
    /// From when the pass opens, if that is the matter.
    pub from: Option<UnixTime>,
    /// Until when.
    pub until: Option<UnixTime>,
}

impl From<Deny> for LockRefusal {
    fn from(deny: Deny) -> Self {
        let time = |seconds: u64| UnixTime::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let code = deny.code().to_owned();
        match deny {
            Deny::Time { from, until, clock } => Self { clock: clock.map(time), code, from: Some(time(from)), until: Some(time(until)) },
            _ => Self { clock: None, code, from: None, until: None },
        }
    }
}
