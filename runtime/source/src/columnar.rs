//! Columnar formats: turns the record batches of a Parquet or Arrow file into batches of events.
//!
//! Invariant: the header is checked before the first row; a batch holds at most the requested
//! number of rows; a damaged file gives an error that names it, never a panic and never a silent
//! end. Deliberately absent: where the record batches come from (`parquet.rs`, `ipc.rs`).

use super::absent::Absent;
use super::admit::{Decoded, admit};
use super::groups::PassedOver;
use super::header::{duplicate_column, missing_column, wrong_type};
use super::hive::{Constant, Constants};
use super::quiet::quietly;
use super::reader::{EventReader, Part};
use super::widen::{BadRows, accepts, widen};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::Schema;
use lockstep_core::cell::Cell;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SourceSchema, arrow_type};
use lockstep_core::json;
use lockstep_core::value::{Column, DataType};
use std::sync::Arc;

/// The chosen columns of one file as record batches, from the first row that is not skipped.
pub(super) trait BatchSource: Send {
    /// The next batch, or `None` after the last one.
    fn next(&mut self) -> Result<Option<RecordBatch>>;

    /// The number of rows between the results of the last two calls of `next` that were not read.
    /// It is returned once, then reset.
    fn take_gap(&mut self) -> u64 {
        0
    }

    /// The part of the whole file that is not read.
    fn passed_over(&self) -> PassedOver {
        PassedOver::default()
    }
}

/// Runs `read` and turns panics into errors: its libraries may panic on malformed bytes.
pub(super) fn guarded<T>(place: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    quietly(read).unwrap_or_else(|reason| Err(damaged(place).because(reason)))
}

/// The error of a file whose bytes are not what its format says.
pub(super) fn damaged(place: &str) -> Error {
    Error::input(format!(
        "{place}: the file cannot be read; it is truncated, damaged or mislabelled"
    ))
    .with_code(Code::DamagedFile { file: place.to_string() })
}

/// Which columns of a file are read, and where each declared column is among them.
#[derive(Debug)]
pub(super) struct Projection {
    /// The indices of the file's columns, ascending.
    pub(super) chosen: Vec<usize>,
    /// For each declared column, its index among the chosen ones.
    slots: Vec<Option<usize>>,
    /// The declared columns that may be null and that the file lacks.
    pub(super) absent: Absent,
}

impl Projection {
    /// Checks the header: each declared column must occur exactly once, with a type that widens to
    /// its own, or in the name of a folder.
    pub(super) fn of(
        place: &str,
        found: &Schema,
        schema: &SourceSchema,
        constants: &Constants,
    ) -> Result<Projection> {
        let mut places = Vec::with_capacity(schema.columns.len());
        let mut absent = Absent::new();
        for (index, column) in schema.columns.iter().enumerate() {
            let mut same =
                (0..found.fields().len()).filter(|i| found.field(*i).name() == &column.name);
            let place_of = same.next();
            if same.next().is_some() {
                return Err(duplicate_column(place, "the file has", &column.name));
            }
            match place_of.map(|index| found.field(index)) {
                Some(field)
                    if !accepts(field, &column.data_type, &schema.notation)
                        || (field.data_type().is_null() && !column.nullable) =>
                {
                    return Err(wrong_type(place, column, &field.data_type().to_string()));
                }
                None if !column.nullable && constants.get(index).is_none() => {
                    let names: Vec<String> =
                        found.fields().iter().map(|field| field.name().clone()).collect();
                    return Err(missing_column(place, column, &names));
                }
                None if constants.get(index).is_none() => {
                    let names = found.fields().iter().map(|field| field.name().as_str());
                    absent.push((index, Code::missing_column(&column.name, names)));
                    places.push(None);
                }
                _ => places.push(place_of),
            }
        }
        let mut chosen: Vec<usize> = places.iter().flatten().copied().collect();
        chosen.sort_unstable();
        chosen.dedup();
        let slot = |index: Option<usize>| index.and_then(|index| chosen.binary_search(&index).ok());
        let slots = places.into_iter().map(slot).collect();
        Ok(Projection { chosen, slots, absent })
    }

    /// The index in the file of the declared column `index`.
    pub(super) fn column_of(&self, index: usize) -> Option<usize> {
        self.slots[index].map(|slot| self.chosen[slot])
    }
}

