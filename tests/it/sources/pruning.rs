//! Skipped row groups: leaving out row groups that nobody needs must not change anything else that
//! is read.
//!
//! Method: small Parquet files whose row groups cover known times; what is read is compared with
//! the full list.

use super::{Read, parquet, read, schema, write};
use crate::every_type::{questions, spine};
use arrow::array::{
    ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use lockstep_core::event::SourceSchema;
use lockstep_core::time::{Interval, Time};
use lockstep_core::value::Value;
use lockstep_engine::service::Service;
use lockstep_engine::training::{Trained, TrainingSet};
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed;
use lockstep_source::{Pattern, ReadOptions, SourceFile};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::path::Path;
use std::sync::Arc;

fn range(start: i64, end: i64) -> Option<Interval> {
    Some(Interval { start: Time::saturating(start), end: Time::saturating(end) })
}

fn needing(time_range: Option<Interval>) -> ReadOptions {
    ReadOptions { time_range, batch_rows: 7, ..ReadOptions::default() }
}

fn files(folder: &Path, pattern: &str) -> Vec<SourceFile> {
    Pattern::new(folder, pattern).files().unwrap()
}

const COLUMNS: [&str; 3] = ["t timestamp", "s string?", "n int64"];

/// Three files of row groups of ten rows at times 0, 1, 2, …
fn three_files(folder: &Path) -> Vec<SourceFile> {
    for file in 0..3 {
        let times: Vec<i64> = (file * 35..(file + 1) * 35).collect();
        write(folder, &format!("{file}.parquet"), parquet(&times, 10));
    }
    files(folder, "*.parquet")
}

/// The rows of `all` without those at these positions.
fn without(all: &Read, passed: impl Fn(u64) -> bool) -> Vec<(u64, Vec<Value>)> {
    all.rows.iter().filter(|(position, _)| !passed(*position)).cloned().collect()
}

/// Goal: without event ids exactly the row groups outside the range are skipped, and every other
/// row is read, with its own position, from every start. Method: three files in time order, so that
/// position and event time are the same number.
#[test]
fn s24_positions_survive_what_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (files, schema) = (three_files(folder.path()), schema(&COLUMNS, None));
    let all = read(&files, &schema, ReadOptions::default()).unwrap();
    assert_eq!(all.positions(), (0..105).collect::<Vec<u64>>());
    // The groups: 0-10-20-30-35, 35-45-55-65-70, 70-80-90-100-105.
    for (from, to, kept) in [
        (0, 105, 0..105),
        (10, 20, 10..20),
        (9, 21, 0..30),
        (12, 13, 10..20),
        (34, 36, 30..45),
        (69, 70, 65..70),
        (70, 80, 70..80),
        (104, 105, 100..105),
        (105, 200, 0..0),
        (-5, 0, 0..0),
        (40, 40, 35..45),
    ] {
        let found = read(&files, &schema, needing(range(from, to))).unwrap();
        let expect = without(&all, |position| !kept.contains(&position));
        assert_eq!(found.rows, expect, "{from}..{to}");
        assert_eq!(found.passed_over.rows, 105 - (kept.end - kept.start), "{from}..{to}");
        for start in 0..=105 {
            let options = ReadOptions { start_position: start, ..needing(range(from, to)) };
            let found = read(&files, &schema, options).unwrap();
            let expect = without(&all, |at| !kept.contains(&at) || at < start);
            assert_eq!(found.rows, expect, "{from}..{to} from {start}");
        }
    }
}

