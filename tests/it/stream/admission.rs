//! Admission: copies, conflicts, refused and undecodable events must not count, and the streaming
//! host must decide about them as the batch host does (S8, S10).
//!
//! Method: a log with such events is compared with the same log without them, by the values in the
//! store, and what was set aside is compared with the batch host's list.

use super::{between, cut, digest, fold, memory};
use arrow::array::RecordBatch;
use lockstep_core::event::{EventBatch, SetAside};
use lockstep_engine::admission::set_aside::{
    SET_ASIDE_COMMIT_BYTES_MAX, SET_ASIDE_EVENT_BYTES_MAX,
};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::service::Service;
use lockstep_engine::training::TrainingSet;
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed::{self, Typed};
use lockstep_store::canonical::Scope;
use lockstep_store::progress::FILES;
use lockstep_store::{BATCH_BYTES_MAX, Store, layout};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a store set aside: key and record.
fn set_aside(store: &dyn Store) -> BTreeMap<Vec<u8>, Value> {
    // The view that refused is identified without its set's number.
    let (start, end) = layout::all_set_aside();
    let mut found = BTreeMap::new();
    store
        .read()
        .unwrap()
        .scan(&start, &end, &mut |key, value| {
            let (at, view) = layout::set_aside_place(key).unwrap();
            let view = view.map_or("", |(_, view)| view);
            let named = [at, view.as_bytes()].concat();
            found.insert(named, serde_json::from_slice(value).unwrap());
            Ok(true)
        })
        .unwrap();
    found
}

/// The key that [`set_aside`] uses for an event of the source `typed` and the view that refused it.
fn place(position: u64, view: Option<&str>) -> Vec<u8> {
    let source = layout::set_aside("typed", FILES, position, None);
    [source, view.unwrap_or("").as_bytes().to_vec()].concat()
}

/// What the batch host sets aside for the same events.
fn batch_set_aside(catalog: &Catalog, records: &RecordBatch) -> (Vec<SetAside>, u64) {
    let service = Service::everything(catalog).unwrap();
    let spine = super::super::every_type::spine(&[]);
    let mut training = TrainingSet::new(catalog, &service, &spine).unwrap();
    for batch in cut(records, || 7) {
        training.push("typed", &batch).unwrap();
    }
    let trained = training.finish(&spine, &|_, _| {}).unwrap();
    (trained.set_aside.into_iter().map(|(_, event)| event).collect(), trained.duplicates)
}

/// Checks that the store's records agree with the batch host's list.
fn assert_same(stored: &BTreeMap<Vec<u8>, Value>, batch: &[SetAside]) {
    assert_eq!(stored.len(), batch.len());
    for event in batch {
        let key = place(event.position, event.view.as_deref());
        let record = &stored[&key];
        assert_eq!(record["reason"], Value::from(event.reason.as_str()));
        let text = String::from_utf8(event.bytes.clone()).unwrap();
        assert_eq!(record["event"], Value::from(text));
    }
}

/// Events with names that no view refuses.
fn accepted(seed: u64, count: usize) -> Vec<Typed> {
    let mut events = typed::typed(seed, count, 3);
    events.iter_mut().filter(|e| e.name == "refused").for_each(|e| e.name = "a".into());
    events
}

