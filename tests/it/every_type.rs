//! Every type, aggregate and window: all hosts must agree with the oracle and with each other, on
//! generated events.
//!
//! Method: the artifact `every-type` passes its columns through, so the rows of each view are known
//! from the events; `definition.rs` states them a second time, for the oracle. Each aggregate and
//! each window of docs/FEATURES.md occurs in some view. Deliberately absent: bad input.

mod definition;
mod exact;
mod served;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use definition::{Compared, compare};
use lockstep_core::row::TypedColumn;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::parity::replay::{Disturbance, Random};
use lockstep_engine::parity::{self, Options, Report};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_engine::shuffle::SpillOptions;
use lockstep_engine::training::{Options as Training, Trained, TrainingSet};
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed::{self, Typed};
use lockstep_store::Store;
use lockstep_store::memory::MemoryStore;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const S: i64 = 1_000_000;
const HOUR: i64 = 3_600 * S;
const DAY: i64 = 24 * HOUR;

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    number: i64,
    name: String,
    part: Option<i64>,
    weight: Option<f64>,
    as_of: i64,
}

/// Questions about keys that exist and some that do not, at event times, beside them, and at edges.
pub(crate) fn questions(seed: u64, count: usize, events: &[Typed], days: i64) -> Vec<Question> {
    let mut random = Random::new(seed);
    let names: Vec<&str> = typed::NAMES.iter().copied().filter(|name| *name != "refused").collect();
    (0..count)
        .map(|_| {
            let as_of = match random.below(3) {
                0 => typed::time(&mut random, days + 20),
                pick if !events.is_empty() => {
                    let event = random.below(events.len() as u64) as usize;
                    // Lengths and offsets of windows, so that the event lies on an edge.
                    let beside = [0, 90 * S, HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 4 * DAY];
                    let beside = beside[random.below(beside.len() as u64) as usize];
                    let jitter = random.below(3) as i64 - 1;
                    events[event].event_time + if pick == 1 { 0 } else { beside + jitter }
                }
                _ => 0,
            };
            Question {
                number: random.below(4) as i64,
                name: names[random.below(names.len() as u64) as usize].to_string(),
                part: [None, Some(-1), Some(0), Some(1)][random.below(4) as usize],
                weight: [None, Some(0.5)][random.below(2) as usize],
                as_of,
            }
        })
        .collect()
}

/// The questions as a spine.
pub(crate) fn spine(questions: &[Question]) -> RecordBatch {
    let times: TimestampMicrosecondArray = questions.iter().map(|q| Some(q.as_of)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(questions.iter().map(|q| Some(q.number)).collect::<Int64Array>())),
        ("name", Arc::new(StringArray::from_iter_values(questions.iter().map(|q| &q.name)))),
        ("part", Arc::new(questions.iter().map(|q| q.part).collect::<Int64Array>())),
        ("weight", Arc::new(questions.iter().map(|q| q.weight).collect::<Float64Array>())),
        ("as_of", Arc::new(times.with_timezone("UTC"))),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|c| c.1).collect())
        .unwrap()
}

/// The batch host's values.
fn train(
    catalog: &Catalog,
    service: &Service,
    typed: &RecordBatch,
    anonymous: &RecordBatch,
    spine: &RecordBatch,
) -> Trained {
    let mut training = TrainingSet::new(catalog, service, spine).unwrap();
    for (source, records) in [("typed", typed), ("anonymous", anonymous)] {
        for batch in typed::batches(records, 100) {
            training.push(source, &batch).unwrap();
        }
    }
    training.finish(spine, &|_, _| {}).unwrap()
}

/// The batch host's values with no memory for waiting rows: everything waits on the disk, and
/// partitions are swept in as many stretches as possible.
fn train_in_stretches(
    catalog: &Catalog,
    service: &Service,
    typed: &RecordBatch,
    anonymous: &RecordBatch,
    spine: &RecordBatch,
) -> Trained {
    let folder = tempfile::tempdir().unwrap();
    let spill = SpillOptions { memory_max: 0, folder: folder.path().to_path_buf() };
    let options = Training { workers: 2, spill: Some(spill), ..Training::default() };
    let mut training = TrainingSet::with(catalog, service, options).unwrap();
    training.spine(spine).unwrap();
    for (source, records) in [("typed", typed), ("anonymous", anonymous)] {
        for batch in typed::batches(records, 100) {
            training.push(source, &batch).unwrap();
        }
    }
    training.finish(spine, &|_, _| {}).unwrap()
}

