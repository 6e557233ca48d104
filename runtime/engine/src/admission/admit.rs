//! Which events of a source partition count, by their ids (S10).
//!
//! With event ids, the first copy of an (event_id, event_time) counts. A later copy with the same
//! content is a duplicate and is dropped. A known id with another content or time is a conflict:
//! the event is set aside, that is, kept with the reason outside the feature values. Without event
//! ids every event counts.
//!
//! An event counts, and takes its id, even if another column of it is bad, so a corrected copy that
//! comes later is a conflict. When contents are compared, a value that failed is a null (S8).
//!
//! Invariant: the decision depends only on the events admitted before, in the order of positions,
//! so batch and streaming decide alike. Deliberately absent: storing the known ids; the caller
//! looks them up in its own index.

use arrow::array::{BooleanArray, RecordBatch};
use lockstep_core::aggregate::bytes::{put_unsigned, unsigned};
use lockstep_core::cell::Cell;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::failure::{Failure, of_row, taken};
use lockstep_core::json;
use lockstep_core::row::TypedColumn;
use lockstep_core::time::Time;
use lockstep_core::value::Value;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_128;

/// The longest encoding of an event id, in bytes. An event with a longer id is set aside.
pub const EVENT_ID_BYTES_MAX: usize = 384;

/// What is remembered of an admitted event under its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    event_time: i64,
    content: u128,
}

impl Admitted {
    /// The bytes to store.
    pub fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(26);
        put_unsigned(self.content, &mut out);
        out.extend(self.event_time.to_le_bytes());
        out
    }

    /// Reads what [`Admitted::encode`] wrote; `None` if the bytes are not that.
    pub fn decode(mut bytes: &[u8]) -> Option<Admitted> {
        let content = unsigned(&mut bytes)?;
        Some(Admitted { event_time: i64::from_le_bytes(bytes.try_into().ok()?), content })
    }
}

/// The decisions on one batch.
#[derive(Debug)]
pub struct Admission {
    /// The events that count.
    pub records: RecordBatch,
    /// Their source positions.
    pub positions: Vec<u64>,
    /// The values of these events that could not be read. A view that declares such a column does
    /// not get the event.
    pub failures: Vec<Failure>,
    /// The ids that are new, each with what to remember of its event.
    pub new_ids: Vec<(Vec<u8>, Admitted)>,
    /// The positions of the events that do not count: first those that were set aside on reading,
    /// then the others, each kind in ascending order.
    pub rejected: Vec<u64>,
    /// How many identical copies were dropped.
    pub duplicates: u64,
    /// Events whose id is known with another content or time, or is too long.
    pub conflicts: Vec<SetAside>,
}

impl Admission {
    /// The events that count: their columns, positions and failures.
    pub(crate) fn events(&self) -> (&RecordBatch, &[u64], &[Failure]) {
        (&self.records, &self.positions, &self.failures)
    }

    /// The sum of a hash of each event that counts and of each value that failed. Equal events give
    /// equal sums, in any order.
    pub fn content(&self, schema: &SourceSchema) -> Result<u128> {
        let sum = |sum: u128, content: u128| sum.wrapping_add(content);
        let failed = self.failures.iter().map(|failure| {
            xxh3_128(&[&(failure.column as u64).to_le_bytes(), &failure.bytes[..]].concat())
        });
        let failed = failed.fold(0, sum);
        if schema.id.is_some() {
            return Ok(self.new_ids.iter().map(|(_, new)| new.content).fold(failed, sum));
        }
        let columns: Vec<TypedColumn> =
            self.records.columns().iter().map(TypedColumn::new).collect::<Result<_>>()?;
        let rows = 0..self.records.num_rows();
        Ok(rows.map(|row| content_hash(&columns, row)).fold(failed, sum))
    }
}

