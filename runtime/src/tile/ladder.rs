//! The ladder of a view: which levels it has, and which of them a span reads.
//!
//! A bound of a span lies either anywhere, and then the head is read there, or on a grid of hops or
//! steps; the span's *grid* is the coarsest level that has an edge at all points of it. So a span
//! reads the levels from its grid, or from the head, up to its length. Invariant: the grid of each
//! span that is served is a level of the ladder, and the levels a span reads are all of the ladder
//! between two of it. Deliberately absent: time; see `retention`.

use super::Level;
use crate::window::{Span, hop_us};
use std::collections::BTreeMap;

/// An exact window wants the coarsest level of which so many tiles fit, as a hop fits a sliding one.
const EXACT_TILES_MIN: i64 = 12;
/// No level has more tiles within one of the next coarser level's: else there is one between.
const TILES_MAX: i64 = 64;

/// The levels of one view, and how long each keeps its tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    levels: Vec<Level>,
    /// The spans that are served, without those that others outreach.
    pub(super) reaches: Vec<Reach>,
    pub(super) origin_us: i64,
    /// `skew + history`: how far behind the watermark every time is answerable.
    pub(super) head_us: i64,
    exact_max_us: i64,
    base: bool,
}

/// What a span reads of the ladder: indices of levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) span: Span,
    /// The finest level that a cover reads on its way down to the end.
    pub(super) ends: usize,
    /// The finest level that a cover reads on its way up from the start; beyond `top` if there is
    /// no start.
    pub(super) starts: usize,
    /// The coarsest level that it reads.
    pub(super) top: usize,
}

impl Ladder {
    /// The ladder of a view with these spans. `head_us` is `skew + history`; `exact_max_us` limits
    /// how far back an exact bound may lie to be served.
    pub fn new(spans: &[Span], origin_us: i64, head_us: i64, exact_max_us: i64) -> Ladder {
        let mut ladder = Ladder {
            levels: vec![],
            reaches: vec![],
            origin_us,
            head_us,
            exact_max_us,
            base: false,
        };
        let served: Vec<Span> = spans.iter().copied().filter(|span| ladder.serves(*span)).collect();
        ladder.base = served.iter().any(|span| span.length_us().is_none());
        ladder.levels = levels(&served, origin_us);
        ladder.reaches = outermost(&served).into_iter().map(|span| ladder.reach(span)).collect();
        ladder
    }

    /// The levels, finest first; the first is always the head.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Whether a lifetime window needs the base tile.
    pub fn has_base(&self) -> bool {
        self.base
    }

    /// The coarsest level.
    pub fn top(&self) -> Level {
        self.levels[self.levels.len() - 1]
    }

    /// Whether an online store keeps what `span` needs. Others are for training sets only: a host
    /// refuses them before it asks for a cover.
    pub fn serves(&self, span: Span) -> bool {
        span.exact_reach_us().is_none_or(|reach_us| reach_us <= self.exact_max_us)
    }

    /// Whether a cover of `span` may read tiles of `level`: so a state that only other spans read
    /// need not be kept there. False for a span that is not served.
    pub fn may_read(&self, span: Span, level: Level) -> bool {
        let fine = ends_anywhere(span) || level >= grid(span, self.origin_us);
        self.serves(span) && self.levels.contains(&level) && fine && fits(span, level)
    }

    /// The index of the coarsest level that `span` reads.
    pub(super) fn top_of(&self, span: Span) -> usize {
        self.levels.iter().rposition(|level| fits(span, *level)).unwrap_or(0)
    }

    fn reach(&self, span: Span) -> Reach {
        let grid = grid(span, self.origin_us);
        let grid = self.levels.iter().rposition(|level| *level <= grid).unwrap_or(0);
        let starts = if span.length_us().is_none() { self.levels.len() } else { grid };
        let ends = if ends_anywhere(span) { 0 } else { grid };
        Reach { span, ends, starts, top: self.top_of(span) }
    }
}

/// Whether the end of `span` may be any time.
fn ends_anywhere(span: Span) -> bool {
    match span {
        Span::Sliding { offset_us, back, .. } => offset_us == 0 && back == 0,
        Span::Exact { .. } | Span::Lifetime { .. } => true,
        Span::Hopping { .. } => false,
    }
}

