//! A case file: its short forms made whole.
//!
//! Invariant: a [`File`] that exists has every row and question typed; its views are JSON still,
//! since some of them must be refused. Deliberately absent: the check of a view, which is the
//! runtime's and part of what is tested.

use super::value;
use lockstep_core::manifest::MANIFEST_FORMAT;
use lockstep_core::time::Time;
use lockstep_core::value::{Column, DataType, Value};
use lockstep_core::{Error, Result};
use serde_json::{Map, Value as Json, json};

/// The view's name in the manifest.
pub(super) const VIEW: &str = "v";
/// The name of its source.
pub(super) const SOURCE: &str = "rows";
/// A history that reaches back to the first event, so that every time is answerable.
pub(super) const ALL_HISTORY_US: i64 = i64::MAX;

type Object = Map<String, Json>;

/// One file.
#[derive(Debug)]
pub(super) struct File {
    view: Object,
    /// The columns of the event and of the view.
    pub columns: Vec<Column>,
    /// The events in the file's order, column by column.
    pub rows: Vec<Vec<Value>>,
    /// Whether another order of arrival has other answers.
    pub order_matters: bool,
    /// The questions.
    pub queries: Vec<Query>,
    /// Declarations that must be refused.
    pub refused: Vec<Change>,
    /// Declarations that must be accepted.
    pub accepted: Vec<Change>,
}

/// A question and what is expected of it.
#[derive(Debug)]
pub(super) struct Query {
    /// The key's parts by name.
    pub key: Vec<(String, Value)>,
    /// The time asked; none for null.
    pub as_of: Option<Time>,
    /// Names of features with their values as the file writes them.
    pub expect: Object,
    /// A text in the error of every host.
    pub error: Option<String>,
    /// A text in the error of the online host.
    pub online_error: Option<String>,
}

/// A change of the view.
#[derive(Debug)]
pub(super) struct Change {
    /// What it is about.
    pub about: String,
    /// The manifest with the changed view.
    pub manifest: Json,
    /// A text in the error.
    pub error: String,
}

impl File {
    /// Reads a file's text.
    pub(super) fn parse(text: &str) -> Result<File> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| Error::input("it is not JSON").because(error))?;
        let view = object(&json["view"])?.clone();
        let columns = columns(&view)?;
        let changes = |name: &str| -> Result<Vec<Change>> {
            list(&json[name])?.iter().map(|change| Change::read(&view, change)).collect()
        };
        let rows = expanded(list(&json["rows"])?)?;
        let queries = list(&json["queries"])?.iter().map(|query| Query::read(query, &columns));
        Ok(File {
            order_matters: !json["order_matters"].is_null(),
            rows: rows.iter().map(|row| typed(row, &columns)).collect::<Result<_>>()?,
            queries: queries.collect::<Result<_>>()?,
            refused: changes("refused")?,
            accepted: changes("accepted")?,
            columns,
            view,
        })
    }

    /// How many cases it holds.
    pub(super) fn size(&self) -> u64 {
        (self.queries.len() + self.refused.len() + self.accepted.len()) as u64
    }

    /// The manifest with this file's view.
    pub(super) fn manifest(&self, history_us: i64) -> Result<Json> {
        manifest(&self.view, history_us)
    }
}

impl Change {
    fn read(view: &Object, json: &Json) -> Result<Change> {
        let mut view = view.clone();
        view.extend(object(&json["change"])?.clone());
        Ok(Change {
            about: text(&json["about"]),
            manifest: manifest(&view, 0)?,
            error: text(&json["error"]),
        })
    }
}

impl Query {
    fn read(json: &Json, columns: &[Column]) -> Result<Query> {
        let parts = object(&json["key"])?.iter().map(|(name, part)| {
            let column = columns.iter().find(|column| column.name == *name);
            let column = column.ok_or_else(|| Error::input(format!("no key column {name}")))?;
            // `{"int64": 1}` is a part of another type than its column.
            let (kind, part) = match part.as_object().and_then(|other| other.iter().next()) {
                Some((kind, part)) => {
                    (DataType::try_from(kind.clone()).map_err(Error::input)?, part)
                }
                None => (column.data_type.clone(), part),
            };
            Ok((name.clone(), value::read(&kind, part)?))
        });
        let texts = |name: &str| json[name].as_str().map(str::to_string);
        Ok(Query {
            key: parts.collect::<Result<_>>()?,
            as_of: match &json["as_of"] {
                Json::Null => None,
                time => Some(value::time(time)?),
            },
            expect: json["expect"].as_object().cloned().unwrap_or_default(),
            error: texts("error"),
            online_error: texts("online_error"),
        })
    }
}

fn object(json: &Json) -> Result<&Object> {
    json.as_object().ok_or_else(|| Error::input(format!("{json} is no object")))
}

/// A list that may be absent.
fn list(json: &Json) -> Result<&[Json]> {
    match json {
        Json::Null => Ok(&[]),
        Json::Array(items) => Ok(items),
        _ => Err(Error::input(format!("{json} is no list"))),
    }
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_string()
}

