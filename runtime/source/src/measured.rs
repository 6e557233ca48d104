//! Record batches of a limited size: rows whose values unfold to many bytes come in smaller
//! batches.
//!
//! An Arrow array may hold less than its values: those of a dictionary, or of a text view, may refer
//! to one long text many times.
//!
//! Invariant: the rows of a batch unfold to at most [`DECODED_BATCH_BYTES_MAX`] bytes, and a value
//! has at most [`CELL_BYTES_MAX`]; a single value beyond that is an error that names its row and
//! column. Deliberately absent: decoding.

use super::columnar::BatchSource;
use super::groups::PassedOver;
use super::limits::{CELL_BYTES_MAX, DECODED_BATCH_BYTES_MAX};
use arrow::array::{Array, AsArray, OffsetSizeTrait, RecordBatch};
use arrow::datatypes::{DataType as ArrowType, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow::datatypes::{UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};

/// The batches of another source, cut where they would unfold to too much.
pub(super) struct Measured<S> {
    place: String,
    source: S,
    rest: Option<RecordBatch>,
    /// The row of the file from which the next batch begins.
    row: u64,
    gap: u64,
}

impl<S: BatchSource> Measured<S> {
    /// The batches of `source`, which begin with row `row` of the file at `place`.
    pub(super) fn new(place: &str, source: S, row: u64) -> Measured<S> {
        Measured { place: place.to_string(), source, rest: None, row, gap: 0 }
    }

    /// How many rows of `batch` fit.
    fn fitting(&self, batch: &RecordBatch) -> Result<usize> {
        let columns: Vec<usize> =
            (0..batch.num_columns()).filter(|at| is_uneven(batch.column(*at))).collect();
        let mut sum = 0u64;
        for row in 0..if columns.is_empty() { 0 } else { batch.num_rows() } {
            let mut of_row = 0u64;
            for &at in &columns {
                let bytes = bytes_of(batch.column(at), row);
                if bytes > CELL_BYTES_MAX {
                    return Err(self.too_large(batch, at, row, bytes));
                }
                of_row = of_row.saturating_add(bytes);
            }
            sum = sum.saturating_add(of_row);
            if sum > DECODED_BATCH_BYTES_MAX {
                // A row of many long values comes alone.
                return Ok(row.max(1));
            }
        }
        Ok(batch.num_rows())
    }

    fn too_large(&self, batch: &RecordBatch, column: usize, row: usize, bytes: u64) -> Error {
        let schema = batch.schema();
        Error::input(format!(
            "{}: row {} (from 0), column {:?}: a value of {bytes} bytes, over the limit of \
             {CELL_BYTES_MAX} bytes; shorten it, or leave the column out",
            self.place,
            self.row + row as u64,
            schema.field(column).name()
        ))
        .with_code(Code::LimitReached { limit: "CELL_BYTES_MAX", max: CELL_BYTES_MAX })
    }
}

impl<S: BatchSource> BatchSource for Measured<S> {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => {
                let Some(batch) = self.source.next()? else {
                    self.gap += self.source.take_gap();
                    return Ok(None);
                };
                let gap = self.source.take_gap();
                (self.gap, self.row) = (self.gap + gap, self.row + gap);
                batch
            }
        };
        let rows = self.fitting(&batch)?;
        self.row += rows as u64;
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        Ok(Some(batch.slice(0, rows)))
    }

    fn take_gap(&mut self) -> u64 {
        std::mem::take(&mut self.gap)
    }

    fn passed_over(&self) -> PassedOver {
        self.source.passed_over()
    }
}

/// Whether the values of an array differ in length, and may be too long or unfold.
fn is_uneven(array: &dyn Array) -> bool {
    let unfolds = |of: &ArrowType| {
        matches!(of, ArrowType::Dictionary(..) | ArrowType::Utf8View | ArrowType::BinaryView)
    };
    let nested = array.data_type().is_nested();
    unfolds(array.data_type())
        || nested && array.to_data().child_data().iter().any(|child| unfolds(child.data_type()))
        || array.get_array_memory_size() as u64 > CELL_BYTES_MAX
}

