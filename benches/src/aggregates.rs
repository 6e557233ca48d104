//! One view with a feature for every aggregate, and rows to fold into it.
//!
//! Invariant: the rows are made by arithmetic from their number, so that every run folds the same:
//! amounts with two decimals, integers, 500 texts, flags, and vectors of 16 singles. Deliberately
//! absent: guests and keys; what is measured is the core that all three hosts share.

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as ArrowType, Field};
use lockstep_core::event::arrow_schema;
use lockstep_core::fold::FoldPlan;
use lockstep_core::row::Rows;
use lockstep_core::view::FeatureView;
use lockstep_core::{Error, Result};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Elements of a vector.
const VECTOR_LENGTH: usize = 16;
/// From one row to the next.
const STEP_US: i64 = 60_000_000;

/// The aggregates: a name for the figures, the declaration, and the column.
fn aggregates() -> Vec<(&'static str, Json, Option<&'static str>)> {
    let amount = Some("amount");
    vec![
        ("count", json!("count"), None),
        ("sum_int", json!("sum"), Some("size")),
        ("sum", json!("sum"), amount),
        ("mean", json!("mean"), amount),
        ("min", json!("min"), amount),
        ("max", json!("max"), amount),
        ("min_text", json!("min"), Some("name")),
        ("first", json!("first"), amount),
        ("last", json!("last"), amount),
        ("var_samp", json!("var_samp"), amount),
        ("kurtosis", json!("kurtosis"), amount),
        ("corr", json!({"corr": {"other": "size"}}), amount),
        ("any", json!("any"), Some("flag")),
        ("last_n", json!({"last_n": {"n": 10}}), amount),
        ("last_distinct", json!({"last_distinct": {"n": 10}}), Some("name")),
        ("last_row", json!("last_row"), amount),
        ("arg_max", json!({"arg_max": {"by": "size"}}), amount),
        ("list", json!({"list": {"limit": 1000}}), amount),
        ("product", json!("product"), Some("size")),
        ("bit_xor", json!("bit_xor"), Some("size")),
        ("median", json!({"median": {"limit": 1000}}), Some("size")),
        ("top_k", json!({"top_k": {"k": 10}}), amount),
        ("unique_count", json!({"unique_count": {"limit": 1000}}), Some("name")),
        ("histogram", json!({"histogram": {"limit": 1000}}), Some("name")),
        ("mode", json!({"mode": {"limit": 1000}}), Some("name")),
        ("entropy", json!({"entropy": {"limit": 1000}}), Some("name")),
        (
            "approx_count_distinct",
            json!({"approx_count_distinct": {"precision": 12}}),
            Some("size"),
        ),
        ("approx_percentile", json!({"approx_percentile": {"millionths": 990_000}}), amount),
        ("rate", json!({"rate": {"unit_us": 86_400_000_000i64}}), None),
        ("time_since_last", json!("time_since_last"), None),
        ("decayed_sum", json!({"decayed_sum": {"half_life_us": 86_400_000_000i64}}), amount),
        ("vector_mean", json!({"vector_mean": {"length": 16, "grid": -20}}), Some("vector")),
        (
            "ratio",
            json!({"ratio": {
                "numerator": {"aggregate": "sum", "column": "amount"},
                "denominator": {"aggregate": "count", "column": null}}}),
            None,
        ),
    ]
}

/// The names of the aggregates, in the order of the view's features.
pub fn names() -> Vec<&'static str> {
    aggregates().into_iter().map(|(name, ..)| name).collect()
}

/// The plan of the view whose features are the aggregates.
///
/// # Errors
/// If the declaration is not valid, which is a bug here.
pub fn plan() -> Result<FoldPlan> {
    plan_of(&names())
}

/// The plan of a view with these features alone.
///
/// # Errors
/// If the declaration is not valid, which is a bug here.
pub fn plan_of(wanted: &[&str]) -> Result<FoldPlan> {
    let column = |name: &str, data_type: &str| json!({"name": name, "type": data_type, "nullable": false, "description": ""});
    let columns = json!([
        column("id", "int64"),
        column("at", "timestamp"),
        column("key", "int64"),
        column("amount", "float64"),
        column("size", "int64"),
        column("name", "string"),
        column("flag", "bool"),
        column("vector", "list<float32>"),
    ]);
    let window = json!({"kind": "sliding", "length_us": 2_592_000_000_000i64, "offset_us": 0});
    let features: Vec<Json> = aggregates()
        .into_iter()
        .filter(|(name, ..)| wanted.contains(name))
        .map(|(name, aggregate, column)| {
            json!({"name": name, "aggregate": aggregate, "column": column, "window": window})
        })
        .collect();
    let view = json!({
        "name": "bench", "description": "", "owner": "", "tags": [], "key": ["key"],
        "null_keys": false, "boundary": "strict", "delay_us": 0, "origin_us": 0,
        "exact_max_us": 0, "history_us": 0, "columns": columns, "features": features,
        "event": {"name": "Event", "description": "", "source": "events", "time": "at",
                  "id": "id", "skew_us": 0, "columns": columns},
    });
    let view: FeatureView = serde_json::from_value(view)
        .map_err(|error| Error::bug("the bench's view is no view").because(error))?;
    FoldPlan::new(Arc::new(view), &[])
}

/// Spreads a row's number over 32 bits.
fn spread(row: usize) -> u32 {
    (row as u32).wrapping_mul(2_654_435_761)
}

/// The amount of a row: two decimals, below 10,000.
pub fn amount(row: usize) -> f64 {
    f64::from(spread(row) % 1_000_000) / 100.0
}

/// Rows `0..count`.
///
/// # Errors
/// If the arrays do not fit the view, which is a bug here.
pub fn rows(view: &FeatureView, count: usize) -> Result<Rows> {
    let each = |number: fn(usize) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values((0..count).map(number)))
    };
    let times = (0..count as i64).map(|row| row * STEP_US);
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    let names = (0..count).map(|row| format!("user-{:03}", spread(row) % 500));
    let elements = (0..count * VECTOR_LENGTH).map(|at| (spread(at) >> 8) as f32 / 65_536.0);
    let vector = ListArray::new(
        Arc::new(Field::new_list_field(ArrowType::Float32, true)),
        OffsetBuffer::from_lengths(std::iter::repeat_n(VECTOR_LENGTH, count)),
        Arc::new(Float32Array::from_iter_values(elements)),
        None,
    );
    let columns: Vec<ArrayRef> = vec![
        each(|row| row as i64),
        Arc::new(times),
        each(|_| 1),
        Arc::new(Float64Array::from_iter_values((0..count).map(amount))),
        each(|row| i64::from(spread(row))),
        Arc::new(StringArray::from_iter_values(names)),
        Arc::new(
            (0..count).map(|row| Some(spread(row).is_multiple_of(7))).collect::<BooleanArray>(),
        ),
        Arc::new(vector),
    ];
    let batch = RecordBatch::try_new(arrow_schema(&view.columns), columns)
        .map_err(|error| Error::bug("the bench's rows do not fit its view").because(error))?;
    let source_rows: Vec<u32> = (0..count as u32).collect();
    Rows::new(view, &batch, &source_rows, &batch, true)
}
