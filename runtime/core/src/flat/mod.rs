//! The flat batch: the format in which batches cross between host and guest. It is one
//! little-endian buffer for all columns, laid out as `wit/transform.wit` says.
//!
//! Invariant: equal columns have equal bytes. [`encode()`] writes offsets from 0 and clears the
//! bits after the last row and the values behind nulls, so that slices and hidden data do not show
//! in the bytes. [`decode()`] and [`take_outcome`] trust nothing: every count, length, offset and
//! text is checked against the schema and the buffer before an array is made, and Arrow's checked
//! constructors check it again. NaNs leaving a guest become the canonical one (S14).
//!
//! Deliberately absent: the schema, which both sides know from the manifest, and any work beyond a
//! plain memory copy for numbers without nulls.

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
