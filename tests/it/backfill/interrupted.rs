//! Interrupted backfills: no host may read their states, and running the same backfill again must
//! complete it (S24).
//!
//! Method: a store that fails after some commits, then reruns. Deliberately absent: killed
//! processes (`kills.rs`).

use super::{How, anonymous_log, digest, fill, fold, memory, typed_log};
use crate::online::{everyone, online, service};
use lockstep_core::ErrorKind;
use lockstep_core::event::EventBatch;
use lockstep_core::time::DAY_US;
use lockstep_engine::backfill::{Backfill, Options};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::export;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::OnlineHost;
use lockstep_kit::artifacts::catalog;
use lockstep_kit::fault_store::FaultStore;
use lockstep_store::canonical::Scope;
use lockstep_store::memory::MemoryStore;
use lockstep_store::progress::FILES;
use lockstep_store::unfinished::Unfinished;
use lockstep_store::{Snapshot, Store, WriteBatch};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A store that counts how often each id and tile was written.
#[derive(Debug)]
struct Counting {
    inner: FaultStore<MemoryStore>,
    written: Mutex<BTreeMap<Vec<u8>, u64>>,
}

impl Counting {
    fn new() -> Counting {
        Counting { inner: FaultStore::new(MemoryStore::new()), written: Mutex::default() }
    }
}

impl Store for Counting {
    fn read(&self) -> lockstep_core::Result<Box<dyn Snapshot + '_>> {
        self.inner.read()
    }

    fn commit(&self, batch: WriteBatch) -> lockstep_core::Result<u64> {
        let before = self.inner.inner().read().unwrap().sequence();
        let outcome = self.inner.commit(batch.clone());
        if self.inner.inner().read().unwrap().sequence() > before {
            let mut written = self.written.lock().unwrap();
            for (key, _) in batch.writes().filter(|(key, _)| matches!(key[0], b'i' | b't')) {
                *written.entry(key.to_vec()).or_default() += 1;
            }
        }
        outcome
    }
}

/// Checks that every host refuses the store for this source, with the remedy.
fn refused(catalog: &Arc<Catalog>, store: &Arc<dyn Store>, source: &str, batch: &EventBatch) {
    let online_host = OnlineHost::new(catalog.clone(), store.clone(), vec![service(catalog)]);
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    let errors = [
        online(&online_host.unwrap(), &everyone(30 * DAY_US)[0]).unwrap_err(),
        host.progress(source, FILES).unwrap_err(),
        host.apply(source, FILES, batch).unwrap_err(),
        host.apply(source, "another", batch).unwrap_err(),
        export::export(&**store, catalog, Scope::All, &mut |_, _| Ok(())).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, ErrorKind::Input);
        assert!(error.message.contains("run `lockstep backfill` again"), "{error}");
        assert!(error.message.contains(source), "{error}");
    }
}

