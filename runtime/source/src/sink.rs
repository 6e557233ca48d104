//! The sink: writes a training set or another table to a file, completely or not at all.
//!
//! Invariant: the file appears under its own name only when every row is on the disk; until then it
//! has a temporary name in the same folder, and a writer dropped before [`finish`] leaves nothing
//! behind. What is written reads back as the same bits (S14). Deliberately absent: metadata in
//! NDJSON and CSV, which have no place for it.
//!
//! [`finish`]: TrainingWriter::finish

use super::csv;
use super::durable::{Device, DurableFile};
use super::format::Format;
use super::header::duplicate_column;
use super::parquet_sink::ParquetSink;
use super::spine_types;
use super::temporary::{Temporary, cannot_write};
use super::written::{as_written, written_schema};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::FileWriter;
use lockstep_core::cell::Cell;
use lockstep_core::error::{Error, Result};
use lockstep_core::json;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes collected before they are written.
const OUTPUT_BUFFER_BYTES: usize = 256 << 10;

type Output = BufWriter<DurableFile>;

/// The format-specific part.
enum Body {
    Parquet(Box<ParquetSink<Output>>),
    Ipc(Box<FileWriter<Output>>),
    Text { output: Output, names: Vec<String>, format: Format },
}

/// Writes record batches to one file, in the format of its extension.
pub struct TrainingWriter {
    path: PathBuf,
    temporary: Temporary,
    schema: SchemaRef,
    /// The schema in which the format holds the columns.
    written: SchemaRef,
    body: Body,
    rows: u64,
}

impl fmt::Debug for TrainingWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrainingWriter")
            .field("path", &self.path)
            .field("rows", &self.rows)
            .finish()
    }
}

impl TrainingWriter {
    /// A writer for rows of `schema`. `metadata` goes into the footer of Parquet and the schema of
    /// Arrow IPC; the schema's own metadata, which may belong to another table, is left out.
    pub fn create(
        path: &Path,
        schema: SchemaRef,
        metadata: Vec<(String, String)>,
    ) -> Result<TrainingWriter> {
        TrainingWriter::check(path, &schema)?;
        let (temporary, file) = Temporary::create(path)?;
        Self::over(temporary, Arc::new(file), path, schema, metadata)
    }

    /// Refuses columns that the format of `path` cannot hold, by name. Returns the columns in which
    /// it holds the others.
    pub fn check(path: &Path, schema: &Schema) -> Result<SchemaRef> {
        check_schema(path, Format::of(path)?, schema)
    }

