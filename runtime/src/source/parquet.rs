//! Parquet files as record batches.
//!
//! Invariant: only the chosen columns are decoded; rows before the start cost no more than the rest
//! of their row group; a file gives exactly the rows that its footer counts, or an error. Text is
//! taken as bytes, so that one text which is not UTF-8 costs its own row (S8) and not its batch.
//! The old 96-bit times are read as microseconds, as nanoseconds would overflow beyond 2262.
//! Deliberately absent: predicates, page indices, encryption, and the codecs other than Snappy and
//! Zstandard.

use super::columnar::{BatchSource, Projection, damaged, guarded};
use crate::error::{Error, Result};
use crate::event::SourceSchema;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Type as PhysicalType};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::{SchemaDescriptor, Type};
use std::fs::File;
use std::sync::Arc;

/// The record batches of a file.
pub(super) struct ParquetSource {
    place: String,
    reader: ParquetRecordBatchReader,
    /// Rows that are still to come, by the footer.
    rows: u64,
}

impl BatchSource for ParquetSource {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = self.reader.next().transpose();
        let batch = batch.map_err(|error| damaged(&self.place).because(error))?;
        let read = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        match self.rows.checked_sub(read) {
            Some(rest) if batch.is_some() || rest == 0 => self.rows = rest,
            _ => return Err(damaged(&self.place).because("its footer counts other rows")),
        }
        Ok(batch)
    }
}

/// Opens the events of a file at row `skip`, or at its end if it has fewer rows; answers how many
/// rows that passed over.
pub(super) fn open_events(
    place: &str,
    file: File,
    schema: &SourceSchema,
    batch_rows: usize,
    skip: u64,
) -> Result<(ParquetSource, Projection, u64)> {
    guarded(place, || {
        let metadata = load(place, &file, ArrowReaderOptions::new())?;
        let projection = Projection::of(place, metadata.schema(), schema)?;
        let metadata = with_raw_text(place, &file, metadata, &projection.chosen)?;
        let (source, skipped) =
            open(place, file, metadata, Some(&projection.chosen), batch_rows, skip)?;
        Ok((source, projection, skipped))
    })
}

/// Opens a whole file with the types that it has; its schema carries the footer's metadata.
pub(super) fn open_table(
    place: &str,
    file: File,
    batch_rows: usize,
) -> Result<(ParquetSource, Arc<Schema>)> {
    guarded(place, || {
        let metadata = load(place, &file, ArrowReaderOptions::new())?;
        let metadata = with_old_times(place, metadata)?;
        let schema = Arc::clone(metadata.schema());
        let (source, _) = open(place, file, metadata, None, batch_rows, 0)?;
        Ok((source, schema))
    })
}

fn load(place: &str, file: &File, options: ArrowReaderOptions) -> Result<ArrowReaderMetadata> {
    ArrowReaderMetadata::load(file, options).map_err(|error| damaged(place).because(error))
}

fn open(
    place: &str,
    file: File,
    metadata: ArrowReaderMetadata,
    chosen: Option<&[usize]>,
    batch_rows: usize,
    skip: u64,
) -> Result<(ParquetSource, u64)> {
    let footer = Arc::clone(metadata.metadata());
    check_codecs(place, &footer, chosen)?;
    let mut group_rows = Vec::with_capacity(footer.num_row_groups());
    for group in footer.row_groups() {
        let rows =
            u64::try_from(group.num_rows()).map_err(|error| damaged(place).because(error))?;
        group_rows.push(rows);
    }
    let total: u64 = group_rows.iter().sum();
    let skipped = skip.min(total);
    // Whole row groups before the start are not touched.
    let (mut first, mut offset) = (0, skipped);
    while first < group_rows.len() && group_rows[first] <= offset {
        offset -= group_rows[first];
        first += 1;
    }
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_batch_size(batch_rows)
        .with_row_groups((first..group_rows.len()).collect());
    if let Some(chosen) = chosen {
        let mask = ProjectionMask::roots(builder.parquet_schema(), chosen.iter().copied());
        builder = builder.with_projection(mask);
    }
    if offset > 0 {
        builder = builder.with_offset(offset as usize);
    }
    let reader = builder.build().map_err(|error| damaged(place).because(error))?;
    Ok((ParquetSource { place: place.to_string(), reader, rows: total - skipped }, skipped))
}

