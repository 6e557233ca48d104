//! File formats, and the file name extensions that stand for them.
//!
//! Invariant: a format follows from a file's name alone. Deliberately absent: how a format is read,
//! and guesses from a file's content.

use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::fmt;
use std::path::Path;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC: the file format or the stream format.
    ArrowIpc,
    /// One JSON object per line.
    Ndjson,
    /// CSV by RFC 4180, with a header.
    Csv,
}

/// The extensions of all formats.
const EXTENSIONS: [&str; 8] =
    ["parquet", "arrow", "feather", "ipc", "ndjson", "jsonl", "json", "csv"];

impl Format {
    /// The extension of this format.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::ArrowIpc => "arrow",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        }
    }

    /// The format for the extension of `path`.
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
            ))
            .with_code(Code::unknown_name("format", &extension, EXTENSIONS))),
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
