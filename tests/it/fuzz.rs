//! The properties of every reader of bytes that others wrote, over the committed corpora and a
//! bounded number of mutations of them.
//!
//! Method: the fuzz targets of `tests/fuzz` run the same functions for as long as they are let;
//! here mutations are made from seeds, and a failure prints its seed. `LOCKSTEP_MUTATIONS=1000000`
//! tries so many of each. What a fuzzer found lies in the corpora as well, so it is tried each time.

use crate::tidy::root;
use lockstep_properties::mutation::input;
use lockstep_properties::{TARGETS, named};
use std::fs;

/// Most bytes of all corpora.
const CORPORA_BYTES_MAX: usize = 400 << 10;

/// The files of a target's corpus, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/fuzz/corpus").join(name);
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Says which input was tried when a property failed.
struct Tried(String);

impl Drop for Tried {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

fn holds(name: &str) {
    let target = named(name);
    let corpus = corpus(name);
    for (at, bytes) in corpus.iter().enumerate() {
        let _tried = Tried(format!("{name}: file {at} of its corpus"));
        target.check(bytes);
    }
    let more = std::env::var("LOCKSTEP_MUTATIONS").ok().and_then(|text| text.parse().ok());
    for seed in 0..more.unwrap_or(target.mutations) {
        let bytes = input(seed, &corpus, target.words);
        let _tried = Tried(format!("{name}: seed {seed}, {bytes:?}"));
        target.check(&bytes);
    }
}

/// One test for each target, and one that no target was forgotten.
macro_rules! properties_hold {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name));
        })*

        /// Goal: every target has a test, a binary for the fuzzer and a small corpus.
        #[test]
        fn every_reader_is_fuzzed() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), tested);
            let manifest = fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).unwrap();
            let mut sum = 0;
            for name in tested {
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} has no binary");
                sum += corpus(name).iter().map(Vec::len).sum::<usize>();
            }
            assert!(sum <= CORPORA_BYTES_MAX, "the corpora have {sum} bytes");
        }
    };
}

properties_hold!(
    parquet,
    arrow_file,
    arrow_stream,
    ndjson,
    csv,
    tables,
    project,
    lock,
    pattern,
    manifest,
    component,
    flat,
    outcome,
    states,
    records,
    tiles,
    commit,
    json,
    times,
);
