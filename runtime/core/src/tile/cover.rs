//! Covers: an interval divided into whole tiles of a ladder.
//!
//! ```text
//! level 2              ├───────┼───────┤
//! level 1        ├─┼─┼─┤               ├─┼─┤
//! head        ├──┤                         ├───┤
//!             start                            end
//! ```
//!
//! Invariant: the segments of a cover are adjacent, in order, and make up the interval exactly;
//! each starts and ends on edges of its level; no level is used whose tiles are longer than the
//! span. Deliberately absent: whether the tiles are kept; see `retention`.

use super::ladder::Ladder;
use super::level::Level;
use crate::time::{Interval, Time};
use crate::window::Span;

/// Adjacent tiles of one level: `[start, end)`, both edges of the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The level.
    pub level: Level,
    /// The start of the first tile.
    pub start: Time,
    /// The end of the last tile.
    pub end: Time,
    /// Whether some of its tiles may have been folded into the base tile, which must then be read
    /// as well.
    pub base: bool,
}

impl Ladder {
    /// The segments that make up `interval`, an interval of `span`, in order: from the start up to
    /// coarser levels as alignment allows, then down to the end. Empty if the interval is empty.
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

/// The intervals that hold exactly the tiles of `level` in `segments`: in order and not adjacent. A
/// store scans these for several covers, so that it reads no tile between two segments.
pub fn scans<'a>(level: Level, segments: impl Iterator<Item = &'a Segment>) -> Vec<Interval> {
    let inside = segments.filter(|segment| segment.level == level);
    let mut inside: Vec<Interval> =
        inside.map(|segment| Interval { start: segment.start, end: segment.end }).collect();
    inside.sort_unstable_by_key(|interval| interval.start);
    let mut scans: Vec<Interval> = Vec::with_capacity(inside.len());
    for next in inside {
        match scans.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => scans.push(next),
        }
    }
    scans
}

