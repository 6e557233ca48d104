//! Aggregates declared as JSON: each form that docs/FEATURES.md lists, and the type of its table.
//!
//! Invariant: a form is written here as it is there. Deliberately absent: ratios, which stand beside
//! filters and maps.

use super::{aggregate, lifetime, read};
use crate::asked::DAY_US;
use lockstep_oracle::{Aggregate, Separator};
use serde_json::{Value as Json, json};

/// Goal: each aggregate of the document is read, and has the type of its table. Method: the forms as
/// written there.
#[test]
fn aggregates_are_read_as_documented() {
    use Aggregate as A;
    let half_life_us = 604_800_000_000;
    let (other, n, k, limit) = (2, 5, 5, 1000);
    let (length, grid) = (3, -20);
    for (form, column, expected, kind) in [
        (json!("count"), json!(null), A::Count, "int64"),
        (json!("count"), json!("area"), A::Count, "int64"),
        (json!("sum"), json!("files"), A::Sum, "int64"),
        (json!("sum"), json!("size"), A::Sum, "float64"),
        (json!("mean"), json!("files"), A::Mean, "float64"),
        (json!("min"), json!("area"), A::Min, "string"),
        (json!("max"), json!("size"), A::Max, "float64"),
        (json!("first"), json!("merged"), A::First, "bool"),
        (json!("last"), json!("area"), A::Last, "string"),
        (json!("var_pop"), json!("files"), A::VarPop, "float64"),
        (json!("var_samp"), json!("files"), A::VarSamp, "float64"),
        (json!("stddev_pop"), json!("files"), A::StddevPop, "float64"),
        (json!("stddev_samp"), json!("files"), A::StddevSamp, "float64"),
        (json!("skewness"), json!("size"), A::Skewness, "float64"),
        (json!("kurtosis"), json!("size"), A::Kurtosis, "float64"),
        (json!("any"), json!("merged"), A::Any, "bool"),
        (json!("all"), json!("merged"), A::All, "bool"),
        (json!("time_since_first"), json!(null), A::TimeSinceFirst, "int64"),
        (json!("time_since_last"), json!("area"), A::TimeSinceLast, "int64"),
        (json!({"covar_pop": {"other": "size"}}), json!("files"), A::CovarPop { other }, "float64"),
        (
            json!({"covar_samp": {"other": "size"}}),
            json!("files"),
            A::CovarSamp { other },
            "float64",
        ),
        (json!({"corr": {"other": "size"}}), json!("files"), A::Corr { other }, "float64"),
        (json!({"first_n": {"n": 5}}), json!("area"), A::FirstN { n }, "list<string>"),
        (json!({"last_n": {"n": 5}}), json!("size"), A::LastN { n }, "list<float64>"),
        (
            json!({"first_distinct": {"n": 5}}),
            json!("files"),
            A::FirstDistinct { n },
            "list<int64>",
        ),
        (json!({"last_distinct": {"n": 5}}), json!("files"), A::LastDistinct { n }, "list<int64>"),
        (json!({"top_k": {"k": 5}}), json!("files"), A::TopK { k }, "list<int64>"),
        (json!({"bottom_k": {"k": 5}}), json!("files"), A::BottomK { k }, "list<int64>"),
        (
            json!({"unique_count": {"limit": 1000}}),
            json!("size"),
            A::UniqueCount { limit },
            "int64",
        ),
        (
            json!({"histogram": {"limit": 1000}}),
            json!("area"),
            A::Histogram { limit },
            "map<string,int64>",
        ),
        (json!({"mode": {"limit": 1000}}), json!("size"), A::Mode { limit }, "float64"),
        (json!({"entropy": {"limit": 1000}}), json!("area"), A::Entropy { limit }, "float64"),
        (
            json!({"approx_count_distinct": {"precision": 12}}),
            json!("area"),
            A::ApproxCountDistinct { precision: 12 },
            "int64",
        ),
        (
            json!({"approx_percentile": {"millionths": 990_000}}),
            json!("files"),
            A::ApproxPercentile { millionths: 990_000 },
            "float64",
        ),
        (json!({"rate": {"unit_us": DAY_US}}), json!(null), A::Rate { unit_us: DAY_US }, "float64"),
        (
            json!({"decayed_sum": {"half_life_us": half_life_us}}),
            json!("files"),
            A::DecayedSum { half_life_us },
            "float64",
        ),
        (
            json!({"decayed_count": {"half_life_us": half_life_us}}),
            json!(null),
            A::DecayedCount { half_life_us },
            "float64",
        ),
        (
            json!({"vector_sum": {"length": 3, "grid": -20}}),
            json!("embedding"),
            A::VectorSum { length, grid },
            "list<float64>",
        ),
        (
            json!({"vector_mean": {"length": 3, "grid": -20}}),
            json!("embedding"),
            A::VectorMean { length, grid },
            "list<float64>",
        ),
    ] {
        assert_eq!(aggregate(form.clone(), column), (expected, kind.to_string()), "{form}");
    }
}

