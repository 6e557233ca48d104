//! The durable store's checks: for each kind of loss or damage that they detect, one test.
//!
//! Invariant: a test damages or replaces files of the store's directory, and requires either the
//! exact data or an error that names the place and the remedy. Deliberately absent: random damage
//! to the log (`damage`) and kills (`crash`).

use super::{Author, copy, long_key};
use lockstep_core::ErrorKind;
use lockstep_store::sled::{Rewind, SledStore};
use lockstep_store::{Store, Verify, WriteBatch};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const AUTHOR: Author = Author { writes: 60, keys: 200 };

/// A closed store with this many commits.
fn closed_store(commits: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = SledStore::create(&path).unwrap();
    commit_until(&store, commits);
    drop(store);
    (folder, path)
}

fn commit_until(store: &SledStore, commits: u64) {
    let held = store.read().unwrap().sequence();
    for n in held + 1..=commits {
        assert_eq!(store.commit(AUTHOR.batch(n)).unwrap(), n);
    }
}

/// Checks that the store opens, holds exactly commit `n`, and accepts another.
fn holds(path: &Path, n: u64) {
    let store = SledStore::open(path).unwrap();
    assert_eq!(AUTHOR.check(&store).unwrap(), n);
    commit_until(&store, n + 1);
    assert_eq!(AUTHOR.check(&store).unwrap(), n + 1);
}

/// Checks that the store does not open, for this reason.
fn refuses(path: &Path, kind: ErrorKind, words: &[&str]) {
    let error = SledStore::open(path).unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

fn snapshots(path: &Path) -> Vec<PathBuf> {
    let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("snap.");
    entries.filter(named).collect()
}

/// Goal: a path that is not a store is the caller's error, and is left unchanged. Method: a missing
/// path, a file, a file in place of a folder, an empty directory, a directory with something else
/// in it.
#[test]
fn what_is_not_a_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "x").unwrap();
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/thesis.txt"), "x").unwrap();
    refuses(&at("absent"), ErrorKind::Input, &["there is no store at", "absent", "backfill"]);
    refuses(&at("file"), ErrorKind::Input, &["is a file"]);
    refuses(&at("file/store"), ErrorKind::Input, &["file/store cannot be opened"]);
    refuses(&at("empty"), ErrorKind::Input, &["is not a store", "FORMAT"]);
    refuses(&at("full"), ErrorKind::Input, &["is not a store"]);
    for name in ["file", "file/store", "full", "absent/store"] {
        let error = SledStore::create(at(name)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Input, "{error}");
        assert!(error.message.contains(name), "{error}");
    }
    assert_eq!(fs::read_dir(at("full")).unwrap().count(), 1);
    drop(SledStore::create(at("empty")).unwrap());
    let error = SledStore::create(at("empty")).unwrap_err();
    assert!(error.message.contains("there is a store"), "{error}");
    drop(SledStore::open_or_create(at("empty")).unwrap());
    drop(SledStore::open_or_create(at("new")).unwrap());
}

/// Goal: a store of another format is refused, and the error names the format. Method: a FORMAT of
/// the previous version and of the next one, and others without any version.
#[test]
fn another_format_is_refused_by_name() {
    let (_folder, path) = closed_store(1);
    for version in [2, 4] {
        fs::write(path.join("FORMAT"), format!("lockstep store {version}\n")).unwrap();
        let held = format!("format version {version}");
        let words = [&held, "reads version 3", "`lockstep backfill` into a new store"];
        refuses(&path, ErrorKind::Input, &words);
    }
    for other in [b"".as_slice(), b"lockstep store x\n", b"\xff\xfe", &[b'1'; 4096]] {
        fs::write(path.join("FORMAT"), other).unwrap();
        refuses(&path, ErrorKind::Input, &["is not a store"]);
    }
    fs::write(path.join("FORMAT"), "lockstep store 3\n").unwrap();
    holds(&path, 1);
}

