//! Parquet on all cores: the columns of a row group are encoded apart from each other.
//!
//! Invariant: row groups are cut by number of rows and each column of one is encoded whole, so the
//! file depends neither on the batches nor on the threads. Deliberately absent: names and
//! temporary files, which the sink owns.

use arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Rows of a row group: few enough that two of them fit in little memory.
const ROW_GROUP_ROWS: usize = 1 << 17;

/// Writes row groups to `W`.
pub(super) struct ParquetSink<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    row_groups: usize,
}

/// A column of a row group: what encodes it, until a thread has done so.
type Task = Mutex<(Vec<ArrowColumnWriter>, Vec<ArrowColumnChunk>)>;

impl<W: Write + Send> ParquetSink<W> {
    pub(super) fn new(output: W, schema: SchemaRef, properties: WriterProperties) -> Result<Self> {
        let writer = ArrowWriter::try_new(output, schema.clone(), Some(properties))?;
        let (writer, factory) = writer.into_serialized_writer()?;
        Ok(ParquetSink { writer, factory, schema, pending: vec![], pending_rows: 0, row_groups: 0 })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = (batch.num_rows() - start).min(ROW_GROUP_ROWS - self.pending_rows);
            self.pending.push(batch.slice(start, rows));
            self.pending_rows += rows;
            start += rows;
            if self.pending_rows == ROW_GROUP_ROWS {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes what is pending as one row group.
    fn flush(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_rows = 0;
        let mut writers = self.factory.create_column_writers(self.row_groups)?.into_iter();
        let mut tasks: Vec<Task> = Vec::new();
        for (field, empty) in self.schema.fields().iter().zip(pending[0].slice(0, 0).columns()) {
            let leaves = compute_leaves(field, empty)?.len();
            tasks.push(Mutex::new((writers.by_ref().take(leaves).collect(), vec![])));
        }
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(task) = tasks.get(at) else { return Ok::<_, ParquetError>(()) };
                let columns: Vec<&ArrayRef> =
                    pending.iter().map(|batch| batch.column(at)).collect();
                let column = match &columns[..] {
                    [column] => ArrayRef::clone(column),
                    _ => {
                        let columns: Vec<_> =
                            columns.iter().map(|column| column.as_ref()).collect();
                        concat(&columns).map_err(ParquetError::from)?
                    }
                };
                let column = without_idle_nulls(column)?;
                let mut task = task.lock().unwrap_or_else(PoisonError::into_inner);
                let mut writers = std::mem::take(&mut task.0);
                let leaves = compute_leaves(self.schema.field(at), &column)?;
                for (writer, leaf) in writers.iter_mut().zip(&leaves) {
                    writer.write(leaf)?;
                }
                let chunks = writers.into_iter().map(ArrowColumnWriter::close);
                task.1 = chunks.collect::<Result<_>>()?;
            }
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..workers.min(tasks.len())).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        let mut row_group = self.writer.next_row_group()?;
        for task in tasks {
            let (_, chunks) = task.into_inner().unwrap_or_else(PoisonError::into_inner);
            for chunk in chunks {
                chunk.append_to_row_group(&mut row_group)?;
            }
        }
        row_group.close()?;
        self.row_groups += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        self.writer.into_inner()
    }
}

/// The column without a null buffer in which nothing is null: the encoder cuts pages elsewhere if
/// there is one.
fn without_idle_nulls(column: ArrayRef) -> Result<ArrayRef> {
    if column.nulls().is_none_or(|nulls| nulls.null_count() > 0) {
        return Ok(column);
    }
    let data = column.to_data().into_builder().nulls(None).build();
    Ok(make_array(data.map_err(ParquetError::from)?))
}
