//! Aggregates: from the selected rows to a value, one file a family (docs/FEATURES.md).
//!
//! Invariant: nulls of the column that is read are skipped, but not by what takes rows as rows, and a
//! NaN is the one quiet NaN (S14, S16). Deliberately absent: states and merging; each aggregate sees
//! all rows at once.

mod collections;
mod decay;
pub(crate) mod distinct;
mod integers;
mod moments;
pub(crate) mod percentile;
mod quantile;
mod ratio;
mod rows;
pub(crate) mod sums;
pub(crate) mod vectors;

use crate::feature::Aggregate;
use crate::outcome::Outcome;
use crate::row::Row;
use crate::selection::Selection;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;

/// An aggregate of a column, or of rows, over a selection.
///
/// # Panics
/// If the aggregate does not apply to the column; see [`crate::Feature::kind`].
pub(crate) fn aggregate(
    aggregate: Aggregate,
    column: Option<usize>,
    selection: &Selection,
) -> Outcome {
    use Aggregate as A;
    let inputs: Vec<&Row> = inputs(&selection.rows, column);
    let count = inputs.len();
    let needed = || column.unwrap_or_else(|| panic!("{aggregate:?} needs a column"));
    let values = || values(&inputs, needed());
    let both = |other: usize| self::inputs(&inputs, Some(other));
    let pairs = |other: usize| {
        let rows = both(other);
        (self::values(&rows, needed()), self::values(&rows, other))
    };
    let extreme = |value: Option<&Value>| Outcome::of(value.cloned().unwrap_or(Value::Null));
    match aggregate {
        A::Count => Outcome::of(Value::Int64(count as i64)),
        A::Sum => sums::sum(&values()),
        A::Mean => sums::mean(&values()),
        A::Min => extreme(values().iter().min_by(|a, b| a.order(b))),
        A::Max => extreme(values().iter().max_by(|a, b| a.order(b))),
        A::First => extreme(values().first()),
        A::Last => extreme(values().last()),
        A::Any => truth(&values(), |flags| flags.contains(&true)),
        A::All => truth(&values(), |flags| !flags.contains(&false)),
        A::VarPop | A::VarSamp | A::StddevPop | A::StddevSamp | A::Skewness | A::Kurtosis => {
            moment(aggregate)(&values())
        }
        A::CovarPop { other } | A::CovarSamp { other } | A::Corr { other } => {
            let (x, y) = pairs(other);
            Outcome::of(moments::of_two(aggregate, &x, &y))
        }
        A::RegrSlope { other } | A::RegrIntercept { other } | A::RegrR2 { other } => {
            let (y, x) = pairs(other);
            Outcome::of(moments::of_line(aggregate, &x, &y))
        }
        A::FirstRow | A::LastRow | A::FirstRows { .. } | A::LastRows { .. } => {
            Outcome::of(rows::at_the_ends(aggregate, &selection.rows, needed()))
        }
        A::ArgMin { by } | A::ArgMax { by } => {
            Outcome::of(rows::at_the_extreme(aggregate, &both(by), needed()))
        }
        A::Product => integers::product(&values()),
        A::BitAnd | A::BitOr | A::BitXor => Outcome::of(integers::bits(aggregate, &values())),
        A::FirstN { .. }
        | A::LastN { .. }
        | A::FirstDistinct { .. }
        | A::LastDistinct { .. }
        | A::TopK { .. }
        | A::BottomK { .. } => Outcome::of(collections::list(aggregate, values())),
        A::List { limit } => collections::all(values(), limit),
        A::Join { separator, limit } => collections::join(&values(), separator, limit),
        A::UniqueCount { limit } => distinct::unique_count(values(), limit),
        A::Histogram { limit } => distinct::histogram(values(), limit),
        A::Mode { limit } => distinct::mode(values(), limit),
        A::Entropy { limit } => distinct::entropy(values(), limit),
        A::MostFrequent { n, limit } => distinct::most_frequent(values(), n, limit),
        A::ModeShare { limit } => distinct::mode_share(values(), limit),
        A::DistinctSum { limit } => distinct::of_distinct(values(), limit, sums::sum),
        A::DistinctMean { limit } => distinct::of_distinct(values(), limit, sums::mean),
        A::DistinctStddevPop { limit } => {
            distinct::of_distinct(values(), limit, moment(A::StddevPop))
        }
        A::DistinctStddevSamp { limit } => {
            distinct::of_distinct(values(), limit, moment(A::StddevSamp))
        }
        A::PercentileDisc { limit, .. }
        | A::PercentileCont { limit, .. }
        | A::Median { limit }
        | A::Iqr { limit } => {
            let values = values();
            match distinct::exceed(&values, limit) {
                true => Outcome::overflow(),
                false => Outcome::of(quantile::quantile(aggregate, values)),
            }
        }
        A::ApproxCountDistinct { precision } => distinct::estimate(&values(), precision),
        A::ApproxPercentile { millionths } => {
            Outcome::of(percentile::percentile(&values(), millionths))
        }
        A::Rate { unit_us } => rate(count, unit_us, selection.length_us),
        A::TimeSinceFirst => time_since(inputs.first(), selection.as_of),
        A::TimeSinceLast => time_since(inputs.last(), selection.as_of),
        A::DecayedSum { half_life_us } => {
            Outcome::of(decay::sum(&inputs, &values(), half_life_us, selection.as_of))
        }
        A::DecayedCount { half_life_us } => {
            let ones = vec![Value::Int64(1); count];
            Outcome::of(decay::sum(&inputs, &ones, half_life_us, selection.as_of))
        }
        A::VectorSum { length, grid } => vectors::sum(&values(), length, grid),
        A::VectorMean { length, grid } => vectors::mean(&values(), length, grid),
        A::Ratio { numerator, denominator } => {
            Outcome::of(ratio::ratio(&selection.rows, numerator, denominator))
        }
    }
}

