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
pub(super) fn open_table(place: &str, file: File, batch_rows: usize) -> Result<(ParquetSource, Arc<Schema>)> {
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
        let rows = u64::try_from(group.num_rows()).map_err(|error| damaged(place).because(error))?;
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
        .with_schema(Arc::new(Schema::new(micros_for_old_times(fields, metadata.parquet_schema()))));
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
