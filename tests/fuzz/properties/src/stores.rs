//! What a store holds: records, tiles, and the file of its newest commit.

use crate::schema::PLAN;
use lockstep_core::generation::Sha;
use lockstep_store::base::Base;
use lockstep_store::generations::Generations;
use lockstep_store::memory::MemoryStore;
use lockstep_store::progress::Progress;
use lockstep_store::rejected::Rejected;
use lockstep_store::set_progress::{RowsContent, set_position};
use lockstep_store::sled::SledStore;
use lockstep_store::unfinished::Unfinished;
use lockstep_store::{Snapshot, Store, WriteBatch, layout};
use std::fs;

/// The law: a record that was read is the same when it is written and read again. The first byte
/// chooses the record.
pub(crate) fn records(bytes: &[u8]) {
    let Some((kind, value)) = bytes.split_first() else { return };
    let sha = Sha::of(b"artifact");
    match kind % 8 {
        0 => law(&layout::source("s", "p"), value, |at| {
            Progress::read(at, "s", "p").ok()?.encode().ok()
        }),
        1 => {
            let key = layout::rejected("s", "p", Some(0));
            let store = holding(&key, value);
            let read = store.read().unwrap();
            if let Ok(rejected) = Rejected::read(&*read, "s", "p") {
                let mut batch = WriteBatch::default();
                rejected.write("s", "p", &mut batch).unwrap();
                let again = MemoryStore::new();
                again.commit(batch).unwrap();
                let found = Rejected::read(&*again.read().unwrap(), "s", "p").unwrap();
                assert_eq!(found, rejected, "rejected positions that were written");
                let total: u64 = rejected.runs().iter().map(|run| run.end - run.start).sum();
                assert_eq!(total, rejected.len());
            }
        }
        2 => law(layout::GENERATIONS, value, |at| {
            written(|b| Generations::read(at).ok()?.write(b).ok())
        }),
        3 => law(&layout::base("s"), value, |at| {
            written(|batch| Base::read(at, "s").ok()??.write("s", batch).ok())
        }),
        4 => law(&layout::unfinished("s"), value, |at| {
            Unfinished::read(at, "s").ok()??.encode().ok()
        }),
        5 => law(&layout::set_position(1, "p"), value, |at| {
            Some(set_position(at, 1, "p").ok()?.to_le_bytes().to_vec())
        }),
        6 => law(&layout::rows_content(&sha, "p"), value, |at| {
            written(|batch| RowsContent::read(at, &sha, "p").ok()?.write(&sha, "p", batch).ok())
        }),
        // Keys are read, too.
        _ => {
            let _ = layout::tile_name(value);
            let _ = layout::tile_start(value);
            let _ = layout::set_aside_place(value);
        }
    }
}

/// A store with this one entry.
fn holding(key: &[u8], value: &[u8]) -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = WriteBatch::default();
    batch.put(key.to_vec(), value.to_vec()).unwrap();
    store.commit(batch).unwrap();
    store
}

/// The bytes of the one value that `write` puts into a batch.
fn written(write: impl FnOnce(&mut WriteBatch) -> Option<()>) -> Option<Vec<u8>> {
    let mut batch = WriteBatch::default();
    write(&mut batch)?;
    let store = MemoryStore::new();
    store.commit(batch).unwrap();
    let mut found = None;
    let read = store.read().unwrap();
    read.scan(&[], &[0xff; 64], &mut |_, value| {
        found = Some(value.to_vec());
        Ok(true)
    })
    .unwrap();
    found
}

/// What is read under `key` encodes to bytes that are read as what encodes to the same bytes.
fn law(key: &[u8], value: &[u8], read: impl Fn(&dyn Snapshot) -> Option<Vec<u8>>) {
    let encoded = |value: &[u8]| {
        let store = holding(key, value);
        let snapshot = store.read().unwrap();
        read(&*snapshot)
    };
    if let Some(first) = encoded(value) {
        assert_eq!(encoded(&first), Some(first), "a record that was written");
    }
}

/// The law: a state has one encoding. The first byte chooses some of the view's slots.
pub(crate) fn tiles(bytes: &[u8]) {
    let Some((chosen, payload)) = bytes.split_first() else { return };
    let fold = &PLAN.fold;
    let slots: Vec<usize> = match chosen {
        0xff => fold.all_slots(),
        chosen => vec![usize::from(*chosen) % fold.slots.len()],
    };
    let Some(state) = fold.decode(payload, &slots) else { return };
    let mut again = Vec::new();
    fold.encode(&state, &slots, &mut again);
    assert!(again == payload, "slots {slots:?}: {payload:?} is read as {again:?}");
    let mut merged = fold.zero();
    fold.merge(&mut merged, &state, &slots);
    let mut encoded = Vec::new();
    fold.encode(&merged, &slots, &mut encoded);
    assert!(encoded == payload, "slots {slots:?}: zero is the identity of {payload:?}");
}

/// The law: a store whose file of the newest commit was replaced opens only if its record is that of
/// the store.
pub(crate) fn commit(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = SledStore::open_or_create(&path).unwrap();
    let mut batch = WriteBatch::default();
    batch.put(b"key".to_vec(), b"value".to_vec()).unwrap();
    store.commit(batch).unwrap();
    drop(store);
    fs::write(path.join("COMMIT"), bytes).unwrap();
    if let Ok(store) = SledStore::open(&path) {
        assert_eq!(&*store.read().unwrap().get(b"key").unwrap().unwrap(), b"value");
    }
}
