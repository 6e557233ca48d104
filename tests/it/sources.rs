//! Sources: patterns of files, folders that define columns, skipped row groups, and object stores.
//!
//! Method: files are written as text, or by the Parquet library itself, and what is read is
//! compared with the list with which a test begins. Deliberately absent: the content of a single
//! file (`source.rs`), and wrong files from the command line (`bad_input.rs`).

mod bombs;
mod codecs;
mod hive;
mod names;
pub(crate) mod objects;
mod patterns;
mod provenance;
mod pruning;
mod secrets;
mod walks;

use arrow::array::{Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use lockstep_core::Result;
use lockstep_core::event::{SetAside, SourceSchema, arrow_schema};
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::row::TypedColumn;
use lockstep_core::value::{Column, Value};
use lockstep_source::{EventReader, PassedOver, ReadOptions, SourceFile, open_files};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A schema of `name type` columns, nullable with a `?`; the first is the event time. `id` is the
/// column of the event id.
fn schema(columns: &[&str], id: Option<usize>) -> Arc<SourceSchema> {
    let column = |text: &&str| {
        let (name, data_type) = text.split_once(' ').expect("a name and a type");
        Column {
            name: name.to_string(),
            data_type: data_type.trim_end_matches('?').to_string().try_into().expect("a type"),
            nullable: data_type.ends_with('?'),
            description: String::new(),
        }
    };
    let columns = columns.iter().map(column).collect();
    Arc::new(SourceSchema {
        source: "events".into(),
        columns,
        time: 0,
        id,
        skew_us: 0,
        arrived_at: None,
        arrivals: vec![],
        // So that tests may write times as small numbers.
        notation: Notation::of_unit(Some(TimeUnit::Microsecond)),
    })
}

/// Writes a file, with the folders above it.
fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Parquet bytes of `t timestamp, s string?, n int64`, row `i` of `times` with the text and the
/// number `i`, in row groups of `group_rows`.
fn parquet(times: &[i64], group_rows: usize) -> Vec<u8> {
    let schema = schema(&["t timestamp", "s string?", "n int64"], None);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows));
    let arrow = arrow_schema(&schema.columns);
    let mut writer =
        ArrowWriter::try_new(Vec::new(), arrow.clone(), Some(properties.build())).unwrap();
    let rows = 0..times.len() as i64;
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let texts: StringArray = rows.clone().map(|i| Some(format!("text {i}"))).collect();
    let columns = vec![
        Arc::new(times) as _,
        Arc::new(texts) as _,
        Arc::new(Int64Array::from_iter_values(rows)) as _,
    ];
    writer.write(&RecordBatch::try_new(arrow, columns).unwrap()).unwrap();
    writer.into_inner().unwrap()
}

/// Everything that a reader returned.
#[derive(Debug, Default, PartialEq)]
struct Read {
    rows: Vec<(u64, Vec<Value>)>,
    /// For each failure its position, reason and bytes.
    failures: Vec<(u64, String, Vec<u8>)>,
    set_aside: Vec<SetAside>,
    passed_over: PassedOver,
}

impl Read {
    /// The positions of the events.
    fn positions(&self) -> Vec<u64> {
        self.rows.iter().map(|(position, _)| *position).collect()
    }

    /// The values of column `at`.
    fn column(&self, at: usize) -> Vec<Value> {
        self.rows.iter().map(|(_, values)| values[at].clone()).collect()
    }
}

fn drain(reader: &mut dyn EventReader) -> Result<Read> {
    let mut read = Read::default();
    while let Some(batch) = reader.next()? {
        let columns: Vec<TypedColumn> =
            batch.records.columns().iter().map(|array| TypedColumn::new(array).unwrap()).collect();
        for (row, position) in batch.positions.iter().enumerate() {
            let values = columns.iter().map(|column| column.value(row)).collect();
            read.rows.push((*position, values));
        }
        for failure in batch.failures {
            let position = batch.positions[failure.row as usize];
            read.failures.push((position, failure.reason, failure.bytes.to_vec()));
        }
        read.set_aside.extend(batch.set_aside);
    }
    read.passed_over = reader.passed_over();
    Ok(read)
}

/// Reads files to the end.
fn read(files: &[SourceFile], schema: &Arc<SourceSchema>, options: ReadOptions) -> Result<Read> {
    drain(&mut *open_files(files, Arc::clone(schema), options)?)
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}
