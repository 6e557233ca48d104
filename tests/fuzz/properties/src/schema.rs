//! The declaration that files, stores and answers of the targets are read by.

use lockstep_core::event::SourceSchema;
use lockstep_core::manifest::Manifest;
use lockstep_core::view_plan::ViewPlan;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

fn column(name: &str, data_type: &str) -> Value {
    json!({"name": name, "type": data_type, "nullable": name != "at"})
}

fn feature(name: &str, aggregate: Value, column: Value, window: Value) -> Value {
    json!({"name": name, "aggregate": aggregate, "column": column, "window": window})
}

/// An artifact with one view, in which every kind of state and of column occurs.
pub(crate) static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let columns = json!([
        column("at", "timestamp"),
        column("id", "string"),
        column("flag", "bool"),
        column("count", "int64"),
        column("small", "float32"),
        column("price", "float64"),
        column("seen", "timestamp"),
        column("words", "list<string>"),
        column("vector", "list<float64>"),
    ]);
    let event = json!({
        "name": "Event", "description": "", "source": "events", "time": "at", "id": null,
        "skew_us": 0, "columns": columns,
    });
    let lifetime = json!({"kind": "lifetime"});
    let sliding = json!({"kind": "sliding", "length_us": 86_400_000_000_u64, "offset_us": 0});
    let session =
        json!({"kind": "session", "gap_us": 60_000_000, "lookback_us": 86_400_000_000_u64});
    let last = json!({"kind": "last_rows", "rows": 3, "lookback_us": 86_400_000_000_u64});
    let of = |name: &str, aggregate: Value, column: &str| {
        feature(name, aggregate, json!(column), lifetime.clone())
    };
    let mut by = of("by", json!("sum"), "count");
    by["by"] = json!({"column": "id", "limit": 3});
    let features = json!([
        feature("n", json!("count"), Value::Null, sliding),
        of("sum_int", json!("sum"), "count"),
        of("sum", json!("sum"), "price"),
        of("skewness", json!("skewness"), "price"),
        of("corr", json!({"corr": {"other": "small"}}), "price"),
        of("min", json!("min"), "id"),
        of("last", json!("last"), "seen"),
        of("any", json!("any"), "flag"),
        of("first_n", json!({"first_n": {"n": 2}}), "small"),
        of("last_distinct", json!({"last_distinct": {"n": 2}}), "id"),
        of("top_k", json!({"top_k": {"k": 2}}), "price"),
        of("unique_count", json!({"unique_count": {"limit": 2}}), "id"),
        of("histogram", json!({"histogram": {"limit": 2}}), "count"),
        of("cardinality", json!({"approx_count_distinct": {"precision": 4}}), "id"),
        of("percentile", json!({"approx_percentile": {"millionths": 500_000}}), "price"),
        of("last_rows", json!({"last_rows": {"n": 2}}), "small"),
        of("arg_max", json!({"arg_max": {"by": "price"}}), "id"),
        of("product", json!("product"), "count"),
        of("bit_xor", json!("bit_xor"), "count"),
        of("median", json!({"median": {"limit": 3}}), "price"),
        of("vector", json!({"vector_sum": {"length": 2, "grid": -4}}), "vector"),
        feature(
            "decayed",
            json!({"decayed_sum": {"half_life_us": 86_400_000_000_u64}}),
            json!("price"),
            json!({"kind": "exact", "length_us": 3_600_000_000_u64,
                "offset_us": 0})
        ),
        feature("session", json!("sum"), json!("count"), session),
        feature("recent", json!("mean"), json!("price"), last),
        by,
    ]);
    let view = json!({
        "name": "view", "description": "", "owner": "", "tags": [], "event": event, "key": ["id"],
        "null_keys": true, "boundary": "strict", "delay_us": 0, "history_us": 0,
        "columns": columns, "features": features,
    });
    let manifest = json!({"format": 2, "sdk": "", "semantics": 1, "strict": false,
                          "views": [view], "on_demand": []});
    Manifest::parse(manifest.to_string().as_bytes()).unwrap()
});

/// The source of its view.
pub(crate) static SOURCE: LazyLock<Arc<SourceSchema>> =
    LazyLock::new(|| Arc::new(SourceSchema::union([&MANIFEST.views[0].event]).unwrap()));

/// The plan of its view.
pub(crate) static PLAN: LazyLock<ViewPlan> =
    LazyLock::new(|| ViewPlan::new(&MANIFEST.views[0], &[]).unwrap());
