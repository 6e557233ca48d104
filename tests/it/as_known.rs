//! Training sets as known: what the online host would have answered at the time (S1).
//!
//! Method: events arrive some time after they happened, some of them late. The online host is asked
//! at each time when just those events are in its store that had arrived by then; the batch host is
//! given all events with their times of arrival. Both must give the same bits, and another answer
//! than without arrivals where one leaked.

use crate::online::{Asked, everyone, online, service};
use crate::stream::memory;
use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::take_record_batch;
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed;
use lockstep_runtime::catalog::Catalog;
use lockstep_runtime::event::EventBatch;
use lockstep_runtime::host::batch::{Counts, Options, TrainingSet};
use lockstep_runtime::host::online::OnlineHost;
use lockstep_runtime::host::stream::StreamHost;
use lockstep_runtime::parity::replay::Random;
use lockstep_runtime::row::TypedColumn;
use lockstep_runtime::service::Service;
use lockstep_runtime::store::progress::FILES;
use lockstep_runtime::time::MINUTE_US;
use lockstep_runtime::value::Value;
use std::sync::Arc;

const DAYS: i64 = 12;

/// A source's events, and when each arrived.
struct Arriving {
    source: &'static str,
    records: RecordBatch,
    arrived: Vec<i64>,
}

impl Arriving {
    fn new(
        random: &mut Random,
        source: &'static str,
        records: RecordBatch,
        times: Vec<i64>,
    ) -> Arriving {
        // The batch host looks at those later than an hour one by one.
        let delay = |random: &mut Random| match random.below(4) {
            0 => random.below(110) as i64 * MINUTE_US,
            1 => 0,
            _ => random.below(9 * MINUTE_US as u64) as i64,
        };
        let arrived = times.iter().map(|time| time + delay(random)).collect();
        Arriving { source, records, arrived }
    }

    fn batch(&self, records: RecordBatch, first: usize) -> EventBatch {
        let end = (first + records.num_rows()) as u64;
        EventBatch {
            records,
            positions: (first as u64..end).collect(),
            next_position: end,
            set_aside: vec![],
        }
    }
}

fn spine(asked: &[Asked]) -> RecordBatch {
    let times: TimestampMicrosecondArray = asked.iter().map(|a| Some(a.as_of)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(asked.iter().map(|a| a.number).collect::<Int64Array>())),
        ("name", Arc::new(asked.iter().map(|a| a.name).collect::<StringArray>())),
        ("part", Arc::new(asked.iter().map(|a| a.part).collect::<Int64Array>())),
        ("as_of", Arc::new(times.with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .unwrap()
}

/// The batch host's answers, and what it counted.
fn trained(
    catalog: &Catalog,
    service: &Service,
    sources: &[Arriving],
    asked: &[Asked],
    known: bool,
) -> (Vec<Vec<Value>>, Counts) {
    let known = known.then(|| "arrived_at".to_string());
    let options = Options { known: known.clone(), ..Options::default() };
    let mut training = TrainingSet::with(catalog, service, options).unwrap();
    let spine = spine(asked);
    training.spine(&spine).unwrap();
    for source in sources {
        let mut columns = source.records.columns().to_vec();
        if known.is_some() {
            let arrived: TimestampMicrosecondArray =
                source.arrived.iter().map(|at| Some(*at)).collect();
            columns.push(Arc::new(arrived.with_timezone("UTC")));
        }
        let schema = training.schema(source.source).unwrap().arrow();
        let records = RecordBatch::try_new(schema, columns).unwrap();
        let half = records.num_rows() / 2;
        for (first, rows) in [(0, half), (half, records.num_rows() - half)] {
            training.push(source.source, &source.batch(records.slice(first, rows), first)).unwrap();
        }
    }
    let mut joined = training.join(&|_, _| {}).unwrap();
    let records = joined.next(&spine).unwrap();
    let columns =
        service.outputs.iter().map(|output| records.column_by_name(&output.name).unwrap());
    let columns: Vec<TypedColumn> =
        columns.map(|column| TypedColumn::new(column).unwrap()).collect();
    let row = |row: usize| columns.iter().map(|column| column.value(row)).collect();
    ((0..asked.len()).map(row).collect(), joined.counts)
}

/// The online host's answers, each when what had arrived was in.
fn served(
    catalog: &Arc<Catalog>,
    service: &Service,
    sources: &[Arriving],
    asked: &[Asked],
) -> Vec<Vec<Value>> {
    let store = memory();
    let mut stream = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
    let mut arrivals: Vec<(i64, usize, usize)> = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let events = source.arrived.iter().enumerate();
        arrivals.extend(events.map(|(event, arrived)| (*arrived, at, event)));
    }
    arrivals.sort_unstable();
    let (mut arrivals, mut positions) = (arrivals.into_iter().peekable(), [0, 0]);
    let answer = |asked: &Asked| {
        while let Some((_, at, event)) = arrivals.next_if(|arrival| arrival.0 <= asked.as_of) {
            let source = &sources[at];
            let event = UInt32Array::from(vec![event as u32]);
            let record = take_record_batch(&source.records, &event).unwrap();
            stream.apply(source.source, FILES, &source.batch(record, positions[at])).unwrap();
            positions[at] += 1;
        }
        online(&host, asked).unwrap().values
    };
    asked.iter().map(answer).collect()
}

/// Goal: see the module. Method: several seeds, questions about every name at random times.
#[test]
fn s01_as_known_is_what_was_served() {
    let catalog = catalog("every-type");
    let service = service(&catalog);
    let mut changed = 0;
    for seed in 81..84 {
        let mut random = Random::new(seed);
        let events = typed::typed(seed, 160, DAYS);
        let others = typed::anonymous(seed, 80, DAYS);
        let sources = [
            Arriving::new(
                &mut random,
                "typed",
                typed::typed_records(&catalog, &events),
                events.iter().map(|event| event.event_time).collect(),
            ),
            Arriving::new(
                &mut random,
                "anonymous",
                typed::anonymous_records(&catalog, &others),
                others.iter().map(|event| event.event_time).collect(),
            ),
        ];
        let mut times: Vec<i64> = (0..12).map(|_| typed::time(&mut random, DAYS)).collect();
        times.extend(sources[0].arrived.iter().step_by(20));
        times.sort_unstable();
        let asked: Vec<Asked> = times.into_iter().flat_map(everyone).collect();
        let (known, counts) = trained(&catalog, &service, &sources, &asked, true);
        let expected = served(&catalog, &service, &sources, &asked);
        for ((asked, known), expected) in asked.iter().zip(&known).zip(&expected) {
            for ((output, known), expected) in service.outputs.iter().zip(known).zip(expected) {
                assert_eq!(known, expected, "seed {seed}, {asked:?}, {}", output.name);
            }
        }
        let (plain, none) = trained(&catalog, &service, &sources, &asked, false);
        assert!(none.leakage.is_empty());
        for (at, (name, found)) in counts.leakage.iter().enumerate() {
            assert_eq!(*name, service.outputs[at].name);
            let rows = known.iter().zip(&plain).filter(|(known, plain)| known[at] != plain[at]);
            assert_eq!(*found, rows.count() as u64, "seed {seed}, {name}");
            changed += found;
        }
    }
    assert!(changed > 100, "nothing leaked: the test has no late events");
}