/// Goal: only one process can have a store open; a second one gets an error that names the place
/// and says to retry. Method: open it twice, then once more after closing, many times, because
/// sled's threads linger.
#[test]
fn a_store_has_one_owner() {
    let (_folder, path) = closed_store(1);
    let owner = SledStore::open(&path).unwrap();
    refuses(&path, ErrorKind::Retry, &[path.to_str().unwrap(), "in use by another process"]);
    assert_eq!(AUTHOR.check(&owner).unwrap(), 1);
    drop(owner);
    for n in 1..20 {
        holds(&path, n);
    }
}

/// Goal: a store opens after it was killed during opening. Method: what such a kill leaves: an
/// unfinished snapshot, under a name that sorts last, and a truncated configuration.
#[test]
fn unfinished_files_are_cleared() {
    let (_folder, path) = closed_store(3);
    let unfinished = path.join("snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&unfinished, "half a snapshot").unwrap();
    let conf = fs::read(path.join("conf")).unwrap();
    fs::write(path.join("conf"), &conf[..conf.len() - 9]).unwrap();
    holds(&path, 3);
    assert!(!unfinished.exists());
    assert_eq!(fs::read(path.join("conf")).unwrap(), conf);
}

/// Goal: a snapshot that cannot be read is renamed, neither used nor deleted. Method: garbage in
/// its place, then none at all.
#[test]
fn damaged_snapshots_are_set_aside() {
    let (_folder, path) = closed_store(3);
    holds(&path, 3);
    let [snapshot] = snapshots(&path).try_into().unwrap();
    fs::write(&snapshot, "not a snapshot, though long enough").unwrap();
    holds(&path, 4);
    let name = snapshot.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        fs::read_to_string(path.join(format!("aside.{name}"))).unwrap(),
        "not a snapshot, though long enough"
    );
    snapshots(&path).iter().for_each(|path| fs::remove_file(path).unwrap());
    holds(&path, 5);
}

/// Goal: a store that lost acknowledged commits reports which, and can continue from what it holds.
/// Method: the log of an earlier copy under the COMMIT of a later one.
#[test]
fn a_store_behind_its_commit_says_what_it_lost() {
    let (folder, path) = closed_store(3);
    let earlier = folder.path().join("earlier");
    copy(&path, &earlier);
    let store = SledStore::open(&path).unwrap();
    commit_until(&store, 6);
    drop(store);
    fs::copy(path.join("COMMIT"), earlier.join("COMMIT")).unwrap();
    let words = ["lost commits 4 to 6", "holds commit 3", "open_behind", "replay"];
    refuses(&earlier, ErrorKind::Restore, &words);
    refuses(&earlier, ErrorKind::Restore, &words);
    let (store, rewind) = SledStore::open_behind(&earlier).unwrap();
    assert_eq!(rewind, Rewind { acknowledged: Some(6), held: 3 });
    assert_eq!(AUTHOR.check(&store).unwrap(), 3);
    drop(store);
    holds(&earlier, 3);
}

/// Goal: a store whose data is gone has lost commits; it is not a new store. Method: delete the log
/// and the snapshots.
#[test]
fn an_emptied_store_is_not_a_new_one() {
    let (_folder, path) = closed_store(3);
    snapshots(&path).iter().for_each(|path| fs::remove_file(path).unwrap());
    fs::remove_file(path.join("db")).unwrap();
    refuses(&path, ErrorKind::Restore, &["lost commits 1 to 3", "holds commit 0"]);
    let (store, rewind) = SledStore::open_behind(&path).unwrap();
    assert_eq!(rewind, Rewind { acknowledged: Some(3), held: 0 });
    assert_eq!(AUTHOR.check(&store).unwrap(), 0);
    drop(store);
    holds(&path, 0);
}

/// Goal: a crash between a commit and its COMMIT file loses nothing. Method: the COMMIT of one
/// commit earlier, and of the new store.
#[test]
fn a_store_may_be_one_commit_ahead() {
    for commits in [1, 3] {
        let (_folder, path) = closed_store(commits - 1);
        let before = fs::read(path.join("COMMIT")).unwrap();
        let store = SledStore::open(&path).unwrap();
        commit_until(&store, commits);
        drop(store);
        let after = fs::read(path.join("COMMIT")).unwrap();
        fs::write(path.join("COMMIT"), before).unwrap();
        drop(SledStore::open(&path).unwrap());
        assert_eq!(fs::read(path.join("COMMIT")).unwrap(), after);
        holds(&path, commits);
    }
}

