//! Views declared as JSON.
//!
//! Invariant: each form that docs/FEATURES.md lists is read here. Deliberately absent: the values of
//! each aggregate; a declaration only has to lead to the right one.

mod aggregates;

use crate::asked::{DAY_US, HOUR_US, row, same};
use lockstep_oracle::{Aggregate, Boundary, CalendarUnit, Kind, Measure, Value, View, Window};
use serde_json::{Value as Json, json};

fn view_of(features: &Json) -> Json {
    json!({
        "name": "visits", "description": "", "owner": "", "tags": [],
        "event": { "name": "Visit", "source": "visits" },
        "key": ["area"], "null_keys": false, "boundary": "strict", "delay_us": 0,
        "history_us": 0, "origin_us": 0, "exact_max_us": DAY_US,
        "columns": [
            { "name": "area", "type": "string", "nullable": false },
            { "name": "files", "type": "int64", "nullable": true },
            { "name": "size", "type": "float64", "nullable": true },
            { "name": "merged", "type": "bool", "nullable": true },
            { "name": "embedding", "type": "list<float32>", "nullable": true },
        ],
        "features": features,
    })
}

fn lifetime() -> Json {
    json!({ "kind": "lifetime", "offset_us": 0 })
}

/// A view of one feature called `f`.
fn read(aggregate: Json, column: Json, window: Json) -> Result<View, String> {
    let feature =
        json!({ "name": "f", "aggregate": aggregate, "column": column, "window": window });
    View::from_json(&view_of(&json!([feature])))
}

fn aggregate(aggregate: Json, column: Json) -> (Aggregate, String) {
    let day = json!({ "kind": "sliding", "length_us": DAY_US, "offset_us": 0 });
    let view = read(aggregate, column, day).expect("it is valid");
    (
        view.feature("f").expect("it is there").aggregate,
        view.kind("f").expect("it is there").to_string(),
    )
}

/// Goal: the documented ratio, filter and map. Method: the two forms as written there.
#[test]
fn ratios_filters_and_maps_are_read_as_documented() {
    let ratio = json!({"ratio": {
        "numerator": {"aggregate": "sum", "column": "files", "filter": "merged"},
        "denominator": {"aggregate": "count", "column": null},
    }});
    let (Aggregate::Ratio { numerator, denominator }, kind) = aggregate(ratio, json!(null)) else {
        panic!("a ratio")
    };
    assert_eq!(kind, "float64");
    assert_eq!((numerator.measure, numerator.column), (Measure::Sum, Some(1)));
    assert_eq!((numerator.filter, denominator.filter), (Some(3), None));
    assert_eq!((denominator.measure, denominator.column), (Measure::Count, None));

    let name = "files_sum_where_merged_by_area_30d";
    let feature = json!({
        "name": name, "aggregate": "sum", "column": "files",
        "filter": "merged", "by": { "column": "area", "limit": 1000 },
        "window": { "kind": "series", "length_us": 30 * DAY_US, "count": 2, "offset_us": 0 },
    });
    let view = View::from_json(&view_of(&json!([feature]))).unwrap();
    let feature = view.feature(name).unwrap();
    let by = feature.by.unwrap();
    assert_eq!((feature.filter, by.column, by.limit), (Some(3), 0, 1000));
    assert_eq!(view.kind(name), Kind::parse("list<map<string,int64>>"));
    assert_eq!((view.columns.len(), &view.key[..]), (5, &[0][..]));
}

