//! The answers of one feature, collected into one typed column.
//!
//! Invariant: the column holds the same values as the full answers. Deliberately absent: how an
//! answer is computed.

use super::picks::Picks;
use crate::array::array_of;
use crate::error::{Error, Result};
use crate::event::{arrow_type, map_array};
use crate::fold::{FoldPlan, Merged, Quick};
use crate::row::TypedColumn;
use crate::value::{DataType, Value, canonical_f64};
use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanBufferBuilder, ListArray, PrimitiveArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use std::sync::Arc;

/// Values of one feature; the common types are appended without an intermediate [`Value`].
pub(super) enum AnswerColumn {
    Int64(Numbers<Int64Type>),
    Float64(Numbers<Float64Type>),
    Picked(Picks),
    List(Box<Lists>),
    Map(Box<Maps>),
    Other(Vec<Value>),
}

/// Lists, or nulls in their place.
pub(super) struct Lists {
    /// The elements of all lists.
    pub(super) items: AnswerColumn,
    ends: Ends,
}

/// Maps, or nulls in their place.
pub(super) struct Maps {
    /// The keys of all maps, ascending within each.
    pub(super) keys: AnswerColumn,
    /// The values.
    pub(super) values: AnswerColumn,
    ends: Ends,
}

/// Where lists end among their elements, and which lists are valid.
struct Ends {
    offsets: Vec<i32>,
    valid: BooleanBufferBuilder,
}

impl Ends {
    fn with_capacity(capacity: usize) -> Ends {
        let mut offsets = Vec::with_capacity(capacity + 1);
        offsets.push(0);
        Ends { offsets, valid: BooleanBufferBuilder::new(capacity) }
    }

    fn close(&mut self, items: usize, valid: bool) -> Result<()> {
        let end = i32::try_from(items).map_err(|_| {
            Error::input(
                "the lists of one feature have more than 2^31 elements together; give the feature \
                 a lower limit, or make the training set in parts",
            )
        })?;
        self.offsets.push(end);
        self.valid.append(valid);
        Ok(())
    }

    fn finish(mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let nulls = NullBuffer::new(self.valid.finish());
        let nulls = (nulls.null_count() > 0).then_some(nulls);
        (OffsetBuffer::new(self.offsets.into()), nulls)
    }
}

impl Lists {
    /// Ends a list, or with `valid` false a null.
    pub(super) fn close(&mut self, valid: bool) -> Result<()> {
        self.ends.close(self.items.len(), valid)
    }
}

impl Maps {
    /// Ends a map, or with `valid` false a null.
    pub(super) fn close(&mut self, valid: bool) -> Result<()> {
        self.ends.close(self.keys.len(), valid)
    }
}

/// Numbers and nulls; the place of a null holds a zero.
pub(super) struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    valid: BooleanBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn with_capacity(capacity: usize) -> Numbers<T> {
        let (values, valid) = (Vec::with_capacity(capacity), BooleanBufferBuilder::new(capacity));
        Numbers { values, valid }
    }

    #[inline]
    fn push(&mut self, value: Option<T::Native>) {
        self.values.push(value.unwrap_or_default());
        self.valid.append(value.is_some());
    }

    /// Appends `answer(0)` to `answer(count - 1)`.
    #[inline]
    pub(super) fn extend(&mut self, count: usize, answer: impl Fn(usize) -> Option<T::Native>) {
        const WORD: usize = u64::BITS as usize;
        for first in (0..count).step_by(WORD) {
            let bits = WORD.min(count - first);
            let mut valid = 0;
            self.values.extend((0..bits).map(|bit| {
                let answer = answer(first + bit);
                valid |= u64::from(answer.is_some()) << bit;
                answer.unwrap_or_default()
            }));
            self.valid.append_packed_range(0..bits, &valid.to_le_bytes());
        }
    }

    fn finish(mut self) -> PrimitiveArray<T> {
        let nulls = NullBuffer::new(self.valid.finish());
        let nulls = (nulls.null_count() > 0).then_some(nulls);
        PrimitiveArray::new(self.values.into(), nulls)
    }
}

impl AnswerColumn {
    /// An empty column. `source` is the input column whose values, or whose values as elements or
    /// keys, it will hold, if there is one.
    pub(super) fn new(
        data_type: &DataType,
        capacity: usize,
        source: Option<&TypedColumn>,
    ) -> AnswerColumn {
        match data_type {
            DataType::Int64 => AnswerColumn::Int64(Numbers::with_capacity(capacity)),
            DataType::Float64 => AnswerColumn::Float64(Numbers::with_capacity(capacity)),
            DataType::List(element) => AnswerColumn::List(Box::new(Lists {
                items: AnswerColumn::new(element, capacity, source),
                ends: Ends::with_capacity(capacity),
            })),
            DataType::Map(types) => AnswerColumn::Map(Box::new(Maps {
                keys: AnswerColumn::new(&types.0, capacity, source),
                values: AnswerColumn::new(&types.1, capacity, None),
                ends: Ends::with_capacity(capacity),
            })),
            _ => match source.and_then(|column| Picks::of(column, data_type)) {
                Some(picks) => AnswerColumn::Picked(picks),
                None => AnswerColumn::Other(Vec::with_capacity(capacity)),
            },
        }
    }

    /// The number of values.
    fn len(&self) -> usize {
        match self {
            AnswerColumn::Int64(column) => column.values.len(),
            AnswerColumn::Float64(column) => column.values.len(),
            AnswerColumn::Picked(picks) => picks.len(),
            AnswerColumn::List(lists) => lists.ends.offsets.len() - 1,
            AnswerColumn::Map(maps) => maps.ends.offsets.len() - 1,
            AnswerColumn::Other(values) => values.len(),
        }
    }

