//! The online host: which values it returns, which requests it refuses, and which commit it reads
//! (S1, S12).
//!
//! Method: its values are compared with the batch host's over the same events, by the bits of each
//! feature. Deliberately absent: what the features mean, which `every_type.rs` compares with the
//! oracle.

use crate::stream::{between, cut, fold, memory};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use lockstep_core::row::TypedColumn;
use lockstep_core::time::{DAY_US, HOUR_US, Time};
use lockstep_core::value::Value;
use lockstep_core::{Code, Error, ErrorKind, Result};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::project::ProjectFile;
use lockstep_engine::service::Service;
use lockstep_engine::training::TrainingSet;
use lockstep_engine::vector::{FeatureVector, Identity};
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed;
use lockstep_store::Store;
use lockstep_store::progress::FILES;
use lockstep_store::sled::SledStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// One question to the stored views of `every-type`.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub number: Option<i64>,
    pub name: Option<&'static str>,
    pub part: Option<i64>,
    pub as_of: i64,
}

/// Questions about each name that has events, as of one time.
pub(crate) fn everyone(as_of: i64) -> Vec<Asked> {
    let names = typed::NAMES.iter().enumerate();
    let asked = names.map(|(at, name)| Asked {
        number: Some(at as i64 % 3),
        name: Some(name),
        part: [None, Some(-1), Some(0), Some(1)][at % 4],
        as_of,
    });
    asked.collect()
}

/// The service of all stored views.
pub(crate) fn service(catalog: &Catalog) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let views = r#"["every_type.*", "shifted.*", "parts.*", "untold.*"]"#;
    let text = format!("[services.all]\nfeatures = {views}\n");
    std::fs::write(folder.path().join("lockstep.toml"), text).unwrap();
    Service::resolve(&ProjectFile::open(folder.path()).unwrap(), catalog, "all").unwrap()
}

/// The batch host's values, row by row.
pub(crate) fn batch(
    catalog: &Catalog,
    service: &Service,
    logs: [(&str, &RecordBatch); 2],
    asked: &[Asked],
) -> Vec<Vec<Value>> {
    let times: TimestampMicrosecondArray = asked.iter().map(|a| Some(a.as_of)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(asked.iter().map(|a| a.number).collect::<Int64Array>())),
        ("name", Arc::new(asked.iter().map(|a| a.name).collect::<StringArray>())),
        ("part", Arc::new(asked.iter().map(|a| a.part).collect::<Int64Array>())),
        ("as_of", Arc::new(times.with_timezone("UTC"))),
    ];
    let fields = columns.iter().map(|(n, array)| Field::new(*n, array.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let spine = RecordBatch::try_new(Arc::new(schema), arrays).unwrap();
    let mut training = TrainingSet::new(catalog, service, &spine).unwrap();
    for (source, records) in logs {
        training.push(source, &between(records, 0, records.num_rows())).unwrap();
    }
    let trained = training.finish(&spine, &|_, _| {}).unwrap();
    let column = |name: &String| trained.records.column_by_name(name).unwrap().clone();
    let columns: Vec<ArrayRef> = service.outputs.iter().map(|o| column(&o.name)).collect();
    let columns: Vec<TypedColumn> = columns.iter().map(|c| TypedColumn::new(c).unwrap()).collect();
    (0..asked.len()).map(|row| columns.iter().map(|c| c.value(row)).collect()).collect()
}

/// The online host's values.
pub(crate) fn online(host: &OnlineHost, asked: &Asked) -> Result<FeatureVector> {
    let request = [
        ("number", asked.number.map_or(Value::Null, Value::Int64)),
        ("name", asked.name.map_or(Value::Null, |name| Value::String(name.into()))),
        ("part", asked.part.map_or(Value::Null, Value::Int64)),
    ];
    host.get("all", &request, AsOf::At(Time::saturating(asked.as_of)))
}

/// A log over `days` days, a store that holds it, and a host over both.
struct Served {
    catalog: Arc<Catalog>,
    service: Service,
    typed: RecordBatch,
    anonymous: RecordBatch,
    host: OnlineHost,
    /// The greatest event time of both sources.
    watermark: i64,
}

impl Served {
    fn new(seed: u64, count: usize, days: i64) -> Served {
        let catalog = catalog("every-type");
        let mut events = typed::typed(seed, count, days);
        let mut others = typed::anonymous(seed, count / 2, days);
        // Both sources end at the same time, so that all views have the same `sealed` time.
        let watermark = days * DAY_US;
        events[0].event_time = watermark;
        others[0].event_time = watermark;
        let typed = typed::typed_records(&catalog, &events);
        let anonymous = typed::anonymous_records(&catalog, &others);
        let store = memory();
        fold(&store, &catalog, "typed", &cut(&typed, || 31), 5);
        fold(&store, &catalog, "anonymous", &cut(&anonymous, || 17), 5);
        let service = service(&catalog);
        let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
        Served { catalog, service, typed, anonymous, host, watermark }
    }

    fn batch(&self, asked: &[Asked]) -> Vec<Vec<Value>> {
        let logs = [("typed", &self.typed), ("anonymous", &self.anonymous)];
        batch(&self.catalog, &self.service, logs, asked)
    }

    /// Asks online; every answer must be the batch host's. Returns how many were answered.
    fn compare(&self, asked: &[Asked]) -> usize {
        let expected = self.batch(asked);
        let mut answered = 0;
        for (asked, expected) in asked.iter().zip(expected) {
            match online(&self.host, asked) {
                Ok(vector) => {
                    assert_eq!(vector.values, expected, "{asked:?}");
                    assert_eq!(vector.as_of.micros(), asked.as_of);
                    answered += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind, ErrorKind::Input, "{asked:?}: {error}");
                    assert!(error.message.contains("the oldest as_of"), "{asked:?}: {error}");
                }
            }
        }
        answered
    }
}

