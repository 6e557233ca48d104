//! Spans: the half-open intervals of event time that a window reads at an `as_of`, and what exact
//! ones cost online.
//!
//! ```text
//!              hi                                 lo
//! sliding      at                                 b(1)        b(i) = floor(hi - i * length, hop)
//!   back i     b(i)                               b(i + 1)    with an offset hi = floor(at, hop)
//! exact        at                                 hi - length
//! hopping      floor(at, step)                    hi - length
//! calendar     at                                 the start of the period that holds at
//!   whole n    the start of that period           the start of the one n periods before
//! lifetime     at                                 none              at = effective - offset
//! ```
//!
//! Floors are on the grid of the view's origin. Invariant: both bounds depend only on the
//! declaration, the origin and the effective time, saturate at ±2^62, and never decrease as that
//! time increases. Deliberately absent: rows; the state of an aggregate selects the last n rows or
//! a session.

use super::calendar::Calendar;
use super::duration::{duration, hop_us};
use crate::time::{DAY_US, Interval, Time};

/// One interval that a window reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "lengths are microseconds, as in `Window`")]
pub enum Span {
    /// The sliding window that is `back` windows older than the newest of its series.
    Sliding { length_us: i64, offset_us: i64, back: u32 },
    /// Both bounds can be any time.
    Exact { length_us: i64, offset_us: i64 },
    /// Both bounds lie on a grid of steps.
    Hopping { length_us: i64, step_us: i64, offset_us: i64 },
    /// Has no start.
    Lifetime { offset_us: i64 },
    /// The period of a calendar so far, or, if `whole` is not 0, so many before it.
    Calendar { calendar: Calendar, whole: u32, offset_us: i64 },
}

impl Span {
    /// Its declared length; `None` for a lifetime. A sliding interval may be up to one hop longer.
    /// Of a calendar the most that it can be.
    pub fn length_us(self) -> Option<i64> {
        match self {
            Span::Calendar { calendar, whole, .. } => {
                // Two days more, because a zone's clocks may be moved from one side of the date
                // line to the other.
                Some((calendar.unit.days_max() * i64::from(whole.max(1)) + 2) * DAY_US)
            }
            Span::Sliding { length_us, .. }
            | Span::Exact { length_us, .. }
            | Span::Hopping { length_us, .. } => Some(length_us),
            Span::Lifetime { .. } => None,
        }
    }

