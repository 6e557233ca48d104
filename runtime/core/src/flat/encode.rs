//! Encodes an Arrow batch as the flat batch.
//!
//! Invariant: room for the header is reserved first, because the schema alone determines how many
//! nodes and buffers there are; then each buffer is appended once. A column of numbers without
//! nulls is a single memory copy. Deliberately absent: NaNs, which every reader has already made
//! canonical.

use super::bits::{bytes_of_bits, clear_behind};
use super::compact;
use super::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
use crate::code::Code;
use crate::error::{Error, Result};
use arrow::array::{Array, AsArray, GenericByteArray, ListArray, PrimitiveArray, RecordBatch};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, BinaryType, ByteArrayType, DataType, Date32Type, Decimal128Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, Utf8Type,
};

/// Writes `batch` to `out`, replacing its content.
///
/// An error of kind [`Input`](crate::ErrorKind::Input) says that the batch is above
/// [`BATCH_BYTES_MAX`] or [`BATCH_ROWS_MAX`]: send fewer rows. A column whose Arrow type is not one
/// of [`crate::event::arrow_type`] is a bug of the caller.
pub fn encode(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
    if batch.num_rows() > BATCH_ROWS_MAX {
        return Err(Error::input(format!(
            "a batch of {} rows is above the limit of {BATCH_ROWS_MAX}",
            batch.num_rows()
        ))
        .with_code(Code::limit("BATCH_ROWS_MAX", BATCH_ROWS_MAX)));
    }
    let (mut nodes, mut buffers) = (0, 0);
    for column in batch.columns() {
        count(column.as_ref().data_type(), &mut nodes, &mut buffers);
    }
    let header = 12 + 8 * nodes + 4 * buffers;
    out.clear();
    out.resize(header, 0);
    let mut writer = Writer { out, header, node_at: 8, end_at: 12 + 8 * nodes };
    writer.put(0, batch.num_rows());
    writer.put(4, nodes);
    writer.put(8 + 8 * nodes, buffers);
    for (column, field) in batch.columns().iter().zip(batch.schema_ref().fields()) {
        // Passing the `Arc` itself as an array would add a second dynamic dispatch.
        writer
            .array(column.as_ref())
            .map_err(|error| error.at(format!("column {:?}", field.name())))?;
    }
    Ok(())
}

/// Adds the nodes and buffers of a column of this type.
fn count(data_type: &DataType, nodes: &mut usize, buffers: &mut usize) {
    *nodes += 1;
    match data_type {
        DataType::Utf8 | DataType::Binary => *buffers += 3,
        DataType::List(element) => {
            *buffers += 2;
            count(element.data_type(), nodes, buffers);
        }
        _ => *buffers += 2,
    }
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    header: usize,
    node_at: usize,
    end_at: usize,
}

