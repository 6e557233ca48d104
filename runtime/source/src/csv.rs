//! CSV: splits text into records and fields by RFC 4180, and turns fields into cells.
//!
//! Invariant: an empty field without quotes is null and `""` is the empty text (S14), so a field
//! always knows whether it was quoted. A malformed record of one line affects only itself: reading
//! continues after its line feed. A malformed record of several lines fails the file, since a stray
//! quote joins rows that do not belong together, and so does one of more than
//! [`CSV_RECORD_LINES_MAX`] lines. Deliberately absent: other separators or quotes, comments, trimming of
//! blanks, and lists.
//!
//! Lines end with LF or CRLF. A quoted field may span lines. An empty line is a record with one
//! null if the header has one column; otherwise it is ignored.

use super::header::duplicate_column;
use super::limits::{CSV_RECORD_LINES_MAX, LINE_BYTES_MAX, too_long};
use super::line::{LineEnd, LineReader};
use lockstep_core::cell::{self, Cell, excerpt};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::json;
use lockstep_core::notation::Notation;
use lockstep_core::value::{DataType, parse_unscaled};
use std::borrow::Cow;
use std::io::Write as _;
use std::ops::Range;

/// One field of a record, as a range of the record's bytes without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRange {
    bytes: Range<usize>,
    quoted: bool,
    /// Whether it holds doubled quotes.
    doubled: bool,
}

/// A field's text and whether it was quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) quoted: bool,
}

/// The splitter's state between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the first byte of a field.
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: it ends the field, or is half of a doubled quote.
    Quote,
    /// After a CR outside quotes, which must be followed by an LF.
    Return,
}

/// Splits a record that arrives line by line.
#[derive(Debug)]
struct Splitter {
    state: State,
    fields: Vec<FieldRange>,
    field: FieldRange,
    problem: Option<&'static str>,
}

impl Splitter {
    fn new() -> Splitter {
        let field = FieldRange { bytes: 0..0, quoted: false, doubled: false };
        Splitter { state: State::Start, fields: Vec::new(), field, problem: None }
    }

    fn reset(&mut self) {
        self.fields.clear();
        self.field = FieldRange { bytes: 0..0, quoted: false, doubled: false };
        self.state = State::Start;
        self.problem = None;
    }

    /// Ends the field before the byte at `at`.
    fn end_field(&mut self, at: usize) {
        let end = if self.state == State::Quote { at - 1 } else { at };
        let next = FieldRange { bytes: at + 1..at + 1, quoted: false, doubled: false };
        let mut field = std::mem::replace(&mut self.field, next);
        field.bytes.end = end;
        self.fields.push(field);
        self.state = State::Start;
    }

    /// Processes `record[from..]`, which is one line; true if the record ends with it. After an
    /// error the rest of the line is skipped.
    fn take_line(&mut self, record: &[u8], from: usize) -> bool {
        for (at, byte) in record.iter().enumerate().skip(from) {
            match (self.state, byte) {
                (State::Quoted, b'"') => self.state = State::Quote,
                (State::Quoted, _) => {}
                (State::Quote, b'"') => {
                    self.field.doubled = true;
                    self.state = State::Quoted;
                }
                (State::Return, b'\n') => return true,
                (State::Return, _) => return self.stop("a CR without LF outside quotes"),
                (_, b',') => self.end_field(at),
                (_, b'\n') => {
                    self.end_field(at);
                    return true;
                }
                (_, b'\r') => {
                    self.end_field(at);
                    self.state = State::Return;
                }
                (State::Start, b'"') => {
                    self.field = FieldRange { bytes: at + 1..at + 1, quoted: true, doubled: false };
                    self.state = State::Quoted;
                }
                (State::Plain, b'"') => return self.stop("a quote inside a field without quotes"),
                (State::Quote, _) => return self.stop("text behind a closing quote"),
                (State::Start | State::Plain, _) => self.state = State::Plain,
            }
        }
        false
    }

    fn stop(&mut self, problem: &'static str) -> bool {
        self.problem = Some(problem);
        true
    }

    /// Handles input that ends without a line feed, outside quotes.
    fn end_of_input(&mut self, length: usize) {
        match self.state {
            State::Return => self.problem = Some("a CR without LF outside quotes"),
            _ => self.end_field(length),
        }
    }
}

/// Reads an input record by record.
pub(super) struct CsvReader {
    lines: LineReader,
    record: Vec<u8>,
    splitter: Splitter,
    too_long: bool,
    /// The 1-based line on which the record starts.
    line: u64,
    header: Vec<String>,
}

