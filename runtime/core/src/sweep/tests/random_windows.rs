//! Columnwise features over random windows, compared with plain folds of the rows that S3 names.
//!
//! Method: views of random windows, origins, delays and boundaries; rows and questions around one
//! time, which may be an end of time, at distances from a microsecond to months, some times being
//! equal. Deliberately absent: aggregates that are computed question by question.

use super::*;
use crate::aggregate::nearest::any_integer;
use crate::window::{Window, samples};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};

/// A row: its time, integer, double and flag.
type Row = (i64, Option<i64>, Option<f64>, Option<bool>);

/// The columns of the view of `slot_laws`, with times of microseconds.
fn rows_of(rows: &[Row]) -> Rows {
    let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let columns: [ArrayRef; 6] = [
        Arc::new(Int64Array::from_iter_values(0..rows.len() as i64)),
        Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC")),
        Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>()),
        Arc::new(StringArray::new_null(rows.len())),
        Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>()),
    ];
    let columns = columns.iter().map(|column| TypedColumn::new(column).unwrap()).collect();
    Rows::from_parts(columns, times.into(), None, vec![])
}

/// A plan of every aggregate that is computed columnwise, with a filter and without, over each
/// window.
fn plan_of(windows: &[Window], origin_us: i64, delay_us: i64, inclusive: bool) -> FoldPlan {
    let aggregates = [
        ("count", json!(null)),
        ("count", json!("int")),
        ("sum", json!("int")),
        ("mean", json!("int")),
        ("min", json!("int")),
        ("max", json!("int")),
        ("min", json!("float")),
        ("max", json!("float")),
    ];
    let mut features = Vec::new();
    for (at, window) in windows.iter().enumerate() {
        for (which, (aggregate, column)) in aggregates.iter().enumerate() {
            for filter in [json!(null), json!("flag")] {
                features.push(json!({
                    "name": format!("f{which}_{at}_{}", filter.is_null()), "aggregate": aggregate,
                    "column": column, "window": window, "filter": filter,
                }));
            }
        }
    }
    let mut declared = serde_json::to_value(view()).unwrap();
    declared["features"] = json!(features);
    declared["origin_us"] = json!(origin_us);
    declared["delay_us"] = json!(delay_us);
    declared["boundary"] = json!(if inclusive { "inclusive" } else { "strict" });
    let view: FeatureView = serde_json::from_value(declared).unwrap();
    FoldPlan::new(Arc::new(view), &[]).unwrap()
}

/// Distances from one time, many of them equal.
fn distance_us() -> impl Strategy<Value = i64> {
    let unit_us =
        prop::sample::select(vec![1, SECOND_US, HOUR_US / 12, HOUR_US, DAY_US, 9 * DAY_US]);
    (-12i64..12, unit_us, -1i64..2).prop_map(|(units, unit_us, beside)| units * unit_us + beside)
}

/// A window that reads every row of its interval, so that row order does not matter.
fn plain_window() -> impl Strategy<Value = Window> {
    let picks = |window: &Window| window.picks_rows() || window.is_session();
    samples::window().prop_filter("it picks rows", move |window| !picks(window))
}

fn row() -> impl Strategy<Value = Row> {
    let double = prop_oneof![
        4 => (-9i64..9).prop_map(|tenths| tenths as f64 / 10.0),
        1 => prop::sample::select(vec![f64::NAN, -0.0, f64::INFINITY, f64::NEG_INFINITY]),
    ];
    let integer = prop_oneof![4 => -5i64..5, 1 => any_integer()];
    (
        distance_us(),
        prop::option::weighted(0.8, integer),
        prop::option::weighted(0.8, double),
        prop::option::weighted(0.8, any::<bool>()),
    )
}

/// Checks that a sweep gives the answers of the definition.
fn check(
    plan: &FoldPlan,
    rows: &Rows,
    entities: &[Entity],
    as_of: &[i64],
) -> Result<(), TestCaseError> {
    let features: Vec<usize> = (0..plan.features.len()).collect();
    let sweep = Sweep::new(plan, &features);
    let answers =
        sweep.run(rows, None, entities, as_of, &mut NoGuest, &|at| at.to_string()).unwrap();
    let columns: Vec<TypedColumn> =
        answers.iter().map(|column| TypedColumn::new(column).unwrap()).collect();
    for entity in entities {
        let mut last: Option<(i64, Vec<Value>)> = None;
        for question in entity.questions.clone() {
            let asked = as_of[question];
            let expected = match last.take() {
                Some((time, expected)) if time == asked => expected,
                _ => defined(plan, rows, None, entity, asked),
            };
            for ((column, feature), expected) in columns.iter().zip(&plan.features).zip(&expected) {
                prop_assert_eq!(
                    column.value(question).encoded(),
                    expected.encoded(),
                    "{} at {} of {:?}",
                    feature.column.name,
                    asked,
                    plan.view.features
                );
            }
            last = Some((asked, expected));
        }
    }
    Ok(())
}

