//! The cache of compiled artifacts: only what this user wrote, whole, is ever run (S23).
//!
//! Method: a cache that works, changed in one way after the other; whether an entry was used shows
//! in whether it was written anew. Deliberately absent: code that does harm; that it is not used is
//! what is tested.
#![cfg(unix)]

use super::{STEADY, events, evil_file};
use lockstep_guest::{Artifact, Engine, EngineConfig, Transformer};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

fn entries(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "cwasm")).collect();
    entries.sort();
    entries
}

fn loaded(config: EngineConfig) {
    let artifact = Artifact::load(&Engine::new(config).unwrap(), evil_file()).unwrap();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let outcomes = transformer.map(&[STEADY], &events(&artifact, &["honest"; 2])).unwrap();
    assert_eq!(outcomes[0].source_rows, [0, 1]);
}

fn works(folder: &Path) {
    let cache_dir = Some(folder.to_path_buf());
    loaded(EngineConfig { cache_dir, ..EngineConfig::default() });
}

/// A cache with one entry, within a folder of its own.
fn filled() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("compiled");
    works(&folder);
    let [entry] = &entries(&folder)[..] else { panic!("one entry is expected") };
    let entry = entry.clone();
    (above, folder, entry)
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Whether loading wrote the entry anew.
fn written_anew(folder: &Path, entry: &Path) -> bool {
    let before = fs::symlink_metadata(entry).unwrap().ino();
    works(folder);
    fs::symlink_metadata(entry).unwrap().ino() != before
}

/// Goal: an entry is used again, and only this user can read it and its key.
#[test]
fn whole_entries_are_used() {
    let (_above, folder, entry) = filled();
    assert!(!written_anew(&folder, &entry));
    for path in [&entry, &folder.join("key")] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
}

/// Goal: damaged, truncated or forged compiled code is never run: the artifact is compiled again
/// and the entry replaced. Method: one byte is flipped at many places, the file is truncated, and
/// the entry is taken from a cache with another key.
#[test]
fn damaged_or_forged_code_is_replaced() {
    let (_above, folder, entry) = filled();
    let good = fs::read(&entry).unwrap();
    let check = |bytes: &[u8]| {
        fs::write(&entry, bytes).unwrap();
        assert!(written_anew(&folder, &entry));
        assert_eq!(fs::read(&entry).unwrap(), good);
        assert_eq!(entries(&folder), std::slice::from_ref(&entry));
    };
    for part in [0, 40, good.len() - 1] {
        let mut bad = good.clone();
        bad[part] ^= 1;
        check(&bad);
    }
    for end in [0, 31, good.len() / 2] {
        check(&good[..end]);
    }
    let (_other_above, _, other) = filled();
    let forged = fs::read(other).unwrap();
    assert_eq!(forged[32..], good[32..]);
    check(&forged);
}

/// Goal: a file that others could have written, or that is a link, is never run, and what it links
/// to is left alone.
#[test]
fn files_of_others_are_replaced() {
    let (above, folder, entry) = filled();
    let good = fs::read(&entry).unwrap();
    mode(&entry, 0o644);
    assert!(written_anew(&folder, &entry));
    let elsewhere = above.path().join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &entry).unwrap();
    assert!(written_anew(&folder, &entry));
    fs::remove_file(&entry).unwrap();
    fs::hard_link(&elsewhere, &entry).unwrap();
    assert!(written_anew(&folder, &entry));
    assert_eq!(fs::read(&elsewhere).unwrap(), good);
    let id = fs::metadata(&entry).unwrap().uid();
    if id == 0 {
        std::os::unix::fs::chown(&entry, Some(1), None).unwrap();
        assert!(written_anew(&folder, &entry));
    }
}