impl CsvReader {
    /// Reads the header.
    pub(super) fn new(lines: LineReader) -> Result<CsvReader> {
        let mut reader = CsvReader {
            lines,
            record: Vec::new(),
            splitter: Splitter::new(),
            too_long: false,
            line: 0,
            header: Vec::new(),
        };
        let place = reader.lines.place().to_string();
        if !reader.advance()? {
            return Err(Error::input(format!(
                "{place}: the file is empty; a CSV file opens with a line of column names"
            )));
        }
        let fields = reader.fields().map_err(|reason| {
            Error::input(format!("{place}: the header (line {}): {reason}", reader.line))
        })?;
        let names: Vec<String> = fields.into_iter().map(|field| field.text.into_owned()).collect();
        for (i, name) in names.iter().enumerate() {
            if names[..i].contains(name) {
                return Err(duplicate_column(&place, "the header has", name));
            }
        }
        reader.header = names;
        Ok(reader)
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The file's name, or the caller's name for the input.
    pub(super) fn place(&self) -> &str {
        self.lines.place()
    }

    /// The 1-based line on which the record starts.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The original bytes of the record, without its line ending.
    pub(super) fn raw(&self) -> &[u8] {
        let record = self.record.strip_suffix(b"\n").unwrap_or(&self.record);
        record.strip_suffix(b"\r").unwrap_or(record)
    }

    /// Moves to the next record; false after the last one.
    pub(super) fn advance(&mut self) -> Result<bool> {
        loop {
            self.record.clear();
            self.splitter.reset();
            self.too_long = false;
            self.line = self.lines.number() + 1;
            if !self.read_record()? {
                return Ok(false);
            }
            let blank = self.raw().is_empty() && self.splitter.problem.is_none();
            if !blank || self.header.len() == 1 {
                return Ok(true);
            }
        }
    }

    fn read_record(&mut self) -> Result<bool> {
        // The line on which the quote of an open field is.
        let mut opened = self.line;
        loop {
            let from = self.record.len();
            let read = self.lines.append_to(&mut self.record)?;
            let several = self.lines.number() > self.line;
            match read {
                LineEnd::Whole if self.splitter.take_line(&self.record, from) => {
                    return match self.malformed().filter(|_| several) {
                        Some(problem) => Err(self.open_quote(opened, &problem)),
                        None => Ok(true),
                    };
                }
                // Otherwise the last line ends without a line feed.
                LineEnd::Whole if self.splitter.state != State::Quoted => {}
                LineEnd::Whole if self.lines.number() - self.line + 1 >= CSV_RECORD_LINES_MAX => {
                    let problem = format!("its record has more than {CSV_RECORD_LINES_MAX} lines");
                    let limit = Code::limit("CSV_RECORD_LINES_MAX", CSV_RECORD_LINES_MAX as usize);
                    return Err(self.open_quote(opened, &problem).with_code(limit));
                }
                LineEnd::Whole => {
                    if self.splitter.field.bytes.start > from {
                        opened = self.lines.number();
                    }
                }
                LineEnd::TooLong if several => {
                    let problem = format!("its record is longer than {LINE_BYTES_MAX} bytes");
                    let limit = Code::limit("LINE_BYTES_MAX", LINE_BYTES_MAX);
                    return Err(self.open_quote(opened, &problem).with_code(limit));
                }
                LineEnd::TooLong => {
                    self.too_long = true;
                    return Ok(true);
                }
                LineEnd::Absent if self.record.is_empty() => return Ok(false),
                LineEnd::Absent if self.splitter.state == State::Quoted => {
                    return Err(self.open_quote(opened, "the file ends before it is closed"));
                }
                LineEnd::Absent => {
                    self.splitter.end_of_input(self.record.len());
                    return match self.malformed().filter(|_| several) {
                        Some(problem) => Err(self.open_quote(opened, &problem)),
                        None => Ok(true),
                    };
                }
            }
        }
    }

    /// Why the record cannot be split into the fields of the header.
    fn malformed(&self) -> Option<String> {
        if let Some(problem) = self.splitter.problem {
            return Some(format!("not valid CSV: {problem}"));
        }
        let (found, expected) = (self.splitter.fields.len(), self.header.len());
        (expected > 0 && found != expected)
            .then(|| format!("{found} fields, but the header has {expected}"))
    }

    /// The error for a quote that joins several lines to one record, although they are none.
    fn open_quote(&self, line: u64, problem: &str) -> Error {
        Error::input(format!(
            "{}: line {line}: a quote opens here, but {problem}; close it, or write a quote within \
             a field as two, in a field with quotes around it",
            self.place()
        ))
        .with_code(Code::DamagedFile { file: self.place().to_string() })
    }

    /// The record's fields, as many as the header has, or why the record is malformed.
    pub(super) fn fields(&self) -> Result<Vec<Field<'_>>, String> {
        if self.too_long {
            return Err(too_long("record"));
        }
        if let Some(problem) = self.splitter.problem {
            return Err(format!("not valid CSV: {problem}"));
        }
        let text = std::str::from_utf8(&self.record)
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to() + 1))?;
        if let Some(problem) = self.malformed() {
            return Err(problem);
        }
        let field = |range: &FieldRange| {
            let text = &text[range.bytes.clone()];
            let text = if range.doubled { text.replace("\"\"", "\"").into() } else { text.into() };
            Field { text, quoted: range.quoted }
        };
        Ok(self.splitter.fields.iter().map(field).collect())
    }
}

