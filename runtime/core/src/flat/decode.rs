//! Decodes the flat batch, which a guest wrote and which is not trusted, into Arrow.
//!
//! Invariant: a batch that this returns has exactly the schema's columns and passes Arrow's full
//! validation. Each batch has one encoding, except for bits and values behind nulls, which are read
//! as 0. An error names the column and what is wrong. Its text depends on the bytes alone, because
//! it becomes the reason why an event is refused. Deliberately absent: trust in any count before
//! the bytes that it counts were seen, so a false count cannot make the host allocate more than the
//! guest has sent.

use super::bits::{bytes_of_bits, clear_behind};
use super::compact;
use super::copies::{ALIGNMENT, copied, copied_pair};
use super::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
use crate::error::{Error, Result};
use crate::value::{NAN_32, NAN_64, has_precision};
use arrow::array::{
    ArrayRef, AsArray, BooleanArray, GenericByteArray, ListArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions,
};
use arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, BinaryType, ByteArrayType, DataType, Date32Type, Decimal128Type, FieldRef,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, Utf8Type,
};
use std::fmt::Display;
use std::sync::Arc;

/// Decodes a batch of `schema`, whose types are those of [`crate::event::arrow_type`].
#[inline]
pub fn decode(schema: &SchemaRef, bytes: &[u8]) -> Result<RecordBatch> {
    if bytes.len() > BATCH_BYTES_MAX {
        return Err(Error::input(format!(
            "the batch has {} bytes, above the limit of {BATCH_BYTES_MAX}",
            bytes.len()
        )));
    }
    let mut reader = Reader::new(bytes)?;
    let rows = reader.rows;
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        // `match` here and below, rather than `map`: moving an array or a batch that was just made
        // reads it before it has reached memory, and each extra move waits for that.
        match reader.column(field.data_type(), field.is_nullable(), Some(rows)) {
            Ok(column) => columns.push(column),
            Err(error) => return Err(error.at(format!("column {:?}", field.name()))),
        }
    }
    reader.finish()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    match RecordBatch::try_new_with_options(schema.clone(), columns, &options) {
        Ok(batch) => Ok(batch),
        Err(error) => Err(Error::input("the columns do not fit the schema").because(error)),
    }
}

/// Reads a number from the front of `bytes` and removes it.
#[inline]
pub(super) fn take_u32(bytes: &mut &[u8]) -> Result<usize> {
    let (head, rest) = bytes
        .split_first_chunk::<4>()
        .ok_or_else(|| Error::input("the buffer ends in the middle of a header"))?;
    *bytes = rest;
    Ok(u32::from_le_bytes(*head) as usize)
}

/// Reads `count` items of `width` bytes from the front of `bytes` and removes them.
#[inline]
pub(super) fn take_items<'a>(
    bytes: &mut &'a [u8],
    count: usize,
    width: usize,
    what: impl Display,
) -> Result<&'a [u8]> {
    let length = count.checked_mul(width).filter(|&length| length <= bytes.len());
    let length = length.ok_or_else(|| {
        Error::input(format!(
            "{count} {what} of {width} bytes do not fit in the {} bytes left",
            bytes.len()
        ))
    })?;
    let (head, rest) = bytes.split_at(length);
    *bytes = rest;
    Ok(head)
}

struct Reader<'b> {
    rows: usize,
    nodes: &'b [u8],
    ends: &'b [u8],
    body: &'b [u8],
    start: usize,
}

impl<'b> Reader<'b> {
    fn new(mut bytes: &'b [u8]) -> Result<Reader<'b>> {
        let rows = take_u32(&mut bytes)?;
        if rows > BATCH_ROWS_MAX {
            return Err(Error::input(format!(
                "the batch has {rows} rows, above the limit of {BATCH_ROWS_MAX}"
            )));
        }
        let nodes = take_u32(&mut bytes)?;
        let nodes = take_items(&mut bytes, nodes, 8, "nodes")?;
        let buffers = take_u32(&mut bytes)?;
        let ends = take_items(&mut bytes, buffers, 4, "buffer ends")?;
        Ok(Reader { rows, nodes, ends, body: bytes, start: 0 })
    }

    /// Checks that nothing is left over.
    #[inline]
    fn finish(&self) -> Result<()> {
        let left = [
            ("nodes", self.nodes.len() / 8),
            ("buffers", self.ends.len() / 4),
            ("bytes", self.body.len() - self.start),
        ];
        match left.iter().find(|(_, count)| *count > 0) {
            Some((what, count)) => {
                Err(Error::input(format!("{count} {what} are left over behind the last column")))
            }
            None => Ok(()),
        }
    }

    /// The next buffer.
    #[inline]
    fn buffer(&mut self) -> Result<&'b [u8]> {
        if self.ends.is_empty() {
            return Err(Error::input("its buffer is missing"));
        }
        let end = take_u32(&mut self.ends)?;
        if end < self.start || end > self.body.len() {
            return Err(Error::input(format!(
                "a buffer from byte {} to byte {end} lies outside a body of {} bytes",
                self.start,
                self.body.len()
            )));
        }
        let buffer = &self.body[self.start..end];
        self.start = end;
        Ok(buffer)
    }

