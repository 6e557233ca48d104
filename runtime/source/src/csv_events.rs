//! CSV events: turns the records of a CSV file into events.
//!
//! Invariant: the header is checked before any record: each declared column is there, in the name
//! of a folder, or nullable, and none is a list. Deliberately absent: types in the header; a field
//! is decoded by its column's declared type.

use super::absent::Absent;
use super::csv::{CsvReader, decode};
use super::header::{missing_column, wrong_type};
use super::hive::Constants;
use super::line::LineReader;
use super::text::{Records, checked};
use lockstep_core::cell::Cell;
use lockstep_core::code::Code;
use lockstep_core::error::Result;
use lockstep_core::event::SourceSchema;
use lockstep_core::value::DataType;
use std::sync::Arc;

/// The records of an input, with the field of each declared column.
pub(super) struct CsvRecords {
    reader: CsvReader,
    schema: Arc<SourceSchema>,
    /// For each field its declared column; `None` if nobody declared it.
    columns: Vec<Option<usize>>,
    /// The declared columns that may be null and that the header lacks.
    pub(super) absent: Absent,
    constants: Constants,
}

impl CsvRecords {
    pub(super) fn new(
        lines: LineReader,
        schema: Arc<SourceSchema>,
        constants: Constants,
    ) -> Result<CsvRecords> {
        let reader = CsvReader::new(lines)?;
        let mut columns = vec![None; reader.header().len()];
        let mut absent = Absent::new();
        for (index, column) in schema.columns.iter().enumerate() {
            match reader.header().iter().position(|name| *name == column.name) {
                Some(_) if matches!(column.data_type, DataType::List(_)) => {
                    return Err(wrong_type(reader.place(), column, "CSV text"));
                }
                Some(field) => columns[field] = Some(index),
                None if constants.get(index).is_some() => {}
                None if column.nullable => {
                    let names = reader.header().iter().map(String::as_str);
                    absent.push((index, Code::missing_column(&column.name, names)));
                }
                None => return Err(missing_column(reader.place(), column, reader.header())),
            }
        }
        Ok(CsvRecords { reader, schema, columns, absent, constants })
    }
}

impl Records for CsvRecords {
    fn advance(&mut self) -> Result<bool> {
        self.reader.advance()
    }

    fn raw(&self) -> &[u8] {
        self.reader.raw()
    }

    fn line(&self) -> u64 {
        self.reader.line()
    }

    fn cells(&self) -> Result<Vec<Result<Cell<'_>, String>>, String> {
        let fields = self.reader.fields()?;
        let mut cells: Vec<Result<Cell<'_>, String>> =
            self.constants.cells().into_iter().map(Ok).collect();
        for (field, column) in fields.into_iter().zip(&self.columns) {
            if let Some(index) = *column {
                let SourceSchema { columns, notation, .. } = &*self.schema;
                let cell = decode(field, &columns[index].data_type, notation);
                let cell = checked(&self.schema, index, cell);
                cells[index] = cell.and_then(|cell| self.constants.checked(index, cell));
            }
        }
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use crate::Format;
    use crate::sample::{check_record, schema};
    use lockstep_core::value::{Decimal, Value};
    use std::sync::Arc;

    fn decimal(unscaled: i128, scale: u8) -> Value {
        Value::Decimal(Box::new(Decimal { unscaled, scale }))
    }

