//! Stray quotes: tests that none hides the rows behind it.

use super::CSV_RECORD_LINES_MAX;
use crate::sample::schema;
use crate::{Format, ReadOptions, open_events_stdin};
use std::io::Cursor;
use std::sync::Arc;

/// Goal: a stray quote fails the file and names its line, instead of hiding the rows behind it;
/// a quoted field within the limit of lines is read (S8). Method: a quote that is never closed,
/// one that another stray quote seems to close, and fields of the most lines and one more, with
/// either line ending.
#[test]
fn s08_a_stray_quote_hides_no_rows() {
    let schema = schema(&["t timestamp", "s string?"]);
    let read = |text: &str| -> Result<usize, String> {
        let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let options = ReadOptions::default();
        let mut reader =
            open_events_stdin(Format::Csv, input, Arc::clone(&schema), options).unwrap();
        let mut rows = 0;
        while let Some(batch) = reader.next().map_err(|error| error.message)? {
            assert_eq!(batch.set_aside, []);
            rows += batch.positions.len();
        }
        Ok(rows)
    };
    for end in ["\n", "\r\n"] {
        let rows = |count: usize| format!("9,x{end}").repeat(count);
        let open = format!("t,s{end}1,a{end}2,\"b{end}");
        for (text, problem) in [
            (format!("{open}{}", rows(3)), "but the file ends before it is closed"),
            (format!("{open}{}", rows(1000)), "but its record has more than 128 lines"),
            (format!("{open}{}3,\"c{end}", rows(3)), "but not valid CSV: text behind"),
            (format!("{open}{}3,x\",c{end}", rows(3)), "but 3 fields, but the header has 2"),
            (format!("{open}{}3,x\",c", rows(3)), "but 3 fields, but the header has 2"),
        ] {
            let message = read(&text).unwrap_err();
            let expect = format!("line 3: a quote opens here, {problem}");
            assert!(message.contains(&expect), "{message}");
        }
        let field = |lines: u64| format!("\"{}\"", format!("y{end}").repeat(lines as usize - 1));
        let most = field(CSV_RECORD_LINES_MAX);
        assert_eq!(read(&format!("t,s{end}1,{most}{end}2,{most}")), Ok(2));
        let more = field(CSV_RECORD_LINES_MAX + 1);
        let message = read(&format!("t,s{end}1,{most}{end}2,{more}{end}")).unwrap_err();
        assert!(message.contains("line 130: a quote opens here"), "{message}");
    }
    let long = format!("t,s\n1,\"{}\n", format!("{}\n", "z".repeat(9999)).repeat(120));
    assert!(read(&long).unwrap_err().contains("line 2: a quote opens here"));
}