/// Decodes a field as a value of `data_type`. A field without quotes is null if it is empty, or if
/// the notation says that its text is.
pub(super) fn decode<'a>(
    field: Field<'a>,
    data_type: &DataType,
    notation: &Notation,
) -> Result<Cell<'a>, String> {
    let text = field.text;
    if !field.quoted && (text.is_empty() || notation.is_null(&text)) {
        return Ok(Cell::Null);
    }
    Ok(match data_type {
        DataType::String => Cell::Text(text),
        DataType::Bool => match notation.csv_bool(&text) {
            Some(value) => Cell::Bool(value),
            None => {
                return Err(format!(
                    "{} is neither true nor false; declare it as one of the source's true_values \
                     or false_values",
                    excerpt(&text)
                ));
            }
        },
        kind if kind.is_integer() => cell::integer_of(&text, kind)?,
        DataType::Decimal { precision, scale } => {
            Cell::Decimal(parse_unscaled(&text, *precision, *scale)?)
        }
        DataType::Bytes => Cell::Bytes(cell::bytes(&text)?.into()),
        DataType::Date => Cell::Int(cell::date(&text)?.into()),
        DataType::Float64 => match cell::named_float(&text) {
            Some(value) => Cell::Float64(value),
            None => Cell::Float64(cell::float64(&text)?),
        },
        DataType::Float32 => match cell::named_float(&text) {
            Some(value) => Cell::Float32(cell::named_as_f32(value)),
            None => Cell::Float32(cell::float32(&text)?),
        },
        DataType::Timestamp => Cell::Int(notation.time(&text)?),
        other => return Err(format!("CSV cannot hold a {other}")),
    })
}

/// Appends `cell` as a field.
pub(super) fn write(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => {}
        Cell::Text(text) => write_text(text, out),
        Cell::Float32(value) if !value.is_finite() => {
            out.extend_from_slice(json::float_name(f64::from(*value)).as_bytes());
        }
        Cell::Float64(value) if !value.is_finite() => {
            out.extend_from_slice(json::float_name(*value).as_bytes());
        }
        number => json::write(number, out),
    }
}

/// Appends `text`, in quotes if it would otherwise be read as something else.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    let special = |byte: u8| matches!(byte, b'"' | b',' | b'\r' | b'\n');
    if !text.is_empty() && !text.bytes().any(special) && !text.starts_with('\u{feff}') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    write!(out, "\"{}\"", text.replace('"', "\"\"")).expect("a Vec takes every byte");
}

