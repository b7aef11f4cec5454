//! Counters that hold somebody back for a while (rate limits). An allowance refills evenly, so whoever is held back is told when to come
//! again, and nobody is ever locked out.
//!
//! One number for each counter: when it would be whole again (the generic cell rate algorithm). Shared by all nodes in Redis, else in this
//! process; lost counters are whole counters, so nothing that must be counted for certain is counted here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use handslag_vocab::{Digest, Seconds, UnixTime};

use crate::shared::Shared;

/// How much in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// At once, and in each `per`.
    pub times: u32,
    /// The time in which a spent allowance is whole again.
    pub per: Seconds,
}

/// Counters of any kind. Clones share them.
#[derive(Clone, Default)]
pub struct Counters {
    here: Arc<Mutex<HashMap<Digest, i64>>>,
    shared: Option<Shared>,
}

/// No more counters are kept in this process. Many short-lived ones come from one attacker with many addresses.
const MOST: usize = 100_000;

/// A service that may ask ten thousand times a second gets one back in a tenth of a millisecond.
const MICROS: i64 = 1_000_000;

impl Allowance {
    fn per_micros(self) -> i64 {
        self.per.0.max(1).saturating_mul(MICROS)
    }

    /// How long one use takes to come back.
    fn step_micros(self) -> i64 {
        (self.per_micros() / i64::from(self.times.max(1))).max(1)
    }

    /// When the counter is whole again after one more use, or how long to wait for that use.
    fn spent(self, whole_at: i64, now: i64) -> Result<i64, Seconds> {
        let after = whole_at.max(now).saturating_add(self.step_micros());
        let over = after.saturating_sub(now).saturating_sub(self.per_micros());
        if over <= 0 { Ok(after) } else { Err(wait(over)) }
    }
}

fn wait(micros: i64) -> Seconds {
    Seconds(micros.saturating_add(MICROS - 1) / MICROS)
}

impl Counters {
    /// Shared with other nodes where there is something to share them in.
    pub fn new(shared: Option<Shared>) -> Self {
        Self { here: Arc::default(), shared }
    }

    /// Uses one of what is left; what was refused does not count. The error is how long to wait.
    pub async fn spend(&self, counter: &Digest, allowance: Allowance, now: UnixTime) -> Result<(), Seconds> {
        self.ask(counter, allowance, now, true).await
    }

    /// The same, counted in this process only.
    pub fn spend_here(&self, counter: &Digest, allowance: Allowance, now: UnixTime) -> Result<(), Seconds> {
        self.ask_here(counter, allowance, now.seconds().saturating_mul(MICROS), true)
    }

    /// Whether something is left, without using it.
    pub async fn left(&self, counter: &Digest, allowance: Allowance, now: UnixTime) -> Result<(), Seconds> {
        self.ask(counter, allowance, now, false).await
    }

    async fn ask(&self, counter: &Digest, allowance: Allowance, now: UnixTime, spends: bool) -> Result<(), Seconds> {
        let now = now.seconds().saturating_mul(MICROS);
        if let Some(shared) = &self.shared
            && let Some(over) = shared.count(counter, (allowance.step_micros(), allowance.per_micros()), now, spends).await
        {
            return if over <= 0 { Ok(()) } else { Err(wait(over)) };
        }
        self.ask_here(counter, allowance, now, spends)
    }

    fn ask_here(&self, counter: &Digest, allowance: Allowance, now: i64, spends: bool) -> Result<(), Seconds> {
        // No code panics while it holds this lock, so a poisoned one is still whole.
        let mut counters = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let after = allowance.spent(counters.get(counter).copied().unwrap_or_default(), now)?;
        if spends {
            if counters.len() >= MOST {
                make_room(&mut counters, now);
            }
            counters.insert(*counter, after);
        }
        Ok(())
    }
}

/// Forgets what is whole anyway; if that is not enough, everything: memory is bounded whatever comes.
fn make_room(counters: &mut HashMap<Digest, i64>, now: i64) {
    counters.retain(|_, whole_at| *whole_at > now);
    if counters.len() >= MOST / 2 {
        tracing::warn!("more counters than are kept: they begin anew");
        counters.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_000);
    const FIVE_A_MINUTE: Allowance = Allowance { times: 5, per: Seconds(60) };

    #[tokio::test]
    async fn an_allowance_is_spent_comes_back_evenly_and_says_when() {
        let (counters, who) = (Counters::default(), Digest::of(b"who"));
        for _ in 0..5 {
            assert_eq!(counters.left(&who, FIVE_A_MINUTE, NOW).await, Ok(()), "looking spends nothing");
            assert_eq!(counters.spend(&who, FIVE_A_MINUTE, NOW).await, Ok(()));
        }
        for _ in 0..3 {
            assert_eq!(counters.spend(&who, FIVE_A_MINUTE, NOW).await, Err(Seconds(12)), "who is refused waits no longer for asking");
        }
        assert_eq!(counters.left(&who, FIVE_A_MINUTE, NOW + Seconds(5)).await, Err(Seconds(7)));
        assert_eq!(counters.spend(&Digest::of(b"other"), FIVE_A_MINUTE, NOW).await, Ok(()));
        assert_eq!(counters.spend(&who, FIVE_A_MINUTE, NOW + Seconds(12)).await, Ok(()));
        assert_eq!(counters.spend(&who, FIVE_A_MINUTE, NOW + Seconds(12)).await, Err(Seconds(12)));
        let later = NOW + Seconds(1_000);
        for _ in 0..5 {
            assert_eq!(counters.spend(&who, FIVE_A_MINUTE, later).await, Ok(()), "it never holds more than itself");
        }
        assert!(counters.spend(&who, FIVE_A_MINUTE, later).await.is_err());
    }

    /// A wide allowance is as wide as it says.
    #[tokio::test]
    async fn many_a_second_are_many_a_second() {
        let (counters, who) = (Counters::default(), Digest::of(b"who"));
        let wide = Allowance { times: 600_000, per: Seconds(60) };
        for _ in 0..600_000 {
            assert_eq!(counters.spend(&who, wide, NOW).await, Ok(()));
        }
        assert_eq!(counters.spend(&who, wide, NOW).await, Err(Seconds(1)));
        for _ in 0..10_000 {
            assert_eq!(counters.spend(&who, wide, NOW + Seconds(1)).await, Ok(()), "as many as a second gives back");
        }
        assert!(counters.spend(&who, wide, NOW + Seconds(1)).await.is_err());
    }

    #[tokio::test]
    async fn however_many_come_the_memory_is_bounded() {
        let counters = Counters::default();
        for number in 0..MOST + 10 {
            counters.spend(&Digest::of(&number.to_be_bytes()), FIVE_A_MINUTE, NOW).await.unwrap();
        }
        assert!(counters.here.lock().unwrap().len() <= MOST);
    }
}