/// Goal: each window of the document is read. Method: the forms as written there, and a lifetime
/// without its offset, as manifests of format 1 have it.
#[test]
fn windows_are_read_as_documented() {
    let (length_us, lookback_us, offset_us) = (DAY_US, DAY_US, 7);
    let step_us = HOUR_US;
    for (form, expected) in [
        (
            json!({"kind": "sliding", "length_us": DAY_US, "offset_us": 7}),
            Window::Sliding { length_us, offset_us },
        ),
        (
            json!({"kind": "sliding", "length_us": DAY_US}),
            Window::Sliding { length_us, offset_us: 0 },
        ),
        (
            json!({"kind": "exact", "length_us": DAY_US, "offset_us": 7}),
            Window::Exact { length_us, offset_us },
        ),
        (
            json!({"kind": "hopping", "length_us": DAY_US, "step_us": HOUR_US, "offset_us": 7}),
            Window::Hopping { length_us, step_us, offset_us },
        ),
        (json!({"kind": "lifetime", "offset_us": 7}), Window::Lifetime { offset_us }),
        (json!({"kind": "lifetime"}), Window::LIFETIME),
        (
            json!({"kind": "series", "length_us": DAY_US, "count": 4, "offset_us": 7}),
            Window::Series { length_us, count: 4, offset_us },
        ),
        (
            json!({"kind": "last_rows", "rows": 10, "lookback_us": DAY_US}),
            Window::LastRows { rows: 10, skip: 0, lookback_us, exact: false },
        ),
        (
            json!({"kind": "session", "gap_us": 1, "lookback_us": DAY_US}),
            Window::Session { gap_us: 1, lookback_us, open: false },
        ),
        (
            json!({"kind": "calendar", "unit": "week", "first_day": "sunday", "zone": "UTC", "whole": 2}),
            Window::Calendar {
                unit: CalendarUnit::Week { first: 6 },
                zone: "UTC",
                whole: 2,
                offset_us: 0,
            },
        ),
    ] {
        let view = read(json!("count"), json!(null), form.clone()).unwrap();
        assert_eq!(view.feature("f").unwrap().window, expected, "{form}");
    }
}

/// Goal: what has no meaning is refused, and the message says where. Method: declarations wrong in
/// one way each.
#[test]
fn declarations_without_meaning_are_refused() {
    let day = || json!({ "kind": "sliding", "length_us": DAY_US });
    let decay = json!({"decayed_count": {"half_life_us": DAY_US / 65}});
    let operand = json!({"aggregate": "max", "column": "files"});
    let count = json!({"aggregate": "count", "column": null});
    for (aggregate, column, window, message) in [
        (json!("midrange"), json!("files"), day(), "\"midrange\""),
        (json!("sum"), json!(null), day(), "Sum needs a column"),
        (json!("sum"), json!("area"), day(), "type string"),
        (json!("any"), json!("files"), day(), "type int64"),
        (json!("sum"), json!("lines"), day(), "no column \"lines\", only area, files"),
        (json!({"histogram": {"limit": 9}}), json!("size"), day(), "type float64"),
        (json!({"corr": {"other": "area"}}), json!("files"), day(), "type string"),
        (json!({"vector_sum": {"length": 3, "grid": 0}}), json!("size"), day(), "type float64"),
        (json!({"first_n": {}}), json!("area"), day(), "first_n lacks \"n\""),
        (json!({"first_n": {"n": -1}}), json!("area"), day(), "\"n\" is not"),
        (json!({"first_n": {"n": 1, "m": 1}}), json!("area"), day(), "unknown member \"m\""),
        (json!({"approx_count_distinct": {"precision": 3}}), json!("area"), day(), "precision 3"),
        (json!({"approx_percentile": {"millionths": 0}}), json!("files"), day(), "0 millionths"),
        (json!({"rate": {"unit_us": 1}}), json!(null), lifetime(), "span of time"),
        (decay, json!(null), day(), "64 half-lives"),
        (json!("count"), json!(null), json!({"kind": "fortnight"}), "\"fortnight\""),
        (
            json!("count"),
            json!(null),
            json!({"kind": "calendar", "unit": "day", "zone": "utc"}),
            "\"utc\"",
        ),
        (json!("count"), json!(null), json!({"kind": "sliding", "length_us": 0}), "positive"),
        (
            json!("count"),
            json!(null),
            json!({"kind": "sliding", "length_us": DAY_US, "zone": "UTC"}),
            "unknown member \"zone\"",
        ),
        (
            json!({"ratio": {"numerator": operand, "denominator": count}}),
            json!(null),
            day(),
            "\"max\"",
        ),
    ] {
        let error = read(aggregate, column, window).unwrap_err();
        assert!(error.contains(message), "{error:?} lacks {message:?}");
        assert!(error.starts_with("view visits: f: "), "{error}");
    }
    let feature = |name: &str, value: Json| {
        let mut feature =
            json!({"name": "f", "aggregate": "count", "column": null, "window": lifetime()});
        feature[name] = value;
        View::from_json(&view_of(&json!([feature]))).unwrap_err()
    };
    assert!(feature("filter", json!("files")).contains("a filter reads a bool column"));
    let by = json!({"column": "size", "limit": 1});
    assert!(feature("by", by).contains("float64 is no type of a map's key"));
    assert!(feature("having", json!(1)).contains("unknown member \"having\""));
}

