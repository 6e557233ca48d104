//! One partition's rows and questions, sorted for a sweep, or its rows alone.
//!
//! Invariant: each key about which there is a question is one entity, with all its rows in order of
//! event time and all its questions in order of `as_of`. Rows of other keys are left out; without
//! questions every key counts, and keys come in their order. Parts are read one by one, and what is
//! not needed of one goes before the next is read.

use super::blocks::{Blocks, Part};
use super::layout::{ARRIVAL, KEY, Layout, TIME, misfit};
use super::questions::{Questions, Sorted};
use crate::error::Result;
use crate::key::EntityKey;
use crate::row::Rows;
use crate::sweep::Entity;
use crate::time::HOUR_US;
use arrow::array::{AsArray, BinaryArray, RecordBatch, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::datatypes::Int64Type;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::take;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// A partition, ready to be swept, or a stretch of it.
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
    /// The id of each entity's key.
    pub(super) ids: Vec<u32>,
}

/// A row that arrives later than this after its event is looked at by each question that it may
/// concern; those that are not late hold up the ones behind them for so long at most.
const LATE_US: i64 = HOUR_US;

/// Hashes the bytes of a key alone: they tell their own end.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= xxh3_64(bytes);
    }

    fn write_usize(&mut self, _: usize) {}
}

/// A number for each of a partition's keys, from 0 on.
pub(super) type Ids = HashMap<EntityKey, u32, BuildHasherDefault<KeyHasher>>;

/// The id of a key, a new one if it has none.
pub(super) fn id_of(ids: &mut Ids, key: &[u8]) -> u32 {
    match ids.get(key) {
        Some(id) => *id,
        None => {
            let id = ids.len() as u32;
            ids.insert(EntityKey::from_bytes(key), id);
            id
        }
    }
}

