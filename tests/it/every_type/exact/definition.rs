//! Each feature of `exact-types`, from the definitions of docs/FEATURES.md.
//!
//! Deliberately absent: what only the hosts can know: estimates, moments, windows with hops.

use super::kind::{
    COLUMNS, Cell, DAY_COLUMN, NUMBERS, OCTETS, PRICE, WHOLE, number, octets, quotient,
};
use super::log::Row;
use crate::every_type::DAY;
use lockstep_core::value::{Decimal, Value};
use std::collections::BTreeMap;

/// The features of a question by name; those that this file cannot know are missing.
pub(super) fn expected(events: &[Row], question: &Row) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut before: Vec<&Row> = events.iter().filter(|row| row.time < question.time).collect();
    before.sort_by_key(|row| row.time);
    let named: Vec<&Row> = before.iter().copied().filter(|row| row.name == question.name).collect();
    let count = |count: usize| Value::Int64(count as i64);
    for (at, (column, kind)) in COLUMNS.into_iter().enumerate() {
        for (window, length) in [("1d_exact", DAY), ("lifetime", i64::MAX)] {
            let within = named.iter().filter(|row| question.time - row.time <= length);
            let cells: Vec<&Cell> = within.filter_map(|row| row.cells[at].as_ref()).collect();
            let mut put = |aggregate: &str, value: Value| {
                found.insert(format!("exact_values.{column}_{aggregate}_{window}"), value);
            };
            let mut sorted = cells.clone();
            sorted.sort();
            let mut counts: BTreeMap<&Cell, usize> = BTreeMap::new();
            cells.iter().for_each(|cell| *counts.entry(cell).or_default() += 1);
            let mode = counts.iter().rev().max_by_key(|(_, count)| **count);
            put("count", count(cells.len()));
            put("min", kind.optional(sorted.first().copied()));
            put("max", kind.optional(sorted.last().copied()));
            put("first", kind.optional(cells.first().copied()));
            put("last", kind.optional(cells.last().copied()));
            put("last_n_3", kind.list(cells.iter().rev().take(3).map(|cell| Some(*cell))));
            put("top_k_2", kind.list(sorted.iter().rev().take(2).map(|cell| Some(*cell))));
            put("unique_count", count(counts.len()));
            put("mode", kind.optional(mode.map(|(cell, _)| *cell)));
            let pairs = counts.iter().map(|(cell, times)| (kind.value(cell), count(*times)));
            put("histogram", Value::Map(pairs.collect()));
            if at < NUMBERS {
                put("sum", kind.sum(&cells));
                if let Some(mean) = kind.mean(&cells) {
                    put("mean", mean);
                }
            }
        }
        let mut map = |name: String, by: usize, value: &dyn Fn(&[&Row]) -> Value| {
            let mut groups: BTreeMap<&Cell, Vec<&Row>> = BTreeMap::new();
            for row in &named {
                row.cells[by].iter().for_each(|cell| groups.entry(cell).or_default().push(row));
            }
            let pairs = groups.iter().map(|(cell, rows)| (COLUMNS[by].1.value(cell), value(rows)));
            found.insert(format!("exact_values.{name}_lifetime"), Value::Map(pairs.collect()));
        };
        map(format!("count_by_{column}"), at, &|rows| count(rows.len()));
        if at < NUMBERS {
            map(format!("{column}_sum_by_day"), DAY_COLUMN, &|rows| {
                kind.sum(&rows.iter().filter_map(|row| row.cells[at].as_ref()).collect::<Vec<_>>())
            });
        }
        if at == OCTETS {
            map("octets_last_by_whole".to_string(), WHOLE, &|rows| {
                kind.optional(rows.iter().rev().find_map(|row| row.cells[at].as_ref()))
            });
        }
        let lists = || named.iter().filter_map(|row| row.lists[at].as_ref());
        let mut put = |view: &str, feature: String, value: Value| {
            found.insert(format!("{view}.{feature}"), value);
        };
        put("exact_lists", format!("list_{column}_count_lifetime"), count(lists().count()));
        let elements = || lists().flatten().flatten();
        if at == PRICE {
            let dearest = kind.optional(elements().max());
            put("exact_lists", format!("list_{column}_chosen_lifetime"), dearest);
        }
        if at == OCTETS {
            let longest = elements().max_by_key(|cell| (octets(cell).len(), octets(cell)));
            let longest = longest.cloned().unwrap_or(Cell::Octets(vec![]));
            put("exact_lists", format!("list_{column}_chosen_lifetime"), kind.value(&longest));
        }
        // What the on-demand transform makes of the above and of the question.
        let cells: Vec<&Cell> = named.iter().filter_map(|row| row.cells[at].as_ref()).collect();
        let greatest = cells.iter().copied().max().max(question.cells[at].as_ref());
        put("exact_answer", column.to_string(), kind.optional(greatest));
        let last = cells.iter().skip(cells.len().saturating_sub(3)).map(|cell| Some(*cell));
        put("exact_answer", format!("last_{column}"), kind.list(last));
        let asked = question.lists[at].as_ref();
        let asked = asked.map_or(Value::Null, |list| kind.list(list.iter().map(Option::as_ref)));
        put("exact_answer", format!("list_{column}"), asked);
    }
    let of_key =
        before.iter().filter(|row| row.name == question.name && row.cells == question.cells);
    let of_key: Vec<&&Row> = of_key.collect();
    let last = of_key.last().map_or(Value::Null, |row| Value::from(row.id.as_str()));
    found.insert("exact_keys.count_lifetime".to_string(), count(of_key.len()));
    found.insert("exact_keys.event_id_last_lifetime".to_string(), last);
    answer(&named, &mut found);
    found
}

/// What the on-demand transform makes of sums and days.
fn answer(named: &[&Row], found: &mut BTreeMap<String, Value>) {
    let sum = |at: usize| {
        let cells = named.iter().filter_map(|row| row.cells[at].as_ref().map(number));
        let cells: Vec<i128> = cells.collect();
        (!cells.is_empty()).then(|| cells.iter().sum::<i128>())
    };
    let decimal = |unscaled| Value::Decimal(Box::new(Decimal { unscaled, scale: 2 }));
    let optional = |value: Option<Value>| value.unwrap_or(Value::Null);
    let (unsigned, price) = (sum(3), sum(PRICE));
    let digits = price.map(|sum| {
        let (sign, sum) = (if sum < 0 { "-" } else { "" }, sum.abs());
        Value::Bytes(format!("{sign}{}.{:02}", sum / 100, sum % 100).into_bytes().into())
    });
    let sums = [price, unsigned].map(|sum| optional(sum.map(decimal)));
    let days = named.iter().filter_map(|row| row.cells[DAY_COLUMN].as_ref().map(number));
    let week = days.max().and_then(|days| i32::try_from(days + 7).ok());
    for (name, value) in [
        ("digits", optional(digits)),
        ("sums", Value::List(sums.to_vec())),
        ("as_double", optional(price.map(|sum| Value::Float64(quotient(sum, 100))))),
        ("week", optional(week.map(Value::Date))),
    ] {
        found.insert(format!("exact_answer.{name}"), value);
    }
}
