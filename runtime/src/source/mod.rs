//! Sources: files of events and spines, validated once at the edge (S2, S6, S8, S14).
//!
//! Invariant: whatever the format, an event is its declared columns in the one Arrow type of each,
//! with exact values or set aside; so two files with the same events in two formats give the same
//! bits. Batch sizes and starting positions never show in what is read. Deliberately absent:
//! coercion, guesses and brokers.
//!
//! # What each format holds for each type
//!
//! Anything that is not in this table is refused. It is part of the contract (S6).
//!
//! | type | Parquet, Arrow | NDJSON | CSV |
//! |---|---|---|---|
//! | bool | boolean | `true`, `false` | `true`, `false` |
//! | int64 | int8 to int64, uint8 to uint32; uint64 by value | digits; `-0` is 0; not `1.0`, `1e3` | as NDJSON |
//! | float32 | float16, float32 | a number, to the nearest single; `"NaN"`, `"Infinity"`, `"-Infinity"` | as NDJSON, bare or quoted |
//! | float64 | float16, float32, float64 | a number, to the nearest double; the same three strings | as NDJSON, bare or quoted |
//! | string | utf8, large utf8, utf8 view | a string | any text; `""` is the empty one |
//! | timestamp | s, ms, us, ns, with or without zone; date32 | RFC 3339 string, or an integer of microseconds | RFC 3339, or an integer of microseconds |
//! | list | list, large list, fixed-size list | an array | not possible |
//! | null | null; a column of type null | `null`, or no such key | an empty field without quotes |
//!
//! In Parquet and Arrow any of these may be dictionary-encoded, and the 96-bit times of old Parquet
//! files are times. Extra columns and keys are ignored. An absent column is null if it may be.
//!
//! Numbers in text follow JSON's grammar (no `+1`, no `007`, no blanks). A float beyond its range,
//! a time beyond 64 bits of microseconds, or an event time beyond ±2^62 is bad. Times finer than a
//! microsecond floor. In text a time may also be a date, or have no zone, which is UTC.
//!
//! # What is bad, and what that costs
//!
//! - A header problem (a column missing, twice there or of a type not above) refuses the file.
//! - A bad value, a null where none may be, text that is not UTF-8, a malformed line, a repeated
//!   key at the top of an object or a record of more than [`LINE_BYTES_MAX`] sets that event aside.
//!   Its bytes are the record as it came, or in Parquet and Arrow its declared columns as JSON.
//! - A damaged or truncated Parquet or Arrow file is an error at the batch where it shows. Two
//!   kinds of bad text count as damage: in an Arrow file, and inside a list.
//!
//! # Positions
//!
//! The position of an event is its row number from 0. In NDJSON only lines with more than blanks
//! count, in CSV the header does not. Over several files positions continue in the order given, and
//! the files of a pattern are in the byte order of their paths.
//! Lines in messages are numbered from 1 and count every line of the file.

mod admit;
mod cell;
mod column;
mod columnar;
mod content;
mod csv;
mod csv_events;
mod durable;
mod files;
mod groups;
mod hive;
mod ipc;
mod json;
mod line;
mod location;
mod ndjson;
mod objects;
mod parquet;
mod parquet_sink;
mod pattern;
#[cfg(test)]
mod sample;
mod sink;
mod table;
mod table_reader;
mod temporary;
mod text;
mod upload;
mod widen;

pub use groups::PassedOver;
pub use location::{Location, SourceFile};
pub use objects::ObjectStores;
pub use pattern::{Pattern, files_of};
pub use sink::TrainingWriter;
pub use table::{TABLE_TEXT_BYTES_MAX, column_of, read_table, read_tables};
pub use table_reader::{ReadAhead, TableReader, open_tables};
pub use upload::is_url;

use crate::error::{Error, Result};
use crate::event::{EventBatch, SourceSchema};
use crate::time::Interval;
use crate::value::Column;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of one NDJSON line or CSV record.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Bytes of text after which a batch ends, even if it has room for more rows.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Most rows of a batch.
pub const BATCH_ROWS_MAX: usize = 1 << 20;
/// Rows of a batch unless the caller says otherwise.
pub const BATCH_ROWS_DEFAULT: usize = 8192;
/// Bytes read from an input at once.
const INPUT_BUFFER_BYTES: usize = 256 << 10;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC: the file format or the stream format.
    ArrowIpc,
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a header.
    Csv,
}

