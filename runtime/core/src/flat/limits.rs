//! Limits on the size of one call between host and guest.
//!
//! Invariant: the limits are the same in both directions, so a guest can return a batch as large as
//! any that a host sends. Deliberately absent: a guest's limits of time and memory, which its host
//! sets.

/// Most bytes of one batch, in either direction.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Most rows of one batch, in either direction.
pub const BATCH_ROWS_MAX: usize = 1 << 20;
/// Most bytes kept of the reason why an event was refused; the rest is cut off.
pub const REASON_BYTES_MAX: usize = 4 << 10;
