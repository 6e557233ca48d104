//! On-demand transforms: request columns, then stored features, to one answer a row.

use crate::flat::{Cells, batch, int, outcome, text};
use crate::fresh;
use lockstep_sdk::__::{OnDemand, Run};
use lockstep_sdk::prelude::*;

#[derive(Request)]
struct Question<'a> {
    name: &'a str,
    as_of: EventTime,
}

#[derive(Features)]
struct Known<'a> {
    #[from(view.count_1d)]
    count: i64,
    #[from(view.name_last_lifetime)]
    last: Option<&'a str>,
}

#[derive(Outputs)]
struct Greeting {
    text: String,
    late: Option<bool>,
}

#[on_demand]
fn greeting(question: &Question, known: &Known) -> Greeting {
    let text = format!("{} {} {:?}", question.name, known.count, known.last);
    Greeting { text, late: known.last.map(|_| question.as_of.as_micros() > 5) }
}

#[on_demand(owner = "tests", tags = ["a"])]
fn choosy(question: &Question<'_>, known: &Known<'_>) -> Result<Greeting, String> {
    if known.count == 0 {
        Err(format!("no {}", question.name))
    } else {
        Ok(greeting(question, known))
    }
}

const ALL: &[Run] = &[<greeting as OnDemand>::run, <choosy as OnDemand>::run];

/// Goal: each row is answered once, or refused. Method: both forms over the same three rows.
#[test]
fn each_row_is_answered_or_refused() {
    let last = Cells::Text(vec![None, Some("x".to_string()), None]);
    let batch = batch(3, &[text(&["a", "b", "c"]), int(&[1, 9, 9]), int(&[0, 1, 2]), last]);
    let said = ["a 0 None", "b 1 Some(\"x\")", "c 2 None"];
    let late = Cells::Flag(vec![None, Some(true), None]);
    assert_eq!(fresh(ALL, 1, &batch), outcome(&[], &[0, 1, 2], &[text(&said), late]));
    let late = Cells::Flag(vec![Some(true), None]);
    assert_eq!(fresh(ALL, 2, &batch), outcome(&[(0, "no a")], &[1, 2], &[text(&said[1..]), late]));
}
