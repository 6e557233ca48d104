//! Widening: converts the Arrow types that files contain to the one Arrow type of a [`DataType`]
//! (S6).
//!
//! Invariant: the result has exactly [`arrow_type`]'s type, the one quiet NaN (S14), zero, an empty
//! text or an empty list behind every null, and offsets that start at 0. A value without an exact
//! counterpart makes its row bad and becomes null; nothing is rounded except times finer than a
//! microsecond, which are floored toward minus infinity (S2). Deliberately absent: times and dates
//! (`moments.rs`), integers (`integers.rs`), decimals (`decimals.rs`) and bytes (`bytes.rs`); and
//! arrow-cast, whose casts truncate toward zero and turn an overflow into a null.

use super::uuid::{is_uuid, uuid_texts};
use super::{bytes, decimals, integers, moments};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, PrimitiveArray, StringArray, UInt64Array,
    new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Field, Float16Type, Float32Type, Float64Type,
};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{arrow_type, map_array};
use lockstep_core::notation::Notation;
use lockstep_core::value::{DataType, canonical_f32, canonical_f64};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

/// The rows with a bad value, each with its first reason.
#[derive(Debug, Default)]
pub(super) struct BadRows(BTreeMap<usize, String>);

impl BadRows {
    /// Marks `row`; the first reason given is kept.
    pub(super) fn add(&mut self, row: usize, reason: impl FnOnce() -> String) {
        self.0.entry(row).or_insert_with(reason);
    }

    /// The reason why `row` is bad, if it is.
    pub(super) fn reason(&self, row: usize) -> Option<&str> {
        self.0.get(&row).map(String::as_str)
    }

    /// The number of bad rows.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The bad rows in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.0.iter().map(|(row, reason)| (*row, reason.as_str()))
    }
}

/// Whether a column like `found` can be widened to type `expected`. Integers are times only in a
/// declared unit.
pub(super) fn accepts(found: &Field, expected: &DataType, notation: &Notation) -> bool {
    match (found.data_type(), expected) {
        (ArrowType::FixedSizeBinary(16), DataType::String) => is_uuid(found),
        (found, _) => accepts_type(found, expected, notation),
    }
}

fn accepts_type(found: &ArrowType, expected: &DataType, notation: &Notation) -> bool {
    use ArrowType as A;
    match (found, expected) {
        (A::Null, _) => true,
        (A::Dictionary(_, value), _) => accepts_type(value, expected, notation),
        (A::Boolean, DataType::Bool) => true,
        (found, DataType::Timestamp) if found.is_integer() => notation.time_unit.is_some(),
        (found, _) if found.is_integer() => integers::accepts(expected),
        (found, _) if found.is_decimal() => decimals::accepts(found, expected),
        (A::Float16 | A::Float32, DataType::Float32) => true,
        (A::Float16 | A::Float32 | A::Float64, DataType::Float64) => true,
        (A::Utf8 | A::LargeUtf8 | A::Utf8View, DataType::String) => true,
        (A::Timestamp(_, _) | A::Date32 | A::Date64, DataType::Timestamp) => true,
        (A::Date32 | A::Date64, DataType::Date) => true,
        (found, DataType::Bytes) => bytes::is_bytes(found),
        (
            A::List(item) | A::LargeList(item) | A::FixedSizeList(item, _),
            DataType::List(element),
        ) => accepts(item, element, notation),
        (A::Map(entries, _), DataType::Map(types)) => match entries.data_type() {
            A::Struct(fields) => {
                fields.len() == 2
                    && *fields[0].data_type() == arrow_type(&types.0)
                    && *fields[1].data_type() == arrow_type(&types.1)
            }
            _ => false,
        },
        _ => false,
    }
}

