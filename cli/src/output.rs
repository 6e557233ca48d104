//! Tables and warnings for people, JSON for programs.
//!
//! Invariant: tables fit the terminal. Deliberately absent: progress (`progress_bar.rs`).

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use lockstep_runtime::{Error, Result, SetAside, Value};
use std::io::IsTerminal;

/// How many set-aside events are shown one by one.
const SHOWN_SET_ASIDE_MAX: usize = 5;

/// A table with these column titles; columns from `numbers_from` on are aligned to the right.
pub fn table(titles: &[&str], rows: Vec<Vec<String>>, numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(titles);
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Prints on standard error which events were set aside, the first few in full.
pub fn report_set_aside(events: &[(String, SetAside)]) {
    for (source, event) in events.iter().take(SHOWN_SET_ASIDE_MAX) {
        let view = event.view.as_ref().map_or(String::new(), |view| format!(" for view {view}"));
        eprintln!("set aside{view}: {source}, position {}: {}", event.position, event.reason);
    }
    if events.len() > SHOWN_SET_ASIDE_MAX {
        eprintln!("… and {} more", events.len() - SHOWN_SET_ASIDE_MAX);
    }
}

/// The end of a sentence about events that were set aside: the first of them and its reason.
pub fn the_first(event: Option<&SetAside>) -> String {
    event.map_or(String::new(), |event| {
        let view = event.view.as_ref().map_or(String::new(), |view| format!(" for view {view}"));
        format!("; the first{view}, position {}: {}", event.position, event.reason)
    })
}

/// Prints a value as JSON on standard output.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::bug("the answer has no JSON").because(error))?;
    println!("{text}");
    Ok(())
}

/// A number with thousands separated, as in `77,677`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A value as JSON: numbers are numbers, times RFC 3339, NaN and the infinities text.
pub fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float32(value) if value.is_finite() => f64::from(*value).into(),
        Value::Float64(value) if value.is_finite() => (*value).into(),
        Value::Float32(value) => infinite(f64::from(*value)).into(),
        Value::Float64(value) => infinite(*value).into(),
        Value::List(values) => values.iter().map(json_value).collect(),
        Value::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| (key.to_string(), json_value(value)));
            serde_json::Value::Object(pairs.collect())
        }
        Value::String(_) | Value::Timestamp(_) => value.to_string().into(),
    }
}

fn infinite(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}
