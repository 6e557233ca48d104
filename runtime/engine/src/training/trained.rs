//! A finished training set: features that are computed and are joined to the spine's rows.
//!
//! Invariant: rows are returned in the spine's order, each once. Deliberately absent: how the
//! features were computed.

use super::answers::{Answers, Placed};
use super::counts::Counts;
use super::leaks::{Known, Leaked};
use super::options::Options;
use crate::catalog::Catalog;
use crate::online::on_demand::OnDemandRunners;
use crate::online::request::SpineColumns;
use crate::service::{Origin, Service};
use crate::shuffle::order::At;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{SetAside, arrow_type};
use lockstep_core::value::DataType;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A training set in memory.
#[derive(Debug)]
pub struct Trained {
    /// The spine's columns, then the features, in the spine's order.
    pub records: RecordBatch,
    /// Events that were set aside, by source and position.
    pub set_aside: Vec<(String, SetAside)>,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events that were admitted.
    pub events: u64,
}

/// Every feature of every spine row, to be joined to the spine's rows as these are read again.
#[derive(Debug)]
pub struct Joined<'a> {
    service: &'a Service,
    catalog: &'a Catalog,
    options: Options,
    answers: Vec<Answers>,
    /// For each view the answers that are currently in order.
    placed: Vec<Placed>,
    on_demand: OnDemandRunners<'a>,
    /// With arrival times: the answers with all events known.
    leaked: Option<Leaked>,
    rows: usize,
    next: usize,
    /// The counts of the run.
    pub counts: Counts,
}

impl<'a> Joined<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        service: &'a Service,
        options: Options,
        answers: Vec<Answers>,
        leaked: Option<Leaked>,
        rows: usize,
        counts: Counts,
    ) -> Result<Joined<'a>> {
        let on_demand = OnDemandRunners::new(catalog, service)?;
        Ok(Joined {
            service,
            catalog,
            options,
            answers,
            placed: vec![],
            on_demand,
            leaked,
            rows,
            next: 0,
            counts,
        })
    }

    /// The columns of the training set for a spine with these columns.
    pub fn schema(&self, spine: &Schema) -> SchemaRef {
        let mut fields: Vec<Arc<Field>> = spine.fields().iter().cloned().collect();
        for (output, origin) in self.service.outputs.iter().zip(&self.service.origins) {
            let has_null = match origin {
                Origin::Stored(at) => self.answers[at.view].has_null(at.position),
                Origin::OnDemand { .. } => false,
            };
            let nullable = output.nullable || has_null;
            fields.push(Arc::new(Field::new(
                &output.name,
                arrow_type(&output.data_type),
                nullable,
            )));
        }
        Arc::new(Schema::new(fields))
    }

    /// The number of rows of the spine.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of rows that are still to come.
    pub fn left(&self) -> usize {
        self.rows - self.next
    }

    /// The next rows of the spine, with their features.
    pub fn next(&mut self, spine: &RecordBatch) -> Result<RecordBatch> {
        let schema = self.schema(&spine.schema());
        let (start, end) = (self.next, self.next + spine.num_rows());
        if end > self.rows {
            return Err(Error::input("the spine has more rows than when it was read first"));
        }
        if start == end {
            return Ok(RecordBatch::new_empty(schema));
        }
        let mut parts = Vec::new();
        while self.next < end {
            self.place(self.next)?;
            let within = self.placed.iter().map(|placed| placed.range().end).min();
            let upto = within.map_or(end, |within| within.min(end));
            let part = spine.slice(self.next - start, upto - self.next);
            parts.push(self.joined(&schema, &part, self.next..upto)?);
            self.next = upto;
        }
        match parts.len() {
            1 => Ok(parts.swap_remove(0)),
            _ => concat_batches(&schema, &parts)
                .map_err(|error| Error::bug("parts of a training set do not join").because(error)),
        }
    }

    /// Puts the answers of spine row `row` in order, if they are not yet.
    fn place(&mut self, row: usize) -> Result<()> {
        let here = |placed: &Placed| placed.range().contains(&row);
        if self.placed.is_empty() || !self.placed.iter().all(here) {
            // The old answers are freed first: there may be memory for only one stretch.
            self.placed.clear();
            let placed = self.answers.iter().map(|answers| answers.placed(row));
            self.placed = placed.collect::<Result<_>>()?;
        }
        Ok(())
    }

    fn joined(
        &mut self,
        schema: &SchemaRef,
        spine: &RecordBatch,
        rows: Range<usize>,
    ) -> Result<RecordBatch> {
        let stored = self.stored(rows.clone())?;
        let computed = if self.service.on_demand.is_empty() {
            vec![]
        } else {
            let first = rows.start;
            let columns = SpineColumns::new(self.service, spine, &self.options.as_of, first)?;
            let as_of: ArrayRef = Arc::new(columns.as_of.with_timezone("UTC"));
            let computed =
                self.on_demand.compute_arrays(&columns.request, &as_of, &stored, first)?;
            if let Some(leaked) = &mut self.leaked {
                let (request, stored, computed) =
                    (&columns.request[..], &stored[..], &computed[..]);
                let known = Known { rows, request, as_of: &as_of, stored, computed };
                leaked.count(&mut self.on_demand, self.service, &known)?;
                self.counts.leakage.clone_from(&leaked.counts);
            }
            computed
        };
        let features = self.service.origins.iter().map(|origin| match *origin {
            Origin::Stored(at) => stored[at.view][at.position].clone(),
            Origin::OnDemand { on_demand, output } => computed[on_demand][output].clone(),
        });
        let columns = spine.columns().iter().cloned().chain(features).collect();
        RecordBatch::try_new(schema.clone(), columns)
            .map_err(|error| Error::bug("the training set's columns do not fit").because(error))
    }

    /// The features of each view at these spine rows, computed on all cores.
    fn stored(&self, rows: Range<usize>) -> Result<Vec<Vec<ArrayRef>>> {
        let orders: Vec<&[At]> =
            self.placed.iter().map(|placed| placed.order(rows.clone())).collect();
        let mut tasks: Vec<(usize, usize, &DataType)> = Vec::new();
        for (at, view) in self.service.views.iter().enumerate() {
            let plan = &self.catalog.views()[view.view].plan.fold;
            for (position, feature) in view.features.iter().enumerate() {
                tasks.push((at, position, &plan.features[*feature].column.data_type));
            }
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut made = Vec::new();
            while let Some(&(view, position, of)) = tasks.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let column = self.placed[view].column(position, orders[view], &arrow_type(of))?;
                made.push((view, position, column));
            }
            Ok::<_, Error>(made)
        };
        let made = if rows.len() < 1024 {
            work()?
        } else {
            std::thread::scope(|scope| {
                let workers = self.options.workers.clamp(1, tasks.len().max(1));
                let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
                let mut made = Vec::new();
                for thread in threads {
                    let part =
                        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                    made.extend(part?);
                }
                Ok::<_, Error>(made)
            })?
        };
        let mut stored: Vec<Vec<Option<ArrayRef>>> =
            self.service.views.iter().map(|view| vec![None; view.features.len()]).collect();
        for (view, position, column) in made {
            stored[view][position] = Some(column);
        }
        let whole = |columns: Vec<Option<ArrayRef>>| columns.into_iter().collect::<Option<_>>();
        let stored: Option<Vec<Vec<ArrayRef>>> = stored.into_iter().map(whole).collect();
        stored.ok_or_else(|| Error::bug("a feature was not put in order"))
    }
}
