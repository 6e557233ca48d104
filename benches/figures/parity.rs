//! `parity.*` and `oracle.*`: the real event log, whole, by every road.
//!
//! Invariant: what `lockstep demo` does, by the same functions: the artifact is built, the batch
//! host's training set over every mention is compared with the answers of the online host over a
//! replayed stream, and with the oracle's second reading of the definition. Deliberately absent:
//! a sample.

use lockstep_benches::figure;
use lockstep_benches::issue_log;
use lockstep_cli::build::{BuildOptions, build};
use lockstep_cli::commands::demo::{mentions, project_file, save};
use lockstep_cli::commands::parity::judge;
use lockstep_cli::outcome::Outcome;
use lockstep_kit::artifacts::root;
use lockstep_oracle::check_files;
use lockstep_runtime::{
    Error, ParityJob, Project, Result, TrainingSetJob, read_table, write_atomically,
};
use std::path::Path;

const SERVICE: &str = "mention_ranker";

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let folder = tempfile::tempdir()
        .map_err(|error| Error::retry("cannot make a temporary folder").because(error))?;
    let folder = folder.path();
    let project = project(folder)?;
    let spine = folder.join("mentions.parquet");

    let replay_store = Some(folder.join("replay-store"));
    let job = ParityJob { replay_store, ..ParityJob::new(SERVICE, &spine) };
    let report = job.run(&project, &mut |_| {})?;
    figure::count("parity.compared", report.compared, "values");
    figure::count("parity.different", report.compared - report.identical, "values");

    let training = folder.join("training.parquet");
    TrainingSetJob::new(SERVICE, &spine, &training).run(&project, &mut |_| {})?;
    let options = lockstep_oracle::Options { differences_listed: 0, partial: false };
    let checked = check_files(&issue_log::file(), &training, options).map_err(Error::input)?;
    figure::count("oracle.compared", checked.compared() as u64, "values");
    figure::count("oracle.different", checked.different() as u64, "values");

    match judge(&report, false, 0)? {
        Outcome::Done if checked.passed() => Ok(()),
        Outcome::Done => Err(Error::bug("the oracle finds other values; `make demo` lists them")),
        Outcome::Found(what) => Err(Error::bug(format!("{what}; `make demo` lists them"))),
    }
}

/// The example's project in `folder`, with its artifact built and every mention as the spine.
fn project(folder: &Path) -> Result<Project> {
    let transform = root().join(issue_log::TRANSFORM);
    let log = read_table(&issue_log::file(), &[])?;
    save(&folder.join("issue_events.parquet"), &log)?;
    save(&folder.join("mentions.parquet"), &mentions(&log)?)?;
    let output = Some(folder.join("user_mentions.wasm"));
    build(&BuildOptions { crate_dir: transform.clone(), output })?;
    write_atomically(&folder.join("lockstep.toml"), project_file(&transform)?.as_bytes())?;
    Project::open(folder)
}
