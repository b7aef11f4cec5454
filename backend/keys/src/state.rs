//! The life of a key: `next → active → retiring → retired`, each edge once and only forward.
//!
//! A *next* is published but makes nothing; the *active* makes everything; a *retiring* key is still good for what it made before;
//! a *retired* one is gone, only its public half is remembered. A compromised key goes straight to retired.

use handslag_vocab::{Seconds, UnixTime};

/// Where a key stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, makes nothing yet.
    Next {
        /// When it was made and published.
        since: UnixTime,
    },
    /// The one key of its kind that makes anything.
    Active {
        /// When it was taken into use.
        since: UnixTime,
    },
    /// Makes nothing any more, but an authority its list of ended certificates; what it made is still good.
    Retiring {
        /// When its successor took over.
        since: UnixTime,
        /// When it ends; `None` until somebody ends it.
        until: Option<UnixTime>,
    },
    /// Gone.
    Retired {
        /// When its private half was destroyed.
        since: UnixTime,
        /// Whether somebody else may have had it: then nothing it made is good.
        compromised: bool,
    },
}

/// A transition that the state does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongState {
    /// Only the active key is replaced.
    #[error("only the active key is replaced")]
    NotActive,
    /// Only a *next* becomes active.
    #[error("only the next key becomes active")]
    NotNext,
    /// It is retired already.
    #[error("the key is retired already")]
    Retired,
    /// Its time is not over, or nobody may end it from this state.
    #[error("the key is still needed for what it made")]
    StillNeeded,
    /// The *next* has not been published long enough.
    #[error("the next key has not been published long enough; it may be used from {} (Unix time)", usable_from.seconds())]
    TooYoung {
        /// When it may be used.
        usable_from: UnixTime,
    },
}

impl KeyState {
    /// `next → active` by timetable: only a key that has been published for `publication`.
    pub fn activate(self, publication: Seconds, now: UnixTime) -> Result<Self, WrongState> {
        let Self::Next { since } = self else { return Err(WrongState::NotNext) };
        let usable_from = since + publication;
        if now < usable_from { Err(WrongState::TooYoung { usable_from }) } else { Ok(Self::Active { since: now }) }
    }

    /// `next → active` at once, because the active key is lost.
    pub fn step_in(self, now: UnixTime) -> Result<Self, WrongState> {
        if matches!(self, Self::Next { .. }) { Ok(Self::Active { since: now }) } else { Err(WrongState::NotNext) }
    }

    /// `active → retiring`; `life` is how long it stays good, `None` until it is ended.
    pub fn retire(self, life: Option<Seconds>, now: UnixTime) -> Result<Self, WrongState> {
        let until = life.map(|life| now + life);
        if matches!(self, Self::Active { .. }) { Ok(Self::Retiring { since: now, until }) } else { Err(WrongState::NotActive) }
    }

    /// `retiring → retired`, when its time is over.
    pub fn expire(self, now: UnixTime) -> Result<Self, WrongState> {
        match self {
            Self::Retiring { until: Some(until), .. } if until <= now => Ok(Self::Retired { since: now, compromised: false }),
            Self::Retired { .. } => Err(WrongState::Retired),
            _ => Err(WrongState::StillNeeded),
        }
    }

    /// `retiring → retired`, because somebody says that nothing needs it any more.
    pub fn end(self, now: UnixTime) -> Result<Self, WrongState> {
        match self {
            Self::Retiring { .. } => Ok(Self::Retired { since: now, compromised: false }),
            Self::Retired { .. } => Err(WrongState::Retired),
            _ => Err(WrongState::StillNeeded),
        }
    }

    /// `active → retired` at once: somebody else may have the key.
    pub fn compromise(self, now: UnixTime) -> Result<Self, WrongState> {
        if matches!(self, Self::Active { .. }) { Ok(Self::Retired { since: now, compromised: true }) } else { Err(WrongState::NotActive) }
    }

    /// The word in listings: `next`, `active`, `retiring`, `retired` or `compromised`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next { .. } => "next",
            Self::Active { .. } => "active",
            Self::Retiring { .. } => "retiring",
            Self::Retired { compromised: false, .. } => "retired",
            Self::Retired { compromised: true, .. } => "compromised",
        }
    }

    /// Whether a verifier may still rely on what the key made, and hence whether to publish it.
    pub const fn is_published(self) -> bool {
        !matches!(self, Self::Retired { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: fn(i64) -> UnixTime = UnixTime::from_seconds;

    #[test]
    fn a_key_lives_forward_only() {
        let next = KeyState::Next { since: T(0) };
        let active = next.activate(Seconds(100), T(100)).unwrap();
        let retiring = active.retire(Some(Seconds(50)), T(200)).unwrap();
        let retired = retiring.expire(T(250)).unwrap();
        assert_eq!([next, active, retiring, retired].map(KeyState::as_str), ["next", "active", "retiring", "retired"]);

        assert_eq!(next.activate(Seconds(100), T(99)), Err(WrongState::TooYoung { usable_from: T(100) }));
        assert_eq!(next.step_in(T(1)), Ok(KeyState::Active { since: T(1) }));
        assert_eq!(retiring.expire(T(249)), Err(WrongState::StillNeeded));
        for state in [active, retiring, retired] {
            assert_eq!(state.activate(Seconds(0), T(999)), Err(WrongState::NotNext));
            assert_eq!(state.step_in(T(999)), Err(WrongState::NotNext));
        }
        for state in [next, retiring, retired] {
            assert_eq!(state.retire(None, T(999)), Err(WrongState::NotActive));
            assert_eq!(state.compromise(T(999)), Err(WrongState::NotActive));
        }
        for state in [next, active] {
            assert_eq!(state.end(T(999)), Err(WrongState::StillNeeded));
            assert_eq!(state.expire(T(999)), Err(WrongState::StillNeeded));
        }
        assert_eq!(retired.end(T(999)), Err(WrongState::Retired));
        assert_eq!(retired.expire(T(999)), Err(WrongState::Retired));
    }

    #[test]
    fn a_key_without_an_end_waits_for_somebody() {
        let retiring = KeyState::Active { since: T(0) }.retire(None, T(1)).unwrap();
        assert_eq!(retiring.expire(T(i64::MAX)), Err(WrongState::StillNeeded));
        assert_eq!(retiring.end(T(2)), Ok(KeyState::Retired { since: T(2), compromised: false }));
    }
}
