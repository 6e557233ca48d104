//! The reports of `lockstep backfill` and `lockstep stream`.

use crate::outcome::Outcome;
use crate::output::{print_json, the_first, thousands};
use crate::terminal::tell;
use lockstep_runtime::{CaughtUp, CaughtUpView, FillReport, Parted, Result};
use serde_json::json;
use std::time::Duration;

/// Prints the report, and decides by the views that stopped and by the number of bad rows how the
/// command ends.
pub(super) fn print_report(
    what: &str,
    report: &FillReport,
    took: Duration,
    bad_rows_max: Option<u64>,
    json: bool,
) -> Result<Outcome> {
    let versions: Vec<String> = report.caught_up.iter().map(version).collect();
    let parted: Vec<String> = report.parted.iter().map(no_way_back).collect();
    if json {
        print_json(&json!({
            "events": report.events, "duplicates": report.duplicates,
            "set_aside": report.set_aside, "position": report.position,
            "caught_up": report.caught_up.iter().map(version_json).collect::<Vec<_>>(),
            "parted": report.parted.iter().map(|it| json!({
                "artifact": it.artifact, "view": it.view, "partition": it.partition,
                "position": it.position,
            })).collect::<Vec<_>>(),
            "stopped": report.stopped.iter().map(|it| json!({
                "artifact": it.artifact, "view": it.view, "partition": it.partition,
                "position": it.position, "reason": it.reason,
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        versions.iter().chain(&parted).for_each(tell);
        tell(format!(
            "{what} {} events in {:.1} s, up to position {}; {} copies dropped, {} set aside",
            thousands(report.events),
            took.as_secs_f64(),
            thousands(report.position),
            report.duplicates,
            report.set_aside
        ));
    }
    // The others are in the report.
    if let Some(stopped) = report.stopped.first() {
        if !json {
            report.stopped[1..].iter().for_each(|it| eprintln!("{}", it.error()));
        }
        return Err(stopped.error());
    }
    match bad_rows_max {
        Some(most) if report.set_aside > most => Ok(Outcome::Found(too_many(report, most))),
        _ => Ok(Outcome::Done),
    }
}

fn too_many(report: &FillReport, most: u64) -> String {
    let ended = match report.is_over {
        true => ", and the run ended there; correct them or allow more, and run it again",
        false => "",
    };
    format!(
        "{} rows were set aside, more than --bad-rows-max {most}; the store keeps them with their \
         reasons{ended}{}",
        report.set_aside,
        the_first(report.first_set_aside.as_ref())
    )
}

/// One line about an artifact version that now serves requests.
fn version(caught_up: &CaughtUp) -> String {
    let of = |way: CaughtUpView| -> Vec<&str> {
        let views = caught_up.views.iter().filter(|(_, is)| **is == way);
        views.map(|(name, _)| name.as_str()).collect()
    };
    let mut line = format!("artifact {} answers as {}", caught_up.artifact, caught_up.digest);
    for (way, what) in [(CaughtUpView::Adopted, "kept"), (CaughtUpView::Filled, "filled")] {
        let views = of(way);
        if !views.is_empty() {
            line.push_str(&format!("; {what}: {}", views.join(", ")));
        }
    }
    line
}

fn version_json(caught_up: &CaughtUp) -> serde_json::Value {
    let way = |way: &CaughtUpView| match way {
        CaughtUpView::Adopted => "adopted",
        CaughtUpView::Filled => "filled",
    };
    let views = caught_up.views.iter().map(|(name, is)| (name.clone(), way(is).into()));
    json!({
        "artifact": caught_up.artifact, "digest": caught_up.digest,
        "views": views.collect::<serde_json::Map<String, serde_json::Value>>(),
    })
}

/// One line about a view whose previous version cannot be restored at once.
fn no_way_back(parted: &Parted) -> String {
    format!(
        "the rows of view {} of artifact {} differ from those of its previous version before position \
         {} of partition {}: going back to that version will compute the view anew",
        parted.view, parted.artifact, parted.position, parted.partition
    )
}
