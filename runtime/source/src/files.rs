//! Several files read as one source partition.
//!
//! Invariant: positions continue from file to file in the given order, so a position names one
//! event as long as the files before it do not change. A start after the last event is an error,
//! because the files must have changed. Deliberately absent: patterns of file names (`pattern.rs`),
//! and any order other than the caller's.

use super::absent::Absence;
use super::columnar::ColumnarReader;
use super::csv_events::CsvRecords;
use super::format::Format;
use super::groups::{PassedOver, Pruning};
use super::hive::Constants;
use super::line::LineReader;
use super::location::SourceFile;
use super::measured::Measured;
use super::ndjson::NdjsonRecords;
use super::parquet::Reading;
use super::reader::{EventReader, Part, ReadOptions};
use super::text::TextReader;
use super::{ipc, parquet};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::time::Interval;
use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Opens one file of events, in the format of its extension.
pub fn open_events(
    path: &Path,
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    open_files(&[SourceFile::from(path)], schema, options)
}

/// Opens several files as one source partition: positions continue from file to file. The header of
/// the first file is checked here, the others when they are reached.
pub fn open_files<F: Clone + Into<SourceFile>>(
    files: &[F],
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    options.check()?;
    let files = files.iter().cloned().map(Into::into).collect();
    Ok(Box::new(FilesReader::open(files, schema, options)?))
}

/// Opens a pipe of events, such as standard input. Parquet has its footer at the end and cannot be
/// read from a pipe; Arrow IPC must be in the stream format.
pub fn open_events_stdin(
    format: Format,
    input: Box<dyn Read + Send>,
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    options.check()?;
    open_stream(format, input, schema, options)
}

/// An opened part, and how many events it skipped: as many as requested, or all it has.
type Opened = (Box<dyn Part>, u64);

/// Reads files one after the other.
struct FilesReader {
    files: VecDeque<(SourceFile, Pruning)>,
    schema: Arc<SourceSchema>,
    batch_rows: usize,
    part: Option<(SourceFile, Box<dyn Part>)>,
    /// The position of the first event of `part`.
    base: u64,
    /// The position to read from next.
    position: u64,
    /// What was not read of the files before `part`.
    passed_over: PassedOver,
    absence: Absence,
    failed: bool,
}

impl FilesReader {
    fn open(
        files: Vec<SourceFile>,
        schema: Arc<SourceSchema>,
        options: ReadOptions,
    ) -> Result<FilesReader> {
        for file in &files {
            Format::of(file.location().path())?;
            file.open()?;
        }
        let prunings = prunings(&files, &schema, options.time_range)?;
        let mut reader = FilesReader {
            files: files.into_iter().zip(prunings).collect(),
            schema,
            batch_rows: options.batch_rows,
            part: None,
            base: 0,
            position: 0,
            passed_over: PassedOver::default(),
            absence: options.absence(),
            failed: false,
        };
        reader.open_at(options.start_position)?;
        Ok(reader)
    }

