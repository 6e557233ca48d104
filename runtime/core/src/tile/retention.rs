//! Retention: the time from which each level keeps its tiles, so that no cover misses one (S12).
//!
//! Every `as_of` from `sealed` on must be answerable. As `as_of` increases, no bound decreases, so
//! the earliest tile of a level that any such cover reads lies at a bound of the interval at
//! `sealed`. For levels that the first half of a cover reads, it lies at the start of the interval;
//! otherwise it lies within the tile of the next coarser level that holds the interval's end. So
//!
//! ```text
//! from(level) = floor(the least of those bounds of all spans, the next coarser tile)
//! ```
//!
//! and because of the floor, a level keeps whole tiles of the next coarser level, so that tile
//! edges somewhat before `sealed` are answerable too. A level that no cover reads that early is
//! kept from `sealed` on. Invariant: `from`, `sealed` and `base_until` never decrease as the
//! watermark increases. Deliberately absent: deleting; a store may do it late, because tiles that
//! retention does not hold are never read.

use super::cover::Segment;
use super::ladder::Ladder;
use crate::time::Time;

/// What a store still holds, and so which questions it can answer (S12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// For each level of the ladder, the time from which its tiles are kept: those that start at or
    /// after it.
    pub from: Vec<Time>,
    /// Every time from here on is answerable, on a tile edge or not.
    pub sealed: Time,
    /// The rows before this are in the base tile, and not in tiles of the top level. `Time::MIN` if
    /// the view has no lifetime window.
    pub base_until: Time,
}

impl Ladder {
    /// What is kept when the source's watermark is `watermark`.
    pub fn retention(&self, watermark: Time) -> Retention {
        self.retention_at(self.sealed(watermark, self.head_us))
    }

    /// From when on every time is answerable, if the head reaches so far behind the watermark.
    pub fn sealed(&self, watermark: Time, head_us: i64) -> Time {
        let levels = self.levels();
        watermark.minus(head_us).floor(levels.get(1).unwrap_or(&levels[0]).size_us())
    }

    /// What is kept if every time is answerable from `sealed` on.
    pub fn retention_at(&self, sealed: Time) -> Retention {
        let levels = self.levels();
        // The size of the next coarser level's tiles; at the top level, of its own.
        let next_us = |at: usize| levels.get(at + 1).unwrap_or(&levels[at]).size_us();
        let mut from = vec![sealed; levels.len()];
        for reach in &self.reaches {
            let bounds = reach.span.interval(sealed, self.origin_us);
            let (ends, starts) = match bounds.start < reach.on_grid_since {
                true => (0, 0),
                false => (reach.ends, reach.starts),
            };
            for (at, from) in from.iter_mut().enumerate().take(reach.top + 1).skip(ends) {
                let bound = if at < starts { bounds.end } else { bounds.start };
                *from = bound.min(*from);
            }
        }
        for (at, from) in from.iter_mut().enumerate() {
            *from = from.floor(next_us(at));
        }
        let base_until = if self.has_base() { from[from.len() - 1] } else { Time::MIN };
        Retention { from, sealed, base_until }
    }
}

