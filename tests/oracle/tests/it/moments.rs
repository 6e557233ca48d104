//! Moments, lines, ratios, rates, times and decay against values worked out by hand.
//!
//! Invariant: every expectation follows from docs/FEATURES.md by reading it. Deliberately absent:
//! random inputs, which `laws.rs` has.

use crate::asked::{
    DAY_US, HOUR_US, column, doubles, ints, over, over_pairs, overflows, row, same,
};
use lockstep_oracle::{Aggregate, Feature, Measure, Operand, Outcome, Row, Value, Window, outcome};

const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
const OF_ONE: [Aggregate; 6] = [
    Aggregate::VarPop,
    Aggregate::VarSamp,
    Aggregate::StddevPop,
    Aggregate::StddevSamp,
    Aggregate::Skewness,
    Aggregate::Kurtosis,
];

fn pairs(list: &[(i64, i64)]) -> Vec<(Value, Value)> {
    list.iter().map(|(x, y)| (Value::Int64(*x), Value::Int64(*y))).collect()
}

/// Goal: the formulas of one column. Method: 1, 2, 3, 4, whose moments are 5/4, 0 and 41/16.
#[test]
fn s17_moments_of_one_column() {
    let inputs = ints(&[1, 2, 3, 4]);
    let expected = [1.25, 5.0 / 3.0, 1.118_033_988_749_895, 1.290_994_448_735_805_6, 0.0, -1.36];
    for (aggregate, expected) in OF_ONE.into_iter().zip(expected) {
        same(&over(aggregate, &inputs), Value::Float64(expected));
        same(&over(aggregate, &doubles(&[1.0, 2.0, 3.0, 4.0])), Value::Float64(expected));
    }
    // m2 = m3 = 2, so 1 / sqrt 2, to either side.
    let root = std::f64::consts::FRAC_1_SQRT_2;
    same(&over(Aggregate::Skewness, &ints(&[0, 0, 3])), Value::Float64(root));
    same(&over(Aggregate::Skewness, &ints(&[0, 0, -3])), Value::Float64(-root));
    // Squares that leave the range of doubles, and deviations that a running sum would lose.
    let far = doubles(&[1e16, 1e16 + 2.0]);
    same(&over(Aggregate::VarPop, &far), Value::Float64(1.0));
    let wide = doubles(&[1e300, -1e300]);
    same(&over(Aggregate::StddevPop, &wide), Value::Float64(1e300));
    same(&over(Aggregate::VarPop, &wide), Value::Float64(f64::INFINITY));
    let least = doubles(&[5e-324, -5e-324]);
    same(&over(Aggregate::StddevPop, &least), Value::Float64(5e-324));
    same(&over(Aggregate::VarPop, &least), Value::Float64(0.0));
    same(&over(Aggregate::VarPop, &ints(&[i64::MIN, i64::MIN])), Value::Float64(0.0));
    let singles = [Value::Float32(0.5), Value::Null, Value::Float32(1.5)];
    same(&over(Aggregate::VarSamp, &singles), Value::Float64(0.5));
}

/// Goal: too few inputs, then NaN, then no variance. Method: none, one, equal and infinite inputs.
#[test]
fn s16_moments_that_are_null_or_nan() {
    for aggregate in OF_ONE {
        same(&over(aggregate, &[]), Value::Null);
        same(&over(aggregate, &[Value::Null]), Value::Null);
        for odd in [NAN, f64::INFINITY, f64::NEG_INFINITY] {
            same(&over(aggregate, &doubles(&[1.0, odd, 2.0])), Value::Float64(NAN));
            let of_one = match aggregate {
                Aggregate::VarSamp | Aggregate::StddevSamp => Value::Null,
                _ => Value::Float64(NAN),
            };
            same(&over(aggregate, &doubles(&[odd])), of_one);
        }
        for (inputs, expected) in [(ints(&[7]), Value::Null), (ints(&[7, 7]), Value::Float64(0.0))]
        {
            let expected = match aggregate {
                Aggregate::Skewness | Aggregate::Kurtosis => Value::Null,
                Aggregate::VarPop | Aggregate::StddevPop => Value::Float64(0.0),
                _ => expected,
            };
            same(&over(aggregate, &inputs), expected);
        }
    }
}