    /// Appends the answer of feature `feature` to a question that needs no guest.
    #[inline]
    pub(super) fn read(
        &mut self,
        plan: &FoldPlan,
        feature: usize,
        question: &Merged,
    ) -> Result<()> {
        match plan.quick(feature, question) {
            Some(quick) => self.add(quick),
            None => self.push(plan.answer(feature, question)?.value),
        }
    }

    /// The column, which must be one of integers.
    pub(super) fn integers(&mut self) -> Result<&mut Numbers<Int64Type>> {
        match self {
            AnswerColumn::Int64(column) => Ok(column),
            _ => Err(Error::bug("integers for a column of another type")),
        }
    }

    /// The column, which must be one of 64-bit floats.
    pub(super) fn doubles(&mut self) -> Result<&mut Numbers<Float64Type>> {
        match self {
            AnswerColumn::Float64(column) => Ok(column),
            _ => Err(Error::bug("doubles for a column of another type")),
        }
    }

    /// The column, which must be one of lists.
    pub(super) fn lists(&mut self) -> Result<&mut Lists> {
        match self {
            AnswerColumn::List(lists) => Ok(lists),
            _ => Err(Error::bug("lists for a column of another type")),
        }
    }

    /// The column, which must be one of maps.
    pub(super) fn maps(&mut self) -> Result<&mut Maps> {
        match self {
            AnswerColumn::Map(maps) => Ok(maps),
            _ => Err(Error::bug("maps for a column of another type")),
        }
    }

    /// Appends the value of a row of `column`, which is the source if the column has one.
    #[inline]
    pub(super) fn push_row(&mut self, column: &TypedColumn, row: usize) -> Result<()> {
        match (&mut *self, column) {
            (AnswerColumn::Picked(picks), _) => picks.push_row(row),
            (AnswerColumn::Int64(numbers), TypedColumn::Int64(from)) if !column.is_null(row) => {
                numbers.push(Some(from.value(row)));
            }
            (AnswerColumn::Float64(numbers), TypedColumn::Float64(from))
                if !column.is_null(row) =>
            {
                numbers.push(Some(canonical_f64(from.value(row))));
            }
            _ => self.push(column.value(row))?,
        }
        Ok(())
    }

    /// Appends a null.
    #[inline]
    pub(super) fn push_null(&mut self) -> Result<()> {
        self.push(Value::Null)
    }

    /// Appends a number.
    #[inline]
    pub(super) fn add(&mut self, quick: Quick) -> Result<()> {
        match (&mut *self, quick) {
            (AnswerColumn::Int64(column), Quick::Int64(value)) => column.push(Some(value)),
            (AnswerColumn::Float64(column), Quick::Float64(value)) => column.push(Some(value)),
            (AnswerColumn::Int64(column), Quick::Null | Quick::Overflow) => column.push(None),
            (AnswerColumn::Float64(column), Quick::Null | Quick::Overflow) => column.push(None),
            (column, quick) => return column.push(quick.value()),
        }
        Ok(())
    }

    #[inline]
    pub(super) fn push(&mut self, value: Value) -> Result<()> {
        match (self, value) {
            (AnswerColumn::Int64(column), Value::Int64(value)) => column.push(Some(value)),
            (AnswerColumn::Int64(column), Value::Null) => column.push(None),
            (AnswerColumn::Float64(column), Value::Float64(value)) => column.push(Some(value)),
            (AnswerColumn::Float64(column), Value::Null) => column.push(None),
            (AnswerColumn::Picked(picks), value) => picks.push(value),
            (AnswerColumn::List(lists), Value::List(items)) => {
                items.into_iter().try_for_each(|item| lists.items.push(item))?;
                lists.close(true)?;
            }
            (AnswerColumn::List(lists), Value::Null) => lists.close(false)?,
            (AnswerColumn::Map(maps), Value::Map(pairs)) => {
                for (key, value) in pairs {
                    maps.keys.push(key)?;
                    maps.values.push(value)?;
                }
                maps.close(true)?;
            }
            (AnswerColumn::Map(maps), Value::Null) => maps.close(false)?,
            (AnswerColumn::Other(column), value) => column.push(value),
            (_, value) => return Err(mixed(value)),
        }
        Ok(())
    }

    pub(super) fn finish(self, data_type: &DataType) -> Result<ArrayRef> {
        Ok(match self {
            AnswerColumn::Int64(column) => Arc::new(column.finish()),
            AnswerColumn::Float64(column) => Arc::new(column.finish()),
            AnswerColumn::Picked(picks) => picks.finish(data_type)?,
            AnswerColumn::List(lists) => {
                let (DataType::List(element), ArrowType::List(field)) =
                    (data_type, arrow_type(data_type))
                else {
                    return Err(Error::bug("a column of lists has a list type"));
                };
                let (offsets, nulls) = lists.ends.finish();
                let items = lists.items.finish(element)?;
                Arc::new(ListArray::new(field, offsets, items, nulls))
            }
            AnswerColumn::Map(maps) => {
                let DataType::Map(types) = data_type else {
                    return Err(Error::bug("a column of maps has a map type"));
                };
                let (offsets, nulls) = maps.ends.finish();
                let (keys, values) = (maps.keys.finish(&types.0)?, maps.values.finish(&types.1)?);
                Arc::new(map_array(data_type, offsets, [keys, values], nulls))
            }
            AnswerColumn::Other(values) => array_of(data_type, values.iter())?,
        })
    }
}

fn mixed(value: Value) -> Error {
    Error::bug(format!("{value} stands in a column of other numbers"))
}
