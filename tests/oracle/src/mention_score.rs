//! The on-demand part of the user-mentions example: a score from the request and stored features.
//!
//!     habit = ln(1 + mentions ever) + 2 ln(1 + mentions of 30 days)        of the pair
//!     score = habit (1 + e^(-h / 720)) + ln(1 + n) (1 + 0.1 ln(1 + t))
//!
//! where h is the hours since the pair's last mention (never: the power is 0), n the candidate's
//! mentions in the area in 365 days, t the mean text per file of those (none: 0).
//! Invariant: operations in the order of the description, each rounded to a double; `exp` and
//! `log1p` are those of the pinned `libm` crate (S19). Deliberately absent: the platform's maths.

use crate::kind::Kind;
use crate::user_mentions::Request;
use crate::value::Value;

/// The time constant of recency: 30 days.
const RECENCY_HOURS: f64 = 720.0;
/// Microseconds in an hour.
const HOUR_US: f64 = 3.6e9;

/// A value computed from the request and [`INPUTS`].
#[derive(Debug)]
pub struct Output {
    /// `transform.output`, as in a training file.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The formula over the values of [`INPUTS`], in their order.
    pub compute: fn(&Request, &[Value]) -> Value,
}

/// The stored features that the score reads.
pub const INPUTS: [&str; 6] = [
    "pair_mentions.count_lifetime",
    "pair_mentions.count_30d",
    "pair_mentions.mentioned_at_max_lifetime",
    "area_reviewers.count_365d",
    "area_reviewers.text_per_file_mean_365d",
    "user_activity.mentioned_count_365d",
];

/// The transform's outputs.
pub const OUTPUTS: [Output; 4] = [
    Output { name: "mention_score.score", kind: Kind::Float64, compute: score },
    Output { name: "mention_score.area_share", kind: Kind::Float64, compute: area_share },
    Output { name: "mention_score.hours_since_mention", kind: Kind::Float64, compute: hours },
    Output { name: "mention_score.known_in_area", kind: Kind::Bool, compute: known_in_area },
];

fn score(request: &Request, inputs: &[Value]) -> Value {
    let ever = libm::log1p(count(&inputs[0]));
    let month = libm::log1p(count(&inputs[1]));
    let recency = match hours(request, inputs) {
        Value::Float64(hours) => libm::exp(-hours / RECENCY_HOURS),
        _ => 0.0,
    };
    // A mean below 0 counts as 0; text lengths have no sign, but nothing forbids one.
    let per_file = match inputs[4] {
        Value::Float64(mean) if mean > 0.0 => mean,
        _ => 0.0,
    };
    let of_pair = (ever + 2.0 * month) * (1.0 + recency);
    let of_area = libm::log1p(count(&inputs[3])) * (1.0 + 0.1 * libm::log1p(per_file));
    Value::Float64(of_pair + of_area).canonical()
}

/// The part of the candidate's mentions of 365 days that fell in the area.
fn area_share(_: &Request, inputs: &[Value]) -> Value {
    match count(&inputs[5]) {
        0.0 => Value::Null,
        all => Value::Float64(count(&inputs[3]) / all),
    }
}

/// Hours since the pair's last mention; null if there was none.
fn hours(request: &Request, inputs: &[Value]) -> Value {
    match inputs[2] {
        Value::Timestamp(last) => {
            Value::Float64(request.as_of.saturating_sub(last) as f64 / HOUR_US)
        }
        _ => Value::Null,
    }
}

/// Whether the request names an area in which the candidate was mentioned in 365 days.
fn known_in_area(request: &Request, inputs: &[Value]) -> Value {
    Value::Bool(request.area.is_some() && count(&inputs[3]) > 0.0)
}

/// A count as a double. Counts are never null (S16).
fn count(value: &Value) -> f64 {
    match value {
        Value::Int64(count) => *count as f64,
        other => panic!("{other} is no count; INPUTS names one here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::same_bits;

    /// Goal: the formulas, and what they make of nothing. Method: inputs whose logarithms and
    /// powers are known exactly: ln 1 = 0 and e^0 = 1.
    #[test]
    fn scores_of_known_inputs() {
        let request = |area: Option<&str>| Request {
            actor: Some("ann".to_string()),
            candidate: Some("bo".to_string()),
            area: area.map(str::to_string),
            as_of: 7_200_000_000,
        };
        let [score, share, since, known] = OUTPUTS.map(|output| output.compute);
        let check = |found: Value, expected: Value| {
            assert!(same_bits(&found, &expected), "found {found}, expected {expected}");
        };
        let zero = || Value::Int64(0);
        let nothing = [zero(), zero(), Value::Null, zero(), Value::Null, zero()];
        check(score(&request(Some("net")), &nothing), Value::Float64(0.0));
        check(share(&request(Some("net")), &nothing), Value::Null);
        check(since(&request(Some("net")), &nothing), Value::Null);
        check(known(&request(Some("net")), &nothing), Value::Bool(false));

        // 1 mention ever, 2 hours ago; 1 of 4 in the area; no text.
        let some = [
            Value::Int64(1),
            Value::Int64(0),
            Value::Timestamp(0),
            Value::Int64(1),
            Value::Null,
            Value::Int64(4),
        ];
        let ln_2 = std::f64::consts::LN_2;
        let expected = ln_2 * (1.0 + libm::exp(-2.0 / 720.0)) + ln_2;
        check(score(&request(Some("net")), &some), Value::Float64(expected));
        check(share(&request(Some("net")), &some), Value::Float64(0.25));
        check(since(&request(Some("net")), &some), Value::Float64(2.0));
        check(known(&request(Some("net")), &some), Value::Bool(true));
        check(known(&request(None), &some), Value::Bool(false));
    }
}
