//! The batch host: training sets, point-in-time correct.
//!
//! For each entity key that the spine names, the view's rows are sorted by event time, and each
//! spine row's windows become ranges of a [`MergeTree`]. Invariant: output row `i` belongs to spine
//! row `i` (S22), and its bits are those of the definition (S1), since any grouping of merges gives
//! them. Deliberately absent: files (the CLI opens readers and writes the result), tiles, and
//! anything of the online host.

use super::mapper::{Mapped, Mapper};
use super::merge_tree::MergeTree;
use crate::admission::{Admitted, admit, row_json};
use crate::catalog::{Catalog, CatalogView};
use crate::error::{Error, Result};
use crate::event::{EventBatch, SetAside};
use crate::fold::{Answer, FoldPlan, Merged, UserCalls};
use crate::guests::Guests;
use crate::host::on_demand::OnDemandRunners;
use crate::host::request::Requests;
use crate::key::EntityKey;
use crate::row::{Rows, TypedColumn};
use crate::service::{Origin, Service};
use crate::time::Time;
use crate::value::Value;
use crate::vector::array_of;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Questions that are answered together: their states are in memory at once.
const QUESTIONS_MAX: usize = 256;

/// A training set in the making: the spine is known, events arrive in batches.
#[derive(Debug)]
pub struct TrainingSet<'a> {
    catalog: &'a Catalog,
    service: &'a Service,
    requests: Requests,
    views: Vec<ViewRows>,
    mappers: HashMap<String, SourceFold>,
    set_aside: Vec<(String, SetAside)>,
    duplicates: u64,
    events: u64,
}

/// What one source needs.
#[derive(Debug)]
struct SourceFold {
    mapper: Mapper,
    ids: HashMap<Vec<u8>, Admitted>,
}

/// The rows of one of the service's views that concern the spine.
#[derive(Debug, Default)]
struct ViewRows {
    /// Of each entity key: which spine rows ask for it.
    spine: HashMap<EntityKey, Vec<u32>>,
    /// The spine rows with an unknown key: one with a null that the view does not allow (S22).
    unknown: Vec<u32>,
    /// Of each entity key: its rows, as places in `batches`.
    rows: HashMap<EntityKey, Vec<(u32, u32)>>,
    batches: Vec<Rows>,
}

/// A finished training set.
#[derive(Debug)]
pub struct Trained {
    /// The spine's columns, then the features, in the spine's order.
    pub records: RecordBatch,
    /// Events that were set aside, by source and position.
    pub set_aside: Vec<(String, SetAside)>,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events that counted.
    pub events: u64,
}

