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
//! Everything else in Lockstep rests on these lines. Several features share a slot: a mean reads
//! the sum and the count that a sum and a count read too. Deliberately absent: windows, time, I/O.

pub mod bytes;
mod slot;
mod state;

pub mod extreme;
pub mod float_sum;
pub mod int_sum;
pub mod keyed;
pub mod last_rows;
pub mod ordered;
pub mod rounding;
pub mod sessions;
pub mod user;
pub mod wide;

pub use slot::{Slot, SlotKind, States, zeros};
pub use state::{State, visit_users};
