//! Conflicts: events of one log with the same id and another content.
//!
//! Which of them counts depends on the order in which they come (S10), so a replay in another order
//! may give other values, by right. So a conflict is reported before any value, and the replay
//! delivers a later content after the first.
//!
//! Invariant: the conflicts depend on the log alone. Deliberately absent: identical copies, which
//! are no conflict.

use arrow::array::RecordBatch;
use lockstep_core::error::Result;
use lockstep_core::event::SourceSchema;
use lockstep_core::json;
use lockstep_core::row::TypedColumn;
use lockstep_core::value::Value;
use serde::Serialize;
use std::collections::HashMap;

/// Two events with the same id that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Their source.
    pub source: String,
    /// Their id.
    #[serde(serialize_with = "json::serialize")]
    pub id: Value,
    /// The position of the first event with this id, which counts.
    pub first: u64,
    /// The position of the other, which does not.
    pub second: u64,
    /// The columns in which they differ.
    pub columns: Vec<String>,
}

/// A conflict, by the indices of both events in their log.
pub(super) struct Pair {
    pub(super) first: usize,
    pub(super) second: usize,
}

/// The conflicts of a log whose events are `records` at these positions, each with its pair of
/// indices.
pub(super) fn conflicts(
    schema: &SourceSchema,
    records: &RecordBatch,
    positions: &[u64],
) -> Result<Vec<(Conflict, Pair)>> {
    let Some(id) = schema.id else { return Ok(vec![]) };
    let declared = schema.columns.iter().zip(records.columns());
    let declared = declared.filter(|(column, _)| Some(&column.name) != schema.arrived_at.as_ref());
    let columns = declared.map(|(column, array)| Ok((&column.name, TypedColumn::new(array)?)));
    let columns: Vec<(&String, TypedColumn)> = columns.collect::<Result<_>>()?;
    let ids = TypedColumn::new(records.column(id))?;
    let mut firsts: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut found = Vec::new();
    for second in 0..records.num_rows() {
        let first = *firsts.entry(ids.value(second).encoded()).or_insert(second);
        let differ = columns.iter().filter(|(_, of)| of.value(first) != of.value(second));
        let differ: Vec<String> = differ.map(|(name, _)| name.to_string()).collect();
        if first != second && !differ.is_empty() {
            let conflict = Conflict {
                source: schema.source.clone(),
                id: ids.value(second),
                first: positions[first],
                second: positions[second],
                columns: differ,
            };
            found.push((conflict, Pair { first, second }));
        }
    }
    Ok(found)
}