    /// Opens the file that holds the event at `start`.
    fn open_at(&mut self, start: u64) -> Result<()> {
        while let Some((file, pruning)) = self.files.pop_front() {
            let wanted = start - self.position;
            let reading = Reading { batch_rows: self.batch_rows, pruning, skip: wanted };
            let opened = open_part(&file, Arc::clone(&self.schema), reading, &self.absence);
            let (part, skipped) = opened.map_err(|error| file.blame(error))?;
            self.base = self.position;
            self.position += skipped;
            if skipped == wanted {
                self.part = Some((file, part));
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
            let Some((file, part)) = &mut self.part else { return Ok(None) };
            match part.next().map_err(|error| file.blame(error))? {
                Some(mut batch) => {
                    batch.shift(self.base);
                    self.position = batch.next_position;
                    return Ok(Some(batch));
                }
                None => {
                    self.position = self.base + part.position();
                    self.passed_over.add(part.passed_over());
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

    fn passed_over(&self) -> PassedOver {
        let mut sum = self.passed_over;
        sum.add(self.part.as_ref().map(|(_, part)| part.passed_over()).unwrap_or_default());
        sum
    }
}

/// For each file, which row groups may be skipped if only events of `range` are needed; `groups.rs`
/// explains why.
fn prunings(
    files: &[SourceFile],
    schema: &SourceSchema,
    range: Option<Interval>,
) -> Result<Vec<Pruning>> {
    let Some(range) = range else { return Ok(vec![Pruning::Nothing; files.len()]) };
    if schema.id.is_none() {
        return Ok(vec![Pruning::Outside(range); files.len()]);
    }
    let mut prunings = vec![Pruning::Nothing; files.len()];
    for (file, pruning) in files.iter().zip(&mut prunings).rev() {
        *pruning = Pruning::OutsideAtTheEnd(range);
        let place = file.location().to_string();
        let outside = match Format::of(file.location().path())? {
            Format::Parquet => {
                let constants = Constants::of(&place, &file.partitions, schema)?;
                parquet::is_outside(&place, file.open()?, (schema, &constants), range)
                    .map_err(|error| file.blame(error))?
            }
            Format::ArrowIpc | Format::Ndjson | Format::Csv => false,
        };
        if !outside {
            break;
        }
    }
    Ok(prunings)
}

fn open_part(
    file: &SourceFile,
    schema: Arc<SourceSchema>,
    reading: Reading,
    absence: &Absence,
) -> Result<Opened> {
    let Reading { batch_rows, skip, .. } = reading;
    let place = file.location().to_string();
    let constants = Constants::of(&place, &file.partitions, &schema)?;
    let format = Format::of(file.location().path())?;
    let file = file.open()?;
    match format {
        Format::Parquet => {
            let given = (&*schema, &constants);
            let (source, mut projection, skipped) =
                parquet::open_events(&place, file, given, reading)?;
            absence.tell(&place, &schema, std::mem::take(&mut projection.absent))?;
            let source = Box::new(Measured::new(&place, source, skipped));
            let columns = (projection, constants);
            let reader = ColumnarReader::new(place, source, schema, columns, batch_rows, skipped);
            Ok((Box::new(reader), skipped))
        }
        Format::ArrowIpc => {
            let given = (&*schema, &constants);
            let (source, mut projection, skipped) = ipc::open_events(&place, file, given, skip)?;
            absence.tell(&place, &schema, std::mem::take(&mut projection.absent))?;
            let source = Box::new(Measured::new(&place, source, skipped));
            let columns = (projection, constants);
            let reader = ColumnarReader::new(place, source, schema, columns, batch_rows, skipped);
            Ok((Box::new(reader), skipped))
        }
        Format::Ndjson => {
            let lines = LineReader::new(file.into_read(), place);
            open_ndjson(lines, (schema, constants), batch_rows, skip, absence)
        }
        Format::Csv => {
            let lines = LineReader::new(file.into_read(), place);
            open_csv(lines, (schema, constants), batch_rows, skip, absence)
        }
    }
}

fn open_ndjson(
    lines: LineReader,
    (schema, constants): (Arc<SourceSchema>, Constants),
    batch_rows: usize,
    skip: u64,
    absence: &Absence,
) -> Result<Opened> {
    let absence = (absence.clone(), lines.place().to_string());
    let records = NdjsonRecords::new(lines, Arc::clone(&schema), constants);
    let (reader, skipped) = TextReader::starting_at(records, schema, batch_rows, skip, absence)?;
    Ok((Box::new(reader), skipped))
}

fn open_csv(
    lines: LineReader,
    (schema, constants): (Arc<SourceSchema>, Constants),
    batch_rows: usize,
    skip: u64,
    absence: &Absence,
) -> Result<Opened> {
    let place = lines.place().to_string();
    let mut records = CsvRecords::new(lines, Arc::clone(&schema), constants)?;
    absence.tell(&place, &schema, std::mem::take(&mut records.absent))?;
    let absence = (absence.clone(), place);
    let (reader, skipped) = TextReader::starting_at(records, schema, batch_rows, skip, absence)?;
    Ok((Box::new(reader), skipped))
}

/// Opens a pipe.
fn open_stream(
    format: Format,
    input: Box<dyn Read + Send>,
    schema: Arc<SourceSchema>,
    options: ReadOptions,
) -> Result<Box<dyn EventReader>> {
    let place = "standard input".to_string();
    let absence = options.absence();
    let ReadOptions { batch_rows, start_position, .. } = options;
    let constants = Constants::none(&schema);
    let (reader, skipped): Opened = match format {
        Format::Parquet => {
            return Err(Error::input(format!(
                "{place}: Parquet cannot be read from a pipe; write it to a file, or send Arrow \
                 IPC in the stream format"
            )));
        }
        Format::ArrowIpc => {
            let (source, mut projection, skipped) =
                ipc::stream_events(&place, input, (&schema, &constants), start_position)?;
            absence.tell(&place, &schema, std::mem::take(&mut projection.absent))?;
            let source = Box::new(Measured::new(&place, source, skipped));
            let columns = (projection, constants);
            let reader = ColumnarReader::new(place, source, schema, columns, batch_rows, skipped);
            (Box::new(reader), skipped)
        }
        Format::Ndjson => {
            let lines = LineReader::new(input, place);
            open_ndjson(lines, (schema, constants), batch_rows, start_position, &absence)?
        }
        Format::Csv => {
            let lines = LineReader::new(input, place);
            open_csv(lines, (schema, constants), batch_rows, start_position, &absence)?
        }
    };
    if skipped < start_position {
        return Err(Error::input(format!(
            "standard input: reading starts at position {start_position}, but it holds {skipped} \
             events"
        )));
    }
    Ok(reader)
}