/// Goal: the first event with an id counts; a copy is dropped and counted; different content or
/// another time under the id is set aside with that reason and counted, in both hosts alike (S10).
/// Method: the store of the log with all of these holds the values of the log without them,
/// whatever the batches.
#[test]
fn s10_the_first_of_an_id_counts_and_conflicts_are_set_aside() {
    let catalog = catalog("every-type");
    let events = accepted(31, 30);
    let (first, mut content, mut time) = (events[3].clone(), events[5].clone(), events[5].clone());
    content.int = Some(123_456);
    time.event_time += 1;
    let mut log = events.clone();
    log.extend([first, content, time.clone(), time]);
    let records = typed::typed_records(&catalog, &log);
    let plain = memory();
    let plain_records = typed::typed_records(&catalog, &events);
    fold(&plain, &catalog, "typed", &cut(&plain_records, || 9), 2);
    for rows in [1, 7, 100] {
        let store = memory();
        fold(&store, &catalog, "typed", &cut(&records, || rows), 2);
        assert_eq!(
            digest(&*store, &catalog, Scope::Values),
            digest(&*plain, &catalog, Scope::Values)
        );
        let host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
        let progress = host.progress("typed", FILES).unwrap();
        assert_eq!((progress.events, progress.duplicates, progress.set_aside), (30, 1, 3));
        assert_eq!(progress.position, 34);
        let aside = set_aside(&*store);
        let reason = |position: u64| {
            let key = place(position, None);
            aside[&key]["reason"].as_str().unwrap().to_string()
        };
        assert!(reason(31).contains("another content"), "{}", reason(31));
        assert!(reason(32).contains("instead of"), "{}", reason(32));
        assert!(reason(33).contains("instead of"), "{}", reason(33));
        let (batch, duplicates) = batch_set_aside(&catalog, &records);
        assert_eq!(duplicates, 1);
        assert_same(&aside, &batch);
    }
}

/// Goal: which of two conflicting events counts depends on their order alone. Method: both orders.
#[test]
fn s10_the_first_admitted_wins() {
    let catalog = catalog("every-type");
    let one = accepted(32, 1).remove(0);
    let other = Typed { int: Some(77), ..one.clone() };
    for (first, second) in [(&one, &other), (&other, &one)] {
        let both = typed::typed_records(&catalog, &[first.clone(), second.clone()]);
        let alone = typed::typed_records(&catalog, std::slice::from_ref(first));
        let digests = [(both, 1), (alone, 1)].map(|(records, rows)| {
            let store = memory();
            fold(&store, &catalog, "typed", &cut(&records, || rows), 2);
            digest(&*store, &catalog, Scope::Values)
        });
        assert_eq!(digests[0], digests[1]);
    }
}

/// Goal: a refused event loses only its rows in the view that refused it, affects no other view or
/// event, and is kept with position, reason and bytes (S8). Method: compared with the same log in
/// which the refused events make no rows in that view anyway.
#[test]
fn s08_refused_events_are_kept_and_poison_no_neighbour() {
    let catalog = catalog("every-type");
    let mut events = typed::typed(33, 80, 3);
    for (at, event) in events.iter_mut().enumerate() {
        event.name = if at % 5 == 0 { "refused" } else { "b" }.into();
        // No rows in `parts`, so the values there are the same whether or not the event is refused.
        event.number = if at % 5 == 0 { 0 } else { 3 };
    }
    let records = typed::typed_records(&catalog, &events);
    let store = memory();
    fold(&store, &catalog, "typed", &cut(&records, || 11), 2);
    let aside = set_aside(&*store);
    assert_eq!(aside.len(), 16);
    for position in (0..80).step_by(5) {
        let record = &aside[&place(position, Some("parts"))];
        assert_eq!(record["reason"], "number 0 is refused");
        let event: Value = serde_json::from_str(record["event"].as_str().unwrap()).unwrap();
        assert_eq!(event["event_id"], events[position as usize].event_id.as_str());
    }
    assert_same(&aside, &batch_set_aside(&catalog, &records).0);

    // The views' tiles are those of the same log without a refusal.
    let tiles = |events: &[Typed], view: &str| {
        let store = memory();
        let records = typed::typed_records(&catalog, events);
        fold(&store, &catalog, "typed", &cut(&records, || 13), 2);
        let mut found = Vec::new();
        // A new store numbers the sets as the catalogue numbers the views.
        let prefix = layout::tiles_of(catalog.view_index(view).unwrap() as u32);
        let snapshot = store.read().unwrap();
        let scanned = snapshot.scan_prefix(&prefix, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            Ok(true)
        });
        scanned.unwrap();
        found
    };
    let mut renamed = events.clone();
    renamed.iter_mut().filter(|e| e.name == "refused").for_each(|e| e.name = "other".into());
    assert_eq!(tiles(&events, "parts"), tiles(&renamed, "parts"));
    assert!(!tiles(&events, "parts").is_empty());
    let sizes = [&events, &renamed].map(|events| tiles(events, "every_type").len());
    assert_eq!(sizes[0], sizes[1]);
}