    /// The next buffer, which must have exactly this length.
    #[inline]
    fn buffer_of(&mut self, length: usize, what: &str) -> Result<&'b [u8]> {
        let buffer = self.buffer()?;
        if buffer.len() != length {
            return Err(Error::input(format!(
                "its {what} take {length} bytes but the buffer has {}",
                buffer.len()
            )));
        }
        Ok(buffer)
    }

    /// The next column, or a list's child; it must have `expected` rows, if that is known.
    fn column(
        &mut self,
        data_type: &DataType,
        nullable: bool,
        expected: Option<usize>,
    ) -> Result<ArrayRef> {
        if self.nodes.is_empty() {
            return Err(Error::input("its node is missing"));
        }
        let (rows, nulls) = (take_u32(&mut self.nodes)?, take_u32(&mut self.nodes)?);
        if let Some(expected) = expected.filter(|&expected| expected != rows) {
            return Err(Error::input(format!("it has {rows} rows instead of {expected}")));
        }
        // Elements of a list are not rows of the batch; their number is bounded by the bytes they
        // need.
        if rows > BATCH_BYTES_MAX * 8 {
            return Err(Error::input(format!("it claims {rows} elements")));
        }
        let nulls = match nulls {
            0 => {
                self.buffer_of(0, "absent nulls")?;
                None
            }
            claimed if nullable => Some(self.nulls(rows, claimed)?),
            claimed => {
                let nulls = self.nulls(rows, claimed)?.null_count();
                return Err(Error::input(format!("it is not nullable but has {nulls} nulls")));
            }
        };
        match data_type {
            DataType::Boolean => self.booleans(rows, nulls),
            DataType::Int8 => self.integers::<Int8Type>(data_type, rows, nulls),
            DataType::Int16 => self.integers::<Int16Type>(data_type, rows, nulls),
            DataType::Int32 => self.integers::<Int32Type>(data_type, rows, nulls),
            DataType::Int64 => self.integers::<Int64Type>(data_type, rows, nulls),
            DataType::UInt8 => self.integers::<UInt8Type>(data_type, rows, nulls),
            DataType::UInt16 => self.integers::<UInt16Type>(data_type, rows, nulls),
            DataType::UInt32 => self.integers::<UInt32Type>(data_type, rows, nulls),
            DataType::UInt64 => self.integers::<UInt64Type>(data_type, rows, nulls),
            DataType::Date32 => self.integers::<Date32Type>(data_type, rows, nulls),
            DataType::Decimal128(precision, _) => {
                let decimals = self.integers::<Decimal128Type>(data_type, rows, nulls)?;
                checked_digits(&decimals, *precision)?;
                Ok(decimals)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.integers::<TimestampMicrosecondType>(data_type, rows, nulls)
            }
            DataType::Float64 => {
                self.numbers::<Float64Type>(data_type, rows, nulls, f64::is_nan, NAN_64)
            }
            DataType::Float32 => {
                self.numbers::<Float32Type>(data_type, rows, nulls, f32::is_nan, NAN_32)
            }
            DataType::Utf8 => self.texts::<Utf8Type>(rows, nulls),
            DataType::Binary => self.texts::<BinaryType>(rows, nulls),
            DataType::List(element) => self.lists(rows, nulls, element),
            other => Err(Error::bug(format!("Arrow type {other} has no flat form"))),
        }
    }

    /// The nulls of `rows` rows; `claimed` is how many nulls the header claims.
    fn nulls(&mut self, rows: usize, claimed: usize) -> Result<NullBuffer> {
        let bytes = self.buffer_of(bytes_of_bits(rows), "validity bits")?;
        let nulls = NullBuffer::new(bits(bytes, rows, None));
        match nulls.null_count() {
            found if found == claimed => Ok(nulls),
            found => Err(Error::input(format!("it claims {claimed} nulls but has {found}"))),
        }
    }

    fn booleans(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let bytes = self.buffer_of(bytes_of_bits(rows), "bits")?;
        Ok(Arc::new(BooleanArray::new(bits(bytes, rows, nulls.as_ref()), nulls)))
    }

    /// Integers, with 0 where null.
    fn integers<T: ArrowPrimitiveType>(
        &mut self,
        data_type: &DataType,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        self.numbers::<T>(data_type, rows, nulls, |_| false, T::Native::default())
    }

    /// Numbers, with 0 where null, and with one canonical value for those that `is_nan` accepts.
    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        data_type: &DataType,
        rows: usize,
        nulls: Option<NullBuffer>,
        is_nan: impl Fn(T::Native) -> bool,
        nan: T::Native,
    ) -> Result<ArrayRef> {
        let bytes = self.buffer_of(rows * size_of::<T::Native>(), "values")?;
        let mut values = match align_of::<T::Native>() <= ALIGNMENT {
            true => copied(bytes),
            // Decimals of 128 bits need more.
            false => {
                let mut values = MutableBuffer::new(bytes.len());
                values.extend_from_slice(bytes);
                values
            }
        };
        let numbers = values.typed_data_mut::<T::Native>();
        if let Some(nulls) = &nulls {
            for row in (!nulls.inner()).set_indices() {
                numbers[row] = T::Native::default();
            }
        }
        numbers.iter_mut().filter(|number| is_nan(**number)).for_each(|number| *number = nan);
        match PrimitiveArray::<T>::try_new(ScalarBuffer::from(Buffer::from(values)), nulls) {
            Ok(array) if T::DATA_TYPE == *data_type => Ok(Arc::new(array)),
            Ok(array) => Ok(Arc::new(array.with_data_type(data_type.clone()))),
            Err(error) => Err(unfit(error)),
        }
    }

    fn texts<T: ByteArrayType<Offset = i32>>(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let (offsets, last) = self.offsets(rows)?;
        let text = self.buffer_of(last, "texts")?;
        let (offsets, text) = copied_pair(offsets, text);
        match GenericByteArray::<T>::try_new(checked(offsets), text, nulls) {
            Ok(array) => Ok(match compact::texts(&array) {
                None => Arc::new(array),
                Some(compacted) => Arc::new(compacted),
            }),
            Err(error) => Err(unfit(error)),
        }
    }

    fn lists(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
        element: &FieldRef,
    ) -> Result<ArrayRef> {
        let (offsets, last) = self.offsets(rows)?;
        let child = self.column(element.data_type(), element.is_nullable(), Some(last));
        let child = child.map_err(|error| error.at("its elements"))?;
        let offsets = checked(copied(offsets).into());
        match ListArray::try_new(Arc::clone(element), offsets, child, nulls) {
            Ok(array) => Ok(match compact::lists(&array) {
                None => Arc::new(array),
                Some(compacted) => Arc::new(compacted),
            }),
            Err(error) => Err(unfit(error)),
        }
    }

    /// Offsets that start at 0 and never decrease, and the last of them.
    #[inline]
    fn offsets(&mut self, rows: usize) -> Result<(&'b [u8], usize)> {
        let bytes = self.buffer_of(4 * (rows + 1), "offsets")?;
        let offsets = bytes.as_chunks::<4>().0;
        let offset = |bytes: [u8; 4]| i32::from_le_bytes(bytes);
        let (first, last) = (offset(offsets[0]), offset(offsets[rows]));
        let end = usize::try_from(last)
            .map_err(|_| Error::input(format!("its last offset is {last}")))?;
        if first != 0 {
            return Err(Error::input(format!("its offsets start at {first} instead of 0")));
        }
        let decreases = |pair: &&[[u8; 4]]| offset(pair[0]) > offset(pair[1]);
        match offsets.windows(2).find(decreases) {
            None => Ok((bytes, end)),
            Some(pair) => Err(Error::input(format!(
                "its offset {} comes after {}",
                offset(pair[1]),
                offset(pair[0])
            ))),
        }
    }
}

