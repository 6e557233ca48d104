//! Runs a service's on-demand transforms on requests and stored features.
//!
//! Invariant: either every request gets its outputs, or the whole call fails with an error that
//! names the row and the guest's reason: a refusal or a trap is never a null. Deliberately absent:
//! looking up the stored features.

use super::request::Requests;
use crate::catalog::{Catalog, CatalogOnDemand};
use crate::mapping::CALL_ROWS_MAX;
use crate::service::Service;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use lockstep_core::array::array_of;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_schema;
use lockstep_core::flat::ViewRows;
use lockstep_core::manifest::OnDemand;
use lockstep_core::row::TypedColumn;
use lockstep_core::value::{Column, DataType, Value};
use lockstep_guest::OnDemandRunner;

/// For each feature of a view that is looked up, its value in each request.
pub type StoredValues = Vec<Vec<Value>>;

/// The warm guests of one service's on-demand transforms.
#[derive(Debug)]
pub struct OnDemandRunners<'a> {
    catalog: &'a Catalog,
    service: &'a Service,
    runners: Vec<OnDemandRunner>,
}

/// Starts the guests that `service` needs, one for each of its on-demand transforms.
pub fn runners(catalog: &Catalog, service: &Service) -> Result<Vec<OnDemandRunner>> {
    let wanted = service.on_demand.iter().map(|wanted| &catalog.on_demand()[wanted.on_demand]);
    wanted.map(|it| OnDemandRunner::new(&catalog.artifacts()[it.artifact].1)).collect()
}

impl<'a> OnDemandRunners<'a> {
    /// Starts warm guests for `service`.
    pub fn new(catalog: &'a Catalog, service: &'a Service) -> Result<Self> {
        Ok(Self::with(catalog, service, runners(catalog, service)?))
    }

    /// Uses guests that [`runners`] started before.
    pub fn with(catalog: &'a Catalog, service: &'a Service, runners: Vec<OnDemandRunner>) -> Self {
        OnDemandRunners { catalog, service, runners }
    }

    /// Gives the guests back, for another request.
    pub fn into_runners(self) -> Vec<OnDemandRunner> {
        self.runners
    }

