//! Short ways to write values, rows and questions down.
//!
//! Invariant: nothing here computes what a test expects. Deliberately absent: random rows.

use lockstep_oracle::{Aggregate, Feature, Outcome, Row, Value, Window, outcome, same_bits};

pub(crate) const HOUR_US: i64 = 3_600_000_000;
pub(crate) const DAY_US: i64 = 24 * HOUR_US;

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

pub(crate) fn ints(list: &[i64]) -> Vec<Value> {
    list.iter().map(|x| Value::Int64(*x)).collect()
}

pub(crate) fn doubles(list: &[f64]) -> Vec<Value> {
    list.iter().map(|x| Value::Float64(*x)).collect()
}

pub(crate) fn texts(list: &[&str]) -> Vec<Value> {
    list.iter().map(|x| text(x)).collect()
}

/// A row at a time, told apart from others at it by its ordinal.
pub(crate) fn row(event_time: i64, values: &[Value]) -> Row {
    Row { event_time, event_id: Some("id".to_string()), ordinal: 0, values: values.to_vec() }
}

/// Rows of one column, a microsecond apart from time 0 on.
pub(crate) fn column(values: &[Value]) -> Vec<Row> {
    (0..).zip(values).map(|(time, value)| row(time, std::slice::from_ref(value))).collect()
}

/// An aggregate of a column over all rows, a day after 1970.
pub(crate) fn over(aggregate: Aggregate, values: &[Value]) -> Outcome {
    let feature = Feature::of(aggregate, Some(0), Window::LIFETIME);
    outcome(&column(values), feature, 0, DAY_US)
}

/// An aggregate of the first of two columns over all rows, a day after 1970.
pub(crate) fn over_pairs(aggregate: Aggregate, pairs: &[(Value, Value)]) -> Outcome {
    let rows: Vec<Row> =
        (0..).zip(pairs).map(|(time, (x, y))| row(time, &[x.clone(), y.clone()])).collect();
    outcome(&rows, Feature::of(aggregate, Some(0), Window::LIFETIME), 0, DAY_US)
}

#[track_caller]
pub(crate) fn same(found: &Outcome, expected: Value) {
    assert!(same_bits(&found.value, &expected), "found {}, expected {expected}", found.value);
    assert!(!found.overflow, "{} is told to overflow", found.value);
}

#[track_caller]
pub(crate) fn overflows(found: &Outcome) {
    assert!(found.overflow && found.value.is_null(), "{} does not overflow", found.value);
}
