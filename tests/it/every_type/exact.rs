//! Integers of every width, decimals, dates and bytes: all hosts must have the same bits, and the
//! values that plain arithmetic gives.
//!
//! Method: the artifact `exact-types` passes its columns through. The modules below know a value as
//! an integer of 128 bits or as bytes, select the rows of each window themselves, and compute each
//! feature from the definitions of docs/FEATURES.md, sharing no code with the hosts. Where only the
//! hosts can know a value (estimates, moments, windows with hops), they are compared with each
//! other. Deliberately absent: the types, aggregates and windows of `every-type`.

mod definition;
mod kind;
mod log;

use super::{HOUR, same_bits};
use crate::backfill::{How, fill};
use crate::stream::{cut, digest, fold, memory};
use arrow::array::RecordBatch;
use definition::expected;
use kind::{COLUMNS, NUMBERS, Number, WHOLE};
use lockstep_core::fold::Status;
use lockstep_core::row::TypedColumn;
use lockstep_core::time::Time;
use lockstep_core::value::{Decimal, Value};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::parity::replay::{Disturbance, Random};
use lockstep_engine::parity::{self, Options};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_engine::shuffle::SpillOptions;
use lockstep_engine::training::{Options as Training, Trained, TrainingSet};
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed;
use lockstep_store::Store;
use lockstep_store::canonical::Scope;
use lockstep_store::memory::MemoryStore;
use log::{Row, events, questions, records, row, spine};
use std::collections::BTreeSet;
use std::sync::Arc;

fn train(catalog: &Catalog, events: &RecordBatch, spine: &RecordBatch, spill: bool) -> Trained {
    let service = Service::everything(catalog).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let spill = spill.then(|| SpillOptions { memory_max: 0, folder: folder.path().to_path_buf() });
    let options = Training { workers: 2, spill, ..Training::default() };
    let mut training = TrainingSet::with(catalog, &service, options).unwrap();
    training.spine(spine).unwrap();
    for batch in typed::batches(events, 100) {
        training.push("exact", &batch).unwrap();
    }
    training.finish(spine, &|_, _| {}).unwrap()
}

/// Compares a training set with this file's values, and all hosts with each other. The names of
/// the features that had a value other than null, and how many sums overflowed.
fn check(seed: u64, events: &[Row], questions: &[Row]) -> (BTreeSet<String>, usize) {
    let catalog = catalog("exact-types");
    let service = Service::everything(&catalog).unwrap();
    let (records, spine) = (records(&catalog, events), spine(questions));
    let trained = train(&catalog, &records, &spine, false);
    let cut = train(&catalog, &records, &spine, true);
    assert!(same_bits(&cut.records, &trained.records), "seed {seed}: stretches differ");
    let (mut filled, mut overflowed) = (BTreeSet::new(), 0);
    for (at, question) in questions.iter().enumerate() {
        let expected = expected(events, question);
        for (name, want) in &expected {
            let column = trained.records.column_by_name(name);
            let column = column.unwrap_or_else(|| panic!("no feature {name}"));
            let found = TypedColumn::new(column).unwrap().value(at);
            let told = || format!("seed {seed}, question {at}: {name} is {found}, not {want}");
            assert!(found.encoded() == want.encoded(), "{}", told());
            if !found.is_null() {
                filled.insert(name.clone());
            }
        }
        for (column, _) in &COLUMNS[..NUMBERS] {
            let count = &expected[&format!("exact_values.{column}_count_lifetime")];
            let sum = &expected[&format!("exact_values.{column}_sum_lifetime")];
            overflowed += usize::from(sum.is_null() && *count != Value::Int64(0));
        }
        for (column, _) in COLUMNS {
            let name = format!("exact_values.{column}_approx_count_distinct_lifetime");
            let column_of = trained.records.column_by_name(&name).unwrap();
            let found = TypedColumn::new(column_of).unwrap().value(at);
            let exact = &expected[&format!("exact_values.{column}_unique_count_lifetime")];
            let (Value::Int64(found), Value::Int64(exact)) = (&found, exact) else {
                panic!("{name}: {found}")
            };
            assert!((found - exact).abs() <= 1, "{name}: {found} of {exact}");
        }
    }
    let logs = [typed::log(&catalog, "exact", &records)];
    let disturbance =
        Disturbance { seed, disorder_us: HOUR, duplicate_one_in: 9, batch_rows_max: 40 };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let options = Options { as_of: AS_OF.into(), disturbance, reopens: 3 };
    let open = || Ok(store.clone());
    let report =
        parity::run(&catalog, &service, &logs, &spine, &options, &open, &|_, _| {}).unwrap();
    for feature in &report.features {
        assert_eq!(feature.identical, feature.compared, "seed {seed}: {feature:#?}");
    }
    assert_eq!(report.rows, questions.len() as u64);
    (filled, overflowed)
}

