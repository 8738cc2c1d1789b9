//! Time: microseconds since 1970 inside, RFC 3339 outside, and a clock that is handed in.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The latest time that RFC 3339 can write: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Reads RFC 3339 (any offset), keeping microseconds; `None` when it is not one or lies
    /// outside the years 0 to 9999 in UTC.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let micros = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).ok()?;
        (-62_167_219_200_000_000..=Self::MAX.0)
            .contains(&micros)
            .then_some(Self(micros))
    }

    /// RFC 3339 in UTC with `Z` and this many digits (0 to 6) after the second.
    #[must_use]
    pub fn rfc3339(self, digits: usize) -> Rfc3339Digits {
        Rfc3339Digits {
            at: self,
            digits: digits.min(6),
        }
    }

    /// This moment, later by so many seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

/// A [`Timestamp`] as it is printed.
#[derive(Debug, Clone, Copy)]
pub struct Rfc3339Digits {
    at: Timestamp,
    digits: usize,
}

impl fmt::Display for Rfc3339Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.0.div_euclid(1_000_000);
        let micros = self.at.0.rem_euclid(1_000_000);
        let at = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| fmt::Error)?;
        let (date, clock) = (at.date(), at.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second()
        )?;
        if self.digits > 0 {
            let cut = micros / 10_i64.pow(6 - self.digits as u32);
            write!(f, ".{cut:0width$}", width = self.digits)?;
        }
        f.write_str("Z")
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_printed_with_the_digits_asked_for() {
        let at = Timestamp::parse("2004-11-15T13:18:00.123456+01:00").unwrap();
        assert_eq!(at.rfc3339(0).to_string(), "2004-11-15T12:18:00Z");
        assert_eq!(at.rfc3339(3).to_string(), "2004-11-15T12:18:00.123Z");
        assert_eq!(at.rfc3339(6).to_string(), "2004-11-15T12:18:00.123456Z");
        assert_eq!(
            Timestamp(-1).rfc3339(6).to_string(),
            "1969-12-31T23:59:59.999999Z"
        );
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
