//! Errors in a file's header: columns that are missing, duplicated or of a wrong type.
//!
//! Invariant: each message names the file, the column, what was found and the remedy. Deliberately
//! absent: checking the header, which differs by format.

use lockstep_core::code::Code;
use lockstep_core::error::Error;
use lockstep_core::notation::UNIT_REMEDY;
use lockstep_core::shown::shown_names;
use lockstep_core::value::{Column, DataType};

/// The error for a declared column that a file lacks.
pub(super) fn missing_column(place: &str, column: &Column, found: &[String]) -> Error {
    let code = Code::missing_column(&column.name, found.iter().map(String::as_str));
    Error::input(format!(
        "{place}: there is no column {:?} of type {}; add it, or declare it nullable; columns \
         found: {}{}",
        column.name,
        column.data_type,
        shown_names(found),
        code.did_you_mean()
    ))
    .with_code(code)
}

/// The error for a declared column that may be null and that a file lacks, where such files are
/// refused. `code` is that of the missing column.
pub(super) fn absent_nullable_column(
    place: &str,
    column: &Column,
    source: &str,
    code: Code,
) -> Error {
    Error::input(format!(
        "{place}: there is no column {:?} of type {}; correct the name, or read it as null by \
         leaving out --strict-columns and strict_columns of [sources.{source}]{}",
        column.name,
        column.data_type,
        code.did_you_mean()
    ))
    .with_code(code)
}

/// The error for a column that a table lacks.
pub(super) fn absent_column(name: &str, data_type: &DataType, found: &[&str]) -> Error {
    let code = Code::missing_column(name, found.iter().copied());
    Error::input(format!(
        "there is no column {name:?} of type {data_type}; columns found: {}{}",
        shown_names(found),
        code.did_you_mean()
    ))
    .with_code(code)
}

/// The error for a column that has another type in a table.
pub(super) fn unfit_column(name: &str, data_type: &DataType, found: &str) -> Error {
    let remedy = remedy(data_type, found).unwrap_or("convert it");
    Error::input(format!("column {name:?} should be {data_type}, found {found}; {remedy}"))
        .with_code(wrong_column_type(name, data_type, found))
}

/// What to do about a column whose type comes close to the declared one.
fn remedy(data_type: &DataType, found: &str) -> Option<&'static str> {
    // A dictionary is read as its values.
    let values = found.strip_prefix("Dictionary(").and_then(|it| it.split_once(", "));
    let found = values.map_or(found, |(_, values)| values);
    let is = |names: &[&str]| names.iter().any(|name| found.starts_with(name));
    match data_type {
        _ if is_time_as_integer(data_type, found) => Some(UNIT_REMEDY),
        DataType::Decimal { .. } if is(&["Float"]) => Some(
            "a float is no exact decimal: declare the column as f64 (or f32), or store it as \
             decimals",
        ),
        DataType::Date if is(&["Timestamp"]) => {
            Some("a time is no date: declare the column as EventTime, or store it as dates")
        }
        DataType::Bytes if is(&["Utf8", "LargeUtf8"]) => {
            Some("text is no bytes: declare the column as &str, or store it as bytes")
        }
        DataType::String if is(&["Binary", "LargeBinary", "FixedSizeBinary"]) => {
            Some("bytes are no text: declare the column as &[u8], or store it as text")
        }
        DataType::List(_) if is(&["CSV"]) => {
            Some("CSV has no lists: store the table as NDJSON, Parquet or Arrow")
        }
        _ => None,
    }
}

/// Whether the only thing that a column of times lacks is the unit of its integers.
fn is_time_as_integer(data_type: &DataType, found: &str) -> bool {
    *data_type == DataType::Timestamp
        && (found.starts_with("Int") || found.starts_with("UInt"))
        && !found.starts_with("Interval")
}

fn wrong_column_type(name: &str, data_type: &DataType, found: &str) -> Code {
    Code::WrongColumnType {
        column: name.to_string(),
        expected: data_type.to_string(),
        found: found.to_string(),
    }
}

/// The error for two columns with the same name; `has` says where they are.
pub(super) fn duplicate_column(place: &str, has: &str, column: &str) -> Error {
    Error::input(format!("{place}: {has} two columns {column:?}; rename one"))
        .with_code(Code::DuplicateColumn { column: column.to_string() })
}

/// The error for a declared column that has another type in a file.
pub(super) fn wrong_type(place: &str, column: &Column, found: &str) -> Error {
    let remedy = remedy(&column.data_type, found)
        .unwrap_or("convert the file, or declare the column differently");
    Error::input(format!(
        "{place}: column {:?} should be {}, found {found}; {remedy}",
        column.name, column.data_type
    ))
    .with_code(wrong_column_type(&column.name, &column.data_type, found))
}
