//! Values that a declared type does not hold, in files with types of their own, and the remedies for
//! types that come close.
//!
//! Method: one row that fits and one that does not, for each type; what is kept of the second one
//! must be the value as it was found.

use super::{schema, shown, written_by_arrow};
use arrow::array::{
    ArrayRef, BinaryArray, Date64Array, Decimal128Array, Decimal256Array, DictionaryArray,
    Float64Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::i256;
use lockstep_core::Result;
use lockstep_core::event::EventBatch;
use lockstep_source::{ReadOptions, open_events};
use std::path::Path;
use std::sync::Arc;

const FILES: [&str; 3] = ["file.parquet", "file.arrow", "stream.arrow"];

/// The events of a file with the column `x`; `None` if the format has no such type.
fn read(path: &Path, x: &ArrayRef, declared: &str) -> Option<Result<EventBatch>> {
    let times = TimestampMicrosecondArray::from(vec![0; x.len()]).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 2] = [("t", Arc::new(times)), ("x", Arc::clone(x))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    written_by_arrow(path, &batch)?;
    let reader = open_events(path, schema(declared), ReadOptions::default());
    Some(reader.and_then(|mut reader| Ok(reader.next()?.unwrap())))
}

fn decimals(digits: [i128; 2], precision: u8, scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(digits.to_vec());
    Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
}

/// Goal: a value beyond a declared type is bad, never wrapped, rounded or cut, and is kept as it was
/// found (S6, S8). Method: a value at the edge of each type and one beside it.
#[test]
fn s06_values_beyond_a_declared_type_are_bad() {
    let folder = tempfile::tempdir().unwrap();
    let longest = [i256::from_i128(7), i256::from_i128(10).wrapping_pow(38)];
    let longest = Decimal256Array::from(longest.to_vec()).with_precision_and_scale(76, 0).unwrap();
    let day = 19_782 * 86_400_000;
    let table: Vec<(&str, ArrayRef, &str, &str, &str)> = vec![
        (
            "int8",
            Arc::new(Int16Array::from(vec![-128, 300])),
            "-128",
            "300 of type Int16 is beyond the range of int8",
            "300",
        ),
        (
            "uint64",
            Arc::new(Int64Array::from(vec![i64::MAX, -1])),
            "9223372036854775807",
            "-1 of type Int64 is beyond the range of uint64",
            "-1",
        ),
        (
            "uint32",
            Arc::new(UInt64Array::from(vec![u32::MAX.into(), u64::MAX])),
            "4294967295",
            "18446744073709551615 of type UInt64 is beyond the range of uint32",
            "18446744073709551615",
        ),
        (
            "decimal(3,1)",
            decimals([1250, 1251], 10, 2),
            "\"12.5\"",
            "12.51 of type Decimal128(10, 2) has no exact decimal(3,1)",
            "\"12.51\"",
        ),
        (
            "decimal(3,1)",
            Arc::new(Int16Array::from(vec![-99, 100])),
            "\"-99.0\"",
            "100 of type Int16 is beyond the range of decimal(3,1)",
            "100",
        ),
        (
            "decimal(38,0)",
            Arc::new(longest),
            "\"7\"",
            "has no exact decimal(38,0)",
            "\"100000000000000000000000000000000000000\"",
        ),
        (
            "uint8",
            decimals([25, 26], 2, -1),
            "250",
            "260 of type Decimal128(2, -1) has no exact uint8",
            "\"260\"",
        ),
        (
            "date",
            Arc::new(Date64Array::from(vec![day, day + 1])),
            "\"2024-02-29\"",
            "1709164800001 ms of type Date64 is no whole day",
            "\"2024-02-29T00:00:00.001\"",
        ),
    ];
    for (declared, x, good, reason, kept) in table {
        for name in FILES {
            // Parquet has no dates in milliseconds.
            if declared == "date" && name.ends_with("parquet") {
                continue;
            }
            let read = read(&folder.path().join(name), &x, declared);
            let Some(batch) = read.map(Result::unwrap) else {
                // It has no decimals with zeros before the point either.
                assert!(declared == "uint8" && name.ends_with("parquet"), "{declared}");
                continue;
            };
            assert_eq!(shown(batch.records.column(1), 0), good, "{declared} in {name}");
            assert_eq!(shown(batch.records.column(1), 1), "null", "{declared} in {name}");
            let [failure] = batch.failures.as_slice() else { panic!("{declared}: no failure") };
            assert_eq!((failure.row, failure.column), (1, 1));
            assert!(failure.reason.contains(reason), "{declared}: {}", failure.reason);
            let bytes = String::from_utf8(failure.bytes.to_vec()).unwrap();
            assert!(bytes.ends_with(&format!("\"x\":{kept}}}")), "{declared}: {bytes}");
        }
    }
}

/// Goal: a column whose type only comes close is refused, with what to do (S6). Method: floats as
/// decimals, times as dates, text as bytes and bytes as text, and dictionaries of these.
#[test]
fn s06_types_that_come_close_are_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]));
    let table: [(&str, ArrayRef, &str); 4] = [
        (
            "decimal(3,1)",
            Arc::new(Float64Array::from(vec![0.5])),
            "found Float64; a float is no exact decimal: declare the column as f64",
        ),
        ("date", times, "a time is no date: declare the column as EventTime"),
        (
            "bytes",
            Arc::new(StringArray::from(vec!["00ff"])),
            "found Utf8; text is no bytes: declare the column as &str",
        ),
        (
            "string",
            Arc::new(BinaryArray::from(vec![&b"text"[..]])),
            "found Binary; bytes are no text: declare the column as &[u8]",
        ),
    ];
    for (declared, x, remedy) in table {
        for name in FILES {
            let path = folder.path().join(name);
            let message = read(&path, &x, declared).unwrap().unwrap_err().message;
            assert!(message.contains(&format!("column \"x\" should be {declared}")), "{message}");
            assert!(message.contains(remedy) && message.contains(name), "{message}");
            let keyed = DictionaryArray::new(Int32Array::from(vec![0]), Arc::clone(&x));
            let keyed: ArrayRef = Arc::new(keyed);
            let message = read(&path, &keyed, declared).unwrap().unwrap_err().message;
            let remedy = remedy.split_once("; ").map_or(remedy, |(_, remedy)| remedy);
            assert!(message.contains(remedy), "{message}");
        }
    }
}
