//! Time as integers. A calendar is only needed to show a time to a person, and that happens in the server's pages.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds (RFC 7519 `NumericDate`, whole seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Takes seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Gives seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// How long from `earlier` to this time; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
#[serde(transparent)]
pub struct Seconds(pub i64);

impl Seconds {
    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60)
    }

    /// So many hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3_600)
    }

    /// So many days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self(days * 86_400)
    }
}

impl Add<Seconds> for UnixTime {
    type Output = Self;
    fn add(self, length: Seconds) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Sub<Seconds> for UnixTime {
    type Output = Self;
    fn sub(self, length: Seconds) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_saturate_instead_of_wrapping() {
        let last = UnixTime::from_seconds(i64::MAX);
        assert_eq!(last + Seconds::days(1), last);
        assert_eq!(UnixTime::from_seconds(i64::MIN) - Seconds(1), UnixTime::from_seconds(i64::MIN));
        assert_eq!(UnixTime::from_seconds(100).since(UnixTime::from_seconds(160)), Seconds(-60));
    }
}
