//! Wrong requests to the online host are refused, through `lockstep get`.
//!
//! Method: one wrong part in each request; the message must name it and say what the service takes.

use super::Place;

/// Goal: each wrong part of a request is named, with what the service takes.
#[test]
fn wrong_requests_are_refused() {
    let place = Place::with_store();
    let whole = "actor=a candidate=b area=c";
    let get = |request: &str| format!("get mention_ranker {request}");
    place.check(
        &get(&format!("{whole} user=d")),
        2,
        &["mention_ranker takes no \"user\"", "it takes actor, candidate, area"],
    );
    let words = ["mention_ranker needs \"candidate\"", "pair_mentions.mentioned"];
    place.check(&get("actor=a area=c"), 2, &words);
    place.check(&get(&format!("{whole} actor=b")), 2, &["names \"actor\" twice"]);
    for time in ["yesterday", "2024-13-01", "2024-05-01T25:00:00Z", ""] {
        let words = ["--as-of", &format!("{time:?} is not a time"), "write RFC 3339"];
        place.check(&get(&format!("{whole} --as-of={time}")), 2, &words);
    }
}

/// Goal: a deadline that no request can meet is refused, and so is one that is no number.
#[test]
fn deadlines_without_time_are_refused() {
    let place = Place::with_store();
    for (deadline, words) in [("0", "0 is not in 1.."), ("soon", "invalid digit")] {
        let line = format!("get mention_ranker actor=a candidate=b --deadline-ms {deadline}");
        place.check(&line, 2, &["--deadline-ms", words]);
    }
}

/// Goal: `lockstep stream` refuses what it cannot read before it touches the store.
#[test]
fn wrong_streams_are_refused() {
    let place = Place::with_store();
    place.check("stream - --format xml", 2, &["--format \"xml\"", "ndjson, csv or arrow"]);
    place.check("stream --batch-rows 0", 2, &["--batch-rows", "at least 1"]);
    let words = ["already holds source issue_events", "beyond --until-position"];
    place.check("backfill --until-position 3", 2, &words);
}