/// The time that an error gives as the oldest answerable one.
pub(crate) fn oldest_named(error: &Error) -> Time {
    let Code::NotAnswerable { oldest } = error.code else { panic!("{error}: {:?}", error.code) };
    oldest
}

/// Goal: a question about a time that the store no longer holds is an error that names the oldest
/// answerable `as_of`. That time, and every later one, is answerable for every view of the service
/// (S12).
#[test]
fn s12_an_unanswerable_question_names_the_oldest_answerable_as_of() {
    for (seed, days) in [(51, 40), (52, 900)] {
        let served = Served::new(seed, 300, days);
        for back in [13 * HOUR_US + 1, 2 * DAY_US + 7, days * DAY_US / 2 + 11] {
            for asked in everyone(served.watermark - back) {
                let error = online(&served.host, &asked).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Input);
                assert!(error.message.contains("ask later"), "{error}");
                let oldest = oldest_named(&error).micros();
                assert!(asked.as_of < oldest, "{error}");
                let answerable = [oldest, oldest + 1, oldest + HOUR_US + 3, served.watermark];
                for as_of in answerable {
                    assert_eq!(served.compare(&[Asked { as_of, ..asked.clone() }]), 1, "{as_of}");
                }
            }
        }
    }
}

/// Goal: values before `sealed`, at a tile edge, are right, and some are answerable (S12). Method:
/// every hour's edge of the last days, and one microsecond after it.
#[test]
fn s12_tile_edges_before_sealed_are_answered() {
    let served = Served::new(53, 300, 60);
    // One view alone is asked, because the delay of another moves its edges.
    let only = |view: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[services.all]\nfeatures = [\"{view}.*\"]\n");
        std::fs::write(folder.path().join("lockstep.toml"), text).unwrap();
        let project = ProjectFile::open(folder.path()).unwrap();
        Service::resolve(&project, &served.catalog, "all").unwrap()
    };
    for view in ["parts", "every_type", "untold", "shifted"] {
        let service = only(view);
        let store = memory();
        fold(&store, &served.catalog, "typed", &cut(&served.typed, || 31), 5);
        fold(&store, &served.catalog, "anonymous", &cut(&served.anonymous, || 31), 5);
        let host = OnlineHost::new(served.catalog.clone(), store, vec![service.clone()]).unwrap();
        let sealed = served.watermark - 12 * HOUR_US;
        let mut on_edges = 0;
        for hours in 0..80 {
            for beside in [0, 1] {
                // The view with a delay is moved onto the edges.
                let moved = if view == "shifted" { 90_000_000 - 1 } else { 0 };
                let as_of = sealed - hours * HOUR_US + beside + moved;
                let ask = Asked { as_of, ..everyone(0).remove((hours % 6) as usize) };
                let named: Vec<(&str, Value)> = service
                    .request
                    .iter()
                    .map(|column| match column.name.as_str() {
                        "number" => ("number", ask.number.map_or(Value::Null, Value::Int64)),
                        "name" => ("name", Value::String(ask.name.unwrap().into())),
                        _ => ("part", ask.part.map_or(Value::Null, Value::Int64)),
                    })
                    .collect();
                let logs = [("typed", &served.typed), ("anonymous", &served.anonymous)];
                match host.get("all", &named, AsOf::At(Time::saturating(as_of))) {
                    Ok(vector) => {
                        let expected = batch(&served.catalog, &service, logs, &[ask]).remove(0);
                        assert_eq!(vector.values, expected, "{view}, {hours} h before sealed");
                        on_edges += usize::from(hours > 0 && beside == 0);
                        assert!(hours == 0 || beside == 0, "{view} answered beside an edge");
                    }
                    Err(error) => assert!(error.message.contains("the oldest as_of"), "{error}"),
                }
            }
        }
        assert!(on_edges > 0, "{view}: no edge before sealed was answered");
    }
}

