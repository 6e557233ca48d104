//! Events: batches of a source's declared columns (S6), the values in them that failed, and the
//! events that were set aside (S8).
//!
//! Invariant: the columns of an [`EventBatch`] are exactly those of its [`SourceSchema`], in the
//! same order and in the one Arrow type of each [`DataType`]. Event times, ids and arrivals are
//! never null; every NaN is the canonical one; every event time lies within ±2^62; no array is a
//! slice with rows before its offset. Any other column may be null: a value that could not be
//! decoded is null there and is reported as a [`Failure`]. Readers (`lockstep-source`) establish
//! this once, at the edge. Deliberately absent: columns that no view declares, and which views lose
//! an event to a failure; that follows from each view's own declaration.

use crate::error::{Error, Result};
use crate::failure::{Failure, taken};
use crate::notation::Notation;
use crate::value::{Column, DataType};
use crate::view::EventDeclaration;
use arrow::array::{ArrayRef, MapArray, RecordBatch, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{self as arrow_types, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// The one Arrow type of a data type.
pub fn arrow_type(data_type: &DataType) -> arrow_types::DataType {
    match data_type {
        DataType::Bool => arrow_types::DataType::Boolean,
        DataType::Int8 => arrow_types::DataType::Int8,
        DataType::Int16 => arrow_types::DataType::Int16,
        DataType::Int32 => arrow_types::DataType::Int32,
        DataType::Int64 => arrow_types::DataType::Int64,
        DataType::UInt8 => arrow_types::DataType::UInt8,
        DataType::UInt16 => arrow_types::DataType::UInt16,
        DataType::UInt32 => arrow_types::DataType::UInt32,
        DataType::UInt64 => arrow_types::DataType::UInt64,
        DataType::Float32 => arrow_types::DataType::Float32,
        DataType::Float64 => arrow_types::DataType::Float64,
        DataType::Decimal { precision, scale } => {
            // A scale is at most 38.
            arrow_types::DataType::Decimal128(*precision, *scale as i8)
        }
        DataType::String => arrow_types::DataType::Utf8,
        DataType::Bytes => arrow_types::DataType::Binary,
        DataType::Date => arrow_types::DataType::Date32,
        DataType::Timestamp => {
            arrow_types::DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        DataType::List(element) => {
            arrow_types::DataType::List(Arc::new(Field::new("item", arrow_type(element), true)))
        }
        DataType::Map(types) => {
            let key = Field::new("key", arrow_type(&types.0), false);
            let value = Field::new("value", arrow_type(&types.1), true);
            let entries = arrow_types::DataType::Struct(vec![key, value].into());
            arrow_types::DataType::Map(Arc::new(Field::new("entries", entries, false)), true)
        }
    }
}

/// A map array of `data_type` from its keys and values; `offsets` say where each row's map ends.
pub fn map_array(
    data_type: &DataType,
    offsets: OffsetBuffer<i32>,
    [keys, values]: [ArrayRef; 2],
    nulls: Option<NullBuffer>,
) -> MapArray {
    let arrow_types::DataType::Map(entries, sorted) = arrow_type(data_type) else {
        unreachable!("{data_type} is no map");
    };
    let arrow_types::DataType::Struct(fields) = entries.data_type() else {
        unreachable!("the entries of a map are a struct");
    };
    let pairs = StructArray::new(fields.clone(), vec![keys, values], None);
    MapArray::new(entries.clone(), offsets, pairs, nulls, sorted)
}

/// The Arrow schema of these columns.
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let field = |c: &Column| Field::new(&c.name, arrow_type(&c.data_type), c.nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The declared columns of one source: the union of what its views' event structs name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSchema {
    /// The source's name in the project file.
    pub source: String,
    /// The columns. A column is nullable if any event struct declares it nullable, so that one
    /// view's declaration cannot take events away from another view (S8).
    pub columns: Vec<Column>,
    /// The index of the event time's column.
    pub time: usize,
    /// The index of the event id's column, if the source has one.
    pub id: Option<usize>,
    /// How far an event time may lie beyond the event's recorded arrival (S11).
    pub skew_us: i64,
    /// The column that records when each event arrived, if the project names one. It is no part of
    /// an event unless it is declared as well.
    pub arrived_at: Option<String>,
    /// The indices of the arrival columns that are read with the events. Empty in the declaration;
    /// the reader adds them.
    pub arrivals: Vec<usize>,
    /// What the project declares of the source's values: the unit of integers that are times, and
    /// the texts that are null or boolean.
    pub notation: Notation,
}

impl SourceSchema {
    /// The union of `declarations`, which all name the same source.
    pub fn union<'a>(
        declarations: impl IntoIterator<Item = &'a EventDeclaration>,
    ) -> Result<SourceSchema> {
        let mut declarations = declarations.into_iter();
        let first = declarations
            .next()
            .ok_or_else(|| Error::bug("a source without an event declaration"))?;
        let mut schema = SourceSchema {
            source: first.source.clone(),
            columns: first.columns.clone(),
            time: first.time_index(),
            id: first.id_index(),
            skew_us: first.skew_us,
            arrived_at: None,
            arrivals: vec![],
            notation: Notation::default(),
        };
        for other in declarations {
            if (&other.time, &other.id, other.skew_us) != (&first.time, &first.id, first.skew_us) {
                return Err(Error::input(format!(
                    "source {}: event {} and event {} disagree on the time, id or skew",
                    first.source, first.name, other.name
                )));
            }
            for column in &other.columns {
                match schema.columns.iter_mut().find(|known| known.name == column.name) {
                    None => schema.columns.push(column.clone()),
                    Some(known) if known.data_type != column.data_type => {
                        return Err(Error::input(format!(
                            "source {}: column {:?} is {} in event {} and {} elsewhere",
                            first.source,
                            column.name,
                            column.data_type,
                            other.name,
                            known.data_type
                        )));
                    }
                    Some(known) => known.nullable |= column.nullable,
                }
            }
        }
        Ok(schema)
    }

    /// Whether admission judges column `index`: the event's time, its id, or an arrival. If such a
    /// column fails, the event is set aside for the whole source; a failure of any other column
    /// sets it aside only for the views that declare the column (S8).
    pub fn is_judged(&self, index: usize) -> bool {
        index == self.time || self.id == Some(index) || self.arrivals.contains(&index)
    }

    /// The Arrow schema of an [`EventBatch`]: every column may be null except those that are
    /// judged.
    pub fn arrow(&self) -> SchemaRef {
        let mut columns = self.columns.clone();
        for (index, column) in columns.iter_mut().enumerate() {
            column.nullable = !self.is_judged(index);
        }
        arrow_schema(&columns)
    }
}

/// Consecutive events of a source partition, in the order of their positions.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// The events; see the module's invariant.
    pub records: RecordBatch,
    /// The source position of each event: for a file its row number from 0 (NDJSON and CSV: its
    /// record's number). Strictly increasing.
    pub positions: Vec<u64>,
    /// The position to read from next: after the last event of this batch, kept or set aside.
    pub next_position: u64,
    /// The values that failed, by row, then by column.
    pub failures: Vec<Failure>,
    /// Events between this batch's positions that could not be decoded, or whose time, id or
    /// arrival is bad.
    pub set_aside: Vec<SetAside>,
}

impl EventBatch {
    /// The number of events, including those set aside.
    pub fn events(&self) -> usize {
        self.positions.len() + self.set_aside.len()
    }

    /// The events with positions in `[start, end)`; the next position to read is then `end`.
    pub fn between(&self, start: u64, end: u64) -> EventBatch {
        let first = self.positions.partition_point(|at| *at < start);
        let last = self.positions.partition_point(|at| *at < end).max(first);
        let inside = |event: &&SetAside| (start..end).contains(&event.position);
        EventBatch {
            records: self.records.slice(first, last - first),
            positions: self.positions[first..last].to_vec(),
            next_position: end,
            failures: taken(&self.failures, first..last),
            set_aside: self.set_aside.iter().filter(inside).cloned().collect(),
        }
    }

    /// Adds `positions` to every position of the batch.
    pub fn shift(&mut self, positions: u64) {
        self.positions.iter_mut().for_each(|position| *position += positions);
        self.set_aside.iter_mut().for_each(|event| event.position += positions);
        self.next_position += positions;
    }
}

/// An event that was set aside, kept with its reason, position and bytes (S8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The source position.
    pub position: u64,
    /// The view that lacks the event, because a column that the view declares is bad or its
    /// transform refused the event. `None` if the event counts for no view: it could not be
    /// decoded, its time, id or arrival is bad, or its id conflicts.
    pub view: Option<String>,
    /// Why, in a sentence that names the column.
    pub reason: String,
    /// The original event (a line of text), or its decoded columns as JSON.
    pub bytes: Vec<u8>,
}
