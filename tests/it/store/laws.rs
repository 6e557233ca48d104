//! The laws of stores: one suite that runs on every backend, through the traits alone.
//!
//! Invariant: each law is one function of a [`Backend`]; a test names a law and a backend.
//! Deliberately absent: anything that holds for one backend only (see `guard`).

use super::{Contents, contents, long_key};
use lockstep_core::{Error, ErrorKind};
use lockstep_kit::fault_store::FaultStore;
use lockstep_store::export::export;
use lockstep_store::memory::MemoryStore;
use lockstep_store::sled::SledStore;
use lockstep_store::{KEY_BYTES_MAX, Store, VALUE_BYTES_MAX, Verify, WriteBatch};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// Creates stores, and reopens them where reopening means anything.
trait Backend: Default {
    type Store: Store + Verify;

    fn store(&self) -> &Self::Store;
    fn reopen(&mut self);
}

#[derive(Default)]
struct Memory(MemoryStore);

impl Backend for Memory {
    type Store = MemoryStore;

    fn store(&self) -> &MemoryStore {
        &self.0
    }

    fn reopen(&mut self) {}
}

struct Durable {
    store: Option<SledStore>,
    folder: TempDir,
}

impl Default for Durable {
    fn default() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Durable { store: Some(SledStore::create(folder.path()).unwrap()), folder }
    }
}

impl Backend for Durable {
    type Store = SledStore;

    fn store(&self) -> &SledStore {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(SledStore::open(self.folder.path()).unwrap());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit { writes: Vec<(Vec<u8>, Option<Vec<u8>>)> },
    Scan { start: Vec<u8>, end: Vec<u8>, stop_after: usize },
    Reopen,
}

/// A small set of keys, so that they recur: the empty one, prefixes of others, extreme bytes, the
/// longest.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(prop_oneof![Just(0_u8), Just(1), Just(b'a'), Just(0xff)], 0..4),
        1 => (0_u8..3).prop_map(|byte| vec![byte; KEY_BYTES_MAX]),
    ]
}

/// Values on both sides of every size at which a backend stores them differently.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let lengths = prop_oneof![8 => 0..40_usize, 2 => 5_490..5_510_usize, 1 => 10_990..40_000_usize];
    (any::<u8>(), lengths)
        .prop_map(|(seed, length)| (0..length).map(|at| seed.wrapping_add(at as u8)).collect())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = (keys(), proptest::option::weighted(0.8, values()));
    let commit = vec(write, 0..30).prop_map(|writes| Step::Commit { writes });
    let scan = (keys(), keys(), 0..20_usize).prop_map(|(start, end, stop_after)| Step::Scan {
        start,
        end,
        stop_after,
    });
    vec(prop_oneof![5 => commit, 4 => scan, 1 => Just(Step::Reopen)], 1..16)
}

