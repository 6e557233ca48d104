//! The answers of one feature, collected into one typed column.
//!
//! Invariant: the column holds the same values as the full answers. Deliberately absent: how an
//! answer is computed.

use crate::array::array_of;
use crate::error::{Error, Result};
use crate::fold::{FoldPlan, Merged, Quick};
use crate::value::{DataType, Value};
use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanBufferBuilder, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Float64Type, Int64Type};
use std::sync::Arc;

/// Values of one feature; the common types are appended without an intermediate [`Value`].
pub(super) enum AnswerColumn {
    Int64(Numbers<Int64Type>),
    Float64(Numbers<Float64Type>),
    Other(Vec<Value>),
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
    pub(super) fn new(data_type: &DataType, capacity: usize) -> AnswerColumn {
        match data_type {
            DataType::Int64 => AnswerColumn::Int64(Numbers::with_capacity(capacity)),
            DataType::Float64 => AnswerColumn::Float64(Numbers::with_capacity(capacity)),
            _ => AnswerColumn::Other(Vec::with_capacity(capacity)),
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

    /// Appends a number.
    #[inline]
    fn add(&mut self, quick: Quick) -> Result<()> {
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
            (AnswerColumn::Other(column), value) => column.push(value),
            (_, value) => return Err(mixed(value)),
        }
        Ok(())
    }

    pub(super) fn finish(self, data_type: &DataType) -> Result<ArrayRef> {
        Ok(match self {
            AnswerColumn::Int64(column) => Arc::new(column.finish()),
            AnswerColumn::Float64(column) => Arc::new(column.finish()),
            AnswerColumn::Other(values) => array_of(data_type, values.iter())?,
        })
    }
}

fn mixed(value: Value) -> Error {
    Error::bug(format!("{value} stands in a column of other numbers"))
}