/// Reads the events of one file.
pub(super) struct ColumnarReader {
    place: String,
    source: Box<dyn BatchSource>,
    schema: Arc<SourceSchema>,
    projection: Projection,
    constants: Constants,
    batch_rows: usize,
    /// The rest of a record batch larger than `batch_rows`.
    rest: Option<RecordBatch>,
    position: u64,
}

impl ColumnarReader {
    /// A reader whose next row has `position`.
    pub(super) fn new(
        place: String,
        source: Box<dyn BatchSource>,
        schema: Arc<SourceSchema>,
        (projection, constants): (Projection, Constants),
        batch_rows: usize,
        position: u64,
    ) -> ColumnarReader {
        ColumnarReader {
            place,
            source,
            schema,
            projection,
            constants,
            batch_rows,
            rest: None,
            position,
        }
    }

    fn next_records(&mut self) -> Result<Option<RecordBatch>> {
        let records = match self.rest.take() {
            Some(rest) => Some(rest),
            None => loop {
                let records = self.source.next()?;
                self.position += self.source.take_gap();
                match records {
                    Some(records) if records.num_rows() == 0 => {}
                    other => break other,
                }
            },
        };
        Ok(records.map(|records| {
            let rows = records.num_rows();
            if rows > self.batch_rows {
                self.rest = Some(records.slice(self.batch_rows, rows - self.batch_rows));
            }
            records.slice(0, rows.min(self.batch_rows))
        }))
    }

    fn read(&mut self) -> Result<Option<EventBatch>> {
        let Some(records) = self.next_records()? else { return Ok(None) };
        let rows = records.num_rows();
        let mut decoded = Decoded::default();
        for (index, column) in self.schema.columns.iter().enumerate() {
            let constant = self.constants.get(index);
            let mut bad = BadRows::default();
            let array = match (self.projection.slots[index], constant) {
                (None, Some(constant)) => constant.rows(rows)?,
                (None, None) => new_null_array(&arrow_type(&column.data_type), rows),
                (Some(slot), constant) => {
                    let found = records.column(slot);
                    let array = widen(found, &column.data_type, &self.schema.notation, &mut bad)
                        .map_err(|e| e.at(format!("{}: column {:?}", self.place, column.name)))?;
                    if let Some(constant) = constant {
                        for row in constant.disagreeing(&array)? {
                            bad.add(row, || constant.reason());
                        }
                    }
                    array
                }
            };
            decoded.arrays.push(array);
            decoded.bad.push(bad);
        }
        let names: Vec<String> = self.schema.columns.iter().map(|c| c.name.clone()).collect();
        let as_json = |row: usize| {
            let mut bytes = Vec::new();
            let cell = |index: usize| match self.projection.slots[index] {
                Some(slot) => original(records.column(slot), &self.schema.columns[index], row),
                None => self.constants.get(index).map_or(Cell::Null, Constant::shown),
            };
            json::write_object(&names, cell, &mut bytes);
            bytes
        };
        let batch = admit(&self.schema, decoded, self.position, as_json)?;
        self.position = batch.next_position;
        Ok(Some(batch))
    }
}

/// The value of a declared column as it was found. Parquet's texts are read as bytes, so that those
/// that are not UTF-8 can be shown.
fn original<'a>(found: &'a ArrayRef, column: &Column, row: usize) -> Cell<'a> {
    match found.as_binary_opt::<i32>() {
        Some(texts) if column.data_type == DataType::String && texts.is_valid(row) => {
            Cell::Text(texts.value(row).escape_ascii().to_string().into())
        }
        _ => Cell::of(found, row),
    }
}

impl EventReader for ColumnarReader {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let place = self.place.clone();
        guarded(&place, || self.read())
    }

    fn passed_over(&self) -> PassedOver {
        self.source.passed_over()
    }
}

