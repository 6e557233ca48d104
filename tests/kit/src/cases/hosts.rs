//! A file's rows and queries through the batch host, and through the streaming and online hosts.
//!
//! Invariant: whatever the order of arrival, a host is asked every query. The stores are in memory:
//! one whose view keeps all history must answer each query, and one without history either gives the
//! same value or says that it no longer can (S12). Deliberately absent: files and formats.

use super::file::{ALL_HISTORY_US, File, Query, SOURCE, VIEW};
use super::judge::{Failures, Found};
use super::mirror::Guest;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use lockstep_core::array::array_of;
use lockstep_core::event::{EventBatch, arrow_schema};
use lockstep_core::row::TypedColumn;
use lockstep_core::value::{Column, DataType, PRECISION_MAX, Value};
use lockstep_core::{Error, Result};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_engine::shuffle::SpillOptions;
use lockstep_engine::training::{Options, TrainingSet};
use lockstep_store::memory::MemoryStore;
use lockstep_store::progress::FILES;
use std::sync::Arc;

/// Files with more events are not streamed one by one.
const SINGLE_EVENTS_MAX: usize = 64;

/// Events in an order of arrival, in batches of so many.
struct Arrival {
    name: &'static str,
    rows: Vec<usize>,
    batch_rows: usize,
}

impl Arrival {
    /// Batches of single events and reversed ones find no room in memory: what waits on the disk
    /// must not differ.
    fn options(&self) -> Options {
        let spill = SpillOptions { memory_max: 0, folder: std::env::temp_dir() };
        let spill = matches!(self.name, "one by one" | "reversed").then_some(spill);
        Options { workers: 1, spill, ..Options::default() }
    }
}

/// Checks every query in every order.
pub(super) fn check(guest: &Guest<'_>, file: &File, failures: &mut Failures) -> Result<()> {
    if file.queries.is_empty() {
        return Ok(());
    }
    let whole = Hosts::new(guest, file, ALL_HISTORY_US)?;
    let brief = Hosts::new(guest, file, 0)?;
    for arrival in arrivals(file) {
        let batches = whole.batches(&arrival)?;
        whole.train(&arrival, &batches, failures)?;
        whole.serve(&arrival, &batches, failures)?;
        brief.serve(&arrival, &batches, failures)?;
    }
    Ok(())
}

fn arrivals(file: &File) -> Vec<Arrival> {
    let given: Vec<usize> = (0..file.rows.len()).collect();
    let whole = file.rows.len().max(1);
    let arrival =
        |name, rows: &[usize], batch_rows| Arrival { name, rows: rows.to_vec(), batch_rows };
    let mut arrivals = vec![arrival("as given", &given, whole)];
    if file.rows.len() <= SINGLE_EVENTS_MAX {
        arrivals.push(arrival("one by one", &given, 1));
    }
    if file.order_matters {
        return arrivals;
    }
    let time = file.columns.iter().position(|column| column.name == "event_time");
    let time = time.expect("every file has the column");
    let mut sorted = given.clone();
    sorted.sort_by(|a, b| file.rows[*a][time].cmp(&file.rows[*b][time]));
    arrivals.push(arrival("by time", &sorted, whole.div_ceil(2)));
    let reversed: Vec<usize> = given.iter().rev().copied().collect();
    arrivals.push(arrival("reversed", &reversed, whole));
    arrivals
}

/// One file's view, ready to be asked.
struct Hosts<'a> {
    file: &'a File,
    catalog: Arc<Catalog>,
    service: Service,
    /// Whether every time is answerable.
    all_history: bool,
}