/// The rows in which the column is not null; without a column, all.
pub(crate) fn inputs<'a>(rows: &[&'a Row], column: Option<usize>) -> Vec<&'a Row> {
    let present = |row: &&&Row| column.is_none_or(|column| !row.values[column].is_null());
    rows.iter().filter(present).copied().collect()
}

/// The values of a column.
pub(crate) fn values(rows: &[&Row], column: usize) -> Vec<Value> {
    rows.iter().map(|row| row.values[column].clone().canonical()).collect()
}

/// A number as a rational, or the float that is none: singles widen exactly (S14).
pub(crate) fn real(value: &Value) -> Result<BigRational, f64> {
    let x = match value {
        Value::Int64(x) => return Ok(BigRational::from_integer(BigInt::from(*x))),
        Value::Float32(x) => f64::from(*x),
        Value::Float64(x) => *x,
        other => panic!("{other} is no number; see Feature::kind"),
    };
    if x.is_finite() { Ok(crate::exact::rational_of(x)) } else { Err(x) }
}

/// A moment of one column, as a function of its inputs.
fn moment(aggregate: Aggregate) -> impl Fn(&[Value]) -> Outcome {
    move |values| Outcome::of(moments::of_one(aggregate, values))
}

/// What some flags say; null if there are none.
fn truth(values: &[Value], verdict: fn(&[bool]) -> bool) -> Outcome {
    let flag = |value: &Value| matches!(value, Value::Bool(true));
    let flags: Vec<bool> = values.iter().map(flag).collect();
    if flags.is_empty() { Outcome::null() } else { Outcome::of(Value::Bool(verdict(&flags))) }
}

/// Inputs a unit of time. Nothing is 0 a unit, also in no time; something in no time is null.
fn rate(count: usize, unit_us: i64, length_us: Option<i128>) -> Outcome {
    if count == 0 {
        return Outcome::of(Value::Float64(0.0));
    }
    match length_us {
        None | Some(0) => Outcome::null(),
        Some(length_us) => {
            let units = BigInt::from(count) * BigInt::from(unit_us);
            let rate = BigRational::new(units, BigInt::from(length_us));
            Outcome::of(Value::Float64(crate::exact::round(&rate)))
        }
    }
}

/// Microseconds since an event. Only the two ends of time are too far apart for 64 bits.
fn time_since(row: Option<&&Row>, as_of: i64) -> Outcome {
    match row {
        None => Outcome::null(),
        Some(row) => match as_of.checked_sub(row.event_time) {
            Some(since) => Outcome::of(Value::Int64(since)),
            None => Outcome::overflow(),
        },
    }
}
