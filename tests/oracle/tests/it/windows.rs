//! Windows, filters and maps against values worked out by hand.
//!
//! Invariant: every expectation follows from S3 or docs/FEATURES.md by reading it. Deliberately
//! absent: the sliding windows of `definition.rs`.

use crate::asked::{DAY_US, HOUR_US, overflows, row, same, text};
use lockstep_oracle::{Aggregate, By, Feature, Row, Span, Value, Window, outcome};

const MINUTE_US: i64 = 60_000_000;
const END_US: i64 = 1 << 62;

fn span(lo: i64, hi: i64) -> Span {
    Span { lo: Some(lo), hi }
}

fn count(window: Window) -> Feature {
    Feature::of(Aggregate::Count, None, window)
}

fn at(times: &[i64]) -> Vec<Row> {
    times.iter().map(|time| row(*time, &[Value::Int64(*time)])).collect()
}

/// The times of the rows that a window takes, as the values of a column.
fn taken(rows: &[Row], window: Window, as_of: i64) -> Vec<i64> {
    let list = Feature::of(Aggregate::FirstN { n: 99 }, Some(0), window);
    let Value::List(list) = outcome(rows, list, 0, as_of).value else { panic!("a list") };
    let whole = |value: &Value| match value {
        Value::Int64(time) => *time,
        other => panic!("{other}"),
    };
    list.iter().map(whole).collect()
}

/// Goal: exact, hopping and lifetime bounds with and without offset. Method: an `as_of` beside the
/// hour, also before 1970.
#[test]
fn s03_bounds_beside_the_grid() {
    let as_of = 50 * HOUR_US + 7;
    for (window, expected) in [
        (Window::Exact { length_us: 90, offset_us: 0 }, span(as_of - 90, as_of)),
        (Window::Exact { length_us: 90, offset_us: 5 }, span(as_of - 95, as_of - 5)),
        (
            Window::Hopping { length_us: DAY_US, step_us: HOUR_US, offset_us: 0 },
            span(26 * HOUR_US, 50 * HOUR_US),
        ),
        (
            Window::Hopping { length_us: DAY_US, step_us: HOUR_US, offset_us: 8 },
            span(25 * HOUR_US, 49 * HOUR_US),
        ),
        (
            Window::Hopping { length_us: DAY_US, step_us: DAY_US, offset_us: 0 },
            span(DAY_US, 2 * DAY_US),
        ),
        (Window::Lifetime { offset_us: 7 }, Span { lo: None, hi: 50 * HOUR_US }),
        (
            Window::LastRows { rows: 3, skip: 0, lookback_us: DAY_US, exact: false },
            span(26 * HOUR_US, as_of),
        ),
        (
            Window::Session { gap_us: 5, lookback_us: HOUR_US, open: false },
            span(49 * HOUR_US, as_of),
        ),
    ] {
        assert_eq!(window.spans(as_of, 0), [expected], "{window:?}");
    }
    let hopping = Window::Hopping { length_us: HOUR_US, step_us: HOUR_US, offset_us: 0 };
    assert_eq!(hopping.spans(-1, 0), [span(-2 * HOUR_US, -HOUR_US)]);
}

/// Goal: an origin moves the grid of hops and steps, and nothing else. Method: an origin 10 s after a
/// grid point, before and after the question.
#[test]
fn s03_origin_moves_the_grid() {
    let ten = 10_000_000;
    let as_of = 50 * HOUR_US + 7;
    for origin_us in [ten, ten + 1000 * DAY_US, ten - 1000 * DAY_US] {
        let spans = |window: Window| window.spans(as_of, origin_us);
        let day = Window::Sliding { length_us: DAY_US, offset_us: 0 };
        assert_eq!(spans(day), [span(25 * HOUR_US + ten, as_of)]);
        let hopping = Window::Hopping { length_us: DAY_US, step_us: HOUR_US, offset_us: 0 };
        assert_eq!(spans(hopping), [span(25 * HOUR_US + ten, 49 * HOUR_US + ten)]);
        let offset = Window::Sliding { length_us: DAY_US, offset_us: HOUR_US };
        assert_eq!(spans(offset), [span(24 * HOUR_US + ten, 48 * HOUR_US + ten)]);
        let exact = Window::Exact { length_us: DAY_US, offset_us: 0 };
        assert_eq!(spans(exact), [span(as_of - DAY_US, as_of)]);
        let series = Window::Series { length_us: DAY_US, count: 2, offset_us: 0 };
        let middle = 25 * HOUR_US + ten;
        assert_eq!(spans(series), [span(middle, as_of), span(HOUR_US + ten, middle)]);
    }
}

