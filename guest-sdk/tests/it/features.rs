//! Every aggregate, window, filter and map of docs/FEATURES.md, as an author writes them and as the
//! manifest has them.
//!
//! Invariant: the tables below are written from the document, not from the macros. Deliberately
//! absent: user-defined aggregates, which have tests of their own.

use serde_json::{Value, json};

mod artifact {
    use lockstep_sdk::prelude::*;

    /// A merge.
    #[derive(Event)]
    #[event(source = "merges", time = at)]
    pub(super) struct Merge<'a> {
        pub at: EventTime,
        pub user: &'a str,
        pub files: i64,
        pub vector: Option<List<'a, f32>>,
    }

    /// Every aggregate.
    #[derive(View)]
    #[view(key = [user], origin = "2024-01-01", exact_max = "7d")]
    #[features(count, rate("1d"), time_since_first, time_since_last, decayed_count("7d"),
               windows = ["7d"])]
    #[features(per = ratio(sum(files), count), part = ratio(count_where(merged), count),
               odd = ratio(mean_where(lines, merged), sum_where(lines, merged)), windows = ["7d"])]
    #[features(part = ratio(count(lines), count_where(lines, merged)), by = r#type,
               windows = ["lifetime"])]
    #[features(count, where = merged, by = area, by_limit = 50, windows = ["7d"])]
    pub(super) struct Merges<'a> {
        pub user: &'a str,
        #[features(join(", "), join("", 9), windows = ["7d"])]
        pub area: Option<&'a str>,
        pub r#type: i64,
        #[features(any, all, histogram(2), windows = ["7d"])]
        pub merged: Option<bool>,
        #[features(count, sum, mean, min, max, first, last, var_pop, var_samp, stddev_pop,
                   stddev_samp, skewness, kurtosis, covar_pop(lines), covar_samp(lines),
                   corr(lines), first_row, last_row, arg_min(lines), arg_max(merged),
                   regr_slope(lines), regr_intercept(lines), regr_r2(lines), product, bit_and, bit_or,
                   bit_xor, windows = ["7d"])]
        #[features(first_n(5), last_n(5), first_distinct(5), last_distinct(5), top_k(5),
                   bottom_k(5), unique_count, unique_count(50), histogram, mode, mode(9), entropy,
                   entropy(9), first_rows(5), last_rows(5), list, list(9), most_frequent(5),
                   most_frequent(5, 9), mode_share, distinct_sum, distinct_mean,
                   distinct_stddev_pop, distinct_stddev_samp, percentile_disc(0),
                   percentile_cont(99.9, 9), median, iqr(9), approx_count_distinct, approx_count_distinct(4), windows = ["7d"])]
        #[features(sum, where = merged, windows = ["30d"])]
        #[features(last_n(2), by = area, windows = ["7d"])]
        pub files: i64,
        #[features(approx_percentile(50), approx_percentile(99.9), rate("1h"), time_since_first,
                   time_since_last, decayed_sum("1d"), decayed_count("1d"), windows = ["7d"])]
        pub lines: Option<f64>,
        #[features(vector_sum(3, -20), vector_mean(3, 0), count, windows = ["7d"])]
        pub vector: Option<List<'a, f32>>,
    }

    #[transform]
    pub(super) fn merges<'a>(merge: &Merge<'a>) -> Merges<'a> {
        Merges {
            user: merge.user,
            area: None,
            r#type: merge.at.as_micros(),
            merged: None,
            files: merge.files,
            lines: None,
            vector: merge.vector,
        }
    }

    /// Every window.
    #[derive(View)]
    #[view(key = [user], origin = "-3600")]
    pub(super) struct Windows<'a> {
        #[features(last, windows = [
            "7d", "7d offset 7d", "90s exact", "7d exact offset 1d", "7d step 1d",
            "7d step 1d offset 1h", "1d tumbling", "lifetime", "lifetime offset 7d", "7d series 4",
            "7d series 4 offset 7d", "last 10 in 90d", "session 30m in 7d", "last 10 in 30m exact",
            "last 1 skip 2 in 90d", "open session 30m in 7d",
        ])]
        pub user: &'a str,
    }

    #[transform]
    pub(super) fn windows<'a>(merge: &Merge<'a>) -> Windows<'a> {
        Windows { user: merge.user }
    }

    export!(views = [merges, windows]);
}

