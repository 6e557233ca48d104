//! The tile ladder: aligned intervals of event time, and how they cover a window.
//!
//! A tile of a level holds the merged state of the rows whose event time lies in it. The finest
//! level has tiles of one microsecond: it is the event-exact head (S12). Every row is folded into
//! each level at once, so tiles are never behind. Tiles are aligned to the epoch whatever the
//! view's origin is; a grid that an origin moves is covered by a level that divides both.
//!
//! ```text
//! grid        where bounds lie, and so which levels a view needs
//! ladder      the levels of a view, and which of them a span reads
//! cover       an interval as tiles: up the ladder from its start, down to its end
//! retention   from when on each level keeps its tiles, so that every cover finds them
//! ```
//!
//! `Time::MIN` counts as an edge of every level: the first tile of each is what lies before its
//! first edge proper. Deliberately absent: which tiles exist; the store is asked.

mod cover;
mod grid;
mod ladder;
#[cfg(test)]
mod model;
mod retention;

pub use cover::Segment;
pub use ladder::Ladder;
pub use retention::Retention;

use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};

/// The size of a ladder's tiles. The numbers stand in store keys, and order as the sizes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// One microsecond: the event-exact head.
    Head = 0,
    /// One second.
    Second = 1,
    /// One minute.
    Minute = 2,
    /// Five minutes.
    FiveMinutes = 3,
    /// One hour.
    Hour = 4,
    /// One day.
    Day = 5,
    /// 32 days.
    Month = 6,
}

impl Level {
    /// All levels, finest first.
    pub const ALL: [Level; 7] = [
        Level::Head,
        Level::Second,
        Level::Minute,
        Level::FiveMinutes,
        Level::Hour,
        Level::Day,
        Level::Month,
    ];

    /// The size of its tiles. Each size divides the next.
    pub const fn size_us(self) -> i64 {
        match self {
            Level::Head => 1,
            Level::Second => SECOND_US,
            Level::Minute => MINUTE_US,
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
            Level::Second => "1s",
            Level::Minute => "1min",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: numbers keep the order, and each size divides the next. Method: all levels.
    #[test]
    fn levels_nest() {
        for (number, level) in Level::ALL.into_iter().enumerate() {
            assert_eq!(level as usize, number);
            assert_eq!(Level::from_number(number as u8), Some(level));
        }
        assert_eq!(Level::from_number(7), None);
        for pair in Level::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
            assert_eq!(pair[1].size_us() % pair[0].size_us(), 0);
        }
    }
}
