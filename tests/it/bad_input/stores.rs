//! Stores that cannot be used give clear errors: missing, in use, damaged, or filled from other
//! files.
//!
//! Deliberately absent: every way to damage a store (`store/damage.rs`).

use super::Place;
use lockstep_engine::backfill::{Backfill, Options};
use lockstep_kit::artifacts::catalog;
use lockstep_kit::fault_store::FaultStore;
use lockstep_source::{ReadOptions, open_files};
use lockstep_store::export::digest;
use lockstep_store::progress::FILES;
use lockstep_store::sled::SledStore;
use std::fs;

const GET: &str = "get mention_ranker actor=a candidate=b area=c";

/// Goal: a request to a store that does not exist does not create one.
#[test]
fn an_absent_store_is_named() {
    let place = Place::new();
    place.check(GET, 2, &["there is no store at", "make one by a backfill"]);
    place.write("store", "text");
    place.check_files(GET, 2, &["store", "is a file"]);
    place.check_files("backfill", 2, &["store"]);
}

/// Goal: a store that another host holds is a failure of the environment: exit 3, try again.
#[test]
fn a_store_in_use_is_named() {
    let place = Place::with_store();
    let store = SledStore::open(place.path("store")).unwrap();
    for command in [GET, "stream", "backfill"] {
        place.check_files(command, 3, &["store", "in use", "try again"]);
    }
    drop(store);
    place.ends(GET, 0, &[]);
}

/// Goal: a damaged store is never read as if it were valid: exit 3, and the message says to restore
/// it or fill a new one. Method: the database file overwritten in its middle, and truncated.
#[test]
fn a_damaged_store_is_refused() {
    for damage in 0..2 {
        let place = Place::with_store();
        let folder = place.path("store");
        let file = find(&folder, "db");
        let mut bytes = fs::read(&file).unwrap();
        let half = bytes.len() / 2;
        match damage {
            0 => bytes[..half].fill(0xa5),
            _ => bytes.truncate(half),
        }
        fs::write(&file, bytes).unwrap();
        for command in [GET, "stream"] {
            place.check_files(command, 3, &["store", "restore a backup"]);
        }
    }
}

/// Goal: a store that has read more than its files contain is an error that says so, not a silent
/// end.
#[test]
fn s24_files_that_were_replaced_are_noticed() {
    let place = Place::with_store();
    place.change(("issue_events.parquet", 500), "fewer.parquet", |_, array| Some(array));
    let words =
        ["file number 1 was", "issue_events.parquet", "fewer.parquet", "bring back the files"];
    place.check("stream --events issue_events=@fewer.parquet", 2, &words);
    place.check("backfill --events issue_events=@fewer.parquet", 2, &words);
}

/// Goal: a store left by a killed backfill is refused with the remedy, the remedy works, and
/// running it twice changes nothing. Method: compared with the store of an undisturbed backfill.
#[test]
fn s24_half_a_backfill_is_named_and_goes_on() {
    let (place, sound) = (Place::new(), Place::with_store());
    half_a_backfill(&place);
    for command in [GET, "stream"] {
        place.check_files(command, 2, &["issue_events", "run `lockstep backfill` again"]);
    }
    let other = ["ran without --until-position", "delete the store"];
    place.check_files("backfill --until-position 7", 2, &other);
    let held =
        |place: &Place| digest(&SledStore::open(place.path("store")).unwrap(), None).unwrap();
    for _ in 0..2 {
        place.ends("backfill", 0, &[]);
        assert_eq!(held(&place), held(&sound));
    }
}

/// Leaves the store of a backfill that was killed.
pub(crate) fn half_a_backfill(place: &Place) {
    let path = place.path("store");
    let store = FaultStore::new(SledStore::create(&path).unwrap());
    let catalog = catalog("user-mentions");
    let schema = catalog.source("issue_events").unwrap().clone();
    let files = [place.path("issue_events.parquet")];
    let mut reader = open_files(&files, schema, ReadOptions::default()).unwrap();
    let options = Options::default();
    let bulk = Backfill::open(&catalog, &store, "issue_events", FILES, None, options).unwrap();
    let mut bulk = bulk.unwrap();
    bulk.cut(1 << 20, 10_000);
    store.refuse_commit(3);
    bulk.run(&mut *reader, &mut |_| {}).unwrap_err();
}

/// The file of this name somewhere below a folder.
fn find(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.ends_with(name) => return path,
                false => {}
            }
        }
    }
    panic!("{} has no file {name}", folder.display());
}
