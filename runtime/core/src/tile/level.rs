//! The levels of tiles that a ladder can have, and how long the tiles of each are.
//!
//! Invariant: each size divides the next, and a level's number never changes, because it is part of
//! stored keys. Deliberately absent: which levels a view has (`ladder`).

use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};

/// A level of the ladder. Its number is part of store keys; numbers sort as sizes do.
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

    /// Its name in reports.
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
