//! Tests that the sweep gives the same answers as plain folds of the rows that the definition
//! names.
//!
//! Invariant: the plain folds share no step with the sweep. Deliberately absent: what an aggregate
//! means.

mod many_values;
mod random_windows;
mod row_order;

use super::prefix::Prefix;
use super::search::before;
use super::slide::Slide;
use super::{Entity, Sweep};
use crate::aggregate::slot_laws::{Event, any_event, bytes, fold, rows, slots, view};
use crate::aggregate::{Slot, State};
use crate::fold::{FoldPlan, Merged, NoGuest};
use crate::row::{Rows, TypedColumn};
use crate::time::{DAY_US, HOUR_US, SECOND_US, Time};
use crate::value::Value;
use crate::view::FeatureView;
use arrow::array::Array;
use proptest::prelude::*;
use serde_json::json;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// What can be compared: the encoding, or the value if the state depends on the ranges before it.
fn content(slot: &Slot, state: &State) -> Vec<u8> {
    match state {
        State::Decayed(decayed) => Value::from(decayed.value(100 * SECOND_US)).encoded(),
        state => bytes(slot, state),
    }
}

/// Ranges within `rows` rows, whose ends never go back.
fn forward(moves: &[(usize, usize)], rows: usize) -> Vec<Range<usize>> {
    let (mut start, mut end) = (0, 0);
    let step = |&(first, last): &(usize, usize)| {
        start = (start + first).min(rows);
        end = (end + last).clamp(start, rows.max(start));
        start..end
    };
    moves.iter().map(step).collect()
}

fn by_time(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| event.0);
    events
}

proptest! {
    /// Goal: whatever ranges a slot has slid over, its state is that of the range's rows (S1).
    /// Method: every kind of slot, with filters and nesting, over rows with nulls, NaN and
    /// infinities, compared with a plain fold.
    #[test]
    fn s01_every_slot_slides(
        events in prop::collection::vec(any_event(), 0..60),
        moves in prop::collection::vec((0usize..12, 0usize..16), 1..20),
    ) {
        let rows = rows(&by_time(events));
        for slot in slots() {
            let mut lifted = false;
            slot.visit_lifts(&mut |_| lifted = true);
            if lifted {
                continue;
            }
            let prefix = Prefix::of(&slot, &rows).map(Rc::new);
            let mut slide = Slide::new(&slot, &rows, prefix.as_ref());
            let mut state = slot.zero();
            // Twice, as for two entities.
            for _ in 0..2 {
                slide.restart(&slot, 0, &mut state);
                let mut held = 0..0;
                for range in forward(&moves, rows.len()) {
                    slide.advance(&slot, &rows, &held, &range, &mut state);
                    let expected = fold(&slot, &rows, range.clone());
                    prop_assert_eq!(
                        content(&slot, &state), content(&slot, &expected), "{:?} {:?}", range, slot
                    );
                    held = range;
                }
            }
        }
    }
}

/// A view with features of several aggregates over every kind of window.
pub(crate) fn plan() -> FoldPlan {
    let long = [
        json!({"kind": "sliding", "length_us": HOUR_US}),
        json!({"kind": "series", "length_us": HOUR_US, "count": 2}),
        json!({"kind": "last_rows", "rows": 3, "lookback_us": HOUR_US}),
        json!({"kind": "session", "gap_us": 2 * SECOND_US, "lookback_us": HOUR_US}),
    ];
    plan_over(short_windows().into_iter().chain(long).collect())
}

/// As [`plan`], but with all windows except lifetimes shorter than the time covered by the events,
/// so that some rows are read by lifetime windows only.
pub(crate) fn short_plan() -> FoldPlan {
    plan_over(short_windows())
}

fn short_windows() -> Vec<serde_json::Value> {
    vec![
        json!({"kind": "exact", "length_us": 7 * SECOND_US}),
        json!({"kind": "exact", "length_us": 9 * SECOND_US, "offset_us": 4 * SECOND_US}),
        json!({"kind": "hopping", "length_us": 20 * SECOND_US, "step_us": 5 * SECOND_US}),
        json!({"kind": "lifetime"}),
        json!({"kind": "lifetime", "offset_us": 11 * SECOND_US}),
    ]
}

