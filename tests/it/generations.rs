//! Generations of views: which states a changed artifact must recompute, and that unchanged values
//! stay the same (S23).
//!
//! Method: variants of the example transform over the first part of its real log, in which some
//! events are delivered twice. After each change the canonical export of the store must equal, byte
//! for byte, that of a new store filled by the changed artifact. Deliberately absent: the commands.

mod history;
mod interrupted;
mod kills;
mod parting;

use crate::stream::{digest, memory};
use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use lockstep_core::Code;
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_engine::admission::arrivals::reading;
use lockstep_engine::backfill::{Backfill, Options};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::generations::{CaughtUp, View, catch_up};
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::parity::replay::Random;
use lockstep_engine::service::Service;
use lockstep_kit::artifacts::root;
use lockstep_kit::variants::{self, with_note};
use lockstep_source::{EventReader, ReadOptions, open_files};
use lockstep_store::canonical::Scope;
use lockstep_store::generations::{Generations, SetNumber};
use lockstep_store::progress::{FILES, PUSHED};
use lockstep_store::{Store, layout};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};

const SOURCE: &str = "issue_events";

/// How many events of the real log are used.
const EVENTS: &str = "LOCKSTEP_GENERATIONS_EVENTS";
const EVENTS_DEFAULT: usize = 6_000;

/// A log, cut into batches.
struct Batches(VecDeque<EventBatch>);

impl EventReader for Batches {
    fn next(&mut self) -> lockstep_core::Result<Option<EventBatch>> {
        Ok(self.0.pop_front())
    }
}

/// The log with the columns of `schema`: some events come twice, the copy a little later.
fn log(schema: &Arc<SourceSchema>) -> Vec<EventBatch> {
    let events: usize = std::env::var(EVENTS).map_or(EVENTS_DEFAULT, |text| text.parse().unwrap());
    let file = root().join("transforms/user-mentions/data/issue_events.parquet");
    let mut reader = open_files(&[file], reading(schema).unwrap(), ReadOptions::default()).unwrap();
    let (mut batches, mut rows) = (Vec::new(), 0);
    while rows < events {
        let Some(batch) = reader.next().unwrap() else { break };
        rows += batch.records.num_rows();
        batches.push(batch.records);
    }
    let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    let all = all.slice(0, events.min(all.num_rows()));
    let mut random = Random::new(23);
    let mut order: Vec<u64> = Vec::new();
    for row in 0..all.num_rows() as u64 {
        order.push(row);
        if random.below(20) == 0 {
            order.push(row.saturating_sub(random.below(30)));
        }
    }
    let records = take_record_batch(&all, &UInt64Array::from(order)).unwrap();
    crate::stream::cut(&records, || 700)
}

fn front(log: &[EventBatch], batches: usize) -> Vec<EventBatch> {
    log[..batches.min(log.len())].to_vec()
}

fn original() -> Vec<u8> {
    static WASM: OnceLock<Vec<u8>> = OnceLock::new();
    WASM.get_or_init(|| std::fs::read(variants::wasm("original", &[])).unwrap()).clone()
}

fn variant(name: &str, edits: &[(&str, &str)]) -> Arc<Catalog> {
    variants::catalog(std::fs::read(variants::wasm(name, edits)).unwrap())
}

/// A feature more in `user_activity`.
const ADDED_FEATURE: (&str, &str) = (
    "    #[features(last, windows = [\"365d\"])]\n    pub area: Option<&'a str>,",
    "    #[features(last, first, windows = [\"365d\"])]\n    pub area: Option<&'a str>,",
);
/// Another window in `area_reviewers`.
const CHANGED_FEATURE: (&str, &str) = (
    "    #[features(mean, windows = [\"30d\", \"365d\"])]",
    "    #[features(mean, windows = [\"60d\", \"365d\"])]",
);
/// The same declaration over other rows.
const OTHER_ROWS: (&str, &str) = (
    "        area: event.area?,\n        mentioned: event.mentioned?,\n        actor: event.actor,\n        text_length: event.text_length,",
    "        area: event.area?,\n        mentioned: event.mentioned?,\n        actor: event.actor,\n        text_length: event.text_length + 1,",
);