/// Goal: the formulas of two columns, over rows in which both are present. Method: deviations -1, 0,
/// 1 and -1, 1, 0, whose products sum to 1.
#[test]
fn s17_moments_of_two_columns() {
    let other = 1;
    let aggregates =
        [Aggregate::CovarPop { other }, Aggregate::CovarSamp { other }, Aggregate::Corr { other }];
    let mut some = pairs(&[(1, 1), (2, 3), (3, 2)]);
    some.push((Value::Null, Value::Int64(100)));
    some.push((Value::Int64(-100), Value::Null));
    for (aggregate, expected) in aggregates.into_iter().zip([1.0 / 3.0, 0.5, 0.5]) {
        same(&over_pairs(aggregate, &some), Value::Float64(expected));
        same(&over_pairs(aggregate, &some[3..]), Value::Null);
        let odd = (Value::Float64(f64::INFINITY), Value::Float64(1.0));
        let one = std::slice::from_ref(&odd);
        let sample = matches!(aggregate, Aggregate::CovarSamp { .. });
        let of_one = if sample { Value::Null } else { Value::Float64(NAN) };
        same(&over_pairs(aggregate, one), of_one);
        let two = [odd, (Value::Float64(0.0), Value::Float64(2.0))];
        same(&over_pairs(aggregate, &two), Value::Float64(NAN));
    }
    let [covar_pop, covar_samp, corr] = aggregates;
    same(&over_pairs(covar_pop, &pairs(&[(5, 6)])), Value::Float64(0.0));
    same(&over_pairs(covar_samp, &pairs(&[(5, 6)])), Value::Null);
    same(&over_pairs(corr, &pairs(&[(5, 6)])), Value::Null);
    same(&over_pairs(corr, &pairs(&[(5, 6), (5, 7)])), Value::Null);
    same(&over_pairs(corr, &pairs(&[(1, 10), (2, 20), (4, 40)])), Value::Float64(1.0));
    same(&over_pairs(corr, &pairs(&[(1, -1), (2, -2)])), Value::Float64(-1.0));
    same(&over_pairs(corr, &pairs(&[(0, 0), (1, 1), (0, 1), (1, 0)])), Value::Float64(0.0));
}

fn float_pairs(list: &[(f64, f64)]) -> Vec<(Value, Value)> {
    list.iter().map(|(x, y)| (Value::Float64(*x), Value::Float64(*y))).collect()
}

/// Slope, intercept and r2 of the first of each pair over the second.
#[track_caller]
fn line(points: &[(Value, Value)], expected: [Value; 3]) {
    let other = 1;
    let aggregates = [
        Aggregate::RegrSlope { other },
        Aggregate::RegrIntercept { other },
        Aggregate::RegrR2 { other },
    ];
    for (aggregate, expected) in aggregates.into_iter().zip(expected) {
        same(&over_pairs(aggregate, points), expected);
    }
}

/// Goal: the line through points (y, x), over rows in which both are present. Method: deviations -1,
/// 0, 1 of x and -1, 1, 0 of y; lines that are exact; and nulls beside.
#[test]
fn s17_lines_through_points() {
    let numbers = |slope, intercept, r2| [slope, intercept, r2].map(Value::Float64);
    let mut some = pairs(&[(1, 1), (3, 2), (2, 3)]);
    some.push((Value::Null, Value::Int64(100)));
    some.push((Value::Int64(-100), Value::Null));
    line(&some, numbers(0.5, 1.0, 0.25));
    // The column is y: turned round, the slope would be a half.
    line(&pairs(&[(1, 0), (3, 1), (5, 2)]), numbers(2.0, 1.0, 1.0));
    line(&float_pairs(&[(1.0, -1.0), (-1.0, 1.0)]), numbers(-1.0, 0.0, 1.0));
    line(&pairs(&[(0, 0), (1, 1), (1, 0), (0, 1)]), numbers(0.0, 0.5, 0.0));
    // r2 is 3 / 4; the rounded correlation's square is not.
    let three = pairs(&[(0, 0), (0, 1), (1, 2)]);
    assert_ne!(0.75_f64.sqrt() * 0.75_f64.sqrt(), 0.75);
    line(&three, numbers(0.5, -1.0 / 6.0, 0.75));
    let singles: Vec<_> =
        [(0.5, 1.5), (1.5, 2.5)].map(|(y, x)| (Value::Float32(y), Value::Float32(x))).to_vec();
    line(&singles, numbers(1.0, -1.0, 1.0));
}

