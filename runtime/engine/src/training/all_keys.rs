//! The spine of every key: all keys that the views of a service have seen, at given times.
//!
//! Only views whose keys have all columns of the service's requests can name its questions; a
//! service without such a view is refused. A key is asked about at each time before which one of
//! those views has a row of it. With a column of arrivals, that row must have arrived by then.
//! Invariant: the questions do not depend on how the log is divided into batches, nor on the number
//! of workers; they are ordered by time and then by key. Deliberately absent: the join.

use super::options::Options;
use crate::admission::{Admitted, Arrived, Counted};
use crate::catalog::Catalog;
use crate::mapping::Mapped;
use crate::service::Service;
use crate::shuffle::reading;
use crate::shuffle::room::Room;
use crate::shuffle::worker::Worker;
use arrow::array::{ArrayRef, RecordBatch};
use lockstep_core::array::array_of;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{SourceSchema, arrow_schema};
use lockstep_core::key::EntityKey;
use lockstep_core::time::{Interval, Time};
use lockstep_core::value::{Column, DataType, Value};
use lockstep_source::EventReader;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The most rows of a batch of the spine.
const BATCH_ROWS: usize = 1 << 17;

/// The keys of a service, each with the earliest time, in microseconds, at which it is asked about.
#[derive(Debug)]
pub struct AllKeys<'a> {
    catalog: &'a Catalog,
    service: &'a Service,
    options: Options,
    as_of: Vec<Time>,
    /// The views that name questions, by index in the catalogue, and where each part of a request
    /// is in their keys.
    views: Vec<(usize, Vec<usize>)>,
    first: HashMap<EntityKey, i64>,
}

