//! Limits on how much is read at once.
//!
//! Invariant: they bound memory and never change which events are read; only [`LINE_BYTES_MAX`]
//! decides whether a record is an event, and the others whether a file can be read. Deliberately absent: limits of a single format.

/// Most bytes of one NDJSON line or CSV record.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Most lines of one CSV record, whose quoted fields may hold line breaks. A record of more lines
/// fails its file: it is more likely that a quote is missing.
pub const CSV_RECORD_LINES_MAX: u64 = 128;
/// Bytes of text after which a batch ends, even if it has room for more rows.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Most rows of a batch.
pub const BATCH_ROWS_MAX: usize = 1 << 20;
/// Rows of a batch unless the caller says otherwise.
pub const BATCH_ROWS_DEFAULT: usize = 8192;
/// Most bytes of one value of a Parquet or Arrow column.
pub const CELL_BYTES_MAX: u64 = 16 << 20;
/// Most bytes of the values of a batch of Parquet or Arrow rows, when they are decoded. A batch has
/// fewer rows rather than more bytes; only a single row can exceed it.
pub const DECODED_BATCH_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of one Parquet page when it is decompressed.
pub const PAGE_BYTES_MAX: u64 = 128 << 20;
/// Most bytes of the largest pages of all columns that are read of a row group, together.
pub const PAGES_BYTES_MAX: u64 = 512 << 20;
/// Most bytes of the header of a Parquet page.
pub const PAGE_HEADER_BYTES_MAX: u64 = 1 << 20;
/// Most bytes that the compressed buffers of one Arrow record batch declare, together.
pub const ARROW_BATCH_BYTES_MAX: u64 = 256 << 20;
/// Most bytes of a table that is read whole, such as the spine of a parity run.
pub const TABLE_BYTES_MAX: u64 = 512 << 20;
/// Bytes read from an input at once.
pub(super) const INPUT_BUFFER_BYTES: usize = 256 << 10;

/// The reason for refusing a record that is too long.
pub(super) fn too_long(what: &str) -> String {
    format!("the {what} is longer than {LINE_BYTES_MAX} bytes")
}