/// Goal: the aggregates of rows, pairs and bits are read as documented. Method: as above; `by` may be
/// a column of any type.
#[test]
fn aggregates_of_rows_and_integers_are_read_as_documented() {
    use Aggregate as A;
    let (other, n) = (2, 5);
    for (form, column, expected, kind) in [
        (json!("first_row"), "area", A::FirstRow, "string"),
        (json!("last_row"), "embedding", A::LastRow, "list<float32>"),
        (json!({"first_rows": {"n": 5}}), "size", A::FirstRows { n }, "list<float64>"),
        (json!({"last_rows": {"n": 5}}), "merged", A::LastRows { n }, "list<bool>"),
        (json!({"arg_min": {"by": "size"}}), "area", A::ArgMin { by: 2 }, "string"),
        (json!({"arg_max": {"by": "area"}}), "files", A::ArgMax { by: 0 }, "int64"),
        (json!({"regr_slope": {"other": "size"}}), "files", A::RegrSlope { other }, "float64"),
        (
            json!({"regr_intercept": {"other": "size"}}),
            "files",
            A::RegrIntercept { other },
            "float64",
        ),
        (json!({"regr_r2": {"other": "size"}}), "files", A::RegrR2 { other }, "float64"),
        (json!("product"), "files", A::Product, "int64"),
        (json!("bit_and"), "files", A::BitAnd, "int64"),
        (json!("bit_or"), "files", A::BitOr, "int64"),
        (json!("bit_xor"), "files", A::BitXor, "int64"),
    ] {
        assert_eq!(aggregate(form.clone(), json!(column)), (expected, kind.to_string()), "{form}");
    }
}

/// Goal: the aggregates with a limit are read as documented. Method: as above; percentages at both
/// ends, and a separator as long as it may be.
#[test]
fn aggregates_with_limits_are_read_as_documented() {
    use Aggregate as A;
    let (n, limit) = (5, 1000);
    let limited = |name: &str| json!({ name: { "limit": 1000 } });
    let join = |separator: &str| json!({"join": {"separator": separator, "limit": 1000}});
    let joined = |separator| A::Join { separator: Separator::new(separator).unwrap(), limit };
    let percentile =
        |name: &str, millionths: u32| json!({ name: { "millionths": millionths, "limit": 1000 } });
    let disc = |millionths| A::PercentileDisc { millionths, limit };
    let cont = |millionths| A::PercentileCont { millionths, limit };
    let long = "é".repeat(32);
    for (form, column, expected, kind) in [
        (limited("list"), "area", A::List { limit }, "list<string>"),
        (join(", "), "area", joined(", "), "string"),
        (join(""), "area", joined(""), "string"),
        (join(&long), "area", joined(&long), "string"),
        (
            json!({"most_frequent": {"n": 5, "limit": 1000}}),
            "size",
            A::MostFrequent { n, limit },
            "list<float64>",
        ),
        (limited("mode_share"), "area", A::ModeShare { limit }, "float64"),
        (limited("distinct_sum"), "files", A::DistinctSum { limit }, "int64"),
        (limited("distinct_sum"), "size", A::DistinctSum { limit }, "float64"),
        (limited("distinct_mean"), "files", A::DistinctMean { limit }, "float64"),
        (limited("distinct_stddev_pop"), "files", A::DistinctStddevPop { limit }, "float64"),
        (limited("distinct_stddev_samp"), "size", A::DistinctStddevSamp { limit }, "float64"),
        (percentile("percentile_disc", 990_000), "files", disc(990_000), "int64"),
        (percentile("percentile_disc", 0), "area", disc(0), "string"),
        (percentile("percentile_cont", 990_000), "files", cont(990_000), "float64"),
        (percentile("percentile_cont", 0), "size", cont(0), "float64"),
        (percentile("percentile_cont", 1_000_000), "size", cont(1_000_000), "float64"),
        (limited("median"), "files", A::Median { limit }, "float64"),
        (limited("iqr"), "size", A::Iqr { limit }, "float64"),
    ] {
        assert_eq!(aggregate(form.clone(), json!(column)), (expected, kind.to_string()), "{form}");
    }
}

/// Goal: an aggregate that does not apply to its column, or whose parameters are wrong, is refused.
/// Method: declarations wrong in one way each.
#[test]
fn aggregates_without_meaning_are_refused() {
    let refused = |form: Json, column: &str, message: &str| {
        let error = read(form, json!(column), lifetime()).unwrap_err();
        assert!(error.contains(message), "{error:?} lacks {message:?}");
    };
    let limited = |name: &str| json!({ name: { "limit": 9 } });
    for name in ["product", "bit_and", "bit_or", "bit_xor"] {
        refused(json!(name), "size", "type float64");
        refused(json!(name), "merged", "type bool");
        refused(json!({ name: {} }), "files", "with parameters");
    }
    for name in ["distinct_sum", "distinct_mean", "distinct_stddev_pop", "median", "iqr"] {
        refused(limited(name), "area", "type string");
        refused(json!(name), "files", "without parameters");
        refused(json!({ name: {} }), "files", "lacks \"limit\"");
    }
    for name in ["regr_slope", "regr_intercept", "regr_r2"] {
        refused(json!({ name: {"other": "area"} }), "files", "type string");
        refused(json!({ name: {"other": "files"} }), "area", "type string");
        refused(json!({ name: {"by": "files"} }), "files", "unknown member \"by\"");
    }
    refused(json!({"arg_min": {"by": "lines"}}), "area", "no column \"lines\"");
    refused(json!({"arg_max": {"other": "size"}}), "area", "unknown member \"other\"");
    let join = |separator: &str| json!({"join": {"separator": separator, "limit": 9}});
    refused(join(", "), "files", "type int64");
    refused(join(&"a".repeat(65)), "area", "65 bytes");
    refused(limited("join"), "area", "lacks \"separator\"");
    refused(json!({"most_frequent": {"n": 1}}), "area", "lacks \"limit\"");
    let percentile =
        |name: &str, millionths: u32| json!({ name: { "millionths": millionths, "limit": 9 } });
    for name in ["percentile_disc", "percentile_cont"] {
        refused(percentile(name, 1_000_001), "files", "1000001 millionths");
        refused(limited(name), "files", "lacks \"millionths\"");
    }
    refused(percentile("percentile_cont", 0), "area", "type string");
    for name in ["first_row", "last_row"] {
        let error = read(json!(name), json!(null), lifetime()).unwrap_err();
        assert!(error.contains("needs a column"), "{error}");
    }
}
