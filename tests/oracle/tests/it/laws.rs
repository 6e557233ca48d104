//! Laws that tie features to each other, on random rows.
//!
//! Invariant: each law has a second way to the same value that shares no formula with the first.
//! Deliberately absent: hand-written expectations, and large inputs.

use crate::asked::{DAY_US, HOUR_US, column, over};
use crate::random::{double, features, is, rows};
use lockstep_oracle::{
    Aggregate, By, Feature, Row, Value, Window, outcome, percentile_within, rational_of, round,
    round_sqrt, same_bits,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use std::collections::HashSet;

fn whole(x: usize) -> BigRational {
    BigRational::from_integer(BigInt::from(x))
}

fn power(x: &BigRational, power: i32) -> BigRational {
    x.pow(power)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Goal: moments follow the formulas of docs/FEATURES.md over sums of powers. Method: those sums
    /// as rationals, while the code under test goes over deviations.
    #[test]
    fn s17_moments_follow_from_sums_of_powers(inputs in prop::collection::vec(double(), 2..12)) {
        let n = whole(inputs.len());
        let reals: Vec<BigRational> = inputs.iter().map(|x| rational_of(*x)).collect();
        let sum = |exponent: i32| -> BigRational { reals.iter().map(|x| power(x, exponent)).sum() };
        let (s1, s2) = (sum(1), sum(2));
        let spread = &n * &s2 - power(&s1, 2);
        let values: Vec<Value> = inputs.iter().map(|x| Value::Float64(*x)).collect();
        let var_pop = &spread / power(&n, 2);
        let var_samp = &spread / (&n * (&n - whole(1)));
        is(&over(Aggregate::VarPop, &values), Value::Float64(round(&var_pop)))?;
        is(&over(Aggregate::VarSamp, &values), Value::Float64(round(&var_samp)))?;
        is(&over(Aggregate::StddevPop, &values), Value::Float64(round_sqrt(&var_pop)))?;
        is(&over(Aggregate::StddevSamp, &values), Value::Float64(round_sqrt(&var_samp)))?;
        let mean = &s1 / &n;
        let central = |exponent: i32| -> BigRational {
            reals.iter().map(|x| power(&(x - &mean), exponent)).sum::<BigRational>() / &n
        };
        let (m2, m3, m4) = (central(2), central(3), central(4));
        prop_assume!(m2 != whole(0));
        let skewness = round_sqrt(&(power(&m3, 2) / power(&m2, 3)));
        let skewness = if m3 < whole(0) { -skewness } else { skewness };
        is(&over(Aggregate::Skewness, &values), Value::Float64(skewness))?;
        let kurtosis = round(&(m4 / power(&m2, 2) - whole(3)));
        is(&over(Aggregate::Kurtosis, &values), Value::Float64(kurtosis))?;
    }

    /// Goal: covariance, correlation and regression follow their formulas over sums. Method: as
    /// above.
    #[test]
    fn s17_covariances_follow_from_sums(
        pairs in prop::collection::vec((double(), double()), 2..12),
    ) {
        let n = whole(pairs.len());
        let sum = |of: fn(BigRational, BigRational) -> BigRational| -> BigRational {
            pairs.iter().map(|(x, y)| of(rational_of(*x), rational_of(*y))).sum()
        };
        let (sx, sy) = (sum(|x, _| x), sum(|_, y| y));
        let both = &n * sum(|x, y| x * y) - &sx * &sy;
        let rows: Vec<Row> = (0..).zip(&pairs).map(|(event_time, (x, y))| Row {
            event_time,
            event_id: None,
            ordinal: 0,
            values: vec![Value::Float64(*x), Value::Float64(*y)],
        }).collect();
        let found = |aggregate| {
            outcome(&rows, Feature::of(aggregate, Some(0), Window::LIFETIME), 0, DAY_US)
        };
        let other = 1;
        let of_all = round(&(&both / power(&n, 2)));
        is(&found(Aggregate::CovarPop { other }), Value::Float64(of_all))?;
        let of_sample = round(&(&both / (&n * (&n - whole(1)))));
        is(&found(Aggregate::CovarSamp { other }), Value::Float64(of_sample))?;
        let of_x = &n * sum(|x, _| &x * &x) - power(&sx, 2);
        let syy = sum(|_, y| &y * &y);
        let of_y = &n * &syy - power(&sy, 2);
        // The column, here x, depends on the other one.
        if of_y != whole(0) {
            let slope = round(&(&both / &of_y));
            is(&found(Aggregate::RegrSlope { other }), Value::Float64(slope))?;
            let intercept = round(&((&sx * &syy - &sy * sum(|x, y| x * y)) / &of_y));
            is(&found(Aggregate::RegrIntercept { other }), Value::Float64(intercept))?;
        }
        let variances = of_x * of_y;
        prop_assume!(variances != whole(0));
        let r2 = power(&both, 2) / variances;
        is(&found(Aggregate::RegrR2 { other }), Value::Float64(round(&r2)))?;
        let corr = round_sqrt(&r2);
        let corr = if both < whole(0) { -corr } else { corr };
        is(&found(Aggregate::Corr { other }), Value::Float64(corr))?;
    }

    /// Goal: the rows are a set. Method: every aggregate and window over rows in two orders.
    #[test]
    fn s01_order_of_arrival_changes_no_feature(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        quarter in 0_i64..50,
    ) {
        for feature in features() {
            let a = outcome(&rows, feature, 0, quarter * HOUR_US / 4);
            let b = outcome(&shuffled, feature, 0, quarter * HOUR_US / 4);
            prop_assert!(same_bits(&a.value, &b.value), "{feature:?}: {} and {}", a.value, b.value);
            prop_assert_eq!(a.overflow, b.overflow);
        }
    }

    /// Goal: lists, counts and maps of one column agree with each other. Method: each from another.
    #[test]
    fn s16_aggregates_of_one_column_agree(inputs in prop::collection::vec(-4_i64..4, 0..20)) {
        let values: Vec<Value> = inputs.iter().map(|x| Value::Int64(*x)).collect();
        let backwards: Vec<Value> = values.iter().rev().cloned().collect();
        let (n, limit) = (20, 20);
        let list = |list: &[i64]| Value::List(list.iter().map(|x| Value::Int64(*x)).collect());
        let mut sorted = inputs.clone();
        sorted.sort_unstable();
        is(&over(Aggregate::BottomK { k: n }, &values), list(&sorted))?;
        sorted.reverse();
        is(&over(Aggregate::TopK { k: n }, &values), list(&sorted))?;
        let turned = over(Aggregate::LastN { n: 5 }, &backwards).value;
        is(&over(Aggregate::FirstN { n: 5 }, &values), turned)?;
        let turned = over(Aggregate::LastDistinct { n: 5 }, &backwards).value;
        is(&over(Aggregate::FirstDistinct { n: 5 }, &values), turned)?;
        let distinct: HashSet<i64> = inputs.iter().copied().collect();
        let count = Value::Int64(distinct.len() as i64);
        is(&over(Aggregate::UniqueCount { limit }, &values), count)?;
        let turned = over(Aggregate::ApproxCountDistinct { precision: 4 }, &backwards).value;
        is(&over(Aggregate::ApproxCountDistinct { precision: 4 }, &values), turned)?;
        let times = |x: i64| inputs.iter().filter(|y| **y == x).count();
        let mut keys: Vec<i64> = distinct.into_iter().collect();
        keys.sort_unstable();
        let pairs = keys.iter().map(|x| (Value::Int64(*x), Value::Int64(times(*x) as i64)));
        is(&over(Aggregate::Histogram { limit }, &values), Value::Map(pairs.collect()))?;
        let mode = keys.iter().copied().rev().max_by_key(|x| times(*x));
        is(&over(Aggregate::Mode { limit }, &values), mode.map_or(Value::Null, Value::Int64))?;
        let part = |x: &i64| times(*x) as f64 / inputs.len() as f64;
        let entropy: f64 = keys.iter().map(|x| -part(x) * part(x).log2()).sum();
        match over(Aggregate::Entropy { limit }, &values).value {
            Value::Float64(found) => prop_assert!((found - entropy).abs() < 1e-12),
            other => prop_assert!(other.is_null() && inputs.is_empty()),
        }
    }

    /// Goal: a percentile keeps its error, whatever the bins. Method: doubles of any bits, few and so
    /// many that bins widen, against the exact value of the rank.
    #[test]
    fn s19_percentiles_keep_their_error(
        bits in prop::collection::vec(any::<u64>(), 1..6),
        spread in prop_oneof![Just(1_u64), Just(700)],
        millionths in 1_u32..1_000_001,
    ) {
        let doubles = bits.iter().flat_map(|x| {
            (0..spread).map(move |i| Value::Float64(f64::from_bits(x.wrapping_add(i << 46))))
        });
        let values: Vec<Value> = doubles.map(Value::canonical).collect();
        let found = over(Aggregate::ApproxPercentile { millionths }, &values).value;
        prop_assert!(percentile_within(&values, millionths, &found), "{found}");
    }

    /// Goal: decayed sums are what real powers of a half give, to the table's step of 2^(1/1024).
    /// Method: doubles, which err less than that.
    #[test]
    fn s20_decay_is_near_the_real_power(
        times in prop::collection::vec((0_i64..DAY_US, 1_i64..100), 1..10),
    ) {
        let rows: Vec<Row> = times.iter().map(|(event_time, x)| Row {
            event_time: *event_time,
            event_id: None,
            ordinal: 0,
            values: vec![Value::Int64(*x)],
        }).collect();
        let day = Window::Exact { length_us: DAY_US, offset_us: 0 };
        let decay = Feature::of(Aggregate::DecayedSum { half_life_us: HOUR_US }, Some(0), day);
        let expected: f64 = times
            .iter()
            .map(|(time, x)| *x as f64 * (-((DAY_US - time) as f64) / HOUR_US as f64).exp2())
            .sum();
        let Value::Float64(found) = outcome(&rows, decay, 0, DAY_US).value else {
            return Err(TestCaseError::fail("a double"));
        };
        prop_assert!((found / expected - 1.0).abs() < 1e-3, "{found} for {expected}");
    }

    /// Goal: a filter, the last rows and a map take rows and nothing else. Method: the rows that each
    /// should take, chosen here, under the feature without it.
    #[test]
    fn s03_what_takes_rows_only_takes_rows(rows in rows(), quarter in 0_i64..50) {
        let as_of = quarter * HOUR_US / 4;
        let lookback_us = 5 * HOUR_US;
        let sliding = Window::Sliding { length_us: lookback_us, offset_us: 0 };
        let list = Feature::of(Aggregate::FirstN { n: 99 }, Some(1), sliding);
        let kept = |keep: &dyn Fn(&Row) -> bool, feature| {
            let kept: Vec<Row> = rows.iter().filter(|row| keep(row)).cloned().collect();
            outcome(&kept, feature, 0, as_of)
        };
        let flagged = |row: &Row| matches!(row.values[2], Value::Bool(true));
        let filtered = Feature { filter: Some(2), ..list };
        is(&outcome(&rows, filtered, 0, as_of), kept(&flagged, list).value)?;

        let by = Feature { by: Some(By { column: 0, limit: 3, top: None }), ..list };
        let groups = (0..3).filter_map(|group| {
            let of_group = |row: &Row| same_bits(&row.values[0], &Value::Int64(group));
            let counted = Feature::of(Aggregate::Count, None, sliding);
            let some = !same_bits(&kept(&of_group, counted).value, &Value::Int64(0));
            some.then(|| (Value::Int64(group), kept(&of_group, list).value))
        });
        is(&outcome(&rows, by, 0, as_of), Value::Map(groups.collect()))?;

        let last = Window::LastRows { rows: 4, skip: 0, lookback_us, exact: false };
        let last = Feature { window: last, ..list };
        let mut before: Vec<Row> = rows.iter().filter(|r| r.event_time < as_of).cloned().collect();
        before.sort_by(Row::order);
        let cut = before.len().saturating_sub(4);
        is(&outcome(&rows, last, 0, as_of), outcome(&before[cut..], list, 0, as_of).value)?;
    }

    /// Goal: the latest closed session. Method: grown backwards from the latest row that has no
    /// follower within the gap, row by row.
    #[test]
    fn s03_sessions_grow_backwards(rows in rows(), quarter in 0_i64..50) {
        let as_of = quarter * HOUR_US / 4;
        let (gap_us, lookback_us) = (HOUR_US / 2, 50 * HOUR_US);
        let mut times: Vec<i64> = rows.iter().map(|row| row.event_time).collect();
        times.retain(|time| *time < as_of);
        times.sort_unstable();
        let closed = |i: &usize| {
            let next = times.get(i + 1).copied().unwrap_or(as_of - 1);
            next - times[*i] > gap_us || times.get(i + 1).is_none() && times[*i] + gap_us < as_of
        };
        let mut count = 0;
        if let Some(last) = (0..times.len()).rev().find(closed) {
            count = 1;
            let mut first = last;
            while first > 0 && times[first] - times[first - 1] <= gap_us {
                first -= 1;
                count += 1;
            }
        }
        let session = Window::Session { gap_us, lookback_us, open: false };
        let counted = Feature::of(Aggregate::Count, None, session);
        is(&outcome(&rows, counted, 0, as_of), Value::Int64(count))?;
    }

    /// Goal: a series is its windows one by one, and they leave nothing out. Method: the newest is the
    /// sliding window; all together are one long exact window.
    #[test]
    fn s03_series_leave_nothing_out(
        rows in rows(), as_of in 0..50 * HOUR_US, origin_s in -9_i64..9, offset_quarters in 0_i64..3,
    ) {
        let (length_us, origin_us) = (3 * HOUR_US, origin_s * 1_000_000);
        let offset_us = offset_quarters * HOUR_US / 4;
        let series = Window::Series { length_us, count: 3, offset_us };
        let spans = series.spans(as_of, origin_us);
        let sliding = Window::Sliding { length_us, offset_us };
        prop_assert_eq!(&spans[..1], &sliding.spans(as_of, origin_us)[..]);
        let list = Feature::of(Aggregate::LastN { n: 99 }, Some(1), series);
        let Value::List(windows) = outcome(&rows, list, origin_us, as_of).value else {
            return Err(TestCaseError::fail("a list"));
        };
        let joined = windows.into_iter().flat_map(|window| match window {
            Value::List(values) => values,
            other => panic!("{other} is no list"),
        });
        let (lo, hi) = (spans[2].lo.unwrap(), spans[0].hi);
        let exact = Window::Exact { length_us: hi - lo, offset_us: as_of - hi };
        let whole = Feature { window: exact, ..list };
        is(&outcome(&rows, whole, origin_us, as_of), Value::List(joined.collect()))?;
    }
}

/// Goal: the list of features holds what it should: 9 windows of 54 aggregates, 4 ways, less rates
/// and decay where they have no meaning. Method: count; also a smoke test without rows.
#[test]
fn every_feature_answers_without_rows() {
    let features = features();
    // Rates: no lifetime (2), no last rows (1). Decay: two aggregates, no lifetime (2).
    assert_eq!(features.len(), 4 * (9 * 54 - 3 - 2 * 2));
    for feature in features {
        assert!(!outcome(&[], feature, 0, 0).overflow, "{feature:?}");
    }
    assert_eq!(column(&[]).len(), 0);
}
