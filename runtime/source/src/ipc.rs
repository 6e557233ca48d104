//! Arrow IPC: reads an Arrow file or stream as record batches.
//!
//! Invariant: a file ends with its footer and a stream with its end-of-stream marker; one that
//! stops earlier is truncated, which is an error and never just a shorter input. Arrow's own
//! validation of offsets, lengths and text is never skipped. Compressed buffers are decompressed
//! only once their declared sizes have passed (`ipc_buffers.rs`). Deliberately absent: what the
//! columns mean.

use super::columnar::{BatchSource, Projection, damaged, guarded};
use super::content::Content;
use super::hive::Constants;
use super::ipc_buffers::{CheckedStream, DECLARED_BYTES, Declared, message};
use super::limits::INPUT_BUFFER_BYTES;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader, read_footer_length};
use arrow::ipc::{self, Block, root_as_footer};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};

/// The first bytes of a file in the IPC file format.
const FILE_MAGIC: &[u8; 6] = b"ARROW1";
/// The bytes before the length of a message.
const CONTINUATION_MARKER: [u8; 4] = [0xff; 4];
/// Bytes after the footer: its length and the magic.
const FOOTER_TRAILER_BYTES: usize = 10;

type Input = Box<dyn Read + Send>;

/// Where the batches come from.
enum Reader {
    File(Box<FileReader<BufReader<Content>>>),
    Stream(Box<StreamReader<EndWatch<CheckedStream<Input>>>>),
}

impl Reader {
    fn next(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        match self {
            Reader::File(reader) => reader.next(),
            Reader::Stream(reader) => reader.next().or_else(|| {
                reader.get_ref().ended.then(|| {
                    let missing = "the stream stops before its end-of-stream marker";
                    Err(ArrowError::IpcError(missing.to_string()))
                })
            }),
        }
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Reader::File(reader) => reader.schema(),
            Reader::Stream(reader) => reader.schema(),
        }
    }
}

/// Passes bytes through and remembers whether the input ended. A reader that finds the
/// end-of-stream marker reads no further, so only a stream without the marker is read to its very
/// end.
struct EndWatch<R> {
    input: R,
    ended: bool,
}

impl<R: Read> Read for EndWatch<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(out)?;
        self.ended |= read == 0 && !out.is_empty();
        Ok(read)
    }
}

/// The record batches of an input.
pub(super) struct IpcSource {
    place: String,
    reader: Reader,
    /// The chosen columns.
    chosen: Option<Vec<usize>>,
    /// Rows that are still to be skipped.
    skip: u64,
    /// The batch in which skipping ended.
    first: Option<RecordBatch>,
}

impl IpcSource {
    fn read(&mut self) -> Result<Option<RecordBatch>> {
        let failed = |error| unreadable(&self.place, error);
        let Some(batch) = self.reader.next().transpose().map_err(failed)? else { return Ok(None) };
        match &self.chosen {
            Some(chosen) => batch.project(chosen).map(Some).map_err(failed),
            None => Ok(Some(batch)),
        }
    }

    /// Skips rows; returns how many there were.
    fn pass_over(&mut self) -> Result<u64> {
        let wanted = self.skip;
        while self.skip > 0 {
            let Some(batch) = self.read()? else { break };
            let rows = batch.num_rows() as u64;
            if rows > self.skip {
                let from = self.skip as usize;
                self.first = Some(batch.slice(from, batch.num_rows() - from));
            }
            self.skip -= rows.min(self.skip);
        }
        Ok(wanted - self.skip)
    }
}

impl BatchSource for IpcSource {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.read(),
        }
    }
}

fn unreadable(place: &str, error: ArrowError) -> Error {
    // A check of ours that failed within the library keeps its own words.
    if let ArrowError::IoError(_, cause) = &error
        && let Some(own) = cause.get_ref().and_then(|cause| cause.downcast_ref::<Error>())
    {
        return own.clone();
    }
    damaged(place).because(error)
}

/// Opens the file or stream at `file`.
fn reader_of_file(place: &str, content: Content) -> Result<Reader> {
    let mut magic = Vec::new();
    let failed =
        |error: std::io::Error| Error::retry(format!("{place}: reading failed")).because(error);
    let mut file = content.with_tail().map_err(failed)?;
    (&mut file).take(FILE_MAGIC.len() as u64).read_to_end(&mut magic).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    if magic != FILE_MAGIC {
        return reader_of_stream(place, file.into_read());
    }
    check_blocks(place, &mut file)?;
    let reader = FileReader::try_new(BufReader::new(file), None);
    Ok(Reader::File(Box::new(reader.map_err(|error| unreadable(place, error))?)))
}

/// Checks that every block in the footer lies within the file: the reader allocates and clears as
/// much memory as a block claims to need, before it reads a byte of it.
fn check_blocks(place: &str, file: &mut Content) -> Result<()> {
    let failed = |error: std::io::Error| damaged(place).because(error);
    let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let mut trailer = [0; FOOTER_TRAILER_BYTES];
    file.seek(SeekFrom::End(-(FOOTER_TRAILER_BYTES as i64))).map_err(failed)?;
    file.read_exact(&mut trailer).map_err(failed)?;
    let footer_length = read_footer_length(trailer).map_err(|error| unreadable(place, error))?;
    let behind = footer_length as u64 + FOOTER_TRAILER_BYTES as u64;
    if behind > length {
        return Err(damaged(place).because("its footer is longer than the file"));
    }
    file.seek(SeekFrom::Start(length - behind)).map_err(failed)?;
    let mut bytes = vec![0; footer_length];
    file.read_exact(&mut bytes).map_err(failed)?;
    let footer =
        root_as_footer(&bytes).map_err(|error| damaged(place).because(error.to_string()))?;
    check_byte_order(place, footer.schema())?;
    let dictionaries = footer.dictionaries().into_iter().flatten();
    for block in dictionaries.chain(footer.recordBatches().into_iter().flatten()) {
        let parts = [block.offset(), i64::from(block.metaDataLength()), block.bodyLength()];
        let end = parts.iter().try_fold(0u64, |end, part| end.checked_add_signed(*part));
        if parts.iter().any(|part| *part < 0) || end.is_none_or(|end| end > length) {
            return Err(damaged(place).because("its footer names bytes beyond the file"));
        }
    }
    let dictionaries = footer.dictionaries().into_iter().flatten();
    let batches = footer.recordBatches().into_iter().flatten().enumerate();
    for (at, block) in dictionaries.map(|block| (0, block)).chain(batches) {
        check_block(place, file, at, block)?;
    }
    file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(failed)
}

