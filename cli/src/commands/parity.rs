//! `lockstep parity`: proves on a log and a spine that all hosts give the same bits.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{print_json, table, thousands};
use crate::progress_bar::Bar;
use crate::terminal::say;
use clap::Args;
use lockstep_runtime::{AS_OF, Conflict, ParityJob, ParityReport, Result, TimeUnit, shown};
use std::path::PathBuf;

/// The arguments of `lockstep parity`.
#[derive(Debug, Args)]
pub struct Parity {
    /// The service whose features to compare
    service: String,
    /// The rows to compare: one column for each of the service's request columns, and their times
    #[arg(long, value_name = "FILE")]
    spine: PathBuf,
    /// The spine's column that holds the time of each row
    #[arg(long, value_name = "COLUMN", default_value = AS_OF)]
    as_of_column: String,
    /// The unit of integers that are times in the spine, since 1970: s, ms, us or ns; without it
    /// they are refused
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<TimeUnit>,
    #[command(flatten)]
    how: How,
    /// A new directory for the replay's store, which is kept; without it the store is temporary
    #[arg(long, value_name = "DIR")]
    replay_store: Option<PathBuf>,
    /// Accept a log that is too short for every level of the tile ladder to be read
    #[arg(long)]
    allow_unread_levels: bool,
    #[command(flatten)]
    project: ProjectArguments,
}

/// How the replay disturbs the order of events.
#[derive(Clone, Debug, Args)]
pub struct How {
    /// The seed of the shuffle, the copies and the batch sizes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Shuffle events within this many seconds of event time; by default a quarter of the shortest
    /// history
    #[arg(long, value_name = "SECONDS")]
    pub disorder: Option<i64>,
    /// Deliver one event in N twice, in sources with event ids; 0 for none
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub duplicate_one_in: u64,
    /// Most events in a batch
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub replay_batch_rows_max: u64,
    /// How often the store is closed and opened again
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub reopens: u64,
}

impl How {
    /// A job with this disturbance.
    pub(super) fn job(&self, service: String, spine: PathBuf) -> ParityJob {
        ParityJob {
            seed: self.seed,
            disorder_us: self.disorder.map(|seconds| seconds.saturating_mul(1_000_000)),
            duplicate_one_in: self.duplicate_one_in,
            batch_rows_max: self.replay_batch_rows_max,
            reopens: self.reopens,
            ..ParityJob::new(service, spine)
        }
    }
}

impl Parity {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let project = self.project.open()?;
        let job = ParityJob {
            as_of_column: self.as_of_column,
            time_unit: self.time_unit,
            replay_store: self.replay_store,
            ..self.how.job(self.service, self.spine)
        };
        let mut bar = Bar::default();
        let report = job.run(&project, &mut |progress| bar.show(progress))?;
        drop(bar);
        if self.project.json {
            print_json(&report)?
        } else {
            print_report(&report)
        }
        judge(&report, self.allow_unread_levels, self.project.bad_rows_max.unwrap_or(0))
    }
}

/// Prints the table and the total.
pub fn print_report(report: &ParityReport) {
    let rows = report.features.iter().map(|feature| {
        let numbers = [feature.compared, feature.identical, feature.non_null, feature.distinct];
        let mut row = vec![feature.name.clone()];
        row.extend(numbers.map(thousands));
        row
    });
    let titles = ["feature", "compared", "identical", "non-null", "distinct"];
    for conflict in &report.conflicts {
        say(format!("CONFLICT {}", conflict_text(conflict)));
    }
    say(table(&titles, rows.collect(), 1));
    for feature in &report.features {
        if let Some(difference) = &feature.first_difference {
            say(format!(
                "DIFFERENT {}: spine row {} ({}) as of {}: batch {}, online {}",
                feature.name,
                difference.row,
                shown(&difference.request.join(" ")),
                difference.as_of,
                shown(&difference.batch.to_string()),
                shown(&difference.online.to_string())
            ));
        }
    }
    let levels =
        report.levels.iter().map(|(level, answers)| format!("{level} {}", thousands(*answers)));
    say(format!("answers that read tiles, by level: {}", levels.collect::<Vec<_>>().join(", ")));
    say(format!(
        "events were shuffled within {} s, and {} delivered twice",
        report.disorder_us / 1_000_000,
        thousands(report.copies)
    ));
    for source in &report.without_ids {
        say(format!(
            "source {source} has no event ids: no copies were made, since each would count (S10)"
        ));
    }
    say(format!(
        "{} of {} values identical ({} rows x {} features)",
        thousands(report.identical),
        thousands(report.compared),
        thousands(report.rows),
        report.features.len()
    ));
}

/// One line about two events with one id.
fn conflict_text(conflict: &Conflict) -> String {
    format!(
        "source {}: event id {} came with two contents, at position {} and at position {}, which \
         differ in {}; the first that comes counts (S10), so give each event an id of its own",
        conflict.source,
        shown(&conflict.id.to_string()),
        conflict.first,
        conflict.second,
        conflict.columns.join(", ")
    )
}

/// Whether the report proves parity.
pub fn judge(
    report: &ParityReport,
    allow_unread_levels: bool,
    bad_rows_max: u64,
) -> Result<Outcome> {
    let null = report.features.iter().filter(|feature| feature.non_null == 0);
    let null: Vec<&str> = null.map(|feature| feature.name.as_str()).collect();
    let unread = report.unread_levels();
    let conflicted = report
        .conflicts
        .first()
        .filter(|_| report.identical != report.compared || report.set_aside > bad_rows_max);
    Ok(if let Some(conflict) = conflicted {
        let others = match report.conflicts.len() {
            1 => String::new(),
            conflicts => format!(" ({} more such events)", conflicts - 1),
        };
        Outcome::Found(format!("{}{others}", conflict_text(conflict)))
    } else if report.identical != report.compared {
        Outcome::Found(format!("{} values differ", report.compared - report.identical))
    } else if report.compared == 0 {
        Outcome::Found("the spine has no rows, so nothing was compared".into())
    } else if !null.is_empty() {
        Outcome::Found(format!("always null, so not proved: {}", null.join(", ")))
    } else if !unread.is_empty() && !allow_unread_levels {
        Outcome::Found(format!(
            "no answer read tiles of level {}, so they are not proved; use a longer log, or \
             --allow-unread-levels",
            unread.join(", ")
        ))
    } else if report.set_aside > bad_rows_max {
        Outcome::Found(format!(
            "{} rows were set aside, more than --bad-rows-max {bad_rows_max}",
            report.set_aside
        ))
    } else {
        Outcome::Done
    })
}
