//! Spills: Arrow batches on the disk while there is no room for them in memory.
//!
//! Invariant: a spill is an Arrow IPC file without a name, so it is gone when its process is,
//! however that ends: a killed run leaves nothing to clean up. Reads take no lock. Deliberately
//! absent: compression, and any other order than that of writing.

use crate::error::{Error, Result};
use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::writer::FileWriter;
use arrow::ipc::{Block as IpcBlock, root_as_footer};
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes batches of one schema.
pub(super) struct SpillWriter {
    writer: FileWriter<BufWriter<File>>,
    folder: PathBuf,
    schema: SchemaRef,
    written: u32,
}

impl SpillWriter {
    /// A new spill in `folder`.
    pub(super) fn create(folder: &Path, schema: &SchemaRef) -> Result<SpillWriter> {
        let file = tempfile::tempfile_in(folder).map_err(|error| no_room(folder, error))?;
        let output = BufWriter::with_capacity(BUFFER_BYTES, file);
        let bare = Schema::new(schema.fields().clone());
        let writer = FileWriter::try_new(output, &bare).map_err(|error| no_room(folder, error))?;
        Ok(SpillWriter { writer, folder: folder.into(), schema: schema.clone(), written: 0 })
    }

    /// Writes a batch; answers its number.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<u32> {
        self.writer.write(batch).map_err(|error| no_room(&self.folder, error))?;
        self.written += 1;
        Ok(self.written - 1)
    }

    /// The spill, to be read.
    pub(super) fn finish(mut self) -> Result<Spill> {
        let failed = |error| no_room(&self.folder, error);
        self.writer.finish().map_err(failed)?;
        let output = self.writer.into_inner().map_err(failed)?;
        let file =
            output.into_inner().map_err(|error| no_room(&self.folder, error.into_error()))?;
        Spill::open(file, self.schema, self.folder)
    }
}

/// Batches on the disk.
pub(super) struct Spill {
    file: File,
    folder: PathBuf,
    decoder: FileDecoder,
    blocks: Vec<IpcBlock>,
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spill of {} batches", self.blocks.len())
    }
}

impl Spill {
    fn open(mut file: File, schema: SchemaRef, folder: PathBuf) -> Result<Spill> {
        let mut tail = [0; 10];
        file.seek(SeekFrom::End(-10)).map_err(|error| unreadable(&folder, error))?;
        file.read_exact(&mut tail).map_err(|error| unreadable(&folder, error))?;
        let length = read_footer_length(tail).map_err(|error| unreadable(&folder, error))?;
        let mut footer = vec![0; length];
        file.seek(SeekFrom::End(-10 - length as i64))
            .map_err(|error| unreadable(&folder, error))?;
        file.read_exact(&mut footer).map_err(|error| unreadable(&folder, error))?;
        let footer = root_as_footer(&footer)
            .map_err(|error| unreadable(&folder, std::io::Error::other(error.to_string())))?;
        let blocks = footer.recordBatches().iter().flatten().copied().collect();
        let decoder = FileDecoder::new(schema, footer.version());
        Ok(Spill { file, folder, decoder, blocks })
    }

    /// Batch number `number`.
    pub(super) fn read(&self, number: usize) -> Result<RecordBatch> {
        let block = &self.blocks[number];
        let length = block.bodyLength() as usize + block.metaDataLength() as usize;
        let mut bytes = vec![0; length];
        self.file
            .read_exact_at(&mut bytes, block.offset() as u64)
            .map_err(|error| unreadable(&self.folder, error))?;
        let batch = self.decoder.read_record_batch(block, &Buffer::from_vec(bytes));
        let batch = batch.map_err(|error| unreadable(&self.folder, error))?;
        batch.ok_or_else(|| Error::bug("a spill's block holds no batch"))
    }
}

pub(super) fn no_room(
    folder: &Path,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    if error.to_string().contains("Too many open files") {
        return Error::retry(format!(
            "{}: too many intermediate files are open; raise the limit (ulimit -n), or --memory-max",
            folder.display()
        ))
        .because(error);
    }
    Error::retry(format!(
        "{}: intermediate rows cannot be written there; make room on its disk, name another folder \
         with --spill-dir, or raise --memory-max",
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