/// Goal: wherever a backfill is interrupted, hosts refuse the store, a rerun makes the store of an
/// undisturbed run, and no id or tile is written twice (S24). Method: reruns that each fail after a
/// number of commits; the last commit is refused, or applied without a reply.
#[test]
fn s24_an_interrupted_backfill_is_refused_and_goes_on() {
    let catalog = catalog("every-type");
    for (source, log, commit_bytes_max) in [
        ("typed", typed_log(&catalog, 91, 90, 60), 4000),
        ("anonymous", anonymous_log(&catalog, 91, 90, 60), 100),
    ] {
        let small = |workers| How { commit_bytes_max, ..How::small(workers) };
        let streamed = memory();
        fold(&streamed, &catalog, source, &log, usize::MAX);
        let expected = digest(&*streamed, &catalog, Scope::All);
        let undisturbed = Counting::new();
        fill(&undisturbed, &catalog, source, &log, None, &small(2)).unwrap();
        let commits = undisturbed.read().unwrap().sequence();
        assert!(commits > 30, "{commits}");
        for share in [4, 9, 14] {
            let counting = Arc::new(Counting::new());
            let store: Arc<dyn Store> = counting.clone();
            let (mut runs, mut faults) = (0, commits / share);
            loop {
                match runs % 2 {
                    0 => counting.inner.refuse_commit(faults + 1),
                    _ => counting.inner.lose_answer(faults),
                }
                // Each rerun asks for other rounds and commits than before.
                let how = How { round_rows: 40 + runs * 13, ..small(1 + runs as usize % 3) };
                match fill(&*store, &catalog, source, &log, None, &how) {
                    Ok(_) => break,
                    Err(error) => assert_eq!(error.kind, ErrorKind::Retry, "{error}"),
                }
                runs += 1;
                let mark = Unfinished::read(&*store.read().unwrap(), source).unwrap();
                let begun = store.read().unwrap().sequence() > 0;
                match mark {
                    Some(mark) => {
                        refused(&catalog, &store, source, &log[0]);
                        // What was set aside is written again until the whole log was read.
                        faults += u64::from(mark.log.is_none());
                    }
                    // The lost reply was that to the last commit.
                    None if begun => break,
                    None => {}
                }
            }
            assert!(runs >= share / 2, "{runs} for {share}");
            assert_eq!(digest(&*store, &catalog, Scope::All), expected, "{source}, {share}");
            let written = counting.written.lock().unwrap();
            let twice: Vec<_> = written.iter().filter(|(_, times)| **times > 1).collect();
            assert!(twice.is_empty(), "{source}, {share}: {} keys", twice.len());
        }
    }
}

/// A store in which a backfill up to a position was interrupted after it had read the log.
fn interrupted(log: &[EventBatch], until: Option<u64>) -> Arc<FaultStore<MemoryStore>> {
    let store = Arc::new(FaultStore::new(MemoryStore::new()));
    store.refuse_commit(12);
    fill(&*store, &catalog("every-type"), "typed", log, until, &How::small(1)).unwrap_err();
    store
}

/// Goal: a rerun with another end or other files is refused with the remedy, and the right rerun
/// still works (S24).
#[test]
fn s24_a_rerun_must_be_the_same_backfill() {
    let catalog = catalog("every-type");
    let log = typed_log(&catalog, 92, 240, 60);
    let end = log.last().unwrap().next_position;
    let store = interrupted(&log, Some(end));
    for (until, words) in [(None, "with --until-position"), (Some(7), "with --until-position")] {
        let error = fill(&*store, &catalog, "typed", &log, until, &How::small(1)).unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert!(error.message.contains("delete the store"), "{error}");
    }
    let mut fewer = log.clone();
    fewer.pop();
    let mut other = log.clone();
    other[0] = typed_log(&catalog, 93, 240, 60)[0].clone();
    let last = other[0].positions.len().min(log[0].positions.len());
    other[0].records = other[0].records.slice(0, last);
    other[0].positions.truncate(last);
    other[0].failures.retain(|failure| (failure.row as usize) < last);
    let mut bad_line = log.clone();
    let bad = bad_line.iter_mut().find_map(|batch| batch.set_aside.last_mut()).unwrap();
    bad.bytes = b"another".to_vec();
    let mut bad_value = log.clone();
    let bad = bad_value.iter_mut().find_map(|batch| batch.failures.last_mut()).unwrap();
    bad.bytes = b"another".as_slice().into();
    let logs =
        [("fewer", &fewer), ("other", &other), ("bad line", &bad_line), ("bad value", &bad_value)];
    for (name, files) in logs {
        let error = fill(&*store, &catalog, "typed", files, Some(end), &How::small(1)).unwrap_err();
        assert!(error.message.contains("these files hold others"), "{name}: {error}");
        assert!(error.message.contains("delete the store"), "{name}: {error}");
    }
    fill(&*store, &catalog, "typed", &log, Some(end), &How::small(1)).unwrap();
    let streamed = memory();
    fold(&streamed, &catalog, "typed", &log, usize::MAX);
    assert_eq!(digest(&*store, &catalog, Scope::All), digest(&*streamed, &catalog, Scope::All));
}

