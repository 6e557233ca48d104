//! Windows: from `as_of` to half-open spans of event time (S3).
//!
//! Invariant: the spans depend on the declaration, the view's origin and `as_of` alone. Deliberately
//! absent: the rows. The last rows and sessions have the span of their lookback here; which of its
//! rows they take is told in `selection.rs`.

use crate::calendar::{CalendarUnit, bounds};
use crate::time::{DAY_US, HOUR_US, MINUTE_US, before, floor};

/// Which part of time a feature covers (S3). Lengths are positive, offsets not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// A sawtooth: the end is exact, unless there is an offset; the start lies on a hop.
    Sliding {
        /// Its length.
        length_us: i64,
        /// How long before `as_of` it ends.
        offset_us: i64,
    },
    /// Both ends are exact.
    Exact {
        /// Its length.
        length_us: i64,
        /// How long before `as_of` it ends.
        offset_us: i64,
    },
    /// The end lies on a step.
    Hopping {
        /// Its length.
        length_us: i64,
        /// The distance of the ends that it may have.
        step_us: i64,
        /// How long before `as_of` it ends at the least.
        offset_us: i64,
    },
    /// Everything before its end.
    Lifetime {
        /// How long before `as_of` it ends.
        offset_us: i64,
    },
    /// Sliding windows that abut; the values are a list, newest first.
    Series {
        /// The length of one.
        length_us: i64,
        /// How many.
        count: u32,
        /// How long before `as_of` the newest ends.
        offset_us: i64,
    },
    /// The last rows of a sliding or an exact window.
    LastRows {
        /// How many at the most.
        rows: usize,
        /// How many of the newest are left out.
        skip: usize,
        /// The length of the window.
        lookback_us: i64,
        /// Whether the window is exact.
        exact: bool,
    },
    /// The rows of the latest event of a sliding or an exact window.
    LatestEvent {
        /// The length of the window.
        lookback_us: i64,
        /// Whether the window is exact.
        exact: bool,
    },
    /// The latest session of a sliding window.
    Session {
        /// The most time between two neighbours of one session.
        gap_us: i64,
        /// The length of the sliding window.
        lookback_us: i64,
        /// Whether a session counts that is not closed yet.
        open: bool,
    },
    /// The period of a calendar that holds `as_of`, so far, or whole ones before it.
    Calendar {
        /// The unit.
        unit: CalendarUnit,
        /// The time zone's name in the IANA database.
        zone: &'static str,
        /// How many periods before the one of `as_of`; 0 means that one, so far.
        whole: u32,
        /// How long before `as_of` it ends at the least.
        offset_us: i64,
    },
}

/// The times `lo <= t < hi`; no `lo` means no start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first time inside.
    pub lo: Option<i64>,
    /// The first time after.
    pub hi: i64,
}

impl Span {
    /// Whether a time lies inside.
    pub fn holds(self, time: i64) -> bool {
        self.lo.is_none_or(|lo| lo <= time) && time < self.hi
    }

    /// `hi - lo` in microseconds, if there is a start.
    pub fn length_us(self) -> Option<i128> {
        self.lo.map(|lo| i128::from(self.hi) - i128::from(lo))
    }
}

impl Window {
    /// Everything before `as_of`.
    pub const LIFETIME: Window = Window::Lifetime { offset_us: 0 };

    /// The length of the window, of its lookback or of one of its series; of a calendar window the
    /// most that it can be, where clocks may be moved over the date line.
    pub fn length_us(self) -> Option<i64> {
        match self {
            Window::Sliding { length_us, .. }
            | Window::Exact { length_us, .. }
            | Window::Hopping { length_us, .. }
            | Window::Series { length_us, .. } => Some(length_us),
            Window::LastRows { lookback_us, .. }
            | Window::LatestEvent { lookback_us, .. }
            | Window::Session { lookback_us, .. } => Some(lookback_us),
            Window::Calendar { unit, whole, .. } => {
                let days = match unit {
                    CalendarUnit::Day => 1,
                    CalendarUnit::Week { .. } => 7,
                    CalendarUnit::Month => 31,
                    CalendarUnit::Quarter => 92,
                    CalendarUnit::Year => 366,
                };
                Some((days * i64::from(whole.max(1)) + 2) * DAY_US)
            }
            Window::Lifetime { .. } => None,
        }
    }

    /// The spans at an effective `as_of` (S4, S5), newest first: one, or those of a series.
    pub fn spans(self, as_of: i64, origin_us: i64) -> Vec<Span> {
        let ending = |hi, length_us| vec![Span { lo: Some(before(hi, length_us, 1)), hi }];
        match self {
            Window::Sliding { length_us, offset_us } => {
                sliding(as_of, origin_us, length_us, offset_us, 1)
            }
            Window::Series { length_us, count, offset_us } => {
                sliding(as_of, origin_us, length_us, offset_us, count)
            }
            Window::LastRows { lookback_us, exact: true, .. }
            | Window::LatestEvent { lookback_us, exact: true } => ending(as_of, lookback_us),
            Window::LastRows { lookback_us, .. }
            | Window::LatestEvent { lookback_us, .. }
            | Window::Session { lookback_us, .. } => sliding(as_of, origin_us, lookback_us, 0, 1),
            Window::Exact { length_us, offset_us } => {
                ending(before(as_of, offset_us, 1), length_us)
            }
            Window::Hopping { length_us, step_us, offset_us } => {
                ending(floor(before(as_of, offset_us, 1), step_us, origin_us), length_us)
            }
            Window::Calendar { unit, zone, whole, offset_us } => {
                let (lo, hi) = bounds(zone, unit, whole, before(as_of, offset_us, 1));
                vec![Span { lo: Some(lo), hi }]
            }
            Window::Lifetime { offset_us } => {
                vec![Span { lo: None, hi: before(as_of, offset_us, 1) }]
            }
        }
    }
}

/// `count` sliding windows: `b(0) = hi`, `b(i) = floor(hi - i * length, hop)`, `[b(i + 1), b(i))`.
fn sliding(as_of: i64, origin_us: i64, length_us: i64, offset_us: i64, count: u32) -> Vec<Span> {
    let hop_us = match length_us {
        length if length < 12 * HOUR_US => 5 * MINUTE_US,
        length if length < 12 * DAY_US => HOUR_US,
        _ => DAY_US,
    };
    let exact = before(as_of, offset_us, 1);
    let hi = if offset_us > 0 { floor(exact, hop_us, origin_us) } else { exact };
    let bound = |i: u32| match i {
        0 => hi,
        _ => floor(before(hi, length_us, i), hop_us, origin_us),
    };
    (0..count).map(|i| Span { lo: Some(bound(i + 1)), hi: bound(i) }).collect()
}