/// Goal: a line over far, great and small numbers is exact. Method: points that doubles would
/// confuse, and a slope beyond their range.
#[test]
fn s17_lines_through_far_points() {
    let numbers = |slope, intercept, r2| [slope, intercept, r2].map(Value::Float64);
    let far = 1_i64 << 53;
    line(&pairs(&[(0, far), (1, far + 1)]), numbers(1.0, -(far as f64), 1.0));
    line(&float_pairs(&[(0.0, 1e16), (1.0, 1e16 + 2.0)]), numbers(0.5, -5e15, 1.0));
    let ends = pairs(&[(i64::MIN, 0), (i64::MAX, 1)]);
    line(&ends, numbers(2_f64.powi(64), -(2_f64.powi(63)), 1.0));
    let steep = float_pairs(&[(-1e308, 0.0), (1e308, 5e-324)]);
    line(&steep, numbers(f64::INFINITY, -1e308, 1.0));
    let wide = float_pairs(&[(-1e308, -1e308), (1e308, 1e308)]);
    line(&wide, numbers(1.0, 0.0, 1.0));
}

/// Goal: no pairs, then NaN, then no variance of x, then none of y. Method: each, with what comes
/// after it.
#[test]
fn s16_lines_that_are_null_or_nan() {
    let nulls = [Value::Null, Value::Null, Value::Null];
    line(&[], nulls.clone());
    let apart = [(Value::Int64(1), Value::Null), (Value::Null, Value::Int64(1))];
    line(&apart, nulls.clone());
    for odd in [NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let nans = || [NAN, NAN, NAN].map(Value::Float64);
        line(&float_pairs(&[(odd, 1.0)]), nans());
        line(&float_pairs(&[(1.0, odd)]), nans());
        line(&float_pairs(&[(1.0, odd), (2.0, odd)]), nans());
        line(&float_pairs(&[(1.0, 1.0), (odd, 2.0), (3.0, 3.0)]), nans());
        // Its partner is null, so it is no pair.
        line(&[(Value::Float64(odd), Value::Null)], nulls.clone());
    }
    line(&pairs(&[(5, 6)]), nulls.clone());
    line(&pairs(&[(5, 6), (7, 6)]), nulls.clone());
    line(&pairs(&[(5, 6), (5, 6)]), nulls.clone());
    line(&float_pairs(&[(5.0, 0.0), (7.0, -0.0)]), nulls);
    line(&pairs(&[(7, 1), (7, 2)]), [0.0, 7.0, 1.0].map(Value::Float64));
    line(&float_pairs(&[(-0.0, 1.0), (0.0, 2.0)]), [0.0, 0.0, 1.0].map(Value::Float64));
}

fn operand(measure: Measure, column: Option<usize>, filter: Option<usize>) -> Operand {
    Operand { measure, column, filter }
}

/// A ratio over rows of a number and a flag.
fn ratio(numerator: Operand, denominator: Operand, rows: &[Row]) -> Outcome {
    let ratio = Aggregate::Ratio { numerator, denominator };
    outcome(rows, Feature::of(ratio, None, Window::LIFETIME), 0, DAY_US)
}

