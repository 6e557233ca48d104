//! A batch after admission, as training sets use it: the events that count, and those that were set
//! aside, that is, kept with the reason outside the feature values.
//!
//! Invariant: the events that count stay in the order of their positions. Deliberately absent: the
//! decision which events count, which is made in `admit`.

use super::admit::{Admitted, admit};
use super::arrivals;
use crate::catalog::Catalog;
use arrow::array::{Int64Array, RecordBatch};
use lockstep_core::error::Result;
use lockstep_core::event::{EventBatch, SetAside};
use lockstep_core::failure::Failure;
use std::collections::HashMap;

/// Events that count, with their positions.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) records: RecordBatch,
    pub(crate) positions: Vec<u64>,
    /// The values of these events that could not be read.
    pub(crate) failures: Vec<Failure>,
    /// When each of them arrived; none if the caller does not need it.
    pub(crate) arrivals: Option<Int64Array>,
}

impl Arrived {
    /// The events: their columns, positions and failures.
    pub(crate) fn events(&self) -> (&RecordBatch, &[u64], &[Failure]) {
        (&self.records, &self.positions, &self.failures)
    }
}

/// A batch after admission.
pub(crate) struct Counted {
    pub(crate) arrived: Arrived,
    pub(crate) duplicates: u64,
    pub(crate) set_aside: Vec<SetAside>,
}

impl Counted {
    /// Admits a batch of `source`. `ids` has the ids admitted so far, and gains the new ones.
    /// `known` is the column of arrivals if a training set counts only what had arrived.
    pub(crate) fn admit(
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
        let failures = admission.failures;
        let arrivals = arrivals.map(|all| arrivals::of(&batch.positions, &all, &positions));
        let arrived = Arrived { records, positions, failures, arrivals };
        Ok(Counted { arrived, duplicates: admission.duplicates, set_aside })
    }
}
