//! NDJSON: reads events from text with one JSON object per line.
//!
//! Invariant: every line that is not blank is a record; blank lines have no position. Line numbers
//! in messages count every line of the file, from 1. Deliberately absent: objects that span lines,
//! and arrays of objects.

use super::absent::Absent;
use super::hive::Constants;
use super::limits::too_long;
use super::line::{LineEnd, LineReader};
use super::text::{Records, checked};
use lockstep_core::cell::Cell;
use lockstep_core::code::Code;
use lockstep_core::error::Result;
use lockstep_core::event::SourceSchema;
use lockstep_core::json;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Most keys that are remembered because one may be a declared column with a typing error.
const OTHER_KEYS_MAX: usize = 64;

/// The lines of an input that are not blank.
pub(super) struct ObjectLines {
    lines: LineReader,
    line: Vec<u8>,
    end: LineEnd,
}

impl ObjectLines {
    pub(super) fn new(lines: LineReader) -> ObjectLines {
        ObjectLines { lines, line: Vec::new(), end: LineEnd::Absent }
    }

    /// Moves to the next line; false after the last one.
    pub(super) fn advance(&mut self) -> Result<bool> {
        loop {
            self.line.clear();
            self.end = self.lines.append_to(&mut self.line)?;
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            if self.end == LineEnd::Absent {
                return Ok(false);
            }
            if self.end == LineEnd::TooLong || !self.line.iter().all(blank) {
                return Ok(true);
            }
        }
    }

    /// The original line, without its line ending.
    pub(super) fn raw(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// The 1-based number of the line.
    pub(super) fn number(&self) -> u64 {
        self.lines.number()
    }

    /// The file's name, or the caller's name for the input.
    pub(super) fn place(&self) -> &str {
        self.lines.place()
    }

    /// The line as text, or why it cannot be read: it is too long or not UTF-8.
    pub(super) fn text(&self) -> Result<&str, String> {
        if self.end == LineEnd::TooLong {
            return Err(too_long("line"));
        }
        std::str::from_utf8(self.raw())
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to() + 1))
    }
}

/// The objects of an input as events.
pub(super) struct NdjsonRecords {
    lines: ObjectLines,
    schema: Arc<SourceSchema>,
    slots: HashMap<String, usize>,
    constants: Constants,
    keys: RefCell<Keys>,
}

/// Which keys the lines so far had.
struct Keys {
    /// The declared columns that no line had.
    unseen: Vec<usize>,
    /// Keys that nobody declared, while a declared one is unseen.
    others: BTreeSet<String>,
}

impl NdjsonRecords {
    pub(super) fn new(
        lines: LineReader,
        schema: Arc<SourceSchema>,
        constants: Constants,
    ) -> NdjsonRecords {
        let slots = schema.columns.iter().enumerate().map(|(i, c)| (c.name.clone(), i)).collect();
        let unseen = (0..schema.columns.len()).filter(|i| constants.get(*i).is_none()).collect();
        let keys = RefCell::new(Keys { unseen, others: BTreeSet::new() });
        NdjsonRecords { lines: ObjectLines::new(lines), schema, slots, constants, keys }
    }

    /// The column of a key.
    fn slot(&self, key: &str) -> Option<usize> {
        let slot = self.slots.get(key).copied();
        if slot.is_none() {
            let mut keys = self.keys.borrow_mut();
            let wanted = !keys.unseen.is_empty() && keys.others.len() < OTHER_KEYS_MAX;
            if wanted && !keys.others.contains(key) {
                keys.others.insert(key.to_string());
            }
        }
        slot
    }
}

impl Records for NdjsonRecords {
    fn advance(&mut self) -> Result<bool> {
        self.lines.advance()
    }

    fn raw(&self) -> &[u8] {
        self.lines.raw()
    }

    fn line(&self) -> u64 {
        self.lines.number()
    }