/// The columns of the event and the view: `event_id`, `event_time` and the file's.
fn columns(view: &Object) -> Result<Vec<Column>> {
    let column = |name: &str, kind: &str| {
        let nullable = kind.ends_with('?');
        let data_type = kind.trim_end_matches('?').to_string();
        let data_type = DataType::try_from(data_type).map_err(Error::input)?;
        Ok(Column { name: name.to_string(), data_type, nullable, description: String::new() })
    };
    let mut columns = match view.get("id") {
        None => vec![column("event_id", "string")?],
        Some(Json::Null) => vec![],
        Some(kind) => vec![column("event_id", &text(kind))?],
    };
    columns.push(column("event_time", "timestamp")?);
    for declared in list(&view["columns"])? {
        let declared = text(declared);
        let (name, kind) = declared.split_once(' ').unwrap_or((&declared, ""));
        columns.push(column(name, kind)?);
    }
    Ok(columns)
}

/// The manifest of one view, with its defaults, durations and feature windows filled in.
fn manifest(view: &Object, history_us: i64) -> Result<Json> {
    let mut view = view.clone();
    let columns = serde_json::to_value(columns(&view)?)
        .map_err(|error| Error::bug("columns are no JSON").because(error))?;
    let id = match view.remove("id") {
        Some(Json::Null) => Json::Null,
        _ => "event_id".into(),
    };
    let window = view.remove("window");
    let features = view.remove("features");
    let features = list(features.as_ref().unwrap_or(&Json::Null))?.iter().map(|feature| {
        let mut feature = object(feature)?.clone();
        if let (Some(window), None) = (&window, feature.get("window")) {
            feature.insert("window".to_string(), window.clone());
        }
        feature.entry("column").or_insert(Json::Null);
        Ok(Json::Object(feature))
    });
    let features = features.collect::<Result<Vec<Json>>>()?;
    let mut whole = json!({
        "name": VIEW, "description": "", "owner": "", "tags": [], "key": ["k"],
        "null_keys": false, "boundary": "strict", "delay_us": 0, "origin_us": 0,
        "exact_max_us": 86_400_000_000_i64,
    });
    let members = whole.as_object_mut().expect("it is written above");
    members.extend(view);
    let event = json!({
        "name": "Event", "description": "", "source": SOURCE, "time": "event_time", "id": id,
        "skew_us": 0, "columns": columns,
    });
    members.insert("event".to_string(), event);
    members.insert("columns".to_string(), columns);
    members.insert("features".to_string(), features.into());
    members.insert("history_us".to_string(), history_us.into());
    microseconds(&mut whole)?;
    Ok(json!({
        "format": MANIFEST_FORMAT, "sdk": "none", "semantics": 1, "strict": false,
        "views": [whole], "on_demand": [],
    }))
}

/// Turns the texts of members in `_us` into numbers.
fn microseconds(json: &mut Json) -> Result<()> {
    match json {
        Json::Array(items) => items.iter_mut().try_for_each(microseconds),
        Json::Object(members) => members.iter_mut().try_for_each(|(name, member)| {
            if !name.ends_with("_us") {
                return microseconds(member);
            }
            *member = match name.as_str() {
                "origin_us" => value::time(member)?.micros(),
                _ => value::duration_us(member)?,
            }
            .into();
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// Rows with `for` repeated for each number.
fn expanded(rows: &[Json]) -> Result<Vec<Object>> {
    let mut all = Vec::new();
    for row in rows {
        let mut row = object(row)?.clone();
        let numbers = match row.remove("for") {
            None => 0..=0,
            Some(range) => match list(&range)?.iter().map(Json::as_i64).collect::<Vec<_>>()[..] {
                [Some(first), Some(last)] => first..=last,
                _ => return Err(Error::input(format!("{range} is no range"))),
            },
        };
        for number in numbers {
            let members = row.iter().map(|(name, json)| (name.clone(), substituted(json, number)));
            all.push(members.collect());
        }
    }
    Ok(all)
}

/// `#` replaced by the number, `# * 2^K` by the number scaled.
fn substituted(json: &Json, number: i64) -> Json {
    let Some(text) = json.as_str().filter(|text| text.contains('#')) else { return json.clone() };
    match text.strip_prefix("# * 2^").and_then(|power| power.parse::<i32>().ok()) {
        Some(power) => (number as f64 * 2f64.powi(power)).into(),
        None => text.replace('#', &number.to_string()).into(),
    }
}

/// A row's values in the order of the columns.
fn typed(row: &Object, columns: &[Column]) -> Result<Vec<Value>> {
    if let Some(unknown) = row.keys().find(|name| !columns.iter().any(|c| c.name == **name)) {
        return Err(Error::input(format!("there is no column {unknown}")));
    }
    let values = columns.iter().map(|column| {
        let value = value::read(&column.data_type, row.get(&column.name).unwrap_or(&Json::Null))?;
        match value.is_null() && !column.nullable {
            true => Err(Error::input(format!("{} is null in {row:?}", column.name))),
            false => Ok(value),
        }
    });
    values.collect()
}