/// Replays both sources through the streaming and online hosts over a model store.
fn replay(
    catalog: &Arc<Catalog>,
    service: &Service,
    typed: &RecordBatch,
    anonymous: &RecordBatch,
    spine: &RecordBatch,
    seed: u64,
) -> Report {
    let logs = [typed::log(catalog, "typed", typed), typed::log(catalog, "anonymous", anonymous)];
    let disturbance =
        Disturbance { seed, disorder_us: 3_600_000_000, duplicate_one_in: 9, batch_rows_max: 40 };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let options = Options { as_of: AS_OF.into(), disturbance, reopens: 3 };
    let open = || Ok(store.clone());
    parity::run(catalog, service, &logs, spine, &options, &open, &|_, _| {}).unwrap()
}

/// Whether two tables have the same values, NaN among them.
fn same_bits(a: &RecordBatch, b: &RecordBatch) -> bool {
    a.schema() == b.schema()
        && a.columns().iter().zip(b.columns()).all(|(a, b)| {
            let rows = a.len();
            let (a, b) = (TypedColumn::new(a).unwrap(), TypedColumn::new(b).unwrap());
            (0..rows).all(|row| a.value(row).encoded() == b.value(row).encoded())
        })
}

/// How many features the views have.
fn stored(catalog: &Catalog) -> usize {
    catalog.views().iter().map(|view| view.declaration().features.len()).sum()
}

/// Goal: all three hosts give the oracle's bits on random logs with every type and edge (S1, S3 to
/// S5, S14 to S17). Method: see the module; the seed is in the failure.
fn check(seed: u64, events: usize, days: i64) -> Compared {
    let catalog = catalog("every-type");
    let service = Service::everything(&catalog).unwrap();
    let typed = typed::with_bad_vectors(seed, typed::typed(seed, events, days));
    let anonymous = typed::anonymous(seed ^ 1, events / 2, days);
    let asked = questions(seed ^ 2, 40, &typed, days);
    let spine = spine(&asked);
    let typed_records = typed::typed_records(&catalog, &typed);
    let anonymous_records = typed::anonymous_records(&catalog, &anonymous);
    let trained = train(&catalog, &service, &typed_records, &anonymous_records, &spine);
    assert_eq!(trained.records.num_rows(), asked.len());
    let cut = train_in_stretches(&catalog, &service, &typed_records, &anonymous_records, &spine);
    assert!(same_bits(&cut.records, &trained.records), "seed {seed}: stretches differ");
    let compared = compare(&catalog, &trained, &asked, &typed, &anonymous);
    assert_eq!(compared.values, stored(&catalog) * asked.len());
    let report = replay(&catalog, &service, &typed_records, &anonymous_records, &spine, seed);
    for feature in &report.features {
        assert_eq!(feature.identical, feature.compared, "seed {seed}: {feature:#?}");
    }
    assert_eq!(report.rows, asked.len() as u64);
    compared
}

/// Goal: as [`check`], and every feature has a value in some comparison. Method: logs that fill
/// windows.
#[test]
fn s01_every_feature_has_values_to_compare() {
    let (mut filled, mut overflowed) = (BTreeSet::new(), 0);
    for (seed, events, days) in [(71, 300, 2), (72, 400, 20), (73, 300, 100)] {
        let compared = check(seed, events, days);
        filled.extend(compared.features);
        overflowed += compared.overflowed;
    }
    let catalog = catalog("every-type");
    let views = catalog.views().iter().map(|view| view.declaration());
    let names = views.flat_map(|view| {
        view.features.iter().map(|feature| format!("{}.{}", view.name, feature.name))
    });
    let empty: Vec<String> = names.filter(|name| !filled.contains(name)).collect();
    assert!(empty.is_empty() && overflowed > 100, "{empty:?} {overflowed}");
}

/// What docs/FEATURES.md lists, as the manifest writes it; `user` has its own example.
const AGGREGATES: &str = "all any approx_count_distinct approx_percentile arg_max arg_min bit_and \
    bit_or bit_xor bottom_k corr count covar_pop covar_samp decayed_count decayed_sum \
    distinct_mean distinct_stddev_pop distinct_stddev_samp distinct_sum entropy first \
    first_distinct first_n first_row first_rows histogram iqr join kurtosis last last_distinct \
    last_n last_row last_rows list max mean median min mode mode_share most_frequent \
    percentile_cont percentile_disc product rate ratio regr_intercept regr_r2 regr_slope skewness \
    stddev_pop stddev_samp sum time_since_first time_since_last top_k unique_count var_pop \
    var_samp vector_mean vector_sum";
const WINDOWS: &str =
    "calendar exact hopping last_rows latest_event lifetime series session sliding";

