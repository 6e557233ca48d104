//! Tests of the tile ladder on a model store: what the store answers is what the definition says.
//!
//! In the model a state is a list of event times, kept tile by tile; tiles are dropped as retention
//! allows, at once or later. Invariant under test: if a store holds the cover of an interval,
//! reading it gives exactly the event times in that interval, however late they arrived; and every
//! cover from `sealed` on is held. Deliberately absent: encodings and keys, which belong to the
//! real store.

use super::{Ladder, Level, Retention, Segment};
use crate::time::{DAY_US, HOUR_US, Interval, Time};
use crate::window::{Span, Window, samples};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// What a view declares.
#[derive(Clone, Debug)]
struct Declared {
    windows: Vec<Window>,
    origin_us: i64,
    head_us: i64,
    exact_max_us: i64,
}

impl Declared {
    fn spans(&self) -> Vec<Span> {
        self.windows.iter().flat_map(|window| window.spans()).collect()
    }

    fn ladder(&self) -> Ladder {
        Ladder::new(&self.spans(), self.origin_us, self.head_us, self.exact_max_us)
    }

    /// The spans that a store answers.
    fn served(&self, ladder: &Ladder) -> Vec<Span> {
        self.spans().into_iter().filter(|span| ladder.serves(*span)).collect()
    }
}

fn declared() -> impl Strategy<Value = Declared> {
    (
        prop::collection::vec(samples::window(), 1..4),
        samples::origin_us(),
        prop_oneof![Just(0), Just(HOUR_US), 0..3 * DAY_US],
        select(vec![0, HOUR_US, DAY_US, 10 * DAY_US, 200 * DAY_US]),
    )
        .prop_map(|(windows, origin_us, head_us, exact_max_us)| Declared {
            windows,
            origin_us,
            head_us,
            exact_max_us,
        })
}

/// The state of one span: the event times of each kept tile.
struct Slot {
    span: Span,
    tiles: BTreeMap<(Level, Time), Vec<Time>>,
    base: Vec<Time>,
}

/// A store of one key.
struct Model {
    ladder: Ladder,
    slots: Vec<Slot>,
    watermark: Time,
}

impl Model {
    fn new(declared: &Declared) -> Model {
        let ladder = declared.ladder();
        let slots = declared.served(&ladder).into_iter();
        let slots = slots.map(|span| Slot { span, tiles: BTreeMap::new(), base: vec![] }).collect();
        Model { ladder, slots, watermark: Time::MIN }
    }

    fn retention(&self) -> Retention {
        self.ladder.retention(self.watermark)
    }

    /// Folds one commit: every row into every kept level at once, and into the base tile.
    fn fold(&mut self, times: &[Time], tidy: bool) {
        self.watermark = times.iter().copied().fold(self.watermark, Time::max);
        let retention = self.retention();
        let ladder = &self.ladder;
        for slot in &mut self.slots {
            for &time in times {
                for (&level, &from) in ladder.levels().iter().zip(&retention.from) {
                    let start = time.floor(level.size_us());
                    if start >= from && ladder.may_read(slot.span, level) {
                        slot.tiles.entry((level, start)).or_default().push(time);
                    }
                }
                if lifetime(slot.span) && time < retention.base_until {
                    slot.base.push(time);
                }
            }
            if tidy {
                slot.tidy(ladder, &retention);
            }
        }
    }

    /// The event times in `interval`, an interval of `span`, or `None` if the store does not hold
    /// its cover.
    fn read(&self, at: usize, interval: Interval) -> Option<Vec<Time>> {
        let (slot, retention) = (&self.slots[at], self.retention());
        let cover = self.ladder.cover(slot.span, interval);
        if !cover.iter().all(|segment| retention.holds(&self.ladder, segment)) {
            return None;
        }
        let mut found = Vec::new();
        for Segment { level, start, end, base } in cover {
            let tiles = slot.tiles.range((level, start)..(level, end));
            found.extend(tiles.flat_map(|(_, times)| times));
            if base {
                found.extend(&slot.base);
            }
        }
        found.sort_unstable();
        Some(found)
    }
}

impl Slot {
    /// Drops tiles below their level's retention, into the base tile where there is one.
    fn tidy(&mut self, ladder: &Ladder, retention: &Retention) {
        for (&level, &from) in ladder.levels().iter().zip(&retention.from) {
            let old = self.tiles.extract_if((level, Time::MIN)..(level, from), |_, _| true);
            let old: Vec<Time> = old.flat_map(|(_, times)| times).collect();
            if lifetime(self.span) && level == ladder.top() {
                self.base.extend(old);
            }
        }
    }
}

fn lifetime(span: Span) -> bool {
    matches!(span, Span::Lifetime { .. })
}

