//! A feature's answers as they come, one column of one type.

use crate::error::{Error, Result};
use crate::fold::{FoldPlan, Merged, Quick};
use crate::value::{DataType, Value};
use crate::vector::array_of;
use arrow::array::{ArrayRef, Float64Builder, Int64Builder};
use std::sync::Arc;

/// Values of one feature: the common types without a step between.
pub(super) enum AnswerColumn {
    Int64(Int64Builder),
    Float64(Float64Builder),
    Other(Vec<Value>),
}

impl AnswerColumn {
    pub(super) fn new(data_type: &DataType, capacity: usize) -> AnswerColumn {
        match data_type {
            DataType::Int64 => AnswerColumn::Int64(Int64Builder::with_capacity(capacity)),
            DataType::Float64 => AnswerColumn::Float64(Float64Builder::with_capacity(capacity)),
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

    /// Appends numbers.
    #[inline]
    pub(super) fn extend(&mut self, answers: impl Iterator<Item = Quick>) -> Result<()> {
        match self {
            AnswerColumn::Int64(column) => {
                for answer in answers {
                    match answer {
                        Quick::Int64(value) => column.append_value(value),
                        Quick::Null | Quick::Overflow => column.append_null(),
                        Quick::Float64(_) => return Err(mixed(answer.value())),
                    }
                }
            }
            AnswerColumn::Float64(column) => {
                for answer in answers {
                    match answer {
                        Quick::Float64(value) => column.append_value(value),
                        Quick::Null | Quick::Overflow => column.append_null(),
                        Quick::Int64(_) => return Err(mixed(answer.value())),
                    }
                }
            }
            AnswerColumn::Other(column) => column.extend(answers.map(Quick::value)),
        }
        Ok(())
    }

    /// Appends a number.
    #[inline]
    fn add(&mut self, quick: Quick) -> Result<()> {
        match (&mut *self, quick) {
            (AnswerColumn::Int64(column), Quick::Int64(value)) => column.append_value(value),
            (AnswerColumn::Float64(column), Quick::Float64(value)) => column.append_value(value),
            (AnswerColumn::Int64(column), Quick::Null | Quick::Overflow) => column.append_null(),
            (AnswerColumn::Float64(column), Quick::Null | Quick::Overflow) => column.append_null(),
            (column, quick) => return column.push(quick.value()),
        }
        Ok(())
    }

    #[inline]
    pub(super) fn push(&mut self, value: Value) -> Result<()> {
        match (self, value) {
            (AnswerColumn::Int64(column), Value::Int64(value)) => column.append_value(value),
            (AnswerColumn::Int64(column), Value::Null) => column.append_null(),
            (AnswerColumn::Float64(column), Value::Float64(value)) => column.append_value(value),
            (AnswerColumn::Float64(column), Value::Null) => column.append_null(),
            (AnswerColumn::Other(column), value) => column.push(value),
            (_, value) => return Err(mixed(value)),
        }
        Ok(())
    }

    pub(super) fn finish(self, data_type: &DataType) -> Result<ArrayRef> {
        Ok(match self {
            AnswerColumn::Int64(mut column) => Arc::new(column.finish()),
            AnswerColumn::Float64(mut column) => Arc::new(column.finish()),
            AnswerColumn::Other(values) => array_of(data_type, values.iter())?,
        })
    }
}

fn mixed(value: Value) -> Error {
    Error::bug(format!("{value} stands in a column of other numbers"))
}