/// Goal: every feature of every exact type has the value that plain arithmetic gives, and the same
/// bits in the batch, streaming and online hosts (S1, S14 to S17). Method: see the module; the seed
/// is in the failure.
#[test]
fn s01_exact_types_have_the_same_bits_in_all_hosts() {
    let (mut filled, mut overflowed) = (BTreeSet::new(), 0);
    for (seed, count) in [(81, 200), (82, 60), (83, 15)] {
        let events = events(seed, count);
        let (found, over) = check(seed, &events, &questions(seed ^ 5, 40, &events));
        filled.extend(found);
        overflowed += over;
    }
    let known = expected(&[], &row(&mut Random::new(1), 0, 0));
    let empty: Vec<&String> = known.keys().filter(|name| !filled.contains(*name)).collect();
    assert!(empty.is_empty() && overflowed > 20, "{empty:?} {overflowed}");
}

/// Goal: a backfill of exact types leaves the store that streaming leaves (S24). Method: small
/// batches, rounds and commits; the exports are equal.
#[test]
fn s24_a_backfill_of_exact_types_equals_streaming() {
    let catalog = catalog("exact-types");
    let mut random = Random::new(86);
    let log = cut(&records(&catalog, &events(87, 150)), || 1 + random.below(40) as usize);
    let (streamed, filled) = (memory(), memory());
    fold(&streamed, &catalog, "exact", &log, 7);
    fill(&*filled, &catalog, "exact", &log, None, &How::small(2)).unwrap();
    let export = |store: &dyn Store| digest(store, &catalog, Scope::All);
    assert_eq!(export(&*filled), export(&*streamed));
}

/// Goal: a log without events answers every question, nulls and empty lists included (S16).
#[test]
fn s16_exact_types_of_an_empty_log() {
    check(84, &[], &questions(85, 5, &[]));
}

/// Goal: a sum is in the widest type of its kind, and null with the status `overflow` beyond it,
/// in the batch host and online (S16, S17). Method: 38 nines twice, once more with their negative,
/// and the greatest unsigned integers; the values are literals.
#[test]
fn s17_sums_overflow_beyond_the_widest_type() {
    let catalog = catalog("exact-types");
    let nines = 10_i128.pow(38) - 1;
    let event = |at: usize, name, whole: i128, uint64: u64| {
        let mut event = row(&mut Random::new(3), at, at as i64);
        event.name = name;
        event.cells = vec![None; COLUMNS.len()];
        event.cells[6] = Some(Number(uint64.into()));
        event.cells[WHOLE] = Some(Number(whole));
        event
    };
    let events = [
        event(0, "a", nines, u64::MAX),
        event(1, "a", nines, 1),
        event(2, "b", nines, u64::MAX - 1),
        event(3, "b", nines, 1),
        event(4, "b", -nines, 0),
    ];
    let decimal = |unscaled| Value::Decimal(Box::new(Decimal { unscaled, scale: 0 }));
    let expected = [
        ("a", (Value::Null, Status::Overflow), (Value::Null, Status::Overflow)),
        ("b", (decimal(nines), Status::Present), (Value::UInt64(u64::MAX), Status::Present)),
    ];
    let questions = ["a", "b"].map(|name| Row { name, time: 9, ..events[0].clone() });
    let records = records(&catalog, &events);
    let trained = train(&catalog, &records, &spine(&questions), false);
    let store = memory();
    fold(&store, &catalog, "exact", &cut(&records, || 2), 4);
    let folder = tempfile::tempdir().unwrap();
    let text = "[services.one]\nfeatures = [\"exact_values.*\"]\n";
    std::fs::write(folder.path().join("lockstep.toml"), text).unwrap();
    let project = lockstep_engine::project::ProjectFile::open(folder.path()).unwrap();
    let service = Service::resolve(&project, &catalog, "one").unwrap();
    let host = OnlineHost::new(catalog.clone(), store, vec![service]).unwrap();
    for (at, (name, whole, uint64)) in expected.into_iter().enumerate() {
        let as_of = AsOf::At(Time::saturating(9));
        let vector = host.get("one", &[("name", Value::from(name))], as_of).unwrap();
        for (feature, (value, status)) in [("whole_sum", whole), ("uint64_sum", uint64)] {
            let feature = format!("exact_values.{feature}_lifetime");
            let column = trained.records.column_by_name(&feature).unwrap();
            let batch = TypedColumn::new(column).unwrap().value(at);
            let place = vector.features.iter().position(|known| known.name == feature).unwrap();
            let online = (&vector.values[place], vector.statuses[place]);
            assert_eq!((batch, online), (value.clone(), (&value, status)), "{name} {feature}");
        }
    }
}