/// Goal: a user-defined aggregate is known to be unknown, and hinders no other. Method: one beside a
/// count.
#[test]
fn s21_user_defined_aggregates_are_told_apart() {
    let features = json!([
        {"name": "mine", "aggregate": {"user": {"aggregate": "LogQuantiles"}},
         "column": "size", "window": lifetime()},
        {"name": "count_lifetime", "aggregate": "count", "column": null, "window": lifetime()},
    ]);
    let view = View::from_json(&view_of(&features)).unwrap();
    let error = view.value(&[], "mine", 0).unwrap_err();
    assert!(error.contains("visits.mine is of a user-defined aggregate"), "{error}");
    assert!(view.kind("mine").is_err());
    same(&view.value(&[], "count_lifetime", 0).unwrap(), Value::Int64(0));
    assert!(view.value(&[], "other", 0).unwrap_err().contains("no feature \"other\""));
    let names: Vec<&str> = view.features.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["mine", "count_lifetime"]);
}

/// Goal: delay, boundary and origin of a view move its answers. Method: rows on the hour, asked on
/// it, in a tumbling window that starts 10 s after each hour.
#[test]
fn s04_s05_a_view_moves_its_questions() {
    let tumbling = json!({ "kind": "hopping", "length_us": HOUR_US, "step_us": HOUR_US });
    let features = json!([
        {"name": "all", "aggregate": "count", "column": null, "window": {"kind": "lifetime"}},
        {"name": "since", "aggregate": "time_since_last", "column": null,
         "window": {"kind": "lifetime"}},
        {"name": "hour", "aggregate": "count", "column": null, "window": tumbling},
    ]);
    let mut declared = view_of(&features);
    let rows: Vec<_> = (0..5).map(|hour| row(hour * HOUR_US, &[])).collect();
    let asked = |declared: &Json, name: &str| {
        let view = View::from_json(declared).unwrap();
        view.value(&rows, name, 4 * HOUR_US).unwrap()
    };
    same(&asked(&declared, "all"), Value::Int64(4));
    same(&asked(&declared, "since"), Value::Int64(HOUR_US));
    declared["boundary"] = json!("inclusive");
    same(&asked(&declared, "all"), Value::Int64(5));
    same(&asked(&declared, "since"), Value::Int64(1));
    declared["delay_us"] = json!(HOUR_US);
    same(&asked(&declared, "all"), Value::Int64(4));
    same(&asked(&declared, "hour"), Value::Int64(1));
    assert_eq!(View::from_json(&declared).unwrap().boundary, Boundary::Inclusive);
    // [2 h + 10 s, 3 h + 10 s) is not over at 3 h: the hour before holds 2 h.
    declared["origin_us"] = json!(10_000_000);
    same(&asked(&declared, "hour"), Value::Int64(1));
    // From 59 min on, an hour ends at 2 h 59 min, and holds 2 h; without rows it holds none.
    declared["origin_us"] = json!(-60_000_000);
    same(&asked(&declared, "hour"), Value::Int64(1));
    declared["delay_us"] = json!(-HOUR_US * 24);
    same(&asked(&declared, "hour"), Value::Int64(0));
}

/// Goal: a bad vector is told before its row is counted. Method: vectors of a wrong and a right
/// length; a null one.
#[test]
fn s08_rows_of_bad_vectors_are_told() {
    let vector = json!({"vector_mean": {"length": 2, "grid": -10}});
    let view = read(vector, json!("embedding"), lifetime()).unwrap();
    let with = |embedding| {
        let nulls = || [Value::Null, Value::Null, Value::Null, Value::Null];
        row(0, &[&nulls()[..], &[embedding]].concat())
    };
    let list = |list: &[f32]| Value::List(list.iter().map(|x| Value::Float32(*x)).collect());
    assert_eq!(view.check_row(&with(list(&[1.0, 2.0]))), Ok(()));
    assert_eq!(view.check_row(&with(Value::Null)), Ok(()));
    let error = view.check_row(&with(list(&[1.0]))).unwrap_err();
    assert!(error.starts_with("visits.f: ") && error.contains("1 elements"), "{error}");
    assert!(view.check_row(&with(list(&[f32::INFINITY, 0.0]))).is_err());
}
