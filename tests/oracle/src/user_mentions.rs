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

use crate::kind::Kind;
use crate::mention_score::OUTPUTS;
use crate::value::Value;
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
    /// The issue.
    pub issue: String,
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
pub const VIEWS: [View; 3] = [PAIR_MENTIONS, USER_ACTIVITY, AREA_REVIEWERS];

const PAIR_MENTIONS: View = View {
    name: "pair_mentions",
    columns: &[
        ("kind", Kind::Text),
        ("issue", Kind::Text),
        ("mentioned_at", Kind::Timestamp),
        ("files", Kind::Int64),
        ("text_length", Kind::Int64),
        ("text_per_file", Kind::Float64),
    ],
    features: &[
        "count_1d",
        "count_7d",
        "count_30d",
        "count_365d",
        "count_lifetime",
        "kind_first_lifetime",
        "kind_last_lifetime",
        "issue_last_30d",
        "issue_last_365d",
        "mentioned_at_min_lifetime",
        "mentioned_at_max_lifetime",
        "files_sum_30d",
        "files_sum_365d",
        "files_max_30d",
        "files_max_365d",
        "text_length_mean_30d",
        "text_length_min_30d",
        "text_length_max_30d",
        "text_per_file_sum_30d",
        "text_per_file_sum_365d",
        "text_per_file_sum_lifetime",
        "text_per_file_mean_30d",
        "text_per_file_mean_365d",
        "text_per_file_mean_lifetime",
    ],
    rows: pair_mentions,
    asked: |request| Some(vec![request.actor.clone()?, request.candidate.clone()?]),
};

const USER_ACTIVITY: View = View {
    name: "user_activity",
    columns: &[
        ("created", Kind::Int64),
        ("mentioned", Kind::Int64),
        ("area", Kind::Text),
        ("text_per_file", Kind::Float64),
    ],
    features: &[
        "created_count_7d",
        "created_count_30d",
        "created_count_365d",
        "created_sum_365d",
        "created_sum_lifetime",
        "created_mean_365d",
        "created_mean_lifetime",
        "mentioned_count_1d",
        "mentioned_count_7d",
        "mentioned_count_30d",
        "mentioned_count_365d",
        "mentioned_count_lifetime",
        "mentioned_count_30d_offset_30d",
        "area_last_365d",
        "text_per_file_min_30d",
        "text_per_file_min_lifetime",
        "text_per_file_max_30d",
        "text_per_file_max_lifetime",
        "text_per_file_last_30d",
        "text_per_file_last_lifetime",
    ],
    rows: user_activity,
    asked: |request| Some(vec![request.candidate.clone()?]),
};

const AREA_REVIEWERS: View = View {
    name: "area_reviewers",
    columns: &[
        ("actor", Kind::Text),
        ("text_length", Kind::Int64),
        ("text_per_file", Kind::Float64),
    ],
    features: &[
        "count_7d",
        "count_30d",
        "count_365d",
        "count_lifetime",
        "actor_last_365d",
        "text_length_max_365d",
        "text_length_max_lifetime",
        "text_per_file_mean_30d",
        "text_per_file_mean_365d",
    ],
    rows: area_reviewers,
    asked: |request| Some(vec![request.area.clone()?, request.candidate.clone()?]),
};

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

/// Length of the message for each file touched; null where no file is.
fn text_per_file(event: &Event) -> Value {
    match event.files {
        0 => Value::Null,
        files => Value::Float64(event.text_length as f64 / files as f64),
    }
}

fn pair_mentions(event: &Event) -> Vec<Keyed> {
    let Some(mentioned) = &event.mentioned else { return vec![] };
    let values = vec![
        text(&event.kind),
        text(&event.issue),
        Value::Timestamp(event.event_time),
        Value::Int64(event.files),
        Value::Int64(event.text_length),
        text_per_file(event),
    ];
    vec![Keyed { key: vec![event.actor.clone(), mentioned.clone()], values }]
}

/// The actor's row comes first. `created` holds the files of an issue its user created, and
/// `mentioned` those of one its user was mentioned in; each is null in the other role.
fn user_activity(event: &Event) -> Vec<Keyed> {
    let area = || event.area.as_deref().map_or(Value::Null, text);
    let files = Value::Int64(event.files);
    let created = if event.kind == "created" { files.clone() } else { Value::Null };
    let mut rows = vec![Keyed {
        key: vec![event.actor.clone()],
        values: vec![created, Value::Null, area(), text_per_file(event)],
    }];
    if let Some(mentioned) = &event.mentioned {
        rows.push(Keyed {
            key: vec![mentioned.clone()],
            values: vec![Value::Null, files, area(), text_per_file(event)],
        });
    }
    rows
}

fn area_reviewers(event: &Event) -> Vec<Keyed> {
    let (Some(area), Some(mentioned)) = (&event.area, &event.mentioned) else { return vec![] };
    let values = vec![text(&event.actor), Value::Int64(event.text_length), text_per_file(event)];
    vec![Keyed { key: vec![area.clone(), mentioned.clone()], values }]
}

/// Every feature of the example, as a training file's column.
pub fn feature_columns() -> Vec<String> {
    let stored = VIEWS
        .iter()
        .flat_map(|view| view.features.iter().map(|feature| format!("{}.{feature}", view.name)));
    stored.chain(OUTPUTS.iter().map(|output| output.name.to_string())).collect()
}
