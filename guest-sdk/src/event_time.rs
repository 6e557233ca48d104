//! A point in event time, as a column contains it.
//!
//! Invariant: it is a plain count of microseconds since 1970-01-01 UTC, nothing else. Deliberately
//! absent: time zones, and any way to read a clock: `as_of` is an input of a transform (S5).

use crate::date::Date;

/// Microseconds in an hour, for ages in hours.
pub const HOUR_US: i64 = 3_600_000_000;
/// Microseconds in a day, for ages in days.
pub const DAY_US: i64 = 24 * HOUR_US;

/// Microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

impl EventTime {
    /// The time `micros` microseconds after 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> EventTime {
        EventTime(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Microseconds from `earlier` to this time; negative if `earlier` is the later one.
    pub const fn micros_since(self, earlier: EventTime) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    /// The day in which this time lies, in UTC.
    pub const fn date(self) -> Date {
        // All 64-bit microseconds lie within 32-bit days.
        Date::from_days(self.0.div_euclid(DAY_US) as i32)
    }
}
