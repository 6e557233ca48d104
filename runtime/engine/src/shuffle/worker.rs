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
pub(crate) type Keep<'a> =
    dyn Fn(usize, &Mapped, &Arrived) -> Result<Option<RecordBatch>> + Sync + 'a;

/// Maps events, and gathers the rows of some views.
#[derive(Debug)]
pub(crate) struct Worker {
    source: String,
    mapper: Mapper,
    /// For each of the views.
    rows: Vec<Blocks>,
    /// The index in the catalogue of each of the views.
    views: Vec<usize>,
    /// For each of the views the content of its rows, if that is wanted.
    contents: Option<Vec<u128>>,
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
        Ok(Worker { source: source.into(), mapper, rows, views, contents: None })
    }

    pub(crate) fn fresh_each_call(&mut self, fresh: bool) {
        self.mapper.fresh_each_call(fresh);
    }

    /// From now on sums up the content of each view's rows.
    pub(crate) fn sum_contents(&mut self) {
        self.contents = Some(vec![0; self.views.len()]);
    }

    /// The content of the rows of one of the views.
    pub(crate) fn content(&self, view: usize) -> u128 {
        self.contents.as_ref().map_or(0, |contents| contents[view])
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
        Ok(aside)
    }
}
