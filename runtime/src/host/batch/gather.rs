//! One partition's rows and spine rows, sorted for a sweep, or its rows alone.
//!
//! Invariant: each key that the spine names is one entity, with all its rows in order of event time
//! and all its spine rows in order of `as_of`. Rows of other keys are left out; without a spine
//! every key counts, and keys come in their order.

use super::blocks::Block;
use super::layout::{ARRIVAL, KEY, Layout, SPINE_ROW, TIME, misfit};
use crate::error::Result;
use crate::key::EntityKey;
use crate::row::Rows;
use crate::sweep::Entity;
use crate::time::HOUR_US;
use arrow::array::{AsArray, BinaryArray, RecordBatch};
use arrow::buffer::ScalarBuffer;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, UInt32Type};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// A partition, ready to be swept.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) rows: Rows,
    /// When each row arrived, if that matters.
    pub(super) arrived: Option<ScalarBuffer<i64>>,
    pub(super) entities: Vec<Entity>,
    /// The time of each question.
    pub(super) as_of: Vec<i64>,
    /// The spine row of each question.
    pub(super) spine_rows: Vec<u32>,
    keys: Vec<EntityKey>,
}

/// A row that arrives later than this after its event is looked at by each question that it may
/// concern; those that are not late hold up the ones behind them for so long at most.
const LATE_US: i64 = HOUR_US;

/// Where a row is, by its time: pieces are batches.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    time: i64,
    piece: u32,
    row: u32,
}

/// Hashes the bytes of a key alone: they tell their own end.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= xxh3_64(bytes);
    }

    fn write_usize(&mut self, _: usize) {}
}

type Ids<'a> = HashMap<&'a [u8], u32, BuildHasherDefault<KeyHasher>>;

impl Partition {
    /// Partition number `at` of a view's rows and of its spine.
    pub(super) fn load(
        at: usize,
        layout: &Layout,
        spine: &[Block],
        rows: &[&Block],
    ) -> Result<Partition> {
        let spine = parts(at, &mut spine.iter())?;
        let rows = match spine.is_empty() {
            true => vec![],
            false => parts(at, &mut rows.iter().copied())?,
        };
        let spine_keys: Vec<&BinaryArray> = spine.iter().map(keys_of).collect();
        let mut ids = Ids::default();
        let mut keys: Vec<EntityKey> = Vec::new();
        let questions = sorted(&spine, |piece, row| {
            let key = spine_keys[piece].value(row);
            let next = ids.len() as u32;
            let id = *ids.entry(key).or_insert(next);
            if id == next {
                keys.push(EntityKey::from_bytes(key));
            }
            Some(id)
        });
        let row_keys: Vec<&BinaryArray> = rows.iter().map(keys_of).collect();
        let mut events = sorted(&rows, |piece, row| ids.get(row_keys[piece].value(row)).copied());
        let entity = |id: usize| {
            let mut own = events.range(id);
            let late = match layout.has_arrivals() {
                true => own.start + late_last(&rows, &mut events.places[own.clone()]),
                false => own.end,
            };
            let late = late..std::mem::replace(&mut own.end, late);
            Entity { rows: own, late, questions: questions.range(id) }
        };
        let entities = (0..keys.len()).map(entity).collect();
        let as_of = questions.places.iter().map(|place| place.time).collect();
        let spine_row = |place: &Place| {
            let rows = spine[place.piece as usize].column(SPINE_ROW).as_primitive::<UInt32Type>();
            rows.value(place.row as usize)
        };
        let spine_rows = questions.places.iter().map(spine_row).collect();
        drop(questions);
        let (rows, arrived) = in_order(layout, &rows, &events.places)?;
        Ok(Partition { rows, arrived, entities, as_of, spine_rows, keys })
    }

    /// The name of an entity, for messages.
    pub(super) fn name(&self, entity: usize) -> String {
        match &self.keys[entity] {
            key if key.as_bytes().is_empty() => "an unknown key".into(),
            key => format!("key {key}"),
        }
    }
}

/// A partition's rows, key by key.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) rows: Rows,
    /// The keys in their order, and the rows of each, in order of event time.
    pub(super) keys: Vec<(EntityKey, Range<usize>)>,
}

