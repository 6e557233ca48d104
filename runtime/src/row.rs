//! Rows of a feature view, ready to be folded: typed columns, entity keys and row order (S15).
//!
//! Invariant: the arrays are those that `flat.rs` validated against the view's columns. A row's
//! event time is its event's. Its tie is the event's id and the row's ordinal within its event, or,
//! for a source without event ids, the whole row in value order. Deliberately absent: the guest.

use crate::aggregate::user::Part;
use crate::error::{Error, Result};
use crate::key::EntityKey;
use crate::value::{Value, canonical_f32, canonical_f64};
use crate::view::FeatureView;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray,
    MapArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType as ArrowType, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};

/// An Arrow array whose type is known.
#[derive(Clone, Debug)]
pub enum TypedColumn {
    /// Of [`crate::value::DataType::Bool`].
    Bool(BooleanArray),
    /// Of [`crate::value::DataType::Int64`].
    Int64(Int64Array),
    /// Of [`crate::value::DataType::Float32`].
    Float32(Float32Array),
    /// Of [`crate::value::DataType::Float64`].
    Float64(Float64Array),
    /// Of [`crate::value::DataType::String`].
    String(StringArray),
    /// Of [`crate::value::DataType::Timestamp`].
    Timestamp(TimestampMicrosecondArray),
    /// Of [`crate::value::DataType::List`].
    List(ListArray),
    /// Of [`crate::value::DataType::Map`].
    Map(MapArray),
}

impl TypedColumn {
    /// The typed form of an array of one of the Arrow types of [`crate::event::arrow_type`].
    pub fn new(array: &ArrayRef) -> Result<TypedColumn> {
        Ok(match array.data_type() {
            ArrowType::Boolean => TypedColumn::Bool(array.as_boolean().clone()),
            ArrowType::Int64 => TypedColumn::Int64(array.as_primitive::<Int64Type>().clone()),
            ArrowType::Float32 => TypedColumn::Float32(array.as_primitive::<Float32Type>().clone()),
            ArrowType::Float64 => TypedColumn::Float64(array.as_primitive::<Float64Type>().clone()),
            ArrowType::Utf8 => TypedColumn::String(array.as_string::<i32>().clone()),
            ArrowType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, _) => {
                TypedColumn::Timestamp(array.as_primitive::<TimestampMicrosecondType>().clone())
            }
            ArrowType::List(_) => TypedColumn::List(array.as_list::<i32>().clone()),
            ArrowType::Map(..) => TypedColumn::Map(array.as_map().clone()),
            other => return Err(Error::bug(format!("a column of Arrow type {other} got inside"))),
        })
    }

    /// Whether row `row` is null.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            TypedColumn::Bool(a) => a.is_null(row),
            TypedColumn::Int64(a) => a.is_null(row),
            TypedColumn::Float32(a) => a.is_null(row),
            TypedColumn::Float64(a) => a.is_null(row),
            TypedColumn::String(a) => a.is_null(row),
            TypedColumn::Timestamp(a) => a.is_null(row),
            TypedColumn::List(a) => a.is_null(row),
            TypedColumn::Map(a) => a.is_null(row),
        }
    }

    /// The integer of a non-null row of an integer column.
    #[inline]
    pub(crate) fn int64(&self, row: usize) -> i64 {
        match self {
            TypedColumn::Int64(a) => a.value(row),
            other => unreachable!("the declaration checked that {other:?} holds integers"),
        }
    }

    /// The number of a non-null row of a float column; singles widen exactly (S14).
    #[inline]
    pub(crate) fn float64(&self, row: usize) -> f64 {
        match self {
            TypedColumn::Float64(a) => a.value(row),
            TypedColumn::Float32(a) => f64::from(a.value(row)),
            other => unreachable!("the declaration checked that {other:?} holds floats"),
        }
    }

    /// Whether a row of a bool column is true; a null is not.
    #[inline]
    pub(crate) fn is_true(&self, row: usize) -> bool {
        match self {
            TypedColumn::Bool(a) => a.is_valid(row) && a.value(row),
            other => unreachable!("the declaration checked that {other:?} holds flags"),
        }
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match self {
            TypedColumn::Bool(a) => Value::Bool(a.value(row)),
            TypedColumn::Int64(a) => Value::Int64(a.value(row)),
            TypedColumn::Float32(a) => Value::Float32(canonical_f32(a.value(row))),
            TypedColumn::Float64(a) => Value::Float64(canonical_f64(a.value(row))),
            TypedColumn::String(a) => Value::String(a.value(row).into()),
            TypedColumn::Timestamp(a) => Value::Timestamp(a.value(row)),
            TypedColumn::List(a) => {
                let items = a.value(row);
                let items = TypedColumn::new(&items).expect("the list's elements were validated");
                Value::List((0..a.value_length(row) as usize).map(|i| items.value(i)).collect())
            }
            TypedColumn::Map(a) => {
                let entries = a.value(row);
                let [keys, values] = [0, 1].map(|at| {
                    TypedColumn::new(entries.column(at)).expect("the map's types are columns'")
                });
                let mut pairs: Vec<(Value, Value)> =
                    (0..entries.len()).map(|i| (keys.value(i), values.value(i))).collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Map(pairs)
            }
        }
    }
}

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
