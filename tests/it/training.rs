//! The batch host on a whole log: the training set must not depend on the memory, the number of
//! workers, or the parts in which the spine is added.
//!
//! Method: the same spine with little memory and with enough, compared bit by bit. Deliberately
//! absent: what the features mean.

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use lockstep_cli::commands::demo::mentions;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::service::Service;
use lockstep_engine::shuffle::SpillOptions;
use lockstep_engine::training::{Options, TrainingSet};
use lockstep_kit::artifacts::{catalog, root};
use lockstep_source::{EventReader, ReadOptions, open_files, read_table};
use std::path::{Path, PathBuf};

const SOURCE: &str = "issue_events";

fn log() -> PathBuf {
    root().join("transforms/user-mentions/data/issue_events.parquet")
}

fn reader(catalog: &Catalog) -> Box<dyn EventReader> {
    let schema = catalog.source(SOURCE).unwrap().clone();
    let options = ReadOptions { batch_rows: 5000, ..ReadOptions::default() };
    open_files(&[log()], schema, options).unwrap()
}

/// Every mention twice, in an order unrelated to time: more rows than one stretch of answers holds.
fn spine() -> RecordBatch {
    let mentions = mentions(&read_table(&log(), &[]).unwrap()).unwrap();
    let rows = mentions.num_rows() as u64;
    let order: UInt32Array =
        (0..2 * rows).map(|at| (at * 48_271 % (2 * rows) % rows) as u32).collect::<Vec<_>>().into();
    take_record_batch(&mentions, &order).unwrap()
}

fn service(catalog: &Catalog) -> Service {
    let file = root().join("transforms/user-mentions/lockstep.toml");
    let project = lockstep_engine::project::ProjectFile::open(&file).unwrap();
    Service::resolve(&project, catalog, "mention_ranker").unwrap()
}

/// Goal: rows and answers that waited on the disk are the same as those that stayed in memory
/// (S22). Method: the whole log on two workers without any memory, the spine added and returned in
/// uneven parts, compared with one worker with enough memory.
#[test]
fn s22_little_memory_changes_nothing() {
    let catalog = catalog("user-mentions");
    let service = service(&catalog);
    let spine = spine();
    let options = Options { workers: 1, ..Options::default() };
    let expected = made(&catalog, &service, &spine, options, spine.num_rows());

    let folder = tempfile::tempdir().unwrap();
    let spill = SpillOptions { memory_max: 0, folder: folder.path().to_path_buf() };
    let options = Options { workers: 2, spill: Some(spill), ..Options::default() };
    let found = made(&catalog, &service, &spine, options.clone(), 50_001);
    assert_eq!(found, expected);
    // A spine that ends exactly at the end of a stretch.
    let whole = spine.slice(0, 1 << 17);
    let found = made(&catalog, &service, &whole, options, 50_001);
    assert_eq!(found, expected.slice(0, 1 << 17));
    assert!(is_empty(folder.path()), "the intermediate files have names");
}

/// Goal: if some answers wait on the disk and others in memory, the training set is the same (S22).
/// Method: memory limits of which some suffice for the rows and for a part of the answers, on
/// several workers, so that views and workers differ in what they wrote to the disk.
#[test]
fn s22_answers_in_memory_and_on_the_disk_mix() {
    let catalog = catalog("user-mentions");
    let service = service(&catalog);
    let spine = spine();
    let options = Options { workers: 1, ..Options::default() };
    let expected = made(&catalog, &service, &spine, options, spine.num_rows());
    let folder = tempfile::tempdir().unwrap();
    for mebibytes in [60, 100, 160] {
        let spill =
            SpillOptions { memory_max: mebibytes << 20, folder: folder.path().to_path_buf() };
        let options = Options { workers: 3, spill: Some(spill), ..Options::default() };
        let mut training = TrainingSet::with(&catalog, &service, options).unwrap();
        training.spine(&spine).unwrap();
        training.read(SOURCE, &mut *reader(&catalog), &mut |_| {}).unwrap();
        let mut joined = training.join(&|_, _| {}).unwrap();
        assert_eq!(joined.next(&spine).unwrap(), expected, "{mebibytes} MiB");
    }
}

fn made(
    catalog: &Catalog,
    service: &Service,
    spine: &RecordBatch,
    options: Options,
    part_rows: usize,
) -> RecordBatch {
    let spilled = options.spill.is_some();
    let mut training = TrainingSet::with(catalog, service, options).unwrap();
    let parts: Vec<RecordBatch> = (0..spine.num_rows())
        .step_by(part_rows)
        .map(|start| spine.slice(start, part_rows.min(spine.num_rows() - start)))
        .collect();
    parts.iter().for_each(|part| training.spine(part).unwrap());
    training.read(SOURCE, &mut *reader(catalog), &mut |_| {}).unwrap();
    let mut joined = training.join(&|_, _| {}).unwrap();
    assert_eq!(joined.counts.spilled, spilled);
    assert_eq!(joined.counts.cut > 0, spilled, "partitions swept stretch by stretch");
    assert_eq!(joined.rows(), spine.num_rows());
    let schema = joined.schema(&spine.schema());
    let parts: Vec<RecordBatch> = parts.iter().map(|part| joined.next(part).unwrap()).collect();
    assert_eq!(joined.left(), 0);
    assert_eq!(joined.next(&spine.slice(0, 0)).unwrap().num_rows(), 0);
    assert!(joined.next(&spine.slice(0, 1)).is_err(), "more rows than the spine had");
    concat_batches(&schema, &parts).unwrap()
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}
