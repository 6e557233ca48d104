//! The Arrow layout of rows between the mapper and a sweep, which holds only what the sweep reads.
//!
//! ```text
//! rows     key, time, [arrival], [tie], lift 0.., then the columns that some slot reads
//! spine    key, time, row
//! ```
//!
//! Invariant: [`Layout::rows`] of a batch made by [`Layout::batch`] folds to the same states as the
//! original rows. Deliberately absent: columns that no slot reads.

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BinaryBuilder, Int64Array, NullArray, RecordBatch, UInt32Array,
    make_array,
};
use arrow::buffer::ScalarBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType as ArrowType, Field, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use lockstep_core::aggregate::user::Part;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::FoldPlan;
use lockstep_core::row::{Rows, TypedColumn};
use std::sync::Arc;

/// The index of the entity key in both layouts.
pub(crate) const KEY: usize = 0;
/// The index of the event time, or of the spine row's `as_of`.
pub(crate) const TIME: usize = 1;
/// The index of a row's arrival time, if there is one.
pub(crate) const ARRIVAL: usize = 2;
/// The index of the spine row's number.
pub(crate) const SPINE_ROW: usize = 2;

/// Which parts of a view's rows a sweep reads.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) schema: SchemaRef,
    /// Whether rows have an arrival time.
    arrivals: bool,
    ordered: bool,
    /// For each lift of the plan, whether it is kept.
    lifts: Vec<bool>,
    /// For each column of the view, whether it is kept.
    columns: Vec<bool>,
}

/// The columns of the spine's layout.
pub(crate) fn spine_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("key", ArrowType::Binary, false),
        Field::new("time", ArrowType::Int64, false),
        Field::new("row", ArrowType::UInt32, false),
    ]))
}

/// Spine rows in their layout.
pub(crate) fn spine_batch(
    keys: BinaryArray,
    as_of: Int64Array,
    rows: UInt32Array,
) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(as_of), Arc::new(rows)];
    RecordBatch::try_new(spine_schema(), columns).map_err(misfit)
}

impl Layout {
    /// The layout of what updates of `slots` read.
    pub(crate) fn new(plan: &FoldPlan, slots: &[usize], arrivals: bool) -> Layout {
        let slots = || slots.iter().map(|slot| &plan.slots[*slot]);
        let mut columns = vec![false; plan.view.columns.len()];
        let mut lifts = vec![false; plan.lifts.len()];
        slots().for_each(|slot| slot.visit_columns(&mut |column| columns[column] = true));
        slots().for_each(|slot| slot.visit_lifts(&mut |lift| lifts[lift] = true));
        let ordered = slots().any(|slot| slot.looks_at_order());
        let mut fields = vec![
            Field::new("key", ArrowType::Binary, false),
            Field::new("time", ArrowType::Int64, false),
        ];
        if arrivals {
            fields.push(Field::new("arrival", ArrowType::Int64, false));
        }
        if ordered {
            fields.push(Field::new("tie", ArrowType::Binary, false));
        }
        for lift in (0..lifts.len()).filter(|lift| lifts[*lift]) {
            fields.push(Field::new(format!("lift {lift}"), ArrowType::Binary, true));
        }
        for (column, _) in plan.view.columns.iter().zip(&columns).filter(|(_, kept)| **kept) {
            let data_type = TypedColumn::held_type(&column.data_type);
            fields.push(Field::new(&column.name, data_type, true));
        }
        Layout { schema: Arc::new(Schema::new(fields)), arrivals, ordered, lifts, columns }
    }

    /// Whether rows have an arrival time.
    pub(crate) fn has_arrivals(&self) -> bool {
        self.arrivals
    }

    /// The rows numbered in `kept`; `keys` are given for all rows.
    pub(crate) fn batch(
        &self,
        rows: &Rows,
        keys: BinaryArray,
        arrivals: Option<Int64Array>,
        kept: &UInt32Array,
    ) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(keys), Arc::new(Int64Array::new(rows.event_times().clone(), None))];
        columns.extend(arrivals.map(|arrivals| Arc::new(arrivals) as ArrayRef));
        if self.ordered {
            let ties = rows.ties().ok_or_else(|| Error::bug("rows without their order"))?;
            columns.push(Arc::new(ties.clone()));
        }
        for lift in (0..self.lifts.len()).filter(|lift| self.lifts[*lift]) {
            let mut parts = BinaryBuilder::new();
            (0..rows.len()).for_each(|row| parts.append_option(rows.lifted(lift, row)));
            columns.push(Arc::new(parts.finish()));
        }
        for (column, _) in rows.columns().iter().zip(&self.columns).filter(|(_, kept)| **kept) {
            columns.push(make_array(column.array().to_data()));
        }
        if kept.len() < rows.len() {
            let taken = columns.iter().map(|column| take(column, kept, None));
            columns = taken.collect::<std::result::Result<_, _>>().map_err(misfit)?;
        }
        RecordBatch::try_new(self.schema.clone(), columns).map_err(misfit)
    }

    /// The rows of a batch in this layout, without the keys, and the arrival time of each.
    pub(crate) fn rows(&self, batch: &RecordBatch) -> Result<(Rows, Option<ScalarBuffer<i64>>)> {
        let mut columns = batch.columns().iter();
        let mut next = || columns.next().ok_or_else(|| Error::bug("rows without a column"));
        let times = next()?.as_primitive::<Int64Type>().values().clone();
        let arrivals = match self.arrivals {
            true => Some(next()?.as_primitive::<Int64Type>().values().clone()),
            false => None,
        };
        let ties = if self.ordered { Some(next()?.as_binary().clone()) } else { None };
        let mut lifted = Vec::with_capacity(self.lifts.len());
        for kept in &self.lifts {
            lifted.push(if *kept {
                let parts = next()?.as_binary::<i32>();
                parts.iter().map(|part| part.map(Part::from)).collect()
            } else {
                vec![]
            });
        }
        let mut typed = Vec::with_capacity(self.columns.len());
        for kept in &self.columns {
            typed.push(if *kept {
                TypedColumn::new(next()?)?
            } else {
                TypedColumn::Absent(NullArray::new(times.len()))
            });
        }
        Ok((Rows::from_parts(typed, times, ties, lifted), arrivals))
    }
}

/// The error for rows that could not be assembled.
pub(crate) fn misfit(error: ArrowError) -> Error {
    if matches!(error, ArrowError::OffsetOverflowError(_)) {
        return Error::input(
            "the rows of one entity, or of few, hold more than 2 GiB in one column; shorten its \
             texts, leave the column out of the view, or read fewer events",
        )
        .because(error);
    }
    Error::bug("rows do not fit their Arrow form").because(error)
}
