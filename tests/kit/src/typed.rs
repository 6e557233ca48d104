//! Random events of the `every-type` transform's sources.
//!
//! Values are drawn from those that break things: ties, nulls, NaN payloads, infinities, both
//! zeros, 2^53 + 1, the ends of the integers, the empty text, text with U+0000, and times on window
//! edges, one microsecond before and one after.

use arrow::array::ArrayRef;
use arrow::array::{
    BooleanArray, Float32Array, Float64Array, Float64Builder, Int64Array, ListBuilder, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use lockstep_core::event::{EventBatch, arrow_schema};
use lockstep_core::value::{canonical_f32, canonical_f64};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::parity::Log;
use lockstep_engine::parity::replay::Random;
use std::sync::Arc;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// An event of the source `typed`.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The event's id.
    pub event_id: String,
    /// Its time.
    pub event_time: i64,
    /// A key part, and how many rows the view `parts` makes.
    pub number: i64,
    /// A key part.
    pub name: String,
    /// A value of each type.
    pub int: Option<i64>,
    /// A double.
    pub double: Option<f64>,
    /// A single.
    pub single: Option<f32>,
    /// A bool.
    pub flag: Option<bool>,
    /// A text.
    pub text: Option<String>,
    /// A time.
    pub moment: Option<i64>,
    /// A list.
    pub vector: Option<Vec<Option<f64>>>,
}

/// An event of the source `anonymous`.
#[derive(Clone, Debug)]
pub struct Anonymous {
    /// Its time.
    pub event_time: i64,
    /// The key.
    pub name: String,
    /// A value.
    pub amount: Option<f64>,
}

/// A choice of one of `items`.
fn one<T: Clone>(random: &mut Random, items: &[T]) -> T {
    items[random.below(items.len() as u64) as usize].clone()
}

/// A null one time in four.
fn perhaps<T>(random: &mut Random, value: impl FnOnce(&mut Random) -> T) -> Option<T> {
    if random.below(4) == 0 { None } else { Some(value(random)) }
}

fn int(random: &mut Random) -> i64 {
    let special = [0, 1, -1, 7, (1 << 53) + 1, i64::MAX, i64::MIN];
    match random.below(3) {
        0 => one(random, &special),
        _ => random.below(2000) as i64 - 1000,
    }
}

fn double(random: &mut Random) -> f64 {
    let special = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324, 1e300];
    match random.below(12) {
        0 => one(random, &special),
        1 => f64::from_bits(random.bits()),
        _ => (random.below(200_000) as f64 - 100_000.0) / 100.0,
    }
}

fn single(random: &mut Random) -> f32 {
    match random.below(12) {
        0 => one(random, &[0.0, -0.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE, f32::MAX]),
        1 => f32::from_bits(random.bits() as u32),
        _ => random.below(1000) as f32 / 8.0,
    }
}

/// A vector of three elements that are sound on a grid of 2^-20: the greatest, ties of the grid, any.
fn vector(random: &mut Random) -> Vec<Option<f64>> {
    let special = [1_048_576.0, -1_048_576.0, 1.5 / 1_048_576.0, 0.125, -0.0, 5e-324];
    let element = |random: &mut Random| match random.below(20) {
        0 => one(random, &special),
        _ => (random.below(1 << 31) as f64 - (1u64 << 30) as f64) / 65_536.0 / 3.0,
    };
    (0..3).map(|_| Some(element(random))).collect()
}

/// The events, with one vector in ten made bad for a view that sums vectors (S8).
pub fn with_bad_vectors(seed: u64, mut events: Vec<Typed>) -> Vec<Typed> {
    let mut random = Random::new(seed);
    let bad = [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1_048_576.000_1), Some(f64::MIN)];
    for vector in events.iter_mut().filter_map(|event| event.vector.as_mut()) {
        match random.below(20) {
            0 => vector.resize([0, 1, 2, 4][random.below(4) as usize], Some(1.0)),
            1 => vector[random.below(3) as usize] = one(&mut random, &bad),
            _ => {}
        }
    }
    events
}

/// Names of entities; one of them is refused by the view `parts`.
pub const NAMES: [&str; 6] = ["a", "b", "", "é", "x\0y", "refused"];

/// A time within `days` days around the epoch: often tied, often on or beside an edge.
pub fn time(random: &mut Random, days: i64) -> i64 {
    let any = random.below((days * DAY_US) as u64) as i64 - days * DAY_US / 2;
    match random.below(5) {
        0 => any,
        1 => any - any.rem_euclid(HOUR_US),
        // A day's edge, of the epoch's grid or of that of `every_window`.
        2 => any - any.rem_euclid(DAY_US) + one(random, &[0, 1, -1, -3_900_000_000]),
        3 => any - any.rem_euclid(300_000_000) + one(random, &[-1, 1]),
        _ => any - any.rem_euclid(60_000_000),
    }
}