/// A new store that the artifacts of `catalog` filled with the log.
fn filled(catalog: &Arc<Catalog>, log: &[EventBatch]) -> Arc<dyn Store> {
    let store = memory();
    let bulk = Backfill::open(catalog, &*store, SOURCE, FILES, None, Options::default());
    let mut reader = Batches(log.to_vec().into());
    bulk.unwrap().unwrap().run(&mut reader, &mut |_| {}).unwrap();
    store
}

fn stream(store: &Arc<dyn Store>, catalog: &Arc<Catalog>, log: &[EventBatch]) -> StreamHost {
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    for batch in log {
        host.apply(SOURCE, FILES, batch).unwrap();
    }
    host
}

fn catch_up_with(
    store: &dyn Store,
    catalog: &Arc<Catalog>,
    log: &[EventBatch],
) -> lockstep_core::Result<Vec<CaughtUp>> {
    let open = |_: &Arc<SourceSchema>, _: u64| -> lockstep_core::Result<Box<dyn EventReader>> {
        Ok(Box::new(Batches(log.to_vec().into())))
    };
    catch_up(catalog, store, &open, &Options::default(), &mut |_| {})
}

/// How each view of the only artifact caught up.
fn ways(caught_up: &[CaughtUp]) -> BTreeMap<&str, View> {
    let [one] = caught_up else { panic!("{caught_up:?}") };
    one.views.iter().map(|(name, way)| (name.as_str(), *way)).collect()
}

/// Keys and values of a store.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// The states of a view as they lie in the store, and the number of their set.
fn states(store: &dyn Store, view: &str) -> (SetNumber, Entries) {
    let snapshot = store.read().unwrap();
    let record = Generations::read(&*snapshot).unwrap();
    let active = record.artifacts[variants::NAME].active.clone().unwrap();
    let set = active.views[view].set.unwrap();
    let mut found = Vec::new();
    let mut add = |key: &[u8], value: &[u8]| {
        found.push((key.to_vec(), value.to_vec()));
        Ok(true)
    };
    snapshot.scan_prefix(&layout::tiles_of(set), &mut add).unwrap();
    (set, found)
}

fn assert_as_filled_anew(store: &dyn Store, catalog: &Arc<Catalog>, log: &[EventBatch]) {
    let anew = filled(catalog, log);
    assert_eq!(digest(store, catalog, Scope::All), digest(&*anew, catalog, Scope::All));
}

