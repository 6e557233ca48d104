//! The streaming host: order, batches, copies, restarts and kills must not change its result (S1,
//! S10, S11, S24).
//!
//! Method: generated logs of `every-type` are folded in different ways into different stores, whose
//! canonical exports must be equal. Each failure prints its seed. Deliberately absent: what the
//! states mean, which `every_type.rs` compares with the oracle.

mod admission;
mod arrivals;
pub(crate) mod crash;
mod late;
mod partitions;

use arrow::array::RecordBatch;
use lockstep_core::event::EventBatch;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::export::export as export_store;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::parity::replay::Random;
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed::{self, Typed};
use lockstep_store::Store;
use lockstep_store::canonical::Scope;
use lockstep_store::export::{self, Digest};
use lockstep_store::memory::MemoryStore;
use lockstep_store::progress::FILES;
use lockstep_store::sled::SledStore;
use proptest::prelude::*;
use std::sync::Arc;

/// The digest of a store's canonical export.
pub(crate) fn digest(store: &dyn Store, catalog: &Arc<Catalog>, scope: Scope) -> Digest {
    export_store(store, catalog, scope, &mut |_, _| Ok(())).unwrap().digest
}

/// Records as batches whose sizes `rows` gives.
pub(crate) fn cut(records: &RecordBatch, mut rows: impl FnMut() -> usize) -> Vec<EventBatch> {
    let mut batches = Vec::new();
    let mut start = 0;
    while start < records.num_rows() {
        let end = records.num_rows().min(start + rows().max(1));
        batches.push(between(records, start, end));
        start = end;
    }
    batches
}

/// The records in `[start, end)`, at their positions.
pub(crate) fn between(records: &RecordBatch, start: usize, end: usize) -> EventBatch {
    EventBatch {
        records: records.slice(start, end - start),
        positions: (start as u64..end as u64).collect(),
        next_position: end as u64,
        failures: vec![],
        set_aside: vec![],
    }
}

/// A store that holds these batches of the files of `source`; the host is reopened before one batch
/// in `reopen_one_in`.
pub(crate) fn fold(
    store: &Arc<dyn Store>,
    catalog: &Arc<Catalog>,
    source: &str,
    batches: &[EventBatch],
    reopen_one_in: usize,
) {
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    for (at, batch) in batches.iter().enumerate() {
        if at % reopen_one_in == reopen_one_in - 1 {
            host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
        }
        host.apply(source, FILES, batch).unwrap();
    }
}

/// A new store in memory.
pub(crate) fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// The items in random order.
pub(crate) fn shuffled<T>(mut items: Vec<T>, random: &mut Random) -> Vec<T> {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at as u64 + 1) as usize);
    }
    items
}

/// Both sources of `every-type`, delivered in one way.
struct Delivery {
    typed: RecordBatch,
    anonymous: RecordBatch,
}

impl Delivery {
    /// Folds both sources, cut by `rows`.
    fn fold(
        &self,
        store: &Arc<dyn Store>,
        catalog: &Arc<Catalog>,
        rows: &mut dyn FnMut() -> usize,
    ) {
        fold(store, catalog, "typed", &cut(&self.typed, &mut *rows), 3);
        fold(store, catalog, "anonymous", &cut(&self.anonymous, rows), 4);
    }
}