impl Writer<'_> {
    /// Writes a number of the header; all of them are below 2^32 by the limits above.
    #[inline]
    fn put(&mut self, at: usize, number: usize) {
        self.out[at..at + 4].copy_from_slice(&(number as u32).to_le_bytes());
    }

    /// Closes the buffer that was just appended.
    #[inline]
    fn end(&mut self) -> Result<()> {
        if self.out.len() > BATCH_BYTES_MAX {
            return Err(Error::input(format!(
                "the batch is above the limit of {BATCH_BYTES_MAX} bytes"
            ))
            .with_code(Code::limit("BATCH_BYTES_MAX", BATCH_BYTES_MAX)));
        }
        self.put(self.end_at, self.out.len() - self.header);
        self.end_at += 4;
        Ok(())
    }

    /// Appends a node, its validity and the buffers of its type.
    fn array(&mut self, array: &dyn Array) -> Result<()> {
        match array.data_type() {
            DataType::Boolean => {
                let array = array.as_boolean();
                match self.head(array)? {
                    None => self.bits(array.values()),
                    Some(nulls) => self.bits(&(array.values() & nulls.inner())),
                }
                self.end()
            }
            DataType::Int8 => self.numbers(array.as_primitive::<Int8Type>()),
            DataType::Int16 => self.numbers(array.as_primitive::<Int16Type>()),
            DataType::Int32 => self.numbers(array.as_primitive::<Int32Type>()),
            DataType::Int64 => self.numbers(array.as_primitive::<Int64Type>()),
            DataType::UInt8 => self.numbers(array.as_primitive::<UInt8Type>()),
            DataType::UInt16 => self.numbers(array.as_primitive::<UInt16Type>()),
            DataType::UInt32 => self.numbers(array.as_primitive::<UInt32Type>()),
            DataType::UInt64 => self.numbers(array.as_primitive::<UInt64Type>()),
            DataType::Decimal128(..) => self.numbers(array.as_primitive::<Decimal128Type>()),
            DataType::Date32 => self.numbers(array.as_primitive::<Date32Type>()),
            DataType::Float32 => self.numbers(array.as_primitive::<Float32Type>()),
            DataType::Float64 => self.numbers(array.as_primitive::<Float64Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.numbers(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::Utf8 => self.texts::<Utf8Type>(array.as_bytes()),
            DataType::Binary => self.texts::<BinaryType>(array.as_bytes()),
            DataType::List(_) => self.lists(array.as_list()),
            other => Err(Error::bug(format!("Arrow type {other} has no flat form"))),
        }
    }

    /// Appends a node and its validity; returns the nulls if there are any.
    #[inline]
    fn head<'a>(&mut self, array: &'a impl Array) -> Result<Option<&'a NullBuffer>> {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        self.put(self.node_at, array.len());
        self.put(self.node_at + 4, nulls.map_or(0, NullBuffer::null_count));
        self.node_at += 8;
        if let Some(nulls) = nulls {
            self.bits(nulls.inner());
        }
        self.end()?;
        Ok(nulls)
    }

    fn bits(&mut self, bits: &BooleanBuffer) {
        let at = self.out.len();
        let length = bytes_of_bits(bits.len());
        self.out.extend_from_slice(&bits.sliced().as_slice()[..length]);
        clear_behind(&mut self.out[at..], bits.len());
    }

    #[inline]
    fn numbers<T: ArrowPrimitiveType>(&mut self, array: &PrimitiveArray<T>) -> Result<()> {
        let nulls = self.head(array)?;
        let at = self.out.len();
        self.out.extend_from_slice(array.values().inner().as_slice());
        if let Some(nulls) = nulls {
            let width = size_of::<T::Native>();
            for row in (!nulls.inner()).set_indices() {
                self.out[at + row * width..][..width].fill(0);
            }
        }
        self.end()
    }

    #[inline]
    fn texts<T: ByteArrayType<Offset = i32>>(&mut self, array: &GenericByteArray<T>) -> Result<()> {
        self.head(array)?;
        let compacted = compact::texts(array);
        let array = compacted.as_ref().unwrap_or(array);
        let (first, last) = self.offsets(array.value_offsets())?;
        self.out.extend_from_slice(&array.value_data()[first..last]);
        self.end()
    }

    fn lists(&mut self, array: &ListArray) -> Result<()> {
        self.head(array)?;
        let compacted = compact::lists(array);
        let array = compacted.as_ref().unwrap_or(array);
        let (first, last) = self.offsets(array.value_offsets())?;
        self.array(&array.values().slice(first, last - first))
    }

    /// Appends the offsets, shifted to start at 0; returns the range of values that they cover.
    #[inline]
    fn offsets(&mut self, offsets: &[i32]) -> Result<(usize, usize)> {
        let first = offsets.first().copied().unwrap_or(0);
        let last = offsets.last().copied().unwrap_or(0);
        self.out.reserve(4 * offsets.len());
        for offset in offsets {
            self.out.extend_from_slice(&(offset - first).to_le_bytes());
        }
        self.end()?;
        Ok((first as usize, last as usize))
    }
}
