//! Properties of the readers of bytes that others wrote: files, projects, artifacts, stores, the
//! answers of guests, and texts.
//!
//! Invariant: a property takes any bytes at all. It returns if they were read or refused, and panics
//! if a law does not hold. No reader panics, and none takes more memory than [`HELD_BYTES_MAX`];
//! what was read in one way is read the same in another; what is written again reads back as it was.
//! The fuzz targets of `tests/fuzz` and the test `fuzz` of this workspace run the same functions.
//! Deliberately absent: what a value must be, which other tests say.
#![expect(clippy::unwrap_used, reason = "a property fails by panicking")]

pub mod allocation;
mod artifacts;
mod flat;
pub mod mutation;
mod projects;
mod schema;
mod sources;
mod stores;
mod tables;
mod texts;

/// Most bytes that a reader may hold beside its input, of any input of the targets.
pub const HELD_BYTES_MAX: usize = 512 << 20;

/// One reader and what must hold of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its corpus.
    pub name: &'static str,
    /// The property.
    pub property: fn(&[u8]),
    /// What a mutation may insert, beside bytes and numbers.
    pub words: &'static [&'static str],
    /// How many mutations the test tries.
    pub mutations: u64,
}

const JSON: &[&str] = &["{", "}", "[", "]", "\"", ":", ",", "null", "true", "1e309", "-0", "\\u"];

/// All targets.
pub const TARGETS: &[Target] = &[
    target("parquet", sources::parquet, &["PAR1"], 3_000),
    target("arrow_file", sources::arrow_file, &["ARROW1"], 3_000),
    target("arrow_stream", sources::arrow_stream, &["\u{0}\u{0}\u{0}\u{0}"], 5_000),
    target("ndjson", sources::ndjson, JSON, 4_000),
    target("csv", sources::csv, &["\"", ",", "\n", "\r\n", "\"\"", ";"], 4_000),
    target("tables", tables::tables, JSON, 2_000),
    target("project", projects::project, &["[", "]", "=", "\"", "files", "#", "'''"], 2_000),
    target("lock", projects::lock, &["[artifacts]", "=", "\"", "sha256:"], 1_000),
    target("pattern", projects::pattern, &["*", "**", "?", "[", "]", "!", "/", ".."], 500),
    target("manifest", artifacts::manifest, JSON, 4_000),
    target("component", artifacts::component, &["lockstep:manifest", "\u{0}asm"], 1_000),
    target("flat", flat::batch, &[], 8_000),
    target("outcome", flat::outcome, &[], 8_000),
    target("states", flat::states, &[], 8_000),
    target("records", stores::records, JSON, 4_000),
    target("tiles", stores::tiles, &[], 8_000),
    target("commit", stores::commit, &[], 60),
    target("json", texts::json, JSON, 8_000),
    target("times", texts::times, &["Z", "T", "+", "-", ":", ".", "00", "d", "us"], 8_000),
];

const fn target(
    name: &'static str,
    property: fn(&[u8]),
    words: &'static [&'static str],
    mutations: u64,
) -> Target {
    Target { name, property, words, mutations }
}

/// The target called `name`.
///
/// # Panics
/// If there is none.
pub fn named(name: &str) -> Target {
    *TARGETS.iter().find(|target| target.name == name).expect("a target of the list")
}

impl Target {
    /// Checks the property, and how much memory it took.
    pub fn check(&self, bytes: &[u8]) {
        allocation::within(HELD_BYTES_MAX, || (self.property)(bytes));
    }
}
