//! One bound of a span, computed for many times in succession.
//!
//! ```text
//! bound(at) = floor(floor(at - offset, newest step) - back, step)      without a step no floor
//! ```
//!
//! Every bound of S3 has this form, except those of calendars, which are starts of their periods.
//! Spans whose ends are equal bounds end together at every time. Consecutive times mostly share a
//! floor or a period, so a [`Walk`] remembers the last one and divides only when a time lies outside
//! it. Invariant: the bounds are those of [`Span::interval`], in whatever
//! order times are given. Deliberately absent: the start of a lifetime window, which has no bound.

use super::calendar::Calendar;
use super::duration::hop_us;
use super::span::Span;
use crate::time::Time;

/// How a bound follows from the effective time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Floors on grids. A step of 0 means no floor.
    Grid { offset_us: i64, newest_step_us: i64, back_us: i64, step_us: i64 },
    /// The start of the period of a calendar that is so many before the one of the time.
    Calendar { calendar: Calendar, offset_us: i64, periods: u32 },
}

impl Span {
    /// The bound at which the span starts; `None` if it has no start.
    pub(crate) fn start(self) -> Option<Bound> {
        match self {
            Span::Lifetime { .. } => None,
            Span::Exact { length_us, offset_us } => Some(grid(offset_us, 0, length_us)),
            Span::Hopping { length_us, step_us, offset_us } => {
                Some(grid(offset_us, step_us, length_us))
            }
            Span::Sliding { length_us, offset_us, back } => {
                Some(sliding(length_us, offset_us, i64::from(back) + 1))
            }
            Span::Calendar { calendar, whole, offset_us } => {
                Some(Bound::Calendar { calendar, offset_us, periods: whole })
            }
        }
    }

    /// The bound at which the span ends.
    pub(crate) fn end(self) -> Bound {
        match self {
            Span::Lifetime { offset_us }
            | Span::Exact { offset_us, .. }
            | Span::Calendar { whole: 0, offset_us, .. } => grid(offset_us, 0, 0),
            Span::Hopping { step_us, offset_us, .. } => grid(offset_us, step_us, 0),
            Span::Sliding { length_us, offset_us, back } => {
                sliding(length_us, offset_us, i64::from(back))
            }
            Span::Calendar { calendar, offset_us, .. } => {
                Bound::Calendar { calendar, offset_us, periods: 0 }
            }
        }
    }
}

/// The bound that lies `back_us` before the newest one, which is on a grid of steps.
fn grid(offset_us: i64, newest_step_us: i64, back_us: i64) -> Bound {
    Bound::Grid { offset_us, newest_step_us, back_us, step_us: 0 }
}

/// The bound that lies `windows` windows before the newest end of a sliding span.
fn sliding(length_us: i64, offset_us: i64, windows: i64) -> Bound {
    let hop_us = hop_us(length_us);
    Bound::Grid {
        offset_us,
        newest_step_us: if offset_us > 0 { hop_us } else { 0 },
        back_us: windows.saturating_mul(length_us),
        step_us: if windows > 0 { hop_us } else { 0 },
    }
}

/// Computes a bound for one time after another.
#[derive(Clone, Debug)]
pub(crate) enum Walk {
    Grid { offset_us: i64, back_us: i64, newest: Floor, floor: Floor },
    Calendar { calendar: Calendar, offset_us: i64, periods: u32, last: LastPeriod },
}

impl Walk {
    /// The walk of `bound` on the grid of `origin_us`.
    pub(crate) fn new(bound: Bound, origin_us: i64) -> Walk {
        let floor = |step_us| Floor { step_us, origin_us, last: Time::MIN, next_us: i64::MIN };
        match bound {
            Bound::Grid { offset_us, newest_step_us, back_us, step_us } => Walk::Grid {
                offset_us,
                back_us,
                newest: floor(newest_step_us),
                floor: floor(step_us),
            },
            Bound::Calendar { calendar, offset_us, periods } => {
                let last = LastPeriod { start: Time::MAX, end: Time::MIN, bound: Time::MIN };
                Walk::Calendar { calendar, offset_us, periods, last }
            }
        }
    }

    /// The bound at `effective`, an `as_of` already moved by the view's boundary and delay.
    #[inline]
    pub(crate) fn at(&mut self, effective: Time) -> Time {
        match self {
            Walk::Grid { offset_us, back_us, newest, floor } => {
                let newest = newest.of(effective.minus(*offset_us));
                floor.of(newest.minus(*back_us))
            }
            Walk::Calendar { calendar, offset_us, periods, last } => {
                let time = effective.minus(*offset_us);
                if time < last.start || time >= last.end {
                    *last = LastPeriod::of(*calendar, *periods, time);
                }
                last.bound
            }
        }
    }
}

