//! Every type, aggregate, window and boundary in one artifact: what the tests drive.
//!
//! The views pass their columns through, so that a test knows each row from its event. One reads a
//! source without event ids, the others a source with them. Deliberately absent: meaning.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

mod aggregates;
mod windows;

pub use aggregates::{EveryAggregate, every_aggregate};
use lockstep_sdk::prelude::*;
pub use windows::{EveryWindow, every_window};

/// An event with a value of each type.
#[derive(Event)]
#[event(source = "typed", time = event_time, id = event_id)]
pub struct Typed<'a> {
    pub event_id: &'a str,
    pub event_time: EventTime,
    pub number: i64,
    pub name: &'a str,
    pub int: Option<i64>,
    pub double: Option<f64>,
    pub single: Option<f32>,
    pub flag: Option<bool>,
    pub text: Option<&'a str>,
    pub moment: Option<EventTime>,
    pub vector: Option<List<'a, f64>>,
}

/// Every aggregate that applies to every type, over a short, a long and the lifetime window.
#[derive(View)]
#[view(key = [number, name], owner = "tests", tags = ["types"], history = "12h")]
#[features(count, windows = ["1h", "1d", "30d", "365d", "lifetime"])]
pub struct EveryType<'a> {
    pub number: i64,
    pub name: &'a str,
    #[features(count, sum, mean, min, max, first, last, windows = ["1h", "30d", "lifetime"])]
    pub int: Option<i64>,
    #[features(count, sum, mean, min, max, first, last, windows = ["1h", "30d", "lifetime"])]
    pub double: Option<f64>,
    #[features(count, sum, mean, min, max, first, last, windows = ["1d", "lifetime"])]
    pub single: Option<f32>,
    #[features(count, min, max, first, last, windows = ["1d", "lifetime"])]
    pub flag: Option<bool>,
    #[features(count, min, max, first, last, windows = ["1d", "lifetime"])]
    pub text: Option<&'a str>,
    #[features(count, min, max, first, last, windows = ["1d", "lifetime"])]
    pub moment: Option<EventTime>,
}

#[transform]
fn every_type<'a>(event: &Typed<'a>) -> EveryType<'a> {
    EveryType {
        number: event.number,
        name: event.name,
        int: event.int,
        double: event.double,
        single: event.single,
        flag: event.flag,
        text: event.text,
        moment: event.moment,
    }
}

/// The other boundary, a delay, and a window that ended some time ago.
#[derive(View)]
#[view(key = [name], boundary = "inclusive", delay = "90s", history = "12h")]
#[features(count, windows = ["1h", "lifetime"])]
pub struct Shifted<'a> {
    pub name: &'a str,
    #[features(sum, last, windows = ["2h", "7d offset 7d", "1h offset 1h"])]
    pub int: Option<i64>,
}

#[transform]
fn shifted<'a>(event: &Typed<'a>) -> Option<Shifted<'a>> {
    Some(Shifted { name: event.name, int: event.int })
}

/// Several rows an event, so that a row's ordinal decides ties; and refused events.
#[derive(View)]
#[view(key = [part], null_keys, history = "12h")]
#[features(count, windows = ["1d", "latest event in 1d", "latest event in 6h exact"])]
pub struct Parts {
    pub part: Option<i64>,
    #[features(first, last, max, windows = ["1d", "lifetime"])]
    #[features(sum, first, last, list, windows = ["latest event in 2d"])]
    pub ordinal: i64,
}

#[transform]
fn parts(event: &Typed<'_>) -> Result<Vec<Parts>, String> {
    if event.name == "refused" {
        return Err(format!("number {} is refused", event.number));
    }
    let rows = event.number.rem_euclid(4);
    Ok((0..rows).map(|ordinal| Parts { part: event.int.map(|i| i % 2), ordinal }).collect())
}

/// An event without an identity: a multiset.
#[derive(Event)]
#[event(source = "anonymous", time = event_time)]
pub struct Anonymous<'a> {
    pub event_time: EventTime,
    pub name: &'a str,
    pub amount: Option<f64>,
}

/// First and last where the whole row decides ties.
#[derive(View)]
#[view(key = [name], history = "12h")]
#[features(count, windows = ["1d"])]
pub struct Untold<'a> {
    pub name: &'a str,
    #[features(sum, first, last, windows = ["1d", "lifetime"])]
    pub amount: Option<f64>,
}

#[transform]
fn untold<'a>(event: &Anonymous<'a>) -> Untold<'a> {
    Untold { name: event.name, amount: event.amount }
}

/// What is asked.
#[derive(Request)]
pub struct Question<'a> {
    pub name: &'a str,
    pub weight: Option<f64>,
    pub as_of: EventTime,
}

/// What is known.
#[derive(Features)]
pub struct Known<'a> {
    #[from(shifted.count_lifetime)]
    pub events: i64,
    #[from(every_type.double_mean_30d)]
    pub mean: Option<f64>,
    #[from(every_type.moment_max_lifetime)]
    pub moment: Option<EventTime>,
    #[from(every_aggregate.text_last_n_4_1d)]
    pub texts: List<'a, &'a str>,
    #[from(every_aggregate.vector_vector_sum_3_m20_lifetime)]
    pub vector: Option<List<'a, f64>>,
}

/// One output of each type that an answer may hold.
#[derive(Outputs)]
pub struct Answer<'a> {
    pub greeting: String,
    pub weighted: Option<f64>,
    pub age_us: Option<i64>,
    pub any: bool,
    pub texts: Vec<Option<&'a str>>,
    pub vector: Option<List<'a, f64>>,
}

#[on_demand]
fn answer<'a>(question: &Question<'_>, known: &Known<'a>) -> Result<Answer<'a>, String> {
    if question.name == "refused" {
        return Err("this name is refused".to_string());
    }
    // A question that depends on what is known: at most so many events, or no answer.
    let most = question.weight.filter(|weight| *weight < 0.0).map(|weight| -weight as i64);
    if most.is_some_and(|most| known.events > most) {
        return Err(format!("{} events are too many", known.events));
    }
    Ok(Answer {
        greeting: format!("{} {}", question.name, known.events),
        weighted: question.weight.zip(known.mean).map(|(weight, mean)| weight * mean),
        age_us: known.moment.map(|moment| question.as_of.as_micros() - moment.as_micros()),
        any: known.events > 0,
        texts: known.texts.iter().rev().collect(),
        vector: known.vector,
    })
}

export!(
    views = [every_type, shifted, parts, untold, every_aggregate, every_window],
    on_demand = [answer]
);
