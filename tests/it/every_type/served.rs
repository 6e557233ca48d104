//! A store that holds a whole log must still answer exactly: statuses, and which times are
//! answerable (S12, S16).
//!
//! Parity asks each question as soon as its events are in the store. Here the store also holds
//! events after `as_of`, and questions that are too old must be refused. Each answer is compared
//! with the oracle. Deliberately absent: the views that `online.rs` uses.

use super::definition::{given, rows, views};
use super::{DAY, HOUR, Question, S};
use crate::stream::{cut, digest, fold, memory, shuffled};
use lockstep_core::event::EventBatch;
use lockstep_core::fold::Status;
use lockstep_core::time::Time;
use lockstep_core::value::Value;
use lockstep_core::{ErrorKind, Result};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::parity::replay::Random;
use lockstep_engine::project::ProjectFile;
use lockstep_engine::service::Service;
use lockstep_engine::vector::FeatureVector;
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed::{self, Typed};
use lockstep_oracle::{Row, View};
use lockstep_store::Store;
use lockstep_store::canonical::Scope;
use std::sync::Arc;

/// The service of all features of one view.
fn service(catalog: &Catalog, view: &str) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[services.one]\nfeatures = [\"{view}.*\"]\n");
    std::fs::write(folder.path().join("lockstep.toml"), text).unwrap();
    Service::resolve(&ProjectFile::open(folder.path()).unwrap(), catalog, "one").unwrap()
}

/// A view, served from a store of some events.
struct Served {
    view: View,
    host: OnlineHost,
    events: Vec<Typed>,
    watermark: i64,
    compared: usize,
    overflowed: usize,
}

impl Served {
    fn new(view: &str, seed: u64, count: usize, days: i64) -> Served {
        let catalog = catalog("every-type");
        let events = typed::with_bad_vectors(seed, typed::typed(seed, count, days));
        let mut random = Random::new(seed);
        let delivered = typed::typed_records(&catalog, &shuffled(events.clone(), &mut random));
        let store = memory();
        let batches = cut(&delivered, || 1 + random.below(60) as usize);
        fold(&store, &catalog, "typed", &batches, 4);
        Served::over(&catalog, store, view, events)
    }

    /// A view, served from a store that holds just these events.
    fn over(
        catalog: &Arc<Catalog>,
        store: Arc<dyn Store>,
        view: &str,
        events: Vec<Typed>,
    ) -> Served {
        let service = service(catalog, view);
        let host = OnlineHost::new(catalog.clone(), store, vec![service]).unwrap();
        let watermark = events.iter().map(|event| event.event_time).max().unwrap();
        let view = views(catalog).into_iter().find(|known| known.name == view).unwrap();
        Served { view, host, events, watermark, compared: 0, overflowed: 0 }
    }

    fn ask(&self, question: &Question) -> Result<FeatureVector> {
        let part = &self.view.columns[self.view.key[0]].0;
        let value = match part.as_str() {
            "name" => Value::from(question.name.as_str()),
            _ => Value::Int64(question.number),
        };
        let as_of = AsOf::At(Time::saturating(question.as_of));
        self.host.get("one", &[(part.as_str(), value)], as_of)
    }

    /// Compares an answer with the oracle: values and statuses.
    fn compare(&mut self, question: &Question, vector: &FeatureVector) {
        let rows: Vec<Row> = rows(&self.view, question, &self.events, &[]);
        for declared in &self.view.features {
            let name = format!("{}.{}", self.view.name, declared.name);
            let at = vector.features.iter().position(|feature| feature.name == name).unwrap();
            let want = self.view.value(&rows, &declared.name, question.as_of).unwrap();
            let found = given(&vector.values[at]);
            let told = format!("{name} of {question:?}: {}, and online {found}", want.value);
            assert!(want.agrees(&found), "{told}");
            assert_eq!(vector.statuses[at] == Status::Overflow, want.overflow, "{told}");
            self.compared += 1;
            self.overflowed += usize::from(want.overflow);
        }
    }