fn views() -> Vec<Value> {
    let mut manifest: Value = serde_json::from_str(artifact::MANIFEST).unwrap();
    manifest["views"].as_array_mut().unwrap().drain(..).collect()
}

const DAY_US: i64 = 86_400_000_000;

/// The rows of a feature: its column, and the filter and map that the JSON has if any.
fn over(name: &str, aggregate: Value, column: Option<&str>, more: &[(&str, Value)]) -> Value {
    let (length_us, name) = match name {
        "files_sum_where_merged_30d" => (30 * DAY_US, name.to_string()),
        name => (7 * DAY_US, format!("{name}_7d")),
    };
    let window = json!({ "kind": "sliding", "length_us": length_us, "offset_us": 0 });
    let mut feature =
        json!({ "name": name, "aggregate": aggregate, "column": column, "window": window });
    for (member, value) in more {
        feature[member] = value.clone();
    }
    feature
}

fn of_rows() -> Vec<Value> {
    let rows = |name: &str, aggregate: Value| over(name, aggregate, None, &[]);
    let operand = |aggregate: &str, column: Option<&str>, filtered: bool| {
        let mut operand = json!({ "aggregate": aggregate, "column": column });
        if filtered {
            operand["filter"] = json!("merged");
        }
        operand
    };
    let ratio = |numerator: Value, denominator: Value| json!({ "ratio": { "numerator": numerator, "denominator": denominator } });
    let count = operand("count", None, false);
    let lines = Some("lines");
    let mut by_type =
        rows("part_by_type", ratio(operand("count", lines, false), operand("count", lines, true)));
    by_type["name"] = json!("part_by_type_lifetime");
    by_type["by"] = json!({ "column": "type", "limit": 1000 });
    by_type["window"] = json!({ "kind": "lifetime", "offset_us": 0 });
    vec![
        rows("count", json!("count")),
        rows("rate_1d", json!({ "rate": { "unit_us": DAY_US } })),
        rows("time_since_first", json!("time_since_first")),
        rows("time_since_last", json!("time_since_last")),
        rows("decayed_count_7d", json!({ "decayed_count": { "half_life_us": 7 * DAY_US } })),
        rows("per", ratio(operand("sum", Some("files"), false), count.clone())),
        rows("part", ratio(operand("count", None, true), count)),
        rows("odd", ratio(operand("mean", lines, true), operand("sum", lines, true))),
        by_type,
        over(
            "count_where_merged_by_area",
            json!("count"),
            None,
            &[("filter", json!("merged")), ("by", json!({ "column": "area", "limit": 50 }))],
        ),
    ]
}