/// Whether a tile of `level` is no longer than `span`.
fn fits(span: Span, level: Level) -> bool {
    span.length_us().is_none_or(|length_us| level.size_us() <= length_us)
}

/// The coarsest level with an edge at every bound of `span` that does not lie anywhere; the head if
/// all do.
fn grid(span: Span, origin_us: i64) -> Level {
    let parts_us = match span {
        Span::Sliding { length_us, .. } => [hop_us(length_us), length_us, origin_us],
        Span::Hopping { length_us, step_us, .. } => [step_us, length_us, origin_us],
        Span::Exact { .. } | Span::Lifetime { .. } => return Level::Head,
    };
    let divides = |level: &Level| parts_us.iter().all(|part_us| part_us % level.size_us() == 0);
    Level::ALL.into_iter().rfind(divides).unwrap_or(Level::Head)
}

/// The finest level that `span` wants beside the head.
fn finest(span: Span, origin_us: i64) -> Level {
    match span {
        Span::Sliding { .. } | Span::Hopping { .. } => grid(span, origin_us),
        Span::Lifetime { .. } => Level::Day,
        Span::Exact { length_us, .. } => {
            // A few minutes of one key are read from the head faster than all rows are written twice.
            let fit = |level: &Level| {
                *level >= Level::Minute && level.size_us() <= length_us / EXACT_TILES_MIN
            };
            Level::ALL.into_iter().rfind(fit).unwrap_or(Level::Head)
        }
    }
}

/// The levels of a ladder of these spans. Each level costs a write for every row, so a coarser one
/// is there only where it pays: where some span holds at least two of its tiles.
fn levels(spans: &[Span], origin_us: i64) -> Vec<Level> {
    let wanted = |level: Level| {
        spans.iter().any(|span| {
            let finest = finest(*span, origin_us);
            let pays = span.length_us().is_none_or(|length_us| length_us / level.size_us() >= 2);
            level == finest || (finest != Level::Head && level > finest && pays)
        })
    };
    let mut levels = vec![Level::Head];
    for level in Level::ALL.into_iter().skip(1).filter(|level| wanted(*level)) {
        while let Some(&last) = levels.last()
            && last != Level::Head
            && level.size_us() / last.size_us() > TILES_MAX
        {
            let near = |next: &Level| next.size_us() / last.size_us() <= TILES_MAX;
            levels.extend(Level::ALL.into_iter().rfind(near));
        }
        levels.push(level);
    }
    levels
}

