//! Exact percentiles, medians and interquartile ranges against values worked out by hand.
//!
//! Invariant: every expectation follows from docs/FEATURES.md by reading it; laws go another way
//! than positions and parts. Deliberately absent: approximate ones, which `collections.rs` has.

use crate::asked::{doubles, ints, over, overflows, same, text, texts};
use crate::random::{double, is};
use lockstep_oracle::{Aggregate, Outcome, Value};
use proptest::prelude::*;

const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
const PLUS: f64 = f64::INFINITY;
const MINUS: f64 = f64::NEG_INFINITY;
/// The first integer after which doubles skip one.
const FAR: i64 = 1 << 53;

fn disc(millionths: u32, inputs: &[Value]) -> Outcome {
    over(Aggregate::PercentileDisc { millionths, limit: 1000 }, inputs)
}

fn cont(millionths: u32, inputs: &[Value]) -> Outcome {
    over(Aggregate::PercentileCont { millionths, limit: 1000 }, inputs)
}

fn median(inputs: &[Value]) -> Outcome {
    over(Aggregate::Median { limit: 1000 }, inputs)
}

fn iqr(inputs: &[Value]) -> Outcome {
    over(Aggregate::Iqr { limit: 1000 }, inputs)
}

/// Goal: the value of a rank, and its type and bits. Method: ranks on both sides of each step; odd
/// floats, texts, flags, integers beyond the doubles.
#[test]
fn s14_the_value_of_a_rank() {
    let four = ints(&[4, 1, 3, 2]);
    for (millionths, expected) in [
        (0, 1),
        (1, 1),
        (250_000, 1),
        (250_001, 2),
        (500_000, 2),
        (500_001, 3),
        (750_000, 3),
        (750_001, 4),
        (1_000_000, 4),
    ] {
        same(&disc(millionths, &four), Value::Int64(expected));
    }
    let copies = [ints(&[5, 1, 1]), vec![Value::Null], ints(&[1])].concat();
    same(&disc(750_000, &copies), Value::Int64(1));
    same(&disc(750_001, &copies), Value::Int64(5));
    let odd = doubles(&[-f64::NAN, 0.0, PLUS, -0.0, MINUS]);
    for (millionths, expected) in
        [(0, MINUS), (400_000, -0.0), (600_000, 0.0), (800_000, PLUS), (1_000_000, NAN)]
    {
        same(&disc(millionths, &odd), Value::Float64(expected));
    }
    same(&disc(500_000, &[Value::Float32(-0.0)]), Value::Float32(-0.0));
    same(&disc(500_000, &ints(&[FAR + 1])), Value::Int64(FAR + 1));
    same(&disc(500_000, &texts(&["é", "b", "B"])), text("b"));
    same(&disc(0, &[true, false].map(Value::Bool)), Value::Bool(false));
    same(&disc(0, &[]), Value::Null);
    same(&disc(1_000_000, &[Value::Null]), Value::Null);
}

/// Goal: the number at a position. Method: 1, 2, 3, 4, at and between the values, to both ends; one
/// value, and none.
#[test]
fn s17_numbers_between_values() {
    for four in [
        ints(&[4, 1, 3, 2]),
        doubles(&[3.0, 4.0, 2.0, 1.0]),
        [2.0, 3.0, 4.0, 1.0].map(Value::Float32).to_vec(),
        [ints(&[1, 2]), vec![Value::Null], ints(&[3, 4])].concat(),
    ] {
        for (millionths, expected) in [
            (0, 1.0),
            (1, 1.000_003),
            (250_000, 1.75),
            (500_000, 2.5),
            (750_000, 3.25),
            (999_999, 3.999_997),
            (1_000_000, 4.0),
        ] {
            same(&cont(millionths, &four), Value::Float64(expected));
        }
        same(&median(&four), Value::Float64(2.5));
        same(&iqr(&four), Value::Float64(1.5));
    }
    same(&median(&ints(&[9, 1, 2])), Value::Float64(2.0));
    for millionths in [0, 1, 500_000, 1_000_000] {
        same(&cont(millionths, &ints(&[7])), Value::Float64(7.0));
        same(&cont(millionths, &ints(&[7, 7, 7])), Value::Float64(7.0));
        same(&cont(millionths, &[]), Value::Null);
    }
    let single = Value::Float32(0.1);
    same(&median(std::slice::from_ref(&single)), Value::Float64(f64::from(0.1_f32)));
    same(&iqr(&[single]), Value::Float64(0.0));
    same(&median(&[Value::Null]), Value::Null);
    same(&iqr(&[Value::Null]), Value::Null);
}

