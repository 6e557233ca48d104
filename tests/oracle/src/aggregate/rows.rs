//! A column in chosen rows: the first and last ones, and that of another column's extreme.
//!
//! Invariant: rows are given in row order (S15), and a null of the column is kept where rows are
//! taken as rows. Of equal extremes the first row counts, of least and of greatest ones alike.
//! Deliberately absent: the skipping of nulls, which the caller does for `arg_min` and `arg_max`.

use crate::aggregate::values;
use crate::feature::Aggregate;
use crate::row::Row;
use crate::value::Value;

/// The column in the first or last rows, whatever it holds there.
pub(super) fn at_the_ends(aggregate: Aggregate, rows: &[&Row], column: usize) -> Value {
    use Aggregate as A;
    let mut values = values(rows, column);
    if matches!(aggregate, A::LastRow | A::LastRows { .. }) {
        values.reverse();
    }
    match aggregate {
        A::FirstRow | A::LastRow => values.into_iter().next().unwrap_or(Value::Null),
        A::FirstRows { n } | A::LastRows { n } => {
            values.truncate(n);
            Value::List(values)
        }
        other => panic!("{other:?} takes no rows"),
    }
}

/// The column in the row of another's extreme, over rows in which both are present.
pub(super) fn at_the_extreme(aggregate: Aggregate, rows: &[&Row], column: usize) -> Value {
    let order = |a: &Row, b: &Row, by: usize| a.values[by].order(&b.values[by]);
    // Both look for a minimum, since that is the first of equal ones; a maximum is the last.
    let row = match aggregate {
        Aggregate::ArgMin { by } => rows.iter().min_by(|a, b| order(a, b, by)),
        Aggregate::ArgMax { by } => rows.iter().min_by(|a, b| order(b, a, by)),
        other => panic!("{other:?} has no extreme"),
    };
    row.map_or(Value::Null, |row| row.values[column].clone().canonical())
}
