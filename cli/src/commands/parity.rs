//! `lockstep parity`: the proof, on a log and a spine.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{print_json, progress, table, thousands};
use crate::workspace::{Workspace, read_spine};
use clap::Args;
use lockstep_core::{Error, Result};
use lockstep_engine::online::request::Requests;
use lockstep_engine::parity::replay::Disturbance;
use lockstep_engine::parity::{self, Log, Options, Report};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_store::Store;
use lockstep_store::sled::SledStore;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells apart the temporary stores of one process.
static NEXT_RUN: AtomicU64 = AtomicU64::new(0);

/// The arguments of `lockstep parity`.
#[derive(Debug, Args)]
pub struct Parity {
    /// The service whose features to compare
    service: String,
    /// The rows to compare at: one column for each of the service's request columns, and their times
    #[arg(long, value_name = "FILE")]
    spine: PathBuf,
    /// The spine's column that holds the time of each row
    #[arg(long, value_name = "COLUMN", default_value = AS_OF)]
    as_of_column: String,
    #[command(flatten)]
    how: How,
    /// A new directory for the replay's store, kept afterwards; otherwise a temporary one
    #[arg(long, value_name = "DIR")]
    replay_store: Option<PathBuf>,
    /// Accept a log so short that no answer reads some level of the tile ladder
    #[arg(long)]
    allow_unread_levels: bool,
    #[command(flatten)]
    project: ProjectArguments,
}

/// How the events are disturbed.
#[derive(Clone, Debug, Args)]
pub struct How {
    /// The seed of the shuffle, the copies and the batch sizes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Shuffle events within so many seconds of event time; by default a quarter of the shortest
    /// history
    #[arg(long, value_name = "SECONDS")]
    pub disorder: Option<i64>,
    /// Deliver one event in N twice, of the sources with event ids; 0 for none
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
    fn options(&self, workspace: &Workspace, service: &Service, as_of: &str) -> Result<Options> {
        let disorder_us = match self.disorder {
            Some(seconds) if seconds < 0 => {
                return Err(Error::input("--disorder must not be negative"));
            }
            Some(seconds) => seconds.saturating_mul(1_000_000),
            None => parity::default_disorder_us(&workspace.catalog, service),
        };
        if self.replay_batch_rows_max == 0 {
            return Err(Error::input("--replay-batch-rows-max must be at least 1"));
        }
        Ok(Options {
            as_of: as_of.into(),
            disturbance: Disturbance {
                seed: self.seed,
                disorder_us,
                duplicate_one_in: self.duplicate_one_in,
                batch_rows_max: self.replay_batch_rows_max,
            },
            reopens: self.reopens,
        })
    }
}

impl Parity {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let workspace = Workspace::open(&self.project)?;
        let service = workspace.service(&self.service)?;
        let kept = self.replay_store.is_some();
        let directory = self.replay_store.unwrap_or_else(|| {
            // Several runs of one process each have their own.
            let run = NEXT_RUN.fetch_add(1, Ordering::Relaxed);
            std::env::temp_dir().join(format!("lockstep-parity-{}-{run}", std::process::id()))
        });
        let (spine, as_of) = (&self.spine, &self.as_of_column);
        let report = prove(&workspace, &service, spine, as_of, &self.how, &directory);
        if !kept {
            // The store was only for this run; a leftover in the temporary folder harms nobody.
            let _ = std::fs::remove_dir_all(&directory);
        }
        let report = report?;
        if self.project.json {
            print_json(&report)?
        } else {
            print_report(&report)
        }
        judge(&report, self.allow_unread_levels, self.project.bad_rows_max)
    }
}

/// Runs parity with a new store in `directory`; the spine's column `as_of` holds its times.
pub fn prove(
    workspace: &Workspace,
    service: &Service,
    spine: &Path,
    as_of: &str,
    how: &How,
    directory: &Path,
) -> Result<Report> {
    if directory.exists() {
        return Err(Error::input(format!(
            "{} exists; a replay needs a new store directory",
            directory.display()
        )));
    }
    let place = spine.display();
    let spine = read_spine(spine, service, as_of)?;
    // A wrong spine is the spine's fault, so its file is named; the replay asks the same again.
    Requests::from_spine(service, &spine, as_of).map_err(|error| error.at(place))?;
    let views = service.views.iter().map(|view| &workspace.catalog.views()[view.view]);
    let sources: BTreeSet<&str> = views.map(|view| &*view.declaration().event.source).collect();
    let logs = sources.iter().map(|source| workspace.log(source)).collect::<Result<Vec<Log>>>()?;
    let options = how.options(workspace, service, as_of)?;
    let open = || Ok(Arc::new(SledStore::open_or_create(directory)?) as Arc<dyn Store>);
    let bar = progress("answering", spine.num_rows() as u64);
    let step = |done: usize, _: usize| {
        if done.is_multiple_of(64) {
            bar.set_position(done as u64);
        }
    };
    let report = parity::run(&workspace.catalog, service, &logs, &spine, &options, &open, &step);
    bar.finish_and_clear();
    report
}

/// Prints the table and the total.
pub fn print_report(report: &Report) {
    let rows = report.features.iter().map(|feature| {
        let numbers = [feature.compared, feature.identical, feature.non_null, feature.distinct];
        let mut row = vec![feature.name.clone()];
        row.extend(numbers.map(thousands));
        row
    });
    let titles = ["feature", "compared", "identical", "non-null", "distinct"];
    println!("{}", table(&titles, rows.collect(), 1));
    for feature in &report.features {
        if let Some(difference) = &feature.first_difference {
            println!(
                "DIFFERENT {}: spine row {} ({}) as of {}: batch {}, online {}",
                feature.name,
                difference.row,
                difference.request.join(" "),
                difference.as_of,
                difference.batch,
                difference.online
            );
        }
    }
    let levels =
        report.levels.iter().map(|(level, answers)| format!("{level} {}", thousands(*answers)));
    println!("answers that read tiles, by level: {}", levels.collect::<Vec<_>>().join(", "));
    println!(
        "events were shuffled within {} s, and {} delivered twice",
        report.disorder_us / 1_000_000,
        thousands(report.copies)
    );
    for source in &report.without_ids {
        println!(
            "source {source} has no event ids: no copies were made, since each would count (S10)"
        );
    }
    println!(
        "{} of {} values identical ({} rows x {} features)",
        thousands(report.identical),
        thousands(report.compared),
        thousands(report.rows),
        report.features.len()
    );
}

/// Whether the report proves parity.
pub fn judge(report: &Report, allow_unread_levels: bool, bad_rows_max: u64) -> Result<Outcome> {
    let null = report.features.iter().filter(|feature| feature.non_null == 0);
    let null: Vec<&str> = null.map(|feature| feature.name.as_str()).collect();
    let unread = report.unread_levels();
    Ok(if report.identical != report.compared {
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
