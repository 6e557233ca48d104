//! The definition of a feature value (S1, S3 to S5, S14 to S17), as a loop over one key's rows.
//!
//! Invariant: [`value`] depends on the rows as a set: their order in the slice changes nothing.
//! Deliberately absent: anything that makes it fast (see `history.rs`), and the identity of events
//! (S10): the rows given are those that count.

use crate::exact::{rational_of, round};
use crate::value::{Kind, Value};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::cmp::Ordering;

/// Times lie within plus and minus this, in microseconds (S2).
pub const TIME_MAX_US: i64 = 1 << 62;
/// Microseconds in a minute.
pub const MINUTE_US: i64 = 60_000_000;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day.
pub const DAY_US: i64 = 24 * HOUR_US;

/// A row of a view: what the transform made of an event.
#[derive(Clone, Debug)]
pub struct Row {
    /// The event's time, in microseconds since 1970.
    pub event_time: i64,
    /// The event's id, if its source declares one.
    pub event_id: Option<String>,
    /// The number of the row within its event and view, from 0.
    pub ordinal: u32,
    /// The view's columns.
    pub values: Vec<Value>,
}

impl Row {
    /// Row order (S15): by time, id and ordinal; without an id by time and then the whole row.
    pub fn order(&self, other: &Row) -> Ordering {
        let by_tie = || match (&self.event_id, &other.event_id) {
            (Some(a), Some(b)) => {
                a.as_bytes().cmp(b.as_bytes()).then(self.ordinal.cmp(&other.ordinal))
            }
            _ => order_of_values(&self.values, &other.values),
        };
        self.event_time.cmp(&other.event_time).then_with(by_tie)
    }
}

fn order_of_values(a: &[Value], b: &[Value]) -> Ordering {
    let first_difference = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
    first_difference.unwrap_or(a.len().cmp(&b.len()))
}

/// What a feature computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Rows, or with a column its non-null values.
    Count,
    /// The exact sum.
    Sum,
    /// The exact mean.
    Mean,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The first non-null value in row order.
    First,
    /// The last non-null value in row order.
    Last,
}

/// Which part of time a feature covers (S3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// A sawtooth: the end is exact, unless there is an offset; the start lies on a hop.
    Sliding {
        /// Its length.
        length_us: i64,
        /// How long before `as_of` it ends.
        offset_us: i64,
    },
    /// Everything before `as_of`.
    Lifetime,
}

impl Window {
    /// `[lo, hi)` at an `as_of` already moved by [`effective`]; no `lo` means no start.
    pub fn bounds(self, as_of: i64) -> (Option<i64>, i64) {
        match self {
            Window::Lifetime => (None, as_of),
            Window::Sliding { length_us, offset_us } => {
                let hop = match length_us {
                    length if length < 12 * HOUR_US => 5 * MINUTE_US,
                    length if length < 12 * DAY_US => HOUR_US,
                    _ => DAY_US,
                };
                let hi = saturate(as_of.saturating_sub(offset_us));
                let hi = if offset_us > 0 { floor(hi, hop) } else { hi };
                let lo = floor(saturate(hi.saturating_sub(length_us)), hop);
                (Some(lo), hi)
            }
        }
    }
}

/// The greatest multiple of `hop` at or before `time`, also before 1970.
fn floor(time: i64, hop: i64) -> i64 {
    saturate(time.div_euclid(hop) * hop)
}

fn saturate(time: i64) -> i64 {
    time.clamp(-TIME_MAX_US, TIME_MAX_US)
}

/// Whether an event at exactly `as_of` counts (S4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// It does not.
    Strict,
    /// It does: the strict rule one microsecond later.
    Inclusive,
}

/// `as_of` moved by a view's delay (S5) and boundary (S4).
pub fn effective(as_of: i64, boundary: Boundary, delay_us: i64) -> i64 {
    let delayed = saturate(as_of.saturating_sub(delay_us));
    match boundary {
        Boundary::Strict => delayed,
        Boundary::Inclusive => saturate(delayed + 1),
    }
}

/// One feature of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it computes.
    pub aggregate: Aggregate,
    /// The column of the view that it reads; `None` counts rows.
    pub column: Option<usize>,
    /// What time it covers.
    pub window: Window,
}

impl Feature {
    /// The type of its values over a column of type `input`; `None` if it does not apply.
    pub fn kind(&self, input: Option<Kind>) -> Option<Kind> {
        let number = matches!(input, Some(Kind::Int64 | Kind::Float32 | Kind::Float64));
        match self.aggregate {
            Aggregate::Count => Some(Kind::Int64),
            Aggregate::Sum if input == Some(Kind::Int64) => Some(Kind::Int64),
            Aggregate::Sum | Aggregate::Mean => number.then_some(Kind::Float64),
            Aggregate::Min | Aggregate::Max | Aggregate::First | Aggregate::Last => input,
        }
    }
}

