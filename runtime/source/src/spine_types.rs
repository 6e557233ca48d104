//! The types that no column of a spine or an output may have, whatever the output's format.
//!
//! Invariant: such a column is refused by name, with its file and a remedy, before a row is read.
//! Deliberately absent: types that only some formats of output cannot hold (`written.rs`).

use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};

/// Refuses a schema with a column whose values no training file can give back.
pub(super) fn check(place: &str, schema: &Schema) -> Result<()> {
    for field in schema.fields() {
        if let Some((found, why)) = refused(field) {
            return Err(Error::input(format!(
                "{place}: column {:?} is {found}, {why}; leave it out, or convert it",
                field.name()
            ))
            .with_code(Code::WrongColumnType {
                column: field.name().clone(),
                expected: "a type that a training file can hold".to_string(),
                found: field.data_type().to_string(),
            }));
        }
    }
    Ok(())
}

/// The type within a column that is refused, and why.
fn refused(field: &Field) -> Option<(String, &'static str)> {
    use ArrowType as A;
    let because = |why| Some((field.data_type().to_string(), why));
    match field.data_type() {
        A::Union(..) => because("which most readers of training files cannot read"),
        A::Interval(_) => because("which has no fixed length and no format in common"),
        A::RunEndEncoded(..) => because("a layout that most readers cannot read"),
        A::ListView(_) | A::LargeListView(_) => because("a layout that most readers cannot read"),
        A::Struct(fields) if fields.is_empty() => {
            Some(("a struct without fields".to_string(), "which Parquet cannot hold"))
        }
        A::Struct(fields) => fields.iter().find_map(|field| refused(field)),
        A::List(item) | A::LargeList(item) | A::FixedSizeList(item, _) | A::Map(item, _) => {
            refused(item)
        }
        A::Dictionary(_, value) if value.is_nested() || matches!(**value, A::Dictionary(..)) => {
            because("a dictionary of nested values, which most readers cannot read")
        }
        A::Dictionary(_, value) => refused(&Field::new("", (**value).clone(), true)),
        _ => None,
    }
}
