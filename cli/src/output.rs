//! Tables and warnings for people, JSON for programs.
//!
//! Invariant: tables fit the terminal. Deliberately absent: progress (`progress_bar.rs`).

use crate::terminal::{say_json, tell};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use lockstep_runtime::{Error, Result, SetAside, shown};
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
    let shown_row = |row: Vec<String>| row.into_iter().map(|cell| shown(&cell).into_owned());
    table.add_rows(rows.into_iter().map(|row| shown_row(row).collect::<Vec<_>>()));
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Prints on standard error which events were set aside, the first few in full.
pub fn report_set_aside(events: &[(String, SetAside)]) {
    for (source, event) in events.iter().take(SHOWN_SET_ASIDE_MAX) {
        let view = event.view.as_ref().map_or(String::new(), |view| format!(" for view {view}"));
        let SetAside { position, reason, .. } = event;
        tell(format!("set aside{view}: {source}, position {position}: {}", shown(reason)));
    }
    if events.len() > SHOWN_SET_ASIDE_MAX {
        tell(format!("… and {} more", events.len() - SHOWN_SET_ASIDE_MAX));
    }
}

/// The end of a sentence about events that were set aside: the first of them and its reason.
pub fn the_first(event: Option<&SetAside>) -> String {
    event.map_or(String::new(), |event| {
        let view = event.view.as_ref().map_or(String::new(), |view| format!(" for view {view}"));
        format!("; the first{view}, position {}: {}", event.position, shown(&event.reason))
    })
}

/// Prints a value as JSON on standard output.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::bug("the answer has no JSON").because(error))?;
    say_json(&text);
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
