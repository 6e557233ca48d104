//! Flags, lists, distinct values, sketches and vectors against values worked out by hand.
//!
//! Invariant: every expectation follows from docs/FEATURES.md by reading it. Deliberately absent:
//! random inputs, which `laws.rs` has.

use crate::asked::{doubles, ints, over, overflows, same, text, texts};
use lockstep_oracle::{Aggregate, Separator, Value, percentile_within};

fn list(values: Vec<Value>) -> Value {
    Value::List(values)
}

/// Goal: any and all of flags, and of none. Method: every mixture.
#[test]
fn s16_any_and_all() {
    let flags = |list: &[bool]| list.iter().map(|x| Value::Bool(*x)).collect::<Vec<_>>();
    for (inputs, any, all) in
        [(&[true, false][..], true, false), (&[true, true], true, true), (&[false], false, false)]
    {
        let inputs = [flags(inputs), vec![Value::Null]].concat();
        same(&over(Aggregate::Any, &inputs), Value::Bool(any));
        same(&over(Aggregate::All, &inputs), Value::Bool(all));
    }
    same(&over(Aggregate::Any, &[Value::Null]), Value::Null);
    same(&over(Aggregate::All, &[]), Value::Null);
}

/// Goal: which values a list holds and in which order. Method: letters with copies and nulls.
#[test]
fn s15_lists_follow_row_order() {
    let mut inputs = texts(&["b", "a", "b", "c", "a"]);
    inputs.insert(1, Value::Null);
    for (aggregate, expected) in [
        (Aggregate::FirstN { n: 3 }, &["b", "a", "b"][..]),
        (Aggregate::LastN { n: 3 }, &["a", "c", "b"]),
        (Aggregate::LastN { n: 9 }, &["a", "c", "b", "a", "b"]),
        (Aggregate::FirstDistinct { n: 2 }, &["b", "a"]),
        (Aggregate::FirstDistinct { n: 9 }, &["b", "a", "c"]),
        (Aggregate::LastDistinct { n: 2 }, &["a", "c"]),
        (Aggregate::LastDistinct { n: 9 }, &["a", "c", "b"]),
        (Aggregate::TopK { k: 3 }, &["c", "b", "b"]),
        (Aggregate::BottomK { k: 3 }, &["a", "a", "b"]),
    ] {
        same(&over(aggregate, &inputs), list(texts(expected)));
        same(&over(aggregate, &[Value::Null]), list(vec![]));
    }
    // Zeros of two signs differ, and NaNs do not.
    let odd = doubles(&[-0.0, -f64::NAN, 0.0, f64::NAN, -0.0]);
    let nan = f64::from_bits(0x7ff8_0000_0000_0000);
    same(&over(Aggregate::FirstDistinct { n: 5 }, &odd), list(doubles(&[-0.0, nan, 0.0])));
    same(&over(Aggregate::TopK { k: 3 }, &odd), list(doubles(&[nan, nan, 0.0])));
}

/// Goal: a list of all values, and its limit. Method: letters with copies and nulls, at and beyond
/// the limit; zeros and NaNs keep their bits.
#[test]
fn s18_lists_of_all_values_have_a_limit() {
    let mut inputs = texts(&["b", "a", "b"]);
    inputs.insert(1, Value::Null);
    for limit in [3, 4, 1000] {
        same(&over(Aggregate::List { limit }, &inputs), list(texts(&["b", "a", "b"])));
    }
    // Values count, not distinct ones and not rows.
    overflows(&over(Aggregate::List { limit: 2 }, &inputs));
    same(&over(Aggregate::List { limit: 2 }, &inputs[1..]), list(texts(&["a", "b"])));
    for limit in [0, 1] {
        same(&over(Aggregate::List { limit }, &[]), list(vec![]));
        same(&over(Aggregate::List { limit }, &[Value::Null]), list(vec![]));
    }
    let nan = f64::from_bits(0x7ff8_0000_0000_0000);
    let odd = over(Aggregate::List { limit: 4 }, &doubles(&[0.0, -f64::NAN, -0.0, 0.0]));
    same(&odd, list(doubles(&[0.0, nan, -0.0, 0.0])));
    let nested = [list(ints(&[1])), list(vec![Value::Null])];
    same(&over(Aggregate::List { limit: 2 }, &nested), list(nested.to_vec()));
}

