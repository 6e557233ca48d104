//! Random events and a view over them, for the tests of stretches.
//!
//! Deliberately absent: user-defined aggregates, which are never cut.

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use lockstep_core::event::arrow_schema;
use lockstep_core::fold::FoldPlan;
use lockstep_core::row::Rows;
use lockstep_core::time::{HOUR_US, SECOND_US};
use lockstep_core::view::FeatureView;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// An event: a second of event time, an integer, a float and a text.
pub(super) type Event = (i64, Option<i64>, Option<f64>, Option<String>);

/// Events within a minute, with nulls, NaN and infinities.
pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let float = prop_oneof![
        4 => (-1000i64..1000).prop_map(|cents| cents as f64 / 100.0),
        1 => prop_oneof![Just(f64::NAN), Just(-0.0), Just(1e300), Just(f64::INFINITY)],
    ];
    (
        0i64..60,
        prop::option::weighted(0.8, -3i64..4),
        prop::option::weighted(0.8, float),
        prop::option::weighted(0.8, "[ab\\x00]{0,2}"),
    )
}

fn declared(features: &[Json]) -> FeatureView {
    let column = |name: &str, data_type: &str, nullable: bool| json!({"name": name, "type": data_type, "nullable": nullable, "description": ""});
    let columns = json!([
        column("id", "int64", false),
        column("at", "timestamp", false),
        column("int", "int64", true),
        column("float", "float64", true),
        column("text", "string", true),
    ]);
    let view = json!({
        "name": "v", "description": "", "owner": "", "tags": [], "key": ["id"],
        "null_keys": false, "boundary": "strict", "delay_us": 0, "origin_us": 0,
        "exact_max_us": 0, "history_us": 0, "columns": columns, "features": features,
        "event": {"name": "E", "description": "", "source": "s", "time": "at", "id": "id",
                  "skew_us": 0, "columns": columns},
    });
    serde_json::from_value(view).expect("it is a view")
}

/// The rows of `events`, numbered.
pub(super) fn rows(events: &[Event]) -> Rows {
    let view = Arc::new(declared(&[]));
    let times = events.iter().map(|event| event.0 * SECOND_US);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..events.len() as i64)),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
        Arc::new(events.iter().map(|event| event.1).collect::<Int64Array>()),
        Arc::new(events.iter().map(|event| event.2).collect::<Float64Array>()),
        Arc::new(events.iter().map(|event| event.3.clone()).collect::<StringArray>()),
    ];
    let batch = RecordBatch::try_new(arrow_schema(&view.columns), columns);
    let batch = batch.expect("the columns are the view's");
    let source_rows: Vec<u32> = (0..events.len() as u32).collect();
    Rows::new(&view, &batch, &source_rows, &batch, true).expect("the columns are typed")
}

/// A view with features of several aggregates over every kind of window.
pub(super) fn plan() -> FoldPlan {
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
pub(super) fn short_plan() -> FoldPlan {
    plan_over(short_windows())
}

fn short_windows() -> Vec<Json> {
    vec![
        json!({"kind": "exact", "length_us": 7 * SECOND_US}),
        json!({"kind": "exact", "length_us": 9 * SECOND_US, "offset_us": 4 * SECOND_US}),
        json!({"kind": "hopping", "length_us": 20 * SECOND_US, "step_us": 5 * SECOND_US}),
        json!({"kind": "lifetime"}),
        json!({"kind": "lifetime", "offset_us": 11 * SECOND_US}),
    ]
}

fn plan_over(windows: Vec<Json>) -> FoldPlan {
    let aggregates = [
        (json!("count"), json!(null)),
        (json!("sum"), json!("int")),
        (json!("mean"), json!("float")),
        (json!("max"), json!("text")),
        (json!("last"), json!("int")),
        (json!({"unique_count": {"limit": 5}}), json!("text")),
    ];
    let mut features = Vec::new();
    for (at, window) in windows.iter().enumerate() {
        for (which, (aggregate, column)) in aggregates.iter().enumerate() {
            features.push(json!({
                "name": format!("f{which}_{at}"), "aggregate": aggregate, "column": column,
                "window": window,
            }));
        }
    }
    FoldPlan::new(Arc::new(declared(&features)), &[]).expect("it is a valid view")
}
