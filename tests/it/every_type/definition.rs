//! The oracle's definition of each stored feature of `every-type`.
//!
//! The declarations are read from the artifact's manifest by the oracle's own code; what the
//! transforms make of an event is written here a second time. Deliberately absent: the on-demand
//! transform, for which the hosts are compared with each other.

use super::Question;
use lockstep_core::row::TypedColumn;
use lockstep_core::value::Value;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::training::Trained;
use lockstep_kit::typed::{Anonymous, Typed};
use lockstep_oracle::{Row, Value as Expected, View, same_bits};
use std::collections::BTreeSet;

/// The declarations of the artifact's views.
pub(super) fn views(catalog: &Catalog) -> Vec<View> {
    let manifest = serde_json::to_value(catalog.artifacts()[0].1.manifest()).unwrap();
    let views = manifest["views"].as_array().unwrap();
    views.iter().map(|view| View::from_json(view).unwrap()).collect()
}

fn text(text: &str) -> Expected {
    Expected::Text(text.to_string())
}

fn optional<T>(value: Option<T>, make: impl Fn(T) -> Expected) -> Expected {
    value.map_or(Expected::Null, make)
}

/// The value of one of the event's columns.
fn passed_through(event: &Typed, column: &str) -> Expected {
    match column {
        "number" => Expected::Int64(event.number),
        "name" => text(&event.name),
        "int" => optional(event.int, Expected::Int64),
        "double" => optional(event.double, Expected::Float64),
        "single" => optional(event.single, Expected::Float32),
        "flag" => optional(event.flag, Expected::Bool),
        "text" => optional(event.text.clone(), Expected::Text),
        "moment" => optional(event.moment, Expected::Timestamp),
        "vector" => optional(event.vector.clone(), |vector| {
            Expected::List(vector.into_iter().map(|x| optional(x, Expected::Float64)).collect())
        }),
        other => panic!("no column of an event is called {other}"),
    }
}

/// The rows that `view` makes of `event`: the values of its columns.
fn rows_of_event(view: &View, event: &Typed) -> Vec<Vec<Expected>> {
    if view.name != "parts" {
        let columns = view.columns.iter();
        return vec![columns.map(|(name, _)| passed_through(event, name)).collect()];
    }
    if event.name == "refused" {
        return vec![];
    }
    let part = optional(event.int, |int| Expected::Int64(int % 2));
    let ordinals = 0..event.number.rem_euclid(4);
    ordinals.map(|ordinal| vec![part.clone(), Expected::Int64(ordinal)]).collect()
}

/// The rows of `view` for the key that a question names.
pub(super) fn rows(
    view: &View,
    question: &Question,
    typed: &[Typed],
    anonymous: &[Anonymous],
) -> Vec<Row> {
    let mut rows = Vec::new();
    if view.name == "untold" {
        rows.extend(anonymous.iter().map(|event| Row {
            event_time: event.event_time,
            event_id: None,
            ordinal: 0,
            values: vec![text(&event.name), optional(event.amount, Expected::Float64)],
        }));
    } else {
        for event in typed {
            let of_event = (0..).zip(rows_of_event(view, event)).map(|(ordinal, values)| Row {
                event_time: event.event_time,
                event_id: Some(event.event_id.clone()),
                ordinal,
                values,
            });
            rows.extend(of_event);
        }
    }
    let asked = |part: &usize| match view.columns[*part].0.as_str() {
        "number" => Expected::Int64(question.number),
        "name" => text(&question.name),
        "part" => optional(question.part, Expected::Int64),
        other => panic!("no key has a part {other}"),
    };
    let key: Vec<Expected> = view.key.iter().map(asked).collect();
    rows.retain(|row| {
        let mut parts = view.key.iter().zip(&key);
        parts.all(|(part, asked)| same_bits(&row.values[*part], asked))
    });
    // A row with a bad vector is set aside for its view (S8).
    rows.retain(|row| view.check_row(row).is_ok());
    rows
}

/// A host's value, for the oracle.
pub(super) fn given(value: &Value) -> Expected {
    match value {
        Value::Null => Expected::Null,
        Value::Bool(value) => Expected::Bool(*value),
        Value::Int64(value) => Expected::Int64(*value),
        Value::Float32(value) => Expected::Float32(*value),
        Value::Float64(value) => Expected::Float64(*value),
        Value::String(value) => text(value),
        Value::Timestamp(value) => Expected::Timestamp(*value),
        Value::List(items) => Expected::List(items.iter().map(given).collect()),
        Value::Map(pairs) => {
            Expected::Map(pairs.iter().map(|(key, value)| (given(key), given(value))).collect())
        }
        other => panic!("no feature of every-type is {other}"),
    }
}

/// What a comparison covered.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Values.
    pub values: usize,
    /// Values that overflowed, or contain a part that did.
    pub overflowed: usize,
    /// The features with some value that was not empty.
    pub features: BTreeSet<String>,
}

/// Compares every stored feature of a training set with the oracle.
pub(super) fn compare(
    catalog: &Catalog,
    trained: &Trained,
    questions: &[Question],
    typed: &[Typed],
    anonymous: &[Anonymous],
) -> Compared {
    let mut compared = Compared::default();
    for view in views(catalog) {
        let rows: Vec<Vec<Row>> =
            questions.iter().map(|question| rows(&view, question, typed, anonymous)).collect();
        for declared in &view.features {
            let name = format!("{}.{}", view.name, declared.name);
            let column = trained.records.column_by_name(&name).unwrap();
            let column = TypedColumn::new(column).unwrap();
            for (row, question) in questions.iter().enumerate() {
                let want = view.value(&rows[row], &declared.name, question.as_of).unwrap();
                let found = given(&column.value(row));
                assert!(
                    want.agrees(&found),
                    "{name} of {question:?}: the oracle says {}, the batch host {found}",
                    want.value
                );
                compared.values += 1;
                compared.overflowed += usize::from(want.overflow);
                if !is_empty(&found) {
                    compared.features.insert(name.clone());
                }
            }
        }
    }
    compared
}

/// Whether a value is null, or a list or map of nothing else.
fn is_empty(value: &Expected) -> bool {
    match value {
        Expected::Null => true,
        Expected::List(items) => items.iter().all(is_empty),
        Expected::Map(pairs) => pairs.iter().all(|(_, value)| is_empty(value)),
        _ => false,
    }
}
