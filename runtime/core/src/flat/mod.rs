//! The flat batch: one little-endian buffer for all columns, as `wit/transform.wit` lays it out.
//!
//! Invariant: equal columns are equal bytes. [`encode()`] writes offsets from 0, clears the bits
//! behind the last row and the values behind a null, so neither a slice nor what an array hides
//! shows in the bytes. [`decode()`] and [`take_outcome`] believe nothing: every count, length,
//! offset and text is checked against the schema and the buffer before an array exists, and
//! arrow's checked constructors check it again. NaNs become the canonical one on the way out (S14).
//!
//! Deliberately absent: the schema, which both sides know from the manifest, and any copy that is
//! not a plain copy of memory for numbers without nulls.

mod bits;
mod compact;
mod copies;
mod decode;
mod encode;
mod limits;
mod outcome;
mod states;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::encode;
pub use limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, REASON_BYTES_MAX};
pub use outcome::{Refused, ViewRows, outcome_reason, take_outcome};
pub use states::{GroupState, put_ends, put_states, take_states};
