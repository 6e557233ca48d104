//! Requests: the values that a service needs to compute features, one row for each question.
//!
//! Invariant: there is one value for each of the service's request columns, of its type, and null
//! only where the service allows it; each row has its `as_of`. An online request has one row, a
//! spine many. Deliberately absent: the features.

use crate::service::{Service, ServiceView};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::FoldPlan;
use lockstep_core::key::EntityKey;
use lockstep_core::row::{TypedColumn, encode_rows};
use lockstep_core::shown::shown_names;
use lockstep_core::time::Time;
use lockstep_core::value::{Column, DataType, Value};
use lockstep_source::column_of;

/// Questions to one service.
#[derive(Clone, Debug)]
pub struct Requests {
    /// The values of each request column.
    columns: Vec<Vec<Value>>,
    as_of: Vec<Time>,
}

impl Requests {
    /// One question, from names and values in any order.
    pub fn one(service: &Service, request: &[(&str, Value)], as_of: Time) -> Result<Requests> {
        let unknown = request.iter().find(|(name, _)| service.request_index(name).is_none());
        if let Some((name, _)) = unknown {
            return Err(unknown_column(service, name));
        }
        let mut columns = Vec::with_capacity(service.request.len());
        for (column, user) in service.request.iter().zip(&service.request_users) {
            let mut given = request.iter().filter(|(name, _)| *name == column.name);
            let (first, second) = (given.next(), given.next());
            let value = match (first, second) {
                (Some((_, value)), None) => value.clone(),
                (None, _) if column.nullable && !is_key(service, column) => Value::Null,
                (None, _) => {
                    return Err(Error::input(format!(
                        "service {} needs {:?} (as {user}); the request has none",
                        service.name, column.name
                    ))
                    .with_code(Code::missing_column(&column.name, [])));
                }
                (Some(_), Some(_)) => {
                    let twice = format!("the request names {:?} twice", column.name);
                    return Err(Error::input(twice)
                        .with_code(Code::DuplicateColumn { column: column.name.clone() }));
                }
            };
            check(column, &value).map_err(|error| error.at(format!("service {}", service.name)))?;
            columns.push(vec![value]);
        }
        Ok(Requests { columns, as_of: vec![as_of] })
    }

    /// One question for each spine row (S22); the column `as_of` holds the times.
    pub fn from_spine(service: &Service, spine: &RecordBatch, as_of: &str) -> Result<Requests> {
        let SpineColumns { request, as_of } = SpineColumns::new(service, spine, as_of, 0)?;
        let values = |array: &ArrayRef| {
            let column = TypedColumn::new(array)?;
            Ok((0..array.len()).map(|row| column.value(row)).collect())
        };
        let columns = request.iter().map(values).collect::<Result<_>>()?;
        let as_of = as_of.values().iter().map(|micros| Time::saturating(*micros)).collect();
        Ok(Requests { columns, as_of })
    }

    /// The number of questions.
    pub fn len(&self) -> usize {
        self.as_of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.as_of.is_empty()
    }

    /// The `as_of` of question `row`.
    pub fn as_of(&self, row: usize) -> Time {
        self.as_of[row]
    }

    /// The value of request column `column` in question `row`.
    pub fn value(&self, column: usize, row: usize) -> &Value {
        &self.columns[column][row]
    }

    /// The entity key of `view` in question `row`; `None`, meaning an unknown key, if a part is
    /// null and the view does not allow that (S22).
    pub fn key(&self, row: usize, view: &ServiceView, plan: &FoldPlan) -> Option<EntityKey> {
        let parts: Vec<Value> =
            view.key.iter().map(|&column| self.columns[column][row].clone()).collect();
        let unknown = !plan.view.null_keys && parts.iter().any(Value::is_null);
        if unknown { None } else { Some(EntityKey::new(&parts)) }
    }
}

/// The columns of some spine rows that a service needs: its request columns, each of its type, and
/// the times.
#[derive(Clone, Debug)]
pub struct SpineColumns {
    /// The service's request columns.
    pub request: Vec<ArrayRef>,
    /// The time of each row: never null, within ±2^62.
    pub as_of: TimestampMicrosecondArray,
}