/// The least multiple of `step_us` that is not before `time`; `MIN` stays `MIN`.
fn ceil(time: Time, step_us: i64) -> Time {
    let past_us = time.micros().rem_euclid(step_us);
    // Not computed as the floor plus a step: near `MIN` the floor saturates, and a step from there
    // is not an edge.
    if past_us == 0 || time == Time::MIN { time } else { time.plus(step_us - past_us) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};
    use crate::window::Window;

    const LIFETIME: Window = Window::Lifetime { offset_us: 0 };

    fn sliding(length_us: i64) -> Window {
        Window::Sliding { length_us, offset_us: 0 }
    }

    /// A ladder of these windows and the spans of the first.
    fn ladder(windows: &[Window]) -> (Ladder, Span) {
        let spans: Vec<Span> = windows.iter().flat_map(|window| window.spans()).collect();
        (Ladder::new(&spans, 0, 0, 10 * DAY_US), spans[0])
    }

    /// Goal: a cover uses coarser levels in its middle, and reads nothing finer than it must.
    /// Method: covers written out by hand, as the level and end of each segment.
    #[test]
    fn s12_covers_climb_and_come_down() {
        let exact = |length_us| Window::Exact { length_us, offset_us: 0 };
        let tumbling = Window::Hopping { length_us: DAY_US, step_us: DAY_US, offset_us: 0 };
        let as_of = "2024-05-08T10:20:30Z";
        for (windows, expected) in [
            (
                vec![sliding(7 * DAY_US)],
                vec![
                    (Level::Hour, "2024-05-02"),
                    (Level::Day, "2024-05-08"),
                    (Level::Hour, "2024-05-08T10:00:00Z"),
                    (Level::Head, as_of),
                ],
            ),
            (
                vec![exact(3 * HOUR_US), sliding(HOUR_US)],
                vec![
                    (Level::Head, "2024-05-08T07:25:00Z"),
                    (Level::FiveMinutes, "2024-05-08T08:00:00Z"),
                    (Level::Hour, "2024-05-08T10:00:00Z"),
                    (Level::FiveMinutes, "2024-05-08T10:20:00Z"),
                    (Level::Head, as_of),
                ],
            ),
            (vec![exact(SECOND_US), sliding(HOUR_US)], vec![(Level::Head, as_of)]),
            (vec![tumbling, sliding(HOUR_US)], vec![(Level::Day, "2024-05-08")]),
            (
                vec![LIFETIME, sliding(DAY_US)],
                vec![
                    (Level::Month, "2024-04-27"),
                    (Level::Day, "2024-05-08"),
                    (Level::Hour, "2024-05-08T10:00:00Z"),
                    (Level::Head, as_of),
                ],
            ),
        ] {
            let (ladder, span) = ladder(&windows);
            let interval = span.interval(Time::parse(as_of).unwrap(), 0);
            let cover = ladder.cover(span, interval);
            let found: Vec<(Level, Time)> = cover.iter().map(|s| (s.level, s.end)).collect();
            let expected = expected.iter().map(|(level, end)| (*level, Time::parse(end).unwrap()));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{windows:?}");
            assert_eq!(cover[0].start, interval.start);
            assert_eq!(cover[0].base, windows[0] == LIFETIME);
            assert!(cover[1..].iter().all(|segment| !segment.base));
        }
    }

    /// Goal: near `MIN`, where floors saturate, a bounded window still reads nothing longer than
    /// itself and no base tile, and a lifetime window too short for the top level reads no base
    /// tile. Method: each at the first minutes and days of time.
    #[test]
    fn s02_covers_beside_the_start_of_time() {
        let levels = |windows: &[Window], later_us: i64| {
            let (ladder, span) = ladder(windows);
            let interval = span.interval(Time::MIN.plus(later_us), 0);
            assert_eq!(interval.start, Time::MIN);
            let cover = ladder.cover(span, interval);
            assert_eq!((cover[0].start, cover[cover.len() - 1].end), (Time::MIN, interval.end));
            cover.iter().map(|segment| (segment.level, segment.base)).collect::<Vec<_>>()
        };
        let hour_us = 90 * MINUTE_US;
        let top = levels(&[sliding(hour_us), LIFETIME], hour_us - 1)[0];
        assert_eq!(top, (Level::Hour, false));
        assert_eq!(
            levels(&[sliding(64 * DAY_US), LIFETIME], 64 * DAY_US)[0],
            (Level::Month, false)
        );
        assert_eq!(levels(&[LIFETIME], 1), [(Level::Head, false)]);
        assert_eq!(levels(&[LIFETIME], 64 * DAY_US)[0], (Level::Month, true));
        assert!(levels(&[LIFETIME], 2 * DAY_US).iter().all(|(_, base)| !base));
    }

    /// Goal: scans hold each tile of the segments once, and no tile between them. Method: by hand.
    #[test]
    fn scans_are_the_union_of_segments() {
        let segment = |level, start: i64, end: i64| {
            let [start, end] = [start, end].map(|day| Time::saturating(day * DAY_US));
            Segment { level, start, end, base: false }
        };
        let found = |days: &[(i64, i64)]| {
            let mut segments = vec![segment(Level::Hour, -9, 99)];
            segments.extend(days.iter().map(|(start, end)| segment(Level::Day, *start, *end)));
            let scans = scans(Level::Day, segments.iter());
            let day = |time: Time| time.micros() / DAY_US;
            scans.iter().map(|scan| (day(scan.start), day(scan.end))).collect::<Vec<_>>()
        };
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[(5, 7), (1, 3)]), [(1, 3), (5, 7)]);
        assert_eq!(found(&[(3, 4), (1, 3), (-2, 0)]), [(-2, 0), (1, 4)]);
        assert_eq!(found(&[(1, 9), (2, 3), (1, 2), (8, 12)]), [(1, 12)]);
    }
}
