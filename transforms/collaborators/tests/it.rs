//! The aggregates keep the laws, the functions natively, and what the artifact declares.
//!
//! Deliberately absent: the hosts, whose tests run this artifact on a part of the log.

use collaborators::{
    AreaTexts, AuthorMentions, IssueEvent, LogQuantiles, MANIFEST, SmallestHashes, area_texts,
    author_mentions,
};
use lockstep_sdk::laws::{check, samples};
use lockstep_sdk::prelude::*;
use serde_json::Value;

fn state<A: Aggregate>(inputs: &[A::Input<'_>]) -> A {
    let mut state = A::zero();
    inputs.iter().for_each(|input| state.update(*input));
    state
}

fn event() -> IssueEvent<'static> {
    IssueEvent {
        event_id: "e1",
        event_time: EventTime::from_micros(7),
        kind: "reviewed",
        actor: "ann",
        mentioned: Some("bob"),
        area: Some("arch"),
        files: 0,
        text_length: 10,
    }
}

/// Goal: any grouping of any rows gives the same bytes (S21). Method: the SDK's check, on values in
/// few bins and in all.
#[test]
fn s21_log_quantiles_are_lawful() {
    check::<LogQuantiles>(&samples(100));
    check::<LogQuantiles>(&(0..20).collect::<Vec<i64>>());
}

/// Goal: as above. Method: fewer texts than are kept, as many, and far more.
#[test]
fn s21_smallest_hashes_are_lawful() {
    for count in [3, 8, 9, 60] {
        check::<SmallestHashes>(&samples::<&str>(count));
    }
}

/// Goal: a quantile is the lower end of the bin with its rank. Method: ranks counted by hand.
#[test]
fn quantiles_are_lower_ends() {
    assert_eq!(state::<LogQuantiles>(&[]).finalize(), [0i64; 0]);
    assert_eq!(state::<LogQuantiles>(&[7]).finalize(), [7, 7, 7]);
    assert_eq!(state::<LogQuantiles>(&[3, 1, 2]).finalize(), [2, 3, 3]);
    // 100 lies in [96, 104), 1,000 in [960, 1,024), a million in [983,040, 1,048,576).
    let inputs = [100, 1_000, 1_000_000, 0, -5, 100, 100, 100, 1_000, 1_000];
    assert_eq!(state::<LogQuantiles>(&inputs).finalize(), [96, 960, 983_040]);
}

/// Goal: the counts of the texts that are kept are exact, also when others come and go. Method: each
/// of 40 texts once more than the one before, forwards, backwards and in two halves.
#[test]
fn kept_counts_are_exact() {
    let texts: Vec<String> = (0..40).map(|number| format!("u{number:05}")).collect();
    let rows: Vec<&str> = (0..40).flat_map(|at| vec![texts[at].as_str(); at + 1]).collect();
    let whole = state::<SmallestHashes>(&rows);
    let value = whole.finalize();
    assert_eq!(value.len(), 8);
    for entry in &value {
        let (text, count) = entry.split_once(':').unwrap();
        let number: usize = text[1..].parse().unwrap();
        assert_eq!(count, (number + 1).to_string(), "{text}");
    }
    let backwards: Vec<&str> = rows.iter().rev().copied().collect();
    assert_eq!(state::<SmallestHashes>(&backwards), whole);
    let mut halves = state::<SmallestHashes>(&rows[400..]);
    halves.merge(state(&rows[..400]));
    assert_eq!(halves, whole);
}

/// Goal: bytes that no state encodes to are refused, so that a state has one encoding.
#[test]
fn s21_other_bytes_are_no_states() {
    let mut bytes = Vec::new();
    state::<SmallestHashes>(&["a", "b", "c"]).encode(&mut bytes);
    assert!(SmallestHashes::decode(&bytes).is_ok());
    let swapped = [&bytes[10..], &bytes[..10]].concat();
    let zero = [&[1, b'a'][..], &[0; 8]].concat();
    for bad in [&bytes[..9], &swapped, &zero, &[1, 0xff, 1, 0, 0, 0, 0, 0, 0, 0]] {
        assert!(SmallestHashes::decode(bad).is_err(), "{bad:?}");
    }
    let mut bytes = Vec::new();
    state::<LogQuantiles>(&[1, 100]).encode(&mut bytes);
    assert!(LogQuantiles::decode(&bytes).is_ok());
    let swapped = [&bytes[10..], &bytes[..10]].concat();
    let beyond = [&488u16.to_le_bytes()[..], &[1; 8]].concat();
    for bad in [&bytes[..9], &swapped, &[0; 10], &beyond] {
        assert!(LogQuantiles::decode(bad).is_err(), "{bad:?}");
    }
}

/// Goal: a mention is a row of its author, a text one of its area, and what lacks them is none.
#[test]
fn events_become_rows() {
    let row = AuthorMentions { actor: "ann", reviewed: true, mentioned: "bob" };
    assert_eq!(author_mentions(&event()), Ok(Some(row)));
    let creation = IssueEvent { kind: "created", mentioned: None, files: 2, ..event() };
    assert_eq!(author_mentions(&creation), Ok(None));
    let long = "b".repeat(65);
    let refused = author_mentions(&IssueEvent { mentioned: Some(&long), ..event() });
    assert_eq!(refused, Err("a user's name of 65 bytes".to_string()));
    let row = AreaTexts { area: "arch", kind: "reviewed", text_length: 10, files: None };
    assert_eq!(area_texts(&event()), Some(row));
    let row = AreaTexts { area: "arch", kind: "created", text_length: 10, files: Some(2) };
    assert_eq!(area_texts(&creation), Some(row));
    assert_eq!(area_texts(&IssueEvent { area: None, ..event() }), None);
}

/// Goal: the artifact declares the aggregates, with limits that hold for any rows.
#[test]
fn the_manifest_declares_the_aggregates() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let aggregates = manifest["aggregates"].as_array().unwrap();
    let [hashes, quantiles] = &aggregates[..] else { panic!("{aggregates:?}") };
    assert_eq!(
        (&hashes["name"], &hashes["state_bytes_max"]),
        (&"SmallestHashes".into(), &584.into())
    );
    assert_eq!(
        (&quantiles["name"], &quantiles["output"]["type"]),
        (&"LogQuantiles".into(), &"list<int64>".into())
    );
    let counts = [("author_mentions", 10), ("area_texts", 7)];
    for (view, (name, count)) in manifest["views"].as_array().unwrap().iter().zip(counts) {
        assert_eq!(view["name"], name);
        assert_eq!(view["features"].as_array().unwrap().len(), count, "{name}");
    }
    // An integer of each bin.
    let inputs = (0..60).flat_map(|power| (8..16).map(move |part| part << power)).chain(0..8);
    let mut bytes = Vec::new();
    state::<LogQuantiles>(&inputs.collect::<Vec<i64>>()).encode(&mut bytes);
    assert_eq!(quantiles["state_bytes_max"], bytes.len());
}
