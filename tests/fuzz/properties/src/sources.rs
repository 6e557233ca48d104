//! Files of events.
//!
//! The law: the size of batches does not matter. Events, failures and what is set aside are the same
//! in batches of 2 and of 8,192 rows, or both readings fail.

use crate::schema::SOURCE;
use lockstep_core::Result;
use lockstep_core::cell::Cell;
use lockstep_core::json;
use lockstep_source::{EventReader, Format, ReadOptions, open_events, open_events_stdin};
use std::io::{Cursor, Write};

/// A file of Parquet.
pub(crate) fn parquet(bytes: &[u8]) {
    file(bytes, ".parquet");
}

/// A file of Arrow.
pub(crate) fn arrow_file(bytes: &[u8]) {
    file(bytes, ".arrow");
}

/// A stream of Arrow.
pub(crate) fn arrow_stream(bytes: &[u8]) {
    stream(bytes, Format::ArrowIpc);
}

/// Lines of JSON.
pub(crate) fn ndjson(bytes: &[u8]) {
    stream(bytes, Format::Ndjson);
}

/// Comma-separated values.
pub(crate) fn csv(bytes: &[u8]) {
    stream(bytes, Format::Csv);
}

fn file(bytes: &[u8], extension: &str) {
    let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    law(|options| open_events(file.path(), SOURCE.clone(), options));
}

fn stream(bytes: &[u8], format: Format) {
    law(|options| {
        let input = Box::new(Cursor::new(bytes.to_vec()));
        open_events_stdin(format, input, SOURCE.clone(), options)
    });
}

fn law(open: impl Fn(ReadOptions) -> Result<Box<dyn EventReader>>) {
    let read = |batch_rows| {
        open(ReadOptions { batch_rows, ..ReadOptions::default() }).and_then(|mut it| all(&mut *it))
    };
    match (read(8_192), read(2)) {
        (Ok(large), Ok(small)) => assert_eq!(large, small, "batches of 8,192 and of 2 rows"),
        (Err(_), Err(_)) => {}
        (large, small) => {
            panic!("one reading fails: {:?}, {:?}", large.err(), small.err());
        }
    }
}

/// Events as JSON, then failures and what was set aside.
fn all(reader: &mut dyn EventReader) -> Result<Vec<String>> {
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    while let Some(batch) = reader.next()? {
        for (row, position) in batch.positions.iter().enumerate() {
            let mut text = format!("{position} ").into_bytes();
            for array in batch.records.columns() {
                json::write(&Cell::of(array, row), &mut text);
                text.push(b' ');
            }
            rows.push(String::from_utf8(text).unwrap());
        }
        for failure in batch.failures {
            let position = batch.positions[failure.row as usize];
            others.push(format!("{position} {} {:?}", failure.reason, failure.bytes));
        }
        others.extend(batch.set_aside.iter().map(|aside| format!("{aside:?}")));
    }
    // Batches decide which of them come first.
    others.sort();
    rows.append(&mut others);
    Ok(rows)
}