/// Goal: ratios of all operands, rounded once, and their nulls. Method: rows worked out by hand.
#[test]
fn s17_ratios_round_once() {
    let flags = [Value::Bool(true), Value::Bool(false), Value::Null, Value::Bool(true)];
    let numbers = [Value::Int64(5), Value::Int64(7), Value::Int64(1), Value::Null];
    let rows: Vec<Row> =
        (0..).zip(numbers.into_iter().zip(flags)).map(|(t, (x, f))| row(t, &[x, f])).collect();
    let count = operand(Measure::Count, None, None);
    let flagged = operand(Measure::Count, None, Some(1));
    let sum = operand(Measure::Sum, Some(0), None);
    let sum_flagged = operand(Measure::Sum, Some(0), Some(1));
    let mean = operand(Measure::Mean, Some(0), None);
    let filled = operand(Measure::Count, Some(0), None);
    same(&ratio(flagged, count, &rows), Value::Float64(0.5));
    same(&ratio(sum, count, &rows), Value::Float64(13.0 / 4.0));
    same(&ratio(sum_flagged, sum, &rows), Value::Float64(5.0 / 13.0));
    // (13 / 3) / 3, which is not the quotient of a rounded mean by 3.
    same(&ratio(mean, filled, &rows), Value::Float64(13.0 / 9.0));
    same(&ratio(filled, mean, &rows), Value::Float64(9.0 / 13.0));
    for (a, b) in [(count, count), (sum, count), (count, sum), (mean, filled)] {
        same(&ratio(a, b, &[]), Value::Null);
    }
    same(&ratio(sum, count, &rows[3..]), Value::Null);
    same(&ratio(flagged, count, &rows[1..2]), Value::Float64(0.0));
    same(&ratio(count, flagged, &rows[1..2]), Value::Null);
}

/// Goal: a ratio's operands overflow nothing, and what is not finite divides as IEEE 754. Method:
/// sums beyond 64 bits and beyond doubles; infinities and NaN on each side.
#[test]
fn s17_ratios_of_hard_sums() {
    let count = operand(Measure::Count, None, None);
    let sum = operand(Measure::Sum, Some(0), None);
    let great = column(&ints(&[i64::MAX, i64::MAX]));
    same(&ratio(sum, count, &great), Value::Float64(9_223_372_036_854_775_807.0));
    let great = column(&doubles(&[f64::MAX, f64::MAX]));
    same(&ratio(sum, count, &great), Value::Float64(f64::MAX));
    let plus = column(&doubles(&[f64::INFINITY, 1.0]));
    same(&ratio(sum, count, &plus), Value::Float64(f64::INFINITY));
    same(&ratio(count, sum, &plus), Value::Float64(0.0));
    same(&ratio(sum, sum, &plus), Value::Float64(NAN));
    let minus = column(&doubles(&[f64::NEG_INFINITY]));
    same(&ratio(count, sum, &minus), Value::Float64(-0.0));
    let zero = column(&doubles(&[1.0, -1.0]));
    same(&ratio(count, sum, &zero), Value::Null);
    let nan = column(&doubles(&[-f64::NAN]));
    same(&ratio(sum, count, &nan), Value::Float64(NAN));
    // The denominator is 0 before the numerator is looked at.
    let none = operand(Measure::Count, Some(1), None);
    let rows = [row(0, &[Value::Float64(f64::NAN), Value::Null])];
    same(&ratio(sum, none, &rows), Value::Null);
}

/// Goal: a rate divides by the window as it is, from its floored start. Method: three rows in a day,
/// asked on the hour and half an hour later, per hour.
#[test]
fn s17_rates_divide_by_the_window() {
    let rows: Vec<Row> = [1, 2, 3].map(|h| row(h * HOUR_US, &[Value::Null])).to_vec();
    let day = Window::Sliding { length_us: DAY_US, offset_us: 0 };
    let rate = Feature::of(Aggregate::Rate { unit_us: HOUR_US }, None, day);
    same(&outcome(&rows, rate, 0, DAY_US), Value::Float64(0.125));
    same(&outcome(&rows, rate, 0, DAY_US + HOUR_US / 2), Value::Float64(6.0 / 49.0));
    // Of the column's values there are none, and after the window there is nothing.
    let of_column = Feature { column: Some(0), ..rate };
    same(&outcome(&rows, of_column, 0, DAY_US), Value::Float64(0.0));
    same(&outcome(&rows, rate, 0, 9 * DAY_US), Value::Float64(0.0));
    // At the start of time a window has no length and no rows.
    same(&outcome(&rows, rate, 0, -(1 << 62)), Value::Float64(0.0));
}

