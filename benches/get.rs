//! One online answer: all 57 features of the example, from the model in memory and from sled.
//!
//! Invariant: both stores hold the newest events of the real log, and the requests are its newest
//! mentions, as of the end of the log, in turn. An answer is whole: lookups, covers, merging,
//! finalising and the on-demand transform in its guest. Deliberately absent: a network.

use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_benches::issue_log;
use lockstep_core::event::EventBatch;
use lockstep_core::row::TypedColumn;
use lockstep_core::time::Time;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::service::Service;
use lockstep_kit::artifacts::catalog;
use lockstep_store::Store;
use lockstep_store::memory::MemoryStore;
use lockstep_store::progress::FILES;
use lockstep_store::sled::SledStore;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Events in the stores: about three years.
const EVENTS: usize = 20_000;
/// Requests that take turns.
const REQUESTS: usize = 256;

type Request = Vec<(&'static str, Value)>;

/// The newest mentions as requests, and the time just after the last event.
fn requests(catalog: &Catalog, batches: &[EventBatch]) -> (Vec<Request>, Time) {
    let source = catalog.source(issue_log::SOURCE).expect("the example reads it");
    let (mut requests, mut end) = (Vec::new(), Time::MIN);
    for batch in batches {
        let column = |name: &str| {
            let at = source.columns.iter().position(|column| column.name == name);
            let at = at.expect("the example declares it");
            TypedColumn::new(batch.records.column(at)).expect("the reader's types")
        };
        let [time, actor, mentioned, area] =
            ["event_time", "actor", "mentioned", "area"].map(column);
        for row in 0..batch.records.num_rows() {
            if let Value::Timestamp(micros) = time.value(row) {
                end = end.max(Time::saturating(micros).plus(1));
            }
            if !mentioned.is_null(row) && !area.is_null(row) {
                let (actor, mentioned) = (actor.value(row), mentioned.value(row));
                requests.push(vec![
                    ("actor", actor),
                    ("mentioned", mentioned.clone()),
                    ("user", mentioned.clone()),
                    ("candidate", mentioned),
                    ("area", area.value(row)),
                ]);
            }
        }
    }
    let newest = requests.split_off(requests.len().saturating_sub(REQUESTS));
    (newest, end)
}

fn get(criterion: &mut Criterion) {
    let catalog = catalog("user-mentions");
    let mut batches = issue_log::event_batches(&catalog, 1024).expect("the log reads");
    let batches = batches.split_off(batches.len() - EVENTS.div_ceil(1024));
    let (requests, end) = requests(&catalog, &batches);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stores: [(&str, Arc<dyn Store>); 2] = [
        ("memory", Arc::new(MemoryStore::new())),
        ("sled", Arc::new(SledStore::create(folder.path()).expect("a new store"))),
    ];
    let service = Service::everything(&catalog).expect("the example's features");
    let mut group = criterion.benchmark_group("get");
    group.sample_size(30).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(3));
    for (name, store) in stores {
        let mut stream = StreamHost::open(catalog.clone(), store.clone()).expect("an empty store");
        for batch in &batches {
            stream.apply(issue_log::SOURCE, FILES, batch).expect("the log is sound");
        }
        drop(stream);
        let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).expect("a host");
        let known = |request: &Request| {
            let known = service.request.iter().map(|column| column.name.as_str());
            let value = |name: &str| request.iter().find(|(known, _)| *known == name).cloned();
            known.map(|name| value(name).expect("a column of the example")).collect::<Request>()
        };
        let requests: Vec<Request> = requests.iter().map(known).collect();
        let mut turn = requests.iter().cycle();
        group.bench_function(format!("{name} ({} features)", service.outputs.len()), |bencher| {
            bencher.iter(|| {
                let request = turn.next().expect("a cycle does not end");
                black_box(host.get(&service.name, request, AsOf::At(end)).expect("an answer"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, get);
criterion_main!(benches);
