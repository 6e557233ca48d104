//! What takes rows: the first and last ones, and those of another column's extreme.
//!
//! Invariant: every expectation follows from docs/FEATURES.md by reading it. Deliberately absent: the
//! order of rows at one time, which `definition.rs` has.

use crate::asked::{
    DAY_US, HOUR_US, column, doubles, ints, over, over_pairs, overflows, row, same, text, texts,
};
use lockstep_oracle::{Aggregate, By, Feature, Row, Value, Window, outcome};

fn list(values: &[Value]) -> Value {
    Value::List(values.to_vec())
}

/// Goal: rows are taken with their nulls. Method: nulls at the start, in the middle and at the end.
#[test]
fn s16_rows_keep_their_nulls() {
    use Aggregate::{FirstRow, FirstRows, LastRow, LastRows};
    let (null, one, two) = (Value::Null, Value::Int64(1), Value::Int64(2));
    let inputs = [null.clone(), one.clone(), null.clone(), two.clone(), null.clone()];
    same(&over(FirstRow, &inputs), null.clone());
    same(&over(LastRow, &inputs), null.clone());
    same(&over(FirstRow, &inputs[1..4]), one.clone());
    same(&over(LastRow, &inputs[1..4]), two.clone());
    same(&over(Aggregate::First, &inputs), one.clone());
    same(&over(FirstRows { n: 2 }, &inputs), list(&[null.clone(), one]));
    same(&over(LastRows { n: 2 }, &inputs), list(&[null.clone(), two]));
    let mut backwards = inputs.clone();
    backwards.reverse();
    for n in [5, 6, 1000] {
        same(&over(FirstRows { n }, &inputs), list(&inputs));
        same(&over(LastRows { n }, &inputs), list(&backwards));
    }
    for (aggregate, empty) in [
        (FirstRow, null.clone()),
        (LastRow, null.clone()),
        (FirstRows { n: 2 }, list(&[])),
        (LastRows { n: 2 }, list(&[])),
    ] {
        same(&over(aggregate, &[]), empty);
    }
    same(&over(FirstRows { n: 2 }, std::slice::from_ref(&null)), list(std::slice::from_ref(&null)));
}

/// Goal: a value keeps its type and bits. Method: zeros, a NaN, a single, texts.
#[test]
fn s14_rows_keep_the_type() {
    let nan = f64::from_bits(0x7ff8_0000_0000_0000);
    let odd = doubles(&[-0.0, f64::from_bits(0xfff8_1234_0000_0000)]);
    same(&over(Aggregate::FirstRow, &odd), Value::Float64(-0.0));
    same(&over(Aggregate::LastRow, &odd), Value::Float64(nan));
    same(&over(Aggregate::LastRows { n: 2 }, &odd), list(&doubles(&[nan, -0.0])));
    same(&over(Aggregate::LastRow, &[Value::Float32(1.4)]), Value::Float32(1.4));
    same(&over(Aggregate::FirstRows { n: 1 }, &texts(&["é", "a"])), list(&texts(&["é"])));
}

/// A letter, a number and a flag an hour.
fn hours() -> Vec<Row> {
    let flag = Value::Bool;
    let rows = [
        [text("a"), Value::Int64(1), flag(false)],
        [text("a"), Value::Null, flag(true)],
        [text("b"), Value::Int64(3), flag(true)],
        [text("b"), Value::Int64(4), Value::Null],
        [Value::Null, Value::Int64(5), flag(true)],
        [text("c"), Value::Null, flag(true)],
    ];
    (0..).zip(rows).map(|(hour, values)| row(hour * HOUR_US, &values)).collect()
}

/// Goal: rows are taken after the filter, the window and the map's key. Method: each of them over
/// rows whose first and last differ by it.
#[test]
fn s03_rows_are_those_of_the_feature() {
    let rows = hours();
    let of = |aggregate, column| Feature::of(aggregate, Some(column), Window::LIFETIME);
    let at = |feature| outcome(&rows, feature, 0, DAY_US);
    let flagged = |aggregate| Feature { filter: Some(2), ..of(aggregate, 1) };
    same(&at(flagged(Aggregate::FirstRow)), Value::Null);
    same(&at(flagged(Aggregate::LastRow)), Value::Null);
    let three = [Value::Null, Value::Int64(3), Value::Int64(5)];
    same(&at(flagged(Aggregate::FirstRows { n: 3 })), list(&three));
    // Two columns are of the same rows: the last with a number is not the last.
    same(&at(of(Aggregate::LastRow, 0)), text("c"));
    same(&at(of(Aggregate::LastRow, 1)), Value::Null);

    let by =
        |aggregate| Feature { by: Some(By { column: 0, limit: 3, top: None }), ..of(aggregate, 1) };
    let map = |values: [Value; 3]| {
        Value::Map(["a", "b", "c"].map(text).into_iter().zip(values).collect())
    };
    same(&at(by(Aggregate::FirstRow)), map([Value::Int64(1), Value::Int64(3), Value::Null]));
    same(&at(by(Aggregate::LastRow)), map([Value::Null, Value::Int64(4), Value::Null]));

    let lookback_us = DAY_US;
    let last = |rows| Feature {
        window: Window::LastRows { rows, skip: 0, lookback_us, exact: false },
        ..of(Aggregate::FirstRow, 1)
    };
    same(&at(last(1)), Value::Null);
    same(&at(last(3)), Value::Int64(4));
    let filtered = Feature { filter: Some(2), ..last(3) };
    same(&at(filtered), Value::Int64(3));

    let session = Window::Session { gap_us: HOUR_US, lookback_us, open: false };
    same(&at(Feature { window: session, ..of(Aggregate::FirstRow, 1) }), Value::Int64(1));
    let series = Window::Series { length_us: 2 * HOUR_US, count: 4, offset_us: 18 * HOUR_US };
    let pairs = [[5, 0], [3, 4], [1, 0]].map(|pair| {
        Value::List(pair.map(|x| if x == 0 { Value::Null } else { Value::Int64(x) }).to_vec())
    });
    let first_two = Feature { window: series, ..of(Aggregate::FirstRows { n: 2 }, 1) };
    let [newest, middle, oldest] = pairs;
    same(&at(first_two), list(&[newest, middle, oldest, list(&[])]));
}

