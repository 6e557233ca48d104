//! Removes data hidden behind the nulls of an array (a null row may still cover text or elements).
//!
//! Invariant: the result equals the input row by row; only data that no row shows is removed. An
//! array that hides nothing, which is the usual case, is not copied. Deliberately absent: numbers
//! and bits, which their writers clear in place.

use arrow::array::{Array, GenericByteArray, GenericByteBuilder, Int32Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::{ByteArrayType, DataType, Field};
use std::sync::Arc;

/// Whether a null row of an array with these offsets covers something.
fn hides(nulls: Option<&NullBuffer>, offsets: &[i32]) -> bool {
    nulls.is_some_and(|nulls| {
        nulls.null_count() > 0
            && offsets.windows(2).enumerate().any(|(row, at)| at[0] != at[1] && nulls.is_null(row))
    })
}

/// `array` without the texts or bytes behind its nulls; `None` if there are none.
pub(super) fn texts<T: ByteArrayType<Offset = i32>>(
    array: &GenericByteArray<T>,
) -> Option<GenericByteArray<T>> {
    hides(array.nulls(), array.value_offsets()).then(|| {
        let mut shown = GenericByteBuilder::<T>::new();
        array.iter().for_each(|text| shown.append_option(text));
        shown.finish()
    })
}

/// `array` without the elements behind its nulls; `None` if there are none.
pub(super) fn lists(array: &ListArray) -> Option<ListArray> {
    let offsets = array.value_offsets();
    if !hides(array.nulls(), offsets) {
        return None;
    }
    let shown = |row: usize| if array.is_null(row) { 0..0 } else { offsets[row]..offsets[row + 1] };
    let indices: Int32Array = (0..array.len()).flat_map(shown).collect::<Vec<i32>>().into();
    let values = take(array.values(), &indices, None).expect("an array's offsets lie within it");
    let lengths = (0..array.len()).map(|row| shown(row).len());
    let field = match array.data_type() {
        DataType::List(field) => Arc::clone(field),
        // A list array has a list's type; this arm cannot be reached.
        other => Arc::new(Field::new("item", other.clone(), true)),
    };
    let offsets = OffsetBuffer::from_lengths(lengths);
    Some(ListArray::new(field, offsets, values, array.nulls().cloned()))
}
