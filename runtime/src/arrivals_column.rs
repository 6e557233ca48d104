//! Hints for errors about the column of arrivals, the one that records when each event arrived:
//! they say which setting asks for a column that a source's files lack.
//!
//! No transform declares this column, so an author who meets such an error needs to know where it
//! is named.
//!
//! Invariant: an error about any other column stays as it is. Deliberately absent: reading the
//! column, which is the engine's.

use lockstep_core::event::SourceSchema;
use lockstep_core::{Code, Error};

/// Adds to an error about a source's column of arrivals that the project file names the column.
pub(crate) fn named_by_project(schema: &SourceSchema, error: Error) -> Error {
    let Some(column) = &schema.arrived_at else { return error };
    let source = &schema.source;
    let hint = format!(
        "{column:?} is read since the project file names it: [sources.{source}] arrived_at"
    );
    explained(error, column, &hint)
}

/// Adds to an error about the column of arrivals `column` that a training set asks for the column.
pub(crate) fn named_by_as_known(column: Option<&str>, error: Error) -> Error {
    let Some(column) = column else { return error };
    let hint = format!("{column:?} is read for --as-known; name another as --as-known=COLUMN");
    explained(error, column, &hint)
}

/// The error, with the hint added if it is about `column`.
fn explained(mut error: Error, column: &str, hint: &str) -> Error {
    let about = match &error.code {
        Code::MissingColumn { column, .. } | Code::WrongColumnType { column, .. } => Some(column),
        _ => None,
    };
    if about.is_some_and(|about| about == column) {
        error.message = format!("{}\n  {hint}", error.message);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the hint comes with errors about the column alone. Method: each code that names a
    /// column, with that column and with another, and an error whose message alone names it.
    #[test]
    fn the_hint_follows_the_code() {
        let missing = |column: &str| {
            let code = Code::MissingColumn { column: column.into(), near: vec![] };
            Error::input("a file lacks it").with_code(code)
        };
        let (expected, found) = ("timestamp".to_string(), "string".to_string());
        let code = Code::WrongColumnType { column: "received".into(), expected, found };
        let wrong = Error::input("a file has it otherwise").with_code(code);
        let hinted =
            |error| named_by_as_known(Some("received"), error).message.contains("as-known");
        assert!(hinted(missing("received")));
        assert!(hinted(wrong));
        assert!(!hinted(missing("actor")));
        assert!(!hinted(Error::input("\"received\" is somewhere in this text")));
        assert_eq!(named_by_as_known(None, missing("received")).message, "a file lacks it");
    }
}