/// Goal: with event ids nothing is skipped before something that is read, because it may decide
/// about a later event with its id (S10). Method: the same files with an id; and a text file in the
/// middle, whose times are not known in advance.
#[test]
fn s10_with_event_ids_only_the_end_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (files, schema) = (three_files(folder.path()), schema(&COLUMNS, Some(1)));
    let all = read(&files, &schema, ReadOptions::default()).unwrap();
    for (from, to, kept, groups) in
        [(50, 60, 65, 5), (0, 5, 10, 11), (80, 90, 90, 2), (200, 300, 0, 12), (0, 200, 105, 0)]
    {
        let found = read(&files, &schema, needing(range(from, to))).unwrap();
        assert_eq!(found.rows, without(&all, |position| position >= kept), "{from}..{to}");
        assert_eq!(found.passed_over.row_groups, groups);
        assert_eq!(found.passed_over.rows, 105 - kept);
    }
    write(folder.path(), "1.parquet", parquet(&[0; 35], 10));
    let found = read(&files, &schema, needing(range(0, 5))).unwrap();
    assert_eq!(found.positions().len(), 70, "the first file stands before rows that are needed");
    std::fs::remove_file(folder.path().join("1.parquet")).unwrap();
    write(folder.path(), "1.csv", "t,s,n\n1000,x,1\n");
    let files = self::files(folder.path(), "*.*");
    let found = read(&files, &schema, needing(range(0, 5))).unwrap();
    assert_eq!(found.positions().len(), 36, "text is read, and what is before it");
}

/// A file of one column of times in row groups of two rows.
fn times_file(array: ArrayRef, statistics: EnabledStatistics) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable([("t", array, true)]).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(2))
        .set_statistics_enabled(statistics)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Goal: a row group is skipped only if its bounds are known, in the file's own unit, and none of
/// its times is null or invalid (S2). Method: a table of columns and the rows that remain.
#[test]
fn s02_bounds_that_prove_nothing_prune_nothing() {
    let chunk = EnabledStatistics::Chunk;
    let micros = |times: &[Option<i64>]| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC"))
    };
    let plain = micros(&[Some(0), Some(1), Some(10), Some(11)]);
    let beyond = micros(&[Some(0), Some(1), Some(10), Some((1 << 62) + 1)]);
    // 9 999 ns are 9 us and -1 ns is -1 us: bounds floor as values do.
    let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![-1, 999, 9999, 10_000]));
    let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, 0, 1, 1]));
    for (what, array, statistics, (from, to), kept) in [
        ("plain", plain.clone(), chunk, (0, 10), &[0, 1][..]),
        ("no statistics", plain.clone(), EnabledStatistics::None, (0, 10), &[0, 1, 2, 3]),
        ("page statistics", plain, EnabledStatistics::Page, (10, 11), &[2, 3]),
        ("a null", micros(&[Some(0), Some(1), None, Some(10)]), chunk, (0, 10), &[0, 1, 3]),
        ("only nulls", micros(&[Some(0), Some(1), None, None]), chunk, (0, 10), &[0, 1]),
        ("beyond", beyond, chunk, (0, 10), &[0, 1, 2]),
        ("ns, below", nanos.clone(), chunk, (-1, 9), &[0, 1]),
        ("ns, above", nanos.clone(), chunk, (9, 10), &[2, 3]),
        ("ns, both", nanos, chunk, (0, 10), &[0, 1, 2, 3]),
        ("s", seconds, chunk, (1_000_000, 1_000_001), &[2, 3]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "t.parquet", times_file(array, statistics));
        let files = files(folder.path(), "t.parquet");
        let found = read(&files, &schema(&["t timestamp"], None), needing(range(from, to)));
        let found = found.unwrap();
        assert_eq!(found.positions(), kept, "{what}");
        // Bad events in a group that is read are set aside as usual.
        let bad = usize::from(what == "a null" || what == "beyond");
        let nulls = if what == "only nulls" { 2 } else { bad };
        assert_eq!(found.set_aside.len(), nulls, "{what}");
    }
}

/// Goal: an event time in a folder's name is the bound of the whole file.
#[test]
fn s06_a_folder_may_bound_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("n", array)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let bytes = writer.into_inner().unwrap();
    for day in 1..4 {
        write(folder.path(), &format!("t=2024-05-0{day}/a.parquet"), &bytes);
    }
    let schema = schema(&["t timestamp", "n int64"], None);
    let second = Time::parse("2024-05-02").unwrap();
    let needed = Some(Interval { start: second, end: second.plus(1) });
    let found = read(&files(folder.path(), "*/*"), &schema, needing(needed)).unwrap();
    assert_eq!(found.positions(), [3, 4, 5]);
    assert_eq!(found.column(0), vec![Value::Timestamp(second.micros()); 3]);
}

