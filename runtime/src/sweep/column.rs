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
        match (&mut *self, plan.quick(feature, question)) {
            (AnswerColumn::Int64(column), Some(Quick::Int64(value))) => column.append_value(value),
            (AnswerColumn::Int64(column), Some(Quick::Null)) => column.append_null(),
            (AnswerColumn::Float64(column), Some(Quick::Float64(v))) => column.append_value(v),
            (AnswerColumn::Float64(column), Some(Quick::Null)) => column.append_null(),
            (column, Some(quick)) => return column.push(quick.value()),
            (column, None) => return column.push(plan.answer(feature, question)?.value),
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
            (_, value) => return Err(Error::bug(format!("{value} stands in a number's column"))),
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