/// Goal: a COMMIT file that is missing, damaged, too old or from another store is an error that
/// does not hide a loss, and that the caller can accept. Method: each of them in turn on one store.
#[test]
fn a_commit_file_that_does_not_fit_is_refused() {
    let (_folder, path) = closed_store(1);
    let old = fs::read(path.join("COMMIT")).unwrap();
    let store = SledStore::open(&path).unwrap();
    commit_until(&store, 3);
    drop(store);
    let (_other_folder, other_path) = closed_store(0);
    let other = SledStore::open(&other_path).unwrap();
    (0..3).for_each(|_| assert!(other.commit(WriteBatch::new()).is_ok()));
    drop(other);
    let other = fs::read(other_path.join("COMMIT")).unwrap();

    let commit = path.join("COMMIT");
    let damages = [
        (None, "COMMIT file is gone", None),
        (Some(&b"LSCOMMI"[..]), "COMMIT file is damaged", None),
        (Some(&old), "names commit 1 of another history", Some(1)),
        (Some(&other), "names commit 3 of another history", Some(3)),
    ];
    // Each time the loss is accepted, and the store makes one more commit.
    for (newest, (bytes, words, acknowledged)) in (3..).zip(damages) {
        match bytes {
            Some(bytes) => fs::write(&commit, bytes).unwrap(),
            None => fs::remove_file(&commit).unwrap(),
        }
        refuses(&path, ErrorKind::Restore, &[words, "open_behind"]);
        let (store, rewind) = SledStore::open_behind(&path).unwrap();
        assert_eq!(rewind, Rewind { acknowledged, held: newest }, "{words}");
        drop(store);
        holds(&path, newest);
    }
}

/// Goal: `open_behind` on a store that lost nothing changes nothing.
#[test]
fn accepting_a_whole_store_changes_nothing() {
    let (_folder, path) = closed_store(2);
    let (store, rewind) = SledStore::open_behind(&path).unwrap();
    assert_eq!(rewind, Rewind { acknowledged: Some(2), held: 2 });
    drop(store);
    holds(&path, 2);
}

/// Goal: after a commit that failed half-way every call fails until the store is opened again,
/// which finds the commit complete. Method: a directory at the path of the COMMIT file.
#[test]
fn a_failed_commit_closes_the_store() {
    let (_folder, path) = closed_store(1);
    let store = SledStore::open(&path).unwrap();
    let commit = path.join("COMMIT");
    let bytes = fs::read(&commit).unwrap();
    fs::remove_file(&commit).unwrap();
    fs::create_dir(&commit).unwrap();
    assert!(store.commit(AUTHOR.batch(2)).unwrap_err().to_string().contains("COMMIT"));
    for error in [
        store.read().err().unwrap(),
        store.commit(AUTHOR.batch(3)).unwrap_err(),
        store.verify().unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Retry);
        assert!(error.message.contains("open the store again"), "{error}");
    }
    drop(store);
    fs::remove_dir(&commit).unwrap();
    fs::write(&commit, bytes).unwrap();
    holds(&path, 2);
}

/// Goal: the limits of keys and values keep sled's pages in its log. Method: the longest keys, and
/// the longest values that are not split, written and half of them removed again.
#[test]
fn pages_stay_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::create(folder.path()).unwrap();
    for n in 0..6_u32 {
        let mut batch = WriteBatch::new();
        for n in n * 1_000..(n + 1) * 1_000 {
            batch.put(long_key(n), vec![n as u8; if n % 3 == 0 { 5_500 } else { 0 }]).unwrap();
        }
        store.commit(batch).unwrap();
        assert_eq!(folder.path().join("blobs").read_dir().unwrap().count(), 0);
    }
    let mut batch = WriteBatch::new();
    (0..6_000).filter(|n| n / 20 % 2 == 0).for_each(|n| batch.delete(long_key(n)).unwrap());
    store.commit(batch).unwrap();
    assert_eq!(folder.path().join("blobs").read_dir().unwrap().count(), 0);
    assert_eq!(store.verify().unwrap().keys, 3_000);
}