impl Part for ColumnarReader {
    fn position(&self) -> u64 {
        self.position
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::{Everything, everything, schema};
    use crate::{Format, ReadOptions, TrainingWriter, open_events, open_events_stdin};
    use arrow::array::*;
    use arrow::datatypes::{Int8Type, TimestampMicrosecondType};
    use arrow::ipc::writer::StreamWriter;
    use lockstep_core::notation::Notation;
    use lockstep_core::value::Value;
    use std::io::Cursor;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// Writes `columns` as a Parquet and as an Arrow file.
    fn files(folder: &tempfile::TempDir, columns: Vec<(&str, ArrayRef)>) -> [PathBuf; 2] {
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        ["events.parquet", "events.arrow"].map(|name| {
            let path = folder.path().join(name);
            let mut writer = TrainingWriter::create(&path, batch.schema(), vec![]).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            path
        })
    }

    fn micros(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
        let values = PrimitiveArray::<TimestampMicrosecondType>::from_iter(values);
        Arc::new(values.with_timezone("UTC"))
    }

    /// Goal: an event with a bad time is set aside; a bad value of another column becomes null and
    /// is reported, with its position and the event's columns (S6, S8). Method: one bad row of each
    /// kind between good ones, one of them bad in three columns.
    #[test]
    fn s08_bad_times_are_set_aside_and_other_bad_values_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let schema =
            schema(&["t timestamp", "n int64", "u timestamp?", "d int64?", "l list<int64>?"]);
        let big = (1 << 62) + 1;
        let times = micros([Some(0), Some(1), None, Some(big), Some(4), Some(5), Some(6)]);
        let n = [Some(0), None, Some(2), Some(3), Some(1 << 63), Some(5), Some(6)];
        let mut u = vec![Some(0); 7];
        (u[3], u[5]) = (Some(i64::MAX), Some(i64::MAX));
        let keys = PrimitiveArray::<Int8Type>::from_iter_values([0, 0, 0, 0, 0, 1, 1]);
        let d = DictionaryArray::new(keys, Arc::new(UInt64Array::from(vec![7, u64::MAX])));
        let mut l = ListBuilder::new(UInt64Builder::new());
        (0..7).for_each(|row| l.append_value([Some(1), Some(if row == 5 { 1 << 63 } else { 2 })]));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("d", Arc::new(d)),
            ("n", Arc::new(UInt64Array::from_iter(n))),
            ("extra", Arc::new(BinaryArray::from(vec![b"x" as &[u8]; 7]))),
            ("t", times),
            ("u", Arc::new(TimestampMillisecondArray::from(u))),
            ("l", Arc::new(l.finish())),
        ];
        let mut found: Vec<Everything> = Vec::new();
        for path in files(&folder, columns) {
            for batch_rows in [1, 3, 100] {
                let options =
                    ReadOptions { batch_rows, start_position: 0, ..ReadOptions::default() };
                let reader = open_events(&path, Arc::clone(&schema), options).unwrap();
                found.push(everything(reader, &schema));
            }
        }
        let first = &found[0];
        assert!(found.iter().all(|other| other == first));
        assert_eq!(first.positions, [0, 1, 4, 5, 6]);
        let (list, moment) = (|n| Value::List(vec![Value::Int64(1), n]), Value::Timestamp);
        let list = list(Value::Int64(2));
        let good = |t, n| [moment(t), n, moment(0), Value::Int64(7), list.clone()];
        let (null, six) = (Value::Null, Value::Int64(6));
        let expect = [
            good(0, Value::Int64(0)),
            good(1, null.clone()),
            good(4, null.clone()),
            [moment(5), Value::Int64(5), null.clone(), null.clone(), null.clone()],
            [moment(6), six, moment(0), null, list.clone()],
        ];
        assert_eq!(first.rows, expect);
        let aside = [
            (2, "column \"t\": null, but"),
            (3, "column \"t\": 4611686018427387905 us is beyond the range of event times"),
        ];
        assert_eq!(first.set_aside.len(), aside.len());
        for (event, (position, reason)) in first.set_aside.iter().zip(aside) {
            assert_eq!(event.position, position);
            assert!(event.reason.contains(reason), "{}", event.reason);
        }
        let failed = [
            (1, "column \"n\": null, but"),
            (4, "column \"n\": 9223372036854775808 of type UInt64 is beyond the range of int64"),
            (5, "column \"u\": 9223372036854775807 of type Timestamp(ms) is beyond"),
            (5, "column \"d\": 18446744073709551615 of type UInt64 is beyond"),
            (5, "column \"l\": an element is bad: 9223372036854775808 of type UInt64"),
            (6, "column \"d\": 18446744073709551615 of type UInt64 is beyond"),
        ];
        assert_eq!(first.failures.len(), failed.len());
        for ((found, reason, _), (position, part)) in first.failures.iter().zip(failed) {
            assert!(*found == position && reason.contains(part), "{position}: {reason}");
        }
        let bytes = String::from_utf8(first.failures[1].2.clone()).unwrap();
        let json = r#"{"t":"1970-01-01T00:00:00.000004Z","n":9223372036854775808,"#;
        assert!(bytes.starts_with(json), "{bytes}");
    }

    /// Goal: times are floored toward minus infinity, and a time without a zone is UTC (S2).
    /// Method: nanoseconds, seconds and days around the epoch.
    #[test]
    fn s02_times_floor() {
        let folder = tempfile::tempdir().unwrap();
        let schema = schema(&["t timestamp", "s timestamp", "d timestamp"]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("t", Arc::new(TimestampNanosecondArray::from(vec![-1, -1000, -1001, 999, 1000]))),
            ("s", Arc::new(TimestampSecondArray::from(vec![-1; 5]).with_timezone("Asia/Karachi"))),
            ("d", Arc::new(Date32Array::from(vec![-1; 5]))),
        ];
        for path in files(&folder, columns) {
            let reader = open_events(&path, Arc::clone(&schema), ReadOptions::default()).unwrap();
            let all = everything(reader, &schema);
            let expect = [-1, -1, -2, 0, 1]
                .map(|t| [t, -1_000_000, -86_400_000_000].map(Value::Timestamp).to_vec());
            assert_eq!(all.rows, expect);
        }
    }

    /// Goal: a header problem names the file, the column and both types, before any row is read
    /// (S6). Method: a table of file columns and declared types.
    #[test]
    fn s06_headers_are_judged() {
        let folder = tempfile::tempdir().unwrap();
        let table: Vec<(&str, ArrayRef, &str)> = vec![
            ("int64", Arc::new(StringArray::from(vec!["1"])), "Utf8"),
            ("float32?", Arc::new(Float64Array::from(vec![1.0])), "Float64"),
            ("float64?", Arc::new(Int64Array::from(vec![1])), "Int64"),
            ("string?", Arc::new(BinaryArray::from(vec![b"x" as &[u8]])), "Binary"),
            ("timestamp?", Arc::new(Int64Array::from(vec![1])), "Int64"),
            ("list<int64>?", Arc::new(Int64Array::from(vec![1])), "Int64"),
        ];
        for (declared, array, found) in table {
            let mut schema = schema(&["t timestamp", &format!("v {declared}")]);
            Arc::make_mut(&mut schema).notation = Notation::default();
            for path in files(&folder, vec![("t", micros([Some(0)])), ("v", array)]) {
                let opened = open_events(&path, Arc::clone(&schema), ReadOptions::default());
                let message = opened.err().expect("the header should be refused").message;
                let declared = declared.trim_end_matches('?');
                let expect = format!("column \"v\" should be {declared}, found {found}");
                assert!(message.contains(&expect), "{message}");
                assert!(message.contains("events."), "{message}");
            }
        }
        for path in files(&folder, vec![("t", micros([Some(0)])), ("w", micros([None]))]) {
            let open = |columns: &[&str]| {
                open_events(&path, schema(columns), ReadOptions::default()).err().map(|e| e.message)
            };
            let message = open(&["t timestamp", "v int64"]).unwrap();
            assert!(message.contains("no column \"v\" of type int64"), "{message}");
            assert!(message.contains("columns found: t, w"), "{message}");
            assert_eq!(open(&["t timestamp", "v int64?"]), None);
        }
    }

    /// Goal: a pipe of Arrow IPC is read and resumed; one that stops early is an error; Parquet
    /// from a pipe is refused with a remedy.
    #[test]
    fn pipes_are_read() {
        let schema = schema(&["t timestamp"]);
        let mut stream = StreamWriter::try_new(Vec::new(), &schema.arrow()).unwrap();
        for start in [0, 10] {
            let times = micros((start..start + 10).map(Some));
            stream.write(&RecordBatch::try_new(schema.arrow(), vec![times]).unwrap()).unwrap();
        }
        stream.finish().unwrap();
        let bytes = stream.into_inner().unwrap();
        let options = ReadOptions { batch_rows: 4, start_position: 7, ..ReadOptions::default() };
        let open = |format, bytes: &[u8]| {
            let input = Box::new(Cursor::new(bytes.to_vec()));
            open_events_stdin(format, input, Arc::clone(&schema), options.clone())
        };
        let all = everything(open(Format::ArrowIpc, &bytes).unwrap(), &schema);
        assert_eq!(all.positions, (7..20).collect::<Vec<u64>>());
        let mut cut = open(Format::ArrowIpc, &bytes[..bytes.len() - 8]).unwrap();
        let error = (0..9).find_map(|_| cut.next().err()).expect("the stream is cut");
        assert!(error.to_string().contains("end-of-stream marker"), "{error}");
        assert!(open(Format::Parquet, &bytes).err().unwrap().message.contains("from a pipe"));
    }
}