fn of_files() -> Vec<Value> {
    let files = |name: &str, aggregate: Value| {
        over(&format!("files_{name}"), aggregate, Some("files"), &[])
    };
    let mut features = Vec::new();
    for plain in [
        "count",
        "sum",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "var_pop",
        "var_samp",
        "stddev_pop",
        "stddev_samp",
        "skewness",
        "kurtosis",
    ] {
        features.push(files(plain, json!(plain)));
    }
    for pair in ["covar_pop", "covar_samp", "corr"] {
        features.push(files(&format!("{pair}_lines"), json!({ pair: { "other": "lines" } })));
    }
    features.push(files("first_row", json!("first_row")));
    features.push(files("last_row", json!("last_row")));
    for (extreme, by) in [("arg_min", "lines"), ("arg_max", "merged")] {
        features.push(files(&format!("{extreme}_{by}"), json!({ extreme: { "by": by } })));
    }
    for pair in ["regr_slope", "regr_intercept", "regr_r2"] {
        features.push(files(&format!("{pair}_lines"), json!({ pair: { "other": "lines" } })));
    }
    for plain in ["product", "bit_and", "bit_or", "bit_xor"] {
        features.push(files(plain, json!(plain)));
    }
    for (list, member) in [
        ("first_n", "n"),
        ("last_n", "n"),
        ("first_distinct", "n"),
        ("last_distinct", "n"),
        ("top_k", "k"),
        ("bottom_k", "k"),
    ] {
        features.push(files(&format!("{list}_5"), json!({ list: { member: 5 } })));
    }
    for (name, aggregate, member, value) in [
        ("unique_count", "unique_count", "limit", 1000),
        ("unique_count_50", "unique_count", "limit", 50),
        ("histogram", "histogram", "limit", 1000),
        ("mode", "mode", "limit", 1000),
        ("mode_9", "mode", "limit", 9),
        ("entropy", "entropy", "limit", 1000),
        ("entropy_9", "entropy", "limit", 9),
        ("first_rows_5", "first_rows", "n", 5),
        ("last_rows_5", "last_rows", "n", 5),
        ("list", "list", "limit", 1000),
        ("list_9", "list", "limit", 9),
    ] {
        features.push(files(name, json!({ aggregate: { member: value } })));
    }
    for (name, limit) in [("most_frequent_5", 1000), ("most_frequent_5_9", 9)] {
        features.push(files(name, json!({ "most_frequent": { "n": 5, "limit": limit } })));
    }
    for (name, aggregate, limit) in [
        ("mode_share", "mode_share", 1000),
        ("distinct_sum", "distinct_sum", 1000),
        ("distinct_mean", "distinct_mean", 1000),
        ("distinct_stddev_pop", "distinct_stddev_pop", 1000),
        ("distinct_stddev_samp", "distinct_stddev_samp", 1000),
    ] {
        features.push(files(name, json!({ aggregate: { "limit": limit } })));
    }
    let at = |millionths: u32, limit: u32| json!({ "millionths": millionths, "limit": limit });
    features.push(files("percentile_disc_0", json!({ "percentile_disc": at(0, 1000) })));
    features.push(files("percentile_cont_99_9_9", json!({ "percentile_cont": at(999_000, 9) })));
    for (name, aggregate, member, value) in [
        ("median", "median", "limit", 1000),
        ("iqr_9", "iqr", "limit", 9),
        ("approx_count_distinct", "approx_count_distinct", "precision", 12),
        ("approx_count_distinct_4", "approx_count_distinct", "precision", 4),
    ] {
        features.push(files(name, json!({ aggregate: { member: value } })));
    }
    let merged = [("filter", json!("merged"))];
    let by = [("by", json!({ "column": "area", "limit": 1000 }))];
    features.push(over("files_sum_where_merged_30d", json!("sum"), Some("files"), &merged));
    let last = json!({ "last_n": { "n": 2 } });
    features.push(over("files_last_n_2_by_area", last, Some("files"), &by));
    features
}

fn of_the_rest() -> (Vec<Value>, Vec<Value>) {
    let merged = |name: &str, aggregate: Value| {
        over(&format!("merged_{name}"), aggregate, Some("merged"), &[])
    };
    let lines = |name: &str, aggregate: Value| {
        over(&format!("lines_{name}"), aggregate, Some("lines"), &[])
    };
    let vector = |name: &str, aggregate: Value| {
        over(&format!("vector_{name}"), aggregate, Some("vector"), &[])
    };
    let flags = vec![
        merged("any", json!("any")),
        merged("all", json!("all")),
        merged("histogram_2", json!({ "histogram": { "limit": 2 } })),
    ];
    let rest = vec![
        lines("approx_percentile_50", json!({ "approx_percentile": { "millionths": 500_000 } })),
        lines("approx_percentile_99_9", json!({ "approx_percentile": { "millionths": 999_000 } })),
        lines("rate_1h", json!({ "rate": { "unit_us": DAY_US / 24 } })),
        lines("time_since_first", json!("time_since_first")),
        lines("time_since_last", json!("time_since_last")),
        lines("decayed_sum_1d", json!({ "decayed_sum": { "half_life_us": DAY_US } })),
        lines("decayed_count_1d", json!({ "decayed_count": { "half_life_us": DAY_US } })),
        vector("vector_sum_3_m20", json!({ "vector_sum": { "length": 3, "grid": -20 } })),
        vector("vector_mean_3_0", json!({ "vector_mean": { "length": 3, "grid": 0 } })),
        vector("count", json!("count")),
    ];
    (flags, rest)
}

