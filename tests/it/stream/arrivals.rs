//! Watermarks with arrival times: an event with a time far in the future must not seal anything
//! (S11).
//!
//! Method: the same log with and without a declared column of arrivals.

use super::{cut, digest, fold, memory};
use crate::every_type::{questions, spine};
use crate::online::{self, everyone, online, service};
use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use lockstep_core::event::EventBatch;
use lockstep_core::time::{DAY_US, HOUR_US};
use lockstep_engine::admission::arrivals::reading;
use lockstep_engine::backfill::Backfill;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::OnlineHost;
use lockstep_engine::parity::replay::{Disturbance, Random};
use lockstep_engine::parity::{self, Options};
use lockstep_engine::service::AS_OF;
use lockstep_kit::artifacts::artifact;
use lockstep_kit::typed;
use lockstep_source::EventReader;
use lockstep_store::canonical::Scope;
use lockstep_store::progress::FILES;
use std::sync::Arc;
use std::vec::IntoIter;

/// The catalogue of `every-type`, in which `typed` records arrivals or does not.
fn catalog(recorded: bool) -> Arc<Catalog> {
    let artifacts = vec![("every_type".to_string(), artifact("every-type"))];
    let mut catalog = Catalog::new(artifacts).unwrap();
    if recorded {
        catalog.record_arrivals("typed", "arrived_at").unwrap();
    }
    Arc::new(catalog)
}

/// The events of `typed` as a store's reader returns them.
fn with_arrivals(catalog: &Catalog, events: &RecordBatch, arrived: &[i64]) -> RecordBatch {
    let schema = reading(catalog.source("typed").unwrap()).unwrap().arrow();
    let arrived: TimestampMicrosecondArray = arrived.iter().map(|at| Some(*at)).collect();
    let mut columns = events.columns().to_vec();
    columns.push(Arc::new(arrived.with_timezone("UTC")));
    RecordBatch::try_new(schema, columns).unwrap()
}

struct Batches(IntoIter<EventBatch>);

impl EventReader for Batches {
    fn next(&mut self) -> lockstep_core::Result<Option<EventBatch>> {
        Ok(self.0.next())
    }
}

/// Goal: where arrivals are recorded, an event far ahead of its arrival does not move the watermark
/// past the arrival. So what was answerable before is answerable after it, with the batch host's
/// bits, and a backfill leaves the same store. Method: one event with a year in the future among
/// others that arrive within ten minutes; without the column of arrivals the store refuses the same
/// questions.
#[test]
fn s11_a_future_event_seals_nothing_where_arrivals_are_recorded() {
    let (days, seed) = (60, 65);
    let end = days * DAY_US;
    let mut random = Random::new(seed);
    let mut events = typed::typed(seed, 200, days);
    let mut arrived: Vec<i64> = events.iter().map(|event| event.event_time).collect();
    arrived.iter_mut().for_each(|at| *at += random.below(600_000_000) as i64);
    (events[0].event_time, arrived[0]) = (end, end);
    (events[77].event_time, arrived[77]) = (end + 400 * DAY_US, end - DAY_US);
    let others = typed::anonymous(seed, 100, days);
    for recorded in [true, false] {
        let catalog = catalog(recorded);
        let service = service(&catalog);
        let typed = typed::typed_records(&catalog, &events);
        let anonymous = typed::anonymous_records(&catalog, &others);
        let read = if recorded { with_arrivals(&catalog, &typed, &arrived) } else { typed.clone() };
        let store = memory();
        fold(&store, &catalog, "typed", &cut(&read, || 9), 4);
        fold(&store, &catalog, "anonymous", &cut(&anonymous, || 9), 4);
        let stream = StreamHost::open(catalog.clone(), store.clone()).unwrap();
        let watermark = stream.progress("typed", FILES).unwrap().watermark;
        assert_eq!(watermark, Some(if recorded { end } else { end + 400 * DAY_US }));

        let filled = memory();
        for (source, records) in [("typed", &read), ("anonymous", &anonymous)] {
            let whole = lockstep_engine::backfill::Options::default();
            let bulk = Backfill::open(&catalog, &*filled, source, FILES, None, whole);
            let mut batches = Batches(cut(records, || 50).into_iter());
            bulk.unwrap().unwrap().run(&mut batches, &mut |_| {}).unwrap();
        }
        let [streamed, filled] =
            [&store, &filled].map(|store| digest(&**store, &catalog, Scope::All));
        assert_eq!(streamed, filled, "recorded: {recorded}");

        let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
        for back in [0, 1, 11 * HOUR_US] {
            let asked = everyone(end - back);
            let logs = [("typed", &read), ("anonymous", &anonymous)];
            let expected = online::batch(&catalog, &service, logs, &asked);
            for (asked, expected) in asked.iter().zip(expected) {
                match online(&host, asked) {
                    Ok(vector) => {
                        assert!(recorded, "the future event did not seal {asked:?}");
                        assert_eq!(vector.values, expected, "{asked:?}");
                    }
                    Err(error) => assert!(!recorded, "{asked:?}: {error}"),
                }
            }
        }
    }
}

/// Goal: parity holds for a source that records arrivals, because both sides read them. Method:
/// events of which some arrive days late, in disorder; questions at any time.
#[test]
fn s11_parity_replays_recorded_arrivals() {
    let (seed, days) = (66, 20);
    let catalog = catalog(true);
    let service = service(&catalog);
    let mut random = Random::new(seed);
    let events = typed::typed(seed, 200, days);
    let late = |random: &mut Random| random.below(3 * DAY_US as u64) as i64;
    let arrived: Vec<i64> = events.iter().map(|it| it.event_time + late(&mut random)).collect();
    let typed = with_arrivals(&catalog, &typed::typed_records(&catalog, &events), &arrived);
    let anonymous = typed::anonymous_records(&catalog, &typed::anonymous(seed, 100, days));
    let logs =
        [typed::log(&catalog, "typed", &typed), typed::log(&catalog, "anonymous", &anonymous)];
    let spine = spine(&questions(seed, 40, &events, days));
    let disturbance =
        Disturbance { seed, disorder_us: HOUR_US, duplicate_one_in: 5, batch_rows_max: 30 };
    let options = Options { as_of: AS_OF.into(), disturbance, reopens: 3 };
    let store = memory();
    let open = || Ok(store.clone());
    let report =
        parity::run(&catalog, &service, &logs, &spine, &options, &open, &|_, _| {}).unwrap();
    assert!(report.compared > 0 && report.copies > 10);
    assert_eq!(report.identical, report.compared, "{report:#?}");
    assert_eq!(report.without_ids, ["anonymous"]);
}
