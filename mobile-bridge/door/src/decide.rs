//! The lock's decision: a total, pure function, its checks in normative order. The first that fails is the answer.
//!
//! Steps 1 to 4 find out who asks, and only after them is anything about the pass said or written; steps 5 to 12 are the table `CHECKS`; step 13,
//! writing the log, is the caller's and ends in [`Allow::once_logged`]. A pass's `iat` is signed by the issuer, so it also serves as a signed time.

use p256::ecdsa::VerifyingKey;

use crate::{
    claims::{Claims, Class, Op, PassId, Scope},
    clock::{LockClock, Reading, Ticks},
    deny::Deny,
    log::Flags,
    pass::{self, UnverifiedPass},
    request::{Challenge, OpenRequest, UnverifiedRequest},
    state::LockState,
};

/// What the lock does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is no heap to put the larger one on")]
pub enum Decision {
    /// Write the log, then do it.
    Allow(Allow),
    /// Do nothing.
    Deny {
        /// Why.
        code: Deny,
        /// Whose pass it was, once the phone has proved that it is its own. Without it the attempt is a stranger's and is not logged: it would let
        /// anybody fill the log.
        pass: Option<PassId>,
    },
}

/// An opening that is allowed as soon as it is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// What to do.
    pub op: Op,
    /// By whom, what kind, until when.
    pub claims: Claims,
    /// The clock after taking in the pass's `iat`: the lock keeps it.
    pub clock: LockClock,
    /// What is unusual about it.
    pub flags: Flags,
}

impl Allow {
    /// Step 13: the entry must be durable first (P12). Without it only an emergency pass goes on, flagged.
    pub fn once_logged(self, written: bool) -> Decision {
        match (written, self.claims.class) {
            (true, _) => Decision::Allow(self),
            (false, Class::BreakGlass) => Decision::Allow(Self { flags: self.flags.with(Flags::UNLOGGED), ..self }),
            (false, _) => Decision::Deny { code: Deny::Log, pass: Some(self.claims.cti) },
        }
    }
}

/// Decides on a pass and a request, as they came from the phone, at the lock's tick `now`.
///
/// `outstanding` are the nonces that the lock has given out; the caller ends the one that [`answered`] names before it asks, so that it is usable once.
pub fn decide(state: &LockState, outstanding: &[Challenge], pass: &[u8], request: &[u8], now: Ticks) -> Decision {
    let case = match introduce(state, outstanding, pass, request, now) {
        Ok(case) => case,
        Err(code) => return Decision::Deny { code, pass: None },
    };
    for check in CHECKS {
        if let Err(code) = check(&case) {
            return Decision::Deny { code, pass: Some(case.claims.cti) };
        }
    }
    let flags = flags(&case);
    Decision::Allow(Allow { op: case.request.op, claims: case.claims, clock: case.clock, flags })
}

/// The outstanding nonce that a request answers, whatever else it says.
pub fn answered(outstanding: &[Challenge], request: &[u8]) -> Option<Challenge> {
    let nonce = UnverifiedRequest::parse(request).ok()?.request.nonce;
    outstanding.iter().find(|challenge| challenge.nonce == nonce).copied()
}

/// Somebody has proved to hold the phone of a pass.
struct Case<'a> {
    state: &'a LockState,
    claims: Claims,
    request: OpenRequest,
    clock: LockClock,
    challenge: Challenge,
    now: Ticks,
}

type Check = fn(&Case<'_>) -> Result<(), Deny>;

/// Steps 5 to 12.
const CHECKS: [Check; 9] = [
    scope,        // 5
    operation,    // 6
    verification, // 6b
    epoch,        // 7
    revoked,      // 8
    stale,        // 9
    time,         // 10
    uses,         // 11
    slow,         // 12
];

fn introduce<'a>(state: &'a LockState, outstanding: &[Challenge], pass: &[u8], request: &[u8], now: Ticks) -> Result<Case<'a>, Deny> {
    let presented = UnverifiedPass::parse(pass).map_err(Deny::Parse)?; // 1
    let asked = UnverifiedRequest::parse(request).map_err(Deny::Parse)?;
    let key = issuer(state, &presented)?; // 2
    let claims = presented.verify(key).map_err(|_| Deny::Signature)?; // 3
    long(&claims)?; // 3b
    let (request, challenge) = possession(state, outstanding, &claims, pass, asked)?; // 4
    let clock = state.clock.learn(claims.iat, now);
    Ok(Case { state, claims, request, clock, challenge, now })
}

