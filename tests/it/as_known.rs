//! Training sets with `--as-known`: their values must be those that the online host would have
//! returned at the time (S1).
//!
//! Method: events arrive some time after they happened, some of them late. The online host is asked
//! at each time when its store contains exactly the events that had arrived by then; the batch host
//! is given all events with their arrival times. Both must give the same bits, and different values
//! than without arrival times wherever a later arrival would have leaked. Leaks through an
//! on-demand transform are counted by comparing two training sets: one as known, and one with all
//! events, for the rows that the transform does not refuse. Deliberately absent: how arrival times
//! are read from files.

use crate::online::{Asked, everyone, online, service};
use crate::stream::memory;
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use lockstep_core::Result;
use lockstep_core::event::EventBatch;
use lockstep_core::row::TypedColumn;
use lockstep_core::time::MINUTE_US;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::OnlineHost;
use lockstep_engine::parity::replay::Random;
use lockstep_engine::project::ProjectFile;
use lockstep_engine::service::Service;
use lockstep_engine::shuffle::SpillOptions;
use lockstep_engine::training::{Counts, Options, TrainingSet};
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed;
use lockstep_store::progress::FILES;
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
        // The batch host handles events that are more than an hour late one by one.
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
            failures: vec![],
            set_aside: vec![],
        }
    }
}