/// Writes records in the order of their event times, in small row groups.
fn write_sorted(folder: &Path, name: &str, records: &RecordBatch, schema: &SourceSchema) {
    let order = arrow::compute::sort_to_indices(records.column(schema.time), None, None).unwrap();
    let sorted = arrow::compute::take_record_batch(records, &order).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(9)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), sorted.schema(), Some(properties)).unwrap();
    writer.write(&sorted).unwrap();
    write(folder, name, writer.into_inner().unwrap());
}

/// Goal: a training set made only from what its windows reach is the same, bit for bit (S1, S10).
/// Method: the log with every type and window, in time order, for spines in different parts of it;
/// one source with event ids and one without.
#[test]
fn s01_what_no_window_reaches_changes_nothing() {
    let catalog = catalog("every-type");
    let service = Service::everything(&catalog).unwrap();
    let (seed, days) = (7, 60);
    let typed = typed::with_bad_vectors(seed, typed::typed(seed, 200, days));
    let folder = tempfile::tempdir().unwrap();
    let records = typed::typed_records(&catalog, &typed);
    write_sorted(folder.path(), "typed.parquet", &records, catalog.source("typed").unwrap());
    let anonymous = typed::anonymous(seed, 200, days);
    let records = typed::anonymous_records(&catalog, &anonymous);
    let schema = catalog.source("anonymous").unwrap();
    write_sorted(folder.path(), "anonymous.parquet", &records, schema);
    let mut passed = 0;
    let train = |spine: &RecordBatch, pruned: Option<(Time, Time)>, passed: &mut u64| -> Trained {
        let mut training = TrainingSet::new(&catalog, &service, spine).unwrap();
        for source in training.sources() {
            let reach = |(first, last)| service.reach(&catalog, &source, first, last);
            let options = needing(pruned.and_then(reach));
            let schema = catalog.source(&source).unwrap().clone();
            let files = files(folder.path(), &format!("{source}.parquet"));
            let mut reader = lockstep_source::open_files(&files, schema, options).unwrap();
            while let Some(batch) = reader.next().unwrap() {
                training.push(&source, &batch).unwrap();
            }
            *passed += reader.passed_over().rows;
        }
        training.finish(spine, &|_, _| {}).unwrap()
    };
    let spine = spine(&questions(seed, 60, &typed, days));
    let as_of = spine.column_by_name("as_of").unwrap();
    let order = arrow::compute::sort_to_indices(as_of, None, None).unwrap();
    let by_time = arrow::compute::take_record_batch(&spine, &order).unwrap();
    for part in 0..5 {
        let spine = by_time.slice(part * 12, 12);
        let as_of = spine.column_by_name("as_of").unwrap();
        let times = as_of.as_primitive::<TimestampMicrosecondType>().values();
        let bounds = (Time::saturating(times[0]), Time::saturating(times[11]));
        let whole = train(&spine, None, &mut 0);
        let pruned = train(&spine, Some(bounds), &mut passed);
        assert_eq!(whole.records, pruned.records, "as of {} to {}", bounds.0, bounds.1);
    }
    assert!(passed > 300, "only {passed} rows were passed over");
}

/// Goal: the reach of a service covers everything that its windows read, including delay and
/// boundary. Method: compared with the intervals of every view at the two times.
#[test]
fn s03_the_reach_holds_every_window() {
    let catalog = catalog("every-type");
    let service = Service::everything(&catalog).unwrap();
    let (first, last) = (Time::parse("2024-05-01").unwrap(), Time::parse("2024-05-09").unwrap());
    for source in ["typed", "anonymous"] {
        let reach = service.reach(&catalog, source, first, last).unwrap();
        let mut touched = (false, false);
        for view in &service.views {
            let plan = &catalog.views()[view.view].plan.fold;
            if plan.view.event.source != source {
                continue;
            }
            for hour in 0..=8 * 24 {
                let as_of = first.plus(hour * 3_600_000_000);
                for window in plan.intervals(as_of) {
                    assert!(reach.start <= window.start && window.end <= reach.end);
                    touched.0 |= reach.start == window.start;
                    touched.1 |= reach.end == window.end;
                }
            }
        }
        assert_eq!(touched, (true, true), "the reach of {source} is no wider than needed");
    }
    assert_eq!(service.reach(&catalog, "none", first, last), None);
}
