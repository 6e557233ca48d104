//! What is wrong with a file's header: declared columns that it lacks or has in another type.
//!
//! Invariant: each message names the file, the column, what was found and the remedy. Deliberately
//! absent: the judging, which differs by format.

use lockstep_core::error::Error;
use lockstep_core::value::Column;

/// The error of a declared column that a file lacks.
pub(super) fn missing_column(place: &str, column: &Column, found: &[String]) -> Error {
    Error::input(format!(
        "{place}: there is no column {:?} of type {}; add it, or declare it nullable; columns \
         found: {}",
        column.name,
        column.data_type,
        found.join(", ")
    ))
}

/// The error of a declared column that has another type in a file.
pub(super) fn wrong_type(place: &str, column: &Column, found: &str) -> Error {
    Error::input(format!(
        "{place}: column {:?} should be {}, found {found}; convert the file, or declare the column \
         differently",
        column.name, column.data_type
    ))
}