/// One commit of a random stream, and the question that follows it.
#[derive(Clone, Debug)]
struct Step {
    /// How far the newest event of the commit lies beyond the watermark.
    ahead_us: i64,
    /// How far the other events lie behind the newest.
    behind_us: Vec<i64>,
    /// How far the question lies after `sealed`; negative if before.
    asked_us: i64,
    /// The question is moved back to an edge of this size, if one is given.
    edge_us: i64,
    tidy: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let ago_us = || prop_oneof![0i64..3, 0..HOUR_US, 0..DAY_US, 0..40 * DAY_US, 0..800 * DAY_US];
    (
        ago_us(),
        prop::collection::vec(ago_us(), 0..12),
        prop_oneof![3 => ago_us(), 1 => ago_us().prop_map(|us| -us)],
        select(vec![1, 1, HOUR_US, DAY_US, 32 * DAY_US]),
        any::<bool>(),
    )
        .prop_map(|(ahead_us, behind_us, asked_us, edge_us, tidy)| Step {
            ahead_us,
            behind_us,
            asked_us,
            edge_us,
            tidy,
        })
}

/// Times near the bounds of the windows at `effective`, where a mistake would show; none later than
/// `effective`.
fn beside_bounds(declared: &Declared, effective: Time) -> Vec<Time> {
    let mut times = Vec::new();
    for span in declared.spans() {
        let Interval { start, end } = span.interval(effective, declared.origin_us);
        times.extend([start.minus(1), start, end.minus(1), end]);
    }
    times.retain(|time| *time <= effective);
    times
}

proptest! {
    /// Goal: a ladder store that keeps only what retention says gives the answers of the
    /// definition, always from `sealed` on, and either the right answer or none before it (S1, S11,
    /// S12). Method: random declarations and streams with late events, tidied at random; the
    /// definition is a filter.
    #[test]
    fn s12_what_is_kept_answers_as_the_definition_does(
        declared in declared(),
        begin in samples::time(),
        steps in prop::collection::vec(step(), 1..6),
    ) {
        let mut model = Model::new(&declared);
        let mut events: Vec<Time> = Vec::new();
        let mut newest = begin;
        for step in steps {
            newest = newest.plus(step.ahead_us);
            let mut commit = vec![newest];
            commit.extend(step.behind_us.iter().map(|us| newest.minus(*us)));
            commit.extend(beside_bounds(&declared, newest));
            model.fold(&commit, step.tidy);
            events.extend(&commit);

            let sealed = model.retention().sealed;
            let asked = sealed.plus(step.asked_us).floor(step.edge_us);
            // A late commit with events near the question's bounds, older than what is kept.
            let late = beside_bounds(&declared, asked.min(newest));
            model.fold(&late, !step.tidy);
            events.extend(&late);
            for (at, span) in declared.served(&model.ladder).into_iter().enumerate() {
                for effective in [asked, sealed, newest, newest.plus(1)] {
                    let interval = span.interval(effective, declared.origin_us);
                    let found = model.read(at, interval);
                    prop_assert!(
                        found.is_some() || effective < sealed,
                        "{:?} at {} is not answerable; sealed {}", span, effective, sealed
                    );
                    if let Some(found) = found {
                        let inside = events.iter().copied().filter(|at| interval.contains(*at));
                        let mut expected: Vec<Time> = inside.collect();
                        expected.sort_unstable();
                        prop_assert_eq!(found, expected, "{:?} at {}", span, effective);
                    }
                }
            }
        }
    }

    /// Goal: a cover divides its interval into whole tiles that its span may read, and every tile
    /// that S12 promises is retained. Method: random declarations, watermarks and questions.
    #[test]
    fn s12_covers_partition_and_are_retained(
        declared in declared(),
        watermark in samples::time(),
        later_us in samples::later_us(),
    ) {
        let ladder = declared.ladder();
        let retention = ladder.retention(watermark);
        let effective = retention.sealed.plus(later_us);
        for span in declared.served(&ladder) {
            let interval = span.interval(effective, declared.origin_us);
            let mut at = interval.start;
            for segment in ladder.cover(span, interval) {
                prop_assert_eq!(segment.start, at);
                prop_assert!(segment.start < segment.end);
                let size_us = segment.level.size_us();
                prop_assert!(at == Time::MIN || at.is_aligned(size_us));
                prop_assert!(segment.end.is_aligned(size_us));
                prop_assert!(ladder.may_read(span, segment.level), "{:?} {:?}", span, segment);
                prop_assert!(span.length_us().is_none_or(|length_us| size_us <= length_us));
                prop_assert!(retention.holds(&ladder, &segment), "{:?} {:?}", segment, retention);
                at = segment.end;
            }
            prop_assert_eq!(at, interval.end);
        }
    }

    /// Goal: what was dropped is never needed again. Method: two watermarks.
    #[test]
    fn s12_retention_never_goes_back(
        declared in declared(),
        watermark in samples::time(),
        later_us in samples::later_us(),
    ) {
        let ladder = declared.ladder();
        let earlier = ladder.retention(watermark);
        let later = ladder.retention(watermark.plus(later_us));
        prop_assert!(earlier.sealed <= later.sealed && earlier.base_until <= later.base_until);
        prop_assert!(earlier.from.iter().zip(&later.from).all(|(earlier, later)| earlier <= later));
        prop_assert!(earlier.from.iter().all(|from| *from <= earlier.sealed));
    }
}