/// Goal: the artifact declares every aggregate and every window. Method: its manifest compared with
/// the lists of docs/FEATURES.md.
#[test]
fn every_aggregate_and_window_is_declared() {
    let manifest = catalog("every-type").artifacts()[0].1.manifest().clone();
    let manifest = serde_json::to_value(manifest).unwrap();
    let (mut aggregates, mut windows) = (BTreeSet::new(), BTreeSet::new());
    for view in manifest["views"].as_array().unwrap() {
        for feature in view["features"].as_array().unwrap() {
            let aggregate = &feature["aggregate"];
            let name = aggregate.as_str().map(str::to_string);
            let member = || aggregate.as_object().unwrap().keys().next().unwrap().clone();
            aggregates.insert(name.unwrap_or_else(member));
            windows.insert(feature["window"]["kind"].as_str().unwrap().to_string());
        }
    }
    let expected = |names: &str| names.split_whitespace().map(str::to_string).collect();
    assert_eq!(aggregates, expected(AGGREGATES));
    assert_eq!(windows, expected(WINDOWS));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Goal: as [`check`], over dense logs of days and sparse logs of years.
    #[test]
    fn s01_generated_logs_give_the_oracles_bits(
        seed in any::<u64>(),
        events in 0usize..300,
        days in prop_oneof![Just(2i64), Just(40), Just(900)],
    ) {
        check(seed, events, days);
    }
}

/// Goal: logs in which events have no key, or with no events at all, still answer every question
/// (S16).
#[test]
fn s16_an_empty_log_answers_every_question() {
    check(5, 0, 2);
}

/// Goal: values keep their type and bits through the guest, all hosts, Parquet and NDJSON (S14).
/// Method: one event for each special value; `last` and `max` return it; the training set is
/// written and read in both formats.
#[test]
fn s14_types_survive_every_host_and_format() {
    use lockstep_source::{TrainingWriter, column_of, read_table};
    let catalog = catalog("every-type");
    let service = Service::everything(&catalog).unwrap();
    let mut typed = typed::typed(3, 8, 1);
    let ints = [None, Some((1 << 53) + 1), Some(i64::MIN), Some(i64::MAX)];
    let texts = [None, Some(""), Some("é\u{1F600}"), Some("nul\0")];
    let doubles = [None, Some(-0.0), Some(f64::NAN), Some(f64::NEG_INFINITY)];
    let singles = [None, Some(-0.0f32), Some(f32::MIN_POSITIVE), Some(0.1)];
    for (at, event) in typed.iter_mut().enumerate() {
        event.event_time = at as i64;
        event.name = ["a", "b"][at / 4].to_string();
        event.number = (at % 4) as i64;
        event.int = ints[at % 4];
        event.text = texts[at % 4].map(str::to_string);
        event.double = doubles[at % 4];
        event.single = singles[at % 4];
        event.moment = [None, Some(-1), Some(0), Some(1 << 52)][at % 4];
        event.vector = [None, Some(-0.0), Some(0.1), Some(5e-324)][at % 4]
            .map(|element| [element, 1e6, 0.0].map(Some).to_vec());
    }
    let asked: Vec<Question> = typed
        .iter()
        .map(|event| Question {
            number: event.number,
            name: event.name.clone(),
            part: None,
            weight: Some(-0.0),
            as_of: 1_000,
        })
        .collect();
    let spine = spine(&asked);
    let typed_records = typed::typed_records(&catalog, &typed);
    let anonymous_records = typed::anonymous_records(&catalog, &[]);
    let trained = train(&catalog, &service, &typed_records, &anonymous_records, &spine);
    compare(&catalog, &trained, &asked, &typed, &[]);
    nested_values_are_hard(&trained);
    let report = replay(&catalog, &service, &typed_records, &anonymous_records, &spine, 1);
    assert_eq!(report.identical, report.compared, "{report:#?}");

    let folder = tempfile::tempdir().unwrap();
    for name in ["training.parquet", "training.arrow", "training.ndjson"] {
        let path = folder.path().join(name);
        let schema = trained.records.schema();
        let mut writer = TrainingWriter::create(&path, schema, vec![]).unwrap();
        writer.write(&trained.records).unwrap();
        writer.finish().unwrap();
        let types = service.outputs.iter().map(|c| (c.name.clone(), c.data_type.clone()));
        let back = read_table(&path, &types.collect::<Vec<_>>()).unwrap();
        for output in &service.outputs {
            let before = trained.records.column_by_name(&output.name).unwrap();
            let after = column_of(&back, &output.name, &output.data_type, 0).unwrap();
            let (before, after) =
                (TypedColumn::new(before).unwrap(), TypedColumn::new(&after).unwrap());
            for row in 0..asked.len() {
                let (before, after) = (before.value(row), after.value(row));
                let shown = format!("{name} {} {row}: {before} became {after}", output.name);
                assert_eq!(before.encoded(), after.encoded(), "{shown}");
            }
        }
    }
}

