//! Feature vectors: the answer to one request, and columns of values for many.
//!
//! Invariant: a vector says all that its values depend on: `as_of`, the commit sequence `known` at
//! which it was read (S1), and the identity of what computed it (S23).

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::event::{arrow_type, map_array};
use crate::fold::Status;
use crate::manifest::SEMANTICS_VERSION;
use crate::time::Time;
use crate::value::{Column, DataType, Value};
use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::DataType as ArrowType;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The features of one request.
#[derive(Clone, Debug)]
pub struct FeatureVector {
    /// The features' names, types and meanings.
    pub features: Arc<[Column]>,
    /// Their values.
    pub values: Vec<Value>,
    /// What each value says beside its bits.
    pub statuses: Vec<Status>,
    /// The time that the values are as of.
    pub as_of: Time,
    /// The commit sequence that the values were read at.
    pub known: u64,
    /// What the values depend on beside the events.
    pub identity: Arc<Identity>,
}

impl FeatureVector {
    /// The value of the feature called `name` (`view.feature`).
    pub fn value(&self, name: &str) -> Option<&Value> {
        let at = self.features.iter().position(|feature| feature.name == name)?;
        Some(&self.values[at])
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.features.iter().map(|feature| feature.name.as_str()).zip(&self.values)
    }
}

/// What a value depends on beside the events (S23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Each artifact's name and digest.
    pub artifacts: Vec<(String, String)>,
    /// The version of the contract.
    pub semantics: u32,
    /// The hash of the sources' declarations.
    pub sources: String,
    /// The CPU architecture, or `any` if every artifact is built `strict`.
    pub architecture: &'static str,
}

impl Identity {
    /// The identity of the values that `catalog` computes.
    pub fn of(catalog: &Catalog) -> Identity {
        let artifacts = catalog.artifacts().iter();
        let strict = artifacts.clone().all(|(_, artifact)| artifact.manifest().strict);
        let mut hash = Sha256::new();
        for (name, schema) in catalog.sources() {
            let id = schema.id.map(|id| schema.columns[id].name.as_str());
            let text = format!(
                "{name:?} {:?} {id:?} {}\n",
                schema.columns[schema.time].name, schema.skew_us
            );
            hash.update(text);
            if let Some(column) = &schema.arrived_at {
                hash.update(format!("arrived_at {column:?}\n"));
            }
            for column in &schema.columns {
                hash.update(format!(
                    "{:?} {} {}\n",
                    column.name, column.data_type, column.nullable
                ));
            }
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Identity {
            artifacts: artifacts.map(|(n, a)| (n.clone(), a.digest().to_string())).collect(),
            semantics: SEMANTICS_VERSION,
            sources: format!("sha256:{hex}"),
            architecture: if strict { "any" } else { std::env::consts::ARCH },
        }
    }

    /// The identity as names and texts, for file metadata and stores.
    pub fn entries(&self) -> Vec<(String, String)> {
        let artifacts = self.artifacts.iter().map(|(n, d)| (format!("artifact.{n}"), d.clone()));
        let rest = [
            ("semantics".to_string(), self.semantics.to_string()),
            ("sources".to_string(), self.sources.clone()),
            ("architecture".to_string(), self.architecture.to_string()),
        ];
        artifacts.chain(rest).collect()
    }
}

/// An Arrow array of `data_type` from values of that type.
pub fn array_of<'a>(
    data_type: &DataType,
    values: impl Iterator<Item = &'a Value>,
) -> Result<ArrayRef> {
    macro_rules! collect {
        ($array:ty, $variant:ident, $by:expr) => {
            Arc::new(
                values
                    .map(|value| match value {
                        Value::Null => Ok(None),
                        Value::$variant(value) => Ok(Some($by(value))),
                        other => Err(mistyped(data_type, other)),
                    })
                    .collect::<Result<$array>>()?,
            ) as ArrayRef
        };
    }
    Ok(match data_type {
        DataType::Bool => collect!(BooleanArray, Bool, |v: &bool| *v),
        DataType::Int64 => collect!(Int64Array, Int64, |v: &i64| *v),
        DataType::Float32 => collect!(Float32Array, Float32, |v: &f32| *v),
        DataType::Float64 => collect!(Float64Array, Float64, |v: &f64| *v),
        DataType::String => collect!(StringArray, String, |v: &'a str| v),
        DataType::Timestamp => {
            let times = values.map(|value| match value {
                Value::Null => Ok(None),
                Value::Timestamp(micros) => Ok(Some(*micros)),
                other => Err(mistyped(data_type, other)),
            });
            let times = times.collect::<Result<TimestampMicrosecondArray>>()?;
            Arc::new(times.with_timezone("UTC"))
        }
        DataType::List(element) => {
            let (mut items, mut lengths, mut valid) = (vec![], vec![], vec![]);
            for value in values {
                let here: &[Value] = match value {
                    Value::Null => &[],
                    Value::List(items) => items,
                    other => return Err(mistyped(data_type, other)),
                };
                items.extend(here);
                lengths.push(here.len());
                valid.push(!value.is_null());
            }
            let items = array_of(element, items.into_iter())?;
            let ArrowType::List(field) = arrow_type(data_type) else {
                return Err(Error::bug("a list's Arrow type is a list"));
            };
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::new(field, offsets, items, nulls(valid)))
        }
        DataType::Map(types) => {
            let (mut keys, mut items, mut lengths, mut valid) = (vec![], vec![], vec![], vec![]);
            for value in values {
                let here: &[(Value, Value)] = match value {
                    Value::Null => &[],
                    Value::Map(pairs) => pairs,
                    other => return Err(mistyped(data_type, other)),
                };
                keys.extend(here.iter().map(|(key, _)| key));
                items.extend(here.iter().map(|(_, value)| value));
                lengths.push(here.len());
                valid.push(!value.is_null());
            }
            let keys = array_of(&types.0, keys.into_iter())?;
            let items = array_of(&types.1, items.into_iter())?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(map_array(data_type, offsets, [keys, items], nulls(valid)))
        }
    })
}

/// A null buffer, or none if nothing is null.
fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    valid.contains(&false).then(|| NullBuffer::from(valid))
}

fn mistyped(data_type: &DataType, value: &Value) -> Error {
    Error::bug(format!("{value} stands in a column of type {data_type}"))
}