/// Goal: a change costs only what it changes. Untouched views keep their states, byte for byte; new
/// ones are filled; nothing differs from a store filled from the start; and going back reads no
/// events. Method: a comment, a feature, a view, a changed feature, the original again, each on one
/// store.
#[test]
fn s23_a_change_costs_what_it_changes() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let store = filled(&first, &log);
    assert!(catch_up_with(&*store, &first, &[]).unwrap().is_empty(), "nothing is new");
    let views = ["pair_mentions", "user_activity", "area_reviewers"];
    let before = views.map(|view| states(&*store, view));
    assert!(before.iter().all(|(_, states)| states.len() > 100));

    let comment = variants::catalog(with_note(original(), b"a comment"));
    let caught_up = catch_up_with(&*store, &comment, &log).unwrap();
    assert_eq!(ways(&caught_up), views.map(|view| (view, View::Adopted)).into());
    assert_eq!(views.map(|view| states(&*store, view)), before);
    assert_as_filled_anew(&*store, &comment, &log);

    let feature = variant("added_feature", &[ADDED_FEATURE]);
    let caught_up = catch_up_with(&*store, &feature, &log).unwrap();
    let expected = [View::Adopted, View::Filled, View::Adopted];
    assert_eq!(ways(&caught_up), std::iter::zip(views, expected).collect());
    assert_eq!(states(&*store, views[0]), before[0]);
    assert_eq!(states(&*store, views[2]), before[2]);
    assert_ne!(states(&*store, views[1]).0, before[1].0);
    assert_as_filled_anew(&*store, &feature, &log);

    let view = variant(
        "added_view",
        &[
            ADDED_FEATURE,
            (
                "/// May `actor` want",
                "/// Events of a kind.\n#[derive(Debug, PartialEq, View)]\n#[view(key = [kind], owner = \
                 \"search\", tags = [\"kinds\"])]\n#[features(count, windows = [\"7d\", \
                 \"lifetime\"])]\npub struct Kinds<'a> {\n    pub kind: &'a str,\n}\n\n#[transform]\n\
                 pub fn kinds<'a>(event: &IssueEvent<'a>) -> Option<Kinds<'a>> {\n    Some(Kinds { \
                 kind: event.kind })\n}\n\n/// May `actor` want",
            ),
            (
                "[pair_mentions, user_activity, area_reviewers]",
                "[pair_mentions, kinds, user_activity, area_reviewers]",
            ),
        ],
    );
    let caught_up = catch_up_with(&*store, &view, &log).unwrap();
    let ways_of = ways(&caught_up);
    assert_eq!(ways_of["kinds"], View::Filled);
    assert!(views.iter().all(|view| ways_of[view] == View::Adopted));
    assert_as_filled_anew(&*store, &view, &log);

    let changed = variant("changed_feature", &[CHANGED_FEATURE]);
    let caught_up = catch_up_with(&*store, &changed, &log).unwrap();
    assert_eq!(ways(&caught_up)["area_reviewers"], View::Filled);
    assert_eq!(ways(&caught_up)["pair_mentions"], View::Adopted);
    assert_as_filled_anew(&*store, &changed, &log);

    // Back to the previous version: no file is opened, and the next commit does it.
    let open = |_: &Arc<SourceSchema>, _: u64| -> lockstep_core::Result<Box<dyn EventReader>> {
        panic!("going back reads nothing")
    };
    assert!(catch_up(&view, &*store, &open, &Options::default(), &mut |_| {}).unwrap().is_empty());
    assert_as_filled_anew(&*store, &view, &log);
    assert_eq!(states(&*store, "pair_mentions"), before[0]);
}

/// Goal: equal declarations do not prove equal rows: states are adopted only where the rows are
/// equal (S23). Method: a transform whose one view has other rows under the same declaration.
#[test]
fn s23_other_rows_are_not_adopted() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let store = filled(&first, &log);
    let other = variant("other_rows", &[OTHER_ROWS]);
    let caught_up = catch_up_with(&*store, &other, &log).unwrap();
    assert_eq!(ways(&caught_up)["area_reviewers"], View::Filled);
    assert_eq!(ways(&caught_up)["user_activity"], View::Adopted);
    assert_as_filled_anew(&*store, &other, &log);
}

/// Goal: the states of a view with a user-defined aggregate are never adopted by another artifact,
/// because its code merges them (S23). Method: `collaborators` with another digest.
#[test]
fn s23_user_defined_states_are_not_adopted() {
    let wasm = std::fs::read(lockstep_kit::artifacts::wasm("transforms/collaborators")).unwrap();
    let first = variants::catalog(wasm.clone());
    let log = front(&log(first.source(SOURCE).unwrap()), 3);
    let store = filled(&first, &log);
    let second = variants::catalog(with_note(wasm, b"another build"));
    let caught_up = catch_up_with(&*store, &second, &log).unwrap();
    let merged_by_guest =
        second.views().iter().enumerate().filter(|(at, _)| {
            lockstep_engine::generations::generation(&second, *at).merges_by_guest
        });
    let merged_by_guest: Vec<&str> =
        merged_by_guest.map(|(_, view)| view.declaration().name.as_str()).collect();
    assert!(!merged_by_guest.is_empty());
    for (view, way) in ways(&caught_up) {
        let expected = if merged_by_guest.contains(&view) { View::Filled } else { View::Adopted };
        assert_eq!(way, expected, "{view}");
    }
    assert_as_filled_anew(&*store, &second, &log);
}

