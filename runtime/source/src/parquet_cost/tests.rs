//! Tests of the costs of Parquet: row groups that are too wide, headers that are too long, and the
//! bound of consecutive pages.

use super::*;
use crate::sample::schema;
use crate::{ReadOptions, open_events};
use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::path::PathBuf;

/// A file of two texts of `bytes` bytes, with untruncated statistics in the headers of pages.
fn file(folder: &tempfile::TempDir, bytes: usize) -> PathBuf {
    let texts = StringArray::from(vec!["x".repeat(bytes), "y".repeat(bytes)]);
    let times = TimestampMicrosecondArray::from(vec![0, 1]).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 2] = [("t", Arc::new(times)), ("s", Arc::new(texts))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_write_page_header_statistics(true)
        .set_statistics_truncate_length(None)
        .build();
    let path = folder.path().join("f.parquet");
    let output = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(output, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

/// Goal: a row group whose columns need too much at once is refused, although each page is
/// within its limit. Method: pages that are made to look large.
#[test]
fn wide_row_groups_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let content = Content::File(std::fs::File::open(file(&folder, 1)).unwrap());
    let footer = ParquetMetaDataReader::new().parse_and_finish(&content).unwrap();
    let open = |_| Chunk::open("f", &content, footer.row_group(0).column(1), 0, 2).unwrap();
    let mut chunks: Vec<Chunk<'_>> = (0..5).map(open).collect();
    let least = |chunks: &mut [Chunk<'_>]| rows_of_group(chunks, 2, 8192);
    assert_eq!(least(&mut chunks).unwrap(), 8192);
    for chunk in &mut chunks {
        chunk.pages.iter_mut().for_each(|page| page.bytes = PAGES_BYTES_MAX / 9);
    }
    let error = least(&mut chunks).unwrap_err();
    assert!(error.message.contains("column \"s\", row group 0 of 2 rows"), "{error}");
    let limit = Code::LimitReached { limit: "PAGES_BYTES_MAX", max: PAGES_BYTES_MAX };
    assert_eq!(error.code, limit);
}

/// Goal: a header of a page may be long, but not beyond its limit. Method: statistics of texts
/// that are not cut.
#[test]
fn long_headers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(&["t timestamp", "s string"]);
    for (bytes, fits) in [(9_000, true), (1 << 20, false)] {
        let path = file(&folder, bytes);
        let reader = open_events(&path, Arc::clone(&schema), ReadOptions::default());
        let read = reader.and_then(|mut reader| reader.next());
        match (read, fits) {
            (Ok(Some(batch)), true) => assert_eq!(batch.positions, [0, 1]),
            (Err(error), false) => {
                let limit = "PAGE_HEADER_BYTES_MAX";
                let expect = Code::LimitReached { limit, max: PAGE_HEADER_BYTES_MAX };
                assert_eq!(error.code, expect, "{error}");
            }
            (other, _) => panic!("{bytes}: {other:?}"),
        }
    }
}

/// Goal: the bound of the pages that hold any number of consecutive values. Method: compared
/// with a search through all places.
#[test]
fn the_largest_pages_are_found() {
    let pages = [(3, 10), (1, 70), (2, 5), (0, 9), (4, 40), (1, 1)];
    let cost = Cost { sized: pages.to_vec(), ..Cost::default() };
    let ends = pages.iter().scan(0, |end, page| {
        *end += page.0;
        Some(*end)
    });
    let ends: Vec<u64> = ends.collect();
    for values in 1..=11 {
        let touched = |first: u64| {
            let last = first + values;
            let inside = |at: &usize| ends[*at] - pages[*at].0 < last && ends[*at] > first;
            (0..pages.len()).filter(inside).map(|at| pages[at].1).sum::<u64>()
        };
        let most = (0..=11 - values).map(touched).max().unwrap();
        let found = cost.largest_pages(values);
        assert!(found >= most && found <= 135, "{values}: {found} for {most}");
    }
    assert_eq!(cost.largest_pages(1), 10 + 70);
}