    /// The same on any device.
    fn over(
        temporary: Temporary,
        device: Arc<dyn Device>,
        path: &Path,
        schema: SchemaRef,
        metadata: Vec<(String, String)>,
    ) -> Result<TrainingWriter> {
        let format = Format::of(path)?;
        let output = BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, DurableFile::new(device));
        let metadata: HashMap<String, String> = metadata.into_iter().collect();
        let schema = Arc::new(Schema::new_with_metadata(schema.fields().clone(), metadata));
        let written = check_schema(path, format, &schema)?;
        let body = Body::new(format, output, &written)
            .map_err(|error| cannot_write(path).because(error))?;
        let path = path.to_path_buf();
        Ok(TrainingWriter { path, temporary, schema, written, body, rows: 0 })
    }

    /// Appends the rows of `batch`, whose columns must be those of the schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.schema().fields() != self.schema.fields() {
            return Err(Error::bug(format!(
                "{}: a batch with other columns than the file's",
                self.path.display()
            )));
        }
        let converted;
        let mut batch = batch;
        if self.written.fields() != self.schema.fields() {
            let rows = as_written(&self.written, batch, self.rows as usize);
            converted = rows.map_err(|error| error.at(self.path.display()))?;
            batch = &converted;
        }
        self.write_held(batch)
    }

    /// Appends rows that were read from another file of these columns. Their types must be those in
    /// which the format holds the columns.
    pub fn write_again(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().to_vec();
        let batch = RecordBatch::try_new(self.written.clone(), columns).map_err(|error| {
            Error::bug(format!("{}: rows of other columns", self.path.display())).because(error)
        })?;
        self.write_held(&batch)
    }

    /// Appends rows whose columns are those of the written schema.
    fn write_held(&mut self, batch: &RecordBatch) -> Result<()> {
        let written = match &mut self.body {
            Body::Parquet(writer) => writer.write(batch).map_err(Into::into),
            Body::Ipc(writer) => writer.write(batch).map_err(Into::into),
            Body::Text { output, names, format } => {
                write_text(output, names, *format, batch).map_err(Into::into)
            }
        };
        written.map_err(|error: Cause| cannot_write(&self.path).because(error))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Syncs every row to the disk and renames the file to its own name, replacing any older file;
    /// returns the number of rows.
    pub fn finish(self) -> Result<u64> {
        let TrainingWriter { path, temporary, body, rows, .. } = self;
        let failed = |error: Cause| cannot_write(&path).because(error);
        let file = body.finish().map_err(failed)?;
        let file = file.finish().map_err(|error| failed(error.into()))?;
        temporary.rename(&path).map_err(|error| failed(error.into()))?;
        drop(file);
        Ok(rows)
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Body {
    fn new(format: Format, mut output: Output, schema: &SchemaRef) -> Result<Body, Cause> {
        Ok(match format {
            Format::Parquet => {
                let mut pairs: Vec<KeyValue> = schema
                    .metadata()
                    .iter()
                    .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
                    .collect();
                // A map has no order, and equal tables must give equal files.
                pairs.sort_by(|a, b| a.key.cmp(&b.key));
                let mut properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_key_value_metadata(Some(pairs));
                // Few floats of a column are equal, so a dictionary for them only costs time.
                for field in schema.fields().iter().filter(|field| field.data_type().is_floating())
                {
                    let column = ColumnPath::new(vec![field.name().clone()]);
                    properties = properties.set_column_dictionary_enabled(column, false);
                }
                let properties = properties.build();
                // The footer already has the metadata; the embedded schema would repeat it.
                let bare = Arc::new(Schema::new(schema.fields().clone()));
                Body::Parquet(Box::new(ParquetSink::new(output, bare, properties)?))
            }
            Format::ArrowIpc => Body::Ipc(Box::new(FileWriter::try_new(output, schema)?)),
            Format::Ndjson | Format::Csv => {
                let names: Vec<String> =
                    schema.fields().iter().map(|field| field.name().clone()).collect();
                if format == Format::Csv {
                    let mut header = Vec::new();
                    for (i, name) in names.iter().enumerate() {
                        if i > 0 {
                            header.push(b',');
                        }
                        csv::write_text(name, &mut header);
                    }
                    header.push(b'\n');
                    output.write_all(&header)?;
                }
                Body::Text { output, names, format }
            }
        })
    }

    fn finish(self) -> Result<DurableFile, Cause> {
        let output = match self {
            Body::Parquet(writer) => writer.finish()?,
            Body::Ipc(mut writer) => {
                writer.finish()?;
                writer.into_inner()?
            }
            Body::Text { output, .. } => output,
        };
        Ok(output.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}

fn write_text(
    output: &mut Output,
    names: &[String],
    format: Format,
    batch: &RecordBatch,
) -> std::io::Result<()> {
    let mut record = Vec::new();
    for row in 0..batch.num_rows() {
        record.clear();
        if format == Format::Ndjson {
            json::write_object(names, |column| Cell::of(batch.column(column), row), &mut record);
        } else {
            for (i, column) in batch.columns().iter().enumerate() {
                if i > 0 {
                    record.push(b',');
                }
                csv::write(&Cell::of(column, row), &mut record);
            }
        }
        record.push(b'\n');
        output.write_all(&record)?;
    }
    Ok(())
}

/// The schema that is written; one that the format cannot hold is refused, before any work is done.
fn check_schema(path: &Path, format: Format, schema: &Schema) -> Result<SchemaRef> {
    let place = path.display();
    for (i, field) in schema.fields().iter().enumerate() {
        if schema.fields()[..i].iter().any(|other| other.name() == field.name()) {
            return Err(duplicate_column(&place.to_string(), "it would have", field.name()));
        }
    }
    if schema.fields().is_empty() {
        return Err(Error::input(format!("{place}: a table without columns cannot be written")));
    }
    spine_types::check(&place.to_string(), schema)?;
    written_schema(format, schema).map_err(|error| error.at(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::faults::{Fault, Faulty};
    use arrow::array::{
        ArrayRef, Date32Array, Float32Array, Float64Array, Int64Array, ListArray, StringArray,
        TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::Int64Type;
    use lockstep_core::error::ErrorKind;

    fn batch() -> RecordBatch {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), None]), None]);
        let times = TimestampMicrosecondArray::from(vec![Some(-1), Some(i64::MAX)]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from(vec![Some((1 << 53) + 1), None]))),
            ("u", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
            ("f", Arc::new(Float32Array::from(vec![0.1, f32::NAN]))),
            ("x", Arc::new(Float64Array::from(vec![-0.0, f64::NEG_INFINITY]))),
            ("s", Arc::new(StringArray::from(vec!["a\"\n", ""]))),
            ("t", Arc::new(times)),
            ("ns", Arc::new(TimestampNanosecondArray::from(vec![1, 1000]))),
            ("d", Arc::new(Date32Array::from(vec![0, 1]))),
            ("l", Arc::new(list)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn write(path: &Path, batch: &RecordBatch) -> Vec<u8> {
        let metadata = (0..9).map(|i| (format!("key {i}"), format!("{i}"))).collect();
        let mut writer = TrainingWriter::create(path, batch.schema(), metadata).unwrap();
        writer.write(batch).unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
        std::fs::read(path).unwrap()
    }

    /// Goal: the text formats look as documented. Method: every kind of value, written out by hand.
    #[test]
    fn s14_text_is_written_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let text = write(&folder.path().join("t.ndjson"), &batch());
        let expect = concat!(
            r#"{"n":9007199254740993,"u":18446744073709551615,"f":0.1,"x":-0.0,"s":"a\"\n","#,
            r#""t":"1969-12-31T23:59:59.999999","ns":"1970-01-01T00:00:00.000000001","#,
            r#""d":"1970-01-01","l":[1,null]}"#,
            "\n",
            r#"{"n":null,"u":0,"f":"NaN","x":"-Infinity","s":"","t":"+294247-01-10T04:00:54.775807","#,
            r#""ns":"1970-01-01T00:00:00.000001","d":"1970-01-02","l":null}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(text).unwrap(), expect);
        let without_list = batch().project(&[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
        let text = write(&folder.path().join("t.csv"), &without_list);
        let expect = "n,u,f,x,s,t,ns,d\n\
            9007199254740993,18446744073709551615,0.1,-0.0,\"a\"\"\n\",\
            1969-12-31T23:59:59.999999,1970-01-01T00:00:00.000000001,1970-01-01\n\
            ,0,NaN,-Infinity,\"\",+294247-01-10T04:00:54.775807,1970-01-01T00:00:00.000001,1970-01-02\n";
        assert_eq!(String::from_utf8(text).unwrap(), expect);
    }

    /// Goal: equal tables give equal files, including metadata. Method: each file twice.
    #[test]
    fn equal_tables_are_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["t.parquet", "t.arrow", "t.ndjson"] {
            let path = folder.path().join(name);
            assert_eq!(write(&path, &batch()), write(&path, &batch()), "{name}");
        }
    }

    /// Goal: a file that is read and written again, a part of it in a file of its own before, has the
    /// same bytes (S22). Method: several row groups of columns with and without nulls, some nested,
    /// some of types that Parquet holds otherwise.
    #[test]
    fn s22_rows_that_are_written_again_have_the_same_bytes() {
        use arrow::array::{DictionaryArray, MapBuilder, StringBuilder, TimestampSecondArray};
        let folder = tempfile::tempdir().unwrap();
        let rows = 300_000i64;
        let some = |row: i64| (row % 3 > 0).then_some(row);
        let lists = |null: bool| {
            let list =
                |row: i64| (0..row % 4).map(move |item| if null { some(item) } else { Some(row) });
            let lists = (0..rows).map(|row| (!null || row % 5 > 0).then(|| list(row).collect()));
            ListArray::from_iter_primitive::<Int64Type, Vec<Option<i64>>, _>(lists)
        };
        let mut maps = MapBuilder::new(None, StringBuilder::new(), Float64Array::builder(0));
        for row in 0..rows {
            for entry in 0..row % 3 {
                maps.keys().append_value(format!("k{entry}"));
                maps.values().append_option((row % 7 > 0).then_some(row as f64));
            }
            maps.append(true).unwrap();
        }
        let texts = (0..rows).map(|row| format!("{}", row % 99_999));
        let words = (0..rows).map(|row| ["a", "b"][row as usize % 2]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from_iter_values(0..rows))),
            (
                "x",
                Arc::new(
                    (0..rows).map(|row| some(row).map(|it| it as f64)).collect::<Float64Array>(),
                ),
            ),
            ("s", Arc::new(StringArray::from_iter_values(texts))),
            ("d", Arc::new(words.collect::<DictionaryArray<arrow::datatypes::Int8Type>>())),
            ("t", Arc::new((0..rows).map(some).collect::<TimestampSecondArray>())),
            ("l", Arc::new(lists(false))),
            ("ln", Arc::new(lists(true))),
            ("m", Arc::new(maps.finish())),
        ];
        let table = RecordBatch::try_from_iter(columns).unwrap();
        let path = |name: &str| folder.path().join(name);
        let create =
            |name: &str| TrainingWriter::create(&path(name), table.schema(), vec![]).unwrap();
        let first = 140_000;
        let (earlier, later) = (table.slice(0, first), table.slice(first, rows as usize - first));
        for (name, part) in [("whole.parquet", &table), ("earlier.parquet", &earlier)] {
            let mut writer = create(name);
            writer.write(part).unwrap();
            writer.finish().unwrap();
        }
        let files = [path("earlier.parquet").into()];
        let mut read =
            crate::open_tables(&files, &crate::TableOptions::default(), 1 << 17).unwrap();
        let mut writer = create("again.parquet");
        while let Some(batch) = read.read().unwrap() {
            writer.write_again(&batch).unwrap();
        }
        writer.write(&later).unwrap();
        assert_eq!(writer.finish().unwrap(), rows as u64);
        let bytes = |name: &str| std::fs::read(path(name)).unwrap();
        assert!(bytes("again.parquet") == bytes("whole.parquet"));
        assert!(create("other.parquet").write_again(&table).is_err());
    }

    /// Goal: a file appears completely or not at all, and an older one is never lost. Method:
    /// writers that are dropped, next to and over a good file.
    #[test]
    fn unfinished_files_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let mut writer = TrainingWriter::create(&path, batch().schema(), vec![]).unwrap();
        writer.write(&batch()).unwrap();
        assert_eq!(names(), 1);
        assert!(!path.exists());
        drop(writer);
        assert_eq!(names(), 0);
        let whole = write(&path, &batch());
        let mut writer = TrainingWriter::create(&path, batch().schema(), vec![]).unwrap();
        writer.write(&batch()).unwrap();
        let other = batch().project(&[0]).unwrap();
        assert!(writer.write(&other).is_err());
        drop(writer);
        assert_eq!(names(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    /// Goal: a disk that becomes full at any point, or whose syncs fail, gives an error with the
    /// file's name and a remedy, and leaves only an older file. Method: a device with room for a
    /// part of a file of several row groups, or whose syncs fail.
    #[test]
    fn a_full_disk_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        // More bytes than are written before the first sync.
        let rows = 6 << 17;
        let table = |seed: i64| {
            let number = |at: i64| (at ^ seed).wrapping_mul(0x1E37_79B9_7F4A_7C15);
            let numbers: ArrayRef = Arc::new((0..rows).map(number).collect::<Int64Array>());
            let again = || numbers.clone();
            RecordBatch::try_from_iter([("a", again()), ("b", again()), ("c", again())]).unwrap()
        };
        let write = |table: &RecordBatch, fault| {
            let (temporary, file) = Temporary::create(&path)?;
            let device = Arc::new(Faulty::new(file, fault));
            let mut writer =
                TrainingWriter::over(temporary, device, &path, table.schema(), vec![])?;
            for start in (0..table.num_rows()).step_by(100_000) {
                writer.write(&table.slice(start, 100_000.min(table.num_rows() - start)))?;
            }
            writer.finish()
        };
        let old = table(1);
        write(&old, Fault::FullAfter(usize::MAX)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let full = |part: usize| Fault::FullAfter(whole.len() * part / 100);
        let at_the_end = Fault::FullAfter(whole.len() - 1);
        let room = [0, 1, 25, 60, 99].map(full);
        for fault in room.into_iter().chain([at_the_end, Fault::SyncData, Fault::SyncAll]) {
            let error = write(&table(2), fault).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Retry, "{fault:?}");
            assert!(error.message.contains("t.parquet: the file cannot be written"), "{fault:?}");
            assert!(error.message.contains("not full?"), "{fault:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{fault:?}");
            assert!(std::fs::read(&path).unwrap() == whole, "{fault:?}");
        }
    }

    /// Goal: what cannot be written is refused before any work, with a remedy.
    #[test]
    fn impossible_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, schema: SchemaRef| {
            let path = folder.path().join(name);
            TrainingWriter::create(&path, schema, vec![]).unwrap_err().message
        };
        assert!(refused("t.csv", batch().schema()).contains("\"l\" is a list, which CSV"));
        assert!(refused("t.txt", batch().schema()).contains(".parquet"));
        assert!(refused("no/t.csv", batch().project(&[0]).unwrap().schema()).contains("folder"));
        let twice = batch().project(&[0, 0]).unwrap().schema();
        assert!(refused("t.parquet", twice).contains("two columns \"n\""));
        assert!(refused("t.parquet", Arc::new(Schema::empty())).contains("without columns"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