/// Goal: a key without events, and a null key part where the view does not allow one, give the
/// empty values of S16; a null key part where the view allows it is an ordinary key (S22).
#[test]
fn s16_unknown_and_null_keys() {
    let served = Served::new(54, 200, 3);
    let as_of = served.watermark + 1;
    let known = Asked { number: Some(1), name: Some("a"), part: None, as_of };
    let strangers = [
        Asked { number: Some(99), name: Some("nobody"), part: Some(99), as_of },
        Asked { number: None, name: None, part: Some(99), as_of },
    ];
    for asked in &strangers {
        let vector = online(&served.host, asked).unwrap();
        for (name, value) in vector.iter() {
            let empty = match name {
                name if name.contains("count") => Value::Int64(0),
                name if name.contains("_list_") => Value::List(vec![]),
                _ => Value::Null,
            };
            assert_eq!(*value, empty, "{name} of {asked:?}");
        }
    }
    assert_eq!(served.compare(&strangers), 2);
    assert_eq!(served.compare(std::slice::from_ref(&known)), 1);
    let vector = online(&served.host, &known).unwrap();
    assert!(matches!(vector.value("parts.ordinal_max_lifetime"), Some(Value::Int64(_))));
}

/// Goal: an event at exactly `as_of` is outside the window, and inside one microsecond later. In a
/// view that declares the inclusive boundary and a delay, it is inside at exactly its time plus the
/// delay, and outside one microsecond earlier. Both hosts agree (S4, S5). Method: one event and
/// counts written by hand.
#[test]
fn s04_the_artifact_decides_the_boundary() {
    let catalog = catalog("every-type");
    let mut events = typed::typed(57, 1, 2);
    (events[0].name, events[0].number) = ("a".to_string(), 1);
    let time = events[0].event_time;
    let typed = typed::typed_records(&catalog, &events);
    let nothing = typed::anonymous_records(&catalog, &[]);
    let store = memory();
    fold(&store, &catalog, "typed", &cut(&typed, || 1), 2);
    let service = service(&catalog);
    let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
    let delay_us = 90_000_000;
    for (view, as_of, count) in [
        ("every_type", time - 1, 0),
        ("every_type", time, 0),
        ("every_type", time + 1, 1),
        ("shifted", time + delay_us - 1, 0),
        ("shifted", time + delay_us, 1),
        ("shifted", time + delay_us + 1, 1),
    ] {
        let asked = Asked { number: Some(1), name: Some("a"), part: None, as_of };
        let vector = online(&host, &asked).unwrap();
        for window in ["1h", "lifetime"] {
            let name = format!("{view}.count_{window}");
            assert_eq!(vector.value(&name), Some(&Value::Int64(count)), "{name} at {as_of}");
        }
        let logs = [("typed", &typed), ("anonymous", &nothing)];
        assert_eq!(batch(&catalog, &service, logs, &[asked])[0], vector.values);
    }
}

/// Goal: the two zeros differ, through aggregates, stores and both hosts (S14). Method: both zeros
/// in both orders, and the bits of the results, because `==` on values is what might be wrong.
#[test]
fn s14_the_zeros_differ_in_every_host() {
    let catalog = catalog("every-type");
    let service = service(&catalog);
    let nothing = typed::anonymous_records(&catalog, &[]);
    for zeros in [[0.0, -0.0], [-0.0, 0.0]] {
        let mut events = typed::typed(58, 2, 2);
        for (at, (event, zero)) in events.iter_mut().zip(zeros).enumerate() {
            event.name = "a".to_string();
            (event.number, event.event_time, event.double) = (1, at as i64, Some(zero));
        }
        let typed = typed::typed_records(&catalog, &events);
        let store = memory();
        fold(&store, &catalog, "typed", &cut(&typed, || 1), 2);
        let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
        let asked = Asked { number: Some(1), name: Some("a"), part: None, as_of: 10 };
        let logs = [("typed", &typed), ("anonymous", &nothing)];
        let batch = batch(&catalog, &service, logs, std::slice::from_ref(&asked)).remove(0);
        let online = online(&host, &asked).unwrap().values;
        let first_last = zeros.map(f64::to_bits);
        for (feature, bits) in [
            ("min", (-0.0_f64).to_bits()),
            ("max", 0.0_f64.to_bits()),
            ("first", first_last[0]),
            ("last", first_last[1]),
        ] {
            let name = format!("every_type.double_{feature}_lifetime");
            let at = service.outputs.iter().position(|output| output.name == name).unwrap();
            for values in [&batch, &online] {
                let Value::Float64(value) = values[at] else { panic!("{name}: {}", values[at]) };
                assert_eq!(value.to_bits(), bits, "{name} of {zeros:?}");
            }
        }
    }
}

