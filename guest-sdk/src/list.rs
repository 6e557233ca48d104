//! A list: the value of one row of a list column.
//!
//! Invariant: it borrows from the batch, is `Copy`, and any element may be null, because the
//! contract allows null elements in every list. Deliberately absent: lists of lists.

use crate::batch::{Column, ListColumn};
use crate::field::Scalar;
use std::fmt;
use std::marker::PhantomData;

/// A list of nullable elements of type `T`, which is a type of a column but no list and no
/// `Option`.
pub struct List<'b, T> {
    elements: Column<'b>,
    start: usize,
    end: usize,
    element: PhantomData<T>,
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<'b, T: Scalar<'b>> List<'b, T> {
    /// The list of `row`.
    pub(crate) fn new(column: &ListColumn<'b>, row: usize) -> List<'b, T> {
        let (start, end) = column.range(row);
        List { elements: column.elements, start, end, element: PhantomData }
    }

    /// The number of elements, including nulls.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The element at `index`, which may be null; `None` after the end.
    pub fn get(&self, index: usize) -> Option<Option<T>> {
        if index >= self.len() {
            return None;
        }
        let row = self.start + index;
        Some(self.elements.validity.has(row).then(|| T::get(&self.elements, row)))
    }

    /// The elements in order, nulls included.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = Option<T>> + ExactSizeIterator + use<'b, T> {
        let elements = self.elements;
        let value = move |row| elements.validity.has(row).then(|| T::get(&elements, row));
        (self.start..self.end).map(value)
    }
}

impl<'b, T: Scalar<'b> + fmt::Debug> fmt::Debug for List<'b, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
