//! Arrivals: when each event arrived, as a column of the events records it.
//!
//! A training set uses them to count only what the online host would have known (S1). A watermark,
//! which is how far a partition has come in event time, uses them to limit event times in the
//! future (S11).
//!
//! Invariant: a column that only records arrivals is not part of the event. It does not decide
//! whether two events are copies, and no transform sees it; of several copies the first one's
//! arrival counts. An event without the arrival that its source promises is set aside (S8). So
//! every host reads the column that a project names, even if it does not need it, and all hosts
//! hold the same events.
//!
//! For S1 the arrival is an estimate: online, an event is known once it is committed, which is a
//! little later. Deliberately absent: any clock.

use super::admit::Admission;
use arrow::array::{AsArray, Int64Array};
use arrow::datatypes::TimestampMicrosecondType;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::row::TypedColumn;
use lockstep_core::value::{Column, DataType, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// The columns to read of a source's events: the declared ones, and that of arrivals if the project
/// names one.
pub fn reading(declared: &Arc<SourceSchema>) -> Result<Arc<SourceSchema>> {
    match &declared.arrived_at {
        Some(column) => Ok(Arc::new(with_arrivals(declared, column, "arrived_at")?)),
        None => Ok(declared.clone()),
    }
}

/// Divides a batch that was read with the columns of [`reading`] into the declared columns and, if
/// the project names their column, the arrivals.
pub(crate) fn recorded<'b>(
    declared: &SourceSchema,
    batch: &'b EventBatch,
) -> Result<(Cow<'b, EventBatch>, Option<Int64Array>)> {
    match &declared.arrived_at {
        Some(column) => split(declared, column, batch),
        None => Ok((Cow::Borrowed(batch), None)),
    }
}

/// A source's columns, with that of arrivals added unless it is declared. `wanted_by` is the
/// setting that names it, for messages.
pub(crate) fn with_arrivals(
    declared: &SourceSchema,
    known: &str,
    wanted_by: &str,
) -> Result<SourceSchema> {
    let mut schema = declared.clone();
    let of = schema.columns.iter().position(|column| column.name == known);
    schema.arrivals.push(of.unwrap_or(schema.columns.len()));
    match of.map(|of| &schema.columns[of]) {
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
                 and never null; name another with {wanted_by}",
                declared.source,
                column.data_type,
                if column.nullable { " or null" } else { "" }
            ))
            .with_code(Code::WrongColumnType {
                column: known.to_string(),
                expected: DataType::Timestamp.to_string(),
                found: format!("{}{}", column.data_type, if column.nullable { "?" } else { "" }),
            }));
        }
    }
    Ok(schema)
}

/// Divides a batch into the declared columns and the arrival of each event.
pub(crate) fn split<'b>(
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

/// The arrivals of the events at the positions `kept`, picked from those of all `positions`.
pub(crate) fn of(positions: &[u64], arrivals: &Int64Array, kept: &[u64]) -> Int64Array {
    let mut all = positions.iter().zip(arrivals.values());
    let arrival = |kept: &u64| all.find(|(position, _)| *position == kept).map(|(_, at)| *at);
    kept.iter().map(arrival).collect()
}

/// The watermark that a batch gives: the greatest event time of its admitted events. If arrivals
/// are recorded, each time counts at most as `skew` after the event's own arrival, so that one
/// event far in the future does not move the watermark there (S11).
pub(crate) fn watermark(
    schema: &SourceSchema,
    positions: &[u64],
    arrivals: Option<Int64Array>,
    admission: &Admission,
) -> Result<Option<i64>> {
    let arrivals = arrivals.map(|all| of(positions, &all, &admission.positions));
    let latest = |row: usize| match &arrivals {
        Some(arrivals) => arrivals.value(row).saturating_add(schema.skew_us),
        None => i64::MAX,
    };
    let times = TypedColumn::new(admission.records.column(schema.time))?;
    let times = (0..admission.records.num_rows()).filter_map(|row| match times.value(row) {
        Value::Timestamp(micros) => Some(micros.min(latest(row))),
        _ => None,
    });
    Ok(times.max())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{RecordBatch, TimestampMicrosecondArray};
    use lockstep_core::notation::Notation;

    /// Goal: an event counts at most as its own arrival and the skew, and one that was not admitted
    /// not at all (S11). Method: five events of which one was a copy; the expected values by hand.
    #[test]
    fn s11_the_watermark_is_at_most_skew_beyond_the_arrival() {
        let time = Column {
            name: "at".into(),
            data_type: DataType::Timestamp,
            nullable: false,
            description: String::new(),
        };
        let (source, columns, arrived_at) = ("s".to_string(), vec![time], Some("when".to_string()));
        let (time, id, skew_us, arrivals) = (0, None, 5, vec![]);
        let notation = Notation::default();
        let schema =
            SourceSchema { source, columns, time, id, skew_us, arrived_at, arrivals, notation };
        let positions = [3, 4, 6, 7, 9];
        let of = |times: Vec<i64>, arrived: Option<Vec<i64>>, kept: Vec<u64>| {
            let times = TimestampMicrosecondArray::from(times).with_timezone("UTC");
            let records = RecordBatch::try_new(schema.arrow(), vec![Arc::new(times)]).unwrap();
            let admission = Admission {
                records,
                positions: kept,
                failures: vec![],
                new_ids: vec![],
                rejected: vec![],
                duplicates: 0,
                conflicts: vec![],
            };
            watermark(&schema, &positions, arrived.map(Int64Array::from), &admission).unwrap()
        };
        let arrived = Some(vec![100, 200, 900, 300, i64::MAX]);
        assert_eq!(of(vec![90, 1000, 301], arrived.clone(), vec![3, 4, 7]), Some(301));
        assert_eq!(of(vec![90, 1000, 310], arrived.clone(), vec![3, 4, 7]), Some(305));
        assert_eq!(of(vec![90, 1000], arrived.clone(), vec![3, 4]), Some(205));
        assert_eq!(of(vec![7], arrived.clone(), vec![9]), Some(7));
        assert_eq!(of(vec![], arrived, vec![]), None);
        assert_eq!(of(vec![90, 1000, 310], None, vec![3, 4, 7]), Some(1000));
    }
}
