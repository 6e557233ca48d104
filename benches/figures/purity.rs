//! `purity.*`: what it costs to check that transforms are pure, and which kinds of impure guests
//! are found.
//!
//! Invariant: the cost is the time in repeats over all time in calls to transforms, instances and
//! comparisons included, as the host counts it in a backfill of the whole real log; the median of
//! [`ROUNDS`] counts. A kind counts as found if its error came while it ran, or from the probe that
//! `lockstep build` makes. Deliberately absent: short runs, of which the first repeat is a larger
//! share.

use lockstep_benches::figure;
use lockstep_benches::issue_log;
use lockstep_cli::commands::demo::{project_file, save};
use lockstep_guest::probe;
use lockstep_kit::artifacts::{root, wasm};
use lockstep_kit::impure;
use lockstep_runtime::{
    BackfillJob, Code, Error, Project, ProjectOptions, Result, read_table, write_atomically,
};

/// Rounds, of which the median counts.
const ROUNDS: usize = 5;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let retry = |error| Error::retry("cannot make a temporary folder").because(error);
    let folder = tempfile::tempdir().map_err(retry)?;
    let folder = folder.path();
    let transform = root().join(issue_log::TRANSFORM);
    save(&folder.join("issue_events.parquet"), &read_table(&issue_log::file(), &[])?)?;
    write_atomically(&folder.join("lockstep.toml"), project_file(&transform)?.as_bytes())?;
    let artifact = std::fs::read(wasm(issue_log::TRANSFORM));
    let artifact = artifact.map_err(|error| Error::retry("cannot read").because(error))?;
    write_atomically(&folder.join("user_mentions.wasm"), &artifact)?;
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let store = Some(folder.join(format!("store-{round}")));
        let project = Project::open_with(folder, ProjectOptions { store, ..Default::default() })?;
        let report = BackfillJob::default().run(&project, &mut |_| {})?;
        ratios.push(report.repeat_time.as_secs_f64() / report.guest_time.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    figure::measured("purity.cost_ratio", ratios[ROUNDS / 2], 4, "ratio");
    kinds()
}

/// Which kinds of impure guests are found.
fn kinds() -> Result<()> {
    let artifact = impure::artifact()?;
    let probed: Vec<String> = probe(&artifact)?
        .into_iter()
        .filter_map(|error| match error.code {
            Code::Impure { function, .. } => Some(function),
            _ => None,
        })
        .collect();
    let mut found = 0;
    for kind in impure::kinds() {
        let built = probed.iter().any(|function| function.split(' ').next_back() == Some(kind));
        let ran = impure::found_after(&artifact, kind)?.is_some();
        found += u64::from(built || ran);
    }
    figure::count("purity.kinds_found", found, "kinds");
    figure::count("purity.kinds", impure::kinds().len() as u64, "kinds");
    Ok(())
}