/// Goal: times since the first and last input, whatever the window's offset. Method: rows at 1 h, 2 h
/// and 3 h, the last of them null.
#[test]
fn s17_time_since_is_from_as_of() {
    let one = || Value::Int64(1);
    let values = [one(), one(), Value::Null];
    let rows: Vec<Row> = (1..).zip(values).map(|(h, v)| row(h * HOUR_US, &[v])).collect();
    let offset = Window::Lifetime { offset_us: HOUR_US };
    let at = |aggregate, column, window| {
        outcome(&rows, Feature::of(aggregate, column, window), 0, 10 * HOUR_US)
    };
    let (first, last) = (Aggregate::TimeSinceFirst, Aggregate::TimeSinceLast);
    same(&at(first, None, Window::LIFETIME), Value::Int64(9 * HOUR_US));
    same(&at(last, None, Window::LIFETIME), Value::Int64(7 * HOUR_US));
    same(&at(last, Some(0), Window::LIFETIME), Value::Int64(8 * HOUR_US));
    same(&at(last, Some(0), offset), Value::Int64(8 * HOUR_US));
    let never = Feature::of(last, Some(0), Window::LIFETIME);
    same(&outcome(&rows[2..], never, 0, DAY_US), Value::Null);
    let ends = [row(-(1 << 62), &[one()])];
    overflows(&outcome(&ends, never, 0, 1 << 62));
    same(&outcome(&ends, never, 0, (1 << 62) - 1), Value::Int64(i64::MAX));
}

/// Goal: forward decay on integers. Method: weights of whole half-lives, of the half of one, for
/// which M = 6,369,051,672,525,772 of 2^52, and of a microsecond.
#[test]
fn s20_decay_halves_each_half_life() {
    let day = Window::Sliding { length_us: 30 * DAY_US, offset_us: 0 };
    let half_life_us = DAY_US;
    let sum = Feature::of(Aggregate::DecayedSum { half_life_us }, Some(0), day);
    let count = Feature::of(Aggregate::DecayedCount { half_life_us }, None, day);
    let decayed =
        |feature, time, value: Value, as_of| outcome(&[row(time, &[value])], feature, 0, as_of);
    let eight = || Value::Int64(8);
    same(&decayed(sum, 0, eight(), DAY_US), Value::Float64(4.0));
    same(&decayed(sum, -3 * DAY_US, eight(), 0), Value::Float64(1.0));
    same(&decayed(count, -3 * DAY_US, Value::Null, 0), Value::Float64(0.125));
    same(
        &decayed(count, DAY_US / 2, Value::Null, DAY_US),
        Value::Float64(6_369_051_672_525_772.0 / 9_007_199_254_740_992.0),
    );
    same(&decayed(sum, 0, eight(), 1), Value::Float64(7.999_999_999_935_82));
    same(&decayed(sum, 0, Value::Float64(f64::NAN), 1), Value::Float64(NAN));
    same(&decayed(sum, 0, Value::Float64(f64::NEG_INFINITY), 1), Value::Float64(f64::NEG_INFINITY));
    same(&decayed(sum, 0, Value::Null, 1), Value::Float64(0.0));
    let both = [row(0, &[Value::Float64(2.0)]), row(DAY_US, &[Value::Float64(-1.0)])];
    same(&outcome(&both, sum, 0, 2 * DAY_US), Value::Float64(0.0));
    same(&outcome(&[], count, 0, 0), Value::Float64(0.0));
    // An offset of ages leaves nothing, and no time to compute it.
    let ages = Window::Exact { length_us: DAY_US, offset_us: 1 << 60 };
    let late = Feature { window: ages, ..sum };
    let found = decayed(late, -HOUR_US, Value::Float64(-1.0), 1 << 60);
    same(&found, Value::Float64(-0.0));
}
