//! User-defined aggregates: the example's own aggregates must have the right values in all hosts,
//! on a part of the real log (S21).
//!
//! Method: this file computes both aggregates a second time, as functions of a multiset of inputs.
//! The oracle finds the multiset: it reads the artifact's manifest with a histogram in place of
//! each user-defined aggregate, so that windows, filters and maps are checked too. Deliberately
//! absent: aggregates that fail (`sandbox/aggregates.rs`).

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use lockstep_core::event::EventBatch;
use lockstep_core::row::TypedColumn;
use lockstep_core::time::Time;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::service::Service;
use lockstep_engine::training::{Trained, TrainingSet};
use lockstep_kit::artifacts::{catalog, root};
use lockstep_oracle::user_mentions::Event;
use lockstep_oracle::{Feature, Row, Table, Value as Expected, View, Window, read_log, same_bits};
use lockstep_source::{ReadOptions, open_files};
use lockstep_store::Store;
use lockstep_store::canonical::Scope;
use serde_json::json;
use std::sync::Arc;

const SOURCE: &str = "issue_events";
/// Not one of the command line's partitions: the watermark of any partition seals old times (S12).
const PARTITION: &str = "tracker";
/// The part of the log: a few busy months, at positions from here on.
const START: usize = 150_000;
const EVENTS: usize = 2_500;

/// The part of the log as the hosts read it, in batches of at most `rows` rows.
fn batches(catalog: &Catalog, rows: usize) -> Vec<EventBatch> {
    let file = root().join("transforms/user-mentions/data/issue_events.parquet");
    let schema = catalog.source(SOURCE).unwrap().clone();
    let options =
        ReadOptions { batch_rows: EVENTS, start_position: START as u64, ..ReadOptions::default() };
    let batch = open_files(&[file], schema, options).unwrap().next().unwrap().unwrap();
    assert_eq!((batch.records.num_rows(), batch.set_aside.len()), (EVENTS, 0));
    super::stream::cut(&batch.records, || rows)
}

/// The same part as the oracle reads it.
fn events() -> Vec<Event> {
    let file = root().join("transforms/user-mentions/data/issue_events.parquet");
    let log = read_log(&Table::open(&file).unwrap()).unwrap();
    assert_eq!((log.set_aside, log.repeated), (0, 0));
    log.events.into_iter().skip(START).take(EVENTS).collect()
}

/// One question.
struct Question {
    actor: String,
    area: Option<String>,
    as_of: i64,
}

/// Questions at the times of some events, and after all of them.
fn questions(events: &[Event]) -> Vec<Question> {
    let end = events.iter().map(|event| event.event_time).max().unwrap() + 1;
    let mut questions = Vec::new();
    for (at, event) in events.iter().enumerate().step_by(23) {
        let as_of = if at % 2 == 0 { event.event_time } else { end };
        questions.push(Question { actor: event.actor.clone(), area: event.area.clone(), as_of });
    }
    let nobody = Question { actor: "nobody".into(), area: None, as_of: end };
    questions.push(nobody);
    questions
}

fn spine(questions: &[Question]) -> RecordBatch {
    let times: TimestampMicrosecondArray = questions.iter().map(|q| Some(q.as_of)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("actor", Arc::new(StringArray::from_iter_values(questions.iter().map(|q| &q.actor)))),
        ("area", Arc::new(questions.iter().map(|q| q.area.as_deref()).collect::<StringArray>())),
        ("as_of", Arc::new(times.with_timezone("UTC"))),
    ];
    let field =
        |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|column| column.1).collect())
        .unwrap()
}

/// A view as the oracle reads it, and which of its features use which user-defined aggregate.
struct Known {
    view: View,
    users: Vec<Option<String>>,
}

/// The views of the artifact, with a histogram in the place of each user-defined aggregate.
fn views(catalog: &Catalog) -> Vec<Known> {
    let mut manifest = serde_json::to_value(catalog.artifacts()[0].1.manifest()).unwrap();
    let views = manifest["views"].as_array_mut().unwrap().iter_mut().map(|view| {
        let features = view["features"].as_array_mut().unwrap().iter_mut();
        let users = features.map(|feature| {
            let user = feature["aggregate"]["user"]["aggregate"].as_str().map(str::to_string);
            if user.is_some() {
                feature["aggregate"] = json!({ "histogram": { "limit": 1_000_000 } });
            }
            user
        });
        let users = users.collect();
        Known { view: View::from_json(view).unwrap(), users }
    });
    views.collect()
}

