//! The definition against values worked out by hand.
//!
//! Invariant: every expectation here follows from a rule of SEMANTICS.md by reading it.
//! Deliberately absent: random rows, which `history.rs` has.

use lockstep_oracle::{
    Aggregate, Boundary, Feature, Row, Value, Window, effective, same_bits, value,
};

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// 2024-05-01T00:00:00Z.
const MAY_US: i64 = 19_844 * DAY_US;

fn sliding(length_us: i64) -> Window {
    Window::Sliding { length_us, offset_us: 0 }
}

fn row(event_time: i64, event_id: &str, value: Value) -> Row {
    Row { event_time, event_id: Some(event_id.to_string()), ordinal: 0, values: vec![value] }
}

fn over(inputs: &[Value], aggregate: Aggregate) -> Value {
    let rows: Vec<Row> = (0..).zip(inputs).map(|(time, v)| row(time, "x", v.clone())).collect();
    value(&rows, Feature::of(aggregate, Some(0), Window::LIFETIME), DAY_US)
}

#[track_caller]
fn same(found: &Value, expected: &Value) {
    assert!(same_bits(found, expected), "found {found}, expected {expected}");
}

fn bounds(window: Window, as_of: i64) -> (Option<i64>, i64) {
    let spans = window.spans(as_of, 0);
    assert_eq!(spans.len(), 1);
    (spans[0].lo, spans[0].hi)
}

/// Goal: the bounds of windows. Method: a row of times written out by hand for each hop.
#[test]
fn s03_bounds_of_windows() {
    let as_of = MAY_US + 10 * HOUR_US + 20 * 60_000_000 + 30_000_000 + 7;
    let five_min = |micros: i64| micros * 5 * 60_000_000;
    for (window, lo, hi) in [
        (sliding(HOUR_US), MAY_US + 9 * HOUR_US + five_min(4), as_of),
        (sliding(12 * HOUR_US - five_min(1)), MAY_US - 2 * HOUR_US + five_min(5), as_of),
        (sliding(12 * HOUR_US), MAY_US - 2 * HOUR_US, as_of),
        (sliding(7 * DAY_US), MAY_US - 7 * DAY_US + 10 * HOUR_US, as_of),
        (sliding(12 * DAY_US), MAY_US - 12 * DAY_US, as_of),
        (sliding(30 * DAY_US), MAY_US - 30 * DAY_US, as_of),
        (
            Window::Sliding { length_us: 7 * DAY_US, offset_us: 7 * DAY_US },
            MAY_US - 14 * DAY_US + 10 * HOUR_US,
            MAY_US - 7 * DAY_US + 10 * HOUR_US,
        ),
        (
            Window::Sliding { length_us: 30 * DAY_US, offset_us: HOUR_US },
            MAY_US - 30 * DAY_US,
            MAY_US,
        ),
    ] {
        assert_eq!(bounds(window, as_of), (Some(lo), hi), "{window:?}");
    }
    assert_eq!(bounds(Window::LIFETIME, as_of), (None, as_of));
    // Before 1970 a floor still goes toward minus infinity.
    assert_eq!(bounds(sliding(HOUR_US), -1), (Some(-HOUR_US - 5 * 60_000_000), -1));
    // At the ends of time, arithmetic saturates (S2).
    let (start, end) = (-(1_i64 << 62), 1_i64 << 62);
    assert_eq!(bounds(sliding(DAY_US), start), (Some(start), start));
    assert_eq!(effective(end, Boundary::Inclusive, 0), end);
    assert_eq!(effective(start, Boundary::Strict, DAY_US), start);
}

/// Goal: the edges `[lo, as_of)`, the inclusive boundary and the delay. Method: rows on and beside
/// each edge of a window, counted.
#[test]
fn s04_boundary_and_s05_delay() {
    let as_of = MAY_US + 1;
    let lo = MAY_US - 30 * DAY_US;
    let times = [lo - 1, lo, as_of - 1, as_of, as_of + 1];
    let rows: Vec<Row> = times.iter().map(|time| row(*time, "x", Value::Null)).collect();
    let month = sliding(30 * DAY_US);
    let count = Feature::of(Aggregate::Count, None, month);
    for (boundary, delay_us, expected) in [
        (Boundary::Strict, 0, 2),
        (Boundary::Inclusive, 0, 3),
        (Boundary::Inclusive, 1, 2),
        (Boundary::Strict, 1, 1),
        (Boundary::Strict, 2, 2),
    ] {
        let at = effective(as_of, boundary, delay_us);
        same(&value(&rows, count, at), &Value::Int64(expected));
    }
}

/// Goal: the order of rows. Method: ties in time, told apart by id, by ordinal, and without ids by
/// the whole row; every arrangement of the rows gives the same.
#[test]
fn s15_first_and_last_follow_row_order() {
    let text = |text: &str| Value::Text(text.to_string());
    let mut rows = vec![
        row(5, "b", text("second")),
        row(5, "é", text("third")),
        row(9, "a", Value::Null),
        row(5, "B", text("first")),
    ];
    rows.push(Row { ordinal: 1, ..row(5, "é", text("fourth")) });
    for _ in 0..rows.len() {
        rows.rotate_left(1);
        for (aggregate, expected) in [(Aggregate::First, "first"), (Aggregate::Last, "fourth")] {
            let feature = Feature::of(aggregate, Some(0), Window::LIFETIME);
            same(&value(&rows, feature, DAY_US), &text(expected));
        }
    }
    let without_id = |values: [Value; 2]| Row {
        event_time: 5,
        event_id: None,
        ordinal: 0,
        values: values.to_vec(),
    };
    let rows = [
        without_id([Value::Int64(2), Value::Float64(-0.0)]),
        without_id([Value::Null, Value::Float64(7.0)]),
        without_id([Value::Int64(2), Value::Float64(0.0)]),
    ];
    let last = |column| Feature::of(Aggregate::Last, Some(column), Window::LIFETIME);
    same(&value(&rows, last(0), DAY_US), &Value::Int64(2));
    same(&value(&rows, last(1), DAY_US), &Value::Float64(0.0));
    let first = Feature { aggregate: Aggregate::First, ..last(1) };
    same(&value(&rows, first, DAY_US), &Value::Float64(7.0));
}

