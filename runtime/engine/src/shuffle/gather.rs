//! Gathers one partition: its rows and questions sorted for a sweep, or its rows alone.
//!
//! Invariant: each key about which there is a question becomes one entity, with all its rows in
//! order of event time and all its questions in order of `as_of`. Rows of other keys are left out;
//! without questions every key counts, and the keys are in their own order. Parts are read one by
//! one, and what is not needed of a part is freed before the next one is read. Deliberately absent:
//! the sweep itself.

use super::blocks::{Blocks, Part};
use super::layout::{ARRIVAL, KEY, Layout, TIME, misfit};
use arrow::array::{AsArray, BinaryArray, RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::datatypes::Int64Type;
use lockstep_core::error::Result;
use lockstep_core::key::EntityKey;
use lockstep_core::row::Rows;
use lockstep_core::time::HOUR_US;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::take;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// A row that arrives more than this after its event counts as late: each question that may concern
/// it examines it. A row that is not late can thus delay the rows after it by this much at most.
const LATE_US: i64 = HOUR_US;

/// A hasher that reads the bytes of a key alone: an encoded key marks its own end.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= xxh3_64(bytes);
    }

    fn write_usize(&mut self, _: usize) {}
}

/// A number for each key of a partition, counting from 0.
pub(crate) type Ids = HashMap<EntityKey, u32, BuildHasherDefault<KeyHasher>>;

/// The id of a key; a new one if it has none yet.
pub(crate) fn id_of(ids: &mut Ids, key: &[u8]) -> u32 {
    match ids.get(key) {
        Some(id) => *id,
        None => {
            let id = ids.len() as u32;
            ids.insert(EntityKey::from_bytes(key), id);
            id
        }
    }
}

/// The name of the key with an id, for messages.
pub(crate) fn name(ids: &Ids, id: u32) -> String {
    match ids.iter().find(|(_, other)| **other == id) {
        Some((key, _)) if !key.as_bytes().is_empty() => format!("key {key}"),
        _ => "an unknown key".into(),
    }
}

/// A partition's rows, key by key.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(crate) rows: Rows,
    /// The keys in their order, and the rows of each in order of event time.
    pub(crate) keys: Vec<(EntityKey, Range<usize>)>,
}

impl Keyed {
    /// Gathers partition number `at` of a view's rows.
    pub(crate) fn load(at: usize, layout: &Layout, blocks: &[&Blocks]) -> Result<Keyed> {
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

/// Rows without their keys, as a list of batches.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    batches: Vec<RecordBatch>,
    /// For each batch the ids of its rows' keys; [`NO_ID`] for rows that are left out.
    ids: Vec<Vec<u32>>,
}

/// The range that belongs to `id` in something sorted by id.
fn range(ends: &[u32], id: usize) -> Range<usize> {
    let start = if id == 0 { 0 } else { ends[id - 1] as usize };
    start..ends[id] as usize
}

/// Receives some rows of a batch: their row numbers, and the ids of their keys.
pub(crate) type Passed<'p> = dyn FnMut(&RecordBatch, &[(usize, u32)]) -> Result<()> + 'p;

/// Takes the place of an id for a row that is left out.
const NO_ID: u32 = u32::MAX;

impl Pieces {
    /// Adds the rows of `batch`, which was loaded from `part`. `id` returns the id for a row's time
    /// and key; rows without one are left out.
    pub(crate) fn add(
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
            // All that was read shares one buffer, so the kept rows are copied to free it.
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

    /// Rows that are already in order, described by `places`.
    pub(crate) fn carried(batch: RecordBatch, places: &Places) -> Pieces {
        let mut ids = Vec::with_capacity(batch.num_rows());
        for (id, end) in (0..).zip(&places.ends) {
            ids.resize(*end as usize, id);
        }
        Pieces { batches: vec![batch], ids: vec![ids] }
    }

    /// Leaves out the rows with times before `end`. `passed` receives each batch that has such
    /// rows, with their row numbers and ids.
    pub(crate) fn pass(&mut self, end: i64, passed: &mut Passed<'_>) -> Result<()> {
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

    /// Sorts the rows by id, of which there are `ids`, and then by time.
    pub(crate) fn sorted(self, ids: usize) -> Places {
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

/// Where to find rows in sorted order.
#[derive(Debug)]
pub(crate) struct Places {
    batches: Vec<RecordBatch>,
    /// For each row its batch and its row number there.
    places: Vec<(usize, usize)>,
    /// The end of each id's rows.
    ends: Vec<u32>,
}

impl Places {
    /// Moves the late rows of one entity behind its others, both still sorted by time; returns the
    /// number of rows that are not late.
    pub(crate) fn late_last(&mut self, rows: Range<usize>) -> usize {
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

    /// The rows in sorted order. This frees the list of places.
    pub(crate) fn in_order(&mut self, layout: &Layout) -> Result<RecordBatch> {
        let (batches, places) = (take(&mut self.batches), take(&mut self.places));
        if batches.is_empty() {
            return without_keys(&RecordBatch::new_empty(layout.schema.clone()));
        }
        let batches: Vec<&RecordBatch> = batches.iter().collect();
        interleave_record_batch(&batches, &places).map_err(misfit)
    }

    /// The rows of the key with this id.
    pub(crate) fn range(&self, id: usize) -> Range<usize> {
        range(&self.ends, id)
    }
}

/// The index of the first column in rows without their keys.
const BEHIND_KEY: usize = KEY + 1;

pub(crate) fn keys_of(batch: &RecordBatch) -> &BinaryArray {
    batch.column(KEY).as_binary()
}

/// One of the columns of times.
pub(crate) fn times_of(batch: &RecordBatch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}

/// The columns after the key.
pub(crate) fn without_keys(batch: &RecordBatch) -> Result<RecordBatch> {
    let rest: Vec<usize> = (BEHIND_KEY..batch.num_columns()).collect();
    batch.project(&rest).map_err(misfit)
}
