//! The bulk backfill: the store that it leaves must equal the one that streaming leaves, whatever
//! interrupts it (S24).
//!
//! Method: logs with late events, ties, copies, conflicts, lines that do not decode, and events
//! that views refuse or whose values fail, are written to one store by backfill and to another
//! event by event. The canonical exports, which hold positions, counts and what was set aside, must
//! be equal. Deliberately absent: what the states mean, which `every_type.rs` compares with the
//! oracle.

mod interrupted;
mod kills;

use super::stream::{cut, digest, fold, memory};
use arrow::array::{Array, BooleanArray};
use arrow::compute::filter_record_batch;
use lockstep_core::Result;
use lockstep_core::event::{EventBatch, SetAside};
use lockstep_core::failure::Failure;
use lockstep_engine::backfill::{Backfill, Options};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::{Applied, StreamHost};
use lockstep_engine::parity::replay::Random;
use lockstep_engine::shuffle::SpillOptions;
use lockstep_kit::artifacts::{catalog, root};
use lockstep_kit::typed;
use lockstep_source::{EventReader, ReadOptions, open_files};
use lockstep_store::Store;
use lockstep_store::canonical::Scope;
use lockstep_store::progress::FILES;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many events of the real log are compared.
const REAL_EVENTS: &str = "LOCKSTEP_BACKFILL_EVENTS";

/// Batches in the form that a reader returns.
struct Batches(VecDeque<EventBatch>);

impl EventReader for Batches {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        Ok(self.0.pop_front())
    }
}

/// How a backfill is made; none of this may affect the store.
pub(crate) struct How {
    options: Options,
    round_rows: u64,
    commit_bytes_max: usize,
}

impl How {
    /// Small rounds and commits.
    pub(crate) fn small(workers: usize) -> How {
        let options = Options { workers, ..Options::default() };
        How { options, round_rows: 40, commit_bytes_max: 4000 }
    }
}

/// Backfills batches of `source`, of which the store must hold nothing.
pub(crate) fn fill(
    store: &dyn Store,
    catalog: &Arc<Catalog>,
    source: &str,
    batches: &[EventBatch],
    until: Option<u64>,
    how: &How,
) -> Result<Applied> {
    let bulk = Backfill::open(catalog, store, source, FILES, until, how.options.clone())?;
    let mut bulk = bulk.expect("the store holds nothing of the source");
    bulk.cut(how.round_rows, how.commit_bytes_max);
    bulk.run(&mut Batches(batches.iter().cloned().collect()), &mut |_| {})
}

/// The batches of a log of `every-type` that contains everything that could go wrong.
fn typed_log(catalog: &Catalog, seed: u64, count: usize, days: i64) -> Vec<EventBatch> {
    let mut random = Random::new(seed ^ 3);
    let mut events = typed::with_bad_vectors(seed, typed::typed(seed, count, days));
    for at in 1..count {
        let mut copy = events[random.below(at as u64) as usize].clone();
        match random.below(30) {
            0 | 1 => {}
            2 => copy.int = Some(123_456),
            3 => copy.event_time += 1,
            _ => continue,
        }
        events[at] = copy;
    }
    let batches = cut(&typed::typed_records(catalog, &events), || 1 + random.below(90) as usize);
    let mut random = Random::new(seed ^ 4);
    batches.into_iter().map(|batch| with_bad_lines(batch, &mut random)).collect()
}

/// A batch in which some events did not decode, and others have a bad value.
fn with_bad_lines(mut batch: EventBatch, random: &mut Random) -> EventBatch {
    let sound = batch.positions.iter().map(|_| random.below(25) > 0).collect::<Vec<bool>>();
    for (position, _) in batch.positions.iter().zip(&sound).filter(|(_, sound)| !**sound) {
        let (position, view, reason) = (*position, None, "no line".to_string());
        batch.set_aside.push(SetAside { position, view, reason, bytes: vec![0xff, 7] });
    }
    let mut kept = sound.iter();
    batch.positions.retain(|_| *kept.next().unwrap());
    batch.records = filter_record_batch(&batch.records, &BooleanArray::from(sound)).unwrap();
    let column = batch.records.schema().index_of("int").unwrap();
    let array = batch.records.column(column).clone();
    for row in (0..array.len()).filter(|row| array.is_null(*row)) {
        if random.below(3) == 0 {
            let (row, reason, bytes) = (row as u32, "no integer".to_string(), [7].into());
            batch.failures.push(Failure { row, column, reason, bytes });
        }
    }
    batch
}

fn anonymous_log(catalog: &Catalog, seed: u64, count: usize, days: i64) -> Vec<EventBatch> {
    let mut random = Random::new(seed ^ 5);
    let events = typed::anonymous(seed, count, days);
    cut(&typed::anonymous_records(catalog, &events), || 1 + random.below(90) as usize)
}

