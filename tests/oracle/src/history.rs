//! One key's rows with prefix tables: the values of `definition.rs`, fast enough for a whole file.
//!
//! A window is a slice `[a, b)` of the rows in row order. Counts and exact sums are differences of
//! prefixes, in integers of unbounded size at one exponent per column, so a difference is exact.
//! The least and greatest come from a sparse table (the best of each run of 2^k rows; two runs
//! cover a slice), first and last from the nearest row with a value. A feature beyond those goes
//! through the definition's loop. Invariant: equal to [`crate::value`] bit by bit, which a property
//! test checks. Deliberately absent: adding rows, and a view's origin, which is 0 here.

use crate::aggregate::sums::{NotReal, Total, finish_mean, finish_sum};
use crate::definition::value;
use crate::exact::{parts, scaled};
use crate::feature::{Aggregate, Feature};
use crate::row::Row;
use crate::value::Value;
use crate::window::Window;
use num_bigint::BigInt;
use std::cmp::Ordering;
use std::ops::Range;

/// The rows of one key, sorted, with tables for the columns that some features read.
#[derive(Debug)]
pub struct History {
    rows: Vec<Row>,
    columns: Vec<Option<Tables>>,
}

/// Prefix tables of one column.
#[derive(Debug)]
struct Tables {
    /// How many of the first `i` rows have a value.
    present: Vec<usize>,
    /// The rows that have one.
    filled: Vec<usize>,
    sums: Option<Sums>,
    least: Option<Sparse>,
    greatest: Option<Sparse>,
}

/// The sum of the first `i` rows is `prefix[i] * 2^exponent`, besides what is not real.
#[derive(Debug)]
struct Sums {
    whole: bool,
    exponent: i64,
    prefix: Vec<BigInt>,
    not_real: Vec<NotReal>,
}

/// `runs[k][i]` is the best of the filled rows `i .. i + 2^k`, as an index into `filled`.
#[derive(Debug)]
struct Sparse {
    better: Ordering,
    runs: Vec<Vec<usize>>,
}

impl History {
    /// Sorts `rows` and builds what `features` need.
    pub fn new(mut rows: Vec<Row>, features: &[Feature]) -> History {
        rows.sort_by(Row::order);
        let width = rows.first().map_or(0, |row| row.values.len());
        let tables = |column| {
            let read = |f: &&Feature| f.column == Some(column) && has_tables(**f);
            let read: Vec<Aggregate> = features.iter().filter(read).map(|f| f.aggregate).collect();
            (!read.is_empty()).then(|| Tables::new(&rows, column, &read))
        };
        let columns = (0..width).map(tables).collect();
        History { rows, columns }
    }

    /// The value of `feature` at an effective `as_of`.
    ///
    /// # Panics
    /// If `feature` reads a column that none of those given to [`History::new`] reads alike.
    pub fn value(&self, feature: Feature, as_of: i64) -> Value {
        if !has_tables(feature) {
            return value(&self.rows, feature, as_of);
        }
        let span = feature.window.spans(as_of, 0)[0];
        let before = |time: i64| self.rows.partition_point(|row| row.event_time < time);
        let end = before(span.hi);
        // A window may be empty or turned round at the end of time; both hold nothing.
        let slice = span.lo.map_or(0, before).min(end)..end;
        let Some(column) = feature.column else {
            return Value::Int64(slice.len() as i64);
        };
        if slice.is_empty() {
            let count = feature.aggregate == Aggregate::Count;
            return if count { Value::Int64(0) } else { Value::Null };
        }
        let tables = self.columns[column].as_ref().expect("new() was told of this feature");
        let filled = tables.present[slice.start]..tables.present[slice.end];
        let at = |index: usize| self.rows[tables.filled[index]].values[column].clone().canonical();
        match feature.aggregate {
            Aggregate::Count => Value::Int64(filled.len() as i64),
            _ if filled.is_empty() => Value::Null,
            Aggregate::Sum | Aggregate::Mean => {
                let sums = tables.sums.as_ref().expect("new() was told of this feature");
                let total = sums.total(&slice);
                let outcome = match feature.aggregate {
                    Aggregate::Mean => finish_mean(total, filled.len()),
                    _ => finish_sum(total, sums.whole),
                };
                outcome.value
            }
            Aggregate::First => at(filled.start),
            Aggregate::Last => at(filled.end - 1),
            Aggregate::Min | Aggregate::Max => {
                let least = feature.aggregate == Aggregate::Min;
                let sparse = if least { &tables.least } else { &tables.greatest };
                let sparse = sparse.as_ref().expect("new() was told of this feature");
                at(sparse.best(&filled, |a, b| at(a).order(&at(b))))
            }
            other => unreachable!("{other:?} has no tables"),
        }
    }
}