/// The bytes of the value of `array` at `row` when it stands for itself.
fn bytes_of(array: &dyn Array, row: usize) -> u64 {
    fn text<O: OffsetSizeTrait>(offsets: &[O], row: usize) -> u64 {
        (offsets[row + 1] - offsets[row]).as_usize() as u64
    }
    fn list(values: &dyn Array, range: std::ops::Range<usize>) -> u64 {
        match values.data_type().primitive_width() {
            Some(width) => (range.len() * width) as u64,
            None => range.fold(0, |sum, at| sum.saturating_add(bytes_of(values, at))),
        }
    }
    if array.is_null(row) {
        return 0;
    }
    match array.data_type() {
        ArrowType::Utf8 => text(array.as_string::<i32>().value_offsets(), row),
        ArrowType::LargeUtf8 => text(array.as_string::<i64>().value_offsets(), row),
        ArrowType::Binary => text(array.as_binary::<i32>().value_offsets(), row),
        ArrowType::LargeBinary => text(array.as_binary::<i64>().value_offsets(), row),
        // The low half of a view is the length.
        ArrowType::Utf8View => u64::from(array.as_string_view().views()[row] as u32),
        ArrowType::BinaryView => u64::from(array.as_binary_view().views()[row] as u32),
        ArrowType::FixedSizeBinary(width) => u64::try_from(*width).unwrap_or(0),
        ArrowType::List(_) => {
            let array = array.as_list::<i32>();
            let (from, to) = (array.value_offsets()[row], array.value_offsets()[row + 1]);
            list(array.values(), from as usize..to as usize)
        }
        ArrowType::LargeList(_) => {
            let array = array.as_list::<i64>();
            let (from, to) = (array.value_offsets()[row], array.value_offsets()[row + 1]);
            list(array.values(), from as usize..to as usize)
        }
        ArrowType::FixedSizeList(_, length) => {
            let array = array.as_fixed_size_list();
            let from = array.value_offset_at(row);
            list(array.values(), from..from + *length as usize)
        }
        ArrowType::Map(..) => {
            let array = array.as_map();
            let (from, to) = (array.value_offsets()[row], array.value_offsets()[row + 1]);
            list(array.entries(), from as usize..to as usize)
        }
        ArrowType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            columns.fold(0, |sum, column| sum.saturating_add(bytes_of(column, row)))
        }
        ArrowType::Dictionary(keys, _) => {
            let dictionary = array.as_any_dictionary();
            match key(dictionary.keys(), keys, row) {
                Some(at) if at < dictionary.values().len() => bytes_of(dictionary.values(), at),
                _ => 0,
            }
        }
        other => other.primitive_width().unwrap_or(1) as u64,
    }
}

fn key(keys: &dyn Array, of: &ArrowType, row: usize) -> Option<usize> {
    macro_rules! value {
        ($($arrow:ident => $of:ty),*) => {
            match of {
                $(ArrowType::$arrow => usize::try_from(keys.as_primitive::<$of>().value(row)).ok(),)*
                _ => None,
            }
        };
    }
    value!(Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, BooleanArray, DictionaryArray, ListArray, PrimitiveArray, StringArray,
        StringViewBuilder,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;
    use std::sync::Arc;

    struct Once(Option<RecordBatch>);

    impl BatchSource for Once {
        fn next(&mut self) -> Result<Option<RecordBatch>> {
            Ok(self.0.take())
        }
    }

    fn rows(column: ArrayRef) -> Result<Vec<usize>> {
        let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
        let mut measured = Measured::new("f", Once(Some(batch)), 5);
        let mut rows = vec![];
        while let Some(batch) = measured.next()? {
            rows.push(batch.num_rows());
        }
        Ok(rows)
    }

    fn repeated(bytes: usize, rows: usize) -> ArrayRef {
        let keys = PrimitiveArray::<Int8Type>::from_iter_values(vec![0; rows]);
        let values = Arc::new(StringArray::from(vec!["x".repeat(bytes)]));
        Arc::new(DictionaryArray::new(keys, values))
    }

    /// Goal: rows that refer to one long text come in small batches, and a text that is too long is
    /// an error with its row. Method: dictionaries, views, and lists of both.
    #[test]
    fn references_are_counted_as_values() {
        const MIB: usize = 1 << 20;
        assert_eq!(rows(repeated(MIB, 130)).unwrap(), [64, 64, 2]);
        assert_eq!(rows(repeated(16 * MIB, 6)).unwrap(), [4, 2]);
        let error = rows(repeated(16 * MIB + 1, 2)).unwrap_err();
        let expect = "f: row 5 (from 0), column \"c\": a value of 16777217 bytes, over the limit";
        assert!(error.message.starts_with(expect), "{error}");
        let mut views = StringViewBuilder::new();
        let block = views.append_block("y".repeat(MIB).into_bytes().into());
        (0..70).for_each(|_| views.try_append_view(block, 0, MIB as u32).unwrap());
        assert_eq!(rows(Arc::new(views.finish())).unwrap(), [64, 6]);
        let values = repeated(MIB, 70);
        let field = Arc::new(Field::new("item", values.data_type().clone(), true));
        let lists = ListArray::new(field, OffsetBuffer::from_lengths([2; 35]), values, None);
        assert_eq!(rows(Arc::new(lists)).unwrap(), [32, 3]);
        assert_eq!(rows(Arc::new(BooleanArray::from(vec![true; 9]))).unwrap(), [9]);
    }
}
