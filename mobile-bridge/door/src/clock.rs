//! What a lock may believe about the time. Its clock drifts and its battery dies; phones bring signed times, old ones too.
//!
//! So the lock keeps an interval, not a point: an estimate with an error that grows by drift, and `lo`, the largest time a server ever signed.
//! A signed time proves "not earlier" and never "not later": it cannot move the clock back. Only a time bound to the lock's own nonce can, and only
//! that ends the state [`Reading::Lost`] (P4, P8–P10). All arithmetic saturates towards "less is known".

/// Milliseconds of the lock's own counter. It has no epoch, starts again after a power loss, and is used for differences only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Ticks {
    /// Milliseconds since `earlier`; `None` if the counter has started again in between.
    pub const fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }
}

/// The time as the lock reads it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Known within [`SYNCED_WITHIN_S`].
    Synced(Interval),
    /// Known, but too vaguely to trust alone.
    Degraded(Interval),
    /// Not known at all: the power was lost.
    Lost,
}

/// Unix seconds: an estimate and how wrong it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The estimate.
    pub estimate: u64,
    /// The error bound in seconds.
    pub error: u64,
}

/// The lock's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockClock {
    set: Option<Setting>,
    drift_ppm: u32,
    lo: u64,
    settled: Option<Ticks>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    at: Ticks,
    interval: Interval,
}

impl LockClock {
    /// A clock set at tick `at` to `estimate` ± `error`, which no server has signed anything for yet. Drifts by [`DRIFT_PPM`].
    pub const fn set(estimate: u64, error: u64, at: Ticks) -> Self {
        Self { set: Some(Setting { at, interval: Interval { estimate, error } }), drift_ppm: DRIFT_PPM, lo: 0, settled: None }
    }

    /// A clock that lost its power; `lo` was kept in durable memory.
    pub const fn lost(lo: u64) -> Self {
        Self { set: None, drift_ppm: DRIFT_PPM, lo, settled: None }
    }

    /// The largest time a server ever signed, as far as this lock has seen.
    pub const fn lower_bound(&self) -> u64 {
        self.lo
    }

    /// The time now. A counter that has gone backwards means that the power was lost.
    pub fn read(&self, now: Ticks) -> Reading {
        let Some((setting, elapsed)) = self.set.and_then(|setting| Some((setting, now.since(setting.at)? / 1000))) else {
            return Reading::Lost;
        };
        let drift = elapsed.saturating_mul(u64::from(self.drift_ppm)).div_ceil(1_000_000);
        let estimate = setting.interval.estimate.saturating_add(elapsed);
        let interval = Interval { estimate, error: setting.interval.error.saturating_add(drift) };
        if interval.error <= SYNCED_WITHIN_S { Reading::Synced(interval) } else { Reading::Degraded(interval) }
    }

    /// Takes in a signed time: it is now at least `iat`. Corrects a slow clock, never moves one back, and does not end [`Reading::Lost`].
    #[must_use]
    pub fn learn(self, iat: u64, now: Ticks) -> Self {
        let set = match self.read(now) {
            Reading::Synced(interval) | Reading::Degraded(interval) if interval.latest() < iat => {
                Some(Setting { at: now, interval: Interval { estimate: iat, ..interval } })
            }
            _ => self.set,
        };
        Self { set, lo: self.lo.max(iat), ..self }
    }

    /// Takes in a signed time that answers the lock's nonce given at tick `asked`: it is now between `iat` and `iat` + the time since.
    ///
    /// `None` if the answer took longer than [`NONCE_TIME_MS`], or says that it is earlier than a server has already signed.
    #[must_use]
    pub fn settle(self, iat: u64, asked: Ticks, now: Ticks) -> Option<Self> {
        let took = now.since(asked).filter(|took| *took <= NONCE_TIME_MS)?.div_ceil(1000);
        let interval = Interval { estimate: iat.saturating_add(took), error: took };
        (interval.estimate >= self.lo).then_some(Self { set: Some(Setting { at: now, interval }), lo: self.lo.max(iat), settled: Some(now), ..self })
    }

    /// Whether the clock was settled by a nonce so lately that it counts as this visit's own time.
    pub fn just_settled(&self, now: Ticks) -> bool {
        self.settled.and_then(|at| now.since(at)).is_some_and(|ago| ago <= NONCE_TIME_MS)
    }

    /// The power is lost: only `lo` is left.
    #[must_use]
    pub const fn lose(self) -> Self {
        Self { set: None, settled: None, ..self }
    }
}

impl Reading {
    /// The estimate to show in words; `None` if the time is lost.
    pub const fn estimate(self) -> Option<u64> {
        match self {
            Self::Synced(interval) | Self::Degraded(interval) => Some(interval.estimate),
            Self::Lost => None,
        }
    }

    /// The latest it can be; `None` if the time is lost.
    pub fn latest(self) -> Option<u64> {
        match self {
            Self::Synced(interval) | Self::Degraded(interval) => Some(interval.latest()),
            Self::Lost => None,
        }
    }
}

impl Interval {
    /// The earliest it can be.
    pub const fn earliest(self) -> u64 {
        self.estimate.saturating_sub(self.error)
    }

    /// The latest it can be.
    pub const fn latest(self) -> u64 {
        self.estimate.saturating_add(self.error)
    }

    /// Whether it may now be within `from..=until`.
    pub const fn touches(self, from: u64, until: u64) -> bool {
        self.latest() >= from && self.earliest() <= until
    }
}

/// The largest error of a clock that is trusted alone, in seconds.
pub const SYNCED_WITHIN_S: u64 = 300;
/// How long a nonce-bound time counts, in the lock's milliseconds: the way up from the basement and back.
pub const NONCE_TIME_MS: u64 = 15 * 60 * 1000;
/// The drift reckoned with, in millionths: 8.6 seconds a day.
pub const DRIFT_PPM: u32 = 100;
