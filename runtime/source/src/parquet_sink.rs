//! Writes Parquet on all cores: the columns of two row groups are encoded in parallel, while
//! another thread writes what is encoded.
//!
//! Invariant: row groups are cut by number of rows and each of their columns is encoded as a whole,
//! so the file depends neither on the batches nor on the number of threads. If a row group cannot
//! be written, a later call fails, at the latest [`ParquetSink::finish`]. Deliberately absent:
//! names and temporary files, which the sink handles.

use arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use arrow::compute::concat;
use arrow::datatypes::{FieldRef, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, spawn};

/// Rows of a row group: few enough that several fit into little memory.
const ROW_GROUP_ROWS: usize = 1 << 17;

/// Row groups that are encoded at once: with two, no core waits for the last column of one.
const ROW_GROUPS_AT_ONCE: usize = 2;

/// Writes row groups to `W`.
pub(super) struct ParquetSink<W: Write + Send + 'static> {
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    row_groups: usize,
    /// `None` after writing has ended or failed.
    crew: Option<Crew<W>>,
}

/// The threads, and the channels to them.
struct Crew<W: Write + Send + 'static> {
    /// A bounded channel with one token for each row group that is being encoded.
    places: SyncSender<()>,
    row_groups: Sender<RowGroup>,
    columns: Sender<Column>,
    /// Set when nobody needs the file any more.
    given_up: Arc<AtomicBool>,
    encoders: Vec<JoinHandle<()>>,
    writer: JoinHandle<Result<SerializedFileWriter<W>>>,
}

/// A column of a row group that is to be encoded.
struct Column {
    at: usize,
    field: FieldRef,
    pieces: Vec<ArrayRef>,
    writers: Vec<ArrowColumnWriter>,
    done: Sender<Encoded>,
}

/// A column's index in its row group, and its encoded leaves.
type Encoded = (usize, Result<Vec<ArrowColumnChunk>>);

/// A row group, whose columns arrive when they are encoded.
struct RowGroup {
    columns: usize,
    encoded: Receiver<Encoded>,
}