impl Keyed {
    /// Partition number `at` of a view's rows.
    pub(super) fn load(at: usize, layout: &Layout, rows: &[&Block]) -> Result<Keyed> {
        let rows = parts(at, &mut rows.iter().copied())?;
        let row_keys: Vec<&BinaryArray> = rows.iter().map(keys_of).collect();
        let mut ids = Ids::default();
        let mut names: Vec<&[u8]> = Vec::new();
        let sorted = sorted(&rows, |piece, row| {
            let key = row_keys[piece].value(row);
            let next = ids.len() as u32;
            let id = *ids.entry(key).or_insert(next);
            if id == next {
                names.push(key);
            }
            Some(id)
        });
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_unstable_by_key(|id| names[*id]);
        let keyed = |id: usize| (EntityKey::from_bytes(names[id]), sorted.range(id));
        let keys = order.into_iter().map(keyed).collect();
        let (rows, _) = in_order(layout, &rows, &sorted.places)?;
        Ok(Keyed { rows, keys })
    }
}

/// The rows of partition number `at`, block by block.
fn parts(at: usize, blocks: &mut dyn Iterator<Item = &Block>) -> Result<Vec<RecordBatch>> {
    blocks.filter(|block| block.rows(at) > 0).map(|block| block.part(at)).collect()
}

/// The rows of `pieces` that `places` names, and when each arrived if that matters.
fn in_order(
    layout: &Layout,
    pieces: &[RecordBatch],
    places: &[Place],
) -> Result<(Rows, Option<ScalarBuffer<i64>>)> {
    if pieces.is_empty() {
        return layout.rows(&without_keys(&RecordBatch::new_empty(layout.schema.clone()))?);
    }
    let order = places.iter().map(|place| (place.piece as usize, place.row as usize));
    let order: Vec<(usize, usize)> = order.collect();
    let without_keys = pieces.iter().map(without_keys);
    let pieces: Vec<RecordBatch> = without_keys.collect::<Result<_>>()?;
    let pieces: Vec<&RecordBatch> = pieces.iter().collect();
    layout.rows(&interleave_record_batch(&pieces, &order).map_err(misfit)?)
}

/// Rows by id, and within one by time.
struct Sorted {
    places: Vec<Place>,
    /// The end of each id's rows; those that the pieces do not name have none.
    ends: Vec<u32>,
}

impl Sorted {
    fn range(&self, id: usize) -> Range<usize> {
        let end = |id: usize| match self.ends.get(id) {
            Some(end) => *end as usize,
            None => self.places.len(),
        };
        let start = if id == 0 { 0 } else { end(id - 1) };
        start..end(id)
    }
}

/// Sorts the rows of `pieces` to which `id` gives an id.
fn sorted(pieces: &[RecordBatch], mut id: impl FnMut(usize, usize) -> Option<u32>) -> Sorted {
    let total = pieces.iter().map(RecordBatch::num_rows).sum();
    let mut ids: Vec<u32> = Vec::with_capacity(total);
    let mut counts: Vec<u32> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        for row in 0..piece.num_rows() {
            let id = id(at, row).unwrap_or(u32::MAX);
            ids.push(id);
            if id != u32::MAX {
                if counts.len() <= id as usize {
                    counts.resize(id as usize + 1, 0);
                }
                counts[id as usize] += 1;
            }
        }
    }
    let mut next = 0;
    for count in &mut counts {
        next += std::mem::replace(count, next);
    }
    let mut places = vec![Place::default(); next as usize];
    let mut ids = ids.into_iter();
    for (at, piece) in pieces.iter().enumerate() {
        let times = piece.column(TIME).as_primitive::<Int64Type>().values();
        for ((row, time), id) in times.iter().enumerate().zip(&mut ids) {
            if id != u32::MAX {
                let place = &mut counts[id as usize];
                places[*place as usize] = Place { time: *time, piece: at as u32, row: row as u32 };
                *place += 1;
            }
        }
    }
    let sorted = Sorted { places, ends: counts };
    let mut places = sorted.places;
    let mut start = 0;
    for end in &sorted.ends {
        let own = &mut places[start..*end as usize];
        if !own.is_sorted_by_key(|place| place.time) {
            own.sort_by_key(|place| place.time);
        }
        start = *end as usize;
    }
    Sorted { places, ends: sorted.ends }
}

/// Puts the rows of one entity that arrived late behind the others, both still by time; answers how
/// many did not.
fn late_last(pieces: &[RecordBatch], places: &mut [Place]) -> usize {
    let is_late = |place: &Place| {
        let arrivals = pieces[place.piece as usize].column(ARRIVAL).as_primitive::<Int64Type>();
        arrivals.value(place.row as usize).saturating_sub(place.time) > LATE_US
    };
    places.sort_by_cached_key(is_late);
    places.partition_point(|place| !is_late(place))
}

fn keys_of(batch: &RecordBatch) -> &BinaryArray {
    batch.column(KEY).as_binary()
}

/// The columns behind the key.
fn without_keys(batch: &RecordBatch) -> Result<RecordBatch> {
    let rest: Vec<usize> = (TIME..batch.num_columns()).collect();
    batch.project(&rest).map_err(misfit)
}