/// Goal: every aggregate, filter and map is in the manifest as docs/FEATURES.md has it.
/// Method: the JSON of a view's features against the whole expected list.
#[test]
fn every_aggregate_is_in_the_manifest() {
    let view = &views()[0];
    assert_eq!(view["origin_us"], json!(1_704_067_200_000_000_i64));
    assert_eq!(view["exact_max_us"], json!(7 * DAY_US));
    let (flags, rest) = of_the_rest();
    let texts =
        [("area_join", ", ", 1000), ("area_join_9", "", 9)].map(|(name, separator, limit)| {
            let join = json!({ "join": { "separator": separator, "limit": limit } });
            over(name, join, Some("area"), &[])
        });
    let expected = [of_rows(), texts.to_vec(), flags, of_files(), rest].concat();
    let found = view["features"].as_array().unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

/// Goal: every window is in the manifest as docs/FEATURES.md has it.
#[test]
fn s03_every_window_is_in_the_manifest() {
    let week_us = 7 * DAY_US;
    let hopping = |step_us: i64, length_us: i64, offset_us: i64| {
        json!({ "kind": "hopping", "length_us": length_us, "step_us": step_us,
                "offset_us": offset_us })
    };
    let long = |kind: &str, length_us: i64, offset_us: i64| json!({ "kind": kind, "length_us": length_us, "offset_us": offset_us });
    let series = |offset_us: i64| json!({ "kind": "series", "length_us": week_us, "count": 4, "offset_us": offset_us });
    let expected = [
        ("7d", long("sliding", week_us, 0)),
        ("7d_offset_7d", long("sliding", week_us, week_us)),
        ("90s_exact", long("exact", 90_000_000, 0)),
        ("7d_exact_offset_1d", long("exact", week_us, DAY_US)),
        ("7d_step_1d", hopping(DAY_US, week_us, 0)),
        ("7d_step_1d_offset_1h", hopping(DAY_US, week_us, DAY_US / 24)),
        ("1d_tumbling", hopping(DAY_US, DAY_US, 0)),
        ("lifetime", json!({ "kind": "lifetime", "offset_us": 0 })),
        ("lifetime_offset_7d", json!({ "kind": "lifetime", "offset_us": week_us })),
        ("7d_series_4", series(0)),
        ("7d_series_4_offset_7d", series(week_us)),
        ("last_10_in_90d", json!({ "kind": "last_rows", "rows": 10, "lookback_us": 90 * DAY_US })),
        (
            "session_30m_in_7d",
            json!({ "kind": "session", "gap_us": 1_800_000_000, "lookback_us": week_us }),
        ),
        (
            "last_10_in_30m_exact",
            json!({ "kind": "last_rows", "rows": 10, "lookback_us": 1_800_000_000, "exact": true }),
        ),
        (
            "last_1_skip_2_in_90d",
            json!({ "kind": "last_rows", "rows": 1, "skip": 2, "lookback_us": 90 * DAY_US }),
        ),
        (
            "open_session_30m_in_7d",
            json!({ "kind": "session", "gap_us": 1_800_000_000, "lookback_us": week_us,
                    "open": true }),
        ),
    ];
    let view = &views()[1];
    assert_eq!(view["origin_us"], json!(-3_600_000_000_i64));
    assert_eq!(view["exact_max_us"], json!(DAY_US));
    let feature = |(name, window): &(&str, Value)| {
        json!({ "name": format!("user_last_{name}"), "aggregate": "last", "column": "user",
                "window": window })
    };
    let expected: Vec<Value> = expected.iter().map(feature).collect();
    assert_eq!(view["features"], json!(expected));
}