/// The value of `feature` over `rows`, the rows of one key, at an effective `as_of`.
///
/// # Panics
/// If the aggregate needs a column and has none, or sums what is not a number: a declaration that
/// [`Feature::kind`] refuses.
pub fn value(rows: &[Row], feature: Feature, as_of: i64) -> Value {
    let (lo, hi) = feature.window.bounds(as_of);
    let inside = |row: &&Row| lo.is_none_or(|lo| lo <= row.event_time) && row.event_time < hi;
    let mut rows: Vec<&Row> = rows.iter().filter(inside).collect();
    rows.sort_by(|a, b| a.order(b));
    let Some(column) = feature.column else {
        assert_eq!(feature.aggregate, Aggregate::Count, "only a count has no column");
        return Value::Int64(rows.len() as i64);
    };
    // Null inputs are skipped (S16). Nothing left: a count is 0, all else is null.
    let inputs: Vec<&Value> =
        rows.iter().map(|r| &r.values[column]).filter(|v| !v.is_null()).collect();
    let found = match feature.aggregate {
        Aggregate::Count => return Value::Int64(inputs.len() as i64),
        _ if inputs.is_empty() => return Value::Null,
        Aggregate::Sum | Aggregate::Mean => {
            let whole = matches!(inputs[0], Value::Int64(_));
            return finish(total(&inputs), inputs.len(), feature.aggregate, whole);
        }
        Aggregate::Min => inputs.into_iter().min_by(|a, b| a.order(b)),
        Aggregate::Max => inputs.into_iter().max_by(|a, b| a.order(b)),
        Aggregate::First => inputs.first().copied(),
        Aggregate::Last => inputs.last().copied(),
    };
    found.expect("inputs is not empty").clone().canonical()
}

/// How often each value that is not a real number occurs among a sum's inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotReal {
    /// NaNs.
    pub nan: usize,
    /// Positive infinities.
    pub plus: usize,
    /// Negative infinities.
    pub minus: usize,
}

impl NotReal {
    /// What one double adds.
    pub fn of(x: f64) -> NotReal {
        NotReal {
            nan: usize::from(x.is_nan()),
            plus: usize::from(x == f64::INFINITY),
            minus: usize::from(x == f64::NEG_INFINITY),
        }
    }

    /// The sum, if these alone decide it (S17).
    pub fn decide(self) -> Option<f64> {
        if self.nan > 0 || (self.plus > 0 && self.minus > 0) {
            Some(f64::from_bits(0x7ff8_0000_0000_0000))
        } else if self.plus > 0 {
            Some(f64::INFINITY)
        } else if self.minus > 0 {
            Some(f64::NEG_INFINITY)
        } else {
            None
        }
    }
}

/// A number as a double, when it is a float: singles widen exactly (S14).
pub fn as_double(value: &Value) -> Option<f64> {
    match value {
        Value::Float32(x) => Some(f64::from(*x)),
        Value::Float64(x) => Some(*x),
        _ => None,
    }
}

/// The exact sum of numbers, or what takes its place when some are not real.
fn total(inputs: &[&Value]) -> Result<BigRational, f64> {
    let mut sum = BigRational::from_integer(BigInt::from(0));
    let mut not_real = NotReal::default();
    for input in inputs {
        match input {
            Value::Int64(x) => sum += BigRational::from_integer(BigInt::from(*x)),
            other => {
                let x = as_double(other).expect("only numbers are summed; see Feature::kind");
                let class = NotReal::of(x);
                if class == NotReal::default() {
                    sum += rational_of(x);
                }
                not_real.nan += class.nan;
                not_real.plus += class.plus;
                not_real.minus += class.minus;
            }
        }
    }
    not_real.decide().map_or(Ok(sum), Err)
}

/// The sum or mean of `count` inputs from their exact total, rounded once (S17).
pub fn finish(
    total: Result<BigRational, f64>,
    count: usize,
    aggregate: Aggregate,
    whole: bool,
) -> Value {
    let exact = match total {
        Ok(exact) => exact,
        Err(decided) => return Value::Float64(decided),
    };
    match aggregate {
        Aggregate::Mean => {
            Value::Float64(round(&(exact / BigRational::from_integer(BigInt::from(count)))))
        }
        // An integer sum is null if it leaves 64 bits, and only then.
        _ if whole => i64::try_from(exact.to_integer()).map_or(Value::Null, Value::Int64),
        _ => Value::Float64(round(&exact)),
    }
}
