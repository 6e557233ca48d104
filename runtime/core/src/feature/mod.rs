//! Features: aggregates over windows, as an author declares them (docs/FEATURES.md).
//!
//! Invariant: what passes [`Feature::check`] can be computed by the fold. Deliberately absent: how.

mod aggregate;
mod declaration;
mod types;

pub use aggregate::{
    Aggregate, DISTINCT_LIMIT_MAX, HALF_LIFE_MIN_US, HALF_LIVES_MAX, LIST_LENGTH_MAX, Operand,
    OperandAggregate, SEPARATOR_BYTES_MAX, VECTOR_LENGTH_MAX,
};
pub use declaration::{By, EntryOrder, Feature, Top};