/// Goal: texts joined in row order, nulls skipped. Method: separators short, empty and beyond ASCII;
/// one text, empty ones and none; at and beyond the limit.
#[test]
fn s18_joined_texts_have_a_limit() {
    let join = |separator: &str, limit, inputs: &[Value]| {
        let separator = Separator::new(separator).unwrap();
        over(Aggregate::Join { separator, limit }, inputs)
    };
    let mut inputs = texts(&["b", "a", "b"]);
    inputs.insert(1, Value::Null);
    for (separator, joined) in
        [(", ", "b, a, b"), ("", "bab"), (" é ", "b é a é b"), ("b", "bbabb")]
    {
        same(&join(separator, 3, &inputs), text(joined));
        overflows(&join(separator, 2, &inputs));
    }
    same(&join(", ", 1, &texts(&["only"])), text("only"));
    same(&join(", ", 1, &texts(&[""])), text(""));
    same(&join(", ", 2, &texts(&["", ""])), text(", "));
    same(&join("", 2, &texts(&["", ""])), text(""));
    for limit in [0, 1] {
        same(&join(", ", limit, &[]), Value::Null);
        same(&join(", ", limit, &[Value::Null]), Value::Null);
    }
    overflows(&join(", ", 0, &texts(&["a"])));
}

/// Goal: what counts of distinct values give, and their limit. Method: letters, and limits at and
/// below the number of them.
#[test]
fn s18_distinct_counts_have_a_limit() {
    let inputs = texts(&["b", "a", "c", "b", "c", "b"]);
    same(&over(Aggregate::UniqueCount { limit: 3 }, &inputs), Value::Int64(3));
    same(&over(Aggregate::Mode { limit: 3 }, &inputs), text("b"));
    same(&over(Aggregate::Mode { limit: 3 }, &inputs[1..5]), text("c"));
    same(&over(Aggregate::Mode { limit: 3 }, &inputs[..3]), text("a"));
    let counts = [("a", 1), ("b", 3), ("c", 2)].map(|(key, n)| (text(key), Value::Int64(n)));
    same(&over(Aggregate::Histogram { limit: 3 }, &inputs), Value::Map(counts.to_vec()));
    // log2 of 4 less (1 log2 1 + 1 log2 1 + 2 log2 2) / 4.
    let four = ints(&[1, 2, 3, 3]);
    same(&over(Aggregate::Entropy { limit: 3 }, &four), Value::Float64(1.5));
    same(&over(Aggregate::Entropy { limit: 3 }, &ints(&[4; 7])), Value::Float64(0.0));
    same(&over(Aggregate::Entropy { limit: 3 }, &ints(&[4, 5])), Value::Float64(1.0));
    for (limit, aggregates) in [2, 0].map(|limit| {
        let aggregates = [
            Aggregate::UniqueCount { limit },
            Aggregate::Histogram { limit },
            Aggregate::Mode { limit },
            Aggregate::Entropy { limit },
        ];
        (limit, aggregates)
    }) {
        for (aggregate, empty) in aggregates.into_iter().zip([
            Value::Int64(0),
            Value::Map(vec![]),
            Value::Null,
            Value::Null,
        ]) {
            overflows(&over(aggregate, &inputs));
            same(&over(aggregate, &[Value::Null]), empty);
            assert_eq!(over(aggregate, &texts(&["a", "b", "a"])).overflow, limit < 2);
        }
    }
}

/// Goal: copies do not count in an estimate, and few distinct values are counted exactly. Method: a
/// dozen distinct values, ten times each, at 2^16 registers.
#[test]
fn s19_estimates_count_distinct_values() {
    let inputs: Vec<Value> = (0..120).map(|i| Value::Int64(i % 12)).collect();
    let found = over(Aggregate::ApproxCountDistinct { precision: 16 }, &inputs);
    same(&found, Value::Int64(12));
    assert!(!found.agrees(&Value::Int64(11)));
    same(&over(Aggregate::ApproxCountDistinct { precision: 4 }, &[]), Value::Int64(0));
}

fn percentile(millionths: u32, inputs: &[Value]) -> Value {
    let found = over(Aggregate::ApproxPercentile { millionths }, inputs).value;
    assert!(percentile_within(inputs, millionths, &found), "{found}");
    found
}

#[track_caller]
fn is(found: Value, expected: f64) {
    same(&lockstep_oracle::Outcome::of(found), Value::Float64(expected));
}