    /// The interval at `effective`, which is `as_of` moved by the view's boundary and delay.
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
                let before =
                    |windows: i64| floor(newest.minus(windows.saturating_mul(length_us)), hop);
                let back = i64::from(back);
                let end = if back == 0 { newest } else { before(back) };
                Interval { start: before(back + 1), end }
            }
            Span::Calendar { calendar, whole, offset_us } => {
                let end = effective.minus(offset_us);
                let period = calendar.period(end);
                match whole {
                    0 => Interval { start: period.start, end },
                    whole => Interval { start: calendar.before(period, whole), end: period.start },
                }
            }
        }
    }

    /// How far back an online store must keep every event time separate, because a bound can lie at
    /// any time in the past; `None` if the only such bound is the effective time itself.
    pub fn exact_reach_us(self) -> Option<i64> {
        match self {
            Span::Exact { length_us, offset_us } => Some(length_us.saturating_add(offset_us)),
            Span::Lifetime { offset_us } | Span::Calendar { whole: 0, offset_us, .. }
                if offset_us > 0 =>
            {
                Some(offset_us)
            }
            _ => None,
        }
    }

    /// What an exact bound costs online, as a build prints it after the feature's name; `None` if
    /// there is no exact bound. `exact_max_us` is the view's limit.
    pub fn exact_cost(self, exact_max_us: i64) -> Option<String> {
        let reach_us = self.exact_reach_us()?;
        let reach = duration(reach_us);
        Some(if reach_us <= exact_max_us {
            format!("keeps every event time of the last {reach} apart")
        } else {
            format!(
                "is for training sets only: it would keep every event time of the last {reach} \
                 apart online, and exact_max is {}; raise that to serve it",
                duration(exact_max_us)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR_US, MINUTE_US, SECOND_US};
    use crate::window::Window;
    use crate::window::samples;
    use proptest::prelude::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn check(window: Window, origin: &str, as_of: &str, expected: &[(&str, &str)]) {
        let origin_us = at(origin).micros();
        let found = window.spans().into_iter().map(|span| span.interval(at(as_of), origin_us));
        let expected = expected.iter().map(|(lo, hi)| Interval { start: at(lo), end: at(hi) });
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{window:?} {as_of}");
    }

    /// Goal: sliding windows have the sawtooth bounds of S3. Method: intervals written out by hand.
    #[test]
    fn s03_sliding_windows_floor_their_start() {
        let sliding = |length_us, offset_us| Window::Sliding { length_us, offset_us };
        let (epoch, as_of) = ("1970-01-01", "2024-05-08T10:20:30Z");
        check(sliding(7 * DAY_US, 0), epoch, as_of, &[("2024-05-01T10:00:00Z", as_of)]);
        check(sliding(30 * DAY_US, 0), epoch, as_of, &[("2024-04-08", as_of)]);
        check(sliding(6 * HOUR_US, 0), epoch, as_of, &[("2024-05-08T04:20:00Z", as_of)]);
        let before_epoch = "1969-12-31T23:59:00Z";
        check(sliding(HOUR_US, 0), epoch, before_epoch, &[("1969-12-31T22:55:00Z", before_epoch)]);
        // On an edge the floor changes nothing.
        check(sliding(HOUR_US, 0), epoch, "1969-12-31", &[("1969-12-30T23:00:00Z", "1969-12-31")]);
        // With an offset both bounds are floored.
        let week_ago = ("2024-05-01T10:00:00Z", "2024-05-08T10:00:00Z");
        check(sliding(7 * DAY_US, 7 * DAY_US), epoch, "2024-05-15T10:20:30Z", &[week_ago]);
        check(sliding(7 * DAY_US, 1), epoch, "2024-05-08T11:00:00Z", &[week_ago]);
        // An origin moves the grid, whether it lies before or after the time.
        let half_past = ("2024-05-01T09:30:00Z", as_of);
        check(sliding(7 * DAY_US, 0), "2024-01-01T00:30:00Z", as_of, &[half_past]);
        check(sliding(7 * DAY_US, 0), "2030-01-01T00:30:00Z", as_of, &[half_past]);
    }

    /// Goal: exact, hopping and lifetime windows of S3. Method: intervals written out by hand.
    #[test]
    fn s03_exact_hopping_and_lifetime_windows() {
        let (epoch, as_of) = ("1970-01-01", "2024-05-08T10:20:30.000001Z");
        let exact = |length_us, offset_us| Window::Exact { length_us, offset_us };
        check(exact(90 * SECOND_US, 0), epoch, as_of, &[("2024-05-08T10:19:00.000001Z", as_of)]);
        let yesterday = ("2024-05-07T10:20:29.000001Z", "2024-05-07T10:20:30.000001Z");
        check(exact(SECOND_US, DAY_US), "2024-01-01T00:00:07Z", as_of, &[yesterday]);
        let hopping =
            |length_us, step_us, offset_us| Window::Hopping { length_us, step_us, offset_us };
        check(hopping(7 * DAY_US, DAY_US, 0), epoch, as_of, &[("2024-05-01", "2024-05-08")]);
        check(hopping(DAY_US, DAY_US, DAY_US), epoch, as_of, &[("2024-05-06", "2024-05-07")]);
        let odd = ("2024-05-08T10:17:20Z", "2024-05-08T10:19:30Z");
        check(hopping(130 * SECOND_US, 90 * SECOND_US, 0), epoch, as_of, &[odd]);
        let monday = ("2024-04-29", "2024-05-06");
        check(hopping(7 * DAY_US, 7 * DAY_US, 0), "2024-01-01", as_of, &[monday]);
        let lifetime = |offset_us| Window::Lifetime { offset_us }.spans()[0];
        let end = |offset_us| lifetime(offset_us).interval(at(as_of), 0);
        assert_eq!(end(0), Interval { start: Time::MIN, end: at(as_of) });
        assert_eq!(end(DAY_US).end, at("2024-05-07T10:20:30.000001Z"));
    }

    /// Goal: the windows of a series are adjacent, and only the first one can end at any time.
    /// Method: by hand.
    #[test]
    fn s03_series_abut() {
        let series = |offset_us| Window::Series { length_us: 7 * DAY_US, count: 3, offset_us };
        let as_of = "2024-05-22T10:20:30Z";
        let older = [
            ("2024-05-08T10:00:00Z", "2024-05-15T10:00:00Z"),
            ("2024-05-01T10:00:00Z", "2024-05-08T10:00:00Z"),
        ];
        check(
            series(0),
            "1970-01-01",
            as_of,
            &[("2024-05-15T10:00:00Z", as_of), older[0], older[1]],
        );
        let first = ("2024-05-15T10:00:00Z", "2024-05-22T10:00:00Z");
        check(series(MINUTE_US), "1970-01-01", as_of, &[first, older[0], older[1]]);
    }

    /// Goal: bounds saturate. Method: times beside both ends, by hand.
    #[test]
    fn s02_bounds_saturate() {
        let near = Time::MIN.plus(5);
        for window in [
            Window::Sliding { length_us: DAY_US, offset_us: 0 },
            Window::Exact { length_us: 6, offset_us: 0 },
            Window::Hopping { length_us: DAY_US, step_us: HOUR_US, offset_us: 0 },
        ] {
            let interval = window.spans()[0].interval(near, SECOND_US);
            assert_eq!(interval.start, Time::MIN, "{window:?}");
            assert!(interval.end == near || matches!(window, Window::Hopping { .. }));
        }
        let series = Window::Series { length_us: 365 * DAY_US, count: 1000, offset_us: 0 };
        for span in series.spans().into_iter().skip(1) {
            assert_eq!(
                span.interval(near, 0),
                Interval { start: Time::MIN, end: Time::MIN },
                "{span:?}"
            );
        }
        let exact = Span::Exact { length_us: 6, offset_us: 0 };
        assert_eq!(exact.interval(Time::MAX, 0).start, Time::MAX.minus(6));
    }

    /// The bounds of S3 in 128 bits, newest first, clamped at the end.
    fn definition(window: Window, effective: i64, origin: i64) -> Vec<(i128, i128)> {
        const MINUTE: i128 = 60_000_000;
        let origin = i128::from(origin);
        let floor = |time: i128, step: i128| (time - origin).div_euclid(step) * step + origin;
        let sliding = |length: i64, offset: i64, count: i128| {
            let length = i128::from(length);
            let hop = match length / MINUTE {
                minutes if minutes < 12 * 60 => 5 * MINUTE,
                minutes if minutes < 12 * 24 * 60 => 60 * MINUTE,
                _ => 24 * 60 * MINUTE,
            };
            let shifted = i128::from(effective) - i128::from(offset);
            let hi = if offset > 0 { floor(shifted, hop) } else { shifted };
            let bound = |i: i128| if i == 0 { hi } else { floor(hi - i * length, hop) };
            (0..count).map(|i| (bound(i + 1), bound(i))).collect()
        };
        let end = i128::from(effective) - i128::from(window.offset_us());
        let bounds: Vec<(i128, i128)> = match window {
            Window::Sliding { length_us, offset_us } => sliding(length_us, offset_us, 1),
            Window::Series { length_us, count, offset_us } => {
                sliding(length_us, offset_us, i128::from(count))
            }
            Window::LastRows { lookback_us, exact: true, .. }
            | Window::LatestEvent { lookback_us, exact: true } => {
                vec![(end - i128::from(lookback_us), end)]
            }
            Window::LastRows { lookback_us, .. }
            | Window::LatestEvent { lookback_us, .. }
            | Window::Session { lookback_us, .. } => sliding(lookback_us, 0, 1),
            Window::Exact { length_us, .. } => vec![(end - i128::from(length_us), end)],
            Window::Hopping { length_us, step_us, .. } => {
                let hi = floor(end, i128::from(step_us));
                vec![(hi - i128::from(length_us), hi)]
            }
            Window::Lifetime { .. } => vec![(i128::MIN, end)],
            // Periods have tests of their own (`calendar`, `zone`).
            Window::Calendar { unit, first_day, zone, whole, .. } => {
                let calendar = Calendar { unit, first_day, zone };
                let period = calendar.period(Time::saturating(end as i64));
                let start = i128::from(period.start.micros());
                match whole {
                    0 => vec![(start, end)],
                    _ => vec![(i128::from(calendar.before(period, whole).micros()), start)],
                }
            }
        };
        let clamp = |time: i128| time.clamp(-(1 << 62), 1 << 62);
        bounds.into_iter().map(|(lo, hi)| (clamp(lo), clamp(hi))).collect()
    }

    proptest! {
        /// Goal: the bounds are those of S3. Method: the definition in 128 bits, which saturates
        /// only at its end; random windows, origins and times, also at the extremes.
        #[test]
        fn s03_bounds_are_the_definitions(
            window in samples::window(),
            origin_us in samples::origin_us(),
            effective in samples::time(),
        ) {
            window.check(origin_us).unwrap();
            let expected = definition(window, effective.micros(), origin_us);
            let found: Vec<(i128, i128)> = window.spans().into_iter().map(|span| {
                let Interval { start, end } = span.interval(effective, origin_us);
                (i128::from(start.micros()), i128::from(end.micros()))
            }).collect();
            prop_assert_eq!(&found, &expected);
            for pair in found.windows(2) {
                prop_assert_eq!(pair[0].0, pair[1].1, "a series abuts");
            }
        }

        /// Goal: bounds never decrease, and lo <= hi, on which retention relies. Method: two times.
        #[test]
        fn s12_bounds_are_monotone(
            window in samples::window(),
            origin_us in samples::origin_us(),
            effective in samples::time(),
            later_us in samples::later_us(),
        ) {
            for span in window.spans() {
                let earlier = span.interval(effective, origin_us);
                let later = span.interval(effective.plus(later_us), origin_us);
                prop_assert!(earlier.start <= earlier.end);
                prop_assert!(earlier.start <= later.start && earlier.end <= later.end);
            }
        }
    }

    /// Goal: the build can print what an exact window costs. Method: the sentences.
    #[test]
    fn exact_windows_state_their_cost() {
        let exact = |length_us, offset_us| Span::Exact { length_us, offset_us };
        let cost = |span: Span| span.exact_cost(7 * DAY_US);
        let keeps = |text: &str| Some(format!("keeps every event time of the last {text} apart"));
        assert_eq!(cost(exact(90 * SECOND_US, 0)), keeps("90s"));
        assert_eq!(cost(exact(6 * DAY_US, DAY_US)), keeps("7d"));
        assert_eq!(cost(Span::Lifetime { offset_us: 36 * HOUR_US }), keeps("36h"));
        assert_eq!(cost(Span::Lifetime { offset_us: 0 }), None);
        assert_eq!(cost(Window::Sliding { length_us: HOUR_US, offset_us: 1 }.spans()[0]), None);
        assert_eq!(
            cost(exact(7 * DAY_US, 1)).unwrap(),
            "is for training sets only: it would keep every event time of the last 604800000001us \
             apart online, and exact_max is 7d; raise that to serve it"
        );
    }
}