/// Goal: arithmetic saturates at both ends of time (S2). Method: the ends themselves.
#[test]
fn s02_windows_saturate() {
    let exact = Window::Exact { length_us: DAY_US, offset_us: HOUR_US };
    assert_eq!(exact.spans(-END_US, 0), [span(-END_US, -END_US)]);
    let far = Window::Exact { length_us: END_US, offset_us: END_US };
    assert_eq!(far.spans(END_US, 0), [span(-END_US, 0)]);
    let series = Window::Series { length_us: END_US / 2, count: 6, offset_us: 0 };
    let spans = series.spans(0, 0);
    assert_eq!(spans[5], span(-END_US, -END_US));
    assert!(spans.windows(2).all(|pair| pair[0].lo == Some(pair[1].hi)));
    let hopping = Window::Hopping { length_us: DAY_US, step_us: DAY_US, offset_us: 0 };
    assert_eq!(hopping.spans(-END_US, 0), [span(-END_US, -END_US)]);
    assert!(outcome(&at(&[-END_US]), count(hopping), 0, -END_US).value.to_string() == "int64 0");
}

/// Goal: a series is a list, newest first, of windows that abut on hops. Method: a row in each, on
/// and beside the edges.
#[test]
fn s03_series_are_lists_newest_first() {
    let as_of = 100 * DAY_US + 90 * MINUTE_US;
    let series = Window::Series { length_us: 7 * DAY_US, count: 3, offset_us: 0 };
    // Hops of an hour: the bounds are 93 d, 86 d and 79 d, each and an hour.
    let edge = |days: i64| days * DAY_US + HOUR_US;
    let rows = at(&[as_of, as_of - 1, edge(93), edge(93) - 1, edge(86), edge(79) - 1]);
    let counts = |list: &[i64]| Value::List(list.iter().map(|x| Value::Int64(*x)).collect());
    same(&outcome(&rows, count(series), 0, as_of), counts(&[2, 2, 0]));
    let offset = Window::Series { length_us: 7 * DAY_US, count: 3, offset_us: 7 * DAY_US };
    same(&outcome(&rows, count(offset), 0, as_of), counts(&[2, 0, 1]));
    let means = Feature::of(Aggregate::Mean, Some(0), series);
    let nothing = Value::List(vec![Value::Null; 3]);
    same(&outcome(&rows, means, 0, 0), nothing);
    // One window that overflows is null by itself.
    let great = [row(edge(93), &[Value::Int64(i64::MAX)]), row(edge(93), &[Value::Int64(1)])];
    let sums = outcome(&great, Feature::of(Aggregate::Sum, Some(0), series), 0, as_of);
    assert!(sums.overflow);
    assert_eq!(sums.value.to_string(), "list [null, null, null]");
    let sums = outcome(&great[1..], Feature::of(Aggregate::Sum, Some(0), series), 0, as_of);
    same(&sums, Value::List(vec![Value::Int64(1), Value::Null, Value::Null]));
}