/// The law of the model: whatever the history, a store reads like a plain map.
fn reads_as_a_map_does<B: Backend>(steps: &[Step]) {
    let mut backend = B::default();
    let twin = MemoryStore::new();
    let (mut sequence, mut state) = (0, Contents::new());
    for step in steps {
        match step {
            Step::Reopen => backend.reopen(),
            Step::Scan { start, end, stop_after } => {
                let mut found = Vec::new();
                let snapshot = backend.store().read().unwrap();
                let mut visit = |key: &[u8], value: &[u8]| {
                    found.push((key.to_vec(), value.to_vec()));
                    Ok(found.len() < *stop_after)
                };
                snapshot.scan(start, end, &mut visit).unwrap();
                let inside = |(key, _): &(&Vec<u8>, &Vec<u8>)| *key >= start && *key < end;
                let expected = state.iter().filter(inside).take((*stop_after).max(1));
                assert!(expected.eq(found.iter().map(|(key, value)| (key, value))));
            }
            Step::Commit { writes } => {
                let mut batch = WriteBatch::new();
                for (key, value) in writes {
                    match value {
                        Some(value) => {
                            batch.put(key.as_slice(), value.as_slice()).unwrap();
                            state.insert(key.clone(), value.clone());
                        }
                        None => {
                            batch.delete(key.as_slice()).unwrap();
                            state.remove(key);
                        }
                    }
                }
                twin.commit(batch.clone()).unwrap();
                sequence += 1;
                assert_eq!(backend.store().commit(batch).unwrap(), sequence);
            }
        }
        let found = contents(backend.store()).unwrap();
        assert!(found == (sequence, state.clone()), "after {step:?}");
    }
    backend.reopen();
    let store = backend.store();
    for (key, value) in &state {
        assert_eq!(store.read().unwrap().get(key).unwrap().as_deref(), Some(value.as_slice()));
    }
    for absent in [b"no such key".as_slice(), &[b'k'; KEY_BYTES_MAX + 1]] {
        assert_eq!(store.read().unwrap().get(absent).unwrap(), None);
    }
    assert_eq!(store.verify().unwrap(), twin.verify().unwrap());
    let exported = |store: &dyn Store| export(store, None, &mut |_, _| Ok(())).unwrap();
    assert_eq!(exported(store), exported(&twin));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..Default::default()
    })]

    /// Goal: the model keeps its own contract. Method: random histories compared with a plain map.
    #[test]
    fn memory_reads_as_a_map_does(steps in steps()) {
        reads_as_a_map_does::<Memory>(&steps);
    }

    /// Goal: the durable store reads like a map, through reopening, for empty and longest keys,
    /// empty and large values. Method: random histories compared with a plain map and the model.
    #[test]
    fn sled_reads_as_a_map_does(steps in steps()) {
        reads_as_a_map_does::<Durable>(&steps);
    }
}

/// The law of snapshots: a reader sees exactly one commit, and never an older one than before.
/// Method: a writer sets all keys to `n` in commit `n`; readers require equal values everywhere.
fn a_snapshot_is_one_commit<B: Backend + Sync>() {
    const COMMITS: u64 = 60;
    let backend = B::default();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let mut newest = 0;
                while !done.load(Ordering::Acquire) {
                    let (sequence, found) = contents(backend.store()).unwrap();
                    assert!(sequence >= newest, "from {newest} back to {sequence}");
                    newest = sequence;
                    assert_eq!(found.len(), if sequence == 0 { 0 } else { 40 });
                    for value in found.values() {
                        assert_eq!(value[..8], sequence.to_be_bytes());
                    }
                }
            });
        }
        for n in 1..=COMMITS {
            let mut batch = WriteBatch::new();
            for key in 0..40_u8 {
                let padding = if key == 7 { 10_000 } else { 10 };
                batch.put([key], [&n.to_be_bytes()[..], &vec![key; padding]].concat()).unwrap();
            }
            assert_eq!(backend.store().commit(batch).unwrap(), n);
        }
        done.store(true, Ordering::Release);
    });
}

/// Goal: readers of the memory store never see half of a commit. Method: see
/// [`a_snapshot_is_one_commit`].
#[test]
fn memory_a_snapshot_is_one_commit() {
    a_snapshot_is_one_commit::<Memory>();
}

/// Goal: readers of the durable store never see half of a commit. Method: see
/// [`a_snapshot_is_one_commit`].
#[test]
fn sled_a_snapshot_is_one_commit() {
    a_snapshot_is_one_commit::<Durable>();
}

