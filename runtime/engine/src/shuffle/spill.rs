//! Spills: Arrow batches on the disk that do not fit in memory.
//!
//! Invariant: a spill is one growing Arrow IPC stream in an unnamed file, so it disappears with its
//! process, however that ends; a killed run leaves nothing to clean up. Writing a batch returns its
//! [`Extent`], with which it can be read at any time; reads take no lock. Deliberately absent:
//! compression, an end-of-stream marker, and any order other than that of writing.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::FileDecoder;
use arrow::ipc::writer::StreamWriter;
use arrow::ipc::{Block as IpcBlock, MetadataVersion};
use lockstep_core::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes collected before they are written.
const BUFFER_BYTES: usize = 256 << 10;
/// The bytes before a message's metadata: a marker and its length.
const PREFIX_BYTES: usize = 8;
/// The Unix error of a process that has as many files open as it may: EMFILE.
const TOO_MANY_OPEN_FILES: i32 = 24;

/// Batches of one schema on the disk.
pub(crate) struct Spill {
    writer: StreamWriter<Output>,
    decoder: FileDecoder,
    folder: PathBuf,
}

/// Where a batch is in its spill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    offset: u64,
    length: u64,
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spill of {} bytes", self.writer.get_ref().length)
    }
}

impl Spill {
    /// Creates a spill in `folder`.
    pub(crate) fn create(folder: &Path, schema: &SchemaRef) -> Result<Spill> {
        let file = tempfile::tempfile_in(folder).map_err(|error| match error.raw_os_error() {
            Some(TOO_MANY_OPEN_FILES) => too_many_files(folder, error),
            _ => no_room(folder, error),
        })?;
        let output = Output { file, waiting: vec![], length: 0 };
        let bare = Schema::new(schema.fields().clone());
        let writer =
            StreamWriter::try_new(output, &bare).map_err(|error| no_room(folder, error))?;
        let decoder = FileDecoder::new(schema.clone(), MetadataVersion::V5);
        Ok(Spill { writer, decoder, folder: folder.into() })
    }

    /// Writes a batch. It can be read after the next [`Spill::settle`].
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<Extent> {
        let offset = self.writer.get_ref().length;
        self.writer.write(batch).map_err(|error| no_room(&self.folder, error))?;
        Ok(Extent { offset, length: self.writer.get_ref().length - offset })
    }

    /// Writes the collected bytes and frees their memory.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let settled = self.writer.get_mut().write_out();
        settled.map_err(|error| no_room(&self.folder, error))
    }

    /// Reads the batch at `extent`.
    pub(crate) fn read(&self, extent: Extent) -> Result<RecordBatch> {
        let mut bytes = vec![0; extent.length as usize];
        let file = &self.writer.get_ref().file;
        file.read_exact_at(&mut bytes, extent.offset)
            .map_err(|error| unreadable(&self.folder, error))?;
        let length = bytes[PREFIX_BYTES / 2..].first_chunk().map(|it| i32::from_le_bytes(*it));
        let length = length.ok_or_else(|| Error::bug("a spill's message has no length"))?;
        let head = length.saturating_add(PREFIX_BYTES as i32);
        let body = extent.length as i64 - i64::from(head);
        let block = IpcBlock::new(extent.offset as i64, head, body);
        let batch = self.decoder.read_record_batch(&block, &Buffer::from_vec(bytes));
        let batch = batch.map_err(|error| unreadable(&self.folder, error))?;
        batch.ok_or_else(|| Error::bug("a spill's message holds no batch"))
    }
}

/// A growing file, and the bytes still to be written to it.
struct Output {
    file: File,
    waiting: Vec<u8>,
    /// The total number of bytes, written or not.
    length: u64,
}

impl Output {
    fn write_out(&mut self) -> std::io::Result<()> {
        self.file.write_all(&self.waiting)?;
        self.waiting = vec![];
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if self.waiting.len() >= BUFFER_BYTES {
            self.file.write_all(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(bytes.len())
    }

    /// Does nothing: the stream flushes after each batch, but the file is written by
    /// [`Output::write_out`].
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn no_room(
    folder: &Path,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::retry(format!(
        "{}: intermediate rows cannot be written there; make room on its disk, name another folder \
         with --spill-dir, or raise --memory-max",
        folder.display()
    ))
    .because(error)
}

fn too_many_files(folder: &Path, error: std::io::Error) -> Error {
    Error::retry(format!(
        "{}: too many intermediate files are open; raise the limit (ulimit -n), or --memory-max",
        folder.display()
    ))
    .because(error)
}

fn unreadable(folder: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::retry(format!(
        "{}: intermediate rows cannot be read back; check the disk and run again",
        folder.display()
    ))
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, BinaryArray, Int64Array};
    use std::sync::Arc;

    /// Goal: each batch is read as it was written, whatever was written before and after, also if
    /// it is read while the file grows. Method: slices with nulls and empty ones, twice.
    #[test]
    fn batches_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let numbers: Int64Array = (0..1000).map(|i| (i % 7 > 0).then_some(i)).collect();
        let texts: BinaryArray = (0..1000).map(|i| Some(vec![7; i % 11])).collect();
        let columns: [(&str, ArrayRef, bool); 2] =
            [("n", Arc::new(numbers), true), ("t", Arc::new(texts), false)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let mut spill = Spill::create(folder.path(), &batch.schema()).unwrap();
        let mut written = Vec::new();
        for round in 0..2 {
            for part in 0..20 {
                let slice = batch.slice(part * 40 + round, part * 2);
                written.push((spill.write(&slice).unwrap(), slice));
            }
            spill.settle().unwrap();
            for (extent, slice) in &written {
                assert_eq!(spill.read(*extent).unwrap(), *slice);
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
