//! The content of a view's rows in a range of event time: for each part of the range, how many rows
//! there are and the sum of their hashes.
//!
//! A training file records it, so that a later run can tell whether the rows that the file's values
//! were made of are still the same, and in which part of the range they are not.
//!
//! Invariant: a content depends on the rows alone, and not on their order, batches or workers. All
//! parts have one length, the shortest of a fixed list with which at most [`PARTS_MAX`] parts have
//! rows. Deliberately absent: the rows themselves, and what follows from a difference.

use lockstep_core::time::{DAY_US, HOUR_US, Interval, MINUTE_US, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most parts that have rows.
const PARTS_MAX: usize = 64;

/// The lengths of parts in microseconds, each a multiple of the one before. They go on with
/// doublings of a day.
const LENGTHS_US: [i64; 6] =
    [MINUTE_US, 5 * MINUTE_US, 15 * MINUTE_US, HOUR_US, 4 * HOUR_US, 12 * HOUR_US];

/// The index of the longest length that is ever needed: all times lie in fewer than [`PARTS_MAX`]
/// parts of it.
const LENGTH_LAST: usize = LENGTHS_US.len() + 22;

/// The length of parts with this index in the list.
fn length_us(index: usize) -> i64 {
    match LENGTHS_US.get(index) {
        Some(length) => *length,
        None => DAY_US << (index - LENGTHS_US.len()),
    }
}

/// The rows of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    rows: u64,
    sum: u128,
}

impl Part {
    fn add(&mut self, other: Part) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// The content of a view's rows in a range of event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    range: Interval,
    /// Rows that arrived later do not count; in microseconds.
    arrived_by: Option<i64>,
    /// The index of the length of parts.
    length: usize,
    /// The parts with rows, by number: part `n` begins `n` lengths after the beginning of 1970.
    parts: BTreeMap<i64, Part>,
}

/// A content as a file records it.
#[derive(Deserialize, Serialize)]
struct Recorded {
    from_us: i64,
    until_us: i64,
    arrived_by_us: Option<i64>,
    part_us: i64,
    parts: Vec<(i64, u64, String)>,
}

/// A stretch of time in which two contents differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its beginning.
    pub from: Time,
    /// Its end.
    pub until: Time,
    /// The rows that were in it.
    pub rows_then: u64,
    /// The rows that are in it now.
    pub rows_now: u64,
}

impl Content {
    /// A content of no rows yet, for the rows in `range` that have arrived by a time, if one is
    /// given.
    pub(super) fn new(range: Interval, arrived_by: Option<i64>) -> Content {
        Content { range, arrived_by, length: 0, parts: BTreeMap::new() }
    }

    /// The same range without rows. Its parts are as long as these, so nothing is lost by beginning
    /// with it.
    pub(super) fn without_rows(&self) -> Content {
        Content { parts: BTreeMap::new(), ..*self }
    }

    /// Whether a row with this event time and arrival counts.
    pub(super) fn covers(&self, (time, arrival): (i64, Option<i64>)) -> bool {
        let late = self.arrived_by.zip(arrival).is_some_and(|(by, arrival)| arrival > by);
        self.range.start.micros() <= time && time < self.range.end.micros() && !late
    }

    /// Adds a row with this event time, arrival and hash, if it counts.
    pub(super) fn add(&mut self, row: (i64, Option<i64>), hash: u128) {
        if self.covers(row) {
            let part = row.0.div_euclid(length_us(self.length));
            self.parts.entry(part).or_default().add(Part { rows: 1, sum: hash });
            self.limit();
        }
    }

    /// Adds the rows of another content of the same range.
    pub(super) fn merge(&mut self, mut other: Content) {
        self.lengthen(other.length);
        other.lengthen(self.length);
        for (number, part) in other.parts {
            self.parts.entry(number).or_default().add(part);
        }
        self.limit();
    }

    /// Makes the parts so long that there are not too many.
    fn limit(&mut self) {
        while self.parts.len() > PARTS_MAX {
            self.lengthen(self.length + 1);
        }
    }

    /// Makes the parts at least as long as the length with this index.
    fn lengthen(&mut self, length: usize) {
        if length <= self.length {
            return;
        }
        let ratio = length_us(length) / length_us(self.length);
        for (number, part) in std::mem::take(&mut self.parts) {
            self.parts.entry(number.div_euclid(ratio)).or_default().add(part);
        }
        self.length = length;
    }