/// Decides which events of `batch` count. `known` looks up an encoded id among those that were
/// admitted before this batch.
pub fn admit(
    schema: &SourceSchema,
    batch: &EventBatch,
    mut known: impl FnMut(&[u8]) -> Result<Option<Admitted>>,
) -> Result<Admission> {
    let mut admission = Admission {
        records: batch.records.clone(),
        positions: batch.positions.clone(),
        failures: vec![],
        new_ids: vec![],
        rejected: batch.set_aside.iter().map(|event| event.position).collect(),
        duplicates: 0,
        conflicts: vec![],
    };
    let Some(id) = schema.id else {
        admission.failures.clone_from(&batch.failures);
        return Ok(admission);
    };
    let columns: Vec<TypedColumn> =
        batch.records.columns().iter().map(TypedColumn::new).collect::<Result<_>>()?;
    let mut here: HashMap<Vec<u8>, Admitted> = HashMap::new();
    let mut keep = Vec::with_capacity(batch.positions.len());
    for (row, &position) in batch.positions.iter().enumerate() {
        let encoded = columns[id].value(row).encoded();
        let Value::Timestamp(event_time) = columns[schema.time].value(row) else {
            return Err(Error::bug("an event without a time passed its reader"));
        };
        if encoded.len() > EVENT_ID_BYTES_MAX {
            keep.push(false);
            let reason = format!(
                "its id of {} bytes is over the limit of {EVENT_ID_BYTES_MAX}",
                encoded.len()
            );
            let bytes = event_bytes(schema, &columns, &batch.failures, row);
            admission.conflicts.push(SetAside { position, view: None, reason, bytes });
            continue;
        }
        let new = Admitted { event_time, content: content_hash(&columns, row) };
        let old = match here.get(&encoded) {
            Some(old) => Some(*old),
            None => known(&encoded)?,
        };
        keep.push(old.is_none());
        match old {
            None => {
                here.insert(encoded.clone(), new);
                admission.new_ids.push((encoded, new));
            }
            Some(old) if old == new => admission.duplicates += 1,
            Some(old) => {
                let bytes = event_bytes(schema, &columns, &batch.failures, row);
                let reason = conflict(&columns[id].value(row), old, new);
                admission.conflicts.push(SetAside { position, view: None, reason, bytes });
            }
        }
    }
    let kept = keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(row, _)| row);
    admission.failures = taken(&batch.failures, kept);
    if keep.contains(&false) {
        let verdicts = keep.iter().zip(&batch.positions).filter(|(keep, _)| !**keep);
        admission.rejected.extend(verdicts.map(|(_, position)| *position));
        let mut kept = keep.iter();
        admission.positions.retain(|_| *kept.next().expect("one verdict a position"));
        admission.records =
            arrow::compute::filter_record_batch(&batch.records, &BooleanArray::from(keep))
                .map_err(|error| Error::bug("a batch could not be filtered").because(error))?;
    }
    Ok(admission)
}

/// XXH3-128 with seed 0 over the canonical bytes of the declared columns (S19).
fn content_hash(columns: &[TypedColumn], row: usize) -> u128 {
    let mut bytes = Vec::with_capacity(128);
    columns.iter().for_each(|column| column.value(row).encode(&mut bytes));
    xxh3_128(&bytes)
}

/// The reason for setting an event aside whose id is known with another content or time.
fn conflict(id: &Value, old: Admitted, new: Admitted) -> String {
    let what = if old.event_time == new.event_time {
        format!("another content at {}", Time::saturating(new.event_time))
    } else {
        format!(
            "event time {} instead of {}",
            Time::saturating(new.event_time),
            Time::saturating(old.event_time)
        )
    };
    format!("event id {id} was admitted before, and this copy has {what}")
}

/// The bytes that are kept of a set-aside event: the event as it was read if a value of it failed,
/// else its decoded columns as JSON text, for people.
pub(crate) fn event_bytes(
    schema: &SourceSchema,
    columns: &[TypedColumn],
    failures: &[Failure],
    row: usize,
) -> Vec<u8> {
    if let Some(failure) = of_row(failures, row).first() {
        return failure.bytes.to_vec();
    }
    let names: Vec<String> = schema.columns.iter().map(|column| column.name.clone()).collect();
    let mut object = Vec::new();
    let cell = |at: usize| Cell::of_value(&columns[at].value(row)).into_owned();
    json::write_object(&names, cell, &mut object);
    object
}