/// Goal: a backfill leaves the same store as the streaming host, with any number of workers, rounds
/// and commits, in memory and through the disk (S1, S10, S11, S24).
fn check(seed: u64, count: usize, days: i64) {
    let catalog = catalog("every-type");
    let logs = [
        ("typed", typed_log(&catalog, seed, count, days)),
        ("anonymous", anonymous_log(&catalog, seed, count / 2, days)),
    ];
    let streamed = memory();
    logs.iter().for_each(|(source, log)| fold(&streamed, &catalog, source, log, 5));
    let expected = digest(&*streamed, &catalog, Scope::All);
    let folder = tempfile::tempdir().unwrap();
    let mut whole = How { options: Options::default(), round_rows: 1 << 20, ..How::small(1) };
    whole.commit_bytes_max = 1 << 22;
    let mut spilled = How::small(2);
    spilled.options.spill = Some(SpillOptions { memory_max: 1, folder: folder.path().into() });
    for (name, how) in [("whole", whole), ("small", How::small(3)), ("spilled", spilled)] {
        let store = memory();
        for (source, log) in &logs {
            let applied = fill(&*store, &catalog, source, log, None, &how).unwrap();
            let host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
            let progress = host.progress(source, FILES).unwrap();
            assert_eq!(
                (applied.events, applied.duplicates, applied.set_aside, applied.sequence),
                (
                    progress.events,
                    progress.duplicates,
                    progress.set_aside,
                    store.read().unwrap().sequence()
                ),
            );
        }
        assert_eq!(digest(&*store, &catalog, Scope::All), expected, "seed {seed}: {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// Goal: as [`check`], over logs that fit in the head and logs far longer than any retention.
    #[test]
    fn s24_a_backfill_leaves_the_store_of_the_stream(
        seed in any::<u64>(),
        count in 0usize..300,
        days in prop_oneof![Just(2i64), Just(60), Just(900)],
    ) {
        check(seed, count, days);
    }
}

/// Goal: as [`check`], for logs with no event or one: afterwards the store is not marked as
/// unfinished, and the commits count.
#[test]
fn s24_a_backfill_of_nothing() {
    check(7, 0, 2);
    check(7, 1, 2);
}

/// Goal: as above with aggregates that a guest merges, and over the real log (S21, S24). Method:
/// its first `LOCKSTEP_BACKFILL_EVENTS`; with all 177,586 some tiles have more rows than a guest
/// settles at once.
#[test]
fn s24_the_real_log_and_aggregates_of_its_own() {
    let events = std::env::var(REAL_EVENTS).map_or(6_000, |text| text.parse().unwrap());
    let file = root().join("transforms/user-mentions/data/issue_events.parquet");
    for name in ["collaborators", "user-mentions"] {
        let catalog = catalog(name);
        let schema = catalog.source("issue_events").unwrap().clone();
        let options = ReadOptions { batch_rows: 1000, ..ReadOptions::default() };
        let mut reader = open_files(std::slice::from_ref(&file), schema, options).unwrap();
        let mut log = Vec::new();
        while log.len() * 1000 < events {
            let Some(batch) = reader.next().unwrap() else { break };
            log.push(batch);
        }
        let (streamed, store) = (memory(), memory());
        fold(&streamed, &catalog, "issue_events", &log, usize::MAX);
        fill(&*store, &catalog, "issue_events", &log, None, &How::small(2)).unwrap();
        assert_eq!(
            digest(&*store, &catalog, Scope::All),
            digest(&*streamed, &catalog, Scope::All),
            "{name}"
        );
    }
}

/// Goal: backfilling up to a position and streaming from there gives the same store as streaming
/// everything: no event counts twice and none is lost, including late ones and copies of earlier
/// ones (S24). Method: the end of every batch is the position, and also the position before the
/// first event. A second backfill of a store that holds the source does the same as the stream.
#[test]
fn s24_a_backfill_hands_over_at_a_position() {
    let catalog = catalog("every-type");
    for (source, log) in [
        ("typed", typed_log(&catalog, 81, 260, 60)),
        ("anonymous", anonymous_log(&catalog, 81, 260, 60)),
    ] {
        let streamed = memory();
        fold(&streamed, &catalog, source, &log, usize::MAX);
        for batches in 0..=log.len() {
            let store = memory();
            let until = log[..batches].last().map_or(0, |batch| batch.next_position);
            let first = &log[..batches];
            fill(&*store, &catalog, source, first, Some(until), &How::small(2)).unwrap();
            // All of it is delivered again, as it would be from the files.
            fold(&store, &catalog, source, &log, 3);
            assert_eq!(
                digest(&*store, &catalog, Scope::All),
                digest(&*streamed, &catalog, Scope::All),
                "{source} until {until}"
            );
            let again = Backfill::open(&catalog, &*store, source, FILES, None, Options::default());
            assert!(again.unwrap().is_none());
        }
    }
}
