//! `parity.*` and `oracle.*`: the real event log, whole, by every road.
//!
//! Invariant: what `lockstep demo` does, by the same functions: the artifact is built, the batch
//! host's training set over every mention is compared with the answers of the online host over a
//! replayed stream, and with the oracle's second reading of the definition. Deliberately absent:
//! a sample.

use lockstep_benches::figure;
use lockstep_benches::issue_log;
use lockstep_cli::arguments::ProjectArguments;
use lockstep_cli::build::{BuildOptions, build};
use lockstep_cli::commands::demo::{mentions, project_file, save};
use lockstep_cli::commands::parity::{How, judge, prove};
use lockstep_cli::commands::training_set::{self, make};
use lockstep_cli::outcome::Outcome;
use lockstep_cli::workspace::Workspace;
use lockstep_core::{Error, Result};
use lockstep_disk::write_atomically;
use lockstep_engine::service::AS_OF;
use lockstep_kit::artifacts::root;
use lockstep_oracle::check_files;
use lockstep_source::read_table;
use std::path::Path;

const SERVICE: &str = "mention_ranker";
/// The disturbance that `lockstep parity` makes if nothing else is said.
const HOW: How =
    How { seed: 1, disorder: None, duplicate_one_in: 20, replay_batch_rows_max: 1000, reopens: 5 };

/// Measures the group.
pub fn measure() -> Result<()> {
    let folder = tempfile::tempdir()
        .map_err(|error| Error::retry("cannot make a temporary folder").because(error))?;
    let folder = folder.path();
    let workspace = workspace(folder)?;
    let service = workspace.service(SERVICE)?;
    let spine = folder.join("mentions.parquet");

    let report = prove(&workspace, &service, &spine, AS_OF, &HOW, &folder.join("replay-store"))?;
    figure::count("parity.compared", report.compared, "values");
    figure::count("parity.different", report.compared - report.identical, "values");

    let training = folder.join("training.parquet");
    make(&workspace, &service, &spine, &training, &training_set::How::plain(), 0)?;
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
fn workspace(folder: &Path) -> Result<Workspace> {
    let transform = root().join(issue_log::TRANSFORM);
    let log = read_table(&issue_log::file(), &[])?;
    save(&folder.join("issue_events.parquet"), &log)?;
    save(&folder.join("mentions.parquet"), &mentions(&log)?)?;
    let output = Some(folder.join("user_mentions.wasm"));
    build(&BuildOptions { crate_dir: transform.clone(), output })?;
    write_atomically(&folder.join("lockstep.toml"), project_file(&transform)?.as_bytes())?;
    Workspace::open(&ProjectArguments {
        project: folder.to_path_buf(),
        events: vec![],
        store: None,
        bad_rows_max: 0,
        json: false,
    })
}
