//! The tile ladder: aligned intervals of event time, and how they cover a window.
//!
//! A tile of a level holds the merged state of the rows whose event time lies in it. The finest
//! level has tiles of one microsecond: it is the event-exact head, kept only from `sealed` on
//! (S12). Every row is folded into each level at once, so tiles are never behind. Invariant: the
//! segments of a [`cover`] abut, lie in order, make up the interval exactly, and each starts and
//! ends on tiles of its level. Deliberately absent: which tiles exist; the store is asked.

use crate::time::{DAY_US, HOUR_US, Interval, MINUTE_US, Time};
use crate::window::Window;
use crate::window::hop_us;

/// The size of a ladder's tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// One microsecond: the event-exact head.
    Head = 0,
    /// Five minutes.
    FiveMinutes = 1,
    /// One hour.
    Hour = 2,
    /// One day.
    Day = 3,
    /// 32 days.
    Month = 4,
}

impl Level {
    /// All levels, finest first.
    pub const ALL: [Level; 5] =
        [Level::Head, Level::FiveMinutes, Level::Hour, Level::Day, Level::Month];

    /// The size of its tiles. Each size divides the next.
    pub const fn size_us(self) -> i64 {
        match self {
            Level::Head => 1,
            Level::FiveMinutes => 5 * MINUTE_US,
            Level::Hour => HOUR_US,
            Level::Day => DAY_US,
            Level::Month => 32 * DAY_US,
        }
    }

    /// What reports call it.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Head => "head",
            Level::FiveMinutes => "5min",
            Level::Hour => "1h",
            Level::Day => "1d",
            Level::Month => "32d",
        }
    }

    /// The level whose stored number is `number`.
    pub fn from_number(number: u8) -> Option<Level> {
        Level::ALL.get(usize::from(number)).copied()
    }
}

/// The levels of one view, and how long each keeps its tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    levels: Vec<Level>,
    /// For each level, how far before `sealed` a window may still need its tiles.
    spans_us: Vec<i64>,
    /// `skew + history`: how far behind the watermark the head reaches.
    head_us: i64,
    lifetime: bool,
}

/// Tiles of one level that abut: `[start, end)`, both multiples of the level's size. With
/// `start == Time::MIN` everything before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The level.
    pub level: Level,
    /// The start of the first tile.
    pub start: Time,
    /// The end of the last tile.
    pub end: Time,
}

/// What a store still holds, and so which questions it can answer (S12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// For each level of the ladder, the first time from which its tiles are kept.
    pub from: Vec<Time>,
    /// Tiles before this are folded into the base tile (of a view with a lifetime window), or gone.
    pub base_until: Time,
}

impl Ladder {
    /// The ladder of a view with these windows. `head_us` is `skew + history`.
    pub fn new(windows: &[Window], head_us: i64) -> Ladder {
        let sliding = windows.iter().filter_map(|window| match window {
            Window::Sliding { length_us, offset_us } => Some((*length_us, *offset_us)),
            Window::Lifetime => None,
        });
        let sliding: Vec<(i64, i64)> = sliding.collect();
        let lifetime = windows.contains(&Window::Lifetime);
        let finest = sliding.iter().map(|(length, _)| hop_us(*length)).min().unwrap_or(DAY_US);
        let longest = sliding.iter().map(|(length, _)| *length).max().unwrap_or(0);
        // A coarser level pays when a window holds at least two of its tiles.
        let pays = |level: Level| longest >= 2 * level.size_us() || lifetime;
        let wanted = |level: Level| {
            level == Level::Head
                || (level.size_us() >= finest && pays(level))
                || level.size_us() == finest
        };
        let levels: Vec<Level> = Level::ALL.into_iter().filter(|level| wanted(*level)).collect();
        let span = |level: &Level| {
            let needed = sliding.iter().filter(|(length, _)| hop_us(*length) <= level.size_us());
            needed.map(|(length, offset)| length + offset + hop_us(*length)).max().unwrap_or(0)
        };
        let spans_us = levels.iter().map(span).collect();
        Ladder { levels, spans_us, head_us, lifetime }
    }

    /// The levels, finest first; the first is always the head.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Whether a lifetime window needs the base tile.
    pub fn has_base(&self) -> bool {
        self.lifetime
    }

    /// The coarsest level.
    pub fn top(&self) -> Level {
        self.levels[self.levels.len() - 1]
    }