impl<'a> Hosts<'a> {
    fn new(guest: &Guest<'_>, file: &'a File, history_us: i64) -> Result<Hosts<'a>> {
        let catalog = guest.catalog(&file.manifest(history_us)?)?;
        let service = Service::everything(&catalog)?;
        Ok(Hosts { file, catalog, service, all_history: history_us > 0 })
    }

    fn batches(&self, arrival: &Arrival) -> Result<Vec<EventBatch>> {
        let columns = self.file.columns.iter().enumerate().map(|(at, column)| {
            let values = arrival.rows.iter().map(|row| &self.file.rows[*row][at]);
            array_of(&column.data_type, values)
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        let records = RecordBatch::try_new(arrow_schema(&self.file.columns), columns)
            .map_err(|error| Error::bug("the rows are no batch").because(error))?;
        let total = records.num_rows();
        let starts = (0..total).step_by(arrival.batch_rows);
        let cut = starts.map(|start| {
            let end = total.min(start + arrival.batch_rows);
            EventBatch {
                records: records.slice(start, end - start),
                positions: (start as u64..end as u64).collect(),
                next_position: end as u64,
                failures: vec![],
                set_aside: vec![],
            }
        });
        Ok(cut.collect())
    }

    /// The batch host: the queries that have answers in one spine, each of the others in its own.
    fn train(
        &self,
        arrival: &Arrival,
        batches: &[EventBatch],
        failures: &mut Failures,
    ) -> Result<()> {
        let place = format!("batch, {}", arrival.name);
        let train = |queries: &[&Query]| {
            let spine = spine(queries)?;
            let (catalog, service) = (&self.catalog, &self.service);
            let mut training = TrainingSet::with(catalog, service, arrival.options())?;
            training.spine(&spine)?;
            batches.iter().try_for_each(|batch| training.push(SOURCE, batch))?;
            training.finish(&spine, &|_, _| {})
        };
        let numbered = || self.file.queries.iter().enumerate();
        for (number, query) in numbered() {
            if let Some(text) = &query.error {
                failures.expect_error(number, &place, text, train(&[query]));
            }
        }
        let answered: Vec<(usize, &Query)> =
            numbered().filter(|(_, q)| q.error.is_none()).collect();
        let queries: Vec<&Query> = answered.iter().map(|(_, query)| *query).collect();
        let trained = match train(&queries) {
            Ok(trained) => trained,
            Err(error) => {
                answered.iter().for_each(|(number, _)| {
                    failures.add(&format!("query {number}"), format!("{place}: {error}"));
                });
                return Ok(());
            }
        };
        for (row, query) in answered.into_iter().enumerate() {
            failures.compare(query, &place, |name| {
                let column = self.output(name)?;
                let array = trained.records.column_by_name(&column.name)?;
                let value = TypedColumn::new(array).ok()?.value(row);
                Some((column, Found { value, status: None }))
            })?;
        }
        Ok(())
    }

    /// The streaming host into a store, and the online host over it.
    fn serve(
        &self,
        arrival: &Arrival,
        batches: &[EventBatch],
        failures: &mut Failures,
    ) -> Result<()> {
        let history = if self.all_history { "all history" } else { "no history" };
        let place = format!("online, {}, {history}", arrival.name);
        let store = Arc::new(MemoryStore::new());
        let mut stream = StreamHost::open(self.catalog.clone(), store.clone())?;
        for batch in batches {
            stream.apply(SOURCE, FILES, batch)?;
        }
        let online = OnlineHost::new(self.catalog.clone(), store, vec![self.service.clone()])?;
        for (number, query) in self.file.queries.iter().enumerate() {
            let Some(as_of) = query.as_of else { continue };
            let request: Vec<(&str, Value)> =
                query.key.iter().map(|(name, part)| (name.as_str(), part.clone())).collect();
            let answer = online.get(&self.service.name, &request, AsOf::At(as_of));
            let text = query.error.as_ref().or(query.online_error.as_ref());
            let vector = match (answer, text) {
                (answer, Some(text)) => {
                    failures.expect_error(number, &place, text, answer);
                    continue;
                }
                (Ok(vector), None) => vector,
                (Err(error), None) => {
                    if self.all_history || !error.to_string().contains("answerable") {
                        failures.add(&format!("query {number}"), format!("{place}: {error}"));
                    }
                    continue;
                }
            };
            failures.answered_without_history += u64::from(!self.all_history);
            failures.compare((number, query), &place, |name| {
                let column = self.output(name)?;
                let at = vector.features.iter().position(|other| other.name == column.name)?;
                let (value, status) = (vector.values[at].clone(), Some(vector.statuses[at]));
                Some((column, Found { value, status }))
            })?;
        }
        Ok(())
    }

    /// The service's output of a feature.
    fn output(&self, feature: &str) -> Option<&Column> {
        let name = format!("{VIEW}.{feature}");
        self.service.outputs.iter().find(|column| column.name == name)
    }
}

/// The queries as a spine: the key's parts and `as_of`.
fn spine(queries: &[&Query]) -> Result<RecordBatch> {
    let names = queries.first().map(|query| query.key.iter().map(|(name, _)| name.clone()));
    let names: Vec<String> = names.into_iter().flatten().collect();
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let parts: Vec<&Value> = queries.iter().map(|query| &query.key[at].1).collect();
        let data_type = parts.iter().find_map(|part| type_of(part)).unwrap_or(DataType::String);
        columns.push((name.clone(), array_of(&data_type, parts.into_iter())?));
    }
    let times: Vec<Value> = queries
        .iter()
        .map(|query| query.as_of.map_or(Value::Null, |time| Value::Timestamp(time.micros())))
        .collect();
    columns.push((AS_OF.to_string(), array_of(&DataType::Timestamp, times.iter())?));
    let field =
        |(name, array): &(String, ArrayRef)| Field::new(name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
        .map_err(|error| Error::bug("the queries are no spine").because(error))
}

/// The type of a key part that is not null.
fn type_of(value: &Value) -> Option<DataType> {
    match value {
        Value::Bool(_) => Some(DataType::Bool),
        Value::Int64(_) => Some(DataType::Int64),
        Value::String(_) => Some(DataType::String),
        Value::Timestamp(_) => Some(DataType::Timestamp),
        Value::UInt64(_) => Some(DataType::UInt64),
        Value::Decimal(value) => {
            Some(DataType::Decimal { precision: PRECISION_MAX, scale: value.scale })
        }
        Value::Bytes(_) => Some(DataType::Bytes),
        Value::Date(_) => Some(DataType::Date),
        _ => None,
    }
}
