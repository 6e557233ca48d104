//! Features that take rows in row order, where rows of one event time come in another order (S15).
//!
//! Invariant: as everywhere, the expected values are those of a plain fold. Deliberately absent:
//! rows that come in row order, which the random tests have.

use super::*;
use crate::window::Window;
use arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray, TimestampMicrosecondArray};

/// Goal: among rows of one event time the tie decides, and not the order in which they come. Method:
/// three rows a second, whose ties descend; some have a null.
#[test]
fn s15_rows_of_one_time_are_ordered_by_their_ties() {
    let count = 12;
    let times: Vec<i64> = (0..count).map(|row| row / 3 * SECOND_US).collect();
    let integer = |row: i64| (row % 4 != 2).then_some(row % 5);
    let columns: [ArrayRef; 3] = [
        Arc::new(Int64Array::from_iter_values(0..count)),
        Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("UTC")),
        Arc::new((0..count).map(integer).collect::<Int64Array>()),
    ];
    let texts: ArrayRef = Arc::new(StringArray::new_null(count as usize));
    let columns = columns.iter().chain([&texts]).map(|column| TypedColumn::new(column).unwrap());
    let ties = BinaryArray::from_iter_values((0..count).map(|row| (count - row).to_be_bytes()));
    let rows = Rows::from_parts(columns.collect(), times.into(), Some(ties), vec![]);
    let aggregates = [
        json!("first"),
        json!("last"),
        json!("first_row"),
        json!("last_row"),
        json!({"first_n": {"n": 2}}),
        json!({"last_n": {"n": 4}}),
        json!({"first_rows": {"n": 4}}),
        json!({"last_rows": {"n": 2}}),
        json!({"last_distinct": {"n": 2}}),
        json!({"list": {"limit": 20}}),
    ];
    let window = Window::Exact { length_us: 2 * SECOND_US, offset_us: 0 };
    let window = serde_json::to_value(window).unwrap();
    let features = aggregates.iter().enumerate().map(|(at, aggregate)| {
        json!({"name": format!("f{at}"), "aggregate": aggregate, "column": "int", "window": window})
    });
    let mut declared = serde_json::to_value(view()).unwrap();
    declared["features"] = features.collect();
    let view: FeatureView = serde_json::from_value(declared).unwrap();
    let plan = FoldPlan::new(Arc::new(view), &[]).unwrap();
    let as_of: Vec<i64> = (0..14).map(|half| half * SECOND_US / 2).collect();
    let entity = Entity { rows: 0..12, late: 12..12, before: None, questions: 0..as_of.len() };
    let features: Vec<usize> = (0..plan.features.len()).collect();
    let sweep = Sweep::new(&plan, &features);
    assert_eq!(sweep.columnwise.len(), features.len());
    let entities = std::slice::from_ref(&entity);
    let answers = sweep.run(&rows, None, entities, &as_of, &mut NoGuest, &|at| at.to_string());
    for (column, feature) in answers.unwrap().iter().zip(&features) {
        let column = TypedColumn::new(column).unwrap();
        for (question, &asked) in as_of.iter().enumerate() {
            let expected = &defined(&plan, &rows, None, &entity, asked)[*feature];
            let found = column.value(question);
            assert_eq!(found.encoded(), expected.encoded(), "f{feature} at {asked}");
        }
    }
}