/// Goal: a vector states the commit that was read and the artifacts that computed it (S1, S23), and
/// a later commit is visible in the next vector. Method: one get before and after each commit.
#[test]
fn s01_an_answer_carries_its_commit_and_identity() {
    let catalog = catalog("every-type");
    let typed = typed::typed_records(&catalog, &typed::typed(55, 60, 2));
    let store = memory();
    let service = service(&catalog);
    let host = OnlineHost::new(catalog.clone(), store.clone(), vec![service]).unwrap();
    let mut stream = StreamHost::open(catalog.clone(), store).unwrap();
    let asked = everyone(10 * DAY_US).remove(0);
    assert_eq!(online(&host, &asked).unwrap().known, 0);
    for batch in cut(&typed, || 20) {
        let applied = stream.apply("typed", FILES, &batch).unwrap();
        let vector = online(&host, &asked).unwrap();
        assert_eq!(vector.known, applied.sequence);
        assert_eq!(*vector.identity, Identity::of(&catalog));
        assert_eq!(vector.identity.artifacts[0].1, catalog.artifacts()[0].1.digest());
    }
}

/// What a reader saw: the commit, which question, and the values.
type Seen = (u64, usize, Vec<Value>);

/// Reads while `writing`, and counts the reads.
fn read_on(
    host: &OnlineHost,
    asked: &[Asked],
    writing: &AtomicBool,
    reads: &AtomicU64,
) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut at = 0;
    while writing.load(Ordering::SeqCst) {
        let vector = online(host, &asked[at]).unwrap();
        let newer = (vector.known, at, vector.values);
        if !seen.contains(&newer) {
            seen.push(newer);
        }
        reads.fetch_add(1, Ordering::SeqCst);
        at = (at + 1) % asked.len();
    }
    seen
}

/// Goal: a vector computed during commits belongs to exactly one commit, and replaying the log up
/// to its `known` gives it again (S1). Method: readers next to a writer that waits for a read after
/// each commit; every vector is recomputed by the batch host from the prefix of the log.
fn check_concurrent(store: Arc<dyn Store>) {
    let catalog = catalog("every-type");
    let typed = typed::typed_records(&catalog, &typed::typed(56, 120, 2));
    let nothing = typed::anonymous_records(&catalog, &[]);
    let service = service(&catalog);
    let host = OnlineHost::new(catalog.clone(), store.clone(), vec![service.clone()]).unwrap();
    let mut stream = StreamHost::open(catalog.clone(), store).unwrap();
    let asked = everyone(10 * DAY_US);
    let batches = cut(&typed, || 8);
    let (writing, reads) = (AtomicBool::new(true), AtomicU64::new(0));
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let read = || read_on(&host, &asked, &writing, &reads);
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(read)).collect();
        for (at, batch) in batches.iter().enumerate() {
            let before = reads.load(Ordering::SeqCst);
            assert_eq!(stream.apply("typed", FILES, batch).unwrap().sequence, at as u64 + 1);
            while reads.load(Ordering::SeqCst) < before + 2
                && readers.iter().all(|reader| !reader.is_finished())
            {
                std::thread::yield_now();
            }
        }
        writing.store(false, Ordering::SeqCst);
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
    });
    let mut commits: Vec<u64> = seen.iter().map(|(known, _, _)| *known).collect();
    commits.sort_unstable();
    commits.dedup();
    assert!(commits.len() > 5, "too few commits were seen: {commits:?}");
    for known in commits {
        let end = (known as usize * 8).min(typed.num_rows());
        let prefix = typed.slice(0, end);
        let expected =
            batch(&catalog, &service, [("typed", &prefix), ("anonymous", &nothing)], &asked);
        for (_, at, values) in seen.iter().filter(|seen| seen.0 == known) {
            assert_eq!(*values, expected[*at], "question {at} at commit {known}");
        }
    }
}

/// Goal: as [`check_concurrent`], in memory.
#[test]
fn s01_concurrent_answers_see_one_commit_in_memory() {
    check_concurrent(memory());
}

/// Goal: as [`check_concurrent`], in sled.
#[test]
fn s01_concurrent_answers_see_one_commit_in_sled() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open_or_create(folder.path().join("store")).unwrap();
    check_concurrent(Arc::new(store));
}
