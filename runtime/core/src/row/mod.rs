//! Rows of a feature view, as the fold reads them (`rows`): typed columns (`typed_column`) and a
//! content sum that tells whether two views have the same rows (`content`).
//!
//! Invariant: the values are canonical (S14), and rows know their order (S15). Deliberately absent:
//! how rows are made.

mod content;
mod rows;
mod typed_column;

pub use rows::{Rows, encode_rows};
pub use typed_column::TypedColumn;