/// Goal: until a new version has caught up, the old one serves, using the artifact that the store
/// keeps; a view that never caught up reports how far it is. Method: a host with the new artifact
/// alone, before it has caught up, and a service that the old one does not have.
#[test]
fn s23_the_old_version_answers_meanwhile() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let store = filled(&first, &log);
    let request = [("actor", "u00078"), ("mentioned", "u00305")];
    let answer = |catalog: &Arc<Catalog>, features: &[&str]| {
        let service = Service::of(catalog, "ranker", features).unwrap();
        let host = OnlineHost::new(catalog.clone(), store.clone(), vec![service]).unwrap();
        let reached = lockstep_store::progress::watermark(&*store.read().unwrap(), SOURCE).unwrap();
        let asked = &request[..];
        host.get("ranker", asked, AsOf::At(reached))
    };
    let expected = answer(&first, &["pair_mentions.*"]).unwrap();
    let pair = "#[features(first, last, windows = [\"lifetime\"])]\n    pub kind: &'a str,";
    let changed = pair.replace("lifetime", "365d");
    let second = variant("changed_pair", &[(pair, &changed)]);
    let new = answer(&second, &["pair_mentions.kind_first_365d"]);
    let error = new.unwrap_err();
    let reached = log.last().unwrap().next_position;
    let expected_code =
        Code::NotCaughtUp { view: "pair_mentions".into(), position: 0, target: reached };
    assert_eq!(error.code, expected_code, "{error}");
    assert!(error.message.contains("lockstep backfill"), "{error}");
    let same = answer(&second, &["pair_mentions.count_7d"]).unwrap();
    assert_eq!(same.value("pair_mentions.count_7d"), expected.value("pair_mentions.count_7d"));
    assert_eq!(same.identity.artifacts, expected.identity.artifacts, "the old one answers");
    catch_up_with(&*store, &second, &log).unwrap();
    let now = answer(&second, &["pair_mentions.kind_first_365d"]).unwrap();
    assert_eq!(now.identity.artifacts[0].1, second.artifacts()[0].1.digest());
}

/// Goal: a host that is already open serves the new version from the switch on.
#[test]
fn s23_an_open_host_sees_the_switch() {
    let first = variants::catalog(original());
    let log = front(&log(first.source(SOURCE).unwrap()), 2);
    let store = filled(&first, &log);
    let second = variants::catalog(with_note(original(), b"second"));
    let service = Service::of(&second, "ranker", &["pair_mentions.*"]).unwrap();
    let host = OnlineHost::new(second.clone(), store.clone(), vec![service]).unwrap();
    let digest_of = || {
        let reached = lockstep_store::progress::watermark(&*store.read().unwrap(), SOURCE).unwrap();
        let request = [("actor", "u00078"), ("mentioned", "u00305")];
        let vector = host.get("ranker", &request, AsOf::At(reached)).unwrap();
        vector.identity.artifacts[0].1.clone()
    };
    assert_eq!(digest_of(), first.artifacts()[0].1.digest());
    catch_up_with(&*store, &second, &log).unwrap();
    assert_eq!(digest_of(), second.artifacts()[0].1.digest());
}

/// Goal: a source that cannot be read again makes a new version fail, with a named reason and the
/// remedy, and nothing is lost. Method: events that were pushed, then another artifact, then the
/// first again.
#[test]
fn s23_pushed_events_refuse_a_new_version() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let (files, pushed) = log.split_at(2);
    let store = filled(&first, files);
    let mut host = StreamHost::open(first.clone(), store.clone()).unwrap();
    let mut later = pushed[0].clone();
    let start = later.positions[0];
    later.positions.iter_mut().for_each(|position| *position -= start);
    later.next_position -= start;
    host.apply(SOURCE, PUSHED, &later).unwrap();
    let before = digest(&*store, &first, Scope::All);
    let second = variants::catalog(with_note(original(), b"second"));
    let error = catch_up_with(&*store, &second, files).unwrap_err();
    let expected = Code::NotRepeatable { source: SOURCE.into(), partition: PUSHED.into() };
    assert_eq!(error.code, expected, "{error}");
    assert!(error.message.contains("add these events to the source's files"), "{error}");
    assert_eq!(digest(&*store, &first, Scope::All), before);
    stream(&store, &first, &[]);
}

/// The records of a batch, for the tests below this module.
fn records(batch: &EventBatch) -> &RecordBatch {
    &batch.records
}