/// `count` events over `days` days, in random order of time.
pub fn typed(seed: u64, count: usize, days: i64) -> Vec<Typed> {
    let mut random = Random::new(seed);
    let texts = ["", "a", "é\u{1F600}", "nul\0", "zz"];
    let events = (0..count).map(|at| {
        let random = &mut random;
        Typed {
            event_id: format!("{:04x}-{at}", random.below(1 << 16)),
            event_time: time(random, days),
            number: random.below(3) as i64,
            name: one(random, &NAMES).to_string(),
            int: perhaps(random, int),
            double: perhaps(random, |random| canonical_f64(double(random))),
            single: perhaps(random, |random| canonical_f32(single(random))),
            flag: perhaps(random, |random| random.below(2) == 1),
            text: perhaps(random, |random| one(random, &texts).to_string()),
            moment: perhaps(random, |random| time(random, days)),
            vector: perhaps(random, vector),
        }
    });
    events.collect()
}

/// `count` events without identity over `days` days, some of them alike.
pub fn anonymous(seed: u64, count: usize, days: i64) -> Vec<Anonymous> {
    let mut random = Random::new(seed);
    let mut events: Vec<Anonymous> = Vec::new();
    for _ in 0..count {
        let random = &mut random;
        let event = match random.below(5) {
            0 if !events.is_empty() => one(random, &events),
            _ => Anonymous {
                event_time: time(random, days),
                name: one(random, &NAMES).to_string(),
                amount: perhaps(random, |random| canonical_f64(double(random))),
            },
        };
        events.push(event);
    }
    events
}

fn times(values: impl Iterator<Item = Option<i64>>) -> TimestampMicrosecondArray {
    values.collect::<TimestampMicrosecondArray>().with_timezone("UTC")
}

fn vectors(events: &[Typed]) -> ArrayRef {
    let mut lists = ListBuilder::new(Float64Builder::new());
    for event in events {
        lists.append_option(event.vector.as_ref().map(|vector| vector.iter().copied()));
    }
    Arc::new(lists.finish())
}

/// The events as the records of the source `typed`.
pub fn typed_records(catalog: &Catalog, events: &[Typed]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(events.iter().map(|e| &e.event_id))),
        Arc::new(times(events.iter().map(|e| Some(e.event_time)))),
        Arc::new(Int64Array::from_iter_values(events.iter().map(|e| e.number))),
        Arc::new(StringArray::from_iter_values(events.iter().map(|e| &e.name))),
        Arc::new(events.iter().map(|e| e.int).collect::<Int64Array>()),
        Arc::new(events.iter().map(|e| e.double).collect::<Float64Array>()),
        Arc::new(events.iter().map(|e| e.single).collect::<Float32Array>()),
        Arc::new(events.iter().map(|e| e.flag).collect::<BooleanArray>()),
        Arc::new(events.iter().map(|e| e.text.as_deref()).collect::<StringArray>()),
        Arc::new(times(events.iter().map(|e| e.moment))),
        vectors(events),
    ];
    records(catalog, "typed", columns)
}

/// The events as the records of the source `anonymous`.
pub fn anonymous_records(catalog: &Catalog, events: &[Anonymous]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times(events.iter().map(|e| Some(e.event_time)))),
        Arc::new(StringArray::from_iter_values(events.iter().map(|e| &e.name))),
        Arc::new(events.iter().map(|e| e.amount).collect::<Float64Array>()),
    ];
    records(catalog, "anonymous", columns)
}

fn records(catalog: &Catalog, source: &str, columns: Vec<ArrayRef>) -> RecordBatch {
    let schema = catalog.source(source).expect("the catalogue is every-type's");
    RecordBatch::try_new(arrow_schema(&schema.columns), columns)
        .expect("the columns are in the declaration's order")
}

/// Records as batches of at most `rows` rows.
pub fn batches(records: &RecordBatch, rows: usize) -> Vec<EventBatch> {
    let cut = (0..records.num_rows()).step_by(rows.max(1)).map(|start| {
        let end = records.num_rows().min(start + rows.max(1));
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

/// Records as a log of `source`.
pub fn log(catalog: &Catalog, source: &str, records: &RecordBatch) -> Log {
    let schema = catalog.source(source).expect("the catalogue has the source").clone();
    Log { schema, batches: batches(records, 777) }
}
