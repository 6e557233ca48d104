//! Aggregates that break one law each.

use lockstep_sdk::laws::{samples, verify};
use lockstep_sdk::prelude::*;

/// What the tests vary: a state is a list of integers, kept as they come.
trait Habit: 'static {
    const STATE_BYTES_MAX: u32 = 65_536;

    fn update(state: &mut Vec<i64>, input: i64) {
        Self::merge(state, vec![input]);
    }

    fn merge(state: &mut Vec<i64>, other: Vec<i64>) {
        state.extend(other);
        state.sort_unstable();
    }

    fn zero() -> Vec<i64> {
        Vec::new()
    }

    fn encode(state: &[i64], bytes: &mut Vec<u8>) {
        state.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    }

    fn decode(bytes: &[u8]) -> Result<Vec<i64>, String> {
        Ok(bytes.as_chunks().0.iter().map(|number| i64::from_le_bytes(*number)).collect())
    }

    fn finalize(state: &[i64]) -> Option<i64> {
        state.last().copied()
    }
}

struct Of<H> {
    state: Vec<i64>,
    habit: std::marker::PhantomData<H>,
}

impl<H> Of<H> {
    fn new(state: Vec<i64>) -> Of<H> {
        Of { state, habit: std::marker::PhantomData }
    }
}

impl<H: Habit> Aggregate for Of<H> {
    type Input<'a> = i64;
    type Output = Option<i64>;
    const STATE_BYTES_MAX: u32 = H::STATE_BYTES_MAX;

    fn zero() -> Self {
        Of::new(H::zero())
    }

    fn update(&mut self, input: i64) {
        H::update(&mut self.state, input);
    }

    fn merge(&mut self, other: Self) {
        H::merge(&mut self.state, other.state);
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        H::encode(&self.state, bytes);
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        H::decode(bytes).map(Of::new)
    }

    fn finalize(&self) -> Option<i64> {
        H::finalize(&self.state)
    }
}

struct Lawful;
impl Habit for Lawful {}

struct Arrival;
impl Habit for Arrival {
    fn merge(state: &mut Vec<i64>, other: Vec<i64>) {
        state.extend(other);
    }
}

struct Long;
impl Habit for Long {
    const STATE_BYTES_MAX: u32 = 80;
}

/// Keeps the last three that came, once there are more.
struct Trimmed;
impl Habit for Trimmed {
    fn merge(state: &mut Vec<i64>, other: Vec<i64>) {
        state.extend(other);
        let excess = state.len().saturating_sub(3);
        state.drain(..excess);
        state.sort_unstable();
    }
}

/// The mean of two means: commutative, but not associative.
struct Mean;
impl Habit for Mean {
    fn merge(state: &mut Vec<i64>, other: Vec<i64>) {
        match (&state[..], &other[..]) {
            ([], _) => *state = other,
            (_, []) => {}
            ([a, ..], [b, ..]) => *state = vec![(a >> 1) + (b >> 1)],
        }
    }
}

struct Seeded;
impl Habit for Seeded {
    fn zero() -> Vec<i64> {
        vec![0]
    }
}

struct Forgetful;
impl Habit for Forgetful {
    fn decode(bytes: &[u8]) -> Result<Vec<i64>, String> {
        Lawful::decode(&bytes[..bytes.len().min(16)])
    }
}

struct Picky;
impl Habit for Picky {
    fn decode(bytes: &[u8]) -> Result<Vec<i64>, String> {
        if bytes.len() > 40 { Err("six are too many".to_string()) } else { Lawful::decode(bytes) }
    }
}

/// Counts twice what is added to a state that has something.
struct Doubling;
impl Habit for Doubling {
    fn update(state: &mut Vec<i64>, input: i64) {
        let copies = if state.is_empty() { 1 } else { 2 };
        Self::merge(state, vec![input; copies]);
    }
}

#[track_caller]
fn assert_broken<H: Habit>(parts: &[&str]) {
    let text = verify::<Of<H>>(&samples(10)).expect_err("it breaks a law").to_string();
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(text.lines().count() <= 6 && text.len() < 2_000, "{text}");
}

/// Goal: each broken law is found and named, with few rows.
#[test]
fn s21_broken_laws_are_named() {
    verify::<Of<Lawful>>(&samples(10)).unwrap();
    assert_broken::<Arrival>(&["merge(a, b) = merge(b, a)", "a has the rows [", "encodes to 0x"]);
    assert_broken::<Long>(&["at most STATE_BYTES_MAX = 80 bytes", "a encodes to"]);
    assert_broken::<Trimmed>(&["breaks a law: split = whole", "merged in a random tree encodes"]);
    assert_broken::<Mean>(&["merge(merge(a, b), c) = merge(a, merge(b, c))"]);
    assert_broken::<Seeded>(&["merge(zero, a) = a"]);
    assert_broken::<Forgetful>(&["breaks a law: "]);
    assert_broken::<Picky>(&["decode reads what encode wrote", "six are too many"]);
    assert_broken::<Doubling>(&["merge(a, b) is the state of the rows of both"]);
}

/// Goal: the same failure each time. Method: twice.
#[test]
fn s21_a_failure_repeats() {
    let first = verify::<Of<Doubling>>(&samples(10)).unwrap_err();
    assert_eq!(verify::<Of<Doubling>>(&samples(10)).unwrap_err(), first);
}
