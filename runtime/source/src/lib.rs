//! Sources: reads files of events and spines, and validates them once at the edge (S2, S6, S8,
//! S14).
//!
//! Invariant: whatever the format, an event consists of its declared columns in the one Arrow type
//! of each; a value is exact or is reported as bad. So two files with the same events in two
//! formats give the same bits. Batch sizes and starting positions do not affect what is read.
//! Deliberately absent: coercion, guesses and message brokers.
//!
//! # What each format holds for each type
//!
//! Anything that is not in this table is refused. The table is part of the contract (S6).
//!
//! | type | Parquet, Arrow | NDJSON | CSV |
//! |---|---|---|---|
//! | bool | boolean | `true`, `false`; declared texts | `true`, `True`, `TRUE`, and the same of false; declared texts |
//! | int8 to int64, uint8 to uint64 | integers of every width, and decimals of types without a fraction, by value | digits; `-0` is 0; not `1.0`, `1e3` | as NDJSON |
//! | float32 | float16, float32; decimals by value | a number, to the nearest float32; `"NaN"`, `"Infinity"`, `"-Infinity"` | as NDJSON, bare or quoted |
//! | float64 | float16, float32, float64; decimals by value | a number, to the nearest float64; the same three strings | as NDJSON, bare or quoted |
//! | decimal | decimals of every width and scale, and integers, by value; no floats | a number, or a string with a number, by value | a number, by value |
//! | string | utf8, large utf8, utf8 view; UUID | a string | any text; `""` is the empty one |
//! | bytes | binary, large binary, binary view, fixed-size binary; UUID | a string of hexadecimal digits, two for a byte | as NDJSON, bare or quoted; `""` is none |
//! | date | date32; date64 by value; no timestamps | a string YYYY-MM-DD | YYYY-MM-DD |
//! | timestamp | s, ms, us, ns, with or without zone; date32, date64; integers in the declared unit | RFC 3339 string, or an integer in the declared unit | RFC 3339, or an integer in the declared unit |
//! | list | list, large list, fixed-size list | an array | not possible |
//! | null | null; a column of type null | `null`, or no such key; declared texts | an empty field without quotes; declared texts |
//!
//! In Parquet and Arrow any of these may be dictionary-encoded, and the 96-bit times of old Parquet
//! files are accepted as times. Extra columns and keys are ignored. A missing column is read as
//! null if the column may be null. "By value" means that each value is exact or bad.
//!
//! Numbers in text follow JSON's grammar (no `+1`, no `007`, no blanks). A float out of range, a
//! time beyond 64 bits of microseconds, or an event time beyond ±2^62 is bad. Times finer than a
//! microsecond are floored, except integers, which must be exact. In text a time may also be a
//! date, and without a zone it is UTC. The unit of integers and the texts that are null or boolean
//! are declared for a source ([`Notation`](lockstep_core::notation::Notation)).
//!
//! # What is bad, and what that costs
//!
//! - A header problem (a column that is missing, duplicated or of a type not above) refuses the
//!   file. A missing column is no problem if any event struct of the source declares it nullable:
//!   then it is null.
//! - A record that cannot be parsed is set aside for its source: a malformed line, text that is not
//!   UTF-8, a repeated key at the top level of an object, a wrong number of fields in CSV, or a
//!   record longer than [`LINE_BYTES_MAX`]. So is an event whose time, id or arrival is bad, null
//!   or missing.
//! - A CSV record that goes over several lines and then cannot be parsed, goes over more than
//!   [`CSV_RECORD_LINES_MAX`] lines, is too long, or is still open at the end of the file fails the
//!   file: a stray quote would otherwise hide the rows behind it. The error names the line where
//!   the quote opened.
//! - A bad value of any other column is read as null; its event is admitted, and the value is
//!   reported as a [`Failure`](lockstep_core::failure::Failure). The same holds for a null or a
//!   missing key where every event struct of the source declares the column non-null. The views
//!   that declare the column do not see the event. Where the structs disagree, the null is an
//!   ordinary one here, and the views whose struct declares the column non-null do not see the
//!   event.
//! - The bytes that are kept of a bad event are the original record, or in Parquet and Arrow its
//!   declared columns as JSON.
//! - A damaged or truncated Parquet or Arrow file is an error at the batch where the damage
//!   appears. Text that is not UTF-8 counts as damage in two places: in an Arrow file, and inside a
//!   list.
//!
//! # Positions
//!
//! The position of an event is its row number from 0. In NDJSON blank lines do not count, and in
//! CSV the header does not. Over several files positions continue in the given order, and the files
//! of a pattern are in the byte order of their paths. Line numbers in messages start at 1 and count
//! every line of the file.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

mod absent;
mod admit;
mod bad_cell;
mod bytes;
pub mod clock;
mod column;
mod columnar;
mod content;
mod csv;
mod csv_events;
mod decimals;
mod delivery;
mod durable;
mod files;
mod format;
mod groups;
mod header;
mod hive;
mod integers;
mod ipc;
mod ipc_buffers;
mod limits;
mod line;
mod listing;
mod location;
mod measured;
mod moments;
mod ndjson;
mod objects;
mod page_header;
mod page_levels;
mod parquet;
mod parquet_cost;
mod parquet_hints;
mod parquet_sink;
mod pattern;
mod quiet;
mod reader;
mod redact;
#[cfg(test)]
mod sample;
mod sink;
mod spine_types;
mod table;
mod table_reader;
mod temporary;
mod text;
mod text_table;
mod unify;
mod upload;
mod uuid;
mod walk;
mod widen;
mod written;

pub use absent::{Notice, Notices};
pub use delivery::{Delivery, OnePartition, SourceReader};
pub use files::{open_events, open_events_stdin, open_files};
pub use format::Format;
pub use groups::PassedOver;
pub use limits::{
    ARROW_BATCH_BYTES_MAX, BATCH_BYTES_MAX, BATCH_ROWS_DEFAULT, BATCH_ROWS_MAX, CELL_BYTES_MAX,
    CSV_RECORD_LINES_MAX, DECODED_BATCH_BYTES_MAX, LINE_BYTES_MAX, PAGE_BYTES_MAX,
    PAGE_HEADER_BYTES_MAX, PAGES_BYTES_MAX, TABLE_BYTES_MAX,
};
pub use location::{FileId, Location, SourceFile};
pub use objects::ObjectStores;
pub use pattern::{Pattern, files_of};
pub use reader::{EventReader, ReadOptions};
pub use sink::TrainingWriter;
pub use table::{TABLE_TEXT_BYTES_MAX, TableOptions, column_of, read_table, read_tables};
pub use table_reader::{ReadAhead, TableReader, open_tables};
pub use upload::is_url;
