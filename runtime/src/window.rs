//! Windows: from `as_of` to half-open intervals of event time (S3 to S5).
//!
//! A feature's [`Window`] is declared; its [`Span`]s are the intervals that it reads: one, or `count`
//! for a series. The last rows and sessions read a sliding span and pick rows from it. Invariant: the
//! bounds depend on the declaration, the view's origin and `as_of` alone. Deliberately absent: which
//! events have arrived, which is the store's knowledge.

use crate::error::{Error, Result};
use crate::time::{DAY_US, HOUR_US, Interval, MINUTE_US, SECOND_US, Time};
use crate::view::{Boundary, FeatureView};
use serde::{Deserialize, Serialize};

/// Most windows in a series.
pub const SERIES_COUNT_MAX: u32 = 1000;
/// Most sessions that may lie in a lookback: `lookback / gap`.
pub const SESSIONS_MAX: i64 = 10_000;
/// Most rows of `last n`.
pub const LAST_ROWS_MAX: u32 = 1000;

/// A window (S3), as declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "lengths are microseconds; docs/FEATURES.md has the rest")]
pub enum Window {
    /// Sawtooth: `[floor(as_of - length, hop), as_of)`.
    Sliding {
        length_us: i64,
        #[serde(default)]
        offset_us: i64,
    },
    /// `[as_of - length, as_of)`.
    Exact {
        length_us: i64,
        #[serde(default)]
        offset_us: i64,
    },
    /// `[hi - length, hi)` with `hi = floor(as_of, step)`.
    Hopping {
        length_us: i64,
        step_us: i64,
        #[serde(default)]
        offset_us: i64,
    },
    /// Every event before `as_of`.
    Lifetime {
        #[serde(default)]
        offset_us: i64,
    },
    /// Sliding windows that abut, newest first.
    Series {
        length_us: i64,
        count: u32,
        #[serde(default)]
        offset_us: i64,
    },
    /// The greatest rows of a sliding window.
    LastRows { rows: u32, lookback_us: i64 },
    /// The latest closed session of a sliding window.
    Session { gap_us: i64, lookback_us: i64 },
}

/// One interval that a window reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "as in `Window`")]
pub enum Span {
    /// The sliding window `back` places before the newest of its series.
    Sliding { length_us: i64, offset_us: i64, back: u32 },
    /// Ends and starts anywhere.
    Exact { length_us: i64, offset_us: i64 },
    /// Ends and starts on a grid of steps.
    Hopping { length_us: i64, step_us: i64, offset_us: i64 },
    /// Has no start.
    Lifetime { offset_us: i64 },
}

/// The hop of a sliding window of this length: 5 min below 12 h, 1 h below 12 d, else 1 d.
pub const fn hop_us(length_us: i64) -> i64 {
    if length_us < 12 * HOUR_US {
        5 * MINUTE_US
    } else if length_us < 12 * DAY_US {
        HOUR_US
    } else {
        DAY_US
    }
}

impl Window {
    /// Its length, or that of its lookback or of one of its series; none for a lifetime.
    pub fn length_us(self) -> Option<i64> {
        match self {
            Window::Sliding { length_us, .. }
            | Window::Exact { length_us, .. }
            | Window::Hopping { length_us, .. }
            | Window::Series { length_us, .. } => Some(length_us),
            Window::LastRows { lookback_us, .. } | Window::Session { lookback_us, .. } => {
                Some(lookback_us)
            }
            Window::Lifetime { .. } => None,
        }
    }

    /// Whether it picks a session.
    pub fn is_session(self) -> bool {
        matches!(self, Window::Session { .. })
    }

    /// Whether it picks the last rows.
    pub fn is_last_rows(self) -> bool {
        matches!(self, Window::LastRows { .. })
    }