/// `array` as a column of type `expected`, which [`accepts`] must allow. Binary text is accepted
/// too: the Parquet reader returns text in this form, so that one bad text affects only its row.
pub(super) fn widen(
    array: &ArrayRef,
    expected: &DataType,
    notation: &Notation,
    bad: &mut BadRows,
) -> Result<ArrayRef> {
    use ArrowType as A;
    Ok(match (array.data_type(), expected) {
        (A::Null, _) => new_null_array(&arrow_type(expected), array.len()),
        (A::Dictionary(_, _), _) => dictionary(array, expected, notation, bad)?,
        (found, DataType::Timestamp) if found.is_integer() => {
            let integers = integers::widen(array, &DataType::Int64, bad);
            moments::of_integers(&integers, notation, bad)
        }
        (found, _) if found.is_integer() && integers::accepts(expected) => {
            integers::widen(array, expected, bad)
        }
        (found, _) if found.is_decimal() => decimals::widen(array, expected, bad),
        (A::Boolean, DataType::Bool) => boolean(array),
        (A::Float16, DataType::Float32) => {
            exact::<Float16Type, Float32Type>(array, |v| canonical_f32(v.to_f32()))
        }
        (A::Float32, DataType::Float32) => exact::<Float32Type, Float32Type>(array, canonical_f32),
        (A::Float16, DataType::Float64) => {
            exact::<Float16Type, Float64Type>(array, |v| canonical_f64(v.to_f64()))
        }
        (A::Float32, DataType::Float64) => {
            exact::<Float32Type, Float64Type>(array, |v| canonical_f64(v.into()))
        }
        (A::Float64, DataType::Float64) => exact::<Float64Type, Float64Type>(array, canonical_f64),
        (A::Utf8, DataType::String) => utf8(array)?,
        (A::LargeUtf8, DataType::String) => {
            let texts = array.as_string::<i64>();
            text(array, bad, |row| texts.value(row).as_bytes())?
        }
        (A::Utf8View, DataType::String) => {
            let texts = array.as_string_view();
            text(array, bad, |row| texts.value(row).as_bytes())?
        }
        (A::Binary, DataType::String) => binary(array, bad)?,
        (A::FixedSizeBinary(16), DataType::String) => {
            let (offsets, values, _) = uuid_texts(array).into_parts();
            Arc::new(StringArray::new(offsets, values, nulls_of(array)))
        }
        (A::Timestamp(_, _) | A::Date32 | A::Date64, DataType::Timestamp) => {
            moments::of_times(array, bad)
        }
        (A::Date32 | A::Date64, DataType::Date) => moments::of_dates(array, bad),
        (found, DataType::Bytes) if bytes::is_bytes(found) => bytes::widen(array)?,
        (A::List(_) | A::LargeList(_) | A::FixedSizeList(_, _), DataType::List(element)) => {
            list(array, element, notation, bad)?
        }
        (A::Map(..), DataType::Map(_)) => {
            let map = array.as_map();
            let pairs = [map.keys().clone(), map.values().clone()];
            Arc::new(map_array(expected, map.offsets().clone(), pairs, map.nulls().cloned()))
        }
        (found, expected) => {
            return Err(Error::bug(format!("a column of type {found} was taken for {expected}")));
        }
    })
}

/// The reason for a value beyond the range of the `expected` type.
pub(super) fn beyond(array: &ArrayRef, value: impl Display, expected: impl Display) -> String {
    format!("{value} of type {} is beyond the range of {expected}", array.data_type())
}

/// The nulls of `array`, from bit 0; `None` if it has none.
pub(super) fn nulls_of(array: &dyn Array) -> Option<NullBuffer> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    Some(NullBuffer::new(BooleanBuffer::new(nulls.inner().sliced(), 0, nulls.len())))
}

/// Converts each value with `convert`, which is exact for all of them.
pub(super) fn exact<S: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    convert: impl Fn(S::Native) -> T::Native,
) -> ArrayRef {
    let values = array.as_primitive::<S>().values();
    let nulls = nulls_of(array);
    let converted: ScalarBuffer<T::Native> = match &nulls {
        None => values.iter().map(|value| convert(*value)).collect(),
        Some(nulls) => {
            let zero = T::Native::default();
            let pairs = values.iter().zip(nulls.iter());
            pairs.map(|(value, valid)| if valid { convert(*value) } else { zero }).collect()
        }
    };
    Arc::new(PrimitiveArray::<T>::new(converted, nulls))
}