    /// Goal: each declared type is read from its text exactly or is bad, the same in CSV and in
    /// NDJSON (S6). Method: a table of types and texts at and beyond their edges; in NDJSON a text
    /// in quotes is a string.
    #[test]
    fn s06_declared_types_are_read_from_text() {
        use Value::{Bytes, Date, Int64, UInt64};
        let beyond = "is beyond the range of";
        let nines = "9".repeat(38);
        let fraction = format!("-0.{nines}");
        let many = 10_i128.pow(38) - 1;
        let table: Vec<(&str, &str, bool, Result<Value, &str>)> = vec![
            ("int8", "127", false, Ok(Int64(127))),
            ("int8", "128", false, Err(beyond)),
            ("int8", "-128", false, Ok(Int64(-128))),
            ("int8", "-129", false, Err(beyond)),
            ("int16", "-32768", false, Ok(Int64(-32_768))),
            ("int16", "32768", false, Err(beyond)),
            ("int32", "2147483647", false, Ok(Int64(2_147_483_647))),
            ("int32", "-2147483649", false, Err(beyond)),
            ("uint8", "255", false, Ok(UInt64(255))),
            ("uint8", "256", false, Err(beyond)),
            ("uint8", "-1", false, Err(beyond)),
            ("uint8", "-0", false, Ok(UInt64(0))),
            ("uint8", "1.0", false, Err("is not an integer")),
            ("uint8", "1e1", false, Err("is not an integer")),
            ("uint16", "65535", false, Ok(UInt64(65_535))),
            ("uint16", "65536", false, Err(beyond)),
            ("uint32", "4294967295", false, Ok(UInt64(4_294_967_295))),
            ("uint32", "4294967296", false, Err(beyond)),
            ("uint64", "18446744073709551615", false, Ok(UInt64(u64::MAX))),
            ("uint64", "18446744073709551616", false, Err(beyond)),
            ("decimal(5,2)", "1.25", false, Ok(decimal(125, 2))),
            ("decimal(5,2)", "1.25", true, Ok(decimal(125, 2))),
            ("decimal(5,2)", "-999.990", true, Ok(decimal(-99_999, 2))),
            ("decimal(5,2)", "1000", false, Err("is no exact decimal(5,2)")),
            ("decimal(5,2)", "1.255", true, Err("is no exact decimal(5,2)")),
            ("decimal(5,2)", "12e1", false, Ok(decimal(12_000, 2))),
            ("decimal(5,2)", "NaN", true, Err("is not a number")),
            ("decimal(38,0)", &nines, false, Ok(decimal(many, 0))),
            ("decimal(38,38)", &fraction, true, Ok(decimal(-many, 38))),
            ("bytes", "00fF", true, Ok(Bytes(b"\x00\xff"[..].into()))),
            ("bytes", "", true, Ok(Bytes(b""[..].into()))),
            ("bytes", "0", true, Err("is no hexadecimal digits")),
            ("bytes", "0x00", true, Err("is no hexadecimal digits")),
            ("bytes", "é", true, Err("is no hexadecimal digits")),
            ("date", "2024-02-29", true, Ok(Date(19_782))),
            ("date", "1969-12-31", true, Ok(Date(-1))),
            ("date", "-5877641-06-23", true, Ok(Date(i32::MIN))),
            ("date", "+5881580-07-11", true, Ok(Date(i32::MAX))),
            ("date", "+5881580-07-12", true, Err("is not a date")),
            ("date", "2023-02-29", true, Err("is not a date")),
            ("date", "2024-02-29T00:00:00Z", true, Err("is not a date")),
            ("date", "20240229", true, Err("is not a date")),
        ];
        for (declared, text, quoted, expect) in table {
            let schema = schema(&["t timestamp", &format!("x {declared}?")]);
            let field = if quoted { format!("\"{text}\"") } else { text.to_string() };
            let csv = format!("t,x\n0,{field}\n");
            let ndjson = format!("{{\"t\":0,\"x\":{field}}}\n");
            for (format, text) in [(Format::Csv, csv), (Format::Ndjson, ndjson)] {
                let expect = expect.clone().map(|value| vec![value]);
                check_record(format, text.as_bytes(), &schema, expect);
            }
        }
    }

    /// Goal: the texts that a source declares as null are null in columns of every type (S6).
    #[test]
    fn s06_declared_nulls_are_null_in_every_type() {
        for declared in ["int8", "uint64", "decimal(5,2)", "bytes", "date"] {
            let mut schema = schema(&["t timestamp", &format!("x {declared}?")]);
            Arc::make_mut(&mut schema).notation.null_values = vec!["00".into(), "-".into()];
            for null in ["00", "-", ""] {
                let csv = format!("t,x\n0,{null}\n");
                let null = Ok(vec![Value::Null]);
                check_record(Format::Csv, csv.as_bytes(), &schema, null);
            }
            for null in ["\"00\"", "\"-\"", "null"] {
                let ndjson = format!("{{\"t\":0,\"x\":{null}}}\n");
                let null = Ok(vec![Value::Null]);
                check_record(Format::Ndjson, ndjson.as_bytes(), &schema, null);
            }
        }
    }
}