/// Checks that lists and maps of the training set contain values that are hard for formats.
fn nested_values_are_hard(trained: &Trained) {
    let text = |text: &str| Value::from(text);
    let counted = ["", "nul\0", "é\u{1F600}"].map(|key| (text(key), Value::Int64(1)));
    let ints = [(1 << 53) + 1, i64::MIN, i64::MAX].map(Value::Int64);
    let doubles = [-0.0, f64::NAN, f64::NEG_INFINITY].map(Value::Float64);
    for (name, expected) in [
        ("every_aggregate.double_first_n_3_1d", Value::List(doubles.to_vec())),
        ("every_aggregate.text_histogram_lifetime", Value::Map(counted.to_vec())),
        ("every_aggregate.int_histogram_1d", {
            let mut counts = ints.map(|int| (int, Value::Int64(1))).to_vec();
            counts.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(counts)
        }),
        ("every_window.int_histogram_6_1d_series_3", {
            let empty = || Value::Map(vec![]);
            let of = (Value::Int64((1 << 53) + 1), Value::Int64(2));
            Value::List(vec![Value::Map(vec![of]), empty(), empty()])
        }),
        ("every_window.double_min_2d_series_3", {
            Value::List(vec![Value::Float64(-0.0), Value::Null, Value::Null])
        }),
    ] {
        let column = trained.records.column_by_name(name).unwrap();
        let column = TypedColumn::new(column).unwrap();
        // The second question's key: the number 1, the name "a".
        let found = column.value(1);
        assert_eq!(found.encoded(), expected.encoded(), "{name}: {found}");
    }
}

/// Goal: an event's rows do not depend on its batch or on the instance's past (S7). Method: the
/// same log in one batch, one event at a time, in random cuts, on warm and on fresh instances;
/// equal training sets.
#[test]
fn s07_batches_and_instances_do_not_show() {
    let catalog = catalog("every-type");
    let service = Service::everything(&catalog).unwrap();
    let typed = typed::typed_records(&catalog, &typed::typed(11, 120, 5));
    let spine = spine(&questions(12, 30, &typed::typed(11, 120, 5), 5));
    let train = |fresh: bool, cut: &mut dyn FnMut() -> usize| {
        let mut training = TrainingSet::new(&catalog, &service, &spine).unwrap();
        training.fresh_each_call(fresh);
        let mut start = 0;
        while start < typed.num_rows() {
            let rows = cut().clamp(1, typed.num_rows() - start);
            let mut batch = typed::batches(&typed.slice(start, rows), rows).remove(0);
            batch.positions.iter_mut().for_each(|position| *position += start as u64);
            batch.next_position += start as u64;
            training.push("typed", &batch).unwrap();
            start += rows;
        }
        training.finish(&spine, &|_, _| {}).unwrap()
    };
    let whole = train(false, &mut || usize::MAX);
    let mut random = Random::new(4);
    for other in [
        train(false, &mut || 1),
        train(true, &mut || usize::MAX),
        train(true, &mut || 1),
        train(false, &mut || 1 + random.below(20) as usize),
    ] {
        assert_eq!(bits(&whole.records), bits(&other.records));
        assert_eq!(whole.set_aside, other.set_aside);
    }
    assert!(whole.set_aside.iter().any(|(_, event)| event.view.as_deref() == Some("parts")));
}

/// The canonical bytes of a table.
fn bits(records: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    for column in records.columns() {
        if column.data_type() == &arrow::datatypes::DataType::Null {
            continue;
        }
        let column = TypedColumn::new(column).unwrap();
        (0..records.num_rows()).for_each(|row| column.value(row).encode(&mut out));
    }
    out
}

/// Goal: a refusal by an on-demand transform fails the run and names the row (S21). Method: a spine
/// with the name that is refused.
#[test]
fn s21_a_refused_request_fails_naming_its_row() {
    let catalog = catalog("every-type");
    let service = Service::everything(&catalog).unwrap();
    let mut asked = questions(1, 3, &[], 2);
    asked[2].name = "refused".to_string();
    let spine = spine(&asked);
    let training = TrainingSet::new(&catalog, &service, &spine).unwrap();
    let error = training.finish(&spine, &|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("answer") && error.contains("row 2"), "{error}");
    assert!(error.contains("this name is refused"), "{error}");
    assert_eq!(spine.column(1).as_string::<i32>().value(2), "refused");
}
