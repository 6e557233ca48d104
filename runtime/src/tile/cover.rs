//! Covers: an interval as whole tiles of a ladder.
//!
//! ```text
//! level 2              ├───────┼───────┤
//! level 1        ├─┼─┼─┤               ├─┼─┤
//! head        ├──┤                         ├───┤
//!             start                            end
//! ```
//!
//! Invariant: the segments of a cover abut, lie in order, make up the interval exactly, and each
//! starts and ends on edges of its level; a level coarser than the span is long is not among them.
//! Deliberately absent: whether the tiles are kept; see `retention`.

use super::{Ladder, Level};
use crate::time::{Interval, Time};
use crate::window::Span;

/// Tiles of one level that abut: `[start, end)`, both edges of the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The level.
    pub level: Level,
    /// The start of the first tile.
    pub start: Time,
    /// The end of the last tile.
    pub end: Time,
    /// Whether the base tile stands for those of its tiles that were folded into it.
    pub base: bool,
}

impl Ladder {
    /// The segments that make up `interval`, one of `span`'s, in order: up the ladder from the start
    /// as alignment allows, then down to the end. None if the interval is empty.
    pub fn cover(&self, span: Span, interval: Interval) -> Vec<Segment> {
        let levels = &self.levels()[..=self.top_of(span)];
        let lifetime = span.length_us().is_none();
        let Interval { start, end } = interval;
        let mut segments = Vec::with_capacity(2 * levels.len());
        let mut at = start;
        let mut push = |level: Level, at: &mut Time, until: Time| {
            if until > *at {
                let base = lifetime && level == self.top() && *at == Time::MIN;
                segments.push(Segment { level, start: *at, end: until, base });
                *at = until;
            }
        };
        let mut peak = 0;
        while peak + 1 < levels.len() {
            let aligned = ceil(at, levels[peak + 1].size_us());
            if aligned >= end {
                break;
            }
            push(levels[peak], &mut at, aligned);
            peak += 1;
        }
        for level in levels[..=peak].iter().rev() {
            push(*level, &mut at, end.floor(level.size_us()));
        }
        segments
    }
}

/// The least multiple of `step_us` that is not before `time`; `MIN` stays `MIN`.
fn ceil(time: Time, step_us: i64) -> Time {
    let past_us = time.micros().rem_euclid(step_us);
    // Not the floor and a step: beside `MIN` the floor saturates, and a step from there is no edge.
    if past_us == 0 || time == Time::MIN { time } else { time.plus(step_us - past_us) }
}
