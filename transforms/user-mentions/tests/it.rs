//! The functions, natively, and what the artifact declares.
//!
//! Deliberately absent: the hosts, whose tests run this artifact on its whole log.

use lockstep_sdk::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use user_mentions::{
    AreaReviewers, IssueEvent, Known, MANIFEST, MentionRequest, MentionScore, PairMentions,
    UserActivity, area_reviewers, mention_score, pair_mentions, user_activity,
};

fn review() -> IssueEvent<'static> {
    IssueEvent {
        event_id: "e1",
        event_time: EventTime::from_micros(7),
        kind: "reviewed",
        actor: "ann",
        mentioned: Some("bob"),
        issue: "i1",
        area: Some("arch"),
        files: 4,
        text_length: 10,
    }
}

fn creation() -> IssueEvent<'static> {
    IssueEvent { kind: "created", mentioned: None, files: 0, ..review() }
}

/// Goal: a mention is a row of its pair, and a creation is none.
#[test]
fn a_mention_is_a_row_of_its_pair() {
    let row = PairMentions {
        actor: "ann",
        mentioned: "bob",
        kind: "reviewed",
        issue: "i1",
        mentioned_at: EventTime::from_micros(7),
        files: 4,
        text_length: 10,
        text_per_file: Some(2.5),
    };
    assert_eq!(pair_mentions(&review()), Some(row));
    assert_eq!(pair_mentions(&creation()), None);
}

/// Goal: an event counts for its author and for the user mentioned, in different roles.
#[test]
fn an_event_counts_in_both_roles() {
    let row = |user, created, mentioned, text_per_file| {
        Some(UserActivity { user, created, mentioned, area: Some("arch"), text_per_file })
    };
    let rows = [row("ann", None, None, Some(2.5)), row("bob", None, Some(4), Some(2.5))];
    assert_eq!(user_activity(&review()), rows);
    assert_eq!(user_activity(&creation()), [row("ann", Some(0), None, None), None]);
}

/// Goal: a mention without an area is nobody's review there.
#[test]
fn a_mention_needs_an_area_to_count_there() {
    let row = AreaReviewers {
        area: "arch",
        mentioned: "bob",
        actor: "ann",
        text_length: 10,
        text_per_file: Some(2.5),
    };
    assert_eq!(area_reviewers(&review()), Some(row));
    assert_eq!(area_reviewers(&IssueEvent { area: None, ..review() }), None);
}

/// Goal: strangers score zero; habit, recency and the area each raise the score.
#[test]
fn the_score_rises_with_what_is_known() {
    let now = EventTime::from_micros(100 * HOUR_US);
    let request = MentionRequest { actor: "ann", candidate: "bob", area: Some("arch"), as_of: now };
    let stranger = mention_score(&request, &Known::default());
    let nothing = MentionScore {
        score: 0.0,
        area_share: None,
        hours_since_mention: None,
        known_in_area: false,
    };
    assert_eq!(stranger, nothing);

    let habit = Known { pair_ever: 3, ..Known::default() };
    let recent = Known {
        pair_last: Some(EventTime::from_micros(64 * HOUR_US)),
        pair_ever: 3,
        ..Known::default()
    };
    let local = Known { area_year: 1, candidate_year: 4, pair_ever: 3, ..Known::default() };
    let score = |known: &Known| mention_score(&request, known).score;
    assert!(score(&habit) > 0.0);
    assert!(score(&recent) > score(&habit));
    assert!(score(&local) > score(&habit));
    assert_eq!(mention_score(&request, &recent).hours_since_mention, Some(36.0));
    let known = mention_score(&request, &local);
    assert_eq!((known.area_share, known.known_in_area), (Some(0.25), true));
    let nowhere = MentionRequest { area: None, ..request };
    assert!(!mention_score(&nowhere, &local).known_in_area);
}

/// Goal: the artifact declares what the tests of the whole system count on.
#[test]
fn the_manifest_declares_the_features() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let views = manifest["views"].as_array().unwrap();
    let counts = [("pair_mentions", 24), ("user_activity", 20), ("area_reviewers", 9)];
    for (view, (name, count)) in views.iter().zip(counts) {
        assert_eq!(view["name"], name);
        assert_eq!(view["features"].as_array().unwrap().len(), count, "{name}");
        assert_eq!(view["event"]["columns"].as_array().unwrap().len(), 9, "{name}");
    }
    let features = || views.iter().flat_map(|view| view["features"].as_array().unwrap());
    let fractions = features().filter(|feature| feature["column"] == "text_per_file");
    assert!(fractions.count() >= 8);
    let aggregates: BTreeSet<&str> =
        features().map(|feature| feature["aggregate"].as_str().unwrap()).collect();
    let all = BTreeSet::from(["count", "sum", "mean", "min", "max", "first", "last"]);
    assert_eq!(aggregates, all);
    let on_demand = &manifest["on_demand"][0];
    assert_eq!(on_demand["name"], "mention_score");
    assert_eq!(on_demand["request"].as_array().unwrap().len(), 4);
    assert_eq!(on_demand["outputs"].as_array().unwrap().len(), 4);
}

/// Goal: each stored feature that the score reads is declared, with its type.
#[test]
fn the_score_reads_features_that_exist() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    for input in manifest["on_demand"][0]["features"].as_array().unwrap() {
        let (view, name) = input["from"].as_str().unwrap().split_once('.').unwrap();
        let views = manifest["views"].as_array().unwrap();
        let view = views.iter().find(|found| found["name"] == view).expect(name);
        let features = view["features"].as_array().unwrap();
        let feature = features.iter().find(|found| found["name"] == name).expect(name);
        assert_eq!(input["nullable"], feature["aggregate"] != "count", "{name}");
    }
}