/// `spans` without those between the newest and the oldest of a series: they need nothing that the
/// oldest does not.
fn outermost(spans: &[Span]) -> Vec<Span> {
    let mut oldest: BTreeMap<(i64, i64), u32> = BTreeMap::new();
    for span in spans {
        if let Span::Sliding { length_us, offset_us, back } = *span {
            let oldest = oldest.entry((length_us, offset_us)).or_insert(back);
            *oldest = back.max(*oldest);
        }
    }
    let mut kept = spans.to_vec();
    kept.retain(|span| match *span {
        Span::Sliding { length_us, offset_us, back } => {
            back == 0 || oldest.get(&(length_us, offset_us)) == Some(&back)
        }
        _ => true,
    });
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};
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

    fn ladder(windows: &[Window], origin_us: i64) -> Ladder {
        let spans: Vec<Span> = windows.iter().flat_map(|window| window.spans()).collect();
        Ladder::new(&spans, origin_us, 0, DAY_US)
    }

    /// Goal: the levels that windows want. Method: ladders written out by hand.
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
            // 288 tiles of five minutes in a day are too many: an hour comes between.
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
            (
                vec![hopping(DAY_US + SECOND_US, DAY_US)],
                vec![Head, Second, Minute, FiveMinutes, Hour],
            ),
        ] {
            assert_eq!(ladder(&windows, 0).levels(), levels, "{windows:?}");
        }
    }

    /// Goal: an origin makes a grid as fine as its offset from the epoch's grid. Method: by hand.
    #[test]
    fn s03_an_origin_moves_the_grid() {
        for (window, origin_us, levels) in [
            (sliding(DAY_US), 30 * MINUTE_US, vec![Head, FiveMinutes, Hour]),
            (sliding(DAY_US), -7 * SECOND_US, vec![Head, Second, Minute, FiveMinutes, Hour]),
            (sliding(30 * DAY_US), 19_723 * DAY_US, vec![Head, Day]),
            (hopping(64 * DAY_US, 32 * DAY_US), 32 * DAY_US, vec![Head, Month]),
            (hopping(64 * DAY_US, 32 * DAY_US), DAY_US, vec![Head, Day, Month]),
        ] {
            assert_eq!(ladder(&[window], origin_us).levels(), levels, "{window:?} {origin_us}");
        }
    }

    /// Goal: a span reads from its grid to its length, and exactly bounded ones from the head.
    /// Method: by hand, in a ladder that has all levels.
    #[test]
    fn s12_a_span_reads_the_levels_between_its_grid_and_its_length() {
        let all = [hopping(SECOND_US, SECOND_US), hopping(5 * MINUTE_US, 5 * MINUTE_US), LIFETIME];
        let ladder = ladder(&all, 0);
        assert_eq!(ladder.levels(), [Head, Second, Minute, FiveMinutes, Hour, Day, Month]);
        let offset_us = 1;
        for (window, levels) in [
            (LIFETIME, &Level::ALL[..]),
            (sliding(DAY_US), &[Head, Second, Minute, FiveMinutes, Hour, Day]),
            (Window::Sliding { length_us: DAY_US, offset_us }, &[Hour, Day]),
            (sliding(HOUR_US), &[Head, Second, Minute, FiveMinutes, Hour]),
            (exact(90 * SECOND_US), &[Head, Second, Minute]),
            (exact(1), &[Head]),
            (hopping(DAY_US, DAY_US), &[Day]),
            (hopping(7 * DAY_US, HOUR_US), &[Hour, Day]),
            (exact(DAY_US + 1), &[]),
            (Window::Lifetime { offset_us: DAY_US + 1 }, &[]),
        ] {
            let span = window.spans()[0];
            let read = Level::ALL.into_iter().filter(|level| ladder.may_read(span, *level));
            assert_eq!(read.collect::<Vec<_>>(), levels, "{window:?}");
        }
        let older = Span::Sliding { length_us: DAY_US, offset_us: 0, back: 1 };
        assert!(!ladder.may_read(older, Head) && ladder.may_read(older, Hour));
    }

    /// Goal: exact bounds beyond exact_max are not served, cost nothing, and the limit itself is
    /// served. Method: ladders with and without them.
    #[test]
    fn s12_exact_windows_beyond_the_limit_are_not_served() {
        let reaches = |length_us, offset_us| Window::Exact { length_us, offset_us };
        let served =
            [exact(DAY_US), reaches(1, DAY_US - 1), Window::Lifetime { offset_us: DAY_US }];
        let refused = [
            exact(DAY_US + 1),
            reaches(1, DAY_US),
            reaches(i64::MAX, i64::MAX),
            Window::Lifetime { offset_us: DAY_US + 1 },
        ];
        let plain = ladder(&[sliding(7 * DAY_US)], 0);
        for window in served {
            assert!(plain.serves(window.spans()[0]), "{window:?}");
        }
        for window in refused {
            assert!(!plain.serves(window.spans()[0]), "{window:?}");
            assert_eq!(ladder(&[sliding(7 * DAY_US), window], 0), plain);
        }
        assert!(ladder(&served, 0).has_base());
    }

    proptest! {
        /// Goal: neighbouring levels are near, a span's grid is in its ladder, and a long series costs
        /// a ladder no more than its ends. Method: random windows and origins.
        #[test]
        fn s12_ladders_have_no_gaps(
            windows in prop::collection::vec(samples::window(), 0..5),
            origin_us in samples::origin_us(),
        ) {
            let ladder = ladder(&windows, origin_us);
            for pair in ladder.levels()[1..].windows(2) {
                prop_assert!(pair[1].size_us() / pair[0].size_us() <= TILES_MAX);
            }
            for span in windows.iter().flat_map(|window| window.spans()) {
                if ladder.serves(span) {
                    prop_assert!(ladder.levels().contains(&grid(span, origin_us)), "{:?}", span);
                }
            }
            prop_assert!(ladder.reaches.len() <= 2 * windows.len());
        }
    }
}