proptest! {
    /// Goal: counts, sums, means and extremes over any windows are those of the definition, also
    /// where windows end together and share a queue (S3). Method: two entities, the second with
    /// late rows or without.
    #[test]
    fn s03_windows_that_end_together_answer_as_the_definition(
        windows in prop::collection::vec(plain_window(), 1..5),
        origin_us in samples::origin_us(),
        delay_us in prop_oneof![3 => Just(0i64), 1 => 0..HOUR_US],
        inclusive in any::<bool>(),
        center in samples::time(),
        mut events in prop::collection::vec((row(), any::<bool>()), 0..40),
        mut asked in prop::collection::vec(distance_us(), 1..25),
        first in 0usize..40,
        has_late in any::<bool>(),
    ) {
        let plan = plan_of(&windows, origin_us, delay_us, inclusive);
        for (event, _) in &mut events {
            event.0 = center.plus(event.0).micros();
        }
        let first = first.min(events.len());
        events[..first].sort_by_key(|(event, _)| event.0);
        events[first..].sort_by_key(|(event, late)| (has_late && *late, event.0));
        let late = events[first..].iter().filter(|(_, late)| has_late && *late).count();
        let on_time = events.len() - late;
        asked.iter_mut().for_each(|asked| *asked = center.plus(*asked).micros());
        asked.sort_unstable();
        let as_of: Vec<i64> = asked.iter().chain(&asked).copied().collect();
        let entities = [
            Entity { rows: 0..first, late: first..first, before: None, questions: 0..asked.len() },
            Entity {
                rows: first..on_time,
                late: on_time..events.len(),
                before: None,
                questions: asked.len()..as_of.len(),
            },
        ];
        let events: Vec<Row> = events.into_iter().map(|(event, _)| event).collect();
        check(&plan, &rows_of(&events), &entities, &as_of)?;
    }
}

/// Goal: answers stay right across the boundary between two blocks of a thousand questions. Method:
/// more than two thousand questions about few rows; a window's extreme is found in one block and
/// beaten in the next.
#[test]
fn questions_beyond_a_thousand_go_on_where_the_last_ended() {
    let windows = [
        Window::Exact { length_us: 50 * SECOND_US, offset_us: 0 },
        Window::Exact { length_us: 700 * SECOND_US, offset_us: 0 },
        Window::Sliding { length_us: HOUR_US, offset_us: 0 },
        Window::Hopping { length_us: 90 * SECOND_US, step_us: 30 * SECOND_US, offset_us: 0 },
        Window::Lifetime { offset_us: 7 },
    ];
    let plan = plan_of(&windows, 0, 0, false);
    let event = |at: i64| {
        let value = (at * 37 + 11) % 29 - 14;
        let (integer, flag) = ((at % 7 != 3).then_some(value), Some(at % 3 == 0));
        (at * 53 * SECOND_US, integer, Some(value as f64 / 4.0), flag)
    };
    let rows = rows_of(&(0..50).map(event).collect::<Vec<Row>>());
    let as_of: Vec<i64> = (0..2600).map(|at| at / 2 * 2 * SECOND_US).collect();
    let entity = Entity { rows: 0..50, late: 50..50, before: None, questions: 0..as_of.len() };
    check(&plan, &rows, &[entity], &as_of).unwrap();
}

/// Goal: totals are exact on both sides of the 64-bit limit (S17). Method: integers whose
/// magnitudes add up to just under 2^63, and to just over it.
#[test]
fn s17_totals_are_exact_at_the_ends_of_64_bits() {
    let windows = [1, 2, 3, 4].map(|length_us| Window::Exact { length_us, offset_us: 0 });
    let plan = plan_of(&windows, 0, 0, true);
    for integers in [
        [i64::MAX, 0, 0, 0],
        [i64::MAX - 1, -1, 0, 0],
        [-1, i64::MAX - 1, 0, 0],
        [i64::MAX, 1, 0, 0],
        [i64::MAX, -1, 1, 0],
        [i64::MIN, 0, 0, 0],
        [i64::MIN, -1, i64::MAX, 1],
        [i64::MIN, i64::MIN, i64::MIN, i64::MIN],
        [i64::MAX, i64::MAX, i64::MAX, i64::MAX],
        [-i64::MAX, i64::MAX, -i64::MAX, i64::MAX],
        [1 << 53, 1, 1, 1],
    ] {
        let event = |(at, integer)| (at, Some(integer), None, Some(true));
        let rows = rows_of(&(0..).zip(integers).map(event).collect::<Vec<Row>>());
        let entity = Entity { rows: 0..4, late: 4..4, before: None, questions: 0..8 };
        check(&plan, &rows, &[entity], &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
    }
}