/// Goal: the last rows are taken after the filter, nulls included. Method: five rows, the last of
/// them null or filtered away.
#[test]
fn s03_last_rows_take_nulls_and_filter_first() {
    let flagged = |time: i64, x: Option<i64>, flag: Option<bool>| {
        row(time, &[x.map_or(Value::Null, Value::Int64), flag.map_or(Value::Null, Value::Bool)])
    };
    let rows = [
        flagged(5, Some(50), Some(true)),
        flagged(1, Some(10), Some(true)),
        flagged(4, None, Some(true)),
        flagged(3, Some(30), Some(false)),
        flagged(2, Some(20), Some(true)),
        flagged(6, Some(60), None),
    ];
    let last = |rows| Window::LastRows { rows, skip: 0, lookback_us: HOUR_US, exact: false };
    let sum = |count, filter| {
        let sum = Feature { filter, ..Feature::of(Aggregate::Sum, Some(0), last(count)) };
        outcome(&rows, sum, 0, MINUTE_US)
    };
    same(&sum(3, None), Value::Int64(110));
    same(&sum(9, None), Value::Int64(170));
    same(&sum(2, Some(1)), Value::Int64(50));
    same(&sum(3, Some(1)), Value::Int64(70));
    same(&outcome(&rows, count(last(4)), 0, MINUTE_US), Value::Int64(4));
    // Those that are skipped are the newest, after the filter; an exact lookback has no hop.
    for (rows_max, skip, as_of, expected) in [
        (1, 1, 7, None),
        (1, 2, 7, Some(20)),
        (2, 1, 7, Some(20)),
        (9, 4, 7, None),
        (9, 1, 9, None),
    ] {
        let lag = Window::LastRows { rows: rows_max, skip, lookback_us: 5, exact: true };
        let sum = Feature { filter: Some(1), ..Feature::of(Aggregate::Sum, Some(0), lag) };
        same(&outcome(&rows, sum, 0, as_of), expected.map_or(Value::Null, Value::Int64));
    }
    // The lookback bounds them too.
    same(&outcome(&rows, count(last(4)), 0, DAY_US), Value::Int64(0));
}

/// Goal: the latest closed session. Method: two sessions of a gap of 10, asked just before and when
/// each is closed, and where the lookback cuts one.
#[test]
fn s03_sessions_close_after_their_gap() {
    let rows = at(&[100, 110, 120, 131, 200]);
    let session = Window::Session { gap_us: 10, lookback_us: HOUR_US, open: false };
    let none: [i64; 0] = [];
    for (as_of, expected) in [
        (100, &none[..]),
        // Only 100 and 110 are there, and 110 + 10 is not before 120.
        (120, &none),
        (130, &none),
        (131, &[100, 110, 120]),
        (141, &[100, 110, 120]),
        (142, &[131]),
        (210, &[131]),
        (211, &[200]),
        (10 * HOUR_US, &none),
    ] {
        assert_eq!(taken(&rows, session, as_of), expected, "{as_of}");
    }
    let open = Window::Session { gap_us: 10, lookback_us: HOUR_US, open: true };
    for (as_of, expected) in
        [(100, &none[..]), (101, &[100]), (120, &[100, 110]), (132, &[131]), (201, &[200])]
    {
        assert_eq!(taken(&rows, open, as_of), expected, "{as_of}");
    }
    // At 66 min the lookback begins at 5 min: the session is seen from there on.
    let five = 5 * MINUTE_US;
    let rows = at(&[five - 5, five, five + 5]);
    assert_eq!(taken(&rows, session, five + HOUR_US + MINUTE_US), [five, five + 5]);
}

/// Goal: a session's rate divides by its own length. Method: three rows 10 s apart, one row, none,
/// and rows whose column is null.
#[test]
fn s17_rates_of_sessions() {
    let second = 1_000_000;
    let session = Window::Session { gap_us: 10 * second, lookback_us: HOUR_US, open: false };
    let rate = Feature::of(Aggregate::Rate { unit_us: 60 * second }, None, session);
    let rows = at(&[0, 10 * second, 20 * second]);
    same(&outcome(&rows, rate, 0, MINUTE_US), Value::Float64(9.0));
    same(&outcome(&rows[..1], rate, 0, MINUTE_US), Value::Null);
    same(&outcome(&[], rate, 0, MINUTE_US), Value::Float64(0.0));
    let empty = [row(0, &[Value::Null]), row(second, &[Value::Null])];
    let of_column = Feature { column: Some(0), ..rate };
    same(&outcome(&empty, of_column, 0, MINUTE_US), Value::Float64(0.0));
}