    /// Asks a question; a refused one is asked again as of the time that the refusal names.
    fn check(&mut self, question: &Question) {
        match self.ask(question) {
            Ok(vector) => self.compare(question, &vector),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Input, "{question:?}: {error}");
                let oldest = crate::online::oldest_named(&error).micros();
                assert!(question.as_of < oldest, "{question:?}: {error}");
                for as_of in [oldest, oldest + 1, oldest + HOUR + 3] {
                    let later = Question { as_of, ..question.clone() };
                    let vector = self.ask(&later).unwrap_or_else(|e| panic!("{later:?}: {e}"));
                    self.compare(&later, &vector);
                }
            }
        }
    }
}

/// Goal: every feature has the oracle's bits and status from a store that holds the whole log, and
/// a refusal names a time that can be answered (S1, S12, S16). Method: both views over dense,
/// medium and sparse logs; questions at and near the edges of windows around the last event, and
/// some long before.
#[test]
fn s12_every_aggregate_and_window_is_served() {
    for view in ["every_aggregate", "every_window"] {
        let (mut refused, mut overflowed) = (0, 0);
        for (seed, days) in [(61, 2), (62, 40), (63, 900)] {
            let mut served = Served::new(view, seed, 250, days);
            let mut random = Random::new(seed ^ 9);
            let mut pick = |of: &[i64]| of[random.below(of.len() as u64) as usize];
            for _ in 0..40 {
                let beside = [-5 * HOUR, -HOUR, 0, 90 * S, HOUR, 12 * HOUR, DAY, 3 * DAY, 4 * DAY];
                let back = if pick(&[0, 0, 0, 1]) == 1 { days * DAY / 3 } else { 0 };
                let as_of = served.watermark + pick(&beside) + pick(&[-1, 0, 1]) - back;
                let name = typed::NAMES[pick(&[0, 1, 2, 3, 4, 5]) as usize].to_string();
                let number = pick(&[0, 1, 2, 3]);
                let question = Question { number, name, part: None, weight: None, as_of };
                refused += usize::from(served.ask(&question).is_err());
                served.check(&question);
            }
            overflowed += served.overflowed;
        }
        assert!(refused > 5 && overflowed > 5, "{view}: {refused} {overflowed}");
    }
}

/// Goal: where two partitions hold one id at one time with different rows, the whole row decides
/// their order, so values and states do not depend on how partitions interleave (S10, S15). Method:
/// each event comes in one partition as it is and in the other with other values; three ways to
/// interleave; the stores are compared with each other, and answers with the oracle.
#[test]
fn s15_the_whole_row_orders_one_id_of_two_partitions() {
    let catalog = catalog("every-type");
    let events = typed::typed(65, 150, 2);
    let others = typed::typed(66, 150, 2).into_iter().zip(&events).map(|(other, event)| Typed {
        event_id: event.event_id.clone(),
        event_time: event.event_time,
        number: event.number,
        name: event.name.clone(),
        ..other
    });
    let others: Vec<Typed> = others.collect();
    let of = |events: &[Typed]| cut(&typed::typed_records(&catalog, events), || 30);
    let (first, second) = (of(&events), of(&others));
    let (a, b) = (first.iter().map(|batch| ("a", batch)), second.iter().map(|batch| ("b", batch)));
    let alternating = a.clone().zip(b.clone()).flat_map(|(a, b)| [b, a]);
    let ways = [a.clone().chain(b.clone()).collect(), b.chain(a).collect(), alternating.collect()];
    let all: Vec<Typed> = events.iter().chain(&others).cloned().collect();
    let mut digests = Vec::new();
    for way in ways {
        let way: Vec<(&str, &EventBatch)> = way;
        let store = memory();
        let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
        for (partition, batch) in way {
            assert_eq!(host.apply("typed", partition, batch).unwrap().duplicates, 0);
        }
        drop(host);
        digests.push(digest(&*store, &catalog, Scope::All));
        for view in ["every_aggregate", "every_window", "shifted"] {
            let mut served = Served::over(&catalog, store.clone(), view, all.clone());
            for (number, name) in (0..4).zip(typed::NAMES) {
                let as_of = served.watermark + 1;
                let name = (*name).to_string();
                served.check(&Question { number, name, part: None, weight: None, as_of });
            }
            assert!(served.compared > 20, "{view}");
        }
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}
