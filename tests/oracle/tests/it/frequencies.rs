//! The most frequent values, and aggregates of distinct ones, against values worked out by hand.
//!
//! Invariant: every expectation follows from docs/FEATURES.md by reading it, or from the aggregate of
//! values that the test made distinct. Deliberately absent: `unique_count`, `histogram`, `mode` and
//! `entropy`, which `collections.rs` has.

use crate::asked::{doubles, ints, over, overflows, same, text, texts};
use crate::random::{double, is};
use lockstep_oracle::{Aggregate, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;

const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

fn list(values: Vec<Value>) -> Value {
    Value::List(values)
}

/// Goal: the most frequent first, of equally frequent ones the lesser. Method: letters and numbers
/// with ties, as many as there are and fewer.
#[test]
fn s15_the_most_frequent_come_first() {
    let limit = 4;
    let most = |n, inputs: &[Value]| over(Aggregate::MostFrequent { n, limit }, inputs);
    let mut letters = texts(&["d", "b", "c", "a", "c", "b", "c"]);
    letters.insert(3, Value::Null);
    for n in [4, 5, 1000] {
        same(&most(n, &letters), list(texts(&["c", "b", "a", "d"])));
    }
    same(&most(3, &letters), list(texts(&["c", "b", "a"])));
    same(&most(1, &letters), list(texts(&["c"])));
    same(&most(2, &ints(&[3, -1, 3, -1, 2])), list(ints(&[-1, 3])));
    same(&most(2, &[]), list(vec![]));
    same(&most(2, &[Value::Null]), list(vec![]));
    // Zeros of two signs differ, and NaNs do not; the negative zero is the lesser.
    let odd = doubles(&[0.0, -f64::NAN, -0.0, f64::NAN]);
    same(&most(9, &odd), list(doubles(&[NAN, -0.0, 0.0])));
}

/// Goal: the share of the most frequent value. Method: a half, thirds, ties, and all.
#[test]
fn s17_shares_of_the_mode() {
    let share = |inputs: &[Value]| over(Aggregate::ModeShare { limit: 3 }, inputs);
    same(&share(&texts(&["a", "b", "a", "c"])), Value::Float64(0.5));
    same(&share(&ints(&[1, 2, 2])), Value::Float64(2.0 / 3.0));
    same(&share(&ints(&[1, 2, 3])), Value::Float64(1.0 / 3.0));
    same(&share(&[ints(&[5, 5]), vec![Value::Null]].concat()), Value::Float64(1.0));
    same(&share(&doubles(&[0.0, -0.0])), Value::Float64(0.5));
    same(&share(&doubles(&[f64::NAN, -f64::NAN])), Value::Float64(1.0));
    same(&share(&[]), Value::Null);
    same(&share(&[Value::Null]), Value::Null);
}

fn of_distinct(limit: usize) -> [Aggregate; 4] {
    [
        Aggregate::DistinctSum { limit },
        Aggregate::DistinctMean { limit },
        Aggregate::DistinctStddevPop { limit },
        Aggregate::DistinctStddevSamp { limit },
    ]
}

#[track_caller]
fn distinct(inputs: &[Value], expected: [Value; 4]) {
    for (aggregate, expected) in of_distinct(4).into_iter().zip(expected) {
        same(&over(aggregate, inputs), expected);
    }
}

/// Goal: each distinct value counts once. Method: copies and nulls, zeros of two signs, values that
/// are not finite, one value and none.
#[test]
fn s17_aggregates_of_distinct_values() {
    let floats = |list: [f64; 3]| list.map(Value::Float64);
    let whole = |sum, rest: [f64; 3]| {
        let [mean, of_all, of_sample] = floats(rest);
        [Value::Int64(sum), mean, of_all, of_sample]
    };
    let inputs = [ints(&[5, 1, 5]), vec![Value::Null], ints(&[1, 1])].concat();
    distinct(&inputs, whole(6, [3.0, 2.0, 8.0_f64.sqrt()]));
    let of_one = [Value::Int64(7), Value::Float64(7.0), Value::Float64(0.0), Value::Null];
    distinct(&ints(&[7, 7, 7]), of_one);
    for none in [&[][..], &[Value::Null]] {
        distinct(none, [Value::Null, Value::Null, Value::Null, Value::Null]);
    }
    // Two zeros are two values: the mean of -0.0, 0.0 and 3.0 is 1.
    let zeros = doubles(&[3.0, -0.0, 0.0, 3.0, -0.0]);
    distinct(&zeros, [3.0, 1.0, 2.0_f64.sqrt(), 3.0_f64.sqrt()].map(Value::Float64));
    distinct(&doubles(&[-0.0, -0.0]), {
        let [sum, mean, of_all] = floats([0.0, 0.0, 0.0]);
        [sum, mean, of_all, Value::Null]
    });
    let plus = f64::INFINITY;
    distinct(&doubles(&[plus, 1.0, plus]), [plus, plus, NAN, NAN].map(Value::Float64));
    distinct(&doubles(&[plus, -plus]), [NAN; 4].map(Value::Float64));
    // One value is too few for a sample, whatever it is.
    let [sum, mean, of_all] = floats([NAN; 3]);
    distinct(&doubles(&[NAN, -f64::NAN]), [sum, mean, of_all, Value::Null]);
    // Singles are distinct as singles and widen exactly.
    let single = f64::from(0.1_f32);
    let [sum, mean, of_all] = floats([single, single, 0.0]);
    distinct(&[Value::Float32(0.1), Value::Float32(0.1)], [sum, mean, of_all, Value::Null]);
}

/// Goal: a sum of distinct integers overflows beyond its type, and its mean not at all. Method: the
/// extremes, once and twice.
#[test]
fn s17_distinct_sums_overflow_to_null() {
    let sum = |inputs: &[i64]| over(Aggregate::DistinctSum { limit: 4 }, &ints(inputs));
    let (least, most) = (i64::MIN, i64::MAX);
    same(&sum(&[most, most, most]), Value::Int64(most));
    same(&sum(&[most, 1, -1]), Value::Int64(most));
    same(&sum(&[least, most, 1, least]), Value::Int64(0));
    overflows(&sum(&[most, 1]));
    overflows(&sum(&[least, -1, -1]));
    let mean = over(Aggregate::DistinctMean { limit: 4 }, &ints(&[most, most - 2, most]));
    same(&mean, Value::Float64(2_f64.powi(63)));
    let beyond = over(Aggregate::DistinctSum { limit: 4 }, &doubles(&[f64::MAX, 1e308]));
    same(&beyond, Value::Float64(f64::INFINITY));
}

/// Goal: more distinct values than the limit overflow, copies and nulls do not count. Method: at the
/// limit and beyond, for every aggregate of the family; also where the value would be null.
#[test]
fn s18_frequencies_have_a_limit() {
    let all = |limit| {
        let frequent = [Aggregate::MostFrequent { n: 1, limit }, Aggregate::ModeShare { limit }];
        [&frequent[..], &of_distinct(limit)].concat()
    };
    let mut two = ints(&[1, 2, 1, 2, 2]);
    two.insert(2, Value::Null);
    for aggregate in all(2) {
        assert!(!over(aggregate, &two).overflow, "{aggregate:?}");
        overflows(&over(aggregate, &ints(&[1, 2, 3])));
        overflows(&over(aggregate, &doubles(&[0.0, f64::NAN, -0.0])));
        assert!(!over(aggregate, &doubles(&[0.0, f64::NAN, -f64::NAN])).overflow);
    }
    for aggregate in all(0) {
        overflows(&over(aggregate, &ints(&[1])));
        assert!(!over(aggregate, &[Value::Null]).overflow, "{aggregate:?}");
    }
    same(&over(Aggregate::MostFrequent { n: 1, limit: 2 }, &two), list(ints(&[2])));
    same(&over(Aggregate::MostFrequent { n: 1, limit: 1 }, &[text("a")]), list(texts(&["a"])));
}

proptest! {
    /// Goal: frequencies agree with the histogram and the mode. Method: values of few kinds, counted.
    #[test]
    fn s16_frequencies_agree_with_the_histogram(inputs in prop::collection::vec(-4_i64..4, 0..20)) {
        let (values, limit) = (ints(&inputs), 8);
        let distinct: BTreeSet<i64> = inputs.iter().copied().collect();
        let times = |x: i64| inputs.iter().filter(|y| **y == x).count();
        let mut left = distinct;
        let mut expected = Vec::new();
        // The greatest count, and of its values the first; again without it.
        while let Some(most) = left.iter().map(|x| times(*x)).max() {
            let next = left.iter().copied().find(|x| times(*x) == most);
            expected.extend(next);
            left.retain(|x| Some(*x) != next);
        }
        let found = over(Aggregate::MostFrequent { n: 20, limit }, &values);
        is(&found, list(ints(&expected)))?;
        let mode = over(Aggregate::Mode { limit }, &values).value;
        let first = expected.first().copied();
        is(&over(Aggregate::Mode { limit }, &values), first.map_or(Value::Null, Value::Int64))?;
        let one = over(Aggregate::MostFrequent { n: 1, limit }, &values);
        is(&one, list(if mode.is_null() { vec![] } else { vec![mode] }))?;
        let share = first.map(|x| Value::Float64(times(x) as f64 / inputs.len() as f64));
        is(&over(Aggregate::ModeShare { limit }, &values), share.unwrap_or(Value::Null))?;
    }

    /// Goal: aggregates of distinct values are those of values that are distinct. Method: each value
    /// several times in a shuffled order, against itself once.
    #[test]
    fn s17_copies_change_nothing(
        (once, copies) in prop::collection::vec(double(), 0..8).prop_flat_map(|once| {
            let mut once = once;
            once.sort_by(f64::total_cmp);
            once.dedup_by_key(|x| x.to_bits());
            let copies = [once.clone(), once.clone(), once.clone()].concat();
            (Just(once), Just(copies).prop_shuffle())
        }),
    ) {
        let plain =
            [Aggregate::Sum, Aggregate::Mean, Aggregate::StddevPop, Aggregate::StddevSamp];
        for (of_distinct, plain) in of_distinct(8).into_iter().zip(plain) {
            is(&over(of_distinct, &doubles(&copies)), over(plain, &doubles(&once)).value)?;
        }
    }
}
