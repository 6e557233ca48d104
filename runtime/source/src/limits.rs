//! Limits on how much is read at once.
//!
//! Invariant: they bound memory and never change which events are read; only [`LINE_BYTES_MAX`]
//! decides whether a record is an event. Deliberately absent: limits of a single format.

/// Most bytes of one NDJSON line or CSV record.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Bytes of text after which a batch ends, even if it has room for more rows.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Most rows of a batch.
pub const BATCH_ROWS_MAX: usize = 1 << 20;
/// Rows of a batch unless the caller says otherwise.
pub const BATCH_ROWS_DEFAULT: usize = 8192;
/// Bytes read from an input at once.
pub(super) const INPUT_BUFFER_BYTES: usize = 256 << 10;

/// The reason for refusing a record that is too long.
pub(super) fn too_long(what: &str) -> String {
    format!("the {what} is longer than {LINE_BYTES_MAX} bytes")
}