impl Retention {
    /// Whether the tiles of `segment` are all kept, directly or within the base tile.
    pub fn holds(&self, ladder: &Ladder, segment: &Segment) -> bool {
        let at = ladder.levels().iter().position(|level| *level == segment.level);
        let Some(at) = at else { return false };
        segment.start >= self.from[at] || (segment.base && segment.end >= self.base_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::Level;
    use crate::time::{DAY_US, HOUR_US, SECOND_US};
    use crate::window::{Span, Window};

    /// How far before `sealed` each level keeps its tiles, if `sealed` is 2024-01-01T05:00.
    fn kept_us(windows: &[Window]) -> Vec<i64> {
        let spans: Vec<Span> = windows.iter().flat_map(|window| window.spans()).collect();
        let ladder = Ladder::new(&spans, 0, DAY_US, 10 * DAY_US);
        let sealed = Time::parse("2024-01-01T05:00:00Z").unwrap();
        let retention = ladder.retention(sealed.plus(DAY_US));
        assert_eq!(retention.sealed, sealed);
        retention.from.iter().map(|from| sealed.micros() - from.micros()).collect()
    }

    /// Goal: each kind of window keeps what its covers need, and at most one next-coarser tile
    /// more. Method: by hand, at five o'clock; the last midnight is 5 h back.
    #[test]
    fn s12_levels_keep_what_covers_need() {
        let sliding = |days, offset_us| Window::Sliding { length_us: days * DAY_US, offset_us };
        let exact = |length_us, offset_us| Window::Exact { length_us, offset_us };
        let midnight_us = 5 * HOUR_US;
        // Head, Hour, Day: hours are read from the window's start to the first midnight after it.
        let week = sliding(7, 0);
        assert_eq!(kept_us(&[week]), [0, 7 * DAY_US + midnight_us, 7 * DAY_US + midnight_us]);
        // An exact window needs the head at its start.
        let exact_90s = exact(90 * SECOND_US, 0);
        let week_us = 7 * DAY_US + midnight_us;
        assert_eq!(kept_us(&[week, exact_90s]), [HOUR_US, week_us, week_us]);
        assert_eq!(kept_us(&[exact(DAY_US, DAY_US)]), [2 * DAY_US, 2 * DAY_US]);
        // A window that is not served needs nothing.
        assert_eq!(kept_us(&[week, exact(10 * DAY_US, 1)]), [0, week_us, week_us]);
        // Hopping windows never need the head, and keep its last tile before `sealed`.
        let hopping = Window::Hopping { length_us: HOUR_US, step_us: HOUR_US, offset_us: 0 };
        assert_eq!(kept_us(&[hopping]), [0, HOUR_US]);
        // An offset moves the whole span back; no cover reads the head.
        assert_eq!(
            kept_us(&[sliding(7, DAY_US)]),
            [0, 8 * DAY_US + midnight_us, 8 * DAY_US + midnight_us]
        );
    }

    /// Goal: the base tile holds exactly the rows that no question from `sealed` on needs
    /// separately. Method: by hand; the tile of 32 days that holds 2024-01-01 starts on 2023-12-21,
    /// the one before on 2023-11-19.
    #[test]
    fn s12_the_base_tile_ends_where_questions_begin() {
        let watermark = Time::parse("2024-01-01").unwrap();
        let base_until = |windows: &[Window]| {
            let spans: Vec<Span> = windows.iter().flat_map(|window| window.spans()).collect();
            let retention = Ladder::new(&spans, 0, 0, 40 * DAY_US).retention(watermark);
            assert!(
                retention.base_until == Time::MIN
                    || retention.from.last() == Some(&retention.base_until)
            );
            retention.base_until
        };
        let lifetime = |days| Window::Lifetime { offset_us: days * DAY_US };
        let day = |text: &str| Time::parse(text).unwrap();
        assert_eq!(base_until(&[lifetime(0)]), day("2023-12-21"));
        assert_eq!(base_until(&[lifetime(11)]), day("2023-12-21"));
        assert_eq!(base_until(&[lifetime(12)]), day("2023-11-19"));
        // A window that is not served does not count.
        assert_eq!(base_until(&[lifetime(0), lifetime(41)]), day("2023-12-21"));
        // A long window needs the tiles of 32 days separately.
        let long = Window::Sliding { length_us: 64 * DAY_US, offset_us: 0 };
        assert_eq!(base_until(&[lifetime(0), long]), day("2023-10-18"));
        assert_eq!(base_until(&[long]), Time::MIN);
    }

    /// Goal: `sealed` is an edge of the finest tiles, and what is held begins exactly at `from`.
    /// Method: a watermark beside an edge; segments beside each bound.
    #[test]
    fn s12_what_is_held_begins_at_from() {
        let sliding = Span::Sliding { length_us: DAY_US, offset_us: 0, back: 0 };
        let ladder = Ladder::new(&[sliding, Span::Lifetime { offset_us: 0 }], 0, 7, 0);
        let hour = Time::parse("2024-01-01T05:00:00Z").unwrap();
        assert_eq!(ladder.retention(hour.plus(6)).sealed, hour.minus(HOUR_US));
        let retention = ladder.retention(hour.plus(7));
        assert_eq!(retention.sealed, hour);
        for (&level, &from) in ladder.levels().iter().zip(&retention.from) {
            let holds = |start: Time| {
                let end = start.plus(level.size_us());
                retention.holds(&ladder, &Segment { level, start, end, base: false })
            };
            assert!(holds(from) && !holds(from.minus(1)) && !holds(from.minus(level.size_us())));
        }
        let base = |end: Time| {
            let segment = Segment { level: ladder.top(), start: Time::MIN, end, base: true };
            retention.holds(&ladder, &segment)
        };
        assert!(base(retention.base_until) && !base(retention.base_until.minus(32 * DAY_US)));
        let other = Segment { level: Level::Second, start: hour, end: hour, base: false };
        assert!(!retention.holds(&ladder, &other), "no level of the ladder");
    }

    /// Goal: retention is right before the first event and at the end of time. Method: both ends.
    #[test]
    fn s02_retention_saturates() {
        let span = Span::Sliding { length_us: DAY_US, offset_us: 0, back: 0 };
        let ladder = Ladder::new(&[span, Span::Lifetime { offset_us: 0 }], 0, DAY_US, 0);
        let retention = ladder.retention(Time::MIN);
        assert_eq!(retention.sealed, Time::MIN);
        assert!(retention.from.iter().all(|from| *from == Time::MIN));
        let retention = ladder.retention(Time::MAX);
        assert!(retention.sealed > Time::MAX.minus(DAY_US + HOUR_US));
    }
}