/// The last period of a calendar, and the bound of the times within it.
#[derive(Clone, Debug)]
pub(crate) struct LastPeriod {
    start: Time,
    end: Time,
    bound: Time,
}

impl LastPeriod {
    #[cold]
    fn of(calendar: Calendar, periods: u32, time: Time) -> LastPeriod {
        let period = calendar.period(time);
        let bound = calendar.before(period, periods);
        LastPeriod { start: period.start, end: period.end, bound }
    }
}

/// The last floor on a grid, which is valid for the times in `[last, next)`.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    step_us: i64,
    origin_us: i64,
    last: Time,
    next_us: i64,
}

impl Floor {
    /// `time.floor_from(step, origin)`, or `time` if there is no step.
    #[inline]
    fn of(&mut self, time: Time) -> Time {
        if self.step_us == 0 {
            return time;
        }
        if time < self.last || time.micros() >= self.next_us {
            self.divide(time);
        }
        self.last
    }

    #[cold]
    fn divide(&mut self, time: Time) {
        self.last = time.floor_from(self.step_us, self.origin_us);
        // The floor of a time below the first point of the grid is the least time, which does not
        // tell where that point lies.
        self.next_us = match self.last {
            Time::MIN => time.micros() + 1,
            last => last.micros().saturating_add(self.step_us),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::samples;
    use proptest::prelude::*;

    proptest! {
        /// Goal: a walk has the bounds of the definition at every time (S3), also at both ends of
        /// time. Method: windows, origins and first times of every kind, then steps forward, small
        /// ones within a hop and large ones, and steps back.
        #[test]
        fn s03_a_walk_has_the_bounds_of_its_span(
            window in samples::window(),
            origin_us in samples::origin_us(),
            times in prop::collection::vec((samples::time(), samples::later_us()), 1..4),
            steps in prop::collection::vec(samples::later_us(), 0..6),
        ) {
            for span in window.spans() {
                let mut start = span.start().map(|bound| Walk::new(bound, origin_us));
                let mut end = Walk::new(span.end(), origin_us);
                let mut check = |time: Time| {
                    let expected = span.interval(time, origin_us);
                    let start = start.as_mut().map_or(Time::MIN, |start| start.at(time));
                    prop_assert_eq!(start, expected.start, "{:?} starts at {}", span, time);
                    prop_assert_eq!(end.at(time), expected.end, "{:?} ends at {}", span, time);
                    Ok(())
                };
                for &(first, later_us) in &times {
                    check(first)?;
                    check(first.plus(later_us))?;
                    let mut time = first;
                    for step_us in &steps {
                        time = time.plus(*step_us);
                        check(time)?;
                        check(span.interval(time, origin_us).start)?;
                        check(span.interval(time, origin_us).start.minus(1))?;
                    }
                }
            }
        }

        /// Goal: spans whose ends are equal bounds end together, on which sharing a queue relies.
        #[test]
        fn s03_equal_ends_end_together(
            windows in prop::collection::vec(samples::window(), 2..5),
            origin_us in samples::origin_us(),
            time in samples::time(),
        ) {
            let spans: Vec<Span> = windows.into_iter().flat_map(|window| window.spans()).collect();
            for one in &spans {
                for other in spans.iter().filter(|other| other.end() == one.end()) {
                    prop_assert_eq!(
                        one.interval(time, origin_us).end, other.interval(time, origin_us).end
                    );
                }
            }
        }
    }

    /// Goal: windows that can share a queue have equal end bounds. Method: a table.
    #[test]
    fn exact_sliding_and_lifetime_windows_end_at_the_time_asked() {
        let hour_us = crate::time::HOUR_US;
        let exact = Span::Exact { length_us: 5, offset_us: 0 };
        let sliding = |offset_us, back| Span::Sliding { length_us: hour_us, offset_us, back };
        let hopping = Span::Hopping { length_us: hour_us, step_us: hour_us, offset_us: 0 };
        assert_eq!(exact.end(), sliding(0, 0).end());
        assert_eq!(exact.end(), Span::Lifetime { offset_us: 0 }.end());
        for other in [sliding(7, 0), sliding(0, 1), hopping, Span::Lifetime { offset_us: 1 }] {
            assert_ne!(exact.end(), other.end(), "{other:?}");
        }
    }
}