/// Goal: nulls are skipped and nothing is left. Method: nulls only, and nulls among values.
#[test]
fn s16_nulls_and_empty_windows() {
    use Aggregate::{Count, First, Last, Max, Mean, Min, Sum};
    for inputs in [&[][..], &[Value::Null, Value::Null]] {
        same(&over(inputs, Count), &Value::Int64(0));
        for aggregate in [Sum, Mean, Min, Max, First, Last] {
            same(&over(inputs, aggregate), &Value::Null);
        }
    }
    let inputs = [Value::Null, Value::Int64(4), Value::Null, Value::Int64(-1), Value::Null];
    let expectations = [(Count, 2), (Sum, 3), (Min, -1), (Max, 4), (First, 4), (Last, -1)];
    for (aggregate, expected) in expectations {
        same(&over(&inputs, aggregate), &Value::Int64(expected));
    }
    same(&over(&inputs, Mean), &Value::Float64(1.5));
    let rows = [row(0, "a", Value::Null), row(0, "b", Value::Int64(1))];
    let rows_counted = Feature::of(Count, None, Window::LIFETIME);
    same(&value(&rows, rows_counted, 1), &Value::Int64(2));
}

/// Goal: sums and means are exact and rounded once. Method: inputs on which a running sum errs.
#[test]
fn s17_sums_and_means_round_once() {
    let doubles = |list: &[f64]| list.iter().map(|x| Value::Float64(*x)).collect::<Vec<_>>();
    let sum = |list: &[f64], expected: f64| {
        same(&over(&doubles(list), Aggregate::Sum), &Value::Float64(expected));
    };
    let nan = f64::from_bits(0x7ff8_0000_0000_0000);
    let infinite = f64::INFINITY;
    sum(&[1e16, 1.0, -1e16], 1.0);
    sum(&[0.1; 10], 1.0);
    sum(&[f64::MAX, f64::MAX, -f64::MAX], f64::MAX);
    sum(&[f64::MAX, f64::MAX], infinite);
    sum(&[-f64::MAX, -f64::MAX], -infinite);
    sum(&[5e-324, 5e-324], 1e-323);
    sum(&[-0.0, -0.0], 0.0);
    sum(&[1.5, -1.5], 0.0);
    sum(&[infinite, 1.0, infinite], infinite);
    sum(&[infinite, -infinite], nan);
    sum(&[-nan, infinite], nan);
    let mean = |list: &[f64], expected: f64| {
        same(&over(&doubles(list), Aggregate::Mean), &Value::Float64(expected));
    };
    mean(&[f64::MAX, f64::MAX], f64::MAX);
    mean(&[1.0, 0.0, 0.0], 1.0 / 3.0);
    mean(&[-infinite, 3.0], -infinite);
    mean(&[1.0, -1.0], 0.0);
    let singles = [Value::Float32(0.1), Value::Float32(0.1)];
    same(&over(&singles, Aggregate::Sum), &Value::Float64(2.0 * f64::from(0.1_f32)));
}

/// Goal: integer sums overflow at the end only, and their mean not at all. Method: the extremes.
#[test]
fn s17_integer_sums_overflow_to_null() {
    let whole = |list: &[i64]| list.iter().map(|x| Value::Int64(*x)).collect::<Vec<_>>();
    let (least, most) = (i64::MIN, i64::MAX);
    same(&over(&whole(&[most, 1]), Aggregate::Sum), &Value::Null);
    same(&over(&whole(&[most, 1, -1]), Aggregate::Sum), &Value::Int64(most));
    same(&over(&whole(&[least, least, most, 1]), Aggregate::Sum), &Value::Int64(least));
    let expected = Value::Float64(9_223_372_036_854_775_807.0);
    same(&over(&whole(&[most, most]), Aggregate::Mean), &expected);
    // 2^53 + 1 and 2^53 + 2: the exact mean is a tie below 2^53 + 2, and the even one is that.
    let mean = over(&whole(&[(1 << 53) + 1, (1 << 53) + 2]), Aggregate::Mean);
    same(&mean, &Value::Float64(9_007_199_254_740_994.0));
}

/// Goal: least and greatest keep type and bits. Method: zeros, NaNs and singles.
#[test]
fn s14_extremes_keep_the_type() {
    let inputs = [Value::Float64(0.0), Value::Float64(-0.0)];
    same(&over(&inputs, Aggregate::Min), &Value::Float64(-0.0));
    same(&over(&inputs, Aggregate::Max), &Value::Float64(0.0));
    let odd_nan = Value::Float32(f32::from_bits(0xffc0_1234));
    let inputs = [odd_nan, Value::Float32(f32::INFINITY)];
    same(&over(&inputs, Aggregate::Max), &Value::Float32(f32::from_bits(0x7fc0_0000)));
    same(&over(&inputs, Aggregate::Min), &Value::Float32(f32::INFINITY));
    let inputs = [Value::Timestamp(3), Value::Timestamp(-3)];
    same(&over(&inputs, Aggregate::Min), &Value::Timestamp(-3));
    let inputs = [Value::Bool(true), Value::Bool(false)];
    same(&over(&inputs, Aggregate::Max), &Value::Bool(true));
}
