//! The durable store: what a read, a scan and a durable commit cost, and how much disk it takes.
//!
//! Invariant: the entries look like tiles (keys of about 40 bytes in runs of 100, values of 100
//! bytes), and each measurement runs on a store of 200 such runs. A commit is three syncs, so its
//! figure is mostly the disk's. Deliberately absent: the model, which is not for data.

use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, Verify, WriteBatch};
use std::hint::black_box;
use std::path::Path;

const RUNS: u32 = 200;
const RUN_KEYS: u32 = 100;
const VALUE_BYTES: usize = 100;

fn key(run: u32, tile: u32) -> Vec<u8> {
    // Runs lie scattered in key order, as entities do.
    let entity = run.wrapping_mul(0x9e37_79b9);
    [b"tpair_mentions\0", format!("u{entity:010}:u00041:").as_bytes(), &tile.to_be_bytes()].concat()
}

fn run_of(run: u32, seed: u8) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for tile in 0..RUN_KEYS {
        let value = vec![seed ^ tile as u8; VALUE_BYTES];
        batch.put(key(run, tile), value).expect("within the limits");
    }
    batch
}

fn disk_bytes(path: &Path) -> u64 {
    let entries = path.read_dir().expect("the bench made it").flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => disk_bytes(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

fn store(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let store = SledStore::create(folder.path()).expect("a new store");
    for run in 0..RUNS {
        store.commit(run_of(run, 0)).expect("a commit");
    }
    let held = store.verify().expect("a whole store").bytes;
    let disk = disk_bytes(folder.path());
    println!("{held} bytes held, {disk} on disk: {:.1} times", disk as f64 / held as f64);

    let mut group = criterion.benchmark_group("store");
    let mut n = 0_u32;
    let mut next = move || {
        n = n.wrapping_add(7_919);
        n
    };
    group.bench_function("get", |bencher| {
        bencher.iter(|| {
            let n = next();
            let snapshot = store.read().expect("a snapshot");
            black_box(snapshot.get(&key(n % RUNS, n % RUN_KEYS)).expect("a value"))
        });
    });
    group.bench_function("scan_100", |bencher| {
        bencher.iter(|| {
            let run = next() % RUNS;
            let mut bytes = 0;
            let snapshot = store.read().expect("a snapshot");
            let mut visit = |_: &[u8], value: &[u8]| {
                bytes += value.len();
                Ok(true)
            };
            snapshot.scan(&key(run, 0), &key(run, RUN_KEYS), &mut visit).expect("a scan");
            assert_eq!(bytes, RUN_KEYS as usize * VALUE_BYTES);
        });
    });
    group.sample_size(20);
    group.bench_function("commit_1000", |bencher| {
        bencher.iter(|| {
            let mut batch = WriteBatch::new();
            for _ in 0..1_000 {
                let n = next();
                let value = vec![n as u8; VALUE_BYTES];
                batch.put(key(n % RUNS, n / 7 % RUN_KEYS), value).expect("within the limits");
            }
            store.commit(batch).expect("a commit")
        });
    });
    group.bench_function("verify_20000", |bencher| {
        bencher.iter(|| store.verify().expect("a whole store"));
    });
    group.finish();
    let (held, disk) = (store.verify().expect("a whole store").bytes, disk_bytes(folder.path()));
    println!("after overwriting: {:.1} times on disk", disk as f64 / held as f64);
}

criterion_group!(benches, store);
criterion_main!(benches);