/// Converts each value with `convert`; a row for which that gives a reason is bad.
pub(super) fn partial<S: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    bad: &mut BadRows,
    convert: impl Fn(S::Native) -> Result<T::Native, String>,
) -> PrimitiveArray<T> {
    let source = array.as_primitive::<S>();
    let mut converted = Vec::with_capacity(source.len());
    let mut lost = false;
    for (row, value) in source.iter().enumerate() {
        let Some(value) = value else {
            converted.push(T::Native::default());
            continue;
        };
        converted.push(convert(value).unwrap_or_else(|reason| {
            lost = true;
            bad.add(row, || reason);
            T::Native::default()
        }));
    }
    let nulls = if lost { without(nulls_of(array), array.len(), bad) } else { nulls_of(array) };
    PrimitiveArray::new(converted.into(), nulls)
}

/// `nulls` with the bad rows added.
fn without(nulls: Option<NullBuffer>, rows: usize, bad: &BadRows) -> Option<NullBuffer> {
    let good = |row| bad.reason(row).is_none();
    let good = NullBuffer::new(BooleanBuffer::collect_bool(rows, good));
    NullBuffer::union(nulls.as_ref(), Some(&good))
}

fn boolean(array: &ArrayRef) -> ArrayRef {
    let nulls = nulls_of(array);
    let values = array.as_boolean().values();
    let values = match &nulls {
        None => BooleanBuffer::new(values.sliced(), 0, values.len()),
        Some(nulls) => values & nulls.inner(),
    };
    Arc::new(BooleanArray::new(values, nulls))
}

/// Whether `offsets` start at 0, end at `end` and hold nothing behind a null.
pub(super) fn is_compact(offsets: &[i32], end: usize, nulls: Option<&NullBuffer>) -> bool {
    let whole = offsets.first() == Some(&0) && offsets.last().map(|o| *o as usize) == Some(end);
    let empty = |row: usize| offsets[row] == offsets[row + 1];
    whole && nulls.is_none_or(|n| n.iter().enumerate().all(|(row, valid)| valid || empty(row)))
}

fn utf8(array: &ArrayRef) -> Result<ArrayRef> {
    let texts = array.as_string::<i32>();
    let nulls = nulls_of(array);
    if is_compact(texts.offsets(), texts.values().len(), nulls.as_ref()) {
        let (offsets, values, _) = texts.clone().into_parts();
        return Ok(Arc::new(StringArray::new(offsets, values, nulls)));
    }
    text(array, &mut BadRows::default(), |row| texts.value(row).as_bytes())
}

fn binary(array: &ArrayRef, bad: &mut BadRows) -> Result<ArrayRef> {
    let bytes = array.as_binary::<i32>();
    let nulls = nulls_of(array);
    if is_compact(bytes.offsets(), bytes.values().len(), nulls.as_ref()) {
        let (offsets, values, _) = bytes.clone().into_parts();
        // All at once if every text is valid, which is nearly always the case.
        if let Ok(texts) = StringArray::try_new(offsets, values, nulls) {
            return Ok(Arc::new(texts));
        }
    }
    text(array, bad, |row| bytes.value(row))
}

/// The texts that `bytes_of` returns; one that is not UTF-8 makes its row bad.
fn text<'a>(
    array: &dyn Array,
    bad: &mut BadRows,
    bytes_of: impl Fn(usize) -> &'a [u8],
) -> Result<ArrayRef> {
    let mut values = Vec::new();
    let mut offsets = Vec::with_capacity(array.len() + 1);
    let mut lost = false;
    offsets.push(0);
    for row in 0..array.len() {
        if array.is_valid(row) {
            let bytes = bytes_of(row);
            match std::str::from_utf8(bytes) {
                Ok(_) => values.extend_from_slice(bytes),
                Err(error) => {
                    lost = true;
                    bad.add(row, || {
                        format!("text that is not UTF-8 at byte {}", error.valid_up_to())
                    });
                }
            }
        }
        offsets.push(offset(values.len())?);
    }
    let nulls = if lost { without(nulls_of(array), array.len(), bad) } else { nulls_of(array) };
    let offsets = OffsetBuffer::new(offsets.into());
    let texts = StringArray::try_new(offsets, values.into(), nulls);
    Ok(Arc::new(texts.map_err(|error| Error::bug("checked text was refused").because(error))?))
}

