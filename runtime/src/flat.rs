//! The flat batch: one little-endian buffer for all columns, as `wit/transform.wit` lays it out.
//!
//! Invariant: equal columns are equal bytes. [`encode`] writes offsets from 0, clears the bits
//! behind the last row and the values behind a null, so neither a slice nor what an array hides
//! shows in the bytes. [`decode`] and [`take_outcome`] believe nothing: every count, length,
//! offset and text is checked against the schema and the buffer before an array exists, and
//! arrow's checked constructors check it again. NaNs become the canonical one on the way out (S14).
//!
//! Deliberately absent: the schema, which both sides know from the manifest, and any copy that is
//! not a plain copy of memory for numbers without nulls.

mod compact;
mod copies;
mod decode;
mod encode;
mod outcome;
mod states;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::encode;
pub(crate) use outcome::outcome_reason;
pub use outcome::{Refused, ViewRows, take_outcome};
pub use states::{GroupState, put_ends, put_states, take_states};

/// Most bytes of one batch, in either direction.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Most rows of one batch, in either direction.
pub const BATCH_ROWS_MAX: usize = 1 << 20;
/// Most bytes kept of the reason why an event was refused; the rest is cut off.
pub const REASON_BYTES_MAX: usize = 4 << 10;

// Numbers are copied as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "the flat batch is little-endian");

/// Bytes that hold `bits` bits.
fn bytes_of_bits(bits: usize) -> usize {
    bits.div_ceil(8)
}

/// Clears the bits of the last byte behind `bits` bits.
fn clear_behind(bytes: &mut [u8], bits: usize) {
    if let Some(last) = bytes.last_mut()
        && !bits.is_multiple_of(8)
    {
        *last &= (1 << (bits % 8)) - 1;
    }
}
