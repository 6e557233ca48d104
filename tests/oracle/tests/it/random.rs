//! Random rows and doubles, and every feature over such rows.
//!
//! Invariant: nothing here computes what a test expects. Deliberately absent: texts and lists in
//! rows; an aggregate's own tests have them.

use crate::asked::HOUR_US;
use lockstep_oracle::{Aggregate, By, Feature, Kind, Outcome, Row, Value, Window, same_bits};
use proptest::prelude::*;

/// Doubles of like and unlike sizes; some integers, which cancel exactly.
pub(crate) fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (-9_i32..9).prop_map(f64::from),
        2 => -1e3..1e3_f64,
        1 => (any::<i64>(), -60_i32..60).prop_map(|(x, e)| x as f64 * 2_f64.powi(e)),
    ]
}

pub(crate) fn is(found: &Outcome, expected: Value) -> Result<(), TestCaseError> {
    prop_assert!(same_bits(&found.value, &expected), "found {}, expected {expected}", found.value);
    Ok(())
}

/// A row of a group, a number and a flag, every part of it perhaps null, near a few hours.
fn row() -> impl Strategy<Value = Row> {
    let optional = |value: BoxedStrategy<Value>| prop_oneof![4 => value, 1 => Just(Value::Null)];
    let values = (
        optional((0_i64..3).prop_map(Value::Int64).boxed()),
        optional((-5_i64..5).prop_map(Value::Int64).boxed()),
        optional(any::<bool>().prop_map(Value::Bool).boxed()),
    );
    let event_time =
        (0_i64..40, -1_i64..2).prop_map(|(quarter, beside)| quarter * HOUR_US / 4 + beside);
    (event_time, values).prop_map(|(event_time, v)| Row {
        event_time,
        event_id: None,
        ordinal: 0,
        values: vec![v.0, v.1, v.2],
    })
}

pub(crate) fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 0..30)
}

fn windows() -> [Window; 9] {
    let (length_us, lookback_us) = (3 * HOUR_US, 5 * HOUR_US);
    [
        Window::LIFETIME,
        Window::Lifetime { offset_us: HOUR_US },
        Window::Sliding { length_us, offset_us: 0 },
        Window::Sliding { length_us, offset_us: HOUR_US },
        Window::Exact { length_us, offset_us: 7 },
        Window::Hopping { length_us, step_us: HOUR_US, offset_us: 0 },
        Window::Series { length_us, count: 3, offset_us: 0 },
        Window::LastRows { rows: 4, skip: 0, lookback_us, exact: false },
        Window::Session { gap_us: HOUR_US / 2, lookback_us, open: false },
    ]
}

/// Every aggregate that has a meaning over the number of `row`, in every window that it has one in,
/// with and without a filter and a map.
pub(crate) fn features() -> Vec<Feature> {
    use Aggregate as A;
    let (limit, half_life_us, other, by) = (6, HOUR_US, 0, 0);
    let millionths = 300_000;
    let aggregates = [
        A::Count,
        A::Sum,
        A::Mean,
        A::Min,
        A::Max,
        A::First,
        A::Last,
        A::FirstRow,
        A::LastRow,
        A::ArgMin { by },
        A::ArgMax { by },
        A::VarPop,
        A::StddevSamp,
        A::Skewness,
        A::Kurtosis,
        A::CovarSamp { other },
        A::Corr { other },
        A::RegrSlope { other },
        A::RegrIntercept { other },
        A::RegrR2 { other },
        A::Product,
        A::BitAnd,
        A::BitOr,
        A::BitXor,
        A::FirstN { n: 3 },
        A::LastN { n: 3 },
        A::FirstRows { n: 3 },
        A::LastRows { n: 3 },
        A::List { limit },
        A::FirstDistinct { n: 3 },
        A::LastDistinct { n: 3 },
        A::TopK { k: 3 },
        A::BottomK { k: 3 },
        A::UniqueCount { limit },
        A::Histogram { limit },
        A::Mode { limit },
        A::Entropy { limit },
        A::MostFrequent { n: 3, limit },
        A::ModeShare { limit },
        A::DistinctSum { limit },
        A::DistinctMean { limit },
        A::DistinctStddevPop { limit },
        A::DistinctStddevSamp { limit },
        A::PercentileDisc { millionths, limit },
        A::PercentileCont { millionths, limit },
        A::Median { limit },
        A::Iqr { limit },
        A::ApproxCountDistinct { precision: 8 },
        A::ApproxPercentile { millionths: 500_000 },
        A::Rate { unit_us: HOUR_US },
        A::TimeSinceFirst,
        A::TimeSinceLast,
        A::DecayedSum { half_life_us },
        A::DecayedCount { half_life_us },
    ];
    let columns = [("group", Kind::Int64), ("number", Kind::Int64), ("flag", Kind::Bool)];
    let mut features = Vec::new();
    for window in windows() {
        for aggregate in aggregates {
            for filter in [None, Some(2)] {
                for by in [None, Some(By { column: 0, limit: 2, top: None })] {
                    let plain = Feature::of(aggregate, Some(1), window);
                    features.push(Feature { filter, by, ..plain });
                }
            }
        }
    }
    features.retain(|feature| feature.kind(&columns).is_ok());
    features
}