    /// What is kept when the source's watermark is at `watermark`.
    pub fn retention(&self, watermark: Time) -> Retention {
        let sealed = watermark.minus(self.head_us).floor(self.levels[1].size_us());
        let mut from = vec![sealed];
        for (at, level) in self.levels.iter().enumerate().skip(1) {
            // Floored to the next coarser tile, so that a cover that starts here can climb.
            let coarser = self.levels.get(at + 1).unwrap_or(level);
            from.push(sealed.minus(self.spans_us[at]).floor(coarser.size_us()).min(sealed));
        }
        let base_until = from[from.len() - 1];
        Retention { from, base_until }
    }

    /// The segments that make up `interval`, in order: up the ladder from the start as alignment
    /// allows, then down to the end.
    pub fn cover(&self, interval: Interval) -> Vec<Segment> {
        let Interval { start, end } = interval;
        let mut segments = Vec::with_capacity(2 * self.levels.len());
        let mut at = start;
        let mut push = |level: Level, at: &mut Time, until: Time| {
            if until > *at {
                segments.push(Segment { level, start: *at, end: until });
                *at = until;
            }
        };
        let mut top = 0;
        while top + 1 < self.levels.len() {
            let next = self.levels[top + 1].size_us();
            let aligned = ceil(at, next);
            if aligned >= end {
                break;
            }
            push(self.levels[top], &mut at, aligned);
            top += 1;
        }
        for level in self.levels[..=top].iter().rev() {
            push(*level, &mut at, end.floor(level.size_us()));
        }
        segments
    }
}

/// The least multiple of `step_us` that is not before `time`; `MIN` stays `MIN`.
fn ceil(time: Time, step_us: i64) -> Time {
    let floor = time.floor(step_us);
    if floor == time { time } else { floor.plus(step_us) }
}

impl Retention {
    /// The first time from which every event is kept exactly.
    pub fn sealed(&self) -> Time {
        self.from[0]
    }

    /// Whether the tiles of `segment` are all kept, directly or within the base tile.
    pub fn holds(&self, ladder: &Ladder, segment: &Segment) -> bool {
        let at = ladder.levels().iter().position(|level| *level == segment.level);
        let Some(at) = at else { return false };
        if segment.start == Time::MIN {
            return segment.end >= self.base_until;
        }
        segment.start >= self.from[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sliding(days: i64) -> Window {
        Window::Sliding { length_us: days * DAY_US, offset_us: 0 }
    }

    /// Goal: the levels that windows need. Method: ladders written out by hand.
    #[test]
    fn s03_a_ladder_has_the_hops_of_its_windows() {
        let levels = |windows: &[Window]| Ladder::new(windows, 0).levels().to_vec();
        assert_eq!(levels(&[Window::Lifetime]), [Level::Head, Level::Day, Level::Month]);
        assert_eq!(levels(&[sliding(1)]), [Level::Head, Level::Hour]);
        assert_eq!(
            levels(&[sliding(1), sliding(365)]),
            [Level::Head, Level::Hour, Level::Day, Level::Month]
        );
        let hour = Window::Sliding { length_us: HOUR_US, offset_us: 0 };
        assert_eq!(levels(&[hour]), [Level::Head, Level::FiveMinutes]);
    }

    proptest! {
        /// Goal: a cover is a partition of its interval into whole tiles, and every boundary that
        /// S12 promises is answerable. Method: random windows and times, also exactly on an edge.
        #[test]
        fn s12_covers_partition_and_are_retained(
            lengths in prop::collection::vec(prop_oneof![Just(1i64), Just(7), Just(30), Just(365)], 1..4),
            lifetime in any::<bool>(),
            watermark in -1_000_000_000_000_000i64..2_000_000_000_000_000,
            behind in 0i64..3 * DAY_US,
            on_edge in any::<bool>(),
        ) {
            let mut windows: Vec<Window> = lengths.into_iter().map(sliding).collect();
            if lifetime {
                windows.push(Window::Lifetime);
            }
            let ladder = Ladder::new(&windows, 3 * DAY_US);
            let watermark = Time::saturating(watermark);
            let retention = ladder.retention(watermark);
            let mut as_of = watermark.minus(behind);
            if on_edge {
                as_of = as_of.floor(HOUR_US);
                prop_assume!(as_of >= retention.sealed());
            }
            for window in windows {
                let interval = window.interval(as_of);
                let segments = ladder.cover(interval);
                let mut at = interval.start;
                for segment in &segments {
                    prop_assert_eq!(segment.start, at);
                    prop_assert!(segment.start < segment.end);
                    let size = segment.level.size_us();
                    prop_assert!(at == Time::MIN || at.is_aligned(size));
                    prop_assert!(segment.end.is_aligned(size));
                    prop_assert!(retention.holds(&ladder, segment), "{:?} {:?}", segment, retention);
                    at = segment.end;
                }
                prop_assert_eq!(at, interval.end);
            }
        }
    }
}
