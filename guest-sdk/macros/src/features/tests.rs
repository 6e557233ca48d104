//! The grammar of features: names, JSON and refusals, as tables.
//!
//! Method: each clause stands on the struct or on its field `files`, and the view's features are
//! compared whole. What a column's type must be is the compiler's to check, in the SDK's tests.

use super::*;
use syn::parse_str;

mod mistakes;

fn read(on_struct: &str, on_field: &str) -> Result<Vec<String>> {
    let text = format!(
        "{on_struct} struct Told {{ merged: bool, area: i64, r#type: i64, {on_field} files: i64 }}"
    );
    let structure = Structure::new(parse_str(&text)?, "View", None)?;
    Features::of(&structure).map(|features| features.json)
}

/// The aggregate and the name of one clause over a week.
fn one(entry: &str, on_field: bool) -> Result<String> {
    let clause = format!("#[features({entry}, windows = [\"7d\"])]");
    let json = if on_field { read("", &clause)? } else { read(&clause, "")? };
    assert_eq!(json.len(), 1, "{entry}");
    Ok(json[0].clone())
}

const WEEK: &str = r#""window":{"kind":"sliding","length_us":604800000000,"offset_us":0}"#;

/// An entry on a field, its name and its JSON, from docs/FEATURES.md.
const OF_A_COLUMN: &[(&str, &str, &str)] = &[
    ("count", "count", r#""count""#),
    ("sum", "sum", r#""sum""#),
    ("mean", "mean", r#""mean""#),
    ("min", "min", r#""min""#),
    ("max", "max", r#""max""#),
    ("first", "first", r#""first""#),
    ("last", "last", r#""last""#),
    ("var_pop", "var_pop", r#""var_pop""#),
    ("var_samp", "var_samp", r#""var_samp""#),
    ("stddev_pop", "stddev_pop", r#""stddev_pop""#),
    ("stddev_samp", "stddev_samp", r#""stddev_samp""#),
    ("skewness", "skewness", r#""skewness""#),
    ("kurtosis", "kurtosis", r#""kurtosis""#),
    ("covar_pop(area)", "covar_pop_area", r#"{"covar_pop":{"other":"area"}}"#),
    ("covar_samp(area)", "covar_samp_area", r#"{"covar_samp":{"other":"area"}}"#),
    ("corr(r#type)", "corr_type", r#"{"corr":{"other":"type"}}"#),
    ("first_row", "first_row", r#""first_row""#),
    ("last_row", "last_row", r#""last_row""#),
    ("arg_min(area)", "arg_min_area", r#"{"arg_min":{"by":"area"}}"#),
    ("arg_max(r#type)", "arg_max_type", r#"{"arg_max":{"by":"type"}}"#),
    ("regr_slope(area)", "regr_slope_area", r#"{"regr_slope":{"other":"area"}}"#),
    ("regr_intercept(area)", "regr_intercept_area", r#"{"regr_intercept":{"other":"area"}}"#),
    ("regr_r2(area)", "regr_r2_area", r#"{"regr_r2":{"other":"area"}}"#),
    ("product", "product", r#""product""#),
    ("bit_and", "bit_and", r#""bit_and""#),
    ("bit_or", "bit_or", r#""bit_or""#),
    ("bit_xor", "bit_xor", r#""bit_xor""#),
    ("first_rows(5)", "first_rows_5", r#"{"first_rows":{"n":5}}"#),
    ("last_rows(1)", "last_rows_1", r#"{"last_rows":{"n":1}}"#),
    ("list", "list", r#"{"list":{"limit":1000}}"#),
    ("list(9)", "list_9", r#"{"list":{"limit":9}}"#),
    ("join(\", \")", "join", r#"{"join":{"separator":", ","limit":1000}}"#),
    ("join(\"\", 9)", "join_9", r#"{"join":{"separator":"","limit":9}}"#),
    ("most_frequent(5)", "most_frequent_5", r#"{"most_frequent":{"n":5,"limit":1000}}"#),
    ("most_frequent(5, 50)", "most_frequent_5_50", r#"{"most_frequent":{"n":5,"limit":50}}"#),
    ("mode_share", "mode_share", r#"{"mode_share":{"limit":1000}}"#),
    ("distinct_sum", "distinct_sum", r#"{"distinct_sum":{"limit":1000}}"#),
    ("distinct_mean(9)", "distinct_mean_9", r#"{"distinct_mean":{"limit":9}}"#),
    ("distinct_stddev_pop", "distinct_stddev_pop", r#"{"distinct_stddev_pop":{"limit":1000}}"#),
    ("distinct_stddev_samp", "distinct_stddev_samp", r#"{"distinct_stddev_samp":{"limit":1000}}"#),
    (
        "percentile_disc(99.9)",
        "percentile_disc_99_9",
        r#"{"percentile_disc":{"millionths":999000,"limit":1000}}"#,
    ),
    (
        "percentile_cont(0, 9)",
        "percentile_cont_0_9",
        r#"{"percentile_cont":{"millionths":0,"limit":9}}"#,
    ),
    ("median", "median", r#"{"median":{"limit":1000}}"#),
    ("iqr(50)", "iqr_50", r#"{"iqr":{"limit":50}}"#),
    ("any", "any", r#""any""#),
    ("all", "all", r#""all""#),
    ("first_n(5)", "first_n_5", r#"{"first_n":{"n":5}}"#),
    ("last_n(1000)", "last_n_1000", r#"{"last_n":{"n":1000}}"#),
    ("first_distinct(1)", "first_distinct_1", r#"{"first_distinct":{"n":1}}"#),
    ("last_distinct(5)", "last_distinct_5", r#"{"last_distinct":{"n":5}}"#),
    ("top_k(5)", "top_k_5", r#"{"top_k":{"k":5}}"#),
    ("bottom_k(5)", "bottom_k_5", r#"{"bottom_k":{"k":5}}"#),
    ("unique_count", "unique_count", r#"{"unique_count":{"limit":1000}}"#),
    ("unique_count(50)", "unique_count_50", r#"{"unique_count":{"limit":50}}"#),
    ("histogram", "histogram", r#"{"histogram":{"limit":1000}}"#),
    ("histogram(100000)", "histogram_100000", r#"{"histogram":{"limit":100000}}"#),
    ("mode", "mode", r#"{"mode":{"limit":1000}}"#),
    ("mode(1)", "mode_1", r#"{"mode":{"limit":1}}"#),
    ("entropy", "entropy", r#"{"entropy":{"limit":1000}}"#),
    ("entropy(9)", "entropy_9", r#"{"entropy":{"limit":9}}"#),
    (
        "approx_count_distinct",
        "approx_count_distinct",
        r#"{"approx_count_distinct":{"precision":12}}"#,
    ),
    (
        "approx_count_distinct(16)",
        "approx_count_distinct_16",
        r#"{"approx_count_distinct":{"precision":16}}"#,
    ),
    (
        "approx_percentile(50)",
        "approx_percentile_50",
        r#"{"approx_percentile":{"millionths":500000}}"#,
    ),
    (
        "approx_percentile(99.9)",
        "approx_percentile_99_9",
        r#"{"approx_percentile":{"millionths":999000}}"#,
    ),
    ("rate(\"1d\")", "rate_1d", r#"{"rate":{"unit_us":86400000000}}"#),
    ("time_since_first", "time_since_first", r#""time_since_first""#),
    ("time_since_last", "time_since_last", r#""time_since_last""#),
    ("decayed_sum(\"7d\")", "decayed_sum_7d", r#"{"decayed_sum":{"half_life_us":604800000000}}"#),
    (
        "decayed_count(\"9450s\")",
        "decayed_count_9450s",
        r#"{"decayed_count":{"half_life_us":9450000000}}"#,
    ),
    ("vector_sum(3, 4)", "vector_sum_3_4", r#"{"vector_sum":{"length":3,"grid":4}}"#),
    (
        "vector_mean(128, -20)",
        "vector_mean_128_m20",
        r#"{"vector_mean":{"length":128,"grid":-20}}"#,
    ),
    ("spread = Quantiles", "spread", r#"{"user":{"aggregate":"Quantiles"}}"#),
    ("spread = own::LogQuantiles", "spread", r#"{"user":{"aggregate":"LogQuantiles"}}"#),
];

/// Goal: every aggregate of a column, its name and its JSON.
#[test]
fn every_aggregate_of_a_column_becomes_json() {
    for (entry, name, aggregate) in OF_A_COLUMN {
        let expected = format!(
            r#"{{"name":"files_{name}_7d","aggregate":{aggregate},"column":"files",{WEEK}}}"#
        );
        assert_eq!(one(entry, true).unwrap(), expected, "{entry}");
    }
}

/// Goal: every aggregate of rows, its name and its JSON; the operands of a ratio.
#[test]
fn every_aggregate_of_rows_becomes_json() {
    let ratio = |numerator: &str, denominator: &str| {
        format!(r#"{{"ratio":{{"numerator":{numerator},"denominator":{denominator}}}}}"#)
    };
    let operand = |aggregate: &str, column: &str, filter: &str| {
        format!(r#"{{"aggregate":"{aggregate}","column":{column}{filter}}}"#)
    };
    let merged = r#","filter":"merged""#;
    let count = operand("count", "null", "");
    for (entry, name, aggregate) in [
        ("count", "count", "\"count\"".to_string()),
        ("rate(\"1h\")", "rate_1h", r#"{"rate":{"unit_us":3600000000}}"#.to_string()),
        ("time_since_first", "time_since_first", "\"time_since_first\"".to_string()),
        ("time_since_last", "time_since_last", "\"time_since_last\"".to_string()),
        (
            "decayed_count(\"1d\")",
            "decayed_count_1d",
            r#"{"decayed_count":{"half_life_us":86400000000}}"#.to_string(),
        ),
        ("per = ratio(sum(files), count)", "per", ratio(&operand("sum", "\"files\"", ""), &count)),
        (
            "part = ratio(count_where(merged), count)",
            "part",
            ratio(&operand("count", "null", merged), &count),
        ),
        (
            "odd = ratio(mean(files), count(area))",
            "odd",
            ratio(&operand("mean", "\"files\"", ""), &operand("count", "\"area\"", "")),
        ),
        (
            "r = ratio(sum_where(files, merged), mean_where(files, merged))",
            "r",
            ratio(&operand("sum", "\"files\"", merged), &operand("mean", "\"files\"", merged)),
        ),
        (
            "r = ratio(count_where(files, merged), sum(r#type))",
            "r",
            ratio(&operand("count", "\"files\"", merged), &operand("sum", "\"type\"", "")),
        ),
    ] {
        let expected =
            format!(r#"{{"name":"{name}_7d","aggregate":{aggregate},"column":null,{WEEK}}}"#);
        assert_eq!(one(entry, false).unwrap(), expected, "{entry}");
    }
}

/// Goal: filters and maps stand in the name and in the JSON, in the order of docs/FEATURES.md.
#[test]
fn filters_and_maps_become_json() {
    for (settings, suffix, members) in [
        ("where = merged", "_where_merged", r#","filter":"merged""#),
        ("by = area", "_by_area", r#","by":{"column":"area","limit":1000}"#),
        ("by_limit = 50, by = r#type", "_by_type", r#","by":{"column":"type","limit":50}"#),
        (
            "by = area, top = 3",
            "_by_area_top_3",
            r#","by":{"column":"area","limit":1000,"top":{"n":3,"of":"value"}}"#,
        ),
        (
            "top_of = count, by_limit = 9, top = 9, by = area",
            "_by_area_top_9_of_count",
            r#","by":{"column":"area","limit":9,"top":{"n":9,"of":"count"}}"#,
        ),
        (
            "by = area, where = merged",
            "_where_merged_by_area",
            r#","filter":"merged","by":{"column":"area","limit":1000}"#,
        ),
    ] {
        let expected = format!(
            r#"{{"name":"files_sum{suffix}_7d","aggregate":"sum","column":"files"{members},{WEEK}}}"#
        );
        assert_eq!(one(&format!("{settings}, sum"), true).unwrap(), expected);
        let ratio = one(&format!("r = ratio(count, count), {settings}"), false);
        assert_eq!(ratio.is_err(), settings.contains("where"), "{settings}");
    }
}

/// Goal: the features are those of the struct, then those of the fields, each over its windows.
#[test]
fn features_keep_the_authors_order() {
    let json = read(
        "#[features(rate(\"1d\"), count, windows = [\"7d\", \"1d\"])] #[features(count, \
         where = merged, windows = [\"1h\"],)]",
        "#[features(windows = [\"1h\"], last_n(5), last_n(6), max)]",
    );
    let names: Vec<String> =
        json.unwrap().iter().map(|json| json.split('"').nth(3).unwrap().to_string()).collect();
    assert_eq!(
        names,
        [
            "rate_1d_7d",
            "rate_1d_1d",
            "count_7d",
            "count_1d",
            "count_where_merged_1h",
            "files_last_n_5_1h",
            "files_last_n_6_1h",
            "files_max_1h"
        ]
    );
}

/// Goal: names keep to the runtime's limit. Method: the longest name that passes, and one more.
#[test]
fn names_keep_to_their_limit() {
    let named =
        |letters: usize| one(&format!("{} = ratio(count, count)", "a".repeat(letters)), false);
    assert!(named(NAME_MAX_BYTES - 3).is_ok());
    assert!(named(NAME_MAX_BYTES - 2).unwrap_err().to_string().contains("has over 64 letters"));
}
