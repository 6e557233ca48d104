//! Failures: bad values in columns on which admission does not judge (S8).
//!
//! An event with such a value is admitted, but the views whose own event struct declares the column
//! do not see it. Invariant: failures are sorted by row, and by column within a row. Code that
//! selects rows of a batch must select its failures with [`taken`], so that both stay together.
//! Deliberately absent: nulls in a column that some view declares nullable; each view finds those
//! by its own declaration.

use std::sync::Arc;

/// The reason given for a null in a column that must have a value.
pub const NULL_REASON: &str = "null, but the column must have a value";

/// `reason` with the name of the column added.
pub fn in_column(name: &str, reason: &str) -> String {
    format!("column {name:?}: {reason}")
}

/// A value that could not be decoded. It is null in the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The index of its event among the batch's records.
    pub row: u32,
    /// The index of its column in the source's schema.
    pub column: usize,
    /// Why, in a sentence that names the column.
    pub reason: String,
    /// The original event (a line of text), or its decoded columns as JSON. The failures of one
    /// event share them.
    pub bytes: Arc<[u8]>,
}

/// The failures of row `row`.
pub fn of_row(failures: &[Failure], row: usize) -> &[Failure] {
    let row = row as u32;
    let first = failures.partition_point(|failure| failure.row < row);
    let count = failures[first..].iter().take_while(|failure| failure.row == row).count();
    &failures[first..first + count]
}

/// The failures of a batch made of the rows `rows` of another batch, in that order and with
/// repetitions; `failures` are those of the other batch.
pub fn taken(failures: &[Failure], rows: impl IntoIterator<Item = usize>) -> Vec<Failure> {
    if failures.is_empty() {
        return vec![];
    }
    let moved = rows.into_iter().zip(0..).flat_map(|(from, row)| {
        of_row(failures, from).iter().map(move |failure| Failure { row, ..failure.clone() })
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(row: u32, column: usize) -> Failure {
        Failure { row, column, reason: format!("{row} {column}"), bytes: Arc::from([row as u8]) }
    }

    /// Goal: failures follow their rows into slices, selections and copies (S8). Method: two
    /// failures of one event among events without any; the rows are selected in several ways.
    #[test]
    fn s08_failures_follow_their_rows() {
        let failures = [failure(1, 0), failure(3, 2), failure(3, 4), failure(7, 1)];
        assert_eq!(of_row(&failures, 3), &failures[1..3]);
        assert!(of_row(&failures, 2).is_empty() && of_row(&failures, 9).is_empty());
        let moved = |rows: &[usize]| -> Vec<(u32, String)> {
            let moved = taken(&failures, rows.iter().copied());
            moved.into_iter().map(|failure| (failure.row, failure.reason)).collect()
        };
        let named = |row: u32, reason: &str| (row, reason.to_string());
        assert_eq!(moved(&[2, 3, 4]), [named(1, "3 2"), named(1, "3 4")]);
        assert_eq!(moved(&[7, 7, 1]), [named(0, "7 1"), named(1, "7 1"), named(2, "1 0")]);
        assert_eq!(moved(&[0, 2]), []);
        assert_eq!(taken(&failures, 0..8), failures);
    }
}
