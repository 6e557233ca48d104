//! Rows of a feature view, ready to be folded: typed columns, entity keys and row order (S15).

mod content;
mod rows;
mod typed_column;

pub use rows::{Rows, encode_rows};
pub use typed_column::TypedColumn;