/// Goal: an event that could not be decoded is kept with its bytes, text or not, and moves the
/// position (S8).
#[test]
fn s08_undecodable_events_are_kept_with_their_bytes() {
    let catalog = catalog("every-type");
    let records = typed::typed_records(&catalog, &accepted(34, 4));
    let bad = |position, bytes: &[u8]| SetAside {
        position,
        view: None,
        reason: format!("line {}: not valid", position + 1),
        bytes: bytes.to_vec(),
    };
    let batch = EventBatch {
        positions: vec![0, 2, 3, 5],
        next_position: 7,
        set_aside: vec![bad(1, b"{\"a\""), bad(4, b"\xff\x00"), bad(6, b"")],
        ..between(&records, 0, 4)
    };
    let store = memory();
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    let applied = host.apply("typed", FILES, &batch).unwrap();
    assert_eq!((applied.events, applied.set_aside), (4, 3));
    assert_eq!(applied.first_set_aside.unwrap().position, 1);
    let progress = host.progress("typed", FILES).unwrap();
    assert_eq!((progress.position, progress.set_aside), (7, 3));
    let aside = set_aside(&*store);
    let record = |position| &aside[&place(position, None)];
    assert_eq!(record(1)["event"], "{\"a\"");
    assert_eq!(record(4)["event_hex"], "ff00");
    assert_eq!(record(6)["event"], "");
    assert_eq!(record(6)["reason"], "line 7: not valid");
}

/// Goal: bad events that are together too large for a commit are split into several, and the store
/// is that of the same events one by one (S8, S24). Method: undecodable events with the most bytes
/// that are kept, all of them characters that JSON writes as six, among good ones; a batch of them
/// exceeds the store's limit of a commit.
#[test]
fn s08_large_bad_events_are_several_commits() {
    let catalog = catalog("every-type");
    let records = typed::typed_records(&catalog, &accepted(35, 12));
    let bad = |position| SetAside {
        position,
        view: None,
        reason: "not valid".into(),
        bytes: vec![1; SET_ASIDE_EVENT_BYTES_MAX],
    };
    let batch = EventBatch {
        positions: (0..12).map(|at| 2 * at).collect(),
        next_position: 24,
        set_aside: (0..12).map(|at| bad(2 * at + 1)).collect(),
        ..between(&records, 0, 12)
    };
    assert!(6 * SET_ASIDE_EVENT_BYTES_MAX * batch.set_aside.len() > BATCH_BYTES_MAX);
    let (whole, single) = (memory(), memory());
    let mut host = StreamHost::open(catalog.clone(), whole.clone()).unwrap();
    let applied = host.apply("typed", FILES, &batch).unwrap();
    assert_eq!((applied.events, applied.set_aside), (12, 12));
    let least = (6 * SET_ASIDE_EVENT_BYTES_MAX * 12).div_ceil(SET_ASIDE_COMMIT_BYTES_MAX) as u64;
    assert!((least..24).contains(&applied.sequence), "{} commits", applied.sequence);
    assert_eq!(set_aside(&*whole).len(), 12);

    let mut host = StreamHost::open(catalog.clone(), single.clone()).unwrap();
    for at in 0..24 {
        let row = at / 2;
        let good = at % 2 == 0;
        let one = EventBatch {
            positions: if good { vec![at] } else { vec![] },
            next_position: at + 1,
            set_aside: if good { vec![] } else { vec![bad(at)] },
            ..between(&records, row as usize, row as usize + usize::from(good))
        };
        host.apply("typed", FILES, &one).unwrap();
    }
    let [whole, single] = [whole, single].map(|store| digest(&*store, &catalog, Scope::All));
    assert_eq!(whole, single);
}
