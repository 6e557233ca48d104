//! Rows of a feature view, ready to be folded: typed columns, entity keys and row order (S15).
//!
//! Invariant: the arrays are those that `flat.rs` validated against the view's columns. A row's
//! event time is its event's. Its tie is the event's id and the row's ordinal within its event, or,
//! for a source without event ids, the whole row in value order. Deliberately absent: the guest.

mod typed_column;

pub use typed_column::TypedColumn;

use crate::aggregate::user::Part;
use crate::error::{Error, Result};
use crate::key::EntityKey;
use crate::value::Value;
use crate::view::FeatureView;
use arrow::array::RecordBatch;

/// Rows of one view.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<TypedColumn>,
    key_columns: Vec<usize>,
    event_times: Vec<i64>,
    ties: Vec<Box<[u8]>>,
    /// For each lift of the view's plan, the unit state of each row.
    lifted: Vec<Vec<Option<Part>>>,
}

impl Rows {
    /// The rows that `view`'s transform made of `events`: row `i` came from event `source_rows[i]`.
    /// `events` holds the columns of the view's event declaration.
    pub fn new(
        view: &FeatureView,
        rows: &RecordBatch,
        source_rows: &[u32],
        events: &RecordBatch,
    ) -> Result<Rows> {
        let columns =
            rows.columns().iter().map(TypedColumn::new).collect::<Result<Vec<TypedColumn>>>()?;
        let times = TypedColumn::new(events.column(view.event.time_index()))?;
        let TypedColumn::Timestamp(times) = times else {
            return Err(Error::bug(format!("view {}: its time column is no timestamp", view.name)));
        };
        let ids =
            view.event.id_index().map(|id| TypedColumn::new(events.column(id))).transpose()?;
        let key_columns = view.key.iter().filter_map(|part| view.column_index(part)).collect();
        let mut ordinal = 0u32;
        let ties = (0..source_rows.len()).map(|row| {
            let repeated = row > 0 && source_rows[row] == source_rows[row - 1];
            ordinal = if repeated { ordinal + 1 } else { 0 };
            let mut tie = Vec::with_capacity(24);
            match &ids {
                Some(ids) => {
                    ids.value(source_rows[row] as usize).encode(&mut tie);
                    tie.extend(ordinal.to_be_bytes());
                }
                None => columns.iter().for_each(|column| column.value(row).encode(&mut tie)),
            }
            tie.into_boxed_slice()
        });
        let ties = ties.collect();
        let event_times = source_rows.iter().map(|&event| times.value(event as usize)).collect();
        Ok(Rows { columns, key_columns, event_times, ties, lifted: vec![] })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.event_times.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.event_times.is_empty()
    }

    /// The view's columns.
    pub fn columns(&self) -> &[TypedColumn] {
        &self.columns
    }

    /// The event time of a row, in microseconds.
    pub fn event_time(&self, row: usize) -> i64 {
        self.event_times[row]
    }

    /// What decides between rows of one event time.
    pub fn tie(&self, row: usize) -> &[u8] {
        &self.ties[row]
    }

    /// Gives the rows the unit states that the guest made of them: for each lift of the view's plan
    /// one a row, none for a null.
    pub fn set_lifted(&mut self, lifted: Vec<Vec<Option<Part>>>) {
        self.lifted = lifted;
    }

    /// The state of a row alone under a lift of the view's plan; none if its input is null.
    pub fn lifted(&self, lift: usize, row: usize) -> Option<&Part> {
        self.lifted[lift][row].as_ref()
    }

    /// The entity key of a row.
    pub fn key(&self, row: usize) -> EntityKey {
        let parts: Vec<Value> =
            self.key_columns.iter().map(|&column| self.columns[column].value(row)).collect();
        EntityKey::new(&parts)
    }
}