/// The law of size: a store holds many of the longest keys, and the longest value, in order and
/// through reopening. The keys of `long_key` make inner pages as large as possible.
fn holds_the_longest_keys_and_values<B: Backend>() {
    let mut backend = B::default();
    let mut batch = WriteBatch::new();
    for n in 0..6_000 {
        batch.put(long_key(n), n.to_be_bytes()).unwrap();
    }
    batch.put("largest", vec![7; VALUE_BYTES_MAX]).unwrap();
    backend.store().commit(batch).unwrap();
    backend.reopen();
    let (_, found) = contents(backend.store()).unwrap();
    assert_eq!(found.len(), 6_001);
    assert!((0..6_000).all(|n| found[&long_key(n)] == n.to_be_bytes()));
    assert!(found[b"largest".as_slice()] == vec![7; VALUE_BYTES_MAX]);

    let mut batch = WriteBatch::new();
    batch.put("largest", "small now").unwrap();
    backend.store().commit(batch).unwrap();
    let mut keys = 0;
    let mut count = |_: &[u8], _: &[u8]| {
        keys += 1;
        Ok(true)
    };
    backend.store().read().unwrap().scan_prefix(b"", &mut count).unwrap();
    assert_eq!(keys, 6_001);
    // A chunk that was not removed would fail the check.
    backend.reopen();
    assert_eq!(backend.store().verify().unwrap().bytes, 6_000 * (KEY_BYTES_MAX as u64 + 4) + 16);
}

/// Goal: the memory store accepts 6,000 of the longest keys and the longest value, and replaces it.
#[test]
fn memory_holds_the_longest_keys_and_values() {
    holds_the_longest_keys_and_values::<Memory>();
}

/// Goal: the durable store accepts 6,000 of the longest keys and the longest value, reads them back
/// after reopening, and leaves no chunk when the value becomes small.
#[test]
fn sled_holds_the_longest_keys_and_values() {
    holds_the_longest_keys_and_values::<Durable>();
}

/// The law of visitors: a visitor's error ends the scan and is returned unchanged.
fn a_visitors_error_comes_back<B: Backend>() {
    let backend = B::default();
    let mut batch = WriteBatch::new();
    (0..5_u8).for_each(|key| batch.put([key], []).unwrap());
    backend.store().commit(batch).unwrap();
    let mut visited = 0;
    let error = backend
        .store()
        .read()
        .unwrap()
        .scan(&[1], &[9], &mut |_, _| {
            visited += 1;
            if visited == 3 { Err(Error::input("the visitor's own")) } else { Ok(true) }
        })
        .unwrap_err();
    assert_eq!((visited, error.kind, &*error.message), (3, ErrorKind::Input, "the visitor's own"));
}

/// Goal: a scan of the memory store returns its visitor's error unchanged.
#[test]
fn memory_a_visitors_error_comes_back() {
    a_visitors_error_comes_back::<Memory>();
}

/// Goal: a scan of the durable store returns its visitor's error unchanged.
#[test]
fn sled_a_visitors_error_comes_back() {
    a_visitors_error_comes_back::<Durable>();
}

/// Goal: the fault store fails exactly when told to, and leaves exactly the commits that it
/// reports. Method: each fault in turn on the model.
#[test]
fn a_fault_store_fails_when_asked() {
    let store = FaultStore::new(MemoryStore::new());
    let commit = |key: &str| {
        let mut batch = WriteBatch::new();
        batch.put(key, "").unwrap();
        store.commit(batch)
    };
    store.refuse_commit(2);
    assert_eq!(commit("a").unwrap(), 1);
    assert_eq!(commit("b").unwrap_err().kind, ErrorKind::Retry);
    assert_eq!(commit("c").unwrap(), 2);
    store.lose_answer(1);
    assert!(commit("d").unwrap_err().message.contains("commit 3 is lost"));
    assert_eq!(commit("e").unwrap(), 4);
    store.fail_read(3);
    assert!(contents(&store).unwrap_err().message.contains("an entry of a scan"));
    let (sequence, found) = contents(&store).unwrap();
    assert_eq!((sequence, found.len()), (4, 4));
    store.fail_read(1);
    assert!(store.read().is_err());
    assert_eq!(store.inner().verify().unwrap(), store.verify().unwrap());
    assert_eq!(store.into_inner().verify().unwrap().keys, 4);
}