impl SpineColumns {
    /// Takes them from `spine`, whose column `as_of` holds the times; its first row is row `first`
    /// of the whole spine.
    pub fn new(
        service: &Service,
        spine: &RecordBatch,
        as_of: &str,
        first: usize,
    ) -> Result<SpineColumns> {
        let schema = spine.schema();
        let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut request = Vec::new();
        for (column, user) in service.request.iter().zip(&service.request_users) {
            if spine.column_by_name(&column.name).is_none() {
                let code = Code::missing_column(&column.name, found.iter().copied());
                return Err(Error::input(format!(
                    "the spine has no column {:?}; service {} needs it as {user}\n  columns found: {}{}\n  \
                     rename the column, or map it in the project file: keys = {{ view = {{ {} = \"…\" }} }}",
                    column.name,
                    service.name,
                    shown_names(found),
                    code.did_you_mean(),
                    column.name
                ))
                .with_code(code));
            }
            let array = column_of(spine, &column.name, &column.data_type, first)?;
            if let Some(row) = first_null(&array).filter(|_| !column.nullable) {
                return Err(bad_null(column, first + row).at(format!("spine row {}", first + row)));
            }
            request.push(array);
        }
        if spine.column_by_name(as_of).is_none() {
            let code = Code::missing_column(as_of, found.iter().copied());
            return Err(Error::input(format!(
                "the spine has no column {as_of:?}, the time of each row\n  columns found: {}{}\n  \
                 rename the column, or name it with --as-of-column",
                shown_names(found),
                code.did_you_mean()
            ))
            .with_code(code));
        }
        let times = column_of(spine, as_of, &DataType::Timestamp, first)?;
        if let Some(row) = first_null(&times) {
            return Err(bad_time(as_of, first + row, "is null; each row needs a time"));
        }
        let times = times.as_primitive::<TimestampMicrosecondType>().clone();
        let wrong = times.values().iter().position(|micros| Time::new(*micros).is_none());
        if let Some(row) = wrong {
            return Err(bad_time(as_of, first + row, "is out of range"));
        }
        Ok(SpineColumns { request, as_of: times })
    }

    /// The encoded entity key of each row for `view`; empty, meaning an unknown key, if a part is
    /// null and the view does not allow that (S22).
    pub fn keys(&self, view: &ServiceView, plan: &FoldPlan) -> Result<BinaryArray> {
        let parts = view.key.iter().map(|&column| TypedColumn::new(&self.request[column]));
        let parts: Vec<TypedColumn> = parts.collect::<Result<_>>()?;
        let parts: Vec<&TypedColumn> = parts.iter().collect();
        let known = |row: usize| plan.view.null_keys || !parts.iter().any(|part| part.is_null(row));
        Ok(encode_rows(&parts, self.as_of.len(), known))
    }
}

fn first_null(array: &ArrayRef) -> Option<usize> {
    (array.null_count() > 0).then(|| (0..array.len()).find(|row| array.is_null(*row)))?
}

fn check(column: &Column, value: &Value) -> Result<()> {
    match value {
        Value::Null if column.nullable => return Ok(()),
        Value::Null => return Err(bad_null(column, 0)),
        value if value.is_of(&column.data_type) => return Ok(()),
        _ => {}
    }
    Err(Error::input(format!("{:?} must be {}, not {value:?}", column.name, column.data_type))
        .with_code(Code::WrongColumnType {
            column: column.name.clone(),
            expected: column.data_type.to_string(),
            found: type_name(value).to_string(),
        }))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int64(_) => "int64",
        Value::UInt64(_) => "uint64",
        Value::Decimal(_) => "decimal",
        Value::Bytes(_) => "bytes",
        Value::Date(_) => "date",
        Value::Float32(_) => "float32",
        Value::Float64(_) => "float64",
        Value::String(_) => "string",
        Value::Timestamp(_) => "timestamp",
        Value::List(_) => "list",
        Value::Map(_) => "map",
    }
}

/// The error for a name that is not one of the service's request columns.
pub fn unknown_column(service: &Service, name: &str) -> Error {
    let known: Vec<&str> = service.request.iter().map(|column| column.name.as_str()).collect();
    let code = Code::unknown_name("request column", name, known.iter().copied());
    Error::input(format!(
        "service {} takes no {name:?}; it takes {}{}",
        service.name,
        known.join(", "),
        code.did_you_mean()
    ))
    .with_code(code)
}

fn bad_null(column: &Column, row: usize) -> Error {
    Error::input(format!("{:?} is null and must not be", column.name))
        .with_code(Code::bad_row(row, Some(&column.name)))
}

fn bad_time(as_of: &str, row: usize, what: &str) -> Error {
    Error::input(format!("spine row {row}: {as_of} {what}"))
        .with_code(Code::bad_row(row, Some(as_of)))
}

/// Whether a request column is part of an entity key; then it must be given, even if null.
fn is_key(service: &Service, column: &Column) -> bool {
    let at = service.request_index(&column.name);
    service.views.iter().any(|view| view.key.iter().any(|part| Some(*part) == at))
}
