//! Parquet: reads a file as record batches.
//!
//! Invariant: only the chosen columns are decoded; skipping rows before the start costs at most the
//! decoding of their row group; a run of row groups gives exactly the rows that the footer counts,
//! or an error. Text is read as bytes, so that one text that is not UTF-8 affects its own row (S8)
//! and not the batch. The 96-bit times of old files are read as microseconds, because nanoseconds
//! would overflow after 2262. Deliberately absent: which row groups are read (`groups.rs`),
//! predicates, page indices, encryption, and the codec LZO.

use super::columnar::{BatchSource, Projection, damaged, guarded};
use super::content::{Content, FETCH_BYTES_MAX};
use super::groups::{PassedOver, Plan, Pruning, Run};
use super::hive::Constants;
use super::parquet_cost::rows_at_once;
use super::parquet_hints::readable;
use super::uuid;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::time::Interval;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Type as PhysicalType};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::{SchemaDescriptor, Type};
use std::ops::Range;
use std::sync::Arc;

/// The record batches of a file.
pub(super) struct ParquetSource {
    place: String,
    content: Content,
    metadata: ArrowReaderMetadata,
    /// The indices of the columns to read; `None` reads all.
    chosen: Option<Vec<usize>>,
    batch_rows: usize,
    plan: Plan,
    /// The reader of the current run of row groups.
    reader: Option<ParquetRecordBatchReader>,
    /// Rows of that run that are still to come, according to the footer.
    rows: u64,
    gap: u64,
}

impl ParquetSource {
    fn open_run(&mut self, run: Run) -> Result<()> {
        let failed = |error| damaged(&self.place).because(error);
        let content = if self.content.is_far() {
            let footer = self.metadata.metadata();
            self.content.with_ranges(chunks(footer, &run.groups, self.chosen.as_deref()))
        } else {
            self.content.try_clone()
        };
        let content = content.map_err(|error| damaged(&self.place).because(error))?;
        let metadata = self.metadata.clone();
        let (footer, chosen) = (metadata.metadata(), self.chosen.as_deref());
        let run_of = (&**footer, &run.groups);
        let batch_rows = rows_at_once(&self.place, &content, run_of, chosen, self.batch_rows)?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(content, metadata)
            .with_batch_size(batch_rows)
            .with_row_groups(run.groups.collect());
        if let Some(chosen) = &self.chosen {
            let mask = ProjectionMask::roots(builder.parquet_schema(), chosen.iter().copied());
            builder = builder.with_projection(mask);
        }
        if run.offset > 0 {
            builder = builder.with_offset(run.offset as usize);
        }
        self.reader = Some(builder.build().map_err(failed)?);
        self.rows = run.rows;
        self.gap += run.passed;
        Ok(())
    }
}

impl BatchSource for ParquetSource {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(reader) = &mut self.reader else {
                match self.plan.runs.pop_front() {
                    Some(run) => self.open_run(run)?,
                    None => {
                        self.gap += std::mem::take(&mut self.plan.passed);
                        return Ok(None);
                    }
                }
                continue;
            };
            let batch = reader.next().transpose();
            let batch = batch.map_err(|error| damaged(&self.place).because(error))?;
            let read = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
            match self.rows.checked_sub(read) {
                Some(rest) if batch.is_some() || rest == 0 => self.rows = rest,
                _ => return Err(damaged(&self.place).because("its footer counts other rows")),
            }
            if batch.is_some() {
                return Ok(batch);
            }
            self.reader = None;
        }
    }

    fn take_gap(&mut self) -> u64 {
        std::mem::take(&mut self.gap)
    }

    fn passed_over(&self) -> PassedOver {
        self.plan.passed_over
    }
}

/// How to read the events of a file.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) batch_rows: usize,
    pub(super) pruning: Pruning,
    /// The first row to read.
    pub(super) skip: u64,
}

/// Opens the events of a file at the first row to read, or at its end if it has fewer rows; returns
/// how many rows were skipped.
pub(super) fn open_events(
    place: &str,
    content: Content,
    (schema, constants): (&SourceSchema, &Constants),
    reading: Reading,
) -> Result<(ParquetSource, Projection, u64)> {
    guarded(place, || {
        let content = content.with_tail().map_err(|error| damaged(place).because(error))?;
        let metadata = load(place, &content, ArrowReaderOptions::new())?;
        let projection = Projection::of(place, &with_uuids(&metadata), schema, constants)?;
        let metadata = with_raw_text(place, &content, metadata, &projection.chosen)?;
        let needless = reading.pruning.needless(&metadata, schema, (&projection, constants));
        let chosen = Some(projection.chosen.clone());
        let (source, skipped) = open(place, content, metadata, chosen, &needless, reading)?;
        Ok((source, projection, skipped))
    })
}

