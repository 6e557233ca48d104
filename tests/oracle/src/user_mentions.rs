//! The user-mentions example, written a second time over the raw event log.
//!
//! An event is a line of an issue tracker: `actor` does `kind` to an issue of `area`, and unless
//! the kind is `created`, thereby mentions the user `mentioned`. Three views come of it:
//!
//!     pair_mentions   (actor, mentioned)  each mention
//!     user_activity   (user)              each event for its actor, then for the user mentioned
//!     area_reviewers  (area, mentioned)   each mention in a known area
//!
//! A request asks of an `actor` who may mention a `candidate` in an `area`, as of a time.
//! Invariant: this file follows the description above and the raw columns, never the transform's
//! code; that the two agree is the point. Deliberately absent: anything both could share.

use crate::value::{Kind, Value};
use std::fmt;

/// One event: the columns of the log that the example reads.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its identity.
    pub event_id: String,
    /// When it happened, in microseconds since 1970.
    pub event_time: i64,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// Whom it mentions.
    pub mentioned: Option<String>,
    /// The area of the issue.
    pub area: Option<String>,
    /// Files touched.
    pub files: i64,
    /// Length of the message.
    pub text_length: i64,
}

/// One row of the spine: who may mention whom, where, as of when.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who writes.
    pub actor: Option<String>,
    /// Who may be mentioned.
    pub candidate: Option<String>,
    /// Where.
    pub area: Option<String>,
    /// The time of the question, in microseconds since 1970.
    pub as_of: i64,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "null".to_string());
        let (actor, candidate) = (part(&self.actor), part(&self.candidate));
        let (area, as_of) = (part(&self.area), self.as_of);
        write!(f, "actor={actor} candidate={candidate} area={area} as_of={as_of} us")
    }
}

/// A view: its columns, its rows of an event, and the key that a request asks for.
#[derive(Debug)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// Its columns in the order of [`Keyed::values`].
    pub columns: &'static [(&'static str, Kind)],
    /// Its features.
    pub features: &'static [&'static str],
    /// The rows that an event gives, in the order of their ordinals.
    pub rows: fn(&Event) -> Vec<Keyed>,
    /// The key that a request asks for; a null part is an unknown key (S22).
    pub asked: fn(&Request) -> Option<Key>,
}

/// An entity key. All parts of the example's keys are texts.
pub type Key = Vec<String>;

/// A row of a view and the key it belongs to.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// The key.
    pub key: Key,
    /// The view's columns.
    pub values: Vec<Value>,
}

/// The example's views.
pub const VIEWS: [View; 3] = [
    View {
        name: "pair_mentions",
        columns: &[("actor", Kind::Text), ("mentioned", Kind::Text), ("text_length", Kind::Int64)],
        features: &[
            "count_7d",
            "count_30d",
            "count_365d",
            "count_lifetime",
            "text_length_mean_30d",
            "text_length_max_30d",
        ],
        rows: pair_mentions,
        asked: |request| Some(vec![request.actor.clone()?, request.candidate.clone()?]),
    },
    View {
        name: "user_activity",
        columns: &[("user", Kind::Text), ("kind", Kind::Text), ("text_length", Kind::Int64)],
        features: &["count_30d", "kind_last_lifetime"],
        rows: user_activity,
        asked: |request| Some(vec![request.candidate.clone()?]),
    },
    View {
        name: "area_reviewers",
        columns: &[
            ("area", Kind::Text),
            ("mentioned", Kind::Text),
            ("text_per_file", Kind::Float64),
        ],
        features: &["count_365d", "text_per_file_sum_365d"],
        rows: area_reviewers,
        asked: |request| Some(vec![request.area.clone()?, request.candidate.clone()?]),
    },
];

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn pair_mentions(event: &Event) -> Vec<Keyed> {
    let Some(mentioned) = &event.mentioned else { return vec![] };
    let values = vec![text(&event.actor), text(mentioned), Value::Int64(event.text_length)];
    vec![Keyed { key: vec![event.actor.clone(), mentioned.clone()], values }]
}

fn user_activity(event: &Event) -> Vec<Keyed> {
    let users = std::iter::once(&event.actor).chain(&event.mentioned);
    let row = |user: &String| Keyed {
        key: vec![user.clone()],
        values: vec![text(user), text(&event.kind), Value::Int64(event.text_length)],
    };
    users.map(row).collect()
}

fn area_reviewers(event: &Event) -> Vec<Keyed> {
    let (Some(area), Some(mentioned)) = (&event.area, &event.mentioned) else { return vec![] };
    let per_file = match event.files {
        0 => Value::Null,
        files => Value::Float64(event.text_length as f64 / files as f64),
    };
    let values = vec![text(area), text(mentioned), per_file];
    vec![Keyed { key: vec![area.clone(), mentioned.clone()], values }]
}

/// A value computed from the request and stored features.
#[derive(Debug)]
pub struct OnDemand {
    /// `name.output`, as in a training file.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The stored features it reads, `view.feature`.
    pub inputs: &'static [&'static str],
    /// The formula over the inputs' values, in their order.
    pub compute: fn(&Request, &[Value]) -> Value,
}

/// The outputs of the example's on-demand transform.
pub const ON_DEMAND: [OnDemand; 0] = [];

/// Every feature of the example, as a training file's column.
pub fn feature_columns() -> Vec<String> {
    let stored = VIEWS
        .iter()
        .flat_map(|view| view.features.iter().map(|feature| format!("{}.{feature}", view.name)));
    stored.chain(ON_DEMAND.iter().map(|output| output.name.to_string())).collect()
}
