//! The kinds of windows that a feature can declare.
//!
//! Invariant: the serialised form is that of the manifest, and a window of any manifest reads back
//! unchanged. Deliberately absent: which windows are allowed (`check`).

use super::calendar::{Calendar, CalendarUnit, Weekday};
use super::span::Span;
use super::zone::Zone;
use serde::{Deserialize, Serialize};

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
    /// Adjacent sliding windows, newest first.
    Series {
        length_us: i64,
        count: u32,
        #[serde(default)]
        offset_us: i64,
    },
    /// The last rows, in row order, of a sliding or an exact window: so many, before the newest
    /// `skip`.
    LastRows {
        rows: u32,
        #[serde(default, skip_serializing_if = "is_zero")]
        skip: u32,
        lookback_us: i64,
        #[serde(default, skip_serializing_if = "is_false")]
        exact: bool,
    },
    /// The rows of the latest event of a sliding or an exact window.
    LatestEvent {
        lookback_us: i64,
        #[serde(default, skip_serializing_if = "is_false")]
        exact: bool,
    },
    /// The latest session of a sliding window: the latest closed one, or with `open` the latest.
    Session {
        gap_us: i64,
        lookback_us: i64,
        #[serde(default, skip_serializing_if = "is_false")]
        open: bool,
    },
    /// Of a calendar in a zone: the period that holds `as_of`, so far, or with `whole` so many
    /// periods before it.
    Calendar {
        unit: CalendarUnit,
        #[serde(default, skip_serializing_if = "is_monday")]
        first_day: Weekday,
        zone: Zone,
        #[serde(default, skip_serializing_if = "is_zero")]
        whole: u32,
        #[serde(default)]
        offset_us: i64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_monday(day: &Weekday) -> bool {
    *day == Weekday::Monday
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Window {
    /// Its length, or that of its lookback, or of one window of its series; of a calendar window
    /// the most that it can be. `None` for a lifetime.
    pub fn length_us(self) -> Option<i64> {
        match self {
            Window::Calendar { .. } => self.spans()[0].length_us(),
            Window::Sliding { length_us, .. }
            | Window::Exact { length_us, .. }
            | Window::Hopping { length_us, .. }
            | Window::Series { length_us, .. } => Some(length_us),
            Window::LastRows { lookback_us, .. }
            | Window::LatestEvent { lookback_us, .. }
            | Window::Session { lookback_us, .. } => Some(lookback_us),
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
            | Window::Calendar { offset_us, .. }
            | Window::Lifetime { offset_us } => offset_us,
            Window::LastRows { .. } | Window::LatestEvent { .. } | Window::Session { .. } => 0,
        }
    }

    /// Whether it selects a session.
    pub fn is_session(self) -> bool {
        matches!(self, Window::Session { .. })
    }

    /// Whether it picks rows by their order, so that it has no length in time.
    pub fn picks_rows(self) -> bool {
        matches!(self, Window::LastRows { .. } | Window::LatestEvent { .. })
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
            Window::LastRows { lookback_us, exact: true, .. }
            | Window::LatestEvent { lookback_us, exact: true } => {
                vec![Span::Exact { length_us: lookback_us, offset_us: 0 }]
            }
            Window::LastRows { lookback_us, .. }
            | Window::LatestEvent { lookback_us, .. }
            | Window::Session { lookback_us, .. } => {
                vec![sliding(lookback_us, 0, 0)]
            }
            Window::Calendar { unit, first_day, zone, whole, offset_us } => {
                let calendar = Calendar { unit, first_day, zone };
                vec![Span::Calendar { calendar, whole, offset_us }]
            }
        }
    }
}