/// Refuses a codec that this build does not have before any row is read.
fn check_codecs(place: &str, footer: &ParquetMetaData, chosen: Option<&[usize]>) -> Result<()> {
    let schema = footer.file_metadata().schema_descr();
    for group in footer.row_groups() {
        for (leaf, column) in group.columns().iter().enumerate() {
            if chosen.is_some_and(|chosen| !chosen.contains(&schema.get_column_root_idx(leaf))) {
                continue;
            }
            match column.compression() {
                Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => {}
                codec => {
                    return Err(Error::input(format!(
                        "{place}: column {:?} is compressed with {codec}; write the file with \
                         snappy, zstd or no compression",
                        column.column_path().string()
                    )));
                }
            }
        }
    }
    Ok(())
}

/// `metadata` with the chosen text columns read as bytes and the old times as microseconds.
fn with_raw_text(
    place: &str,
    file: &File,
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
    load(place, file, options)
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

/// The type of a text column without its annotation as text.
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
    use crate::source::sample::{everything, schema};
    use crate::source::{ReadOptions, open_events, read_table};
    use crate::value::Value;
    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMicrosecondType;
    use parquet::basic::{Compression, GzipLevel};
    use parquet::data_type::{ByteArray, ByteArrayType, Int96, Int96Type};
    use parquet::file::metadata::ParquetMetaDataReader;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// A file as an old Spark writes it, in row groups of one row: 96-bit times and any bytes in
    /// its texts.
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

    /// Goal: a text that is not UTF-8 costs its row, and old times beyond 2262 are exact and floor.
    /// Method: a file written column by column, read from every start.
    #[test]
    fn s08_old_files_lose_only_bad_rows() {
        let folder = tempfile::tempdir().unwrap();
        let year_9999 = 253_370_764_800_000_000;
        let rows: [(i64, &[u8]); 4] =
            [(year_9999, b"good"), (0, b"b\xffd"), (-1, "é".as_bytes()), (5, b"")];
        let path = old_file(&folder, &rows, Compression::SNAPPY);
        let schema = schema(&["t timestamp", "s string?"]);
        for start in 0..=4 {
            let options = ReadOptions { batch_rows: 3, start_position: start };
            let reader = open_events(&path, Arc::clone(&schema), options).unwrap();
            let all = everything(reader, &schema);
            let kept = [0, 2, 3].into_iter().filter(|position| *position >= start);
            assert_eq!(all.positions, kept.clone().collect::<Vec<u64>>());
            let expect = kept.map(|position| {
                let (micros, text) = rows[position as usize];
                let text = std::str::from_utf8(text).unwrap();
                vec![Value::Timestamp(micros), Value::String(text.into())]
            });
            assert_eq!(all.rows, expect.collect::<Vec<_>>());
            assert_eq!(all.set_aside.len(), usize::from(start <= 1));
            for event in all.set_aside {
                assert_eq!(event.position, 1);
                assert!(event.reason.contains("column \"s\": text that is not UTF-8 at byte 1"));
                let bytes = String::from_utf8(event.bytes).unwrap();
                assert_eq!(bytes, r#"{"t":"1970-01-01T00:00:00Z","s":"b\\xffd"}"#);
            }
        }
    }

    /// Goal: a table has the exact old times too, but no row of it may be bad.
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

    /// Goal: a codec that this build lacks is refused with a remedy, unless only columns that
    /// nobody reads use it. Method: a footer changed to say gzip for one column.
    #[test]
    fn unknown_codecs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = old_file(&folder, &[(0, b"x")], Compression::SNAPPY);
        let file = std::fs::File::open(path).unwrap();
        let footer = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
        let mut columns = footer.row_group(0).columns().to_vec();
        let gzip = Compression::GZIP(GzipLevel::default());
        columns[1] = columns[1].clone().into_builder().set_compression(gzip).build().unwrap();
        let group = footer.row_group(0).clone().into_builder().set_column_metadata(columns);
        let groups = vec![group.build().unwrap()];
        let footer = footer.into_builder().set_row_groups(groups).build();
        let message = check_codecs("f", &footer, None).unwrap_err().message;
        assert!(message.contains("f: column \"s\" is compressed with GZIP"), "{message}");
        assert!(check_codecs("f", &footer, Some(&[1])).is_err());
        assert!(check_codecs("f", &footer, Some(&[0])).is_ok());
    }
}
