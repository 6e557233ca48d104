//! What a view may return, and what becomes of it.

use crate::flat::{batch, int, outcome, text};
use crate::fresh;
use lockstep_sdk::__::{Run, Transform};
use lockstep_sdk::prelude::*;

#[derive(Event)]
#[event(source = "numbers", time = at)]
struct Number {
    at: EventTime,
    number: i64,
}

#[derive(Debug, PartialEq, View)]
#[view(key = [number])]
#[features(count, windows = ["1d"])]
struct Seen {
    number: i64,
    how: &'static str,
}

#[transform]
fn one(event: &Number) -> Seen {
    Seen { number: event.number + event.at.as_micros(), how: "one" }
}

#[transform]
fn odd(event: &Number) -> Option<Seen> {
    (event.number % 2 == 1).then_some(Seen { number: event.number, how: "odd" })
}

#[transform]
fn many(event: &Number) -> Vec<Seen> {
    (0..event.number).map(|number| Seen { number, how: "many" }).collect()
}

#[transform]
fn pair(event: &Number) -> [Option<Seen>; 2] {
    [odd(event), Some(one(event))]
}

#[transform]
fn refusing(event: &Number) -> Result<Vec<Seen>, String> {
    match event.number {
        1 => Err("one is refused".to_string()),
        3 => Err("é".repeat(5_000)),
        _ => Ok(many(event)),
    }
}

#[transform]
fn panicking(event: &Number) -> Seen {
    if event.number == 2 { panic!("two") } else { one(event) }
}

const ALL: &[Run] = &[
    <one as Transform>::run,
    <odd as Transform>::run,
    <many as Transform>::run,
    <pair as Transform>::run,
    <refusing as Transform>::run,
    <panicking as Transform>::run,
];

fn numbers(numbers: &[i64]) -> Vec<u8> {
    batch(numbers.len(), &[int(&vec![0; numbers.len()]), int(numbers)])
}

/// Goal: rows come in the order of their events and of the function, each with its source row.
#[test]
fn rows_know_their_events() {
    let batch = numbers(&[0, 1, 2, 3]);
    let seen = |sources: &[usize], number: &[i64], how: &[&str]| {
        outcome(&[], sources, &[int(number), text(how)])
    };
    assert_eq!(fresh(ALL, 1, &batch), seen(&[0, 1, 2, 3], &[0, 1, 2, 3], &["one"; 4]));
    assert_eq!(fresh(ALL, 2, &batch), seen(&[1, 3], &[1, 3], &["odd"; 2]));
    assert_eq!(fresh(ALL, 4, &batch), seen(&[1, 2, 2, 3, 3, 3], &[0, 0, 1, 0, 1, 2], &["many"; 6]));
    let how = ["one", "odd", "one", "one", "odd", "one"];
    assert_eq!(fresh(ALL, 8, &batch), seen(&[0, 1, 1, 2, 3, 3], &[0, 1, 1, 2, 3, 3], &how));
}

/// Goal: an `Err` refuses its event and no other, and its reason is cut at a character, with a
/// mark (S8).
#[test]
fn s08_an_error_refuses_its_event_alone() {
    let cut = format!("{}…", "é".repeat(2_046));
    let expected =
        outcome(&[(0, "one is refused"), (2, &cut)], &[1, 1], &[int(&[0, 1]), text(&["many"; 2])]);
    assert_eq!(fresh(ALL, 16, &numbers(&[1, 2, 3, 0])), expected);
}

/// Goal: several views of one call answer in ascending order, none is run that was not asked for.
/// Method: the answers of single calls joined; the view that panics is left out.
#[test]
fn several_views_answer_in_order() {
    let batch = numbers(&[2, 1, 0]);
    let singles: Vec<u8> = [0, 2, 4].iter().flat_map(|at| fresh(ALL, 1 << at, &batch)).collect();
    assert_eq!(fresh(ALL, 0b10101, &batch), singles);
    assert_eq!(fresh(ALL, 0, &batch), Vec::<u8>::new());
}

/// Goal: rows depend on their event alone (S7). Method: a batch against its halves, row by row.
#[test]
fn s07_a_row_depends_on_its_event_alone() {
    let events = [5, 0, 1, 4, 3, 2];
    let whole = fresh(ALL, 4, &numbers(&events));
    let mut expected = (Vec::new(), Vec::new());
    for (row, number) in events.iter().enumerate() {
        let alone = fresh(ALL, 4, &numbers(&[*number]));
        let rows: Vec<i64> = (0..*number).collect();
        let zeros = vec![0; rows.len()];
        let how = vec!["many"; rows.len()];
        assert_eq!(alone, outcome(&[], &zeros, &[int(&rows), text(&how)]));
        expected.0.extend(vec![row; rows.len()]);
        expected.1.extend(rows);
    }
    let how = vec!["many"; expected.1.len()];
    assert_eq!(whole, outcome(&[], &expected.0, &[int(&expected.1), text(&how)]));
}

/// Goal: a panic is a trap, not an answer; and a set with an unknown view is refused.
#[test]
fn panics_are_no_answers() {
    assert!(std::panic::catch_unwind(|| fresh(ALL, 32, &numbers(&[1, 2]))).is_err());
    let unknown = std::panic::catch_unwind(|| fresh(ALL, 64, &numbers(&[1])));
    let message = *unknown.unwrap_err().downcast::<&str>().unwrap();
    assert!(message.contains("does not have"), "{message}");
}

/// Goal: an author's function stays a function.
#[test]
fn functions_are_ordinary() {
    let event = Number { at: EventTime::from_micros(1), number: 3 };
    assert_eq!(one(&event), Seen { number: 4, how: "one" });
    assert_eq!(many(&event).len(), 3);
    log!("{} rows of {event}", many(&event).len(), event = event.number);
}
