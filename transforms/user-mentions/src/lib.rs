//! Whom will an author mention next?
//!
//! Three views of a tracker's event log, and a score at request time from all three. Each view
//! looks at one event alone. Deliberately absent: ranking, which is the caller's.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

use lockstep_sdk::prelude::*;

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
    pub issue: &'a str,
    pub area: Option<&'a str>,
    pub files: i64,
    pub text_length: i64,
}

impl IssueEvent<'_> {
    /// Length of the text for each file touched; null where no file is.
    fn text_per_file(&self) -> Option<f64> {
        (self.files != 0).then(|| self.text_length as f64 / self.files as f64)
    }
}

/// How often and how lately one user mentions another.
#[derive(Debug, PartialEq, View)]
#[view(key = [actor, mentioned], owner = "search-and-smarts", tags = ["mentions"], history = "30d")]
#[features(count, windows = ["1d", "7d", "30d", "365d", "lifetime"])]
pub struct PairMentions<'a> {
    pub actor: &'a str,
    pub mentioned: &'a str,
    #[features(first, last, windows = ["lifetime"])]
    pub kind: &'a str,
    #[features(last, windows = ["30d", "365d"])]
    pub issue: &'a str,
    /// When the mention happened.
    #[features(min, max, windows = ["lifetime"])]
    pub mentioned_at: EventTime,
    #[features(sum, max, windows = ["30d", "365d"])]
    pub files: i64,
    #[features(mean, min, max, windows = ["30d"])]
    pub text_length: i64,
    /// Length of the text for each file touched.
    #[features(sum, mean, windows = ["30d", "365d", "lifetime"])]
    pub text_per_file: Option<f64>,
}

#[transform]
pub fn pair_mentions<'a>(event: &IssueEvent<'a>) -> Option<PairMentions<'a>> {
    Some(PairMentions {
        actor: event.actor,
        mentioned: event.mentioned?,
        kind: event.kind,
        issue: event.issue,
        mentioned_at: event.event_time,
        files: event.files,
        text_length: event.text_length,
        text_per_file: event.text_per_file(),
    })
}

/// What a user does and how others draw on them: as author of issues, and as the one mentioned.
#[derive(Debug, PartialEq, View)]
#[view(key = [user], owner = "search-and-smarts", tags = ["users"], history = "30d")]
pub struct UserActivity<'a> {
    pub user: &'a str,
    /// Files of an issue that the user created; null in other roles.
    #[features(count, windows = ["7d", "30d", "365d"])]
    #[features(sum, mean, windows = ["365d", "lifetime"])]
    pub created: Option<i64>,
    /// Files of an issue in which the user was mentioned; null in other roles.
    #[features(count, windows = ["1d", "7d", "30d", "365d", "lifetime", "30d offset 30d"])]
    pub mentioned: Option<i64>,
    #[features(last, windows = ["365d"])]
    pub area: Option<&'a str>,
    #[features(min, max, last, windows = ["30d", "lifetime"])]
    pub text_per_file: Option<f64>,
}

#[transform]
pub fn user_activity<'a>(event: &IssueEvent<'a>) -> [Option<UserActivity<'a>>; 2] {
    let row = |user, created, mentioned| UserActivity {
        user,
        created,
        mentioned,
        area: event.area,
        text_per_file: event.text_per_file(),
    };
    let created = (event.kind == "created").then_some(event.files);
    let mentioned = event.mentioned.map(|user| row(user, None, Some(event.files)));
    [Some(row(event.actor, created, None)), mentioned]
}

/// Who is drawn on in an area.
#[derive(Debug, PartialEq, View)]
#[view(key = [area, mentioned], owner = "search-and-smarts", tags = ["areas"], history = "30d")]
#[features(count, windows = ["7d", "30d", "365d", "lifetime"])]
pub struct AreaReviewers<'a> {
    pub area: &'a str,
    pub mentioned: &'a str,
    #[features(last, windows = ["365d"])]
    pub actor: &'a str,
    #[features(max, windows = ["365d", "lifetime"])]
    pub text_length: i64,
    #[features(mean, windows = ["30d", "365d"])]
    pub text_per_file: Option<f64>,
}

#[transform]
pub fn area_reviewers<'a>(event: &IssueEvent<'a>) -> Option<AreaReviewers<'a>> {
    Some(AreaReviewers {
        area: event.area?,
        mentioned: event.mentioned?,
        actor: event.actor,
        text_length: event.text_length,
        text_per_file: event.text_per_file(),
    })
}

/// May `actor` want to mention `candidate`, in an issue about `area`?
#[derive(Debug, Request)]
pub struct MentionRequest<'a> {
    pub actor: &'a str,
    pub candidate: &'a str,
    pub area: Option<&'a str>,
    pub as_of: EventTime,
}

/// What the views know of the actor and the candidate.
#[derive(Debug, Default, Features)]
pub struct Known {
    #[from(pair_mentions.count_30d)]
    pub pair_month: i64,
    #[from(pair_mentions.count_lifetime)]
    pub pair_ever: i64,
    #[from(pair_mentions.mentioned_at_max_lifetime)]
    pub pair_last: Option<EventTime>,
    #[from(user_activity.mentioned_count_365d)]
    pub candidate_year: i64,
    #[from(area_reviewers.count_365d)]
    pub area_year: i64,
    #[from(area_reviewers.text_per_file_mean_365d)]
    pub area_text_per_file: Option<f64>,
}

/// The candidate's standing.
#[derive(Debug, PartialEq, Outputs)]
pub struct MentionScore {
    /// Greater is likelier; 0 for a stranger.
    pub score: f64,
    /// The part of the candidate's mentions of the last year that fell in the area.
    pub area_share: Option<f64>,
    /// Hours since the actor last mentioned the candidate.
    pub hours_since_mention: Option<f64>,
    pub known_in_area: bool,
}

/// How likely the actor mentions the candidate, from habit, recency and the area.
#[on_demand(owner = "search-and-smarts", tags = ["mentions"])]
pub fn mention_score(request: &MentionRequest<'_>, known: &Known) -> MentionScore {
    let hours = |since: EventTime| request.as_of.micros_since(since) as f64 / HOUR_US as f64;
    let hours_since_mention = known.pair_last.map(hours);
    // A mention loses half of its weight in a bit less than three weeks.
    let recency = hours_since_mention.map_or(0.0, |hours| libm::exp(-hours / 720.0));
    let habit = libm::log1p(known.pair_ever as f64) + 2.0 * libm::log1p(known.pair_month as f64);
    let in_area = libm::log1p(known.area_year as f64);
    // Long texts about few files are discussions, which draw more reviewers.
    let discussion = libm::log1p(known.area_text_per_file.unwrap_or(0.0).max(0.0));
    MentionScore {
        score: habit * (1.0 + recency) + in_area * (1.0 + 0.1 * discussion),
        area_share: (known.candidate_year != 0)
            .then(|| known.area_year as f64 / known.candidate_year as f64),
        hours_since_mention,
        known_in_area: request.area.is_some() && known.area_year > 0,
    }
}

export!(views = [pair_mentions, user_activity, area_reviewers], on_demand = [mention_score]);