/// Step 2: judged by the pass's `nbf`, so that a retired key cannot vouch for new passes nor its retirement end old ones.
fn issuer<'a>(state: &'a LockState, pass: &UnverifiedPass) -> Result<&'a VerifyingKey, Deny> {
    let known = state.issuers.iter().find(|issuer| issuer.kid == pass.kid && issuer.iss == pass.claims.iss && issuer.vouches_for(pass.claims.nbf));
    known.map(|issuer| &issuer.key).ok_or(Deny::Issuer { kid: pass.kid })
}

fn long(claims: &Claims) -> Result<(), Deny> {
    let (seconds, at_most) = (claims.exp.saturating_sub(claims.nbf), claims.class.longest_s());
    if seconds <= at_most { Ok(()) } else { Err(Deny::Long { seconds, at_most }) }
}

/// Step 4: this phone, this lock, this nonce, this pass; in one word for all, for a stranger learns nothing from the difference.
fn possession(
    state: &LockState,
    outstanding: &[Challenge],
    claims: &Claims,
    pass: &[u8],
    asked: UnverifiedRequest,
) -> Result<(OpenRequest, Challenge), Deny> {
    let challenge = outstanding.iter().find(|challenge| challenge.nonce == asked.request.nonce).ok_or(Deny::Possession)?;
    if asked.request.lock != state.lock || asked.request.pass != pass::digest(pass) {
        return Err(Deny::Possession);
    }
    let key = claims.cnf.verifying_key().map_err(|_| Deny::Possession)?;
    let request = asked.verify(&key).map_err(|_| Deny::Possession)?;
    Ok((request, *challenge))
}

fn scope(case: &Case<'_>) -> Result<(), Deny> {
    let mine = match case.claims.scope {
        Scope::Lock(lock) => lock == case.state.lock,
        Scope::Group(group) => case.state.groups.contains(&group) && matches!(case.claims.class, Class::Standby | Class::BreakGlass),
    };
    if mine { Ok(()) } else { Err(Deny::Scope { pass: case.claims.scope, lock: case.state.lock }) }
}

fn operation(case: &Case<'_>) -> Result<(), Deny> {
    let (asked, allowed) = (case.request.op, case.claims.ops);
    if allowed.allows(asked) { Ok(()) } else { Err(Deny::Operation { asked, allowed }) }
}

fn verification(case: &Case<'_>) -> Result<(), Deny> {
    let (age_s, at_most_s) = (case.request.uv_age_s, case.claims.class.uv_limit_s(case.claims.uv_max_age_s));
    if age_s <= at_most_s { Ok(()) } else { Err(Deny::Verification { age_s, at_most_s }) }
}

fn epoch(case: &Case<'_>) -> Result<(), Deny> {
    let (issued, earliest) = (case.claims.iat, case.state.min_iat);
    if issued >= earliest { Ok(()) } else { Err(Deny::Epoch { issued, earliest }) }
}

fn revoked(case: &Case<'_>) -> Result<(), Deny> {
    let revoked = case.state.revoked.as_ref().is_some_and(|list| list.revokes(case.claims.revocation));
    if revoked { Err(Deny::Revoked(case.claims.revocation)) } else { Ok(()) }
}

/// Step 9. A list that overflowed cannot vouch for what it does not name: only a planned pass issued after it, or an emergency pass, goes on.
fn stale(case: &Case<'_>) -> Result<(), Deny> {
    let list = case.state.revoked.as_ref();
    let list_age_s = list.zip(case.clock.read(case.now).latest()).map(|(list, now)| now.saturating_sub(list.iat()));
    let overflowed = list.is_some_and(|list| list.list() == case.claims.revocation.list && list.overflowed());
    let fresh = list_is_fresh(case, list_age_s);
    let enough = match case.claims.class {
        Class::BreakGlass => true,
        Class::Planned => !overflowed || list.is_some_and(|list| case.claims.iat > list.iat()),
        Class::Standby | Class::Technician => !overflowed && (fresh || case.clock.just_settled(case.now)),
    };
    if enough { Ok(()) } else { Err(Deny::Stale { list_age_s }) }
}