/// The end of a value as an offset.
pub(super) fn offset(end: usize) -> Result<i32> {
    i32::try_from(end).map_err(|_| {
        Error::input("a column holds more than 2 GiB in one batch; read fewer rows a batch")
    })
}

/// The distinct values widened, then spread over the rows.
fn dictionary(
    array: &ArrayRef,
    expected: &DataType,
    notation: &Notation,
    bad: &mut BadRows,
) -> Result<ArrayRef> {
    let dictionary = array.as_any_dictionary();
    let mut bad_values = BadRows::default();
    let values = widen(dictionary.values(), expected, notation, &mut bad_values)?;
    let spread = take(&values, dictionary.keys(), None).map_err(|error| {
        Error::input("a dictionary column does not fit one batch; read fewer rows a batch")
            .because(error)
    })?;
    if bad_values.len() > 0 && !values.is_empty() {
        for (row, value) in dictionary.normalized_keys().into_iter().enumerate() {
            if dictionary.keys().is_valid(row)
                && let Some(reason) = bad_values.reason(value)
            {
                bad.add(row, || reason.to_string());
            }
        }
    }
    // Widened again, because `take` may leave a null buffer without any null.
    widen(&spread, expected, notation, bad)
}

/// The child's rows that belong to `row`.
fn child_range(array: &dyn Array, row: usize) -> Range<usize> {
    match array.data_type() {
        ArrowType::List(_) => {
            let offsets = array.as_list::<i32>().value_offsets();
            offsets[row] as usize..offsets[row + 1] as usize
        }
        ArrowType::LargeList(_) => {
            let offsets = array.as_list::<i64>().value_offsets();
            offsets[row] as usize..offsets[row + 1] as usize
        }
        _ => {
            let size = array.as_fixed_size_list().value_length() as usize;
            row * size..(row + 1) * size
        }
    }
}

/// A list of any kind: the elements of its valid rows are gathered, then widened.
fn list(
    array: &ArrayRef,
    element: &DataType,
    notation: &Notation,
    bad: &mut BadRows,
) -> Result<ArrayRef> {
    let child = match array.data_type() {
        ArrowType::List(_) => array.as_list::<i32>().values(),
        ArrowType::LargeList(_) => array.as_list::<i64>().values(),
        _ => array.as_fixed_size_list().values(),
    };
    let mut chosen: Vec<u64> = Vec::new();
    let mut offsets = Vec::with_capacity(array.len() + 1);
    offsets.push(0);
    for row in 0..array.len() {
        if array.is_valid(row) {
            chosen.extend(child_range(array, row).map(|at| at as u64));
        }
        offsets.push(offset(chosen.len())?);
    }
    let whole = chosen.len() == child.len() && chosen.iter().zip(0..).all(|(a, b)| *a == b);
    let child = if whole {
        Arc::clone(child)
    } else {
        take(child, &UInt64Array::from(chosen), None).map_err(|error| {
            Error::input("a list column does not fit one batch; read fewer rows a batch")
                .because(error)
        })?
    };
    let mut bad_items = BadRows::default();
    let items = widen(&child, element, notation, &mut bad_items)?;
    for (item, reason) in bad_items.iter() {
        let row = offsets.partition_point(|end| *end as usize <= item) - 1;
        bad.add(row, || format!("an element is bad: {reason}"));
    }
    let field = Arc::new(Field::new("item", arrow_type(element), true));
    let lists =
        ListArray::try_new(field, OffsetBuffer::new(offsets.into()), items, nulls_of(array));
    Ok(Arc::new(lists.map_err(|error| Error::bug("a gathered list was refused").because(error))?))
}

#[cfg(test)]
mod tests;
