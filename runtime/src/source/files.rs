//! Several files as one source partition.
//!
//! Invariant: positions continue over the files in the order given, so a position names one event
//! as long as the files before it stay as they are. A start beyond the last event is an error, as
//! the files must have changed. Deliberately absent: patterns of file names, and any order other
//! than the caller's.

use super::columnar::ColumnarReader;
use super::csv_events::CsvRecords;
use super::line::LineReader;
use super::ndjson::NdjsonRecords;
use super::text::TextReader;
use super::{EventReader, Format, ReadOptions, ipc, open_file, parquet};
use crate::error::{Error, Result};
use crate::event::{EventBatch, SourceSchema};
use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A reader of one input, whose positions count from its own start, and how many events it passed
/// over: as many as asked for, or all.
type Part = (Box<dyn EventReader>, u64);

/// Reads files one after the other.
pub(super) struct FilesReader {
    paths: VecDeque<PathBuf>,
    schema: Arc<SourceSchema>,
    batch_rows: usize,
    part: Option<Box<dyn EventReader>>,
    /// The position of the first event of `part`.
    base: u64,
    /// The position to read from next.
    position: u64,
    failed: bool,
}

impl FilesReader {
    pub(super) fn open(
        paths: &[PathBuf],
        schema: Arc<SourceSchema>,
        options: ReadOptions,
    ) -> Result<FilesReader> {
        for path in paths {
            Format::of(path)?;
            open_file(path)?;
        }
        let mut reader = FilesReader {
            paths: paths.iter().cloned().collect(),
            schema,
            batch_rows: options.batch_rows,
            part: None,
            base: 0,
            position: 0,
            failed: false,
        };
        reader.open_at(options.start_position)?;
        Ok(reader)
    }

    /// Opens the file that holds the event at `start`.
    fn open_at(&mut self, start: u64) -> Result<()> {
        while let Some(path) = self.paths.pop_front() {
            let wanted = start - self.position;
            let schema = Arc::clone(&self.schema);
            let (part, skipped) = open_part(&path, schema, self.batch_rows, wanted)?;
            self.base = self.position;
            self.position += skipped;
            if skipped == wanted {
                self.part = Some(part);
                return Ok(());
            }
        }
        if self.position < start {
            return Err(Error::input(format!(
                "source {}: reading starts at position {start}, but the files hold {} events; \
                 were they replaced?",
                self.schema.source, self.position
            )));
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<EventBatch>> {
        loop {
            let Some(part) = &mut self.part else { return Ok(None) };
            match part.next()? {
                Some(mut batch) => {
                    let base = self.base;
                    batch.positions.iter_mut().for_each(|position| *position += base);
                    batch.set_aside.iter_mut().for_each(|event| event.position += base);
                    batch.next_position += base;
                    self.position = batch.next_position;
                    return Ok(Some(batch));
                }
                None => {
                    self.part = None;
                    self.open_at(self.position)?;
                }
            }
        }
    }
}

impl EventReader for FilesReader {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        if self.failed {
            return Err(Error::input(format!(
                "source {}: reading failed before position {}; open the files again",
                self.schema.source, self.position
            )));
        }
        let read = self.read();
        self.failed = read.is_err();
        read
    }
}

fn open_part(path: &Path, schema: Arc<SourceSchema>, batch_rows: usize, skip: u64) -> Result<Part> {
    let place = path.display().to_string();
    let file = open_file(path)?;
    match Format::of(path)? {
        Format::Parquet => {
            let (source, projection, skipped) =
                parquet::open_events(&place, file, &schema, batch_rows, skip)?;
            let source = Box::new(source);
            let reader =
                ColumnarReader::new(place, source, schema, projection, batch_rows, skipped);
            Ok((Box::new(reader), skipped))
        }
        Format::ArrowIpc => {
            let (source, projection, skipped) = ipc::open_events(&place, file, &schema, skip)?;
            let source = Box::new(source);
            let reader =
                ColumnarReader::new(place, source, schema, projection, batch_rows, skipped);
            Ok((Box::new(reader), skipped))
        }
        Format::Ndjson => open_ndjson(Box::new(file), place, schema, batch_rows, skip),
        Format::Csv => open_csv(Box::new(file), place, schema, batch_rows, skip),
    }
}

fn open_ndjson(
    input: Box<dyn Read + Send>,
    place: String,
    schema: Arc<SourceSchema>,
    batch_rows: usize,
    skip: u64,
) -> Result<Part> {
    let records = NdjsonRecords::new(LineReader::new(input, place), Arc::clone(&schema));
    let (reader, skipped) = TextReader::starting_at(records, schema, batch_rows, skip)?;
    Ok((Box::new(reader), skipped))
}

fn open_csv(
    input: Box<dyn Read + Send>,
    place: String,
    schema: Arc<SourceSchema>,
    batch_rows: usize,
    skip: u64,
) -> Result<Part> {
    let records = CsvRecords::new(LineReader::new(input, place), Arc::clone(&schema))?;
    let (reader, skipped) = TextReader::starting_at(records, schema, batch_rows, skip)?;
    Ok((Box::new(reader), skipped))
}

/// Opens a pipe.
pub(super) fn open_stream(
    format: Format,
    input: Box<dyn Read + Send>,
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    let place = "standard input".to_string();
    let ReadOptions { batch_rows, start_position } = options;
    let (reader, skipped): Part = match format {
        Format::Parquet => {
            return Err(Error::input(format!(
                "{place}: Parquet cannot be read from a pipe; write it to a file, or send Arrow \
                 IPC in the stream format"
            )));
        }
        Format::ArrowIpc => {
            let (source, projection, skipped) =
                ipc::stream_events(&place, input, &schema, start_position)?;
            let source = Box::new(source);
            let reader =
                ColumnarReader::new(place, source, schema, projection, batch_rows, skipped);
            (Box::new(reader), skipped)
        }
        Format::Ndjson => open_ndjson(input, place, schema, batch_rows, start_position)?,
        Format::Csv => open_csv(input, place, schema, batch_rows, start_position)?,
    };
    if skipped < start_position {
        return Err(Error::input(format!(
            "standard input: reading starts at position {start_position}, but it holds {skipped} \
             events"
        )));
    }
    Ok(reader)
}
