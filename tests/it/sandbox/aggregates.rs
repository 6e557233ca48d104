//! User-defined aggregates in the sandbox: a failure affects only the group that failed, and is
//! never a null (S21).
//!
//! Method: the state of the evil guest's aggregate is a sorted list of lines, and a line tells it
//! how to misbehave and in which step: the line `merge trap` traps when it is merged. The expected
//! results for every other group are written down here. Deliberately absent: the laws, which the
//! SDK checks, and what aggregates have in common with transforms.

mod hosts;

use super::evil;
use arrow::array::{ArrayRef, StringArray};
use lockstep_core::Code;
use lockstep_core::value::Value;
use lockstep_guest::{Aggregator, Artifact};
use std::sync::Arc;

/// The evil guest's one aggregate.
const LINES: usize = 0;

/// A state's bytes.
type Part = Arc<[u8]>;

fn part(lines: &str) -> Part {
    lines.as_bytes().into()
}

fn column(lines: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(lines.to_vec()))
}

/// Runs one step on some lines, each alone in its group or state.
fn step(guest: &mut Aggregator, step: &str, lines: &[&str]) -> Vec<Result<String, String>> {
    let text = |state: Part| String::from_utf8(state.to_vec()).unwrap();
    let parts = lines.iter().map(|line| part(&format!("{line}\n")));
    match step {
        "update" => {
            let states = guest.lift(LINES, &column(lines)).unwrap();
            states.into_iter().map(|state| state.map(text)).collect()
        }
        "merge" => {
            let groups: Vec<Vec<Part>> = parts.map(|part| vec![part]).collect();
            let states = guest.merge(LINES, &groups).unwrap();
            states.into_iter().map(|state| state.map(text)).collect()
        }
        _ => {
            let states: Vec<Option<Part>> = parts.map(Some).collect();
            let text = |value: Value| match value {
                Value::String(text) => text.to_string(),
                other => panic!("{other} is no text"),
            };
            let values = guest.finalize(LINES, &states).unwrap();
            values.into_iter().map(|value| value.map(text)).collect()
        }
    }
}

/// Goal: a step that misbehaves affects only the group that asks for it, with a reason. Method: two
/// such groups among honest ones; then the same guest processes honest ones.
#[track_caller]
fn assert_costs_itself(guest: &mut Aggregator, name: &str, misdeed: &str, reason: &str) {
    let bad = format!("{name} {misdeed}");
    let mut lines = ["honest"; 23];
    lines[4] = &bad;
    lines[22] = &bad;
    let found = step(guest, name, &lines);
    for (at, (found, line)) in found.iter().zip(lines).enumerate() {
        match found {
            Ok(state) => assert_eq!((state.as_str(), line), ("honest\n", "honest"), "{at}"),
            Err(found) => {
                assert_eq!(line, bad, "{found}");
                assert!(found.contains(reason), "{bad}: {found:?} has no {reason:?}");
            }
        }
    }
    assert!(found[4].is_err() && found[4] == found[22]);
    assert_eq!(step(guest, name, &["a", "b"]), [Ok("a\n".to_string()), Ok("b\n".to_string())]);
}

/// A guest whose functions were all called before, so that not every call is repeated (S7).
fn guest(artifact: &Artifact) -> Aggregator {
    let mut guest = Aggregator::new(artifact).unwrap();
    for name in ["update", "merge", "finalize"] {
        step(&mut guest, name, &["honest"]);
    }
    guest
}

/// Goal: each step receives the right input, and a group without rows has the right state.
#[test]
fn s21_inputs_become_states_and_states_a_value() {
    let artifact = evil();
    let mut guest = guest(&artifact);
    let unit = guest.lift(LINES, &column(&["b", "a", "b"])).unwrap();
    let unit: Vec<Part> = unit.into_iter().map(Result::unwrap).collect();
    assert_eq!(unit, [part("b\n"), part("a\n"), part("b\n")]);
    assert!(guest.lift(LINES, &column(&[])).unwrap().is_empty());
    let merged = guest.merge(LINES, &[unit, vec![], vec![part("x\n")]]).unwrap();
    let merged: Vec<Part> = merged.into_iter().map(Result::unwrap).collect();
    assert_eq!(merged, [part("a\nb\nb\n"), part(""), part("x\n")]);
    let values = guest.finalize(LINES, &[Some(merged[0].clone()), None]).unwrap();
    assert_eq!(values, [Ok(Value::String("a\nb\nb\n".into())), Ok(Value::String("".into()))]);
    assert!(guest.finalize(LINES, &[]).unwrap().is_empty());
    assert!(guest.merge(LINES, &[]).unwrap().is_empty());
}