impl Partition {
    /// All of a view's rows and questions in these parts. `ids` has no key yet.
    pub(super) fn whole(
        layout: &Layout,
        spine: &[Part<'_>],
        rows: &[Part<'_>],
        ids: &mut Ids,
    ) -> Result<Partition> {
        let questions = Questions::all(spine, ids)?;
        let mut pieces = Pieces::default();
        for part in rows {
            pieces.add(part, &part.load()?, |_, key| ids.get(key).copied())?;
        }
        let mut events = pieces.sorted(ids.len());
        let late = |id: usize| match (layout.has_arrivals(), events.range(id)) {
            (true, own) => own.start + events.late_last(own),
            (false, own) => own.end,
        };
        let late: Vec<usize> = (0..ids.len()).map(late).collect();
        let batch = events.in_order(layout)?;
        let entity = |id: usize, questions| {
            let own = events.range(id);
            Entity { rows: own.start..late[id], late: late[id]..own.end, questions, before: None }
        };
        Partition::new(layout, &batch, questions.sorted(ids.len()), entity)
    }

    /// These questions, and rows that are in order; `entity` says what is known of the key with an
    /// id, about which there are the questions of a range.
    pub(super) fn new(
        layout: &Layout,
        rows: &RecordBatch,
        questions: Sorted,
        entity: impl Fn(usize, Range<usize>) -> Entity,
    ) -> Result<Partition> {
        let (mut entities, mut ids) = (vec![], vec![]);
        for (id, range) in questions.ranges().enumerate().filter(|(_, range)| !range.is_empty()) {
            entities.push(entity(id, range));
            ids.push(id as u32);
        }
        let (rows, arrived) = layout.rows(rows)?;
        let Sorted { as_of, spine_rows, .. } = questions;
        Ok(Partition { rows, arrived, entities, as_of, spine_rows, ids })
    }
}

/// The name of the key with an id, for messages.
pub(super) fn name(ids: &Ids, id: u32) -> String {
    match ids.iter().find(|(_, other)| **other == id) {
        Some((key, _)) if !key.as_bytes().is_empty() => format!("key {key}"),
        _ => "an unknown key".into(),
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
    pub(super) fn load(at: usize, layout: &Layout, blocks: &[&Blocks]) -> Result<Keyed> {
        let mut ids = Ids::default();
        let mut pieces = Pieces::default();
        for part in blocks.iter().flat_map(|blocks| blocks.parts(at)) {
            pieces.add(&part, &part.load()?, |_, key| Some(id_of(&mut ids, key)))?;
        }
        let mut events = pieces.sorted(ids.len());
        let keyed = |(key, id): (EntityKey, u32)| (key, events.range(id as usize));
        let mut keys: Vec<(EntityKey, Range<usize>)> = ids.into_iter().map(keyed).collect();
        keys.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (rows, _) = layout.rows(&events.in_order(layout)?)?;
        Ok(Keyed { rows, keys })
    }
}

/// Rows without their keys, part by part.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    batches: Vec<RecordBatch>,
    /// For each of them the ids of the rows' keys; [`NO_ID`] for rows that are left out.
    ids: Vec<Vec<u32>>,
}

/// The part of something sorted by id that belongs to one.
fn range(ends: &[u32], id: usize) -> Range<usize> {
    let start = if id == 0 { 0 } else { ends[id - 1] as usize };
    start..ends[id] as usize
}

/// Hears of rows of a batch: their numbers there, and the ids of their keys.
pub(super) type Passed<'p> = dyn FnMut(&RecordBatch, &[(usize, u32)]) -> Result<()> + 'p;

/// In the place of the id of a row that is left out.
const NO_ID: u32 = u32::MAX;

impl Pieces {
    /// Adds the rows of `batch`, which is that of `part`, to which `id` gives an id by their times
    /// and keys.
    pub(super) fn add(
        &mut self,
        part: &Part<'_>,
        batch: &RecordBatch,
        mut id: impl FnMut(i64, &[u8]) -> Option<u32>,
    ) -> Result<()> {
        let (keys, times) = (keys_of(batch), times_of(batch, TIME).iter().enumerate());
        let id = |(row, time): (usize, &i64)| id(*time, keys.value(row)).unwrap_or(NO_ID);
        let mut ids: Vec<u32> = times.map(id).collect();
        let mut rest = without_keys(batch)?;
        if part.is_on_disk() {
            // One buffer holds all of what was read, so the rows are copied to let go of it.
            let kept = ids.iter().zip(0u32..).filter(|(id, _)| **id != NO_ID);
            let kept: UInt32Array = kept.map(|(_, row)| row).collect::<Vec<u32>>().into();
            ids.retain(|id| *id != NO_ID);
            rest = take_record_batch(&rest, &kept).map_err(misfit)?;
        }
        if rest.num_rows() > 0 {
            self.batches.push(rest);
            self.ids.push(ids);
        }
        Ok(())
    }

    /// Rows that are in order already, with the places that they had.
    pub(super) fn carried(batch: RecordBatch, places: &Places) -> Pieces {
        let mut ids = Vec::with_capacity(batch.num_rows());
        for (id, end) in (0..).zip(&places.ends) {
            ids.resize(*end as usize, id);
        }
        Pieces { batches: vec![batch], ids: vec![ids] }
    }

    /// Leaves out the rows of times before `end`; `passed` hears of each batch that has some, and
    /// of their numbers there and ids.
    pub(super) fn pass(&mut self, end: i64, passed: &mut Passed<'_>) -> Result<()> {
        for (batch, ids) in self.batches.iter().zip(&mut self.ids) {
            let times = times_of(batch, TIME - BEHIND_KEY).iter();
            let own =
                times.zip(ids).enumerate().filter(|(_, (time, id))| **time < end && **id != NO_ID);
            let own: Vec<(usize, u32)> =
                own.map(|(row, (_, id))| (row, std::mem::replace(id, NO_ID))).collect();
            if !own.is_empty() {
                passed(batch, &own)?;
            }
        }
        Ok(())
    }

    /// Puts the rows in the order of their ids, of which there are so many, and of their times.
    pub(super) fn sorted(self, ids: usize) -> Places {
        let mut ends = vec![0u32; ids];
        for id in self.ids.iter().flatten().filter(|id| **id != NO_ID) {
            ends[*id as usize] += 1;
        }
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        let mut places = vec![(0, 0); next as usize];
        for (piece, ids) in self.ids.into_iter().enumerate() {
            for (row, id) in ids.into_iter().enumerate().filter(|(_, id)| *id != NO_ID) {
                let end = &mut ends[id as usize];
                places[*end as usize] = (piece, row);
                *end += 1;
            }
        }
        let batches = self.batches;
        let times: Vec<&[i64]> =
            batches.iter().map(|batch| times_of(batch, TIME - BEHIND_KEY)).collect();
        let mut start = 0;
        for end in &ends {
            let own = &mut places[start..*end as usize];
            let time = |(piece, row): &(usize, usize)| times[*piece][*row];
            if !own.is_sorted_by_key(time) {
                own.sort_by_key(time);
            }
            start = *end as usize;
        }
        Places { batches, places, ends }
    }
}

/// Where rows are that are wanted in order.
#[derive(Debug)]
pub(super) struct Places {
    batches: Vec<RecordBatch>,
    /// The batch of each row, and its number there.
    places: Vec<(usize, usize)>,
    /// The end of each id's rows.
    ends: Vec<u32>,
}

impl Places {
    /// Puts those of some rows of one entity that arrived late behind the others, both still by
    /// time; answers how many did not.
    fn late_last(&mut self, rows: Range<usize>) -> usize {
        let batches = &self.batches;
        let is_late = |(piece, row): &(usize, usize)| {
            let time = times_of(&batches[*piece], TIME - BEHIND_KEY)[*row];
            let arrival = times_of(&batches[*piece], ARRIVAL - BEHIND_KEY)[*row];
            arrival.saturating_sub(time) > LATE_US
        };
        let places = &mut self.places[rows];
        places.sort_by_cached_key(is_late);
        places.partition_point(|place| !is_late(place))
    }

    /// The rows in order. The places are free then.
    pub(super) fn in_order(&mut self, layout: &Layout) -> Result<RecordBatch> {
        let (batches, places) = (take(&mut self.batches), take(&mut self.places));
        if batches.is_empty() {
            return without_keys(&RecordBatch::new_empty(layout.schema.clone()));
        }
        let batches: Vec<&RecordBatch> = batches.iter().collect();
        interleave_record_batch(&batches, &places).map_err(misfit)
    }

    /// The rows of the key with this id.
    pub(super) fn range(&self, id: usize) -> Range<usize> {
        range(&self.ends, id)
    }
}

/// The first column of rows without their keys.
const BEHIND_KEY: usize = KEY + 1;

pub(super) fn keys_of(batch: &RecordBatch) -> &BinaryArray {
    batch.column(KEY).as_binary()
}

/// One of the columns of times.
pub(super) fn times_of(batch: &RecordBatch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}

/// The columns behind the key.
pub(super) fn without_keys(batch: &RecordBatch) -> Result<RecordBatch> {
    let rest: Vec<usize> = (BEHIND_KEY..batch.num_columns()).collect();
    batch.project(&rest).map_err(misfit)
}
