//! When events became known: training sets as the online host would have answered (S1).
//!
//! Invariant: the column of arrivals is no part of an event. It decides neither on copies of one id
//! nor on what a transform sees; of two copies the first one's arrival counts, as its content does.
//! It is an estimate: what was known online is what had been committed, which is later by what a
//! stream takes for that.

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::event::{EventBatch, SourceSchema};
use crate::row::TypedColumn;
use crate::service::Service;
use crate::value::{Column, DataType};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::TimestampMicrosecondType;
use std::borrow::Cow;

/// A source's columns with that of arrivals, unless it is declared.
pub(super) fn with_arrivals(declared: &SourceSchema, known: &str) -> Result<SourceSchema> {
    let mut schema = declared.clone();
    match schema.columns.iter().find(|column| column.name == known) {
        None => schema.columns.push(Column {
            name: known.into(),
            data_type: DataType::Timestamp,
            nullable: false,
            description: String::new(),
        }),
        Some(column) if column.data_type == DataType::Timestamp && !column.nullable => {}
        Some(column) => {
            return Err(Error::input(format!(
                "source {}: column {known:?} is declared as {}{}; a time of arrival is a timestamp \
                 and never null; name another as --as-known=COLUMN",
                declared.source,
                column.data_type,
                if column.nullable { " or null" } else { "" }
            )));
        }
    }
    Ok(schema)
}

/// The declared columns of a batch, and the arrival of each event.
pub(super) fn split<'b>(
    declared: &SourceSchema,
    known: &str,
    batch: &'b EventBatch,
) -> Result<(Cow<'b, EventBatch>, Option<Int64Array>)> {
    let of = declared.columns.iter().position(|column| column.name == known);
    let column = of.unwrap_or(declared.columns.len());
    let array = batch.records.columns().get(column);
    let times = array.and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
    let times = times.ok_or_else(|| Error::bug("events were read without their arrivals"))?;
    let arrivals = Some(Int64Array::new(times.values().clone(), None));
    if of.is_some() {
        return Ok((Cow::Borrowed(batch), arrivals));
    }
    let mut batch = batch.clone();
    let columns: Vec<usize> = (0..column).collect();
    batch.records = batch
        .records
        .project(&columns)
        .map_err(|error| Error::bug("a batch lacks its columns").because(error))?;
    Ok((Cow::Owned(batch), arrivals))
}

/// The arrivals of the events at `kept`, which are some of `positions`.
pub(super) fn of(positions: &[u64], arrivals: &Int64Array, kept: &[u64]) -> Int64Array {
    let mut all = positions.iter().zip(arrivals.values());
    let arrival = |kept: &u64| all.find(|(position, _)| *position == kept).map(|(_, at)| *at);
    kept.iter().map(arrival).collect()
}

/// Counts for each feature the rows in which two answers differ.
pub(super) fn count_changed(
    known: &[ArrayRef],
    plain: &[ArrayRef],
    changed: &mut [u64],
) -> Result<()> {
    for ((known, plain), changed) in known.iter().zip(plain).zip(changed) {
        let (a, b) = (TypedColumn::new(known)?, TypedColumn::new(plain)?);
        let differs = |row: &usize| a.value(*row) != b.value(*row);
        *changed += (0..known.len()).filter(differs).count() as u64;
    }
    Ok(())
}

/// The features by name, with their counts.
pub(super) fn leakage(
    catalog: &Catalog,
    service: &Service,
    changed: Vec<Vec<u64>>,
) -> Vec<(String, u64)> {
    let mut leakage = Vec::new();
    for (view, changed) in service.views.iter().zip(changed) {
        let plan = &catalog.views()[view.view].plan;
        for (feature, changed) in view.features.iter().zip(changed) {
            let name = &plan.features[*feature].column.name;
            leakage.push((format!("{}.{name}", plan.view.name), changed));
        }
    }
    leakage
}