    /// The stretch from the first to the last part in which `now`, a content of the same range, has
    /// other rows; `None` if it has the same everywhere.
    pub fn changed(&self, now: &Content) -> Option<Changed> {
        let (mut then, mut now) = (self.clone(), now.clone());
        then.lengthen(now.length);
        now.lengthen(then.length);
        let numbers = || then.parts.keys().chain(now.parts.keys());
        let differs = |number: &&i64| then.parts.get(number) != now.parts.get(number);
        let first = *numbers().filter(differs).min()?;
        let last = *numbers().filter(differs).max()?;
        let rows =
            |content: &Content| content.parts.range(first..=last).map(|(_, it)| it.rows).sum();
        let time = |number: i64| Time::saturating(number.saturating_mul(length_us(then.length)));
        Some(Changed {
            from: time(first).max(self.range.start),
            until: time(last.saturating_add(1)).min(self.range.end),
            rows_then: rows(&then),
            rows_now: rows(&now),
        })
    }

    /// Its JSON, for a file.
    pub fn json(&self) -> serde_json::Value {
        let parts = self.parts.iter();
        serde_json::json!(Recorded {
            from_us: self.range.start.micros(),
            until_us: self.range.end.micros(),
            arrived_by_us: self.arrived_by,
            part_us: length_us(self.length),
            parts: parts.map(|(at, it)| (*at, it.rows, format!("{:032x}", it.sum))).collect(),
        })
    }

    /// Reads what [`Content::json`] wrote; `None` if it is anything else.
    pub fn parse(json: &serde_json::Value) -> Option<Content> {
        let recorded = Recorded::deserialize(json).ok()?;
        let length = (0..=LENGTH_LAST).find(|index| length_us(*index) == recorded.part_us)?;
        let part = |(number, rows, sum): (i64, u64, String)| {
            Some((number, Part { rows, sum: u128::from_str_radix(&sum, 16).ok()? }))
        };
        let parts = recorded.parts.into_iter().map(part).collect::<Option<_>>()?;
        let (start, end) = (Time::new(recorded.from_us)?, Time::new(recorded.until_us)?);
        let range = Interval { start, end };
        Some(Content { range, arrived_by: recorded.arrived_by_us, length, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn everything() -> Content {
        Content::new(Interval { start: Time::MIN, end: Time::MAX }, None)
    }

    fn of(rows: &[(i64, u64)]) -> Content {
        let mut content = everything();
        rows.iter().for_each(|(time, hash)| content.add((*time, None), u128::from(*hash)));
        content
    }

    /// Times close together and far apart.
    fn times() -> impl Strategy<Value = i64> {
        let far = Time::MIN.micros()..Time::MAX.micros();
        prop_oneof![0..HOUR_US, -900 * DAY_US..900 * DAY_US, far]
    }

    proptest! {
        /// Goal: a content depends neither on the order of the rows nor on how they are divided, it
        /// is read as it was written, and it has few parts. Method: rows added one by one and
        /// merged from two contents.
        #[test]
        fn a_content_depends_on_the_rows_alone(
            rows in prop::collection::vec((times(), any::<u64>()), 0..300),
            cut in 0usize..300,
        ) {
            let whole = of(&rows);
            let (one, other) = rows.split_at(cut.min(rows.len()));
            let mut merged = of(other);
            merged.merge(of(one));
            prop_assert_eq!(&merged, &whole);
            prop_assert!(whole.parts.len() <= PARTS_MAX && whole.length <= LENGTH_LAST);
            prop_assert_eq!(Content::parse(&whole.json()), Some(whole.clone()));
            prop_assert_eq!(whole.changed(&merged), None);
        }

        /// Goal: a row that was added is found, within a stretch that holds its time, however the
        /// lengths of the parts differ.
        #[test]
        fn an_added_row_is_found(
            rows in prop::collection::vec((times(), any::<u64>()), 0..100),
            late in times(),
        ) {
            let mut now = of(&rows);
            now.add((late, None), 1);
            let found = of(&rows).changed(&now).expect("a row was added");
            prop_assert_eq!(found.rows_now, found.rows_then + 1);
            prop_assert!(found.from.micros() <= late && late < found.until.micros());
        }
    }

    /// Goal: rows outside the range, or that arrived too late, do not count.
    #[test]
    fn only_rows_within_reach_count() {
        let range = Interval { start: Time::saturating(10), end: Time::saturating(20) };
        let mut content = Content::new(range, Some(100));
        for row in [(9, Some(0)), (20, Some(0)), (10, Some(101))] {
            content.add(row, 1);
        }
        assert_eq!(content, Content::new(range, Some(100)));
        content.add((10, Some(100)), 1);
        content.add((19, Some(0)), 1);
        let changed = Content::new(range, Some(100)).changed(&content).unwrap();
        let expect = Changed { from: range.start, until: range.end, rows_then: 0, rows_now: 2 };
        assert_eq!(changed, expect);
    }
}