/// The questions as a spine, each with its weight if it has one.
fn spine(asked: &[Asked], weights: &[Option<f64>]) -> RecordBatch {
    let weights = asked.iter().enumerate().map(|(at, _)| weights.get(at).copied().flatten());
    let times: TimestampMicrosecondArray = asked.iter().map(|a| Some(a.as_of)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(asked.iter().map(|a| a.number).collect::<Int64Array>())),
        ("name", Arc::new(asked.iter().map(|a| a.name).collect::<StringArray>())),
        ("part", Arc::new(asked.iter().map(|a| a.part).collect::<Int64Array>())),
        ("weight", Arc::new(weights.collect::<Float64Array>())),
        ("as_of", Arc::new(times.with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .unwrap()
}

/// The batch host's values and counts.
fn trained(
    catalog: &Catalog,
    service: &Service,
    sources: &[Arriving],
    asked: &[Asked],
    known: bool,
) -> (Vec<Vec<Value>>, Counts) {
    let known = known.then(|| "arrived_at".to_string());
    let options = Options { known, ..Options::default() };
    made(catalog, service, sources, &spine(asked, &[]), options).unwrap()
}

/// As [`trained`], for a given spine.
fn made(
    catalog: &Catalog,
    service: &Service,
    sources: &[Arriving],
    spine: &RecordBatch,
    options: Options,
) -> Result<(Vec<Vec<Value>>, Counts)> {
    let known = options.known.clone();
    let mut training = TrainingSet::with(catalog, service, options)?;
    training.spine(spine)?;
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
    let mut joined = training.join(&|_, _| {})?;
    let (half, rows) = (spine.num_rows() / 2, spine.num_rows());
    let parts = [(0, half), (half, rows - half)].map(|(at, rows)| spine.slice(at, rows));
    let parts = [joined.next(&parts[0])?, joined.next(&parts[1])?];
    let records = concat_batches(&parts[0].schema(), &parts).unwrap();
    let columns =
        service.outputs.iter().map(|output| records.column_by_name(&output.name).unwrap());
    let columns: Vec<TypedColumn> =
        columns.map(|column| TypedColumn::new(column).unwrap()).collect();
    let row = |row: usize| columns.iter().map(|column| column.value(row)).collect();
    Ok(((0..rows).map(row).collect(), joined.counts))
}

/// Both sources of `every-type`, some of their events late.
fn sources(catalog: &Catalog, seed: u64, random: &mut Random) -> [Arriving; 2] {
    let events = typed::typed(seed, 160, DAYS);
    let others = typed::anonymous(seed, 80, DAYS);
    [
        Arriving::new(
            random,
            "typed",
            typed::typed_records(catalog, &events),
            events.iter().map(|event| event.event_time).collect(),
        ),
        Arriving::new(
            random,
            "anonymous",
            typed::anonymous_records(catalog, &others),
            others.iter().map(|event| event.event_time).collect(),
        ),
    ]
}

/// The online host's values, each at the moment when the store holds exactly what had arrived.
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
        let sources = sources(&catalog, seed, &mut random);
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

/// The service of one on-demand transform, and of a feature that it reads.
fn on_demand(catalog: &Catalog) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let text = "[services.asked]\nfeatures = [\"shifted.count_lifetime\", \"answer.*\"]\n";
    std::fs::write(folder.path().join("lockstep.toml"), text).unwrap();
    Service::resolve(&ProjectFile::open(folder.path()).unwrap(), catalog, "asked").unwrap()
}

/// Goal: leakage is counted for the outputs of on-demand transforms too, and a transform that
/// refuses a row because of a later arrival does not fail the run: the row counts as different.
/// Method: each question may be answered only while no more events are known than had arrived, so
/// with all events some are refused; the others are compared one by one. Once also with both halves
/// of the work on the disk.
#[test]
fn s01_leaks_through_on_demand_transforms_are_counted() {
    let catalog = catalog("every-type");
    let service = on_demand(&catalog);
    let mut random = Random::new(91);
    let sources = sources(&catalog, 91, &mut random);
    // Just after events, some of which have not arrived yet, and after the 90 s delay of the view
    // that counts them.
    let late = typed::typed(91, 160, DAYS).into_iter().enumerate();
    let late = late.map(|(at, it)| it.event_time + [1, 2 * MINUTE_US][at / 2 % 2]);
    let asked = late.step_by(2).flat_map(everyone).filter(|it| it.name != Some("refused"));
    let asked: Vec<Asked> = asked.collect();
    let count = |row: &Vec<Value>| match row[0] {
        Value::Int64(count) => count,
        _ => panic!("a count is an integer"),
    };
    let (known, _) = trained(&catalog, &service, &sources, &asked, true);
    let (plain, _) = trained(&catalog, &service, &sources, &asked, false);
    // No weight is 0, because that would need any number of events.
    let weights: Vec<Option<f64>> =
        known.iter().map(|row| Some(-0.5 - count(row) as f64)).collect();
    let sound: Vec<usize> =
        (0..asked.len()).filter(|row| count(&plain[*row]) <= count(&known[*row])).collect();
    assert!(sound.len() + 20 < asked.len(), "no refusals: the test has no late events");

    let all = spine(&asked, &weights);
    let error = made(&catalog, &service, &sources, &all, Options::default()).unwrap_err();
    assert!(error.message.contains("too many"), "S21: {error}");
    let rows: UInt32Array = sound.iter().map(|row| Some(*row as u32)).collect();
    let some = take_record_batch(&all, &rows).unwrap();
    let (plain, _) = made(&catalog, &service, &sources, &some, Options::default()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let spill = SpillOptions { memory_max: 0, folder: folder.path().to_path_buf() };
    for spill in [None, Some(spill)] {
        let options = Options { known: Some("arrived_at".into()), spill, ..Options::default() };
        let (known, counts) = made(&catalog, &service, &sources, &all, options).unwrap();
        let mut leaked = 0;
        for (at, output) in service.outputs.iter().enumerate().skip(1) {
            let named = counts.leakage.iter().find(|(name, _)| *name == output.name);
            let (_, found) = named.unwrap_or_else(|| panic!("{} is not counted", output.name));
            let same =
                sound.iter().zip(&plain).filter(|(row, plain)| known[**row][at] == plain[at]);
            assert_eq!(*found as usize, asked.len() - same.count(), "{}", output.name);
            leaked += found - (asked.len() - sound.len()) as u64;
        }
        assert!(leaked > 0, "only refusals leaked");
    }
}