impl<'a> TrainingSet<'a> {
    /// A training set of `service` for the rows of `spine`, each as of its column `as_of`.
    pub fn new(
        catalog: &'a Catalog,
        service: &'a Service,
        spine: &RecordBatch,
    ) -> Result<TrainingSet<'a>> {
        for output in &service.outputs {
            if spine.column_by_name(&output.name).is_some() {
                return Err(Error::input(format!(
                    "the spine already has a column {:?}, which is a feature's name; rename it",
                    output.name
                )));
            }
        }
        let requests = Requests::from_spine(service, spine)?;
        let mut views = Vec::new();
        let mut mappers = HashMap::new();
        for view in &service.views {
            let plan = &catalog.views()[view.view].plan;
            let mut rows = ViewRows::default();
            for row in 0..requests.len() {
                match requests.key(row, view, plan) {
                    Some(key) => rows.spine.entry(key).or_default().push(row as u32),
                    None => rows.unknown.push(row as u32),
                }
            }
            views.push(rows);
            let source = &plan.view.event.source;
            if !mappers.contains_key(source) {
                let wanted = |at: usize| service.views.iter().any(|view| view.view == at);
                let mapper = Mapper::new(catalog, catalog.source(source)?, wanted)?;
                mappers.insert(source.clone(), SourceFold { mapper, ids: HashMap::new() });
            }
        }
        let (set_aside, duplicates, events) = (Vec::new(), 0, 0);
        Ok(TrainingSet {
            catalog,
            service,
            requests,
            views,
            mappers,
            set_aside,
            duplicates,
            events,
        })
    }

    /// The sources whose events are needed.
    pub fn sources(&self) -> Vec<String> {
        let mut names: Vec<String> = self.mappers.keys().cloned().collect();
        names.sort();
        names
    }

    /// Runs each guest call on a fresh instance: slow, for tests of S7.
    pub fn fresh_each_call(&mut self, fresh: bool) {
        self.mappers.values_mut().for_each(|source| source.mapper.fresh_each_call(fresh));
    }

    /// Adds events of `source`, in the order of their positions.
    pub fn push(&mut self, source: &str, batch: &EventBatch) -> Result<()> {
        let schema = self.catalog.source(source)?;
        let Some(fold) = self.mappers.get_mut(source) else { return Ok(()) };
        let admission = admit(schema, batch, |id| Ok(fold.ids.get(id).copied()))?;
        fold.ids.extend(admission.new_ids);
        self.duplicates += admission.duplicates;
        self.events += admission.records.num_rows() as u64;
        let aside = batch.set_aside.iter().cloned().chain(admission.conflicts);
        self.set_aside.extend(aside.map(|aside| (source.to_string(), aside)));
        for mapped in fold.mapper.map(self.catalog, &admission.records)? {
            let plan = &self.catalog.views()[mapped.view].plan;
            for refused in &mapped.refused {
                let position = admission.positions[refused.row as usize];
                let view = Some(plan.view.name.clone());
                let reason = refused.reason.clone();
                let columns = admission.records.columns().iter().map(TypedColumn::new);
                let columns: Vec<TypedColumn> = columns.collect::<Result<_>>()?;
                let bytes = row_json(schema, &columns, refused.row as usize);
                self.set_aside.push((source.into(), SetAside { position, view, reason, bytes }));
            }
            let views = self.service.views.iter().zip(&mut self.views);
            if let Some((_, rows)) = views.into_iter().find(|(view, _)| view.view == mapped.view) {
                rows.push(mapped);
            }
        }
        Ok(())
    }

    /// Computes every feature of every spine row. `progress` hears how many keys are done, of how
    /// many.
    pub fn finish(
        self,
        spine: &RecordBatch,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Trained> {
        let TrainingSet { catalog, service, requests, views, .. } = &self;
        let (catalog, service) = (*catalog, *service);
        let total: usize = views.iter().map(|view| view.spine.len() + 1).sum();
        let done = AtomicUsize::new(0);
        let mut stored = Vec::new();
        for (view, rows) in service.views.iter().zip(views) {
            let loaded = &catalog.views()[view.view];
            let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            stored.push(rows.features(catalog, loaded, &view.features, requests, &step)?);
        }
        let computed = OnDemandRunners::new(catalog, service)?.compute_all(requests, &stored)?;
        let mut fields: Vec<Arc<Field>> = spine.schema().fields().iter().cloned().collect();
        let mut columns: Vec<ArrayRef> = spine.columns().to_vec();
        for (output, origin) in service.outputs.iter().zip(&service.origins) {
            let values: &[Value] = match *origin {
                Origin::Stored(at) => &stored[at.view][at.position],
                Origin::OnDemand { on_demand, output } => &computed[on_demand][output],
            };
            let array = array_of(&output.data_type, values.iter())?;
            let nullable = output.nullable || array.null_count() > 0;
            fields.push(Arc::new(Field::new(&output.name, array.data_type().clone(), nullable)));
            columns.push(array);
        }
        let records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| Error::bug("the training set's columns do not fit").because(error))?;
        let TrainingSet { mut set_aside, duplicates, events, .. } = self;
        // Within a batch they are found view by view; the batches must not show.
        set_aside.sort_by_cached_key(|(source, event)| (source.clone(), event.position));
        Ok(Trained { records, set_aside, duplicates, events })
    }
}

