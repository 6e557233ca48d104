//! A failing aggregate: all hosts must set aside the same events and fail the same queries (S21).
//!
//! Method: events of the evil guest's view `told`, whose aggregate reads the events' kinds, in
//! batches of several sizes, through the batch host, and through the streaming and online hosts.

use super::super::{batch, evil};
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use lockstep_core::Result;
use lockstep_core::event::{EventBatch, SetAside};
use lockstep_core::time::Time;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::service::Service;
use lockstep_engine::training::{Trained, TrainingSet};
use lockstep_guest::Artifact;
use lockstep_store::Store;
use lockstep_store::export;
use lockstep_store::memory::MemoryStore;
use std::sync::Arc;

const SOURCE: &str = "events";
const FEATURE: &str = "told.note_lines_lifetime";
const SIZES: [usize; 4] = [1, 2, 5, usize::MAX];

/// The evil guest's events in batches of `rows`.
fn batches(artifact: &Artifact, events: &[(&str, &str)], rows: usize) -> Vec<EventBatch> {
    let kinds: Vec<&str> = events.iter().map(|(_, kind)| *kind).collect();
    let actors = events.iter().map(|(actor, _)| Some(*actor)).collect();
    let records = batch(artifact, &kinds, actors);
    let starts = (0..events.len()).step_by(rows.min(events.len()));
    let cut = starts.map(|start| {
        let end = events.len().min(start.saturating_add(rows));
        EventBatch {
            records: records.slice(start, end - start),
            positions: (start as u64..end as u64).collect(),
            next_position: end as u64,
            failures: vec![],
            set_aside: vec![],
        }
    });
    cut.collect()
}

/// Questions about these actors after all events.
fn spine(actors: &[&str]) -> RecordBatch {
    let count = actors.len();
    let times = TimestampMicrosecondArray::from(vec![1_000_000; count]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("actor", Arc::new(StringArray::from(actors.to_vec()))),
        ("kind", Arc::new(StringArray::from(vec!["honest"; count]))),
        ("x", Arc::new(Float64Array::from(vec![0.0; count]))),
        ("as_of", Arc::new(times)),
    ];
    let field =
        |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|column| column.1).collect())
        .unwrap()
}

/// The hosts over the evil guest.
struct Hosts {
    artifact: Artifact,
    catalog: Arc<Catalog>,
    service: Service,
}

impl Hosts {
    fn new() -> Hosts {
        let artifact = evil();
        let catalog = Arc::new(Catalog::new(vec![("evil".into(), artifact.clone())]).unwrap());
        let service = Service::everything(&catalog).unwrap();
        Hosts { artifact, catalog, service }
    }

    fn train(&self, events: &[(&str, &str)], rows: usize, actors: &[&str]) -> Result<Trained> {
        let spine = spine(actors);
        let mut training = TrainingSet::new(&self.catalog, &self.service, &spine)?;
        for batch in batches(&self.artifact, events, rows) {
            training.push(SOURCE, &batch)?;
        }
        training.finish(&spine, &|_, _| {})
    }

    fn stream(&self, events: &[(&str, &str)], rows: usize) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut host = StreamHost::open(self.catalog.clone(), store.clone()).unwrap();
        for batch in batches(&self.artifact, events, rows) {
            host.apply(SOURCE, "p", &batch).unwrap();
        }
        store
    }

    fn ask(&self, store: &Arc<dyn Store>, actor: &str) -> Result<Value> {
        let services = vec![self.service.clone()];
        let online = OnlineHost::new(self.catalog.clone(), store.clone(), services)?;
        let text = |text: &str| Value::String(text.into());
        let request =
            [("actor", text(actor)), ("kind", text("honest")), ("x", Value::Float64(0.0))];
        let as_of = AsOf::At(Time::saturating(1_000_000));
        let vector = online.get(&self.service.name, &request, as_of)?;
        Ok(vector.value(FEATURE).unwrap().clone())
    }
}

/// The values of the feature in a training set.
fn values(trained: &Trained) -> Vec<Option<String>> {
    let column = trained.records.column_by_name(FEATURE).unwrap();
    let column = column.as_any().downcast_ref::<StringArray>().unwrap();
    column.iter().map(|text| text.map(str::to_string)).collect()
}