/// An aggregate with its column, and perhaps its filter and the column whose values are keys.
type Declared =
    (serde_json::Value, Option<&'static str>, Option<&'static str>, Option<&'static str>);

/// At least one of each way in which a sweep computes features.
fn aggregates() -> Vec<Declared> {
    let (int, float, text, flag) = (Some("int"), Some("float"), Some("text"), Some("flag"));
    let limited = |name: &str, limit: u32| json!({name: {"limit": limit}});
    let ranked =
        |name: &str, millionths: u32| json!({name: {"millionths": millionths, "limit": 9}});
    vec![
        (json!("count"), None, None, None),
        (json!("sum"), int, None, None),
        (json!("mean"), float, None, None),
        (json!("min"), float, None, None),
        (json!("max"), text, None, None),
        (json!("last"), int, None, None),
        (json!("first"), text, flag, None),
        (json!("last_row"), float, None, None),
        (limited("unique_count", 5), text, None, None),
        (limited("unique_count", 3), float, flag, None),
        (limited("histogram", 4), text, None, None),
        (limited("histogram", 99), int, flag, None),
        (limited("mode", 99), text, None, None),
        (limited("mode", 3), int, None, None),
        (limited("mode_share", 99), int, None, None),
        (limited("entropy", 99), text, None, None),
        (json!({"most_frequent": {"n": 2, "limit": 99}}), text, None, None),
        (ranked("percentile_disc", 250_000), text, None, None),
        (ranked("percentile_cont", 900_000), float, None, None),
        (limited("median", 99), int, None, None),
        (limited("iqr", 99), float, flag, None),
        (json!({"approx_count_distinct": {"precision": 4}}), float, None, None),
        (json!({"approx_count_distinct": {"precision": 12}}), text, flag, None),
        (json!({"approx_percentile": {"millionths": 500_000}}), float, None, None),
        (json!({"approx_percentile": {"millionths": 990_000}}), int, flag, None),
        (json!({"top_k": {"k": 3}}), text, None, None),
        (json!({"bottom_k": {"k": 3}}), float, None, None),
        (json!({"first_n": {"n": 2}}), float, None, None),
        (json!({"last_n": {"n": 3}}), text, flag, None),
        (json!({"last_rows": {"n": 3}}), text, None, None),
        (json!({"first_distinct": {"n": 2}}), int, None, None),
        (json!({"last_distinct": {"n": 2}}), text, None, None),
        (json!({"last_distinct": {"n": 4}}), float, flag, None),
        (limited("list", 4), int, None, None),
        (json!({"join": {"separator": "+", "limit": 5}}), text, None, None),
        (json!("count"), None, None, text),
        (json!("sum"), int, None, text),
        (json!("mean"), float, flag, text),
        (json!("var_pop"), float, None, Some("int")),
        (json!("max"), int, None, text),
    ]
}

fn plan_over(windows: Vec<serde_json::Value>) -> FoldPlan {
    let top = |of: &str| json!({"n": 2, "of": of});
    let tops = [json!(null), top("value"), top("key"), top("count")];
    let mut features = Vec::new();
    for (at, window) in windows.iter().enumerate() {
        for (which, (aggregate, column, filter, by)) in aggregates().into_iter().enumerate() {
            let tops = match by {
                None => &[json!(null)][..],
                Some(_) => &tops[..],
            };
            for (which_top, top) in tops.iter().enumerate() {
                let by = by.map(|by| json!({"column": by, "limit": 4, "top": top}));
                features.push(json!({
                    "name": format!("f{which}_{which_top}_{at}"), "aggregate": aggregate,
                    "column": column, "filter": filter, "by": by, "window": window,
                }));
            }
        }
    }
    let mut declared = serde_json::to_value(view()).unwrap();
    declared["features"] = json!(features);
    declared["exact_max_us"] = json!(DAY_US);
    let view: FeatureView = serde_json::from_value(declared).unwrap();
    FoldPlan::new(Arc::new(view), &[]).unwrap()
}

/// The answers, computed by a plain fold of each window's rows.
fn defined(
    plan: &FoldPlan,
    rows: &Rows,
    arrived: Option<&[i64]>,
    entity: &Entity,
    as_of: i64,
) -> Vec<Value> {
    let known = |row: &usize| arrived.is_none_or(|arrived| arrived[*row] <= as_of);
    let as_of = Time::saturating(as_of);
    let mut question = Merged::empty(plan, as_of);
    for (state, interval) in question.states.iter_mut().zip(&question.intervals) {
        for row in entity.rows.clone().chain(entity.late.clone()).filter(known) {
            let time = rows.event_time(row);
            if interval.start.micros() <= time && time < interval.end.micros() {
                plan.update(state, rows, row, &plan.all_slots());
            }
        }
    }
    let all: Vec<usize> = (0..plan.features.len()).collect();
    let answers = plan.answers(&all, &mut [question], &mut NoGuest).unwrap();
    answers.into_iter().flatten().map(|answer| answer.value).collect()
}

proptest! {
    /// Goal: a sweep gives the answers of the definition, for every window, at times before, at and
    /// after those of events, for several entities in turn.
    #[test]
    fn s01_a_sweep_answers_as_the_definition(
        events in prop::collection::vec(prop::collection::vec(any_event(), 0..25), 1..4),
        asked in prop::collection::vec(-5i64..4000, 1..20),
    ) {
        let plan = plan();
        let events: Vec<Vec<Event>> = events.into_iter().map(by_time).collect();
        let all: Vec<Event> = events.iter().flatten().cloned().collect();
        let rows = rows(&all);
        // Between seconds as well as on them; far ones are after every window.
        let mut times: Vec<i64> = asked.iter().map(|tenth| tenth * SECOND_US / 10).collect();
        times.sort_unstable();
        let (mut entities, mut as_of, mut first) = (Vec::new(), Vec::new(), 0);
        for events in &events {
            let questions = as_of.len()..as_of.len() + times.len();
            let rows = first..first + events.len();
            entities.push(Entity { late: rows.end..rows.end, rows, questions, before: None });
            as_of.extend(&times);
            first += events.len();
        }
        let features: Vec<usize> = (0..plan.features.len()).collect();
        let sweep = Sweep::new(&plan, &features);
        let answers =
            sweep.run(&rows, None, &entities, &as_of, &mut NoGuest, &|at| at.to_string()).unwrap();
        let columns: Vec<TypedColumn> =
            answers.iter().map(|column| TypedColumn::new(column).unwrap()).collect();
        prop_assert!(answers.iter().all(|column| column.len() == as_of.len()));
        for entity in &entities {
            for question in entity.questions.clone() {
                let expected = defined(&plan, &rows, None, entity, as_of[question]);
                for ((column, feature), expected) in
                    columns.iter().zip(&plan.features).zip(expected)
                {
                    prop_assert_eq!(
                        column.value(question).encoded(), expected.encoded(),
                        "{} at {}", feature.column.name, as_of[question]
                    );
                }
            }
        }
    }
}

proptest! {
    /// Goal: with arrival times, a question sees the rows that had arrived by its time, late ones
    /// too; without them, all rows. Method: rows with any delay, divided into on-time and late ones
    /// at random.
    #[test]
    fn s01_a_sweep_knows_what_had_arrived(
        events in prop::collection::vec((any_event(), 0i64..30, any::<bool>()), 0..30),
        asked in prop::collection::vec(-5i64..900, 1..20),
    ) {
        let plan = plan();
        let mut events = events;
        events.sort_by_key(|(event, _, late)| (*late, event.0));
        let rows = rows(&events.iter().map(|(event, _, _)| event.clone()).collect::<Vec<_>>());
        let arrived: Vec<i64> =
            events.iter().map(|(event, delay, _)| (event.0 + delay) * SECOND_US).collect();
        let on_time = events.partition_point(|(_, _, late)| !late);
        let mut as_of: Vec<i64> = asked.iter().map(|tenth| tenth * SECOND_US / 10).collect();
        as_of.sort_unstable();
        let entity = Entity {
            rows: 0..on_time, late: on_time..events.len(), questions: 0..as_of.len(), before: None,
        };
        let features: Vec<usize> = (0..plan.features.len()).collect();
        let sweep = Sweep::new(&plan, &features);
        for arrived in [None, Some(&arrived[..])] {
            let entities = std::slice::from_ref(&entity);
            let answers =
                sweep.run(&rows, arrived, entities, &as_of, &mut NoGuest, &|at| at.to_string());
            let columns: Vec<TypedColumn> =
                answers.unwrap().iter().map(|column| TypedColumn::new(column).unwrap()).collect();
            for (question, &asked) in as_of.iter().enumerate() {
                let expected = defined(&plan, &rows, arrived, &entity, asked);
                for ((column, feature), expected) in
                    columns.iter().zip(&plan.features).zip(expected)
                {
                    prop_assert_eq!(
                        column.value(question).encoded(), expected.encoded(),
                        "{} at {}", feature.column.name, asked
                    );
                }
            }
        }
    }
}

proptest! {
    /// Goal: a cut sweep gives the answers of the definition wherever it is cut: each row counts
    /// once, also at the cut itself. Method: questions in runs of any length, each with only the
    /// rows that it reaches and one state of the earlier rows, for several entities at once.
    #[test]
    fn s01_a_cut_sweep_answers_as_the_definition(
        events in prop::collection::vec(prop::collection::vec(any_event(), 0..25), 1..4),
        asked in prop::collection::vec(-5i64..4000, 1..20),
        runs in prop::collection::vec(1usize..6, 20),
        short in any::<bool>(),
    ) {
        let plan = if short { short_plan() } else { plan() };
        let events: Vec<Vec<Event>> = events.into_iter().map(by_time).collect();
        let features: Vec<usize> = (0..plan.features.len()).collect();
        let sweep = Sweep::cut(&plan, &features).unwrap();
        let before_slots: Vec<Slot> =
            sweep.before_slots().cloned().collect();
        // Some of these tenths of seconds are times of events.
        let mut times: Vec<i64> = asked.iter().map(|tenth| tenth * SECOND_US / 10).collect();
        times.sort_unstable();
        let mut left = &times[..];
        for run in runs {
            let (own, rest) = left.split_at(run.min(left.len()));
            left = rest;
            let (Some(&first), Some(&last)) = (own.first(), own.last()) else { break };
            let reach = sweep.reach(Time::saturating(first), Time::saturating(last));
            let at = |event: &&Event| event.0 * SECOND_US;
            let (mut loaded, mut entities, mut as_of) = (Vec::new(), Vec::new(), Vec::new());
            for events in &events {
                let passed = events.iter().filter(|it| at(it) < reach.start.micros());
                let passed: Vec<Event> = passed.cloned().collect();
                let passed_rows = rows(&passed);
                let states = before_slots.iter().map(|slot| fold(slot, &passed_rows, 0..passed.len()));
                let within = |it: &&Event| {
                    reach.start.micros() <= at(it) && at(it) < reach.end.micros()
                };
                let start = loaded.len();
                loaded.extend(events.iter().filter(within).cloned());
                let rows = start..loaded.len();
                let questions = as_of.len()..as_of.len() + own.len();
                as_of.extend(own);
                let before = (!passed.is_empty()).then(|| Arc::new(states.collect()));
                entities.push(Entity { late: rows.end..rows.end, rows, questions, before });
            }
            let loaded = rows(&loaded);
            let named = |at: usize| at.to_string();
            let answers = sweep.run(&loaded, None, &entities, &as_of, &mut NoGuest, &named).unwrap();
            for (events, entity) in events.iter().zip(&entities) {
                let all = rows(events);
                let whole = Entity {
                    rows: 0..all.len(), late: 0..0, questions: 0..0, before: None,
                };
                for question in entity.questions.clone() {
                    let expected = defined(&plan, &all, None, &whole, as_of[question]);
                    for ((column, feature), expected) in
                        answers.iter().zip(&plan.features).zip(expected)
                    {
                        prop_assert_eq!(
                            TypedColumn::new(column).unwrap().value(question).encoded(),
                            expected.encoded(),
                            "{} at {}", feature.column.name, as_of[question]
                        );
                    }
                }
            }
        }
    }
}

/// Goal: features that keep many values are computed a column at a time, so that a question costs no
/// merge of states. Method: every aggregate over one window; the few that are left are named.
#[test]
fn features_of_many_values_are_computed_columnwise() {
    let plan = plan_over(vec![json!({"kind": "exact", "length_us": 7 * SECOND_US})]);
    let features: Vec<usize> = (0..plan.features.len()).collect();
    let sweep = Sweep::new(&plan, &features);
    let left = features.iter().filter(|at| !sweep.columnwise.iter().any(|it| it.at == **at));
    let left = left.map(|at| {
        let feature = &plan.view.features[*at];
        (feature.aggregate.name(), feature.by.is_some())
    });
    let left: std::collections::BTreeSet<(&str, bool)> = left.collect();
    let expected = [("first_distinct", false), ("max", false), ("max", true), ("mean", false)];
    assert_eq!(left, expected.into());
}

/// Goal: a cursor finds the first row at or after a bound from any earlier position. Method: every
/// start, bounds between and beyond all times.
#[test]
fn cursors_find_bounds() {
    let times: Vec<i64> = (0..40).map(|i| i / 3 * 2).collect();
    for from in 0..=times.len() {
        for bound in -1..30 {
            let expected = from + times[from..].partition_point(|time| *time < bound);
            assert_eq!(before(&times, from, bound), expected, "{from} {bound}");
        }
    }
}
