//! With whom does an author work, and how long are an area's texts?
//!
//! Two views of the tracker's event log whose features are aggregates of this crate: a sample of
//! collaborators with exact counts, and quantiles within an eighth. Each aggregate is a commutative
//! monoid with one encoding, which `tests/it.rs` checks. Deliberately absent: the log itself, which
//! lies with `user-mentions`.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

mod log_quantiles;
mod smallest_hashes;

use lockstep_sdk::prelude::*;
pub use log_quantiles::LogQuantiles;
pub use smallest_hashes::{NAME_BYTES_MAX, SmallestHashes};

/// One line of the tracker's event log: an issue created, or a user mentioned in it.
#[derive(Clone, Debug, Event)]
#[event(source = "issue_events", time = event_time, id = event_id)]
pub struct IssueEvent<'a> {
    pub event_id: &'a str,
    pub event_time: EventTime,
    /// created, reviewed, acked, tested, reported, suggested or cc.
    pub kind: &'a str,
    pub actor: &'a str,
    /// Null for `created`.
    pub mentioned: Option<&'a str>,
    pub area: Option<&'a str>,
    pub files: i64,
    pub text_length: i64,
}

/// Whom an author mentions.
#[derive(Debug, PartialEq, View)]
#[view(key = [actor], owner = "search-and-smarts", tags = ["mentions"], history = "30d")]
#[features(count, windows = ["30d", "lifetime"])]
pub struct AuthorMentions<'a> {
    pub actor: &'a str,
    /// Whether the user mentioned reviewed the work.
    pub reviewed: bool,
    #[features(sample = SmallestHashes, windows = ["30d", "30d offset 30d", "365d", "lifetime",
               "30d series 3", "last 20 in 365d", "session 6h in 30d"])]
    #[features(sample = SmallestHashes, where = reviewed, windows = ["365d"])]
    pub mentioned: &'a str,
}

#[transform]
pub fn author_mentions<'a>(event: &IssueEvent<'a>) -> Result<Option<AuthorMentions<'a>>, String> {
    let Some(mentioned) = event.mentioned else { return Ok(None) };
    if mentioned.len() > NAME_BYTES_MAX {
        return Err(format!("a user's name of {} bytes", mentioned.len()));
    }
    let reviewed = event.kind == "reviewed";
    Ok(Some(AuthorMentions { actor: event.actor, reviewed, mentioned }))
}

/// What is written in an area.
#[derive(Debug, PartialEq, View)]
#[view(key = [area], owner = "search-and-smarts", tags = ["areas"], history = "30d")]
pub struct AreaTexts<'a> {
    pub area: &'a str,
    pub kind: &'a str,
    #[features(quantiles = LogQuantiles, windows = ["30d", "365d", "lifetime", "7d step 1d"])]
    #[features(quantiles = LogQuantiles, by = kind, windows = ["365d"])]
    pub text_length: i64,
    /// Files touched; null where none is.
    #[features(quantiles = LogQuantiles, windows = ["30d", "365d"])]
    pub files: Option<i64>,
}

#[transform]
pub fn area_texts<'a>(event: &IssueEvent<'a>) -> Option<AreaTexts<'a>> {
    Some(AreaTexts {
        area: event.area?,
        kind: event.kind,
        text_length: event.text_length,
        files: (event.files != 0).then_some(event.files),
    })
}

export!(views = [author_mentions, area_texts], aggregates = [SmallestHashes, LogQuantiles]);