/// Goal: a log that fails while it is read may be repaired: what was set aside from the old one is
/// removed (S8, S24). Method: a log of bad lines that ends with an error; then another log.
#[test]
fn s24_a_log_that_failed_may_change() {
    let catalog = catalog("every-type");
    let log = typed_log(&catalog, 94, 400, 60);
    let mended = typed_log(&catalog, 95, 240, 60);
    let store = memory();
    struct Failing(super::Batches);
    impl lockstep_source::EventReader for Failing {
        fn next(&mut self) -> lockstep_core::Result<Option<EventBatch>> {
            self.0.next()?.map(Some).ok_or_else(|| lockstep_core::Error::input("a torn file"))
        }
    }
    let open = || {
        let options = Options::default();
        let bulk = Backfill::open(&catalog, &*store, "typed", FILES, None, options).unwrap();
        let mut bulk = bulk.unwrap();
        bulk.cut(40, 300);
        bulk
    };
    let mut reader = Failing(super::Batches(log.into()));
    let error = open().run(&mut reader, &mut |_| {}).unwrap_err();
    assert_eq!(error.message, "a torn file");
    let aside = |store: &dyn Store| {
        let mut found = 0;
        let (start, end) = lockstep_store::layout::all_set_aside();
        let mut count = |_: &[u8], _: &[u8]| {
            found += 1;
            Ok(true)
        };
        store.read().unwrap().scan(&start, &end, &mut count).unwrap();
        found
    };
    assert!(aside(&*store) > 10);
    open().run(&mut super::Batches(mended.clone().into()), &mut |_| {}).unwrap();
    let streamed = memory();
    fold(&streamed, &catalog, "typed", &mended, usize::MAX);
    assert_eq!(digest(&*store, &catalog, Scope::All), digest(&*streamed, &catalog, Scope::All));
}

/// Goal: a backfill that is interrupted while it reads does not leave a store that looks empty, and
/// a backfill of an empty log leaves no mark (S24). Method: hosts are called while the first batch
/// is read; then the reading fails, and reruns find an empty log or the right one.
#[test]
fn s24_a_backfill_is_marked_before_it_reads() {
    struct Asking<'a> {
        catalog: &'a Arc<Catalog>,
        store: &'a Arc<dyn Store>,
        batch: EventBatch,
        asked: bool,
    }
    impl lockstep_source::EventReader for Asking<'_> {
        fn next(&mut self) -> lockstep_core::Result<Option<EventBatch>> {
            refused(self.catalog, self.store, "typed", &self.batch);
            self.asked = true;
            Err(lockstep_core::Error::input("a torn file"))
        }
    }
    let catalog = catalog("every-type");
    let log = typed_log(&catalog, 96, 60, 60);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let options = Options::default();
    let bulk = Backfill::open(&catalog, &*store, "typed", FILES, None, options).unwrap().unwrap();
    let mut reader =
        Asking { catalog: &catalog, store: &store, batch: log[0].clone(), asked: false };
    assert_eq!(bulk.run(&mut reader, &mut |_| {}).unwrap_err().message, "a torn file");
    assert!(reader.asked);
    refused(&catalog, &store, "typed", &log[0]);

    fill(&*store, &catalog, "typed", &[], None, &How::small(1)).unwrap();
    assert!(Unfinished::read(&*store.read().unwrap(), "typed").unwrap().is_none());
    fill(&*store, &catalog, "typed", &log, None, &How::small(1)).unwrap();
    let streamed = memory();
    fold(&streamed, &catalog, "typed", &log, usize::MAX);
    assert_eq!(digest(&*store, &catalog, Scope::All), digest(&*streamed, &catalog, Scope::All));

    let store = interrupted(&log, None);
    let error = fill(&*store, &catalog, "typed", &[], None, &How::small(1)).unwrap_err();
    assert!(error.message.contains("these files hold others"), "{error}");
}
