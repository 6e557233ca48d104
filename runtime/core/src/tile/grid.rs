//! Grids: where the bounds of spans can lie, and hence which levels a ladder needs.
//!
//! A bound can lie anywhere, or only on a grid of hops or steps, which the view's origin shifts, or
//! where the days of a time zone begin.
//! The *grid* of a span is the coarsest level that has an edge at every possible bound. Each level
//! costs one write for every row, so a ladder has few levels: the grid of each span, the coarsest
//! level that pays off, and between them only what keeps the ratio of neighbours within
//! [`TILES_MAX`]. Invariant: levels are in order, and every span's grid is among them. Deliberately
//! absent: the ladder.

use super::level::Level;
use crate::time::{DAY_US, Time};
use crate::window::{Calendar, Span, hop_us};
use std::collections::BTreeSet;

/// The finest level for an exact window is the coarsest of which this many tiles fit into it, as
/// this many hops fit into a sliding window.
const EXACT_TILES_MIN: i64 = 12;
/// A coarser level pays off if some span holds this many of its tiles.
const PAYING_TILES_MIN: i64 = 2;
/// Most tiles of a level within one tile of the next coarser level, which bounds the tiles that a
/// cover reads at each end.
const TILES_MAX: i64 = 64;

/// 1990-01-01. A calendar's grid is the coarsest that its bounds have kept since then: a finer one
/// that holds for all of history would cost every row of today more writes. Where a bound lies
/// before the grid holds, covers begin and end with the head.
const ALIGNED_BY: Time = Time::saturating(7305 * DAY_US);

/// Whether the end of `span` can be any time.
pub(super) fn ends_anywhere(span: Span) -> bool {
    match span {
        Span::Sliding { offset_us, back, .. } => offset_us == 0 && back == 0,
        Span::Exact { .. } | Span::Lifetime { .. } => true,
        Span::Hopping { .. } => false,
        Span::Calendar { whole, .. } => whole == 0,
    }
}

/// Whether a tile of `level` is no longer than `span`.
pub(super) fn fits(span: Span, level: Level) -> bool {
    span.length_us().is_none_or(|length_us| level.size_us() <= length_us)
}

/// The coarsest level with an edge at every bound of `span` that is restricted to a grid; the head
/// if no bound is.
pub(super) fn grid(span: Span, origin_us: i64) -> Level {
    let parts_us = match span {
        Span::Sliding { length_us, .. } => [hop_us(length_us), length_us, origin_us],
        Span::Hopping { length_us, step_us, .. } => [step_us, length_us, origin_us],
        Span::Exact { .. } | Span::Lifetime { .. } => return Level::Head,
        Span::Calendar { calendar, .. } => return calendar_grid(calendar),
    };
    let divides = |level: &Level| parts_us.iter().all(|part_us| part_us % level.size_us() == 0);
    Level::ALL.into_iter().rfind(divides).unwrap_or(Level::Head)
}

/// The coarsest level that has an edge at every bound of a calendar since [`ALIGNED_BY`].
fn calendar_grid(calendar: Calendar) -> Level {
    let aligned = |level: &Level| {
        DAY_US % level.size_us() == 0 && calendar.zone.aligned_since(level.size_us()) <= ALIGNED_BY
    };
    Level::ALL.into_iter().rfind(aligned).unwrap_or(Level::Head)
}

/// The time from which on every bound of `span` that its grid restricts lies on the grid. Before
/// that, when clocks showed the sun's time of a place, days begin at any second.
pub(super) fn on_grid_since(span: Span, grid: Level) -> Time {
    match span {
        Span::Calendar { calendar, .. } => calendar.zone.aligned_since(grid.size_us()),
        _ => Time::MIN,
    }
}

/// The finest level that `span` needs besides the head.
fn finest(span: Span, origin_us: i64) -> Level {
    match span {
        Span::Sliding { .. } | Span::Hopping { .. } | Span::Calendar { .. } => {
            grid(span, origin_us)
        }
        Span::Lifetime { .. } => Level::Day,
        Span::Exact { length_us, .. } => {
            // A few minutes of one key hold few rows: not worth another write for every row.
            let fit = |level: &Level| {
                *level >= Level::Minute && level.size_us() <= length_us / EXACT_TILES_MIN
            };
            Level::ALL.into_iter().rfind(fit).unwrap_or(Level::Head)
        }
    }
}

/// The levels of a ladder of these spans, finest first.
pub(super) fn levels(spans: &[Span], origin_us: i64) -> Vec<Level> {
    let mut wanted = BTreeSet::new();
    for &span in spans {
        let finest = finest(span, origin_us);
        let pays = |level: &Level| {
            let tiles = span.length_us().map(|length_us| length_us / level.size_us());
            tiles.is_none_or(|tiles| tiles >= PAYING_TILES_MIN)
        };
        if finest > Level::Head {
            wanted.insert(finest);
            wanted.extend(Level::ALL.into_iter().rfind(pays).filter(|level| *level > finest));
        }
    }
    let mut levels = vec![Level::Head];
    let mut finer = None;
    for level in wanted {
        while let Some(last) = finer
            && within(last, level) > TILES_MAX
        {
            finer = Level::ALL.into_iter().rfind(|next| within(last, *next) <= TILES_MAX);
            levels.extend(finer);
        }
        levels.push(level);
        finer = Some(level);
    }
    levels
}

