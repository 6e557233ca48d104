//! A thread's own part of reading: its guests, and the rows that they made.

use super::blocks::Blocks;
use super::room::Room;
use crate::admission::{Arrived, refused};
use crate::catalog::Catalog;
use crate::mapping::{Mapped, Mapper};
use arrow::array::RecordBatch;
use lockstep_core::error::Result;
use lockstep_core::event::SetAside;
use std::time::Duration;

/// What of a view's rows is kept, in the form in which they wait; the view is named by its place
/// among the worker's.
pub(crate) type Keep<'a> = dyn Fn(usize, &Mapped, &Arrived) -> Result<RecordBatch> + Sync + 'a;

/// Maps events, and gathers the rows of some views.
#[derive(Debug)]
pub(crate) struct Worker {
    source: String,
    mapper: Mapper,
    /// For each of the views.
    rows: Vec<Blocks>,
    /// The index in the catalogue of each of the views.
    views: Vec<usize>,
}

impl Worker {
    /// A worker for those of `views`, indices in the catalogue, that read `source`; its blocks
    /// have so many bytes.
    pub(crate) fn new(
        catalog: &Catalog,
        views: Vec<usize>,
        source: &str,
        block_bytes: usize,
    ) -> Result<Worker> {
        let mapper = Mapper::new(catalog, catalog.source(source)?, |at| views.contains(&at))?;
        let rows = views.iter().map(|_| Blocks::new(block_bytes)).collect();
        Ok(Worker { source: source.into(), mapper, rows, views })
    }

    pub(crate) fn fresh_each_call(&mut self, fresh: bool) {
        self.mapper.fresh_each_call(fresh);
    }

    pub(crate) fn guest_time(&self) -> Duration {
        self.mapper.guest_time()
    }

    /// The blocks of one of the views.
    pub(crate) fn blocks(&self, view: usize) -> &Blocks {
        &self.rows[view]
    }

    pub(crate) fn all_blocks(&mut self) -> &mut [Blocks] {
        &mut self.rows
    }

    /// Maps events; answers those that a view lacks.
    pub(crate) fn map(
        &mut self,
        catalog: &Catalog,
        keep: &Keep<'_>,
        room: &Room,
        arrived: &Arrived,
    ) -> Result<Vec<SetAside>> {
        let mut aside = Vec::new();
        let schema = catalog.source(&self.source)?;
        for mapped in self.mapper.map(catalog, &arrived.records, &arrived.failures)? {
            let view = &catalog.views()[mapped.view].plan.fold.view.name;
            aside.extend(refused(schema, view, &mapped.refused, arrived)?);
            if let Some(at) = self.views.iter().position(|view| *view == mapped.view) {
                room.take(self.rows[at].push(keep(at, &mapped, arrived)?)?);
            }
        }
        room.relieve(&mut self.rows)?;
        Ok(aside)
    }
}
