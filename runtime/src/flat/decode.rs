//! From the flat batch to Arrow, believing nothing.
//!
//! Invariant: a batch that this returns has exactly the schema's columns and satisfies arrow's full
//! validation; there is one way to write each batch except for bits and values that no row shows,
//! which come back as 0. An error names the column and what does not fit. Its text depends on the
//! bytes alone, because it becomes the reason why an event is refused.
//! Deliberately absent: trust in any count before the bytes behind it were seen, so a lie cannot
//! make the host allocate more than the guest has sent.

use super::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, bytes_of_bits, clear_behind, compact};
use crate::error::{Error, Result};
use crate::value::{NAN_32, NAN_64};
use arrow::array::{Array, ArrayData, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};

/// Reads a batch of `schema`, whose types are those of [`crate::event::arrow_type`].
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
        let column = reader.column(field.data_type(), Some(rows));
        let column = column.and_then(|column| match column.null_count() {
            0 => Ok(column),
            _ if field.is_nullable() => Ok(column),
            nulls => Err(Error::input(format!("it is not nullable but has {nulls} nulls"))),
        });
        columns.push(column.map_err(|error| error.at(format!("column {:?}", field.name())))?);
    }
    reader.finish()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
        .map_err(|error| Error::input("the columns do not fit the schema").because(error))
}

/// Takes a number off the front.
pub(super) fn take_u32(bytes: &mut &[u8]) -> Result<usize> {
    let (head, rest) = bytes
        .split_first_chunk::<4>()
        .ok_or_else(|| Error::input("the buffer ends in the middle of a header"))?;
    *bytes = rest;
    Ok(u32::from_le_bytes(*head) as usize)
}

/// Takes `count` items of `width` bytes off the front.
pub(super) fn take_items<'a>(
    bytes: &mut &'a [u8],
    count: usize,
    width: usize,
    what: &str,
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

    /// Nothing may be left over.
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

    /// The next column, or a list's child, of `expected` rows if they are known.
    fn column(&mut self, data_type: &DataType, expected: Option<usize>) -> Result<ArrayRef> {
        if self.nodes.is_empty() {
            return Err(Error::input("its node is missing"));
        }
        let (rows, nulls) = (take_u32(&mut self.nodes)?, take_u32(&mut self.nodes)?);
        if let Some(expected) = expected.filter(|&expected| expected != rows) {
            return Err(Error::input(format!("it has {rows} rows instead of {expected}")));
        }
        // Elements of a list are not rows of the batch; the bytes they need bound them.
        if rows > BATCH_BYTES_MAX * 8 {
            return Err(Error::input(format!("it claims {rows} elements")));
        }
        let validity = self.validity(rows, nulls)?;
        let mut builder = ArrayData::builder(data_type.clone()).len(rows);
        match data_type {
            DataType::Boolean => {
                let bits = self.buffer_of(bytes_of_bits(rows), "bits")?;
                builder = builder.add_buffer(bits_buffer(bits, rows, validity.as_ref()));
            }
            DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let values = self.numbers::<8>(rows, validity.as_ref())?;
                builder = builder.add_buffer(values.into());
            }
            DataType::Float64 => {
                let mut values = self.numbers::<8>(rows, validity.as_ref())?;
                for value in values.typed_data_mut::<f64>().iter_mut().filter(|v| v.is_nan()) {
                    *value = NAN_64;
                }
                builder = builder.add_buffer(values.into());
            }
            DataType::Float32 => {
                let mut values = self.numbers::<4>(rows, validity.as_ref())?;
                for value in values.typed_data_mut::<f32>().iter_mut().filter(|v| v.is_nan()) {
                    *value = NAN_32;
                }
                builder = builder.add_buffer(values.into());
            }
            DataType::Utf8 => {
                let (offsets, last) = self.offsets(rows)?;
                let text = self.buffer_of(last, "texts")?;
                builder = builder.add_buffer(offsets).add_buffer(Buffer::from(text));
            }
            DataType::List(element) => {
                let (offsets, last) = self.offsets(rows)?;
                let child = self.column(element.data_type(), Some(last));
                let child = child.map_err(|error| error.at("its elements"))?;
                builder = builder.add_buffer(offsets).add_child_data(child.to_data());
            }
            other => return Err(Error::bug(format!("Arrow type {other} has no flat form"))),
        }
        let validity = validity.map(BooleanBuffer::into_inner);
        let data = builder.null_bit_buffer(validity).build();
        let data = data.map_err(|error| Error::input(error.to_string()))?;
        Ok(compact::array(make_array(data)))
    }

    /// The validity of `rows` rows of which `nulls` are null; none if all are there.
    fn validity(&mut self, rows: usize, nulls: usize) -> Result<Option<BooleanBuffer>> {
        if nulls == 0 {
            self.buffer_of(0, "absent nulls")?;
            return Ok(None);
        }
        let bytes = self.buffer_of(bytes_of_bits(rows), "validity bits")?;
        let bits = BooleanBuffer::new(bits_buffer(bytes, rows, None), 0, rows);
        let found = rows - bits.count_set_bits();
        if found != nulls {
            return Err(Error::input(format!("it claims {nulls} nulls but has {found}")));
        }
        Ok(Some(bits))
    }

    /// Numbers of `WIDTH` bytes, 0 behind nulls.
    fn numbers<const WIDTH: usize>(
        &mut self,
        rows: usize,
        validity: Option<&BooleanBuffer>,
    ) -> Result<MutableBuffer> {
        let bytes = self.buffer_of(rows * WIDTH, "values")?;
        let mut values = MutableBuffer::new(bytes.len());
        values.extend_from_slice(bytes);
        if let Some(validity) = validity {
            let slots = values.as_slice_mut().as_chunks_mut::<WIDTH>().0;
            for row in (!validity).set_indices() {
                slots[row] = [0; WIDTH];
            }
        }
        Ok(values)
    }

    /// Offsets that start at 0, and the last of them. Arrow checks that none decreases.
    fn offsets(&mut self, rows: usize) -> Result<(Buffer, usize)> {
        let bytes = self.buffer_of(4 * (rows + 1), "offsets")?;
        let offsets = bytes.as_chunks::<4>().0;
        let offset = |at: usize| i32::from_le_bytes(offsets[at]);
        let last = usize::try_from(offset(rows))
            .map_err(|_| Error::input(format!("its last offset is {}", offset(rows))))?;
        if offset(0) != 0 {
            return Err(Error::input(format!("its offsets start at {} instead of 0", offset(0))));
        }
        Ok((Buffer::from(bytes), last))
    }
}

/// Bits with 0 behind nulls and behind the last row.
fn bits_buffer(bytes: &[u8], rows: usize, validity: Option<&BooleanBuffer>) -> Buffer {
    let mut bits = MutableBuffer::new(bytes.len());
    bits.extend_from_slice(bytes);
    if let Some(validity) = validity {
        // Both were written from bit 0, so they line up byte by byte.
        for (bits, valid) in bits.as_slice_mut().iter_mut().zip(validity.inner().as_slice()) {
            *bits &= valid;
        }
    }
    clear_behind(bits.as_slice_mut(), rows);
    bits.into()
}
