//! Aggregate states: commutative monoids with canonical bytes (S1).
//!
//! For every [`Slot`] and all states a, b, c of it:
//!
//! ```text
//! merge(a, zero) = a                       identity
//! merge(a, b) = merge(b, a)                commutative
//! merge(merge(a, b), c) = merge(a, merge(b, c))
//! update(a, row) = merge(a, update(zero, row))
//! decode(encode(a)) = a,  and a = b exactly when encode(a) = encode(b)
//! ```
//!
//! Everything else in Lockstep relies on these laws. Several features can share a slot: a mean
//! reads the same sum and count as the features `sum` and `count`. Deliberately absent: windows,
//! time, I/O.

mod retract;
mod slot;
mod state;

#[cfg(test)]
mod collection_laws;
#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod nearest;
#[cfg(test)]
pub(crate) mod slot_laws;

pub mod arg_extreme;
pub mod binned;
pub mod bins;
pub mod bits;
pub mod bytes;
pub mod cardinality;
pub mod co_moments;
pub mod content_hash;
pub mod cross;
pub mod decay;
pub mod decay_table;
pub mod decimal_sum;
pub mod distinct;
pub mod encoded;
pub mod exact;
pub mod extreme;
pub mod fixed;
pub mod float_sum;
pub mod histogram;
pub mod hll;
pub mod int_sum;
pub mod keyed;
pub mod last_rows;
pub mod latest_event;
pub mod leading;
pub mod moments;
pub mod number;
pub mod odd;
pub mod ordered;
pub mod percentile;
pub mod percentile_bin;
pub mod places;
pub mod product;
pub mod quantile;
pub mod ratio;
pub mod rational;
pub mod rounding;
pub mod sessions;
pub mod special;
pub mod top;
pub mod user;
pub mod value_table;
pub mod vector;
pub mod wide;

pub use slot::{Slot, SlotKind, States, zeros};
pub use state::{State, visit_users};
