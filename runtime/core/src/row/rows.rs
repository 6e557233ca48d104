//! Rows of a feature view, ready to be folded: typed columns, entity keys and row order (S15).
//!
//! Invariant: the arrays are those that `flat` validated against the view's columns. A row's event
//! time is its event's. Its tie breaks the order among rows of equal event time: it is the event's
//! id, the row's ordinal within its event and the whole row in value order, or, for a source without
//! event ids, the whole row alone. So rows of equal time and tie are equal. Deliberately absent: the
//! guest.

use super::typed_column::TypedColumn;
use crate::aggregate::user::Part;
use crate::error::{Error, Result};
use crate::key::EntityKey;
use crate::view::FeatureView;
use arrow::array::{BinaryArray, BinaryBuilder, RecordBatch};
use arrow::buffer::ScalarBuffer;

/// Rows of one view.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<TypedColumn>,
    key_columns: Vec<usize>,
    event_times: ScalarBuffer<i64>,
    /// `None` if no slot of the view depends on the order of rows.
    ties: Option<BinaryArray>,
    /// For each lift of the view's plan, the unit state of each row.
    lifted: Vec<Vec<Option<Part>>>,
}

impl Rows {
    /// The rows that `view`'s transform made of `events`: row `i` came from event `source_rows[i]`.
    /// `events` holds the columns of the view's event declaration; `ordered` says whether ties are
    /// needed.
    pub fn new(
        view: &FeatureView,
        rows: &RecordBatch,
        source_rows: &[u32],
        events: &RecordBatch,
        ordered: bool,
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
        let ties = ordered.then(|| ties(&columns, source_rows, ids.as_ref()));
        let event_times = source_rows.iter().map(|&event| times.value(event as usize)).collect();
        Ok(Rows { columns, key_columns, event_times, ties, lifted: vec![] })
    }

    /// Rows assembled from parts of other rows, without keys.
    pub fn from_parts(
        columns: Vec<TypedColumn>,
        event_times: ScalarBuffer<i64>,
        ties: Option<BinaryArray>,
        lifted: Vec<Vec<Option<Part>>>,
    ) -> Rows {
        Rows { columns, key_columns: vec![], event_times, ties, lifted }
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

    /// The event time of each row, in microseconds.
    pub fn event_times(&self) -> &ScalarBuffer<i64> {
        &self.event_times
    }

    /// The event time of a row, in microseconds.
    pub fn event_time(&self, row: usize) -> i64 {
        self.event_times[row]
    }

    /// The tie of each row, which orders rows of equal event time; `None` if no slot depends on
    /// order.
    pub fn ties(&self) -> Option<&BinaryArray> {
        self.ties.as_ref()
    }

    /// The tie of a row, which orders it among rows of equal event time.
    pub fn tie(&self, row: usize) -> &[u8] {
        match &self.ties {
            Some(ties) => ties.value(row),
            None => unreachable!("the plan said that nothing looks at the order of rows"),
        }
    }

    /// Sets the unit states that the guest made of the rows: for each lift of the view's plan, one
    /// per row, `None` for a null.
    pub fn set_lifted(&mut self, lifted: Vec<Vec<Option<Part>>>) {
        self.lifted = lifted;
    }

    /// The unit state of a row under a lift of the view's plan; `None` if its input is null.
    pub fn lifted(&self, lift: usize, row: usize) -> Option<&Part> {
        self.lifted[lift][row].as_ref()
    }

    /// The entity key of a row.
    pub fn key(&self, row: usize) -> EntityKey {
        let mut bytes = Vec::with_capacity(16 * self.key_columns.len());
        self.key_columns.iter().for_each(|&column| self.columns[column].encode(row, &mut bytes));
        EntityKey::from_bytes(bytes)
    }

    /// The encoding of each row's entity key.
    pub fn keys(&self) -> BinaryArray {
        let columns: Vec<&TypedColumn> =
            self.key_columns.iter().map(|&column| &self.columns[column]).collect();
        encode_rows(&columns, self.len(), |_| true)
    }
}

/// For each row the encodings of its values in `columns`, concatenated, as in an entity key. Empty
/// for a row that `known` excludes.
pub fn encode_rows(
    columns: &[&TypedColumn],
    rows: usize,
    known: impl Fn(usize) -> bool,
) -> BinaryArray {
    let mut encoded = BinaryBuilder::with_capacity(rows, 12 * rows * columns.len());
    let mut bytes = Vec::new();
    for row in 0..rows {
        if known(row) {
            columns.iter().for_each(|column| column.encode(row, &mut bytes));
        }
        encoded.append_value(&bytes);
        bytes.clear();
    }
    encoded.finish()
}

/// The ties that order rows of equal event time: the event's id, the row's ordinal within its event
/// and the whole row, or, for a source without ids, the whole row alone (S15). An id counts within a
/// partition, so two partitions may hold one id at one time with different rows.
fn ties(columns: &[TypedColumn], source_rows: &[u32], ids: Option<&TypedColumn>) -> BinaryArray {
    let mut ties = BinaryBuilder::with_capacity(source_rows.len(), 24 * source_rows.len());
    let mut tie = Vec::new();
    let mut ordinal = 0u32;
    for (row, &event) in source_rows.iter().enumerate() {
        let repeated = row > 0 && event == source_rows[row - 1];
        ordinal = if repeated { ordinal + 1 } else { 0 };
        if let Some(ids) = ids {
            ids.encode(event as usize, &mut tie);
            tie.extend(ordinal.to_be_bytes());
        }
        columns.iter().for_each(|column| column.encode(row, &mut tie));
        ties.append_value(&tie);
        tie.clear();
    }
    ties.finish()
}