impl ViewRows {
    /// Keeps the rows whose key the spine names.
    fn push(&mut self, mapped: Mapped) {
        let batch = self.batches.len() as u32;
        let mut used = false;
        for row in 0..mapped.rows.len() {
            let key = mapped.rows.key(row);
            if self.spine.contains_key(&key) {
                self.rows.entry(key).or_default().push((batch, row as u32));
                used = true;
            }
        }
        if used {
            self.batches.push(mapped.rows);
        }
    }

    /// For each of `features`, its value at each spine row.
    fn features(
        &self,
        catalog: &Catalog,
        view: &CatalogView,
        features: &[usize],
        requests: &Requests,
        step: &(dyn Fn() + Sync),
    ) -> Result<Vec<Vec<Value>>> {
        let mut columns: Vec<Vec<Value>> =
            features.iter().map(|_| vec![Value::Null; requests.len()]).collect();
        let mut keys: Vec<(Option<&EntityKey>, &[u32])> =
            self.spine.iter().map(|(key, rows)| (Some(key), &rows[..])).collect();
        keys.push((None, &self.unknown));
        let next = AtomicUsize::new(0);
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || {
            let mut found = Vec::new();
            let mut guests = Guests::new(catalog)?;
            while let Some((key, spine)) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
                let rows = key.and_then(|key| self.rows.get(key)).map_or(&[][..], Vec::as_slice);
                let guest = guests.of(view)?;
                let named = |error: Error| match key {
                    Some(key) => error.at(format!("key {key}")),
                    None => error,
                };
                self.key_features(&view.plan, features, requests, (rows, spine), guest, &mut found)
                    .map_err(named)?;
                step();
            }
            Ok::<_, Error>(found)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                let found = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                for (row, answers) in found? {
                    for (column, answer) in columns.iter_mut().zip(answers) {
                        column[row as usize] = answer.value;
                    }
                }
            }
            Ok(columns)
        })
    }

    /// The features of one key's spine rows.
    fn key_features(
        &self,
        plan: &FoldPlan,
        features: &[usize],
        requests: &Requests,
        (rows, spine): (&[(u32, u32)], &[u32]),
        guest: &mut dyn UserCalls,
        found: &mut Vec<(u32, Vec<Answer>)>,
    ) -> Result<()> {
        let mut timed: Vec<(i64, u32, u32)> = rows
            .iter()
            .map(|&(batch, row)| {
                (self.batches[batch as usize].event_time(row as usize), batch, row)
            })
            .collect();
        timed.sort_unstable();
        let all = plan.all_slots();
        let leaves = timed.iter().map(|&(_, batch, row)| {
            let mut state = plan.zero();
            plan.update(&mut state, &self.batches[batch as usize], row as usize, &all);
            state
        });
        let tree = MergeTree::new(plan, leaves.collect(), guest)?;
        let slots: Vec<Vec<usize>> = (0..plan.spans.len())
            .map(|span| plan.slots_over(span, features.iter().copied()))
            .collect();
        let before = |time: Time| timed.partition_point(|row| row.0 < time.micros());
        let merged = |row: &u32| {
            let as_of = requests.as_of(*row as usize);
            let mut question = Merged::empty(plan, as_of);
            let places = question.states.iter_mut().zip(&question.intervals).zip(&slots);
            for ((state, interval), slots) in places.filter(|(_, slots)| !slots.is_empty()) {
                let (low, high) = (before(interval.start), before(interval.end));
                *state = tree.merged(low..high.max(low), slots);
            }
            question
        };
        for part in spine.chunks(QUESTIONS_MAX) {
            let mut questions: Vec<Merged> = part.iter().map(merged).collect();
            let answers = plan.answers(features, &mut questions, guest)?;
            found.extend(part.iter().copied().zip(answers));
        }
        Ok(())
    }
}