/// Whether a file has no event in `range`, according to its footer.
pub(super) fn is_outside(
    place: &str,
    content: Content,
    (schema, constants): (&SourceSchema, &Constants),
    range: Interval,
) -> Result<bool> {
    guarded(place, || {
        let content = content.with_tail().map_err(|error| damaged(place).because(error))?;
        let metadata = load(place, &content, ArrowReaderOptions::new())?;
        let projection = Projection::of(place, &with_uuids(&metadata), schema, constants)?;
        let needless =
            Pruning::Outside(range).needless(&metadata, schema, (&projection, constants));
        Ok(!needless.contains(&false))
    })
}

/// Opens a whole file with its own column types; the schema includes the footer's metadata.
pub(super) fn open_table(
    place: &str,
    content: Content,
    batch_rows: usize,
) -> Result<(ParquetSource, Arc<Schema>)> {
    guarded(place, || {
        let content = content.with_tail().map_err(|error| damaged(place).because(error))?;
        let metadata = load(place, &content, ArrowReaderOptions::new())?;
        let metadata = with_old_times(place, metadata)?;
        let schema = Arc::clone(metadata.schema());
        let needless = vec![false; metadata.metadata().num_row_groups()];
        let reading = Reading { batch_rows, pruning: Pruning::Nothing, skip: 0 };
        let (source, _) = open(place, content, metadata, None, &needless, reading)?;
        Ok((source, schema))
    })
}

fn load(
    place: &str,
    content: &Content,
    options: ArrowReaderOptions,
) -> Result<ArrowReaderMetadata> {
    let found = |error| damaged(place).because(error);
    let metadata = ArrowReaderMetadata::load(content, options.clone()).map_err(found)?;
    match readable(metadata.schema()) {
        None => Ok(metadata),
        Some(schema) => {
            let options = options.with_schema(Arc::new(schema));
            ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(found)
        }
    }
}

fn open(
    place: &str,
    content: Content,
    metadata: ArrowReaderMetadata,
    chosen: Option<Vec<usize>>,
    needless: &[bool],
    Reading { batch_rows, skip, .. }: Reading,
) -> Result<(ParquetSource, u64)> {
    check_codecs(place, metadata.metadata(), chosen.as_deref())?;
    let mut group_rows = Vec::with_capacity(needless.len());
    for group in metadata.metadata().row_groups() {
        let rows =
            u64::try_from(group.num_rows()).map_err(|error| damaged(place).because(error))?;
        group_rows.push(rows);
    }
    let skipped = skip.min(group_rows.iter().sum());
    let footer = metadata.metadata();
    let together = |run: &Range<usize>, next: usize| {
        let bytes = |groups| -> u64 {
            let chunks = chunks(footer, &groups, chosen.as_deref());
            chunks.iter().map(|chunk| chunk.end - chunk.start).sum()
        };
        !content.is_far() || bytes(run.start..next + 1) <= FETCH_BYTES_MAX
    };
    let plan = Plan::new(&group_rows, skipped, needless, together);
    let place = place.to_string();
    let (reader, rows, gap) = (None, 0, 0);
    let source =
        ParquetSource { place, content, metadata, chosen, batch_rows, plan, reader, rows, gap };
    Ok((source, skipped))
}

/// The byte ranges of the chosen columns of row groups.
fn chunks(
    footer: &ParquetMetaData,
    groups: &Range<usize>,
    chosen: Option<&[usize]>,
) -> Vec<Range<u64>> {
    let schema = footer.file_metadata().schema_descr();
    let is_chosen = |leaf: &usize| {
        chosen.is_none_or(|chosen| chosen.contains(&schema.get_column_root_idx(*leaf)))
    };
    let mut chunks = Vec::new();
    for group in &footer.row_groups()[groups.clone()] {
        for leaf in (0..group.num_columns()).filter(is_chosen) {
            let (start, length) = group.column(leaf).byte_range();
            chunks.push(start..start.saturating_add(length));
        }
    }
    chunks
}

