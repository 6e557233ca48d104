//! Interrupted catching up: stopped at any commit, it must continue later, and until it is done the
//! old version serves requests.
//!
//! Method: a store that fails at the k-th commit, for every k.

use super::*;
use lockstep_kit::fault_store::FaultStore;
use lockstep_store::memory::MemoryStore;

/// Goal: a crash at any commit of catching up neither loses nor doubles anything (S23, S24).
/// Method: the k-th commit is refused, or applied without a reply, for every k; after each, either
/// the old version's states are untouched or the new one serves, and a rerun ends with the store
/// that a complete filling gives.
#[test]
fn s23_catching_up_survives_a_crash_at_every_commit() {
    let first = variants::catalog(original());
    let log = front(&log(first.source(SOURCE).unwrap()), 3);
    let second = variant("other_rows", &[OTHER_ROWS]);
    let expected = digest(&*filled(&second, &log), &second, Scope::All);
    let old = digest(&*filled(&first, &log), &first, Scope::All);
    let mut commits = 0;
    for lost_answer in [false, true] {
        for at in 1.. {
            let store = Arc::new(FaultStore::new(MemoryStore::new()));
            let shared: Arc<dyn Store> = store.clone();
            let bulk = Backfill::open(&first, &*shared, SOURCE, FILES, None, Options::default());
            let mut reader = Batches(log.clone().into());
            bulk.unwrap().unwrap().run(&mut reader, &mut |_| {}).unwrap();
            match lost_answer {
                true => store.lose_answer(at),
                false => store.refuse_commit(at),
            }
            let interrupted = catch_up_with(&*shared, &second, &log);
            if interrupted.is_ok() {
                commits += at;
                break;
            }
            let record = Generations::read(&*shared.read().unwrap()).unwrap();
            let active = record.artifacts[variants::NAME].active.clone().unwrap();
            match active.digest == first.artifacts()[0].1.digest() {
                true => assert_eq!(digest(&*shared, &first, Scope::All), old, "commit {at}"),
                false => assert_eq!(digest(&*shared, &second, Scope::All), expected, "commit {at}"),
            }
            catch_up_with(&*shared, &second, &log).unwrap();
            assert_eq!(digest(&*shared, &second, Scope::All), expected, "commit {at}");
            let record = Generations::read(&*shared.read().unwrap()).unwrap();
            assert!(record.garbage.is_empty());
        }
    }
    assert!(commits > 8, "{commits} commits were met");
}
