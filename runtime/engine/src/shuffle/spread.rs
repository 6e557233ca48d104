//! The spread of the times of some rows: an approximate distribution, from which the number of rows
//! in a time range is estimated.
//!
//! Invariant: the least and the greatest time are exact, so if no row can lie in a range, that is
//! certain; the number of rows in a range is an estimate. Deliberately absent: where the rows are.

use std::ops::Range;

/// Intervals between the marks.
const STEPS: usize = 8;
/// Times that are sampled and sorted to find the marks, if the rows are in no order.
const SAMPLE: usize = 512;

/// Times (marks) between which there are approximately equal numbers of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    marks: [i64; STEPS + 1],
}

impl Spread {
    /// The spread of these times, of which there must be at least one.
    pub(crate) fn of(times: &[i64]) -> Spread {
        let stride = times.len().div_ceil(SAMPLE).max(1);
        let mut sample: Vec<i64> = times.iter().step_by(stride).copied().collect();
        sample.sort_unstable();
        let last = sample.len().saturating_sub(1);
        let mark = |step: usize| sample.get(last * step / STEPS).copied().unwrap_or_default();
        let mut marks = std::array::from_fn(mark);
        marks[0] = times.iter().copied().min().unwrap_or_default();
        marks[STEPS] = times.iter().copied().max().unwrap_or_default();
        Spread { marks }
    }

    /// The least time.
    pub(crate) fn least(&self) -> i64 {
        self.marks[0]
    }

    /// The greatest time.
    pub(crate) fn greatest(&self) -> i64 {
        self.marks[STEPS]
    }

    /// Whether some time may lie in `range`.
    pub(crate) fn meets(&self, range: &Range<i64>) -> bool {
        self.least() < range.end && range.start <= self.greatest() && !range.is_empty()
    }

    /// The approximate share of the times before `time`: it never decreases as `time` increases.
    pub(crate) fn before(&self, time: i64) -> f64 {
        if time <= self.least() {
            return 0.0;
        }
        if time > self.greatest() {
            return 1.0;
        }
        let passed = self.marks.partition_point(|mark| *mark < time).clamp(1, STEPS);
        let (low, high) = (self.marks[passed - 1], self.marks[passed]);
        let within = (time as f64 - low as f64) / (high as f64 - low as f64).max(1.0);
        (passed as f64 - 1.0 + within.min(1.0)) / STEPS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Goal: the least and greatest times are exact, and the share of rows before a time grows
        /// from 0 to 1.
        #[test]
        fn shares_grow_from_none_to_all(
            times in prop::collection::vec(-1000i64..1000, 1..1500),
            asked in prop::collection::vec(-1100i64..1100, 2..20),
        ) {
            let spread = Spread::of(&times);
            prop_assert_eq!(Some(spread.least()), times.iter().copied().min());
            prop_assert_eq!(Some(spread.greatest()), times.iter().copied().max());
            let mut asked = asked;
            asked.sort_unstable();
            let shares: Vec<f64> = asked.iter().map(|time| spread.before(*time)).collect();
            prop_assert!(shares.is_sorted() && shares.iter().all(|it| (0.0..=1.0).contains(it)));
            prop_assert_eq!(spread.before(spread.least()), 0.0);
            prop_assert_eq!(spread.before(spread.greatest() + 1), 1.0);
        }
    }

    /// Goal: the estimate follows an uneven distribution. Method: nine of ten rows in one tenth of
    /// the time, in no order.
    #[test]
    fn shares_follow_the_rows() {
        let time = |at: i64| if at % 10 == 0 { at } else { 900 + at * 7919 % 100 };
        let times: Vec<i64> = (0..1000).map(|at| time(at * 7 % 1000)).collect();
        let before = Spread::of(&times).before(900);
        assert!((0.05..0.3).contains(&before), "{before}");
    }
}
