//! What `lockstep backfill` and `lockstep stream` say when they are done.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{print_json, the_first, thousands};
use lockstep_runtime::{FillReport, Result};
use serde_json::json;
use std::time::Duration;

/// Reports, and judges by the bad rows.
pub(super) fn print_report(
    what: &str,
    report: &FillReport,
    took: Duration,
    arguments: &ProjectArguments,
) -> Result<Outcome> {
    if arguments.json {
        print_json(&json!({
            "events": report.events, "duplicates": report.duplicates,
            "set_aside": report.set_aside, "position": report.position,
        }))?;
    } else {
        eprintln!(
            "{what} {} events in {:.1} s, up to position {}; {} copies dropped, {} set aside",
            thousands(report.events),
            took.as_secs_f64(),
            thousands(report.position),
            report.duplicates,
            report.set_aside
        );
    }
    if report.set_aside > arguments.bad_rows_max {
        return Ok(Outcome::Found(format!(
            "{} rows were set aside, more than --bad-rows-max {}; the store keeps them with their \
             reasons{}",
            report.set_aside,
            arguments.bad_rows_max,
            the_first(report.first_set_aside.as_ref())
        )));
    }
    Ok(Outcome::Done)
}
