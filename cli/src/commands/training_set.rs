//! `lockstep training-set`: a spine joined with a service's features.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{print_json, progress, report_set_aside, the_first, thousands};
use crate::workspace::{Workspace, read_spine};
use clap::Args;
use lockstep_runtime::host::batch::{Trained, TrainingSet};
use lockstep_runtime::service::Service;
use lockstep_runtime::source::{Format, TrainingWriter};
use lockstep_runtime::vector::Identity;
use lockstep_runtime::{Error, Result};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The arguments of `lockstep training-set`.
#[derive(Debug, Args)]
pub struct TrainingSetCommand {
    /// The service whose features to compute
    service: String,
    /// The rows to join: one column for each of the service's request columns, and `as_of`
    #[arg(long, value_name = "FILE")]
    spine: PathBuf,
    /// Where the training set goes: .parquet, .arrow, .ndjson or .csv
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    project: ProjectArguments,
}

impl TrainingSetCommand {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let started = Instant::now();
        check_output(&self.output)?;
        let workspace = Workspace::open(&self.project)?;
        let service = workspace.service(&self.service)?;
        let trained = train(&workspace, &service, &self.spine)?;
        report_set_aside(&trained.set_aside);
        let bad = trained.set_aside.len() as u64;
        if bad > self.project.bad_rows_max {
            return Ok(Outcome::Found(format!(
                "{bad} rows were set aside, more than --bad-rows-max {}; nothing was written{}",
                self.project.bad_rows_max,
                the_first(trained.set_aside.first().map(|(_, event)| event))
            )));
        }
        write(&workspace, &trained, &self.output)?;
        let (rows, features) = (trained.records.num_rows(), service.outputs.len());
        if self.project.json {
            print_json(&json!({
                "rows": rows, "features": features, "events": trained.events,
                "duplicates": trained.duplicates, "set_aside": bad, "output": self.output,
            }))?;
        } else {
            eprintln!(
                "{} rows with {features} features from {} events in {:.1} s: {}",
                thousands(rows as u64),
                thousands(trained.events),
                started.elapsed().as_secs_f64(),
                self.output.display()
            );
        }
        Ok(Outcome::Done)
    }
}

/// Refuses an output that could not be written, before any work is done.
fn check_output(output: &Path) -> Result<()> {
    Format::of(output)?;
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Error::input(format!(
            "{}: there is no folder {}; make it, or correct --output",
            output.display(),
            folder.display()
        )));
    }
    if output.is_dir() {
        let message = "this is a folder; name a file with --output";
        return Err(Error::input(message).at(output.display()));
    }
    Ok(())
}

/// The training set of the spine in a file.
pub fn train(workspace: &Workspace, service: &Service, spine: &Path) -> Result<Trained> {
    let file = spine.display();
    let spine = read_spine(spine, service)?;
    let mut training =
        TrainingSet::new(&workspace.catalog, service, &spine).map_err(|error| error.at(file))?;
    for source in training.sources() {
        let mut reader = workspace.reader(&source, 0)?;
        let bar = progress(&format!("reading {source}"), 0);
        while let Some(batch) = reader.next()? {
            bar.set_length(batch.next_position);
            bar.set_position(batch.next_position);
            training.push(&source, &batch)?;
        }
        bar.finish_and_clear();
    }
    let bar = progress("joining", 0);
    let trained = training.finish(&spine, &|done, total| {
        if done % 64 == 0 || done == total {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    });
    bar.finish_and_clear();
    trained
}

/// Writes a training set with all that its values depend on (S23).
pub fn write(workspace: &Workspace, trained: &Trained, output: &Path) -> Result<()> {
    let identity = Identity::of(&workspace.catalog).entries();
    let metadata = identity.into_iter().map(|(name, value)| (format!("lockstep.{name}"), value));
    let mut writer = TrainingWriter::create(output, trained.records.schema(), metadata.collect())?;
    writer.write(&trained.records)?;
    writer.finish().map(|_| ())
}
