//! What counts: events after admission, and the numbers of a run.

use super::worker::Arrived;
use crate::admission::{Admitted, admit};
use crate::arrivals;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::event::{EventBatch, SetAside};
use std::collections::HashMap;

/// What a run counted beside the rows.
#[derive(Debug)]
pub struct Counts {
    /// Events that were set aside, by source and position.
    pub set_aside: Vec<(String, SetAside)>,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events that counted.
    pub events: u64,
    /// As known: of each feature, how many spine rows have another value than with every event in:
    /// what would have leaked. Stored features are looked-up ones, also those that only on-demand
    /// transforms read; an output of theirs is counted as its rows are joined.
    pub leakage: Vec<(String, u64)>,
    /// Whether rows had to wait on the disk.
    pub spilled: bool,
    /// How many partitions were larger than their share of memory, and swept stretch by stretch.
    pub cut: u64,
    /// The time that workers spent in calls of the guest's transforms, boundary included.
    pub guest: std::time::Duration,
}

/// A batch after admission.
pub(super) struct Counted {
    pub(super) arrived: Arrived,
    pub(super) duplicates: u64,
    pub(super) set_aside: Vec<SetAside>,
}

impl Counted {
    pub(super) fn admit(
        catalog: &Catalog,
        source: &str,
        known: Option<&str>,
        batch: &EventBatch,
        ids: &mut HashMap<Vec<u8>, Admitted>,
    ) -> Result<Counted> {
        let schema = catalog.source(source)?;
        let (batch, arrivals) = match known {
            Some(column) => arrivals::split(schema, column, batch)?,
            None => (arrivals::recorded(schema, batch)?.0, None),
        };
        let admission = admit(schema, &batch, |id| Ok(ids.get(id).copied()))?;
        ids.extend(admission.new_ids);
        let set_aside = batch.set_aside.iter().cloned().chain(admission.conflicts).collect();
        let (records, positions) = (admission.records, admission.positions);
        let arrivals = arrivals.map(|all| arrivals::of(&batch.positions, &all, &positions));
        let arrived = Arrived { records, positions, arrivals };
        Ok(Counted { arrived, duplicates: admission.duplicates, set_aside })
    }
}