/// The error for what Arrow rejects: it checks again all that was checked here, and also UTF-8.
#[cold]
fn unfit(error: arrow::error::ArrowError) -> Error {
    Error::input(error.to_string())
}

/// Checks that each decimal has at most `precision` digits.
fn checked_digits(decimals: &ArrayRef, precision: u8) -> Result<()> {
    let digits = decimals.as_primitive::<Decimal128Type>();
    match digits.iter().flatten().find(|value| !has_precision(*value, precision)) {
        None => Ok(()),
        Some(value) => {
            Err(Error::input(format!("its decimal {value} has more than {precision} digits")))
        }
    }
}

/// Wraps offsets that [`Reader::offsets`] has checked.
#[inline]
fn checked(offsets: Buffer) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

/// Bits, with 0 where null and after the last row.
fn bits(bytes: &[u8], rows: usize, nulls: Option<&NullBuffer>) -> BooleanBuffer {
    let mut bits = copied(bytes);
    if let Some(nulls) = nulls {
        // Both were written from bit 0, so they line up byte by byte.
        for (bits, valid) in bits.as_slice_mut().iter_mut().zip(nulls.validity()) {
            *bits &= valid;
        }
    }
    clear_behind(bits.as_slice_mut(), rows);
    BooleanBuffer::new(bits.into(), 0, rows)
}