/// Goal: one set of events gives one store, in whatever order, batches and copies it comes and
/// however often the host restarts, in memory and in sled (S1, S10, S24).
fn check(seed: u64, count: usize, days: i64) {
    let catalog = catalog("every-type");
    let mut random = Random::new(seed);
    let events = typed::typed(seed, count, days);
    let others = typed::anonymous(seed, count / 2, days);
    let plain = Delivery {
        typed: typed::typed_records(&catalog, &events),
        anonymous: typed::anonymous_records(&catalog, &others),
    };
    let reference = memory();
    plain.fold(&reference, &catalog, &mut || usize::MAX);
    let values = digest(&*reference, &catalog, Scope::Values);
    let all = digest(&*reference, &catalog, Scope::All);

    let cuts = memory();
    let mut cut_random = Random::new(seed ^ 7);
    plain.fold(&cuts, &catalog, &mut || 1 + cut_random.below(40) as usize);
    assert_eq!(digest(&*cuts, &catalog, Scope::All), all, "seed {seed}: cut");

    let folder = tempfile::tempdir().unwrap();
    let sled: Arc<dyn Store> =
        Arc::new(SledStore::open_or_create(folder.path().join("store")).unwrap());
    let mut cut_random = Random::new(seed ^ 7);
    plain.fold(&sled, &catalog, &mut || 1 + cut_random.below(40) as usize);
    assert_eq!(digest(&*sled, &catalog, Scope::All), all, "seed {seed}: sled");
    let raw = [&cuts, &sled].map(|store| export::digest(&**store, None).unwrap());
    assert_eq!(raw[0], raw[1], "seed {seed}: sled and memory differ in their bytes");

    // Copies need ids; in the source without ids a copy would be another event.
    let copies = events.iter().filter(|_| random.below(4) == 0).cloned().collect::<Vec<Typed>>();
    let delivered = shuffled(events.into_iter().chain(copies).collect(), &mut random);
    let disorder = Delivery {
        typed: typed::typed_records(&catalog, &delivered),
        anonymous: typed::anonymous_records(&catalog, &shuffled(others, &mut random)),
    };
    let store = memory();
    disorder.fold(&store, &catalog, &mut || 1 + random.below(60) as usize);
    assert_eq!(digest(&*store, &catalog, Scope::Values), values, "seed {seed}: disorder");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// Goal: as [`check`], over logs that fit in the head and logs far longer than any retention.
    #[test]
    fn s24_equal_events_make_equal_stores(
        seed in any::<u64>(),
        count in 0usize..250,
        days in prop_oneof![Just(2i64), Just(60), Just(900)],
    ) {
        check(seed, count, days);
    }
}

/// Goal: the canonical export detects a difference. Method: stores that lack one event, hold one
/// with another value, or hold another artifact's name for it.
#[test]
fn s24_different_events_make_different_stores() {
    let catalog = catalog("every-type");
    let events = typed::typed(21, 60, 20);
    let digest_of = |events: &[Typed]| {
        let store = memory();
        fold(&store, &catalog, "typed", &cut(&typed::typed_records(&catalog, events), || 13), 2);
        digest(&*store, &catalog, Scope::Values)
    };
    let whole = digest_of(&events);
    for at in [0, 17, 59] {
        let mut fewer = events.clone();
        fewer.remove(at);
        assert_ne!(digest_of(&fewer), whole, "without event {at}");
        let mut other = events.clone();
        other[at].int = other[at].int.map_or(Some(5), |int| Some(int.wrapping_add(1)));
        assert_ne!(digest_of(&other), whole, "with another event {at}");
    }
}

/// Goal: a batch from an older position is harmless, as a whole or in part (S10, S24). Method:
/// batches that go back, with and without event ids, compared with the same log delivered once.
#[test]
fn s10_redelivery_from_an_older_position_is_harmless() {
    let catalog = catalog("every-type");
    let typed = typed::typed_records(&catalog, &typed::typed(4, 200, 30));
    let anonymous = typed::anonymous_records(&catalog, &typed::anonymous(5, 200, 30));
    for (source, records) in [("typed", &typed), ("anonymous", &anonymous)] {
        let once = memory();
        fold(&once, &catalog, source, &cut(records, || 50), 2);
        let again = memory();
        let ranges =
            [(0, 50), (0, 50), (50, 100), (20, 70), (80, 130), (0, 130), (100, 200), (0, 200)];
        let batches: Vec<_> = ranges.iter().map(|&(from, to)| between(records, from, to)).collect();
        fold(&again, &catalog, source, &batches, 3);
        assert_eq!(
            digest(&*once, &catalog, Scope::All),
            digest(&*again, &catalog, Scope::All),
            "{source}"
        );
    }
}

/// Goal: a batch larger than a commit is split into several, with the same result. Method: 2,500
/// events at once and in tens.
#[test]
fn a_batch_larger_than_a_commit_is_several() {
    let catalog = catalog("every-type");
    let records = typed::typed_records(&catalog, &typed::typed(6, 2_500, 3));
    let (large, small) = (memory(), memory());
    let mut host = StreamHost::open(catalog.clone(), large.clone()).unwrap();
    let applied = host.apply("typed", FILES, &between(&records, 0, 2_500)).unwrap();
    assert_eq!((applied.events, applied.sequence), (2_500, 3));
    fold(&small, &catalog, "typed", &cut(&records, || 100), 2);
    assert_eq!(digest(&*large, &catalog, Scope::All), digest(&*small, &catalog, Scope::All));
}
