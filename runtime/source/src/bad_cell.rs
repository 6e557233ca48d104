//! An error in one row of a table, which fails the whole table (S22).
//!
//! Invariant: the error names the row from 0, the line of a text file, and the column if the error
//! is in a single column. Deliberately absent: events; a bad event is set aside.

use lockstep_core::code::Code;
use lockstep_core::error::Error;
use lockstep_core::failure::in_column;

/// Why a row cannot be used.
pub(super) struct BadCell {
    column: Option<String>,
    reason: String,
}

impl BadCell {
    /// A bad value in the column called `name`.
    pub(super) fn of(name: &str, reason: impl Into<String>) -> BadCell {
        BadCell { column: Some(name.to_string()), reason: reason.into() }
    }

    /// The error for row `row`, which is on line `line` of a text file.
    pub(super) fn in_row(self, row: usize, line: Option<u64>) -> Error {
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        let column = self.column.as_deref();
        let reason = column.map_or(self.reason.clone(), |name| in_column(name, &self.reason));
        Error::input(format!("row {row} (from 0{line}): {reason}"))
            .with_code(Code::bad_row(row, column))
    }
}

impl From<String> for BadCell {
    /// An error that makes the whole row unreadable.
    fn from(reason: String) -> BadCell {
        BadCell { column: None, reason }
    }
}