    /// For each on-demand transform of the service and each of its outputs, the value in each
    /// request. `stored` holds the looked-up features of each of the service's views.
    pub fn compute_all(
        &mut self,
        requests: &Requests,
        stored: &[StoredValues],
    ) -> Result<Vec<StoredValues>> {
        if self.service.on_demand.is_empty() {
            return Ok(vec![]);
        }
        let columns = self.service.request.iter().enumerate().map(|(at, column)| {
            let values = (0..requests.len()).map(|row| requests.value(at, row));
            array_of(&column.data_type, values)
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let as_of = (0..requests.len()).map(|row| Value::Timestamp(requests.as_of(row).micros()));
        let as_of: Vec<Value> = as_of.collect();
        let as_of = array_of(&DataType::Timestamp, as_of.iter())?;
        let mut arrays = Vec::with_capacity(stored.len());
        for (view, values) in self.service.views.iter().zip(stored) {
            let plan = &self.catalog.views()[view.view].plan.fold;
            let types = view.features.iter().map(|at| &plan.features[*at].column.data_type);
            let of_view = types.zip(values).map(|(of, values)| array_of(of, values.iter()));
            arrays.push(of_view.collect::<Result<Vec<ArrayRef>>>()?);
        }
        let computed = self.compute_arrays(&columns, &as_of, &arrays, 0)?;
        let values = |array: &ArrayRef| {
            let column = TypedColumn::new(array)?;
            Ok((0..array.len()).map(|row| column.value(row)).collect())
        };
        computed.iter().map(|outputs| outputs.iter().map(values).collect()).collect()
    }

    /// As [`OnDemandRunners::compute_all`], with Arrow arrays of the request columns, the times and
    /// the features. `first` is the row number of the first request, for messages.
    pub fn compute_arrays(
        &mut self,
        request: &[ArrayRef],
        as_of: &ArrayRef,
        stored: &[Vec<ArrayRef>],
        first: usize,
    ) -> Result<Vec<Vec<ArrayRef>>> {
        let mut computed = Vec::new();
        for at in 0..self.service.on_demand.len() {
            let inputs = self.inputs(at, request, as_of, stored)?;
            let (runner, on_demand) =
                (&mut self.runners[at], on_demand(self.catalog, self.service, at));
            let outputs = compute(runner, on_demand, &inputs, first)
                .map_err(|error| error.at(format!("on-demand {}", on_demand.declaration.name)))?;
            computed.push(outputs);
        }
        Ok(computed)
    }

    /// The outputs of the service's transform number `at` for the requests that it does not refuse,
    /// in parts; each part comes with the number of its first request.
    pub fn answers(
        &mut self,
        at: usize,
        request: &[ArrayRef],
        as_of: &ArrayRef,
        stored: &[Vec<ArrayRef>],
    ) -> Result<Vec<(usize, ViewRows)>> {
        let inputs = self.inputs(at, request, as_of, stored)?;
        let (runner, on_demand) =
            (&mut self.runners[at], on_demand(self.catalog, self.service, at));
        let answer = |start: usize| {
            let rows = CALL_ROWS_MAX.min(inputs.num_rows() - start);
            let answer = runner.compute(on_demand.index, &inputs.slice(start, rows));
            Ok((start, answer.map_err(|error| error.moved(|row| row + start as u64))?))
        };
        let answers = (0..inputs.num_rows()).step_by(CALL_ROWS_MAX).map(answer);
        answers
            .collect::<Result<_>>()
            .map_err(|error| error.at(format!("on-demand {}", on_demand.declaration.name)))
    }

    /// The input batch of the service's transform number `at`.
    fn inputs(
        &self,
        at: usize,
        request: &[ArrayRef],
        as_of: &ArrayRef,
        stored: &[Vec<ArrayRef>],
    ) -> Result<RecordBatch> {
        let wanted = &self.service.on_demand[at];
        let declaration = &on_demand(self.catalog, self.service, at).declaration;
        let request = wanted.request.iter().map(|source| match source {
            Some(source) => &request[*source],
            None => as_of,
        });
        let features = wanted.features.iter().map(|it| &stored[it.view][it.position]);
        let inputs = request.chain(features).cloned().collect();
        RecordBatch::try_new(arrow_schema(&input_columns(declaration)), inputs)
            .map_err(|error| Error::bug("a request does not fit its columns").because(error))
    }
}

/// The service's on-demand transform number `at`.
fn on_demand<'a>(catalog: &'a Catalog, service: &Service, at: usize) -> &'a CatalogOnDemand {
    &catalog.on_demand()[service.on_demand[at].on_demand]
}

/// The outputs of one transform, with many requests in each call.
fn compute(
    runner: &mut OnDemandRunner,
    on_demand: &CatalogOnDemand,
    inputs: &RecordBatch,
    first: usize,
) -> Result<Vec<ArrayRef>> {
    let mut answers = Vec::new();
    for start in (0..inputs.num_rows()).step_by(CALL_ROWS_MAX) {
        let rows = CALL_ROWS_MAX.min(inputs.num_rows() - start);
        let answer = runner.compute(on_demand.index, &inputs.slice(start, rows));
        let answer = answer.map_err(|error| error.moved(|row| row + (first + start) as u64))?;
        if let Some(refused) = answer.refused.first() {
            let row = first + start + refused.row as usize;
            return Err(Error::input(format!("request row {row} was refused: {}", refused.reason))
                .with_code(Code::RowRefused {
                    row: row as u64,
                    transform: on_demand.declaration.name.clone(),
                    reason: refused.reason.to_string(),
                }));
        }
        answers.push(answer.rows);
    }
    if let [answer] = &answers[..] {
        return Ok(answer.columns().to_vec());
    }
    let Some(schema) = answers.first().map(RecordBatch::schema) else {
        // There is no request: the types of the outputs come from a call without rows.
        return Ok(runner.compute(on_demand.index, inputs)?.rows.columns().to_vec());
    };
    let whole = concat_batches(&schema, &answers)
        .map_err(|error| Error::bug("a guest's answers do not join").because(error))?;
    Ok(whole.columns().to_vec())
}

/// The input columns of an on-demand transform: request columns, then features.
pub fn input_columns(declaration: &OnDemand) -> Vec<Column> {
    let features = declaration.features.iter().map(|input| Column {
        name: input.name.clone(),
        data_type: input.data_type.clone(),
        nullable: input.nullable,
        description: String::new(),
    });
    declaration.request.iter().cloned().chain(features).collect()
}