/// Refuses a schema that says its values are big-endian: the reader would take their bytes in the
/// wrong order.
fn check_byte_order(place: &str, schema: Option<ipc::Schema<'_>>) -> Result<()> {
    if schema.is_none_or(|schema| schema.endianness() == ipc::Endianness::Little) {
        return Ok(());
    }
    Err(Error::input(format!(
        "{place}: its values are big-endian, which is not read; write the file on a little-endian \
         machine, or as Parquet"
    ))
    .with_code(Code::DamagedFile { file: place.to_string() }))
}

/// Checks the schema message with which a stream begins; returns the stream from its first byte.
fn with_checked_schema(place: &str, mut input: Input) -> Result<Input> {
    let failed = |error| Error::retry(format!("{place}: reading failed")).because(error);
    let mut start = Vec::new();
    let mut next = |bytes: u64, start: &mut Vec<u8>| -> Result<Option<usize>> {
        let at = start.len();
        (&mut input).take(bytes).read_to_end(start).map_err(failed)?;
        Ok((start.len() - at == bytes as usize).then_some(at))
    };
    // The length follows a marker, except in old files. What is cut off, the reader reports.
    let mut length = next(4, &mut start)?;
    if length.is_some() && start == CONTINUATION_MARKER {
        length = next(4, &mut start)?;
    }
    if let Some(at) = length {
        let length: [u8; 4] = start[at..].try_into().expect("four bytes were read");
        let length = u64::try_from(i32::from_le_bytes(length)).unwrap_or(0);
        if let Some(at) = next(length, &mut start)?
            && let Ok(message) = ipc::root_as_message(&start[at..])
        {
            check_byte_order(place, message.header_as_schema())?;
        }
    }
    Ok(Box::new(Cursor::new(start).chain(input)))
}

/// Checks what the compressed buffers of block `at` of a file declare.
fn check_block(place: &str, file: &mut Content, at: usize, block: &Block) -> Result<()> {
    let failed = |error: std::io::Error| damaged(place).because(error);
    let start = block.offset() as u64;
    let mut metadata = vec![0; block.metaDataLength() as usize];
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    file.read_exact(&mut metadata).map_err(failed)?;
    // Its length is in front, behind a marker that old writers left out.
    let front = if metadata.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let mut declared = Declared::default();
    for offset in message(metadata.get(front..).unwrap_or(&[])).compressed {
        let body = start + metadata.len() as u64;
        let mut first = [0; DECLARED_BYTES];
        file.seek(SeekFrom::Start(body.saturating_add(offset))).map_err(failed)?;
        file.read_exact(&mut first).map_err(failed)?;
        if declared.add(first).is_none() {
            return Err(declared.too_large(place, at));
        }
    }
    Ok(())
}

fn reader_of_stream(place: &str, input: Input) -> Result<Reader> {
    let input: Input = Box::new(BufReader::with_capacity(INPUT_BUFFER_BYTES, input));
    let input = with_checked_schema(place, input)?;
    let input = CheckedStream::new(input, place);
    let reader = StreamReader::try_new(EndWatch { input, ended: false }, None);
    Ok(Reader::Stream(Box::new(reader.map_err(|error| unreadable(place, error))?)))
}

fn events_of(
    place: &str,
    reader: Reader,
    (schema, constants): (&SourceSchema, &Constants),
    skip: u64,
) -> Result<(IpcSource, Projection, u64)> {
    let projection = Projection::of(place, &reader.schema(), schema, constants)?;
    let chosen = Some(projection.chosen.clone());
    let mut source = IpcSource { place: place.to_string(), reader, chosen, skip, first: None };
    let skipped = source.pass_over()?;
    Ok((source, projection, skipped))
}

/// Opens the events of a file at row `skip`, or at its end if it has fewer rows; returns how many
/// rows were skipped.
pub(super) fn open_events(
    place: &str,
    file: Content,
    (schema, constants): (&SourceSchema, &Constants),
    skip: u64,
) -> Result<(IpcSource, Projection, u64)> {
    guarded(place, || events_of(place, reader_of_file(place, file)?, (schema, constants), skip))
}

/// The same for a stream, such as standard input.
pub(super) fn stream_events(
    place: &str,
    input: Input,
    (schema, constants): (&SourceSchema, &Constants),
    skip: u64,
) -> Result<(IpcSource, Projection, u64)> {
    guarded(place, || events_of(place, reader_of_stream(place, input)?, (schema, constants), skip))
}

/// Opens a whole file with its own column types.
pub(super) fn open_table(
    place: &str,
    file: Content,
) -> Result<(IpcSource, std::sync::Arc<Schema>)> {
    guarded(place, || {
        let reader = reader_of_file(place, file)?;
        let schema = reader.schema();
        let place = place.to_string();
        Ok((IpcSource { place, reader, chosen: None, skip: 0, first: None }, schema))
    })
}