/// Goal: the rank, and the middle of its bin. Method: 1 to 100, in whose binades a bin is 1/128, 1/4
/// and 1/2 wide.
#[test]
fn s19_percentiles_are_middles_of_bins() {
    let inputs: Vec<Value> = (1..=100).rev().map(Value::Int64).collect();
    is(percentile(500_000, &inputs), 50.125);
    is(percentile(500_001, &inputs), 51.125);
    is(percentile(999_000, &inputs), 100.25);
    is(percentile(1_000_000, &inputs), 100.25);
    is(percentile(1, &inputs), 1.003_906_25);
    let singles: Vec<Value> = (1..=100_i16).map(|x| Value::Float32(x.into())).collect();
    is(percentile(500_000, &singles), 50.125);
    assert!(percentile(500_000, &[]).is_null());
    for wrong in [50.6, 49.5, -50.125, f64::NAN] {
        assert!(!percentile_within(&inputs, 500_000, &Value::Float64(wrong)), "{wrong}");
    }
    assert!(!percentile_within(&inputs, 500_000, &Value::Null));
}

/// Goal: bins of zero, of what is not finite, of subnormals and of great integers. Method: their
/// places in the order, and middles worked out from the layout of a double.
#[test]
fn s19_percentiles_of_odd_values() {
    let odd = [f64::NAN, -0.0, f64::INFINITY, -3.0, 5e-324, 0.0, f64::NEG_INFINITY, -5e-324];
    let inputs = doubles(&odd);
    let nan = f64::from_bits(0x7ff8_0000_0000_0000);
    let power = |exponent: i32| f64::from_bits(1 << (exponent + 1074));
    // The bin of the least subnormal is [0, 2^-1029): its first 7 bits are 0.
    let expected = [
        f64::NEG_INFINITY,
        -3.007_812_5,
        -power(-1030),
        0.0,
        0.0,
        power(-1030),
        f64::INFINITY,
        nan,
    ];
    for (rank, expected) in (1..).zip(expected) {
        is(percentile(rank * 125_000, &inputs), expected);
    }
    let two = |exponent: i32| 2_f64.powi(exponent);
    is(percentile(1, &ints(&[i64::MIN])), -(two(63) + two(55)));
    // Not rounded up to 2^63, which would be another bin.
    is(percentile(1, &ints(&[i64::MAX])), two(63) - two(54));
}

/// Goal: more than 1024 bins widen together, also beyond whole binades. Method: every bin of 8 and of
/// 9 binades; every power of two of both signs.
#[test]
fn s19_percentiles_widen_their_bins() {
    let binades = |count: i32| -> Vec<Value> {
        let bins = (0..count).flat_map(|e| (0..128).map(move |k| (e, f64::from(k))));
        bins.map(|(e, k)| Value::Float64((1.0 + k / 128.0) * 2_f64.powi(e))).collect()
    };
    is(percentile(1, &binades(8)), 1.0 + 1.0 / 256.0);
    is(percentile(1, &binades(9)), 1.0 + 1.0 / 128.0);
    let one_more = [binades(8), doubles(&[0.0])].concat();
    is(percentile(2_000, &one_more), 1.0 + 1.0 / 128.0);
    let powers = (1..2047_u64).map(|field| f64::from_bits(field << 52));
    let powers: Vec<Value> = powers.flat_map(|x| [x, -x]).map(Value::Float64).collect();
    // 4 binades a bin make 1024; the last ends with the greatest double.
    is(percentile(1_000_000, &powers), 4.5 * 2_f64.powi(1021));
    is(percentile(1, &powers), -4.5 * 2_f64.powi(1021));
}

/// Goal: vectors add element by element on their grid. Method: a grid of quarters.
#[test]
fn s17_vectors_add_on_a_grid() {
    let vector = |x: f32, y: f32| list(vec![Value::Float32(x), Value::Float32(y)]);
    let inputs = [vector(0.3, 0.125), Value::Null, vector(0.3, 0.375), vector(1.0, -1.0)];
    let (sum, mean) = (
        Aggregate::VectorSum { length: 2, grid: -2 },
        Aggregate::VectorMean { length: 2, grid: -2 },
    );
    // 0.3 is 1 quarter; half a quarter is a tie to 0, one and a half to 2.
    same(&over(sum, &inputs), list(doubles(&[1.5, -0.5])));
    same(&over(mean, &inputs), list(doubles(&[0.5, -0.5 / 3.0])));
    same(&over(sum, &[Value::Null]), Value::Null);
    same(&over(mean, &[]), Value::Null);
    same(&over(sum, &[vector(-0.0, -0.1)]), list(doubles(&[0.0, 0.0])));
}