/// Goal: interpolation does not leave the range on the way. Method: numbers whose difference does;
/// a range that does itself.
#[test]
fn s17_wide_numbers_are_interpolated_exactly() {
    for great in [1e308, f64::MAX] {
        let wide = doubles(&[great, -great]);
        same(&median(&wide), Value::Float64(0.0));
        same(&cont(750_000, &wide), Value::Float64(great / 2.0));
        same(&cont(250_000, &wide), Value::Float64(-great / 2.0));
        same(&cont(1_000_000, &wide), Value::Float64(great));
        same(&iqr(&wide), Value::Float64(great));
        let wider = doubles(&[-great, -great, -great, great, great, great]);
        same(&iqr(&wider), Value::Float64(PLUS));
        same(&median(&doubles(&[great, great])), Value::Float64(great));
    }
    // Parts of the least double round to nearest; the last is a tie, to the even one.
    same(&cont(1, &doubles(&[0.0, 5e-324])), Value::Float64(0.0));
    same(&cont(500_001, &doubles(&[0.0, 5e-324])), Value::Float64(5e-324));
    same(&median(&doubles(&[5e-324, 1e-323])), Value::Float64(1e-323));
}

/// Goal: integers enter exactly, and one rounding is at the end. Method: integers that no double is,
/// where rounding them first, or the quartiles, gives another double.
#[test]
fn s17_great_integers_are_interpolated_exactly() {
    let far = |x: i64| Value::Float64((FAR + x) as f64);
    // A tie, to the even one.
    same(&median(&ints(&[FAR + 1])), far(0));
    same(&median(&ints(&[FAR, FAR + 2])), far(0));
    // 1.5 beyond: nearer to 2.
    same(&median(&ints(&[FAR + 1, FAR + 2])), far(2));
    same(&median(&ints(&[i64::MIN, i64::MAX])), Value::Float64(-0.5));
    same(&cont(1_000_000, &ints(&[i64::MIN, i64::MAX])), Value::Float64(2_f64.powi(63)));
    same(&iqr(&ints(&[i64::MIN, i64::MAX])), Value::Float64(2_f64.powi(63)));
    // The quartiles are 1 and 2^53 + 1, their difference is a double.
    same(&iqr(&ints(&[0, 1, 2, FAR + 1, FAR + 9])), far(0));
}

/// Goal: a real zero is +0.0. Method: zeros of both signs at a position, between values, as a
/// difference; and a negative number that only rounds to zero, which keeps its sign (S17).
#[test]
fn s17_a_zero_has_no_sign() {
    let zero = || Value::Float64(0.0);
    for zeros in [&[-0.0][..], &[-0.0, -0.0], &[-0.0, 0.0], &[-1.0, 1.0], &[-1.0, -0.0, 7.0]] {
        same(&median(&doubles(zeros)), zero());
    }
    same(&median(&[Value::Float32(-0.0)]), zero());
    same(&cont(0, &doubles(&[-0.0, 1.0])), zero());
    for equal in [-0.0, 0.0, 1.0, -1e308] {
        same(&iqr(&doubles(&[equal, equal])), zero());
    }
    same(&median(&doubles(&[-5e-324, 0.0])), Value::Float64(-0.0));
}

