//! Calls that cost too much, in each function that a host calls.
//!
//! Invariant: an item that costs too much is refused, or the call fails for want of time; the items
//! beside it have the answers that they have without it. Deliberately absent: requests, which are
//! in `pool.rs`.

use super::{Case, Time, config, guest_file, names, ticking};
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use lockstep_core::aggregate::user::Part;
use lockstep_core::error::Error;
use lockstep_core::event::arrow_schema;
use lockstep_core::{CallCause, Code};
use lockstep_guest::{
    Aggregator, Artifact, Clock, Engine, EngineConfig, OnDemandRunner, Transformer,
};
use std::sync::Arc;

/// What a guest does, the limit that stops it, and a word of the reason; none if it is a limit of
/// time, which says nothing about an event.
type Misdeed = (&'static str, &'static str, Option<&'static str>);

const MISDEEDS: [Misdeed; 8] = [
    ("loop", "CALL_FUEL_MAX", Some("units of fuel")),
    ("log nothing", "LOG_FUEL", Some("units of fuel")),
    ("log", "CALL_LOG_MAX_BYTES", Some("above the limit of")),
    ("memory", "GUEST_MEMORY_MAX_BYTES", Some("bytes of memory")),
    ("grow in vain", "CALL_GROWS_MAX", Some("grows its memory")),
    ("recurse", "GUEST_STACK_MAX_BYTES", Some("stack overflowed")),
    ("chase", "RERUN_TICKS_MAX", None),
    ("fill", "CALL_FUEL_MAX", Some("units of fuel")),
];

type Run = fn(&Case, Time) -> Result<(), String>;

const HOSTS: [(&str, Run); 5] = [
    ("map", map),
    ("compute", compute),
    ("update", update),
    ("merge", merge),
    ("finalize", finalize),
];

pub(super) fn cases() -> Vec<Case> {
    let cases = HOSTS.iter().flat_map(|&(host, run)| {
        MISDEEDS.iter().map(move |&(name, limit, _)| Case { name, host, limit, run })
    });
    cases.collect()
}

/// The evil guest on an engine of its own, and the clock of its limits if it is moved by hand.
pub(super) fn evil(
    case_is_timed: bool,
    time: Time,
    config: EngineConfig,
) -> Result<(Artifact, Option<Clock>), String> {
    let clock = (case_is_timed && time == Time::Fast).then(Clock::by_hand);
    let config = EngineConfig { clock: clock.clone(), ..config };
    let engine = Engine::new(config).map_err(|error| error.to_string())?;
    let artifact = Artifact::load(&engine, &guest_file());
    Ok((artifact.map_err(|error| error.to_string())?, clock))
}

fn misdeed(case: &Case) -> Misdeed {
    *MISDEEDS.iter().find(|(name, _, _)| *name == case.name).expect("a case is of the table")
}

/// Runs `work` on the evil guest of the case; `work` returns the reason of the refusal.
fn run(
    case: &Case,
    time: Time,
    work: impl FnOnce(&Artifact) -> Result<Result<String, Error>, String>,
) -> Result<(), String> {
    let (_, _, word) = misdeed(case);
    let (artifact, clock) = evil(word.is_none(), time, config(1 << 30))?;
    let done = match &clock {
        Some(clock) => ticking(clock, || work(&artifact)),
        None => work(&artifact),
    };
    match (done?, word) {
        (Ok(reason), Some(word)) => names(&reason, word),
        (Err(error), None) => match &error.code {
            Code::CallFailed { cause: CallCause::Time, .. } => Ok(()),
            other => Err(format!("it fails for another reason: {other:?}: {error}")),
        },
        (Ok(reason), None) => Err(format!("a limit of time refuses an event: {reason}")),
        (Err(error), Some(_)) => Err(format!("it is not refused, the call fails: {error}")),
    }
}

/// Events of these kinds.
fn events(artifact: &Artifact, kinds: &[&str]) -> RecordBatch {
    let rows = kinds.len() as i64;
    let ids: StringArray = (0..rows).map(|row| Some(format!("e{row}"))).collect();
    let times: TimestampMicrosecondArray = (0..rows).map(Some).collect();
    let actors: StringArray = (0..rows).map(|row| Some(format!("actor {row}"))).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        Arc::new(times.with_timezone("UTC")),
        Arc::new(StringArray::from(kinds.to_vec())),
        Arc::new(actors),
        Arc::new((0..rows).collect::<Int64Array>()),
    ];
    let schema = arrow_schema(&artifact.manifest().views[0].event.columns);
    RecordBatch::try_new(schema, columns).expect("events of the guest's columns")
}