/// Goal: a trap, a panic and a refusal affect only one group, in each step (S8, S9).
#[test]
fn s21_a_failure_costs_its_group() {
    let artifact = evil();
    let mut guest = guest(&artifact);
    for name in ["update", "merge", "finalize"] {
        assert_costs_itself(&mut guest, name, "trap", "the aggregate failed: wasm trap");
        assert_costs_itself(&mut guest, name, "panic", "a panic on purpose");
        assert_costs_itself(&mut guest, name, "refuse", "refused on purpose");
        // What an instance did before does not count.
        let warm = format!("{name} trap when warm");
        for lines in [vec![&*warm], vec!["honest", &*warm, &*warm]] {
            let found = step(&mut guest, name, &lines);
            let expected = lines.iter().map(|line| Ok(format!("{line}\n")));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}

/// Goal: every malformed reply about states is detected, and affects only its own group (S21).
#[test]
fn s21_a_lie_costs_its_group() {
    let artifact = evil();
    let mut guest = guest(&artifact);
    for name in ["update", "merge"] {
        for (misdeed, reason) in [
            ("oversize", "has 201 bytes, above its limit of 200"),
            ("lie refused", "groups are refused of 1"),
            ("lie both", "both answered and refused"),
            ("lie count", "states are answered for 1 groups"),
            ("lie fewer", "0 states are answered for 1 groups"),
            ("lie end", "above its limit"),
            ("lie order", "above its limit"),
            ("lie short", "do not fit"),
            ("lie leftover", "1 bytes are left over"),
            ("lie empty", "ends in the middle"),
            ("lie pointer", "out of bounds"),
        ] {
            assert_costs_itself(&mut guest, name, misdeed, reason);
        }
    }
    for (misdeed, reason) in [
        ("skip", "0 rows of 1 are answered"),
        ("twice", "answered twice"),
        ("lie utf8", "utf"),
        ("lie leftover", "1 bytes are left over"),
        ("lie empty", "ends in the middle"),
        ("lie rows", "above the limit"),
    ] {
        assert_costs_itself(&mut guest, "finalize", misdeed, reason);
    }
}

/// Goal: an endless step, excessive memory and a stack overflow affect only their group, and are
/// detected by fuel and bytes.
#[test]
fn s21_greed_costs_its_group() {
    let artifact = evil();
    let mut guest = guest(&artifact);
    for name in ["update", "merge", "finalize"] {
        assert_costs_itself(&mut guest, name, "memory", "bytes of memory");
        assert_costs_itself(&mut guest, name, "recurse", "stack overflowed");
    }
    let found = step(&mut guest, "merge", &["honest", "merge loop"]);
    assert_eq!(found[0].as_deref(), Ok("honest\n"));
    assert!(found[1].as_ref().unwrap_err().contains("units of fuel"), "{found:?}");
}

/// Goal: a state that depends on more than its rows causes a difference between warm and fresh
/// instances, which is found (S7, S21).
#[test]
fn s21_a_state_that_differs_shows_on_fresh_instances() {
    let artifact = evil();
    let mut guest = guest(&artifact);
    let mut states = |fresh: bool| {
        guest.fresh_each_call(fresh);
        [(); 2].map(|()| step(&mut guest, "update", &["update differ"]).remove(0).unwrap())
    };
    assert_eq!(states(false), ["call 0\n", "call 1\n"]);
    assert_eq!(states(true), ["call 0\n", "call 0\n"]);
    let mut guest = Aggregator::new(&artifact).unwrap();
    let error = guest.lift(LINES, &column(&["update differ"])).unwrap_err();
    assert!(matches!(error.code, Code::Impure { .. }), "{error}");
}

/// Goal: any number of groups, and of states in one group, are merged in bounded calls. Method:
/// more than one call and one round can hold, with one failing group among them.
#[test]
fn s21_many_states_are_merged_in_rounds() {
    let artifact = evil();
    let mut guest = guest(&artifact);
    let mut group = vec![part(""); 10_000];
    group[3] = part("b\n");
    group[9_999] = part("a\n");
    let mut failing = group.clone();
    failing[5_000] = part("merge refuse\n");
    let mut groups = vec![group, failing];
    groups.extend((0..3_000).map(|at| vec![part(&format!("{at}\n")); 2]));
    let merged = guest.merge(LINES, &groups).unwrap();
    assert_eq!(merged[0].as_ref().unwrap(), &part("a\nb\n"));
    assert_eq!(merged[1], Err("refused on purpose".to_string()));
    for (at, state) in merged[2..].iter().enumerate() {
        assert_eq!(state.as_ref().unwrap(), &part(&format!("{at}\n{at}\n")));
    }
}