impl Format {
    /// The extension that names it.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::ArrowIpc => "arrow",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        }
    }

    /// The format that the extension of `path` names.
    pub fn of(path: &Path) -> Result<Format> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "parquet" => Ok(Format::Parquet),
            "arrow" | "feather" | "ipc" => Ok(Format::ArrowIpc),
            "ndjson" | "jsonl" | "json" => Ok(Format::Ndjson),
            "csv" => Ok(Format::Csv),
            _ => Err(Error::input(format!(
                "{}: the format is not known; name the file .parquet, .arrow, .feather, .ipc, \
                 .ndjson, .jsonl, .json or .csv",
                path.display()
            ))),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Parquet => "Parquet",
            Format::ArrowIpc => "Arrow IPC",
            Format::Ndjson => "NDJSON",
            Format::Csv => "CSV",
        })
    }
}

/// How events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Most rows of a batch, from 1 to [`BATCH_ROWS_MAX`].
    pub batch_rows: usize,
    /// The position of the first event to be read.
    pub start_position: u64,
    /// The event times that are needed; Parquet row groups that hold none of them are passed over.
    /// In a source with event ids only those behind which no other is read, since an event may
    /// decide on a later one of its id (S10). Other events outside the range are read all the same.
    pub time_range: Option<Interval>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { batch_rows: BATCH_ROWS_DEFAULT, start_position: 0, time_range: None }
    }
}

impl ReadOptions {
    fn check(self) -> Result<()> {
        if (1..=BATCH_ROWS_MAX).contains(&self.batch_rows) {
            return Ok(());
        }
        Err(Error::input(format!(
            "a batch of {} rows is not possible; choose 1 to {BATCH_ROWS_MAX}",
            self.batch_rows
        )))
    }
}

/// Reads the events of a source partition in the order of their positions.
pub trait EventReader: Send {
    /// The next batch, which may hold nothing but events set aside; `None` after the last one.
    /// After an error the reader answers errors only.
    fn next(&mut self) -> Result<Option<EventBatch>>;

    /// What was not read so far because [`ReadOptions::time_range`] needs none of it.
    fn passed_over(&self) -> PassedOver {
        PassedOver::default()
    }
}

/// Opens one file of events, in the format of its extension.
pub fn open_events(
    path: &Path,
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    open_files(&[SourceFile::from(path)], schema, options)
}

/// Opens several files as one source partition: positions continue over them in this order. The
/// header of the first file is judged here, of each other when it is reached.
pub fn open_files<F: Clone + Into<SourceFile>>(
    files: &[F],
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    options.check()?;
    let files = files.iter().cloned().map(Into::into).collect();
    Ok(Box::new(files::FilesReader::open(files, schema, options)?))
}

/// Opens a pipe of events, such as standard input. Parquet has its directory at its end and cannot
/// be read from a pipe; Arrow IPC must be in the stream format.
pub fn open_events_stdin(
    format: Format,
    input: Box<dyn Read + Send>,
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    options.check()?;
    files::open_stream(format, input, schema, options)
}

/// The error of a declared column that a file lacks.
fn missing_column(place: &str, column: &Column, found: &[String]) -> Error {
    Error::input(format!(
        "{place}: there is no column {:?} of type {}; add it, or declare it nullable; columns \
         found: {}",
        column.name,
        column.data_type,
        found.join(", ")
    ))
}

/// The error of a declared column that has another type in a file.
fn wrong_type(place: &str, column: &Column, found: &str) -> Error {
    Error::input(format!(
        "{place}: column {:?} should be {}, found {found}; convert the file, or declare the column \
         differently",
        column.name, column.data_type
    ))
}

/// The reason of a record beyond its limit.
fn too_long(what: &str) -> String {
    format!("the {what} is longer than {LINE_BYTES_MAX} bytes")
}