/// View 1 misbehaves, view 0 does not, and gets all events.
fn map(case: &Case, time: Time) -> Result<(), String> {
    run(case, time, |artifact| {
        let mut guest = Transformer::new(artifact).map_err(|error| error.to_string())?;
        let bad = events(artifact, &["honest", case.name, "honest"]);
        let mut mapped = |views: &[usize], events: &RecordBatch| guest.map(views, events);
        let answers = match mapped(&[1, 0], &bad) {
            Ok(answers) => answers,
            Err(error) => return Ok(Err(error)),
        };
        let honest = events(artifact, &["honest"; 3]);
        let expected = mapped(&[0], &honest).map_err(|error| error.to_string())?.remove(0);
        if answers[1] != expected {
            return Err("another view of the event has other rows".to_string());
        }
        let kept = arrow::compute::concat_batches(
            &expected.rows.schema(),
            [&expected.rows.slice(0, 1), &expected.rows.slice(2, 1)],
        );
        let kept = kept.map_err(|error| error.to_string())?;
        match &answers[0].refused[..] {
            [one] if one.row == 1 && answers[0].rows == kept => Ok(Ok(one.reason.clone())),
            _ => Err(format!("other events are refused, or have other rows: {answers:?}")),
        }
    })
}

fn compute(case: &Case, time: Time) -> Result<(), String> {
    run(case, time, |artifact| {
        let mut guest = OnDemandRunner::new(artifact).map_err(|error| error.to_string())?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["a", case.name, "c"])),
            Arc::new(Float64Array::from(vec![0.0, 1.0, 2.0])),
            Arc::new(Int64Array::from(vec![0; 3])),
        ];
        let schema = guest.input_schema(0).map_err(|error| error.to_string())?.clone();
        let rows = RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())?;
        let answers = match guest.compute(0, &rows) {
            Ok(answers) => answers,
            Err(error) => return Ok(Err(error)),
        };
        let expected: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 3.0]));
        match &answers.refused[..] {
            [one] if one.row == 1 && answers.rows.column(0) == &expected => {
                Ok(Ok(one.reason.clone()))
            }
            _ => Err(format!("other requests are refused, or have other answers: {answers:?}")),
        }
    })
}

/// The state of one text.
fn state(text: &str) -> Part {
    format!("{text}\n").into_bytes().into()
}

fn update(case: &Case, time: Time) -> Result<(), String> {
    let bad = format!("update {}", case.name);
    run(case, time, |artifact| {
        let mut guest = Aggregator::new(artifact).map_err(|error| error.to_string())?;
        let column: ArrayRef = Arc::new(StringArray::from(vec!["a", &bad, "c"]));
        Ok(guest.lift(0, &column).map(|states| beside(states, &[state("a"), state("c")])))
            .and_then(turned)
    })
}

fn merge(case: &Case, time: Time) -> Result<(), String> {
    let bad = format!("merge {}", case.name);
    run(case, time, |artifact| {
        let mut guest = Aggregator::new(artifact).map_err(|error| error.to_string())?;
        let groups = [vec![state("a")], vec![state(&bad)], vec![state("c")]];
        Ok(guest.merge(0, &groups).map(|states| beside(states, &[state("a"), state("c")])))
            .and_then(turned)
    })
}

fn finalize(case: &Case, time: Time) -> Result<(), String> {
    let bad = format!("finalize {}", case.name);
    run(case, time, |artifact| {
        let mut guest = Aggregator::new(artifact).map_err(|error| error.to_string())?;
        let states = [Some(state("a")), Some(state(&bad)), Some(state("c"))];
        let text = |text: &str| lockstep_core::value::Value::String(text.into());
        Ok(guest.finalize(0, &states).map(|values| beside(values, &[text("a\n"), text("c\n")])))
            .and_then(turned)
    })
}

/// The reason of the second of three outcomes, if the others are these.
fn beside<T: PartialEq + std::fmt::Debug>(
    outcomes: Vec<Result<T, String>>,
    expected: &[T; 2],
) -> Result<String, String> {
    match &outcomes[..] {
        [Ok(first), Err(reason), Ok(last)] if *first == expected[0] && *last == expected[1] => {
            Ok(reason.clone())
        }
        _ => Err(format!("other items are refused, or have other answers: {outcomes:?}")),
    }
}

fn turned(done: Result<Result<String, String>, Error>) -> Result<Result<String, Error>, String> {
    match done {
        Ok(Ok(reason)) => Ok(Ok(reason)),
        Ok(Err(escaped)) => Err(escaped),
        Err(error) => Ok(Err(error)),
    }
}