/// Refuses a codec that this build does not support, before any row is read.
fn check_codecs(place: &str, footer: &ParquetMetaData, chosen: Option<&[usize]>) -> Result<()> {
    let schema = footer.file_metadata().schema_descr();
    for group in footer.row_groups() {
        for (leaf, column) in group.columns().iter().enumerate() {
            if chosen.is_some_and(|chosen| !chosen.contains(&schema.get_column_root_idx(leaf))) {
                continue;
            }
            if column.compression() == Compression::LZO {
                return Err(Error::input(format!(
                    "{place}: column {:?} is compressed with LZO, which cannot be read; write \
                     the file with zstd, snappy, gzip, brotli, lz4 or no compression",
                    column.column_path().string()
                )));
            }
        }
    }
    Ok(())
}

/// The file's schema, in which columns of UUIDs are marked.
fn with_uuids(metadata: &ArrowReaderMetadata) -> Schema {
    let schema = metadata.schema();
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| (**field).clone()).collect();
    for (field, found) in
        fields.iter_mut().zip(metadata.parquet_schema().root_schema().get_fields())
    {
        uuid::mark(field, found);
    }
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// `metadata`, changed so that the chosen text columns are read as bytes and the old times as
/// microseconds.
fn with_raw_text(
    place: &str,
    content: &Content,
    metadata: ArrowReaderMetadata,
    chosen: &[usize],
) -> Result<ArrowReaderMetadata> {
    let root = metadata.parquet_schema().root_schema();
    let mut types = root.get_fields().to_vec();
    let mut fields: Vec<Field> =
        metadata.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    if types.len() != fields.len() {
        return Err(damaged(place).because("its two schemas differ"));
    }
    for &index in chosen {
        if is_text(fields[index].data_type()) && types[index].is_primitive() {
            types[index] = Arc::new(bytes_of_text(place, &types[index])?);
            fields[index].set_data_type(ArrowType::Binary);
        }
    }
    let root = Type::group_type_builder(root.name()).with_fields(types).build();
    let root = root.map_err(|error| damaged(place).because(error))?;
    let options = ArrowReaderOptions::new()
        .with_parquet_schema(Arc::new(SchemaDescriptor::new(Arc::new(root))))
        .with_schema(Arc::new(Schema::new(micros_for_old_times(
            fields,
            metadata.parquet_schema(),
        ))));
    load(place, content, options)
}

fn with_old_times(place: &str, metadata: ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let schema = metadata.schema();
    let fields = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    let fields = micros_for_old_times(fields, metadata.parquet_schema());
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
        .map_err(|error| damaged(place).because(error))
}