/// Goal: what is not finite. Method: each sort at a position, and beside each other sort.
#[test]
fn s17_percentiles_that_are_not_finite() {
    let odd = doubles(&[PLUS, 1.0, -f64::NAN, MINUS, 2.0]);
    for (millionths, expected) in [
        (0, MINUS),
        (1, MINUS),
        (249_999, MINUS),
        (250_000, 1.0),
        (300_000, 1.2),
        (500_000, 2.0),
        (500_001, PLUS),
        (750_000, PLUS),
        (750_001, NAN),
        (1_000_000, NAN),
    ] {
        same(&cont(millionths, &odd), Value::Float64(expected));
    }
    for (inputs, middle, range) in [
        (&[1.0, 2.0, NAN][..], 2.0, NAN),
        (&[MINUS, PLUS], NAN, NAN),
        (&[MINUS, 0.0], MINUS, NAN),
        (&[PLUS, PLUS], PLUS, NAN),
        (&[MINUS, MINUS], MINUS, NAN),
        (&[PLUS, NAN], NAN, NAN),
        (&[MINUS, NAN], NAN, NAN),
        (&[NAN, NAN], NAN, NAN),
        (&[NAN], NAN, NAN),
        (&[MINUS, MINUS, 0.0, PLUS, PLUS], 0.0, PLUS),
        (&[MINUS, MINUS, 0.0, 1.0, 2.0], 0.0, PLUS),
        (&[0.0, 1.0, 2.0, PLUS, PLUS], 2.0, PLUS),
        (&[MINUS, 1.0, 2.0, 4.0, PLUS], 2.0, 3.0),
        (&[0.0, 1.0, 2.0, 3.0, NAN], 2.0, 2.0),
    ] {
        same(&median(&doubles(inputs)), Value::Float64(middle));
        same(&iqr(&doubles(inputs)), Value::Float64(range));
    }
}

/// Goal: more distinct values than the limit overflow, copies and nulls do not count. Method: at the
/// limit and beyond.
#[test]
fn s18_percentiles_have_a_limit() {
    let all = |limit| {
        [
            Aggregate::PercentileDisc { millionths: 500_000, limit },
            Aggregate::PercentileCont { millionths: 500_000, limit },
            Aggregate::Median { limit },
            Aggregate::Iqr { limit },
        ]
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
}

/// Doubles of every sort, few of them, so that equal ones meet.
fn any_double() -> impl Strategy<Value = f64> {
    let odd = [NAN, PLUS, MINUS, -0.0, 0.0, 5e-324, -5e-324, f64::MAX, -f64::MAX];
    prop_oneof![3 => double(), 1 => prop::sample::select(odd.to_vec())]
}

proptest! {
    /// Goal: the value of a rank is the least that enough values do not exceed. Method: counted for
    /// each value.
    #[test]
    fn s19_ranks_count_values(
        inputs in prop::collection::vec(any_double(), 1..20), millionths in 0_u32..1_000_001,
    ) {
        let values = doubles(&inputs);
        let enough = |x: &&Value| {
            let below = values.iter().filter(|y| y.order(x).is_le()).count();
            below as u64 * 1_000_000 >= u64::from(millionths) * values.len() as u64
        };
        let least = values.iter().filter(enough).min_by(|a, b| a.order(b)).unwrap();
        is(&disc(millionths, &values), least.clone())?;
    }

    /// Goal: a number between two values is their weighted mean, also where one is not finite.
    /// Method: the exact mean of ten copies, of both as many as the position lies near.
    #[test]
    fn s17_numbers_between_values_are_weighted_means(
        inputs in prop::collection::vec(any_double(), 1..20), tenths in 0_usize..11,
    ) {
        let mut sorted = doubles(&inputs);
        sorted.sort_by(Value::order);
        let steps = tenths * (sorted.len() - 1);
        let ten: Vec<Value> = (0..10).map(|i| sorted[(steps + i) / 10].clone()).collect();
        let mean = over(Aggregate::Mean, &ten).value;
        is(&cont(tenths as u32 * 100_000, &doubles(&inputs)), mean.clone())?;
        if tenths == 5 {
            is(&median(&doubles(&inputs)), mean)?;
        }
    }

    /// Goal: the interquartile range is one rounding of the real difference. Method: the exact mean of
    /// the values around both quartiles, the lower ones with the other sign, in doubles of middling
    /// size, which double exactly.
    #[test]
    fn s17_ranges_are_sums_of_quarters(inputs in prop::collection::vec(double(), 1..20)) {
        let mut sorted = inputs.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len() - 1;
        let upper = (0..4).map(|i| sorted[(3 * last + i) / 4]);
        let lower = (0..4).map(|i| -sorted[(last + i) / 4]);
        let Value::Float64(eighth) =
            over(Aggregate::Mean, &doubles(&upper.chain(lower).collect::<Vec<_>>())).value
        else {
            return Err(TestCaseError::fail("a double"));
        };
        is(&iqr(&doubles(&inputs)), Value::Float64(2.0 * eighth))?;
    }
}