/// Goal: an input on which the aggregate fails makes its event bad for that view, with the same
/// reason in all hosts and batches, and other events count (S8, S21).
#[test]
fn s21_a_bad_input_sets_its_event_aside() {
    let hosts = Hosts::new();
    let events = [
        ("a", "one"),
        ("a", "update trap"),
        ("b", "update oversize"),
        ("a", "two"),
        ("b", "update refuse"),
        ("b", "three"),
        ("a", "update lie end"),
    ];
    let mut all: Vec<Vec<(String, SetAside)>> = Vec::new();
    let mut digests = Vec::new();
    for rows in SIZES {
        let trained = hosts.train(&events, rows, &["a", "b", "nobody"]).unwrap();
        let expected = ["one\ntwo\n", "three\n", ""].map(|text| Some(text.to_string()));
        assert_eq!(values(&trained), expected, "{rows}");
        all.push(trained.set_aside);
        let store = hosts.stream(&events, rows);
        for (actor, expected) in ["a", "b", "nobody"].into_iter().zip(expected) {
            let found = hosts.ask(&store, actor).unwrap();
            assert_eq!(found, Value::String(expected.unwrap().into()), "{rows}, {actor}");
        }
        digests.push(canonical(&hosts, &store));
    }
    let of_view = |view: &str| {
        let aside = all[0].iter().filter(|(_, aside)| aside.view.as_deref() == Some(view));
        aside.map(|(_, aside)| (aside.position, aside.reason.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(of_view("steady"), []);
    let told = of_view("told");
    assert_eq!(told.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 4, 6]);
    let reasons = ["Lines: the aggregate failed", "has 201 bytes", "refused on purpose", "answer"];
    for ((_, found), reason) in told.iter().zip(reasons) {
        assert!(found.starts_with("aggregate Lines: ") && found.contains(reason), "{found:?}");
    }
    let sorted = |aside: &Vec<(String, SetAside)>| {
        let mut aside = aside.clone();
        aside.sort_by_key(|(_, aside)| (aside.position, aside.view.clone()));
        aside
    };
    assert!(all.iter().all(|aside| sorted(aside) == sorted(&all[0])));
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

/// What a store holds, however it was filled.
fn canonical(hosts: &Hosts, store: &Arc<dyn Store>) -> export::Digest {
    use lockstep_engine::export::export;
    use lockstep_store::canonical::Scope;
    export(&**store, &hosts.catalog, Scope::All, &mut |_, _| Ok(())).unwrap().digest
}

/// Whether an error names the feature, and where and why the guest panicked.
fn says_why(error: &str) -> bool {
    let words = [FEATURE, "failed to merge", "src/aggregate.rs:", "a panic on purpose"];
    words.iter().all(|words| error.contains(words))
}

/// Goal: a failed merge fails each query that reads it, and names the feature and what the guest
/// said, in all hosts and for any batches; queries of other keys succeed (S21). The store keeps the
/// failure: it is absorbing.
#[test]
fn s21_a_failed_merge_fails_its_queries() {
    let hosts = Hosts::new();
    let events = [("a", "merge panic"), ("b", "one"), ("a", "two"), ("b", "three"), ("a", "four")];
    let mut digests = Vec::new();
    for rows in SIZES {
        let trained = hosts.train(&events, rows, &["b"]).unwrap();
        assert_eq!(values(&trained), [Some("one\nthree\n".to_string())]);
        let error = hosts.train(&events, rows, &["b", "a"]).unwrap_err().to_string();
        assert!(says_why(&error), "{error}");
        let store = hosts.stream(&events, rows);
        assert_eq!(hosts.ask(&store, "b").unwrap(), Value::String("one\nthree\n".into()));
        let error = hosts.ask(&store, "a").unwrap_err().to_string();
        assert!(says_why(&error), "{error}");
        digests.push(canonical(&hosts, &store));
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

/// Goal: a state without a value fails its query, with the feature and the reason; the value is
/// never null (S21).
#[test]
fn s21_a_failed_value_fails_its_query() {
    let hosts = Hosts::new();
    let events = [("a", "finalize panic"), ("b", "one")];
    let store = hosts.stream(&events, 1);
    let trained = hosts.train(&events, 1, &["a", "b"]).unwrap_err();
    for error in [trained, hosts.ask(&store, "a").unwrap_err()].map(|error| error.to_string()) {
        assert!(error.contains(FEATURE) && error.contains("a panic on purpose"), "{error}");
    }
    assert_eq!(hosts.ask(&store, "b").unwrap(), Value::String("one\n".into()));
}