impl<W: Write + Send + 'static> ParquetSink<W> {
    pub(super) fn new(output: W, schema: SchemaRef, properties: WriterProperties) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let encoders = cores.min(ROW_GROUPS_AT_ONCE * schema.fields().len());
        ParquetSink::with_encoders(output, schema, properties, encoders)
    }

    /// A sink with this many encoding threads, at least one.
    fn with_encoders(
        output: W,
        schema: SchemaRef,
        properties: WriterProperties,
        encoders: usize,
    ) -> Result<Self> {
        let writer = ArrowWriter::try_new(output, schema.clone(), Some(properties))?;
        let (writer, factory) = writer.into_serialized_writer()?;
        let crew = Some(Crew::start(writer, encoders));
        Ok(ParquetSink { factory, schema, pending: vec![], pending_rows: 0, row_groups: 0, crew })
    }

    /// Appends rows; waits while [`ROW_GROUPS_AT_ONCE`] row groups are being encoded.
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

    /// Sends the pending rows to the encoders as one row group.
    fn flush(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_rows = 0;
        let Some(crew) = &self.crew else {
            return Err(ParquetError::General("a row group before could not be written".into()));
        };
        let mut writers = self.factory.create_column_writers(self.row_groups)?.into_iter();
        self.row_groups += 1;
        let (done, encoded) = mpsc::channel();
        let mut columns = Vec::new();
        for (at, field) in self.schema.fields().iter().enumerate() {
            let pieces: Vec<ArrayRef> = pending.iter().map(|it| it.column(at).clone()).collect();
            let leaves = compute_leaves(field, &pieces[0].slice(0, 0))?.len();
            let writers = writers.by_ref().take(leaves).collect();
            columns.push(Column { at, field: field.clone(), pieces, writers, done: done.clone() });
        }
        drop((pending, done));
        let row_group = RowGroup { columns: columns.len(), encoded };
        // The threads end early only if one failed.
        let sent = crew.places.send(()).is_ok()
            && crew.row_groups.send(row_group).is_ok()
            && columns.into_iter().all(|column| crew.columns.send(column).is_ok());
        match (sent, self.crew.take()) {
            (false, Some(crew)) => match crew.end() {
                Err(error) => Err(error),
                Ok(_) => Err(ParquetError::General("the writing thread ended early".into())),
            },
            (_, crew) => {
                self.crew = crew;
                Ok(())
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<W> {
        if !self.pending.is_empty() {
            self.flush()?;
        }
        match self.crew.take() {
            Some(crew) => crew.end()?.into_inner(),
            None => Err(ParquetError::General("a row group before could not be written".into())),
        }
    }
}

impl<W: Write + Send + 'static> Drop for ParquetSink<W> {
    fn drop(&mut self) {
        if let Some(crew) = self.crew.take() {
            crew.given_up.store(true, Ordering::Relaxed);
            // On drop, the caller has an error already, or does not need the file.
            let _ = crew.end();
        }
    }
}

impl<W: Write + Send + 'static> Crew<W> {
    fn start(mut writer: SerializedFileWriter<W>, encoders: usize) -> Crew<W> {
        let (columns, to_encode) = mpsc::channel();
        let (row_groups, to_write) = mpsc::channel();
        let (places, taken) = mpsc::sync_channel(ROW_GROUPS_AT_ONCE);
        let given_up = Arc::new(AtomicBool::new(false));
        let to_encode = Arc::new(Mutex::new(to_encode));
        let hire = |_| {
            let (to_encode, given_up) = (Arc::clone(&to_encode), Arc::clone(&given_up));
            spawn(move || encode_all(&to_encode, &given_up))
        };
        let encoders = (0..encoders).map(hire).collect();
        let writer = spawn(move || {
            to_write.iter().try_for_each(|group| write(&mut writer, &group, &taken))?;
            Ok(writer)
        });
        Crew { places, row_groups, columns, given_up, encoders, writer }
    }

    /// Waits until everything is written or writing has stopped.
    fn end(self) -> Result<SerializedFileWriter<W>> {
        let Crew { places, row_groups, columns, encoders, writer, .. } = self;
        drop((places, row_groups, columns));
        let writer = writer.join();
        for encoder in encoders {
            encoder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        writer.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Encodes columns until there are no more.
fn encode_all(columns: &Mutex<Receiver<Column>>, given_up: &AtomicBool) {
    let next = || columns.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    while let Some(Column { at, field, pieces, writers, done }) = next() {
        if !given_up.load(Ordering::Relaxed) {
            // If writing failed, nobody receives the result.
            let _ = done.send((at, encode(&field, pieces, writers)));
        }
    }
}

/// Encodes one column of a row group.
fn encode(
    field: &FieldRef,
    pieces: Vec<ArrayRef>,
    mut writers: Vec<ArrowColumnWriter>,
) -> Result<Vec<ArrowColumnChunk>> {
    let column = match &pieces[..] {
        [column] => column.clone(),
        _ => {
            let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
            concat(&pieces)?
        }
    };
    drop(pieces);
    let column = without_idle_nulls(column)?;
    for (writer, leaf) in writers.iter_mut().zip(&compute_leaves(field, &column)?) {
        writer.write(leaf)?;
    }
    writers.into_iter().map(ArrowColumnWriter::close).collect()
}

/// Writes a row group when all of it is encoded; then its token is free for another.
fn write<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    group: &RowGroup,
    places: &Receiver<()>,
) -> Result<()> {
    let mut columns: Vec<Option<Vec<ArrowColumnChunk>>> = Vec::new();
    columns.resize_with(group.columns, || None);
    for (at, chunks) in group.encoded.iter() {
        columns[at] = Some(chunks?);
    }
    let columns: Option<Vec<_>> = columns.into_iter().collect();
    let columns =
        columns.ok_or_else(|| ParquetError::General("a column was not encoded".into()))?;
    let mut row_group = writer.next_row_group()?;
    for chunk in columns.into_iter().flatten() {
        chunk.append_to_row_group(&mut row_group)?;
    }
    row_group.close()?;
    // The sender of the token waits until it is free or until writing has stopped.
    let _ = places.recv();
    Ok(())
}

/// Removes the null buffer of a column without nulls: with one the encoder would cut pages in other
/// places.
fn without_idle_nulls(column: ArrayRef) -> Result<ArrayRef> {
    if column.nulls().is_none_or(|nulls| nulls.null_count() > 0) {
        return Ok(column);
    }
    let data = column.to_data().into_builder().nulls(None).build();
    Ok(make_array(data.map_err(ParquetError::from)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, ListArray, StringArray};
    use arrow::datatypes::Int64Type;
    use std::io;

    /// Several row groups, the last one short, with nulls in some.
    fn table() -> RecordBatch {
        let rows = 3 * ROW_GROUP_ROWS as i64 + 1000;
        let some = |row: i64| (row < 200_000 || row % 3 > 0).then_some(row);
        let numbers: Int64Array = (0..rows).map(|row| some(row).map(|row| row % 777)).collect();
        let floats: Float64Array = (0..rows).map(|row| some(row).map(|row| row as f64)).collect();
        let texts = StringArray::from_iter_values((0..rows).map(|row| format!("{}", row % 999)));
        let lists = (0..rows).map(|row| (row % 5 > 0).then(|| vec![some(row); row as usize % 3]));
        let columns: [(&str, ArrayRef); 4] = [
            ("n", Arc::new(numbers)),
            ("x", Arc::new(floats)),
            ("s", Arc::new(texts)),
            ("l", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Goal: the file depends on the rows alone. Method: the same rows in batches of several sizes,
    /// on one thread and on several.
    #[test]
    fn s22_batches_and_threads_do_not_show() {
        let table = table();
        let file = |batch_rows: usize, encoders| {
            let properties = WriterProperties::default();
            let schema = table.schema();
            let mut sink =
                ParquetSink::with_encoders(vec![], schema, properties, encoders).unwrap();
            for start in (0..table.num_rows()).step_by(batch_rows) {
                let rows = batch_rows.min(table.num_rows() - start);
                sink.write(&table.slice(start, rows)).unwrap();
            }
            sink.finish().unwrap()
        };
        let expect = file(table.num_rows(), 1);
        for (batch_rows, encoders) in [(ROW_GROUP_ROWS, 4), (50_001, 1), (99_999, 3)] {
            assert!(file(batch_rows, encoders) == expect, "{batch_rows} rows, {encoders} threads");
        }
    }

    /// A writer that accepts this many bytes.
    struct Short(usize);

    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.min(bytes.len()) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                taken => {
                    self.0 -= taken;
                    Ok(taken)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Goal: an error of the writing thread is returned with its cause, once, and no later call
    /// succeeds or hangs. Method: an output that accepts a part of the bytes, and a table with one
    /// row group in each call.
    #[test]
    fn a_failed_write_fails_the_next_call() {
        let table = table();
        for room in [100, 300_000, 1_500_000] {
            let properties = WriterProperties::default();
            let mut sink = ParquetSink::new(Short(room), table.schema(), properties).unwrap();
            let group = table.slice(0, ROW_GROUP_ROWS);
            let error = (0..50).find_map(|_| sink.write(&group).err()).expect("it is full");
            let cause = io::Error::from(io::ErrorKind::StorageFull).to_string();
            assert!(error.to_string().contains(&cause), "{room}: {error}");
            assert!(sink.write(&group).is_err());
            assert!(sink.finish().is_err());
        }
    }
}
