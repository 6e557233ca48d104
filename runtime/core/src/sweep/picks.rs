//! Values that are picked from the rows of one column, kept as row numbers until the end.
//!
//! Invariant: the array holds the values in the order they were added, with the bits that the
//! column has. A value that comes from elsewhere is kept as itself. Deliberately absent: floats and
//! integers, which are kept as numbers, and nested types.

use crate::array::array_of;
use crate::error::{Error, Result};
use crate::event::arrow_type;
use crate::row::TypedColumn;
use crate::value::{DataType, Value};
use arrow::array::{ArrayRef, UInt32Array, make_array};
use arrow::compute::{interleave, take};

/// Stands for a null.
const NULL: u32 = u32::MAX;
/// From here on a number is an index in `others`.
const OTHERS: u32 = 1 << 31;

/// Values of one column's rows.
pub(super) struct Picks {
    column: TypedColumn,
    places: Vec<u32>,
    others: Vec<Value>,
}

impl Picks {
    /// Of a column whose values are of `data_type`; `None` if values of that type are not picked.
    pub(super) fn of(column: &TypedColumn, data_type: &DataType) -> Option<Picks> {
        let held = column.array();
        let picked = !data_type.is_nested() && !data_type.is_float() && !data_type.is_integer();
        let same = *held.data_type() == arrow_type(data_type) && held.len() < OTHERS as usize;
        let picks = || Picks { column: column.clone(), places: vec![], others: vec![] };
        (picked && same).then(picks)
    }

    /// Appends the value of a row of the column.
    #[inline]
    pub(super) fn push_row(&mut self, row: usize) {
        self.places.push(row as u32);
    }

    /// Appends a value.
    pub(super) fn push(&mut self, value: Value) {
        if value.is_null() {
            return self.places.push(NULL);
        }
        self.places.push(OTHERS + self.others.len() as u32);
        self.others.push(value);
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn finish(self, data_type: &DataType) -> Result<ArrayRef> {
        let failed = |error| Error::bug("rows of a column are picked").because(error);
        if self.others.is_empty() {
            let rows = self.places.iter().map(|place| (*place != NULL).then_some(*place));
            let rows: UInt32Array = rows.collect();
            return take(self.column.array(), &rows, None).map_err(failed);
        }
        // The last of the others stands for a null.
        let others = array_of(data_type, self.others.iter().chain([&Value::Null]))?;
        let held = make_array(self.column.array().to_data());
        let places = self.places.iter().map(|place| match *place {
            NULL => (1, self.others.len()),
            other if other >= OTHERS => (1, (other - OTHERS) as usize),
            row => (0, row as usize),
        });
        interleave(&[&*held, &*others], &places.collect::<Vec<_>>()).map_err(failed)
    }
}
