//! The prefix forms against the definition's loop, on random rows.
//!
//! Invariant: for every feature and `as_of` the two agree bit by bit. Deliberately absent: large
//! inputs; a fault of a prefix or a sparse table shows on a dozen rows.

use lockstep_oracle::{Aggregate, Feature, History, Row, Value, Window, same_bits, value};
use proptest::prelude::*;

const HOUR_US: i64 = 3_600_000_000;
const AGGREGATES: [Aggregate; 7] = [
    Aggregate::Count,
    Aggregate::Sum,
    Aggregate::Mean,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::First,
    Aggregate::Last,
];

fn windows() -> [Window; 4] {
    let sliding = |hours, offset_hours| Window::Sliding {
        length_us: hours * HOUR_US,
        offset_us: offset_hours * HOUR_US,
    };
    [sliding(1, 0), sliding(24, 0), sliding(3, 2), Window::LIFETIME]
}

/// All features over an integer, a double, a single, a text and a time, as far as they apply.
fn features() -> Vec<Feature> {
    let mut features = Vec::new();
    for window in windows() {
        features.push(Feature::of(Aggregate::Count, None, window));
        for aggregate in AGGREGATES {
            let number = matches!(aggregate, Aggregate::Sum | Aggregate::Mean);
            let columns = if number { 0..3 } else { 0..5 };
            features.extend(columns.map(|c| Feature::of(aggregate, Some(c), window)));
        }
    }
    features
}

fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => -5_i64..5,
        1 => any::<i64>(),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN)],
    ]
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (-50_i32..50).prop_map(|x| f64::from(x) / 10.0),
        2 => any::<u64>().prop_map(f64::from_bits),
        1 => prop_oneof![
            Just(-0.0),
            Just(0.0),
            Just(5e-324),
            Just(f64::MAX),
            Just(-f64::MAX),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(-f64::NAN),
        ],
    ]
}

fn row(with_id: bool) -> impl Strategy<Value = Row> {
    let optional = |value: BoxedStrategy<Value>| prop_oneof![3 => value, 1 => Just(Value::Null)];
    let values = (
        optional(integer().prop_map(Value::Int64).boxed()),
        optional(double().prop_map(Value::Float64).boxed()),
        optional(any::<u32>().prop_map(|bits| Value::Float32(f32::from_bits(bits))).boxed()),
        optional("[aé]{0,2}".prop_map(Value::Text).boxed()),
        optional((-3_i64..3).prop_map(Value::Timestamp).boxed()),
    );
    // Few times, so that many rows tie; on and beside the hops.
    let event_time = (-30_i64..30, -1_i64..2).prop_map(|(h, beside)| h * HOUR_US / 2 + beside);
    let parts = (event_time, "[abé]{1,2}", 0_u32..2, values);
    parts.prop_map(move |(event_time, event_id, ordinal, v)| Row {
        event_time,
        event_id: with_id.then_some(event_id),
        ordinal,
        values: vec![v.0, v.1, v.2, v.3, v.4],
    })
}

/// Rows of distinct identity, as deduplication leaves them (S10).
fn rows() -> impl Strategy<Value = Vec<Row>> {
    any::<bool>().prop_flat_map(|with_id| prop::collection::vec(row(with_id), 0..40)).prop_map(
        |mut rows| {
            let mut seen = std::collections::HashSet::new();
            rows.retain(|row| {
                let identity = (row.event_time, row.event_id.clone(), row.ordinal);
                row.event_id.is_none() || seen.insert(identity)
            });
            rows
        },
    )
}

/// The same rows in two orders.
fn rows_twice() -> impl Strategy<Value = (Vec<Row>, Vec<Row>)> {
    rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Goal: every prefix form equals the definition, wherever the window's edges fall. Method:
    /// random rows with ties, nulls and hard numbers; each feature at each of some times.
    #[test]
    fn s01_prefix_forms_equal_the_definition(
        rows in rows(),
        times in prop::collection::vec((-40_i64..40, -1_i64..2), 1..6),
    ) {
        let features = features();
        let history = History::new(rows.clone(), &features);
        for (half_hours, beside) in times {
            let as_of = half_hours * HOUR_US / 2 + beside;
            for feature in &features {
                let expected = value(&rows, *feature, as_of);
                let found = history.value(*feature, as_of);
                prop_assert!(
                    same_bits(&expected, &found),
                    "{feature:?} at {as_of}: definition {expected}, history {found}"
                );
            }
        }
    }

    /// Goal: the rows are a set. Method: the same rows in another order.
    #[test]
    fn s01_order_of_arrival_changes_nothing(
        (rows, shuffled) in rows_twice(),
    ) {
        for feature in features() {
            let (a, b) = (value(&rows, feature, HOUR_US), value(&shuffled, feature, HOUR_US));
            prop_assert!(same_bits(&a, &b), "{feature:?}: {a} and {b}");
        }
    }
}

/// Goal: a key without rows, and columns nobody reads. Method: empty histories.
#[test]
fn s16_empty_histories_answer() {
    let history = History::new(vec![], &features());
    for feature in features() {
        let expected = value(&[], feature, 0);
        assert!(same_bits(&history.value(feature, 0), &expected), "{feature:?}");
    }
}