/// Whether the tables serve a feature.
fn has_tables(feature: Feature) -> bool {
    use Aggregate::{Count, First, Last, Max, Mean, Min, Sum};
    let aggregate = matches!(feature.aggregate, Count | Sum | Mean | Min | Max | First | Last);
    let picks = matches!(
        feature.window,
        Window::Series { .. }
            | Window::LastRows { .. }
            | Window::LatestEvent { .. }
            | Window::Session { .. }
    );
    aggregate && !picks && feature.filter.is_none() && feature.by.is_none()
}

/// A number as a double, when it is a float: singles widen exactly (S14).
fn as_double(value: &Value) -> Option<f64> {
    match value {
        Value::Float32(x) => Some(f64::from(*x)),
        Value::Float64(x) => Some(*x),
        _ => None,
    }
}

impl Tables {
    fn new(rows: &[Row], column: usize, read: &[Aggregate]) -> Tables {
        let mut present = vec![0];
        let mut filled = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if !row.values[column].is_null() {
                filled.push(index);
            }
            present.push(filled.len());
        }
        let order = |a: usize, b: usize| {
            rows[filled[a]].values[column].order(&rows[filled[b]].values[column])
        };
        let sparse = |aggregate, better| {
            read.contains(&aggregate).then(|| Sparse::new(filled.len(), better, order))
        };
        let least = sparse(Aggregate::Min, Ordering::Less);
        let greatest = sparse(Aggregate::Max, Ordering::Greater);
        let sums = read.contains(&Aggregate::Sum) || read.contains(&Aggregate::Mean);
        let sums = sums.then(|| Sums::new(rows, column));
        Tables { present, filled, sums, least, greatest }
    }
}

impl Sums {
    fn new(rows: &[Row], column: usize) -> Sums {
        let values = || rows.iter().map(|row| &row.values[column]);
        let finite = |value: &Value| as_double(value).filter(|x| x.is_finite()).map(parts);
        let whole = values().any(|value| matches!(value, Value::Int64(_)));
        let exponents = values().filter_map(finite).map(|(_, exponent)| exponent);
        let exponent = if whole { 0 } else { exponents.min().unwrap_or(0) };
        let mut sums = Sums {
            whole,
            exponent,
            prefix: vec![BigInt::from(0)],
            not_real: vec![NotReal::default()],
        };
        let (mut sum, mut count) = (BigInt::from(0), NotReal::default());
        for value in values() {
            match value {
                Value::Int64(x) => sum += *x,
                other => {
                    if let Some((mantissa, of_this)) = finite(other) {
                        sum += BigInt::from(mantissa) << (of_this - exponent).unsigned_abs();
                    } else if let Some(x) = as_double(other) {
                        count.add(x);
                    }
                }
            }
            sums.prefix.push(sum.clone());
            sums.not_real.push(count);
        }
        sums
    }

    fn total(&self, slice: &Range<usize>) -> Total {
        let (before, after) = (self.not_real[slice.start], self.not_real[slice.end]);
        let inside = NotReal {
            nan: after.nan - before.nan,
            plus: after.plus - before.plus,
            minus: after.minus - before.minus,
        };
        let exact = || scaled(&self.prefix[slice.end] - &self.prefix[slice.start], self.exponent);
        inside.decide().map_or_else(|| Ok(exact()), Err)
    }
}

impl Sparse {
    fn new(length: usize, better: Ordering, order: impl Fn(usize, usize) -> Ordering) -> Sparse {
        let mut sparse = Sparse { better, runs: vec![(0..length).collect()] };
        let mut half = 1;
        while 2 * half <= length {
            let shorter = &sparse.runs[sparse.runs.len() - 1];
            let pairs = shorter.iter().zip(&shorter[half..]);
            let longer = pairs.map(|(&a, &b)| sparse.choose(a, b, &order)).collect();
            sparse.runs.push(longer);
            half *= 2;
        }
        sparse
    }

    /// The best of a range that is not empty, from the two longest runs that cover it.
    fn best(&self, range: &Range<usize>, order: impl Fn(usize, usize) -> Ordering) -> usize {
        let level = range.len().ilog2();
        let run = &self.runs[level as usize];
        self.choose(run[range.start], run[range.end - (1 << level)], &order)
    }

    fn choose(&self, a: usize, b: usize, order: &impl Fn(usize, usize) -> Ordering) -> usize {
        if order(b, a) == self.better { b } else { a }
    }
}
