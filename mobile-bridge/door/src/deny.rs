//! Why a door stays shut. Each reason carries what a person needs to be told; the words are made by who shows them:
//! [`Deny::Time`] becomes "Passet gäller kl 14.00–15.30. Klockan är 13.20."

use core::fmt;

use crate::{
    claims::{LockId, Op, Ops, RevocationIndex, Scope},
    error::Error,
    pass::Kid,
};

/// Why the lock refused. Alphabetical; the step of the decision is in each doc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deny {
    /// Step 7, `E_EPOCH`: all passes issued so early have been withdrawn.
    Epoch {
        /// When the pass was issued (Unix seconds).
        issued: u64,
        /// The earliest issue that still opens.
        earliest: u64,
    },
    /// Step 2, `E_ISSUER`: no pinned key of this name vouches for a pass of this issuer that begins then.
    Issuer {
        /// The key the pass names.
        kid: Kid,
    },
    /// Step 13, `E_LOG`: the opening could not be written down first.
    Log,
    /// Step 3b, `E_LONG`: the pass is valid for longer than its class may be.
    Long {
        /// `exp - nbf` in seconds.
        seconds: u64,
        /// What the class allows.
        at_most: u64,
    },
    /// Step 6, `E_OP`: the pass does not allow this operation.
    Operation {
        /// What was asked.
        asked: Op,
        /// What the pass allows.
        allowed: Ops,
    },
    /// Step 1, `E_PARSE`: the pass or the request is not what it should look like.
    Parse(Error),
    /// Step 4, `E_POP`: not the pass's own phone, not for this lock, not over a nonce that is outstanding, or for another pass.
    Possession,
    /// Step 8, `E_REVOKED`: the pass was withdrawn.
    Revoked(RevocationIndex),
    /// Step 5, `E_SCOPE`: the pass is for another door.
    Scope {
        /// What the pass is for.
        pass: Scope,
        /// This lock.
        lock: LockId,
    },
    /// Step 3, `E_SIG`: the issuer did not sign this pass.
    Signature,
    /// Step 12, `E_SLOW`: the answer to the nonce came too late; it may have been relayed.
    Slow {
        /// Milliseconds since the nonce; `None` if the lock restarted in between.
        took_ms: Option<u64>,
    },
    /// Step 9, `E_STALE`: this class needs a fresh revocation list, and the lock's is older, another, or incomplete.
    Stale {
        /// The list's age in seconds; `None` if there is none or the time is lost.
        list_age_s: Option<u64>,
    },
    /// Step 10, `E_TIME`: outside the pass's time, or the time is not known well enough.
    Time {
        /// The window's first second.
        from: u64,
        /// The window's last second.
        until: u64,
        /// The lock's estimate of now; `None` if the time is lost.
        clock: Option<u64>,
    },
    /// Step 11, `E_USES`: used as often as it may be.
    Uses {
        /// How often that is.
        at_most: u16,
    },
    /// Step 6b, `E_UV`: the person proved too long ago that it is they who hold the phone.
    Verification {
        /// Seconds ago.
        age_s: u32,
        /// How many are allowed.
        at_most_s: u32,
    },
}

impl Deny {
    /// The code of the door protocol.
    pub const fn code(&self) -> &'static str {
        self.named().0
    }

    /// The number in a log entry. Never 0; stable.
    pub const fn number(&self) -> u8 {
        self.named().1
    }

    /// The code that a log entry's number stands for.
    pub fn code_of(number: u8) -> Option<&'static str> {
        CODES.iter().find(|(_, known)| *known == number).map(|(code, _)| *code)
    }

    const fn named(&self) -> (&'static str, u8) {
        let [parse, issuer, sig, long, pop, scope, op, uv, epoch, revoked, stale, time, uses, slow, unlogged] = CODES;
        match self {
            Self::Epoch { .. } => epoch,
            Self::Issuer { .. } => issuer,
            Self::Log => unlogged,
            Self::Long { .. } => long,
            Self::Operation { .. } => op,
            Self::Parse(_) => parse,
            Self::Possession => pop,
            Self::Revoked(_) => revoked,
            Self::Scope { .. } => scope,
            Self::Signature => sig,
            Self::Slow { .. } => slow,
            Self::Stale { .. } => stale,
            Self::Time { .. } => time,
            Self::Uses { .. } => uses,
            Self::Verification { .. } => uv,
        }
    }
}

impl fmt::Display for Deny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Epoch { .. } => "the pass was issued before the earliest time this lock accepts",
            Self::Issuer { .. } => "no key this lock knows vouches for the pass",
            Self::Log => "the opening could not be written to the log",
            Self::Long { .. } => "the pass is valid for longer than its class allows",
            Self::Operation { .. } => "the pass does not allow this operation",
            Self::Parse(_) => "the pass or the request could not be read",
            Self::Possession => "the request is not a fresh signature by the pass's own phone for this lock",
            Self::Revoked(_) => "the pass was withdrawn",
            Self::Scope { .. } => "the pass is for another door",
            Self::Signature => "the issuer did not sign the pass",
            Self::Slow { .. } => "the answer to the lock's nonce came too late",
            Self::Stale { .. } => "the lock's revocation list is too old for this class of pass",
            Self::Time { .. } => "it is not the time of the pass",
            Self::Uses { .. } => "the pass has been used as often as it may be",
            Self::Verification { .. } => "the person's proof to the phone is too old",
        })
    }
}

impl core::error::Error for Deny {}

/// In the order of the decision; the numbers are in logs and never change.
const CODES: [(&str, u8); 15] = [
    ("E_PARSE", 1),
    ("E_ISSUER", 2),
    ("E_SIG", 3),
    ("E_LONG", 4),
    ("E_POP", 5),
    ("E_SCOPE", 6),
    ("E_OP", 7),
    ("E_UV", 8),
    ("E_EPOCH", 9),
    ("E_REVOKED", 10),
    ("E_STALE", 11),
    ("E_TIME", 12),
    ("E_USES", 13),
    ("E_SLOW", 14),
    ("E_LOG", 15),
];
