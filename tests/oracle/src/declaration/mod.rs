//! Views as an artifact's manifest declares them (docs/FEATURES.md, "As data").
//!
//! A [`View`] is read from the JSON of one view and answers for its features. Invariant: every
//! feature but the user-defined ones has a type over the view's columns; a member that the oracle
//! does not know is refused, since it might change a value. Deliberately absent: what says nothing
//! of values (descriptions, owners, limits of stores), and user-defined aggregates.

mod aggregate;
mod members;
mod window;

use crate::aggregate::vectors;
use crate::definition::outcome;
use crate::feature::{Aggregate, By, Compared, Feature, Top};
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::row::Row;
use crate::time::{Boundary, effective};
use members::Members;
use serde_json::Value as Json;

/// A view's columns, features, and how it moves a question in time.
#[derive(Clone, Debug)]
pub struct View {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of a row's values.
    pub columns: Vec<(String, Kind)>,
    /// The columns that make the entity key.
    pub key: Vec<usize>,
    /// Whether an event at exactly `as_of` counts (S4).
    pub boundary: Boundary,
    /// How long before `as_of` it answers (S5).
    pub delay_us: i64,
    /// A point of the grid of hops and steps (S3).
    pub origin_us: i64,
    /// Its features, in the order of the declaration.
    pub features: Vec<Declared>,
}

/// A feature and its name.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name, unique in the view.
    pub name: String,
    /// The feature; `None` if its aggregate is user-defined, and the oracle cannot know it.
    pub feature: Option<Feature>,
}

impl View {
    /// The view declared by the JSON of one element of a manifest's `views`.
    pub fn from_json(json: &Json) -> Result<View, String> {
        let view = Members::of("the view", json)?;
        let name = view.text("name")?;
        View::read(&view, name).map_err(|error| format!("view {name}: {error}"))
    }

    fn read(view: &Members, name: &str) -> Result<View, String> {
        let mut columns = Vec::new();
        for column in view.list("columns")? {
            let column = Members::of("a column", column)?;
            columns.push((column.text("name")?.to_string(), Kind::parse(column.text("type")?)?));
        }
        let boundary = match view.optional_text("boundary")? {
            None | Some("strict") => Boundary::Strict,
            Some("inclusive") => Boundary::Inclusive,
            Some(other) => return Err(format!("there is no boundary {other:?}")),
        };
        let key_part = |part: &Json| {
            let part = part.as_str().ok_or("a key part is no text")?;
            index(&columns, part)
        };
        let key = view.list("key")?.iter().map(key_part).collect::<Result<_, String>>()?;
        let declared = |json| declared(json, &columns);
        let features = view.list("features")?.iter().map(declared).collect::<Result<_, _>>()?;
        Ok(View {
            name: name.to_string(),
            key,
            boundary,
            delay_us: view.integer_or("delay_us", 0)?,
            origin_us: view.integer_or("origin_us", 0)?,
            features,
            columns,
        })
    }

    /// The feature of this name. An error if there is none, or it is user-defined.
    pub fn feature(&self, name: &str) -> Result<Feature, String> {
        let declared = self.features.iter().find(|declared| declared.name == name);
        let view = &self.name;
        let declared = declared.ok_or_else(|| format!("view {view} has no feature {name:?}"))?;
        declared.feature.ok_or_else(|| {
            format!("{view}.{name} is of a user-defined aggregate, which the oracle cannot know")
        })
    }

    /// The type of a feature's values.
    pub fn kind(&self, feature: &str) -> Result<Kind, String> {
        self.feature(feature)?.kind(&self.columns)
    }

    /// What a feature is over `rows`, the rows of one key, at the `as_of` of a question.
    ///
    /// # Errors
    /// As [`View::feature`].
    pub fn value(&self, rows: &[Row], feature: &str, as_of: i64) -> Result<Outcome, String> {
        let as_of = effective(as_of, self.boundary, self.delay_us);
        Ok(outcome(rows, self.feature(feature)?, self.origin_us, as_of))
    }

    /// Whether a row counts: an error says which vector makes it bad for this view (S8).
    pub fn check_row(&self, row: &Row) -> Result<(), String> {
        for declared in &self.features {
            let Some(Feature { aggregate, column: Some(column), .. }) = declared.feature else {
                continue;
            };
            if let Aggregate::VectorSum { length, grid } | Aggregate::VectorMean { length, grid } =
                aggregate
            {
                let checked = vectors::check(&row.values[column], length, grid);
                checked.map_err(|error| format!("{}.{}: {error}", self.name, declared.name))?;
            }
        }
        Ok(())
    }
}

/// The number of the column called `name`.
fn index(columns: &[(String, Kind)], name: &str) -> Result<usize, String> {
    let found = columns.iter().position(|(column, _)| column == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        format!("there is no column {name:?}, only {}", names.join(", "))
    })
}

fn declared(json: &Json, columns: &[(String, Kind)]) -> Result<Declared, String> {
    let members = Members::of("the feature", json)?;
    let name = members.text("name")?;
    let feature = feature(&members, columns).map_err(|error| format!("{name}: {error}"))?;
    Ok(Declared { name: name.to_string(), feature })
}

fn feature(members: &Members, columns: &[(String, Kind)]) -> Result<Option<Feature>, String> {
    members.only(&["name", "aggregate", "column", "filter", "by", "window"])?;
    let column = |name: Option<&str>| name.map(|name| index(columns, name)).transpose();
    let window = window::read(members.member("window")?)?;
    let Some(aggregate) = aggregate::read(members.member("aggregate")?, columns)? else {
        return Ok(None);
    };
    let by = match members.optional("by") {
        None => None,
        Some(json) => {
            let by = Members::of("by", json)?;
            by.only(&["column", "limit", "top"])?;
            let column = index(columns, by.text("column")?)?;
            let top = match by.optional("top") {
                None => None,
                Some(json) => {
                    let top = Members::of("top", json)?;
                    top.only(&["n", "of"])?;
                    let of = match top.text("of")? {
                        "value" => Compared::Value,
                        "key" => Compared::Key,
                        "count" => Compared::Count,
                        other => return Err(format!("top of {other:?}")),
                    };
                    Some(Top { n: top.size("n")?, of })
                }
            };
            Some(By { column, limit: by.size("limit")?, top })
        }
    };
    let feature = Feature {
        aggregate,
        column: column(members.optional_text("column")?)?,
        filter: column(members.optional_text("filter")?)?,
        by,
        window,
    };
    feature.kind(columns).map(|_| Some(feature))
}