/// Goal: the row of the least and of the greatest, of several the first. Method: ties of both; the
/// same for texts, times and flags.
#[test]
fn s15_the_first_of_equal_extremes_counts() {
    let (by, least, most) = (1, Aggregate::ArgMin { by: 1 }, Aggregate::ArgMax { by: 1 });
    let letters = |order: &[Value]| -> Vec<(Value, Value)> {
        texts(&["a", "b", "c", "d", "e"]).into_iter().zip(order.iter().cloned()).collect()
    };
    for order in [
        ints(&[2, 1, 3, 1, 3]),
        texts(&["b", "", "é", "", "é"]),
        [2, 1, 3, 1, 3].map(Value::Timestamp).to_vec(),
        [2.0, -1.5, 3.0, -1.5, 3.0].map(Value::Float32).to_vec(),
    ] {
        same(&over_pairs(least, &letters(&order)), text("b"));
        same(&over_pairs(most, &letters(&order)), text("c"));
    }
    let flags = [true, false, true, false].map(Value::Bool);
    same(&over_pairs(least, &letters(&flags)), text("b"));
    same(&over_pairs(most, &letters(&flags)), text("a"));
    let equal = letters(&ints(&[7, 7, 7]));
    same(&over_pairs(least, &equal), text("a"));
    same(&over_pairs(most, &equal), text("a"));
    // By itself a column has its own extremes.
    let rows = column(&ints(&[2, 1, 3]));
    for (aggregate, expected) in
        [(Aggregate::ArgMin { by: 0 }, 1), (Aggregate::ArgMax { by: 0 }, 3)]
    {
        let feature = Feature::of(aggregate, Some(0), Window::LIFETIME);
        same(&outcome(&rows, feature, 0, DAY_US), Value::Int64(expected));
    }
    assert_eq!(least, Aggregate::ArgMin { by });
}

/// Goal: the order of floats is that of S14. Method: zeros of both signs, which are no tie; NaNs, which
/// are one and the greatest.
#[test]
fn s14_extremes_follow_the_order_of_floats() {
    let (least, most) = (Aggregate::ArgMin { by: 1 }, Aggregate::ArgMax { by: 1 });
    let numbered = |order: &[f64]| -> Vec<(Value, Value)> {
        (0..).map(Value::Int64).zip(doubles(order)).collect()
    };
    let zeros = numbered(&[0.0, -0.0, 0.0, -0.0]);
    same(&over_pairs(least, &zeros), Value::Int64(1));
    same(&over_pairs(most, &zeros), Value::Int64(0));
    let other_nan = f64::from_bits(0xfff8_1234_0000_0000);
    let odd = numbered(&[f64::INFINITY, other_nan, f64::NAN, f64::NEG_INFINITY]);
    same(&over_pairs(least, &odd), Value::Int64(3));
    same(&over_pairs(most, &odd), Value::Int64(1));
    same(&over_pairs(least, &odd[1..3]), Value::Int64(1));
    let nans = [(Value::Float64(other_nan), Value::Int64(1))];
    let nan = f64::from_bits(0x7ff8_0000_0000_0000);
    same(&over_pairs(least, &nans), Value::Float64(nan));
}

/// Goal: only rows in which both columns are present count. Method: the least and the greatest beside
/// nulls, and nulls where the least and the greatest would be.
#[test]
fn s16_extremes_need_both_columns() {
    let (least, most) = (Aggregate::ArgMin { by: 1 }, Aggregate::ArgMax { by: 1 });
    let pairs = [
        (Value::Null, Value::Int64(-9)),
        (text("null"), Value::Null),
        (text("low"), Value::Int64(1)),
        (text("high"), Value::Int64(2)),
        (Value::Null, Value::Int64(9)),
    ];
    same(&over_pairs(least, &pairs), text("low"));
    same(&over_pairs(most, &pairs), text("high"));
    for none in [&pairs[..2], &pairs[4..], &[]] {
        same(&over_pairs(least, none), Value::Null);
        same(&over_pairs(most, none), Value::Null);
    }
    let by = Feature {
        by: Some(By { column: 0, limit: 1, top: None }),
        ..Feature::of(most, Some(0), Window::LIFETIME)
    };
    let rows: Vec<Row> = (0..).zip(pairs).map(|(t, (x, y))| row(t, &[x, y])).collect();
    overflows(&outcome(&rows, by, 0, DAY_US));
}
