//! Reading a window from its tiles: the cover, the scans, decoding, merging.
//!
//! Invariant: the one key has an event every hour for 400 days, so that every tile of a cover is
//! there, and `as_of` lies between two hours, so that the event-exact head is read too. The store
//! is the model in memory: what is left is the core's own cost. The states merged
//! are those of all features of a window. Deliberately absent: finalising.

use arrow::array::RecordBatch;
use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_benches::issue_log;
use lockstep_core::event::EventBatch;
use lockstep_core::key::EntityKey;
use lockstep_core::time::{DAY_US, HOUR_US, MINUTE_US, Time};
use lockstep_core::value::Value;
use lockstep_engine::ingest::StreamHost;
use lockstep_kit::artifacts::catalog;
use lockstep_store::Store;
use lockstep_store::memory::MemoryStore;
use lockstep_store::progress::FILES;
use lockstep_store::tiles::{TileReads, Wanted, read};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Days with an event every hour.
const DAYS: i64 = 400;
/// The first event: 2024-01-01.
const START_US: i64 = 19_723 * DAY_US;

/// Hourly mentions of one user by another.
fn hourly(catalog: &lockstep_engine::catalog::Catalog) -> EventBatch {
    let count = (DAYS * 24) as usize;
    let times = (0..DAYS * 24).map(|hour| START_US + hour * HOUR_US + HOUR_US / 3).collect();
    let records: RecordBatch = issue_log::mentions_of_one_pair(catalog, times);
    EventBatch {
        records,
        positions: (0..count as u64).collect(),
        next_position: count as u64,
        failures: vec![],
        set_aside: vec![],
    }
}

fn cover(criterion: &mut Criterion) {
    let catalog = catalog("user-mentions");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut host = StreamHost::open(catalog.clone(), store.clone()).expect("an empty store");
    host.apply(issue_log::SOURCE, FILES, &hourly(&catalog)).expect("the events are sound");
    let at = catalog.view_index("pair_mentions").expect("the example's view");
    let view = &catalog.views()[at];
    let key = EntityKey::new(&[Value::from("u00001"), Value::from("u00002")]);
    let watermark = Time::saturating(START_US + DAYS * DAY_US - HOUR_US + HOUR_US / 3);
    let (retention, as_of) =
        (view.plan.ladder.retention(watermark), watermark.plus(17 * MINUTE_US));
    let snapshot = store.read().expect("a snapshot");

    let mut group = criterion.benchmark_group("cover");
    group.sample_size(30).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    for window in ["7d", "30d", "365d", "lifetime"] {
        let features: Vec<usize> = (0..view.plan.fold.features.len())
            .filter(|&at| view.plan.fold.features[at].column.name.ends_with(&format!("_{window}")))
            .collect();
        let wanted = Wanted::new(&view.plan, &features).expect("no window is too exact");
        let read = |reads: &mut TileReads| {
            read(
                (&*snapshot, at as u32, &view.plan),
                &retention,
                &key,
                &wanted,
                as_of,
                reads,
                &|| Ok(as_of),
            )
            .expect("it is held")
        };
        let mut reads = TileReads::default();
        read(&mut reads);
        let tiles: u64 = reads.levels.iter().sum::<u64>() + reads.base;
        group.bench_function(format!("{window} ({tiles} tiles)"), |bencher| {
            bencher.iter(|| black_box(read(&mut TileReads::default())));
        });
    }
    group.finish();
}

criterion_group!(benches, cover);
criterion_main!(benches);