    fn cells(&self) -> Result<Vec<Result<Cell<'_>, String>>, String> {
        let (columns, notation) = (&self.schema.columns, &self.schema.notation);
        let mut values = vec![None; columns.len()];
        json::object(self.lines.text()?, &mut values, &mut |key| self.slot(key))?;
        self.keys.borrow_mut().unseen.retain(|index| values[*index].is_none());
        let decoded = values.into_iter().zip(self.constants.cells()).enumerate();
        let decoded = decoded.map(|(index, (value, said))| {
            let cell = match value {
                Some(raw) => json::decode(raw, &columns[index].data_type, notation),
                None if self.constants.get(index).is_some() => return Ok(said),
                None if columns[index].nullable => Ok(Cell::Null),
                None => Err("missing, but the column must have a value".to_string()),
            };
            let cell = checked(&self.schema, index, cell)?;
            self.constants.checked(index, cell)
        });
        Ok(decoded.collect())
    }

    fn absent_at_the_end(&self) -> Absent {
        let Keys { unseen, others } = &*self.keys.borrow();
        let nullable = unseen.iter().filter(|index| self.schema.columns[**index].nullable);
        let names = || others.iter().map(String::as_str);
        let code = |index: usize| Code::missing_column(&self.schema.columns[index].name, names());
        nullable.map(|index| (*index, code(*index))).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::{check_record, read_text, schema};
    use crate::{BATCH_BYTES_MAX, Format, LINE_BYTES_MAX};
    use crate::{ReadOptions, open_events_stdin};
    use lockstep_core::value::{NAN_64, Value};
    use std::sync::Arc;

    /// Goal: a line becomes the exact event or is set aside with a reason that names the column
    /// (S6). Method: a table of lines.
    #[test]
    fn s06_lines_are_exact_or_set_aside() {
        let schema =
            schema(&["t timestamp", "n int64", "x float64?", "s string?", "l list<float32>?"]);
        let text = |s: &str| Value::String(s.into());
        let check = |line: &str, expect: Result<Vec<Value>, &str>| {
            check_record(Format::Ndjson, line.as_bytes(), &schema, expect);
        };
        let row = |n, x, s, l| Ok(vec![Value::Int64(n), x, s, l]);
        use Value::Null;
        check(r#"{"t":0,"n":1}"#, row(1, Null, Null, Null));
        check(
            r#" { "n" : -9223372036854775808 , "t" : "1970-01-01" } "#,
            row(i64::MIN, Null, Null, Null),
        );
        check(
            r#"{"t":0,"n":-0,"x":-0.0,"s":"","l":[]}"#,
            row(0, Value::Float64(-0.0), text(""), Value::List(vec![])),
        );
        check(
            r#"{"t":0,"n":2,"x":"NaN","s":"\u0000\"é","l":[1,null,"-Infinity"]}"#,
            row(
                2,
                Value::Float64(NAN_64),
                text("\0\"é"),
                Value::List(vec![Value::Float32(1.0), Null, Value::Float32(f32::NEG_INFINITY)]),
            ),
        );
        check(r#"{"t":0,"n":1,"more":{"n":1e999,"n":[{}]},"x":null}"#, row(1, Null, Null, Null));
        check(r#"{"t":0,"\u006e":3}"#, row(3, Null, Null, Null));
        check(r#"{"t":0,"n":1.0}"#, Err(r#"column "n": "1.0" is not an integer"#));
        check(r#"{"t":0,"n":1e3}"#, Err(r#"column "n""#));
        check(r#"{"t":0,"n":9223372036854775808}"#, Err("beyond the range of int64"));
        check(r#"{"t":0,"n":"1"}"#, Err("expected int64, found a string"));
        check(r#"{"t":0,"n":null}"#, Err(r#"column "n": null"#));
        check(r#"{"t":0}"#, Err(r#"column "n": missing"#));
        check(r#"{"t":0,"n":1,"n":1}"#, Err(r#"the key "n" is repeated"#));
        check(r#"{"t":0,"n":1,"\u006e":1}"#, Err(r#"the key "n" is repeated"#));
        check(r#"{"t":0,"n":1,"z":1,"z":1}"#, Err(r#"the key "z" is repeated"#));
        check(r#"{"t":0,"n":1,"x":1e400}"#, Err(r#"column "x": "1e400" is beyond float64"#));
        check(r#"{"t":0,"n":1,"x":NaN}"#, Err("not valid JSON at byte"));
        check(r#"{"t":0,"n":1,"x":"nan"}"#, Err("expected float64"));
        check(r#"{"t":0,"n":1,"s":"\ud800"}"#, Err(r#"column "s": not valid JSON"#));
        check(r#"{"t":0,"n":1,"l":[1,[2]]}"#, Err("expected float32, found an array"));
        check(r#"{"t":0,"n":1,"l":[3.5e38]}"#, Err("beyond float32"));
        check(r#"{"t":4611686018427387905,"n":1}"#, Err("beyond the range of event times"));
        check(r#"{"t":"1714521600000000","n":1}"#, Err("is not a time"));
        check(r#"{"t":"2024-02-30T00:00:00Z","n":1}"#, Err("is not a time"));
        check(r#"{"t":0,"n":1} x"#, Err("not valid JSON at byte 15"));
        check(r#"{"t":0,"n":1"#, Err("not valid JSON"));
        check(r#"{"t":0,"n":01}"#, Err("not valid JSON"));
        check("[]", Err("a JSON object"));
        check("7", Err("a JSON object"));
        check_record(
            Format::Ndjson,
            b"{\"t\":0,\"n\":1,\"s\":\"\xff\"}",
            &schema,
            Err("not UTF-8 at byte 19"),
        );
    }

    /// Goal: positions count records, messages count lines, and the original bytes are kept (S8).
    /// Method: a bad line between empty ones, a byte order mark, CRLF, and no last line feed.
    #[test]
    fn s08_bad_lines_keep_place_and_bytes() {
        let schema = schema(&["t timestamp"]);
        let text = b"\xef\xbb\xbf{\"t\":1}\r\n\n \t\r\n{\"t\":true}\r\n\n{\"t\":3}";
        let all = read_text(Format::Ndjson, text, &schema);
        assert_eq!(all.positions, [0, 2]);
        assert_eq!(all.rows, [[Value::Timestamp(1)], [Value::Timestamp(3)]]);
        assert_eq!(all.set_aside.len(), 1);
        assert_eq!(all.set_aside[0].position, 1);
        assert_eq!(all.set_aside[0].bytes, b"{\"t\":true}");
        assert!(all.set_aside[0].reason.starts_with("line 4: column \"t\""));
    }

    /// Goal: a bad value loses neither its event nor the event's other values, and each bad value
    /// is reported with the line; a bad time sets the event aside, whatever else is bad (S8).
    /// Method: a line with two bad values, a null and a missing key among others.
    #[test]
    fn s08_bad_values_are_told_with_their_lines() {
        let schema = schema(&["t timestamp", "n int64", "s string?", "l list<int64>?"]);
        let text = b"{\"t\":1,\"n\":1.5,\"s\":\"x\",\"l\":[1,2.5]}\n{\"t\":\"?\",\"n\":true}\n\
            {\"t\":3,\"n\":null}\n\n{\"t\":4,\"s\":5}\n{\"t\":5,\"n\":6}";
        let all = read_text(Format::Ndjson, text, &schema);
        assert_eq!(all.positions, [0, 2, 3, 4]);
        let row = |t, n, s| vec![Value::Timestamp(t), n, s, Value::Null];
        let expect = [
            row(1, Value::Null, Value::String("x".into())),
            row(3, Value::Null, Value::Null),
            row(4, Value::Null, Value::Null),
            row(5, Value::Int64(6), Value::Null),
        ];
        assert_eq!(all.rows, expect);
        assert_eq!(all.set_aside.len(), 1);
        assert!(all.set_aside[0].reason.starts_with("line 2: column \"t\": "));
        let failed = [
            (0, "line 1: column \"n\": \"1.5\" is not an integer"),
            (0, "line 1: column \"l\": "),
            (2, "line 3: column \"n\": null, but the column must have a value"),
            (3, "line 5: column \"n\": missing, but the column must have a value"),
            (3, "line 5: column \"s\": expected string, found a number: \"5\""),
        ];
        assert_eq!(all.failures.len(), failed.len());
        for ((found, reason, _), (position, start)) in all.failures.iter().zip(failed) {
            assert!(*found == position && reason.starts_with(start), "{position}: {reason}");
        }
        assert_eq!(all.failures[4].2, b"{\"t\":4,\"s\":5}");
    }

    /// Goal: a line that is too long is set aside, and a batch ends at its limit of bytes. Method:
    /// lines of nearly the limit, and one that is too long.
    #[test]
    fn long_lines_end_batches() {
        let schema = schema(&["t timestamp", "s string"]);
        let lines = BATCH_BYTES_MAX / LINE_BYTES_MAX + 2;
        let mut text = Vec::new();
        for i in 0..lines {
            let letters = if i == 1 { LINE_BYTES_MAX } else { LINE_BYTES_MAX - 100 };
            text.extend(format!("{{\"t\":{i},\"s\":\"{}\"}}\n", "x".repeat(letters)).into_bytes());
        }
        let options = ReadOptions::default();
        let input = Box::new(std::io::Cursor::new(text));
        let mut reader =
            open_events_stdin(Format::Ndjson, input, Arc::clone(&schema), options).unwrap();
        let first = reader.next().unwrap().unwrap();
        assert_eq!(first.set_aside.len(), 1);
        assert!(first.set_aside[0].reason.contains("longer than 1048576 bytes"));
        assert_eq!(first.set_aside[0].bytes.len(), LINE_BYTES_MAX);
        assert!(first.next_position < lines as u64);
        let second = reader.next().unwrap().unwrap();
        assert_eq!(second.next_position, lines as u64);
        assert!(reader.next().unwrap().is_none());
    }
}
