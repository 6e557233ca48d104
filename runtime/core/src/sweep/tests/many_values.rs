//! Features of windows with more values than sketches and limits hold.
//!
//! Invariant: as everywhere, the expected values are those of a plain fold. Deliberately absent:
//! few values, which the random tests have.

use super::*;
use crate::aggregate::percentile::BINS_MAX;
use crate::aggregate::percentile_bin::Bin;
use crate::window::Window;
use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use std::collections::BTreeSet;

/// A plan of one window for each feature that counts codes.
fn plan_of(length_us: i64) -> FoldPlan {
    let window = serde_json::to_value(Window::Exact { length_us, offset_us: 0 }).unwrap();
    let float = |aggregate: serde_json::Value| (aggregate, "float");
    let aggregates = [
        float(json!({"approx_percentile": {"millionths": 10_000}})),
        float(json!({"approx_percentile": {"millionths": 500_000}})),
        float(json!({"approx_percentile": {"millionths": 1_000_000}})),
        float(json!({"approx_count_distinct": {"precision": 4}})),
        float(json!({"approx_count_distinct": {"precision": 12}})),
        float(json!({"unique_count": {"limit": 1000}})),
        float(json!({"unique_count": {"limit": 100_000}})),
        float(json!({"median": {"limit": 100_000}})),
        float(json!({"entropy": {"limit": 100_000}})),
        float(json!({"top_k": {"k": 3}})),
        float(json!({"bottom_k": {"k": 90}})),
        (json!({"mode": {"limit": 100_000}}), "int"),
        (json!({"most_frequent": {"n": 3, "limit": 100_000}}), "int"),
        (json!({"last_distinct": {"n": 70}}), "int"),
    ];
    let features = aggregates.iter().enumerate().map(|(at, (aggregate, column))| {
        json!({"name": format!("f{at}"), "aggregate": aggregate, "column": column, "window": window})
    });
    let mut declared = serde_json::to_value(view()).unwrap();
    declared["features"] = features.collect();
    let view: FeatureView = serde_json::from_value(declared).unwrap();
    FoldPlan::new(Arc::new(view), &[]).unwrap()
}

/// Rows a second apart: doubles over twenty powers of two of either sign, and integers of which some
/// occur often.
fn rows_of(count: i64) -> Rows {
    let times: Vec<i64> = (0..count).map(|at| at * SECOND_US).collect();
    let mixed = |at: i64| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let double = |at: i64| {
        let power = f64::from(1u32 << (mixed(at) % 20));
        let magnitude = power * (1.0 + (mixed(at) >> 5 & 0xff) as f64 / 256.0);
        if at % 5 == 0 { -magnitude } else { magnitude }
    };
    let integer = |at: i64| (mixed(at) % 97).min(mixed(at) % 311) as i64;
    let columns: [ArrayRef; 5] = [
        Arc::new(Int64Array::from_iter_values(0..count)),
        Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC")),
        Arc::new(Int64Array::from_iter_values((0..count).map(integer))),
        Arc::new(Float64Array::from_iter_values((0..count).map(double))),
        Arc::new(StringArray::new_null(count as usize)),
    ];
    let ties = (0..count).map(|at| at.to_be_bytes());
    let ties = arrow::array::BinaryArray::from_iter_values(ties);
    let columns = columns.iter().map(|column| TypedColumn::new(column).unwrap()).collect();
    Rows::from_parts(columns, times.into(), Some(ties), vec![])
}

/// Goal: a window with more bins than a sketch keeps drops bits, and takes them back when it has
/// fewer; limits are passed and kept again (S18, S19). Method: windows that grow to 2,500 rows and
/// then lose them in a gap of the questions.
#[test]
fn s19_windows_of_many_values_answer_as_the_definition() {
    let plan = plan_of(2500 * SECOND_US);
    let rows = rows_of(4000);
    let doubles = &rows.columns()[3];
    let bins: BTreeSet<Bin> = (0..2500).map(|row| Bin::of(doubles.number(row))).collect();
    assert!(bins.len() > BINS_MAX, "{} bins force no drop", bins.len());
    let questions = [900, 1023, 1030, 1400, 2500, 3999, 5000, 5300, 5500, 6400, 6498, 6600];
    let as_of: Vec<i64> = questions.iter().map(|second| second * SECOND_US + 1).collect();
    let entity =
        Entity { rows: 0..4000, late: 4000..4000, before: None, questions: 0..as_of.len() };
    let features: Vec<usize> = (0..plan.features.len()).collect();
    let sweep = Sweep::new(&plan, &features);
    let entities = std::slice::from_ref(&entity);
    let answers = sweep.run(&rows, None, entities, &as_of, &mut NoGuest, &|at| at.to_string());
    let columns: Vec<TypedColumn> =
        answers.unwrap().iter().map(|column| TypedColumn::new(column).unwrap()).collect();
    for (question, &asked) in as_of.iter().enumerate() {
        let expected = defined(&plan, &rows, None, &entity, asked);
        for ((column, feature), expected) in columns.iter().zip(&plan.features).zip(expected) {
            let found = column.value(question);
            assert_eq!(found.encoded(), expected.encoded(), "{} at {asked}", feature.column.name);
        }
    }
}