    /// The intervals that it reads, newest first.
    pub fn spans(self) -> Vec<Span> {
        let sliding = |length_us, offset_us, back| Span::Sliding { length_us, offset_us, back };
        match self {
            Window::Sliding { length_us, offset_us } => vec![sliding(length_us, offset_us, 0)],
            Window::Exact { length_us, offset_us } => vec![Span::Exact { length_us, offset_us }],
            Window::Hopping { length_us, step_us, offset_us } => {
                vec![Span::Hopping { length_us, step_us, offset_us }]
            }
            Window::Lifetime { offset_us } => vec![Span::Lifetime { offset_us }],
            Window::Series { length_us, count, offset_us } => {
                (0..count).map(|back| sliding(length_us, offset_us, back)).collect()
            }
            Window::LastRows { lookback_us, .. } | Window::Session { lookback_us, .. } => {
                vec![sliding(lookback_us, 0, 0)]
            }
        }
    }

    /// Checks the declaration.
    pub fn check(self, origin_us: i64) -> Result<()> {
        let _ = origin_us;
        let Window::Sliding { length_us, offset_us } = self else { return Ok(()) };
        if length_us < HOUR_US {
            return Err(Error::input("a sliding window is at least 1 h long (S3)"));
        }
        if length_us >= Time::MAX.micros() || length_us % hop_us(length_us) != 0 {
            return Err(Error::input(format!(
                "a sliding window of {length_us} us is not a multiple of its hop of {} us (S3)",
                hop_us(length_us)
            )));
        }
        if !(0..Time::MAX.micros()).contains(&offset_us) {
            return Err(Error::input("a window's offset must not be negative"));
        }
        Ok(())
    }
}

impl Span {
    /// The interval at `effective`, an `as_of` already moved by the view's boundary and delay.
    pub fn interval(self, effective: Time, origin_us: i64) -> Interval {
        let floor = |time: Time, step_us: i64| time.floor_from(step_us, origin_us);
        match self {
            Span::Lifetime { offset_us } => {
                Interval { start: Time::MIN, end: effective.minus(offset_us) }
            }
            Span::Exact { length_us, offset_us } => {
                let end = effective.minus(offset_us);
                Interval { start: end.minus(length_us), end }
            }
            Span::Hopping { length_us, step_us, offset_us } => {
                let end = floor(effective.minus(offset_us), step_us);
                Interval { start: end.minus(length_us), end }
            }
            Span::Sliding { length_us, offset_us, back } => {
                let hop = hop_us(length_us);
                let shifted = effective.minus(offset_us);
                let newest = if offset_us > 0 { floor(shifted, hop) } else { shifted };
                let before = |windows: i64| {
                    floor(newest.minus(windows.saturating_mul(length_us)), hop)
                };
                let back = i64::from(back);
                let end = if back == 0 { newest } else { before(back) };
                Interval { start: before(back + 1), end }
            }
        }
    }
}

impl FeatureView {
    /// `as_of` moved by the view's delay (S5) and boundary (S4).
    pub fn effective(&self, as_of: Time) -> Time {
        let delayed = as_of.minus(self.delay_us);
        match self.boundary {
            Boundary::Strict => delayed,
            Boundary::Inclusive => delayed.plus(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the sawtooth of S3. Method: intervals written out by hand.
    #[test]
    fn s03_sliding_windows_floor_their_start() {
        let at = |text: &str| Time::parse(text).unwrap();
        let sliding = |length_us: i64, offset_us: i64, as_of: &str| {
            Span::Sliding { length_us, offset_us, back: 0 }.interval(at(as_of), 0)
        };
        let interval = sliding(7 * DAY_US, 0, "2024-05-08T10:20:30Z");
        assert_eq!(interval.start, at("2024-05-01T10:00:00Z"));
        assert_eq!(interval.end, at("2024-05-08T10:20:30Z"));
        let interval = sliding(30 * DAY_US, 0, "2024-05-31T10:20:30Z");
        assert_eq!(interval.start, at("2024-05-01"));
        let interval = sliding(HOUR_US, 0, "1969-12-31T23:59:00Z");
        assert_eq!(interval.start, at("1969-12-31T22:55:00Z"));
        let interval = sliding(7 * DAY_US, 7 * DAY_US, "2024-05-15T10:20:30Z");
        assert_eq!(interval.end, at("2024-05-08T10:00:00Z"));
        assert_eq!(interval.start, at("2024-05-01T10:00:00Z"));
    }
}
