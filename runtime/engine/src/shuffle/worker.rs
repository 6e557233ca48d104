//! A worker: one thread's own guests, and the rows that they made.
//!
//! Invariant: a worker shares nothing with other workers except the memory budget. Deliberately
//! absent: threads, and reading events.

use super::blocks::Blocks;
use super::room::Room;
use crate::admission::{Arrived, refused};
use crate::catalog::Catalog;
use crate::mapping::{Mapped, Mapper, Mapping, Stopped};
use arrow::array::RecordBatch;
use lockstep_core::error::Result;
use lockstep_core::event::SetAside;
use std::time::Duration;

/// Selects the rows of a view to keep, in the layout in which they wait; the view is given by its
/// index among the worker's views.
pub(crate) type Keep<'a> =
    dyn Fn(usize, &Mapped, &Arrived) -> Result<Option<RecordBatch>> + Sync + 'a;

/// Maps events, and collects the rows of some views.
#[derive(Debug)]
pub(crate) struct Worker {
    source: String,
    mapper: Mapper,
    /// The rows of each of the views.
    rows: Vec<Blocks>,
    /// The index of each of the views in the catalogue.
    views: Vec<usize>,
    /// For each of the views the content sum of its rows, if that was requested.
    contents: Option<Vec<u128>>,
}

impl Worker {
    /// A worker for those of `views` (indices in the catalogue) that read `source`; its blocks have
    /// `block_bytes` bytes.
    pub(crate) fn new(
        catalog: &Catalog,
        views: Vec<usize>,
        source: &str,
        block_bytes: usize,
    ) -> Result<Worker> {
        let mapper = Mapper::new(catalog, catalog.source(source)?, |at| views.contains(&at))?;
        let rows = views.iter().map(|_| Blocks::new(block_bytes)).collect();
        Ok(Worker { source: source.into(), mapper, rows, views, contents: None })
    }

    pub(crate) fn fresh_each_call(&mut self, fresh: bool) {
        self.mapper.fresh_each_call(fresh);
    }

    /// From now on computes the content sum of each view's rows.
    pub(crate) fn sum_contents(&mut self) {
        self.contents = Some(vec![0; self.views.len()]);
    }

    /// The content sum of one view's rows.
    pub(crate) fn content(&self, view: usize) -> u128 {
        self.contents.as_ref().map_or(0, |contents| contents[view])
    }

    pub(crate) fn guest_time(&self) -> Duration {
        self.mapper.guest_time()
    }

    pub(crate) fn repeat_time(&self) -> Duration {
        self.mapper.repeat_time()
    }

    /// Asks a view (its index in the catalogue) no more.
    pub(crate) fn stop(&mut self, view: usize) {
        self.mapper.stop(view);
    }

    /// Sets how many events a view may refuse in one call before the rest of them is not tried any
    /// more. Then the run must end.
    pub(crate) fn refusals_max(&mut self, refusals_max: Option<u64>) {
        self.mapper.refusals_max(refusals_max);
    }

    /// The blocks of one view.
    pub(crate) fn blocks(&self, view: usize) -> &Blocks {
        &self.rows[view]
    }

    pub(crate) fn all_blocks(&mut self) -> &mut [Blocks] {
        &mut self.rows
    }

    /// Maps events; returns those that a view does not see, and the views that stopped.
    pub(crate) fn map(
        &mut self,
        catalog: &Catalog,
        keep: &Keep<'_>,
        room: &Room,
        arrived: &Arrived,
    ) -> Result<(Vec<SetAside>, Vec<Stopped>)> {
        let mut aside = Vec::new();
        let schema = catalog.source(&self.source)?;
        let Mapping { mapped, stopped } =
            self.mapper.map(catalog, &arrived.records, &arrived.failures)?;
        for mapped in mapped {
            let view = &catalog.views()[mapped.view].plan.fold.view.name;
            aside.extend(refused(schema, view, &mapped.refused, arrived.events())?);
            if let Some(at) = self.views.iter().position(|view| *view == mapped.view) {
                if let Some(contents) = &mut self.contents {
                    let content = mapped.rows.content(&mapped.source_rows, &arrived.positions);
                    contents[at] = contents[at].wrapping_add(content);
                }
                if let Some(kept) = keep(at, &mapped, arrived)? {
                    room.take(self.rows[at].push(kept)?);
                }
            }
        }
        room.relieve(&mut self.rows)?;
        let positioned = |it: Stopped| it.positioned(&self.source, &arrived.positions);
        Ok((aside, stopped.into_iter().map(positioned).collect()))
    }
}
