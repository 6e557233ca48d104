//! Windows: what a feature's rows are, as declared (S3 to S5).
//!
//! A feature's [`Window`] is declared; its [`Span`]s are the intervals that it reads: one, or
//! `count` for a series. The last rows and sessions read a sliding span and pick rows from it.
//! Invariant: a window that passed [`Window::check`] has bounds at every `as_of` (`span`).
//! Deliberately absent: which events have arrived, which is the store's knowledge; calendars and
//! time zones.

mod bound;
mod check;
#[cfg(test)]
pub(crate) mod samples;
mod span;

pub(crate) use bound::{Bound, Walk};
pub use span::Span;

use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US, Time};
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

    /// How long before `as_of` it ends.
    pub fn offset_us(self) -> i64 {
        match self {
            Window::Sliding { offset_us, .. }
            | Window::Exact { offset_us, .. }
            | Window::Hopping { offset_us, .. }
            | Window::Series { offset_us, .. }
            | Window::Lifetime { offset_us } => offset_us,
            Window::LastRows { .. } | Window::Session { .. } => 0,
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
}

/// A duration as authors write it: in the longest unit that divides it, such as `90s` or `7d`.
pub fn duration(micros: i64) -> String {
    let units = [(DAY_US, "d"), (HOUR_US, "h"), (MINUTE_US, "m"), (SECOND_US, "s"), (1000, "ms")];
    let unit = units.into_iter().find(|(unit_us, _)| micros != 0 && micros % unit_us == 0);
    let (unit_us, unit) = unit.unwrap_or((1, "us"));
    format!("{}{unit}", micros / unit_us)
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

    /// Goal: durations read as authors write them. Method: a table.
    #[test]
    fn durations_use_the_longest_unit() {
        for (micros, text) in [
            (0, "0us"),
            (1, "1us"),
            (1500, "1500us"),
            (2000, "2ms"),
            (90 * SECOND_US, "90s"),
            (90 * MINUTE_US, "90m"),
            (36 * HOUR_US, "36h"),
            (7 * DAY_US, "7d"),
            (-DAY_US, "-1d"),
        ] {
            assert_eq!(duration(micros), text);
        }
    }
}