/// The rows of a view for a question's key.
fn rows(view: &str, question: &Question, events: &[Event]) -> Vec<Row> {
    let text = |text: &str| Expected::Text(text.to_string());
    let values = |event: &Event| match view {
        "author_mentions" if event.actor == question.actor => {
            let mentioned = text(event.mentioned.as_ref()?);
            Some(vec![text(&event.actor), Expected::Bool(event.kind == "reviewed"), mentioned])
        }
        "area_texts" if question.area.is_some() && event.area == question.area => {
            let files = match event.files {
                0 => Expected::Null,
                files => Expected::Int64(files),
            };
            let length = Expected::Int64(event.text_length);
            Some(vec![text(event.area.as_ref()?), text(&event.kind), length, files])
        }
        _ => None,
    };
    let row = |event: &Event| {
        let (event_time, event_id) = (event.event_time, Some(event.event_id.clone()));
        Some(Row { event_time, event_id, ordinal: 0, values: values(event)? })
    };
    events.iter().filter_map(row).collect()
}

/// The value of an aggregate over inputs given as a histogram, in the shape of a feature.
fn from_histogram(user: &str, feature: Feature, histogram: Expected) -> Expected {
    match (histogram, feature.window) {
        (Expected::List(list), Window::Series { .. }) => {
            let one = Feature { window: Window::LIFETIME, ..feature };
            Expected::List(list.into_iter().map(|part| from_histogram(user, one, part)).collect())
        }
        (Expected::Map(map), _) if feature.by.is_some() => {
            let one = Feature { by: None, ..feature };
            let parts = map.into_iter().map(|(key, part)| (key, from_histogram(user, one, part)));
            Expected::Map(parts.collect())
        }
        (Expected::Map(counts), _) if user == "LogQuantiles" => quantiles(&counts),
        (Expected::Map(counts), _) if user == "SmallestHashes" => smallest_hashes(&counts),
        (other, _) => panic!("{user} of {other:?}"),
    }
}

fn count_of(count: &Expected) -> usize {
    match count {
        Expected::Int64(count) => *count as usize,
        other => panic!("{other:?} is no count"),
    }
}

/// The inputs at three ranks, each reduced to its four leading bits.
fn quantiles(counts: &[(Expected, Expected)]) -> Expected {
    let mut inputs: Vec<i64> = Vec::new();
    for (input, count) in counts {
        let Expected::Int64(input) = input else { panic!("{input:?} is no integer") };
        inputs.extend(vec![(*input).max(0); count_of(count)]);
    }
    inputs.sort_unstable();
    let lead = |input: i64| {
        let cut = (64 - input.leading_zeros()).saturating_sub(4);
        input >> cut << cut
    };
    let rank = |percent: usize| (percent * inputs.len()).div_ceil(100);
    let of = |percent: usize| inputs.get(rank(percent).wrapping_sub(1)).map(|input| lead(*input));
    Expected::List([50, 90, 99].into_iter().filter_map(of).map(Expected::Int64).collect())
}

/// The eight texts with the least hashes: FNV-1a, then MurmurHash3's finaliser.
fn smallest_hashes(counts: &[(Expected, Expected)]) -> Expected {
    let hash = |text: &str| {
        let mut hash = 14_695_981_039_346_656_037_u64;
        for byte in text.bytes() {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(1_099_511_628_211);
        }
        for factor in [18_397_679_294_719_823_053_u64, 14_181_476_777_654_086_739] {
            hash = (hash ^ hash >> 33).wrapping_mul(factor);
        }
        hash ^ hash >> 33
    };
    let mut found: Vec<(u64, &str, usize)> = Vec::new();
    for (text, count) in counts {
        let Expected::Text(text) = text else { panic!("{text:?} is no text") };
        found.push((hash(text), text, count_of(count)));
    }
    found.sort_unstable();
    let entry = |(_, text, count)| Expected::Text(format!("{text}:{count}"));
    Expected::List(found.into_iter().take(8).map(entry).collect())
}

