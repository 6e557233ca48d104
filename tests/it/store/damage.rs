//! Damage to the durable store's log: opening must give the exact data of a commit, or an error.
//!
//! Invariant: whatever happens to the bytes, a store that opens holds `state(n)` for the `n` that
//! it reports, `open` accepts only the newest acknowledged commit, and there is no panic. sled
//! alone does not keep this: its recovery silently continues after a damaged message in the middle
//! of the log. Deliberately absent: damage to the small files next to the log (`guard`).

use super::{Author, Numbers, copy};
use lockstep_core::ErrorKind;
use lockstep_store::Store;
use lockstep_store::sled::SledStore;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use tempfile::TempDir;

/// How many damaged copies each test opens.
const ROUNDS: &str = "LOCKSTEP_DAMAGE_ROUNDS";
/// The seed of the damage.
const SEED: &str = "LOCKSTEP_DAMAGE_SEED";

/// Enough for a log of several segments of 512 KB.
const AUTHOR: Author = Author { writes: 300, keys: 2_000 };
const COMMITS: u64 = 12;
/// After this many commits the store is closed and opened again, which makes sled write a snapshot.
const COMMITS_BEFORE_SNAPSHOT: u64 = 5;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// What a kill leaves after the last commit: an image of an open store.
fn killed_store() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (path, image) = (folder.path().join("store"), folder.path().join("image"));
    let mut store = SledStore::create(&path).unwrap();
    for n in 1..=COMMITS {
        store.commit(AUTHOR.batch(n)).unwrap();
        if n == COMMITS_BEFORE_SNAPSHOT {
            drop(store);
            store = SledStore::open(&path).unwrap();
        }
    }
    copy(&path, &image);
    assert!(fs::metadata(image.join("db")).unwrap().len() > 3 << 19, "several segments");
    assert_eq!(snapshots(&image).len(), 1);
    folder
}

fn snapshots(path: &Path) -> Vec<std::path::PathBuf> {
    let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap."))
        .collect()
}

/// How opening the damaged copies ended.
#[derive(Debug, Default)]
struct Tally {
    whole: u64,
    behind: u64,
    refused: u64,
}

/// Opens a damaged store in both ways and checks what it reports to hold.
fn open_damaged(path: &Path, place: &str, tally: &mut Tally) {
    match SledStore::open(path) {
        Ok(store) => {
            assert_eq!(AUTHOR.check(&store).unwrap(), COMMITS, "{place}");
            tally.whole += 1;
            return;
        }
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Restore, "{place}: {error}");
            println!("  {error}");
        }
    }
    match SledStore::open_behind(path) {
        Ok((store, rewind)) => {
            let held = AUTHOR.check(&store).unwrap();
            assert_eq!((rewind.held, rewind.acknowledged), (held, Some(COMMITS)), "{place}");
            // As when the host replays the source: the store continues from what it holds.
            assert_eq!(store.commit(AUTHOR.batch(held + 1)).unwrap(), held + 1, "{place}");
            drop(store);
            assert_eq!(AUTHOR.check(&SledStore::open(path).unwrap()).unwrap(), held + 1, "{place}");
            tally.behind += 1;
        }
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Restore, "{place}: {error}");
            tally.refused += 1;
        }
    }
}

/// Damages copies of a killed store, with and without its snapshot, and opens them.
fn check(damage: impl Fn(&mut Numbers, &File, u64) -> String) -> Tally {
    let (seed, rounds) = (number(SEED, 1), number(ROUNDS, 24));
    let folder = killed_store();
    let mut tally = Tally::default();
    for round in 0..rounds {
        let copied = folder.path().join("copy");
        copy(&folder.path().join("image"), &copied);
        if round % 2 == 1 {
            snapshots(&copied).iter().for_each(|path| fs::remove_file(path).unwrap());
        }
        let log = File::options().read(true).write(true).open(copied.join("db")).unwrap();
        let length = log.metadata().unwrap().len();
        let mut numbers = Numbers(seed.wrapping_mul(1 << 32) + round);
        let what = damage(&mut numbers, &log, length);
        drop(log);
        let place = format!("{SEED}={seed} round {round}: {what}");
        println!("{place}");
        open_damaged(&copied, &place, &mut tally);
        fs::remove_dir_all(&copied).unwrap();
    }
    println!("{tally:?}");
    tally
}

/// Goal: a truncated log is detected. Method: cut off a few bytes, some pages, or any part.
#[test]
fn a_cut_log_shows() {
    let tally = check(|numbers, log, length| {
        let cut = match numbers.below(3) {
            0 => 1 + numbers.below(100),
            1 => numbers.below(1 << 20),
            _ => numbers.below(length + 1),
        };
        log.set_len(length - cut.min(length)).unwrap();
        format!("cut {cut} of {length} bytes")
    });
    assert!(tally.behind + tally.refused > 0, "the cuts met nothing");
}

/// Goal: flipped bits are detected. Method: flip one to eight bits anywhere.
#[test]
fn flipped_bits_show() {
    let tally = check(|numbers, log, length| {
        let places: Vec<u64> = (0..1 + numbers.below(8)).map(|_| numbers.below(length)).collect();
        for &at in &places {
            let mut byte = [0];
            log.read_exact_at(&mut byte, at).unwrap();
            log.write_all_at(&[byte[0] ^ 1 << numbers.below(8)], at).unwrap();
        }
        format!("flipped bits at {places:?} of {length}")
    });
    assert!(tally.behind + tally.refused > 0, "the flips met nothing");
}

/// Goal: a sector that was never written, or written elsewhere, is detected. Method: zeros or
/// another part of the log over 512 to 65,536 bytes, at multiples of 512.
#[test]
fn lost_sectors_show() {
    let tally = check(|numbers, log, length| {
        let sectors = length / 512;
        let at = numbers.below(sectors) * 512;
        let mut bytes = vec![0; (512 << numbers.below(8)).min(length - at) as usize];
        let from = numbers.below(sectors) * 512;
        let misdirected = numbers.below(2) == 1 && from + bytes.len() as u64 <= length;
        if misdirected {
            log.read_exact_at(&mut bytes, from).unwrap();
        }
        log.write_all_at(&bytes, at).unwrap();
        format!("{} bytes at {at} of {length}, misdirected: {misdirected}", bytes.len())
    });
    assert!(tally.behind + tally.refused > 0, "the losses met nothing");
}