static NOTICES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Loads with a cache that cannot be used, and returns the one notice.
fn notice(folder: &Path) -> String {
    let notify: fn(&str) = |notice| NOTICES.lock().unwrap().push(notice.to_string());
    let before = entries_if_any(folder);
    let cache_dir = Some(folder.to_path_buf());
    let config = EngineConfig { cache_dir, notify: Some(notify), ..EngineConfig::default() };
    let engine = Engine::new(config).unwrap();
    for _ in 0..2 {
        Artifact::load(&engine, evil_file()).unwrap();
    }
    assert_eq!(entries_if_any(folder), before);
    let mut notices = NOTICES.lock().unwrap();
    let place = folder.ancestors().nth(1).unwrap().display().to_string();
    let (own, others): (Vec<String>, Vec<String>) =
        notices.drain(..).partition(|notice| notice.contains(&place));
    *notices = others;
    assert_eq!(own.len(), 1, "{own:?}");
    own.concat()
}

fn entries_if_any(folder: &Path) -> Vec<PathBuf> {
    if folder.is_dir() { entries(folder) } else { vec![] }
}

/// Goal: a cache that others may change is not used, with one notice that says why; the artifact
/// still loads. Method: the folder, one above it, and the file of the key, each open to others.
#[test]
fn a_cache_of_others_is_not_used() {
    let (above, folder, _) = filled();
    mode(&folder, 0o770);
    assert!(notice(&folder).contains("others may write to"));
    mode(&folder, 0o700);
    mode(above.path(), 0o777);
    assert!(notice(&folder).contains("others may write to"));
    // A sticky folder, as the system's for temporary files, lets nobody rename what is in it.
    mode(above.path(), 0o1777);
    assert!(!written_anew(&folder, &entries(&folder)[0]));
    mode(above.path(), 0o700);
    mode(&folder.join("key"), 0o644);
    assert!(notice(&folder).contains("key"));
    mode(&folder.join("key"), 0o600);
    let linked = above.path().join("linked");
    fs::rename(folder.join("key"), &linked).unwrap();
    std::os::unix::fs::symlink(&linked, folder.join("key")).unwrap();
    assert!(notice(&folder).contains("key"));
    if fs::metadata(&folder).unwrap().uid() == 0 {
        std::os::unix::fs::chown(&folder, Some(1), None).unwrap();
        assert!(notice(&folder).contains("belongs to another user"));
    }
}

/// Goal: a link to a private folder is followed once; the folder that it leads to is what counts.
#[test]
fn a_link_leads_to_the_folder_that_is_checked() {
    let (above, folder, entry) = filled();
    let link = above.path().join("link");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    assert!(!written_anew(&link, &entry));
    mode(&folder, 0o777);
    assert!(notice(&link).contains("others may write to"));
}

/// Goal: a key that was cut off is made anew, and the entries with it.
#[test]
fn a_key_that_was_cut_off_is_made_anew() {
    let (_above, folder, entry) = filled();
    fs::write(folder.join("key"), b"short").unwrap();
    assert!(written_anew(&folder, &entry));
    assert!(!written_anew(&folder, &entry));
    assert_eq!(fs::metadata(folder.join("key")).unwrap().len(), 32);
}

/// Goal: the cache stays within its limit: the oldest entries are deleted, and one that is larger
/// than the limit is not kept.
#[test]
fn the_oldest_entries_are_deleted() {
    let (_above, folder, entry) = filled();
    let bytes = fs::metadata(&entry).unwrap().len();
    let limited = |cache_bytes_max: u64| {
        let cache_dir = Some(folder.clone());
        loaded(EngineConfig { cache_dir, cache_bytes_max, ..EngineConfig::default() });
    };
    let old = folder.join(format!("{}-0.cwasm", "0".repeat(64)));
    fs::write(&old, vec![0; 100]).unwrap();
    let file = fs::File::options().write(true).open(&old).unwrap();
    let earlier = fs::metadata(&entry).unwrap().modified().unwrap();
    file.set_modified(earlier - std::time::Duration::from_secs(60)).unwrap();
    fs::remove_file(&entry).unwrap();
    limited(bytes + 100);
    assert_eq!(entries(&folder), [old.clone(), entry.clone()]);
    fs::remove_file(&entry).unwrap();
    limited(bytes + 99);
    assert_eq!(entries(&folder), std::slice::from_ref(&entry));
    fs::remove_file(&entry).unwrap();
    limited(bytes / 2);
    assert!(entries(&folder).is_empty());
}