#[cfg(test)]
mod quote_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{check_record, read_text, schema};
    use crate::{Format, ReadOptions, open_events_stdin};
    use lockstep_core::value::Value;
    use std::io::Cursor;
    use std::sync::Arc;

    /// Goal: a record becomes the exact event or is set aside (S6, S14). Method: a table of
    /// records.
    #[test]
    fn s06_records_are_exact_or_set_aside() {
        let schema = schema(&["t timestamp", "b bool?", "n int64?", "x float32?", "s string?"]);
        let text = |s: &str| Value::String(s.into());
        let check = |record: &[u8], expect: Result<Vec<Value>, &str>| {
            let text = [b"s,extra,x,t,n,b\n", record].concat();
            check_record(Format::Csv, &text, &schema, expect);
        };
        let row = |b, n, x, s| Ok(vec![b, n, x, s]);
        use Value::{Bool, Float32, Int64, Null};
        check(b",,,0,,", row(Null, Null, Null, Null));
        check(b"\"\",\"\",,\"0\",,\r\n", row(Null, Null, Null, text("")));
        check(b"\"a\"\"b,\r\nc\",,,0,,\n", row(Null, Null, Null, text("a\"b,\r\nc")));
        check(b" x ,,-0.0,0,-0,true", row(Bool(true), Int64(0), Float32(-0.0), text(" x ")));
        check(
            b"\0,,-Infinity,1970-01-01,9007199254740993,false",
            row(Bool(false), Int64(9_007_199_254_740_993), Float32(f32::NEG_INFINITY), text("\0")),
        );
        check(b",,,0,1.0,", Err("column \"n\": \"1.0\" is not an integer"));
        check(b",,,0, 1,", Err("column \"n\""));
        check(b",,,0,\"\",", Err("column \"n\""));
        check(b",,inf,0,,", Err("column \"x\": \"inf\" is not a number"));
        check(b",,1e39,0,,", Err("column \"x\": \"1e39\" is beyond float32"));
        check(b",,,0,,True", row(Bool(true), Null, Null, Null));
        check(b",,,0,,FALSE", row(Bool(false), Null, Null, Null));
        check(b",,,0,,tRUE", Err("neither true nor false"));
        check(b",,,,,", Err("column \"t\": null"));
        check(b",,,yesterday,,", Err("is not a time"));
        check(b",,,0,", Err("5 fields, but the header has 6"));
        check(b"x\"y,,,0,,", Err("a quote inside a field without quotes"));
        check(b"\"x\"y,,,0,,", Err("text behind a closing quote"));
        check(b"x,,,0,,\ry", Err("a CR without LF"));
        check(b"\xff,,,0,,", Err("not UTF-8 at byte 1"));
    }

    /// Goal: a malformed record affects only itself, and lines are counted. Method: malformed
    /// records between good ones, fields over several lines, empty lines.
    #[test]
    fn s08_broken_records_cost_themselves() {
        let schema = schema(&["t timestamp", "s string?"]);
        let text = b"t,s\n1,\"a\nb\"\n\n2,x\"\n3,\"y\"z\r\n4,\n5\n6,ok";
        let all = read_text(Format::Csv, text, &schema);
        assert_eq!(all.positions, [0, 3, 5]);
        let places: Vec<u64> = all.set_aside.iter().map(|event| event.position).collect();
        assert_eq!(places, [1, 2, 4]);
        assert!(all.set_aside[0].reason.starts_with("line 5: "), "{:?}", all.set_aside);
        assert_eq!(all.set_aside[1].bytes, b"3,\"y\"z");
    }

    /// Goal: with one column an empty line is a null, both written and read.
    #[test]
    fn s14_one_column_has_empty_lines() {
        let schema = schema(&["t timestamp"]);
        let all = read_text(Format::Csv, b"\xef\xbb\xbft\r\n1\r\n\r\n2\r\n", &schema);
        assert_eq!(all.positions, [0, 2]);
        assert!(all.set_aside[0].reason.contains("null"));
    }

    /// Goal: a header problem names the file, the column and what was found.
    #[test]
    fn s06_headers_are_judged() {
        let open = |text: &str, columns: &[&str]| {
            let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
            let options = ReadOptions::default();
            let opened =
                open_events_stdin(Format::Csv, input, Arc::clone(&schema(columns)), options);
            opened.err().expect("the header should be refused").message
        };
        let missing = open("a,b\n", &["t timestamp"]);
        assert!(missing.contains("no column \"t\" of type timestamp"), "{missing}");
        assert!(missing.contains("columns found: a, b"), "{missing}");
        assert!(open("t,t\n", &["t timestamp"]).contains("two columns \"t\""));
        assert!(open("", &["t timestamp"]).contains("the file is empty"));
        assert!(
            open("t,l\n", &["t timestamp", "l list<bool>?"])
                .contains("list<bool>, found CSV text; CSV has no lists")
        );
        assert!(open("\"t\n", &["t timestamp"]).contains("line 1: a quote opens here"));
    }

    /// Goal: text is quoted where it must be. Method: a table of texts.
    #[test]
    fn s14_text_is_quoted_where_needed() {
        for (text, expect) in [
            ("", "\"\""),
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("\"", "\"\"\"\""),
            ("\r", "\"\r\""),
            ("\u{feff}", "\"\u{feff}\""),
        ] {
            let mut out = Vec::new();
            write_text(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expect);
        }
    }
}
