//! Bytes of any Arrow layout as the one layout of declared bytes.
//!
//! Invariant: the bytes are the same, none are behind a null, and offsets start at 0. Deliberately
//! absent: text. A column that its file declares as text is no bytes, and the other way round.

use super::widen::{is_compact, nulls_of, offset};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType as ArrowType;
use lockstep_core::error::{Error, Result};
use std::sync::Arc;

/// Whether `found` is a layout of bytes.
pub(super) fn is_bytes(found: &ArrowType) -> bool {
    matches!(
        found,
        ArrowType::Binary
            | ArrowType::LargeBinary
            | ArrowType::BinaryView
            | ArrowType::FixedSizeBinary(_)
    )
}

/// A column for which [`is_bytes`] holds, as one of [`ArrowType::Binary`].
pub(super) fn widen(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        ArrowType::Binary => {
            let bytes = array.as_binary::<i32>();
            let nulls = nulls_of(array);
            if is_compact(bytes.offsets(), bytes.values().len(), nulls.as_ref()) {
                let (offsets, values, _) = bytes.clone().into_parts();
                return Ok(Arc::new(BinaryArray::new(offsets, values, nulls)));
            }
            gathered(array, |row| bytes.value(row))
        }
        ArrowType::LargeBinary => {
            let bytes = array.as_binary::<i64>();
            gathered(array, |row| bytes.value(row))
        }
        ArrowType::BinaryView => {
            let bytes = array.as_binary_view();
            gathered(array, |row| bytes.value(row))
        }
        _ => {
            let bytes = array.as_fixed_size_binary();
            gathered(array, |row| bytes.value(row))
        }
    }
}

/// The bytes that `bytes_of` returns for the rows that are not null.
fn gathered<'a>(array: &dyn Array, bytes_of: impl Fn(usize) -> &'a [u8]) -> Result<ArrayRef> {
    let mut values = Vec::new();
    let mut offsets = Vec::with_capacity(array.len() + 1);
    offsets.push(0);
    for row in 0..array.len() {
        if array.is_valid(row) {
            values.extend_from_slice(bytes_of(row));
        }
        offsets.push(offset(values.len())?);
    }
    let offsets = OffsetBuffer::new(offsets.into());
    let bytes = BinaryArray::try_new(offsets, values.into(), nulls_of(array));
    Ok(Arc::new(bytes.map_err(|error| Error::bug("gathered bytes were refused").because(error))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{everything, schema};
    use crate::{ReadOptions, TrainingWriter, open_events};
    use arrow::array::{
        BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };
    use arrow::buffer::Buffer;
    use lockstep_core::value::Value;
    use std::path::PathBuf;

    /// Writes a column `x` as a Parquet and as an Arrow file.
    fn files(folder: &tempfile::TempDir, x: ArrayRef) -> [PathBuf; 2] {
        let times = TimestampMicrosecondArray::from(vec![0; x.len()]).with_timezone("UTC");
        let times: ArrayRef = Arc::new(times);
        let columns = [("t", times, false), ("x", x, true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        ["events.parquet", "events.arrow"].map(|name| {
            let path = folder.path().join(name);
            let mut writer = TrainingWriter::create(&path, batch.schema(), vec![]).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            path
        })
    }

    /// Goal: bytes are the same from every layout, nothing is behind a null, and offsets start at 0
    /// (S6). Method: four layouts, whole and as a slice; bytes that are no text, and bytes behind a
    /// null.
    #[test]
    fn s06_bytes_of_every_layout_are_read() {
        let two = vec![Some(&b"\x00\xff"[..]), None, Some(b"ab"), Some(b"\xc3\xa9")];
        let fixed =
            FixedSizeBinaryArray::try_from_sparse_iter_with_size(two.clone().into_iter(), 2);
        let valid = vec![true, false, true, true];
        let values = Buffer::from(&b"\x00\xff??ab\xc3\xa9"[..]);
        let offsets = OffsetBuffer::from_lengths([2, 2, 2, 2]);
        let hidden = BinaryArray::new(offsets, values, Some(valid.into()));
        let arrays: [ArrayRef; 5] = [
            Arc::new(BinaryArray::from(two.clone())),
            Arc::new(LargeBinaryArray::from(two.clone())),
            Arc::new(BinaryViewArray::from(two.clone())),
            Arc::new(fixed.unwrap()),
            Arc::new(hidden),
        ];
        for array in arrays {
            for (start, length) in [(0, 4), (1, 3), (2, 1), (4, 0)] {
                assert!(is_bytes(array.data_type()));
                let found = widen(&array.slice(start, length)).unwrap();
                let found = found.as_binary::<i32>();
                assert_eq!(found.iter().collect::<Vec<_>>(), two[start..start + length]);
                assert_eq!(found.offsets()[0], 0);
                let bytes: usize =
                    two[start..start + length].iter().flatten().map(|b| b.len()).sum();
                assert_eq!(found.values().len(), bytes, "{}", array.data_type());
            }
        }
    }

    /// Goal: a file's text is no bytes and its bytes are no text (S6), although Parquet's text is
    /// read as bytes. Method: both kinds of columns, declared as both, in Parquet and Arrow.
    #[test]
    fn s06_text_is_no_bytes_and_bytes_are_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let text: ArrayRef = Arc::new(StringArray::from(vec!["00", "é"]));
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"00"[..], b"\xff"]));
        for (array, good, declared, remedy) in [
            (text, "string?", "bytes?", "should be bytes, found Utf8; text is no bytes"),
            (bytes, "bytes?", "string?", "should be string, found Binary; bytes are no text"),
        ] {
            for path in files(&folder, array) {
                let open = |declared: &str| {
                    let schema = schema(&["t timestamp", &format!("x {declared}")]);
                    let reader = open_events(&path, Arc::clone(&schema), ReadOptions::default())?;
                    Ok::<_, Error>(everything(reader, &schema))
                };
                let message = open(declared).unwrap_err().message;
                assert!(message.contains(remedy), "{message}");
                let all = open(good).unwrap();
                let first = match good {
                    "string?" => Value::String("00".into()),
                    _ => Value::Bytes(b"00"[..].into()),
                };
                assert_eq!(all.rows[0][1], first);
                assert_eq!((all.rows.len(), all.failures.len()), (2, 0));
            }
        }
    }
}
