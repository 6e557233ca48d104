//! Wrong declarations are refused: `lockstep.toml` with one mistake, whose line the error names.
//!
//! Deliberately absent: mistakes in artifacts (`artifacts.rs`).

use super::Place;
use std::fs;

const TRAIN: &str = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";

/// The project file with one change, and the words that the error must contain.
fn check(old: &str, new: &str, words: &[&str]) {
    let place = Place::new();
    place.edit(old, new);
    place.check(TRAIN, 2, words);
}

/// Goal: an unknown view, feature, key column or key of the file is an error that names the line
/// and the known names.
#[test]
fn unknown_names_are_refused_with_their_line() {
    check(
        "\"pair_mentions.*\"",
        "\"pair_mention.*\"",
        &["lockstep.toml:8", "no view \"pair_mention\"", "the views are pair_mentions"],
    );
    check(
        "\"user_activity.*\"",
        "\n  \"user_activity.count_7d\"",
        &[
            "lockstep.toml:9",
            "user_activity has no feature \"count_7d\"",
            "its features are created",
        ],
    );
    check(
        "\"mention_score.*\"",
        "\"mention_score.rank\"",
        &["lockstep.toml:8", "no output \"rank\"", "its outputs are score"],
    );
    check(
        "\"pair_mentions.*\"",
        "\"pair_mentions\"",
        &["lockstep.toml:8", "view.feature or view.*"],
    );
    check(
        "user = \"candidate\"",
        "usr = \"candidate\"",
        &["lockstep.toml:9", "\"usr\"", "no key column of view user_activity", "its key is user"],
    );
    check(
        "user_activity = {",
        "users = {",
        &["lockstep.toml:9", "keys names view \"users\"", "the views are"],
    );
    check("[store]", "[stores]", &["lockstep.toml:11", "stores"]);
    check("path = \"store\"", "path = store", &["lockstep.toml:12"]);
    check("files = ", "file = ", &["lockstep.toml:2", "file"]);
}

/// Goal: keys of a view that the service does not use are an error, not ignored.
#[test]
fn keys_of_a_view_that_is_not_served_are_refused() {
    check(
        "\"area_reviewers.*\", \"mention_score.*\"",
        "\"user_activity.created_count_7d\"",
        &["lockstep.toml:9", "area_reviewers", "does not serve"],
    );
}

/// Goal: for a service, a source or a project that does not exist, the error lists those that do.
#[test]
fn absent_services_sources_and_projects_are_named() {
    let place = Place::new();
    let train = "training-set ranker --spine @mentions.parquet -o @out.parquet";
    place.check(train, 2, &["lockstep.toml", "no service \"ranker\"", "mention_ranker"]);
    place.check("get ranker", 2, &["no service \"ranker\"", "mention_ranker"]);
    place.check(
        "stream --source clicks",
        2,
        &["no view reads a source \"clicks\"", "issue_events"],
    );
    place.check("stream --events clicks", 2, &["--events \"clicks\"", "SOURCE=FILE"]);
    place.check("stream --events clicks=@x.parquet", 2, &["source \"clicks\"", "issue_events"]);
    fs::remove_file(place.path("lockstep.toml")).unwrap();
    place.check(TRAIN, 2, &["lockstep.toml", "--project", "lockstep new"]);
}

/// Goal: a project that lacks a part says which, and how to add it.
#[test]
fn absent_parts_of_a_project_are_named() {
    check(
        "files = \"issue_events.parquet\"",
        "",
        &["no files for source \"issue_events\"", "[sources.issue_events] files =", "--events"],
    );
    check("user_mentions = \"user_mentions.wasm\"", "", &["names no artifacts", "[artifacts]"]);
    let place = Place::new();
    place.edit("[store]\npath = \"store\"", "");
    for command in ["backfill", "stream", "get mention_ranker actor=a candidate=b"] {
        place.check(command, 2, &["names no store", "[store] path =", "--store"]);
    }
}

/// Goal: a pipe in the place of a file of the project is refused by name; nothing waits for it.
#[test]
fn pipes_in_the_place_of_files_are_refused() {
    for name in ["lockstep.toml", "lockstep.lock", "user_mentions.wasm"] {
        let place = Place::new();
        let _ = fs::remove_file(place.path(name));
        let made = std::process::Command::new("mkfifo").arg(place.path(name)).status();
        assert!(made.unwrap().success());
        for command in [TRAIN, "backfill", "get mention_ranker"] {
            place.ends(command, 2, &[name]);
        }
    }
}
