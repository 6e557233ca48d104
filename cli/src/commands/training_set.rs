//! `lockstep training-set`: joins a spine with a service's features.

use crate::arguments::{MemoryArguments, ProjectArguments, parse_time};
use crate::outcome::Outcome;
use crate::output::{print_json, report_set_aside, table, the_first, thousands};
use crate::progress_bar::Bar;
use crate::terminal::{say, tell};
use clap::Args;
use lockstep_runtime::{
    AS_OF, Notation, Questions, Result, TimeUnit, TrainingSetJob, TrainingSetReport, shown,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// The default column of arrival times.
const ARRIVED_AT: &str = "arrived_at";

/// The arguments of `lockstep training-set`.
#[derive(Debug, Args)]
pub struct TrainingSetCommand {
    /// The service whose features to compute
    service: String,
    /// The rows to join: one column for each of the service's request columns, and their times
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "all_keys",
        conflicts_with = "all_keys"
    )]
    spine: Option<PathBuf>,
    /// Instead of a spine: a row for every key that the service's views have seen, at each --as-of
    /// (a key counts if it has a row before that time)
    #[arg(long, requires = "as_of")]
    all_keys: bool,
    /// A time for --all-keys, such as 2024-01-31T00:00:00Z; may be given several times
    #[arg(long, value_name = "TIME", requires = "all_keys", conflicts_with = "spine")]
    as_of: Vec<String>,
    /// The training set's file: .parquet, .arrow, .ndjson or .csv; a path or the URL of an object
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Append the rows to those of this training set (.parquet), which may be the output itself;
    /// refused if its service, settings, code or events are no longer those that it was made of
    #[arg(long, value_name = "FILE")]
    append_to: Option<PathBuf>,
    /// The column that holds the time of each row
    #[arg(long, value_name = "COLUMN", default_value = AS_OF)]
    as_of_column: String,
    /// The unit of integers that are times in the spine or in --as-of, since 1970: s, ms, us or ns;
    /// without it they are refused
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<TimeUnit>,
    /// See only events that had arrived by the time of each row, as this event column says: an
    /// estimate of what was known online [column: arrived_at]
    #[arg(long, value_name = "COLUMN", num_args = 0..=1, require_equals = true,
        default_missing_value = ARRIVED_AT)]
    as_known: Option<String>,
    #[command(flatten)]
    memory: MemoryArguments,
    #[command(flatten)]
    project: ProjectArguments,
}

impl TrainingSetCommand {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let started = Instant::now();
        let (bad_rows_max, project) = (self.project.bad_rows_max.unwrap_or(0), self.project);
        let notation = Notation::of_unit(self.time_unit);
        let time = |text: &String| parse_time(text, &notation).map_err(|error| error.at("--as-of"));
        let questions = match self.spine {
            Some(spine) => Questions::Spine(spine),
            None => {
                let as_of = self.as_of.iter().map(time).collect::<Result<_>>()?;
                Questions::AllKeys { as_of }
            }
        };
        let job = TrainingSetJob {
            questions,
            append_to: self.append_to,
            as_of_column: self.as_of_column,
            time_unit: self.time_unit,
            as_known: self.as_known,
            memory: self.memory.memory(),
            bad_rows_max,
            ..TrainingSetJob::new(self.service, "", self.output)
        };
        job.memory.tell_allocator();
        let mut bar = Bar::default();
        let made = job.run(&project.open()?, &mut |progress| bar.show(progress))?;
        drop(bar);
        report_set_aside(&made.set_aside);
        if !made.written {
            return Ok(Outcome::Found(format!(
                "{} rows were set aside, more than --bad-rows-max {bad_rows_max}; nothing was \
                 written{}",
                made.set_aside.len(),
                the_first(made.set_aside.first().map(|(_, event)| event))
            )));
        }
        print_report(&job, &made, started.elapsed().as_secs_f64(), project.json)?;
        Ok(Outcome::Done)
    }
}

/// Prints what was made and how many seconds it took.
fn print_report(
    job: &TrainingSetJob,
    made: &TrainingSetReport,
    seconds: f64,
    json: bool,
) -> Result<()> {
    if json {
        return print_json(&json!({
            "rows": made.rows, "earlier_rows": made.earlier_rows, "features": made.features, "events": made.events,
            "duplicates": made.duplicates, "set_aside": made.set_aside.len(), "output": job.output,
            "spilled": made.spilled,
            "passed_over": made.passed_over,
            "leakage_avoided": made.leakage.iter().cloned().collect::<BTreeMap<_, _>>(),
            "seconds": { "total": seconds, "guest": made.guest_time.as_secs_f64(),
                "repeats": made.repeat_time.as_secs_f64() },
        }));
    }
    print_leakage(&made.leakage, made.rows - made.earlier_rows);
    let appended = match job.append_to {
        Some(_) => format!(" ({} appended)", thousands(made.rows - made.earlier_rows)),
        None => String::new(),
    };
    tell(format!(
        "{} rows{appended} with {} features from {} events in {seconds:.1} s: {}",
        thousands(made.rows),
        made.features,
        thousands(made.events),
        shown(&job.output.to_string_lossy())
    ));
    Ok(())
}

/// Prints for each feature in how many rows later arrivals would have changed its value.
fn print_leakage(leakage: &[(String, u64)], rows: u64) {
    if leakage.is_empty() {
        return;
    }
    let share = |changed: u64| format!("{:.2} %", 100.0 * changed as f64 / rows.max(1) as f64);
    let lines = leakage
        .iter()
        .map(|(feature, changed)| vec![feature.clone(), thousands(*changed), share(*changed)]);
    let titles = ["feature", "rows in which less was known (an estimate)", "of all"];
    say(table(&titles, lines.collect(), 1));
}