/// The number of tiles of the level `finer` within one tile of `coarser`.
const fn within(finer: Level, coarser: Level) -> i64 {
    coarser.size_us() / finer.size_us()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR_US, MINUTE_US, SECOND_US};
    use crate::window::{Window, samples};
    use Level::{Day, FiveMinutes, Head, Hour, Minute, Month, Second};
    use proptest::prelude::*;

    const LIFETIME: Window = Window::Lifetime { offset_us: 0 };

    fn sliding(length_us: i64) -> Window {
        Window::Sliding { length_us, offset_us: 0 }
    }

    fn exact(length_us: i64) -> Window {
        Window::Exact { length_us, offset_us: 0 }
    }

    fn hopping(length_us: i64, step_us: i64) -> Window {
        Window::Hopping { length_us, step_us, offset_us: 0 }
    }

    fn levels_of(windows: &[Window], origin_us: i64) -> Vec<Level> {
        let spans: Vec<Span> = windows.iter().flat_map(|window| window.spans()).collect();
        levels(&spans, origin_us)
    }

    /// Goal: a ladder has the levels that its windows need. Method: ladders written out by hand.
    #[test]
    fn s03_a_ladder_has_the_grids_of_its_windows() {
        let tumbling = |length_us| hopping(length_us, length_us);
        for (windows, levels) in [
            (vec![], vec![Head]),
            (vec![LIFETIME], vec![Head, Day, Month]),
            (vec![sliding(DAY_US)], vec![Head, Hour]),
            (vec![sliding(30 * DAY_US)], vec![Head, Day]),
            (vec![sliding(DAY_US), sliding(365 * DAY_US)], vec![Head, Hour, Day, Month]),
            (vec![sliding(HOUR_US)], vec![Head, FiveMinutes]),
            (vec![sliding(6 * HOUR_US)], vec![Head, FiveMinutes, Hour]),
            // 288 tiles of five minutes in a day are too many: an hour is added between.
            (vec![sliding(HOUR_US), sliding(30 * DAY_US)], vec![Head, FiveMinutes, Hour, Day]),
            (vec![sliding(HOUR_US), LIFETIME], vec![Head, FiveMinutes, Hour, Day, Month]),
            (vec![exact(90 * SECOND_US)], vec![Head]),
            (vec![exact(90 * SECOND_US), sliding(7 * DAY_US)], vec![Head, Hour, Day]),
            (vec![exact(12 * MINUTE_US)], vec![Head, Minute, FiveMinutes]),
            (vec![exact(HOUR_US)], vec![Head, FiveMinutes]),
            (vec![exact(DAY_US)], vec![Head, Hour]),
            (vec![tumbling(DAY_US)], vec![Head, Day]),
            (vec![tumbling(DAY_US), sliding(HOUR_US)], vec![Head, FiveMinutes, Hour, Day]),
            (vec![tumbling(64 * DAY_US)], vec![Head, Month]),
            (vec![hopping(7 * DAY_US, 90 * MINUTE_US)], vec![Head, FiveMinutes, Hour, Day]),
            (vec![hopping(270 * SECOND_US, 90 * SECOND_US)], vec![Head, Second, Minute]),
            (vec![tumbling(SECOND_US), tumbling(DAY_US)], vec![Head, Second, Minute, Hour, Day]),
            (vec![hopping(DAY_US + SECOND_US, DAY_US)], vec![Head, Second, Minute, Hour]),
        ] {
            assert_eq!(levels_of(&windows, 0), levels, "{windows:?}");
        }
    }

    /// Goal: an origin makes a grid as fine as its offset from the epoch's grid. Method: by hand.
    #[test]
    fn s03_an_origin_moves_the_grid() {
        for (window, origin_us, levels) in [
            (sliding(DAY_US), 30 * MINUTE_US, vec![Head, FiveMinutes, Hour]),
            (sliding(DAY_US), -7 * SECOND_US, vec![Head, Second, Minute, Hour]),
            (sliding(30 * DAY_US), 19_723 * DAY_US, vec![Head, Day]),
            (hopping(64 * DAY_US, 32 * DAY_US), 32 * DAY_US, vec![Head, Month]),
            (hopping(64 * DAY_US, 32 * DAY_US), DAY_US, vec![Head, Day, Month]),
        ] {
            assert_eq!(levels_of(&[window], origin_us), levels, "{window:?} {origin_us}");
        }
    }

    proptest! {
        /// Goal: levels are in order, the ratio of neighbours is bounded, and every grid is a
        /// level. Method: random windows and origins.
        #[test]
        fn s12_ladders_have_no_gaps(
            windows in prop::collection::vec(samples::window(), 0..5),
            origin_us in samples::origin_us(),
        ) {
            let levels = levels_of(&windows, origin_us);
            prop_assert_eq!(levels[0], Head);
            for pair in levels[1..].windows(2) {
                prop_assert!(pair[0] < pair[1] && within(pair[0], pair[1]) <= TILES_MAX);
            }
            for span in windows.iter().flat_map(|window| window.spans()) {
                prop_assert!(levels.contains(&grid(span, origin_us)), "{:?}", span);
            }
        }
    }
}
