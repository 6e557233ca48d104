//! Running a service's on-demand transforms on requests and stored features.
//!
//! Invariant: each request gets its outputs or the whole call fails, naming the row and the guest's
//! reason: a refusal or a trap is never a null.

use super::mapper::CALL_ROWS_MAX;
use super::request::Requests;
use crate::catalog::Catalog;
use crate::component::OnDemandRunner;
use crate::error::{Error, Result};
use crate::event::arrow_schema;
use crate::manifest::OnDemand;
use crate::row::TypedColumn;
use crate::service::Service;
use crate::value::{Column, Value};
use crate::vector::array_of;
use arrow::array::RecordBatch;

/// For each feature of a view that is looked up, its value in each request.
pub type StoredValues = Vec<Vec<Value>>;

/// The warm guests of one service's on-demand transforms.
#[derive(Debug)]
pub struct OnDemandRunners<'a> {
    catalog: &'a Catalog,
    service: &'a Service,
    runners: Vec<OnDemandRunner>,
}

/// Makes the guests that `service` needs, one for each of its on-demand transforms.
pub fn runners(catalog: &Catalog, service: &Service) -> Result<Vec<OnDemandRunner>> {
    let wanted = service.on_demand.iter().map(|wanted| &catalog.on_demand()[wanted.on_demand]);
    wanted.map(|it| OnDemandRunner::new(&catalog.artifacts()[it.artifact].1)).collect()
}

impl<'a> OnDemandRunners<'a> {
    /// Warm guests for `service`.
    pub fn new(catalog: &'a Catalog, service: &'a Service) -> Result<Self> {
        Ok(Self::with(catalog, service, runners(catalog, service)?))
    }

    /// With guests that [`runners`] made before.
    pub fn with(catalog: &'a Catalog, service: &'a Service, runners: Vec<OnDemandRunner>) -> Self {
        OnDemandRunners { catalog, service, runners }
    }

    /// The guests, for another request.
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
        let mut computed = Vec::new();
        for at in 0..self.service.on_demand.len() {
            let declaration = &self.catalog.on_demand()[self.service.on_demand[at].on_demand];
            let declaration = declaration.declaration.clone();
            let mut outputs: StoredValues = vec![Vec::new(); declaration.outputs.len()];
            for start in (0..requests.len()).step_by(CALL_ROWS_MAX) {
                let rows = start..requests.len().min(start + CALL_ROWS_MAX);
                self.compute(at, &declaration, requests, stored, rows, &mut outputs)
                    .map_err(|error| error.at(format!("on-demand {}", declaration.name)))?;
            }
            computed.push(outputs);
        }
        Ok(computed)
    }

    fn compute(
        &mut self,
        at: usize,
        declaration: &OnDemand,
        requests: &Requests,
        stored: &[StoredValues],
        rows: std::ops::Range<usize>,
        outputs: &mut StoredValues,
    ) -> Result<()> {
        let wanted = &self.service.on_demand[at];
        let mut arrays = Vec::new();
        for (column, source) in declaration.request.iter().zip(&wanted.request) {
            let values: Vec<Value> = rows
                .clone()
                .map(|row| match source {
                    Some(source) => requests.value(*source, row).clone(),
                    None => Value::Timestamp(requests.as_of(row).micros()),
                })
                .collect();
            arrays.push(array_of(&column.data_type, values.iter())?);
        }
        for (input, source) in declaration.features.iter().zip(&wanted.features) {
            let values = &stored[source.view][source.position][rows.clone()];
            arrays.push(array_of(&input.data_type, values.iter())?);
        }
        let schema = arrow_schema(&input_columns(declaration));
        let batch = RecordBatch::try_new(schema, arrays)
            .map_err(|error| Error::bug("a request does not fit its columns").because(error))?;
        let index = self.catalog.on_demand()[wanted.on_demand].index;
        let answer = self.runners[at].compute(index, &batch)?;
        if let Some(refused) = answer.refused.first() {
            let row = rows.start + refused.row as usize;
            return Err(Error::input(format!("request row {row} was refused: {}", refused.reason)));
        }
        for (output, array) in outputs.iter_mut().zip(answer.rows.columns()) {
            let column = TypedColumn::new(array)?;
            output.extend((0..answer.rows.num_rows()).map(|row| column.value(row)));
        }
        Ok(())
    }
}

/// The columns that an on-demand transform is called with: request, then features.
pub fn input_columns(declaration: &OnDemand) -> Vec<Column> {
    let features = declaration.features.iter().map(|input| Column {
        name: input.name.clone(),
        data_type: input.data_type.clone(),
        nullable: input.nullable,
        description: String::new(),
    });
    declaration.request.iter().cloned().chain(features).collect()
}