impl<'a> AllKeys<'a> {
    /// The keys of `service` at these times. Nothing has been read yet.
    ///
    /// # Errors
    /// If no view of the service has all columns of its requests in its key, if a column has the
    /// name of the column of times, or if there is no time.
    pub fn of(
        catalog: &'a Catalog,
        service: &'a Service,
        options: Options,
        as_of: impl IntoIterator<Item = Time>,
    ) -> Result<AllKeys<'a>> {
        let as_of: BTreeSet<Time> = as_of.into_iter().collect();
        if as_of.is_empty() {
            return Err(Error::input("all keys are asked about at given times; name at least one"));
        }
        if service.request_index(&options.as_of).is_some() {
            return Err(Error::input(format!(
                "the requests of service {} have a column {:?}, which would hold the times too; \
                 give the column of times another name",
                service.name, options.as_of
            )));
        }
        let views = service.views.iter().filter_map(|view| {
            let place = |column: usize| view.key.iter().position(|part| *part == column);
            let places: Option<Vec<usize>> = (0..service.request.len()).map(place).collect();
            Some((view.view, places?))
        });
        let views: Vec<(usize, Vec<usize>)> = views.collect();
        if views.is_empty() {
            let names = |column: &Column| column.name.clone();
            let request: Vec<String> = service.request.iter().map(names).collect();
            return Err(Error::input(format!(
                "no view of service {} has all columns of its requests ({}) in its key, so its \
                 keys do not say what to ask; name a service of views with one key, or give a spine",
                service.name,
                request.join(", ")
            )));
        }
        let as_of = as_of.into_iter().collect();
        Ok(AllKeys { catalog, service, options, as_of, views, first: HashMap::new() })
    }

    /// The sources whose events are needed.
    pub fn sources(&self) -> BTreeSet<String> {
        let source = |(view, _): &(usize, Vec<usize>)| {
            self.catalog.views()[*view].declaration().event.source.clone()
        };
        self.views.iter().map(source).collect()
    }

    /// The views whose rows name the keys, by index in the catalogue.
    pub fn views(&self) -> Vec<usize> {
        self.views.iter().map(|(view, _)| *view).collect()
    }

    /// The columns with which the events of `source` must be read.
    pub fn schema(&self, source: &str) -> Result<Arc<SourceSchema>> {
        self.options.schema(self.catalog, source)
    }

    /// The event times that may matter.
    pub fn reach(&self) -> Interval {
        let end = self.as_of.last().copied().unwrap_or(Time::MIN);
        Interval { start: Time::MIN, end }
    }

    /// Notes the keys of all events that `reader` returns for `source`, on all cores. Events that
    /// are set aside have none; whoever reads them again for their values reports them.
    ///
    /// # Errors
    /// If the reader fails, or a view fails by itself.
    pub fn read(
        &mut self,
        source: &str,
        reader: &mut dyn EventReader,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let catalog = self.catalog;
        let of_source = self
            .views
            .iter()
            .filter(|(view, _)| catalog.views()[*view].declaration().event.source == source);
        let of_source: Vec<&(usize, Vec<usize>)> = of_source.collect();
        let views: Vec<usize> = of_source.iter().map(|(view, _)| *view).collect();
        let room = Room::new(None);
        let hire = |_| Worker::new(catalog, views.clone(), source, room.block_bytes(1));
        let mut workers =
            (0..self.options.workers.max(1)).map(hire).collect::<Result<Vec<Worker>>>()?;
        let last = self.as_of.last().map_or(i64::MIN, |time| time.micros());
        let first = Mutex::new(std::mem::take(&mut self.first));
        let keep = |view: usize, mapped: &Mapped, arrived: &Arrived| {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            note(mapped, arrived, &of_source[view].1, last, &mut first);
            Ok(None)
        };
        let mut ids: HashMap<Vec<u8>, Admitted> = HashMap::new();
        let column = self.options.known.as_deref();
        reading::read(
            &mut workers,
            reader,
            &mut |batch| {
                let counted = Counted::admit(catalog, source, column, &batch, &mut ids)?;
                progress(batch.next_position);
                Ok(counted.arrived)
            },
            &|worker, arrived| {
                let (_, stopped) = worker.map(catalog, &keep, &room, &arrived)?;
                stopped.into_iter().next().map_or(Ok(()), |stopped| Err(stopped.error))
            },
        )?;
        self.first = first.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(())
    }

    /// The spine, in batches.
    pub fn spine(self) -> Result<Vec<RecordBatch>> {
        let mut keys: Vec<(EntityKey, i64)> = self.first.into_iter().collect();
        keys.sort_unstable();
        let asked = |time: &Time| {
            let micros = time.micros();
            keys.iter()
                .filter(move |(_, first)| *first <= micros)
                .map(move |(key, _)| (key, micros))
        };
        let questions: Vec<(&EntityKey, i64)> = self.as_of.iter().flat_map(asked).collect();
        let mut columns = self.service.request.clone();
        columns.push(Column {
            name: self.options.as_of.clone(),
            data_type: DataType::Timestamp,
            nullable: false,
            description: String::new(),
        });
        // A key part may be null where a view takes such keys.
        columns.iter_mut().rev().skip(1).for_each(|column| column.nullable = true);
        let schema = arrow_schema(&columns);
        let made = |questions: &[(&EntityKey, i64)]| -> Result<RecordBatch> {
            let mut values: Vec<Vec<Value>> = columns.iter().map(|_| Vec::new()).collect();
            for (key, micros) in questions {
                let row = key.values().into_iter().chain([Value::Timestamp(*micros)]);
                values.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            }
            let arrays = columns.iter().zip(&values);
            let arrays = arrays.map(|(column, values)| array_of(&column.data_type, values.iter()));
            let arrays: Vec<ArrayRef> = arrays.collect::<Result<_>>()?;
            RecordBatch::try_new(schema.clone(), arrays)
                .map_err(|error| Error::bug("keys make a spine").because(error))
        };
        if questions.is_empty() {
            return Ok(vec![made(&[])?]);
        }
        questions.chunks(BATCH_ROWS).map(made).collect()
    }
}

/// Notes when each key of some rows is first asked about, unless that is after `last`. `places` says
/// where each part of a request is in a key.
fn note(
    mapped: &Mapped,
    arrived: &Arrived,
    places: &[usize],
    last: i64,
    first: &mut HashMap<EntityKey, i64>,
) {
    let keys = mapped.rows.keys();
    for (row, event) in mapped.source_rows.iter().enumerate() {
        // The row is before every later microsecond.
        let after = mapped.rows.event_time(row).saturating_add(1);
        let arrival = arrived.arrivals.as_ref().map(|arrivals| arrivals.value(*event as usize));
        let from = arrival.map_or(after, |arrival| arrival.max(after));
        if from > last {
            continue;
        }
        let own = keys.value(row);
        let asked = match places.iter().copied().eq(0..places.len()) {
            true => EntityKey::from_bytes(own),
            false => {
                let values = EntityKey::from_bytes(own).values();
                let parts = places.iter().map(|place| values[*place].clone());
                EntityKey::new(&parts.collect::<Vec<Value>>())
            }
        };
        first.entry(asked).and_modify(|first| *first = from.min(*first)).or_insert(from);
    }
}