fn micros_for_old_times(mut fields: Vec<Field>, parquet: &SchemaDescriptor) -> Vec<Field> {
    for (field, found) in fields.iter_mut().zip(parquet.root_schema().get_fields()) {
        if found.is_primitive() && found.get_physical_type() == PhysicalType::INT96 {
            field.set_data_type(ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
        }
    }
    fields
}

fn is_text(found: &ArrowType) -> bool {
    match found {
        ArrowType::Dictionary(_, value) => is_text(value),
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => true,
        _ => false,
    }
}

/// The type of a text column without the annotation that makes it text.
fn bytes_of_text(place: &str, text: &Type) -> Result<Type> {
    let info = text.get_basic_info();
    let id = info.has_id().then(|| info.id());
    Type::primitive_type_builder(text.name(), text.get_physical_type())
        .with_repetition(info.repetition())
        .with_id(id)
        .build()
        .map_err(|error| damaged(place).because(error))
}

#[cfg(test)]
mod tests {
    use super::check_codecs;
    use crate::sample::{everything, schema};
    use crate::{ReadOptions, open_events, read_table};
    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMicrosecondType;
    use lockstep_core::value::Value;
    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int96, Int96Type};
    use parquet::file::metadata::ParquetMetaDataReader;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// A file as an old Spark writes it, in row groups of one row: 96-bit times and arbitrary bytes
    /// in its texts.
    fn old_file(folder: &tempfile::TempDir, rows: &[(i64, &[u8])], codec: Compression) -> PathBuf {
        let message = "message spark { required int96 t; optional binary s (UTF8); }";
        let properties = WriterProperties::builder().set_compression(codec).build();
        let path = folder.path().join("old.parquet");
        let mut writer = SerializedFileWriter::new(
            std::fs::File::create(&path).unwrap(),
            Arc::new(parse_message_type(message).unwrap()),
            Arc::new(properties),
        )
        .unwrap();
        for (micros, text) in rows {
            let day_us = 86_400_000_000;
            let nanos = micros.rem_euclid(day_us) as u64 * 1000 + 999;
            let days = (micros.div_euclid(day_us) + 2_440_588) as u32;
            let mut time = Int96::new();
            time.set_data(nanos as u32, (nanos >> 32) as u32, days);
            let mut group = writer.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<Int96Type>().write_batch(&[time], None, None).unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let text = ByteArray::from(text.to_vec());
            column.typed::<ByteArrayType>().write_batch(&[text], Some(&[1]), None).unwrap();
            column.close().unwrap();
            group.close().unwrap();
        }
        writer.close().unwrap();
        path
    }

    /// Goal: a text that is not UTF-8 fails only its own event, and old times after 2262 are exact
    /// and floored. Method: a file written column by column, read from every start.
    #[test]
    fn s08_old_files_have_bad_texts() {
        let folder = tempfile::tempdir().unwrap();
        let year_9999 = 253_370_764_800_000_000;
        let rows: [(i64, &[u8]); 4] =
            [(year_9999, b"good"), (0, b"b\xffd"), (-1, "é".as_bytes()), (5, b"")];
        let path = old_file(&folder, &rows, Compression::SNAPPY);
        let schema = schema(&["t timestamp", "s string?"]);
        for start in 0..=4 {
            let options =
                ReadOptions { batch_rows: 3, start_position: start, ..ReadOptions::default() };
            let reader = open_events(&path, Arc::clone(&schema), options).unwrap();
            let all = everything(reader, &schema);
            assert_eq!(all.positions, (start..4).collect::<Vec<u64>>());
            let expect = rows[start as usize..].iter().map(|(micros, text)| {
                let text = std::str::from_utf8(text).map(|text| Value::String(text.into()));
                vec![Value::Timestamp(*micros), text.unwrap_or(Value::Null)]
            });
            assert_eq!(all.rows, expect.collect::<Vec<_>>());
            assert_eq!(all.set_aside, []);
            assert_eq!(all.failures.len(), usize::from(start <= 1));
            for (position, reason, bytes) in all.failures {
                assert_eq!(position, 1);
                assert_eq!(reason, "column \"s\": text that is not UTF-8 at byte 1");
                let bytes = String::from_utf8(bytes).unwrap();
                assert_eq!(bytes, r#"{"t":"1970-01-01T00:00:00Z","s":"b\\xffd"}"#);
            }
        }
    }

    /// Goal: a table has the exact old times too, but a bad row fails it.
    #[test]
    fn s22_tables_of_old_files() {
        let folder = tempfile::tempdir().unwrap();
        let rows: [(i64, &[u8]); 1] = [(253_370_764_800_000_000, b"x")];
        let table = read_table(&old_file(&folder, &rows, Compression::UNCOMPRESSED), &[]).unwrap();
        let times = table.column(0).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.value(0), rows[0].0);
        let path = old_file(&folder, &[(0, b"\xff")], Compression::SNAPPY);
        assert!(read_table(&path, &[]).unwrap_err().message.contains("damaged"));
    }

    /// Goal: a codec that cannot be read is refused with a remedy, unless only columns that are not
    /// read use it. Method: a footer changed to say LZO for one column.
    #[test]
    fn unknown_codecs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = old_file(&folder, &[(0, b"x")], Compression::SNAPPY);
        let file = std::fs::File::open(path).unwrap();
        let footer = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
        let mut columns = footer.row_group(0).columns().to_vec();
        let lzo = Compression::LZO;
        columns[1] = columns[1].clone().into_builder().set_compression(lzo).build().unwrap();
        let group = footer.row_group(0).clone().into_builder().set_column_metadata(columns);
        let groups = vec![group.build().unwrap()];
        let footer = footer.into_builder().set_row_groups(groups).build();
        let message = check_codecs("f", &footer, None).unwrap_err().message;
        assert!(message.contains("f: column \"s\" is compressed with LZO"), "{message}");
        assert!(check_codecs("f", &footer, Some(&[1])).is_err());
        assert!(check_codecs("f", &footer, Some(&[0])).is_ok());
    }
}