fn list_is_fresh(case: &Case<'_>, age_s: Option<u64>) -> bool {
    let covers = case.state.revoked.as_ref().is_some_and(|list| list.covers(case.claims.revocation));
    covers && age_s.is_some_and(|age| age <= LIST_MAX_AGE_S)
}

/// Step 10: some moment the clock allows lies in a window, and no server has signed a later time than its end.
fn time(case: &Case<'_>) -> Result<(), Deny> {
    let reading = case.clock.read(case.now);
    if case.claims.spans().any(|(from, until)| is_time(case, reading, from, until)) {
        return Ok(());
    }
    let clock = reading.estimate();
    let (from, until) = telling_span(&case.claims, clock);
    Err(Deny::Time { from, until, clock })
}

fn is_time(case: &Case<'_>, reading: Reading, from: u64, until: u64) -> bool {
    let lo = case.clock.lower_bound();
    // A signed time within the window: it is at least `from`, and no server has yet said that it is over.
    let signed = from <= lo && lo <= until;
    match (reading, case.claims.class) {
        _ if from > until => false,
        (Reading::Synced(interval), _) => interval.touches(from, until) && lo <= until,
        (Reading::Degraded(_) | Reading::Lost, Class::BreakGlass) => signed,
        (Reading::Degraded(interval), _) => interval.touches(from, until) && signed,
        (Reading::Lost, _) => false,
    }
}

/// The window to tell a person about: the next that is not over, else the last.
fn telling_span(claims: &Claims, clock: Option<u64>) -> (u64, u64) {
    let next = claims.spans().find(|(from, until)| from <= until && clock.is_none_or(|now| now <= *until));
    next.or_else(|| claims.spans().last()).unwrap_or((claims.nbf, claims.exp))
}

/// Step 11. A further emergency use is allowed and flagged: a person may be lying behind the door.
fn uses(case: &Case<'_>) -> Result<(), Deny> {
    let at_most = at_most(&case.claims);
    let counted = case.request.op.counts() && case.claims.class != Class::BreakGlass;
    let left = case.state.uses.of(case.claims.cti) < at_most && case.state.uses.has_room_for(case.claims.cti, case.clock.lower_bound());
    if !counted || at_most == u16::MAX || left { Ok(()) } else { Err(Deny::Uses { at_most }) }
}

/// How often a pass may open one lock; `u16::MAX` is not counted.
pub fn at_most(claims: &Claims) -> u16 {
    claims.max_uses.unwrap_or(u16::MAX).min(claims.class.most_uses())
}

fn slow(case: &Case<'_>) -> Result<(), Deny> {
    let took_ms = case.now.since(case.challenge.issued);
    if took_ms.is_some_and(|took| took <= REPLY_WITHIN_MS) { Ok(()) } else { Err(Deny::Slow { took_ms }) }
}

fn flags(case: &Case<'_>) -> Flags {
    let reading = case.clock.read(case.now);
    let (counts, at_most) = (case.request.op.counts(), at_most(&case.claims));
    let age = case.state.revoked.as_ref().zip(reading.latest()).map(|(list, now)| now.saturating_sub(list.iat()));
    Flags::NONE
        .with_if(case.claims.class.reviewed(), Flags::REVIEW)
        .with_if(counts && at_most < u16::MAX, Flags::COUNTED)
        .with_if(counts && case.state.uses.of(case.claims.cti) >= at_most, Flags::FURTHER_USE)
        .with_if(!list_is_fresh(case, age), Flags::LIST_UNSURE)
        .with_if(matches!(reading, Reading::Degraded(_)), Flags::CLOCK_DEGRADED)
        .with_if(reading == Reading::Lost, Flags::CLOCK_LOST)
}

/// How old a revocation list may be for standby and technicians, in seconds.
pub const LIST_MAX_AGE_S: u64 = 24 * 3600;
/// How soon the nonce must be answered, in the lock's milliseconds: what a relay must beat.
pub const REPLY_WITHIN_MS: u64 = 2_500;
