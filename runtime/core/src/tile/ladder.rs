//! The ladder of a view: its levels of tiles, and which of them each span reads.
//!
//! A cover reads the head where a bound can lie anywhere, and otherwise nothing finer than the
//! span's grid (see `grid`); it never reads a tile longer than the span. Invariant: the levels that
//! a span reads are consecutive in the ladder, and a span that is not served online adds no level.
//! Deliberately absent: time; see `retention`.

use super::grid::{ends_anywhere, fits, grid, levels, on_grid_since};
use super::level::Level;
use crate::time::Time;
use crate::window::Span;
use std::collections::BTreeMap;

/// The levels of one view, and how long each keeps its tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    levels: Vec<Level>,
    /// The spans that are served online, without those that need no more than another one does.
    pub(super) reaches: Vec<Reach>,
    pub(super) origin_us: i64,
    /// `skew + history`: how far behind the watermark a window may end at any time, not only on a
    /// tile edge.
    pub(super) head_us: i64,
    exact_max_us: i64,
    base: bool,
}

/// What a span reads of the ladder: indices of levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) span: Span,
    /// The finest level that a cover reads at its end.
    pub(super) ends: usize,
    /// The finest level that a cover reads at its start; greater than `top` if the span has no
    /// start.
    pub(super) starts: usize,
    /// The coarsest level that it reads.
    pub(super) top: usize,
    /// A cover whose bounds lie before this begins and ends with the head.
    pub(super) on_grid_since: Time,
}

impl Ladder {
    /// The ladder of a view with these spans. `head_us` is `skew + history`; an exact bound that
    /// lies further back than `exact_max_us` is not served.
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

    /// Whether an online store keeps what `span` needs. Other spans are for training sets only: a
    /// host refuses them before it asks for a cover.
    pub fn serves(&self, span: Span) -> bool {
        span.exact_reach_us().is_none_or(|reach_us| reach_us <= self.exact_max_us)
    }

    /// Whether a cover of `span` may read tiles of `level`. A state that no such span reads need
    /// not be kept at that level. False for a span that is not served.
    pub fn may_read(&self, span: Span, level: Level) -> bool {
        let grid = grid(span, self.origin_us);
        let anywhere = ends_anywhere(span) || on_grid_since(span, grid) > Time::MIN;
        let fine = anywhere || level >= grid;
        self.serves(span) && self.levels.contains(&level) && fine && fits(span, level)
    }

    /// The index of the coarsest level that `span` reads.
    pub(super) fn top_of(&self, span: Span) -> usize {
        self.levels.iter().rposition(|level| fits(span, *level)).unwrap_or(0)
    }

    fn reach(&self, span: Span) -> Reach {
        let grid = grid(span, self.origin_us);
        let on_grid_since = on_grid_since(span, grid);
        let grid = self.levels.iter().rposition(|level| *level <= grid).unwrap_or(0);
        let starts = if span.length_us().is_none() { self.levels.len() } else { grid };
        let ends = if ends_anywhere(span) { 0 } else { grid };
        Reach { span, ends, starts, top: self.top_of(span), on_grid_since }
    }
}

/// `spans` without those between the newest and the oldest of a series, which need nothing that the
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
    use crate::window::Window;
    use Level::{Day, FiveMinutes, Head, Hour, Minute, Month, Second};

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

    /// Goal: a span reads the levels from its grid to its length, and spans with exact bounds read
    /// the head. Method: by hand, in a ladder that has all levels.
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

    /// Goal: exact bounds beyond `exact_max` are not served and cost nothing; a bound at the limit
    /// itself is served. Method: ladders with and without them.
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

    /// Goal: a series costs a ladder no more than its first and last windows do. Method: a long
    /// series.
    #[test]
    fn s12_a_series_is_known_by_its_ends() {
        let window = Window::Series { length_us: DAY_US, count: 1000, offset_us: 0 };
        let ladder = ladder(&[window, sliding(DAY_US)], 0);
        let backs = ladder.reaches.iter().map(|reach| reach.span);
        let span = |back| Span::Sliding { length_us: DAY_US, offset_us: 0, back };
        assert_eq!(backs.collect::<Vec<_>>(), [span(0), span(999)]);
    }
}