/// A host's value, for the oracle.
fn given(value: &Value) -> Expected {
    match value {
        Value::Null => Expected::Null,
        Value::Int64(value) => Expected::Int64(*value),
        Value::String(value) => Expected::Text(value.to_string()),
        Value::List(items) => Expected::List(items.iter().map(given).collect()),
        Value::Map(pairs) => {
            Expected::Map(pairs.iter().map(|(key, value)| (given(key), given(value))).collect())
        }
        other => panic!("no feature is {other}"),
    }
}

fn train(catalog: &Catalog, service: &Service, spine: &RecordBatch, fresh: bool) -> Trained {
    let mut training = TrainingSet::new(catalog, service, spine).unwrap();
    training.fresh_each_call(fresh);
    for batch in batches(catalog, if fresh { 500 } else { usize::MAX }) {
        training.push(SOURCE, &batch).unwrap();
    }
    training.finish(spine, &|_, _| {}).unwrap()
}

fn stream(catalog: &Arc<Catalog>, rows: usize) -> Arc<dyn Store> {
    let store = super::stream::memory();
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    for batch in batches(catalog, rows) {
        assert_eq!(host.apply(SOURCE, PARTITION, &batch).unwrap().set_aside, 0);
    }
    store
}

/// Goal: every feature of both views has the oracle's bits in the batch host, and those of the
/// streaming and online hosts wherever the store can still answer (S12, S21).
#[test]
fn s21_collaborators_are_the_same_in_all_hosts_and_the_oracle() {
    let catalog = catalog("collaborators");
    let service = Service::everything(&catalog).unwrap();
    let (events, views) = (events(), views(&catalog));
    let questions = questions(&events);
    let spine = spine(&questions);
    let trained = train(&catalog, &service, &spine, false);
    assert_eq!((trained.events, trained.set_aside.len()), (EVENTS as u64, 0));

    let store = stream(&catalog, 100);
    let online = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
    let (mut compared, mut answered, mut filled) = (0, 0, 0);
    for (row, question) in questions.iter().enumerate() {
        let area = question.area.as_deref().map_or(Value::Null, |area| Value::String(area.into()));
        let request = [("actor", Value::String(question.actor.as_str().into())), ("area", area)];
        let as_of = AsOf::At(Time::saturating(question.as_of));
        let vector = match online.get(&service.name, &request, as_of) {
            Ok(vector) => Some(vector),
            Err(error) if error.to_string().contains("answerable") => None,
            Err(error) => panic!("row {row}: {error}"),
        };
        answered += usize::from(vector.is_some());
        for Known { view, users } in &views {
            let rows = rows(&view.name, question, &events);
            for (declared, user) in view.features.iter().zip(users) {
                let outcome = view.value(&rows, &declared.name, question.as_of).unwrap();
                let expected = match (user, declared.feature) {
                    (Some(user), Some(feature)) => from_histogram(user, feature, outcome.value),
                    _ => outcome.value,
                };
                let name = format!("{}.{}", view.name, declared.name);
                let column = trained.records.column_by_name(&name).unwrap();
                let found = TypedColumn::new(column).unwrap().value(row);
                assert!(same_bits(&given(&found), &expected), "{name}, row {row}: {found}");
                if let Some(vector) = &vector {
                    assert_eq!(vector.value(&name), Some(&found), "{name}, row {row}");
                }
                filled += usize::from(!matches!(&expected, Expected::List(l) if l.is_empty()));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, questions.len() * 17);
    // The test would prove little with empty values only, or without the online host.
    assert!(filled * 2 > compared && answered * 2 >= questions.len(), "{filled} {answered}");
}

/// Goal: what a store holds does not depend on how the log was cut: merged states have one encoding
/// and are settled before they are stored (S1, S21, S24).
#[test]
fn s21_stores_do_not_depend_on_batches() {
    let catalog = catalog("collaborators");
    let digest = |rows| super::stream::digest(&*stream(&catalog, rows), &catalog, Scope::All);
    let whole = digest(usize::MAX);
    for rows in [1, 37, 1_000] {
        assert_eq!(digest(rows), whole, "{rows}");
    }
}

/// Goal: fresh instances give the same training set, and refuse the same events (S7, S21).
#[test]
fn s21_collaborators_are_the_same_on_fresh_instances() {
    let catalog = catalog("collaborators");
    let service = Service::everything(&catalog).unwrap();
    let spine = spine(&questions(&events()));
    let [warm, fresh] = [false, true].map(|fresh| train(&catalog, &service, &spine, fresh));
    assert_eq!(warm.records, fresh.records);
}