/// A row of an area, a number and a flag.
fn visit(time: i64, area: Option<&str>, x: Option<i64>, flag: bool) -> Row {
    let area = area.map_or(Value::Null, text);
    row(time, &[area, x.map_or(Value::Null, Value::Int64), Value::Bool(flag)])
}

fn visits() -> Vec<Row> {
    vec![
        visit(1, Some("net"), Some(1), true),
        visit(2, None, Some(100), true),
        visit(3, Some("disk"), Some(2), false),
        visit(4, Some("net"), Some(3), true),
        visit(5, Some("ui"), None, true),
    ]
}

fn map(pairs: &[(&str, Option<i64>)]) -> Value {
    let value = |x: &Option<i64>| x.map_or(Value::Null, Value::Int64);
    Value::Map(pairs.iter().map(|(key, x)| (text(key), value(x))).collect())
}

/// Goal: maps by a column, ordered by key, over filtered rows, with a limit of keys. Method: visits
/// of three areas, one without a number and one without an area.
#[test]
fn s18_maps_have_a_limit_of_keys() {
    let rows = visits();
    let by = |limit| Some(By { column: 0, limit, top: None });
    let sum = Feature { by: by(3), ..Feature::of(Aggregate::Sum, Some(1), Window::LIFETIME) };
    same(
        &outcome(&rows, sum, 0, DAY_US),
        map(&[("disk", Some(2)), ("net", Some(4)), ("ui", None)]),
    );
    let filtered = Feature { filter: Some(2), by: by(2), ..sum };
    same(&outcome(&rows, filtered, 0, DAY_US), map(&[("net", Some(4)), ("ui", None)]));
    let counts = Feature { by: by(3), ..count(Window::LIFETIME) };
    let expected = map(&[("disk", Some(1)), ("net", Some(2)), ("ui", Some(1))]);
    same(&outcome(&rows, counts, 0, DAY_US), expected);
    overflows(&outcome(&rows, Feature { by: by(2), ..sum }, 0, DAY_US));
    same(&outcome(&[], sum, 0, DAY_US), map(&[]));
    // A value that overflows is null under its key.
    let great = [
        visit(1, Some("net"), Some(i64::MAX), true),
        visit(2, Some("net"), Some(1), true),
        visit(3, Some("ui"), Some(1), true),
    ];
    let found = outcome(&great, sum, 0, DAY_US);
    assert!(found.overflow);
    assert_eq!(found.value.to_string(), r#"map {text "net": null, text "ui": int64 1}"#);
}

/// Goal: the window picks rows before a map divides them, and a series is a list of maps. Method: the
/// last three visits; two windows.
#[test]
fn s03_windows_lie_outside_of_maps() {
    let rows = visits();
    let last = Window::LastRows { rows: 3, skip: 0, lookback_us: HOUR_US, exact: false };
    let by = Some(By { column: 0, limit: 9, top: None });
    let counts = |window| Feature { by, ..count(window) };
    let expected = map(&[("disk", Some(1)), ("net", Some(1)), ("ui", Some(1))]);
    same(&outcome(&rows, counts(last), 0, MINUTE_US), expected);
    let series = Window::Series { length_us: HOUR_US, count: 2, offset_us: 0 };
    let rows = [visit(0, Some("a"), None, true), visit(HOUR_US, Some("b"), None, true)];
    let expected = Value::List(vec![map(&[("b", Some(1))]), map(&[("a", Some(1))])]);
    same(&outcome(&rows, counts(series), 0, 2 * HOUR_US), expected);
}
