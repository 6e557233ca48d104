//! `change.*`: what it costs until a store answers under an artifact of which one view in three has
//! changed, beside a backfill of all three into a new store.
//!
//! Invariant: both ways end with an answer of the same service under the same artifact, over the whole
//! real log in sled; they are timed in turns, and the medians compared. The states of the two views
//! that did not change are compared byte by byte before and after. Deliberately absent: building the
//! artifact and opening the project, which cost both ways the same.

use lockstep_benches::figure;
use lockstep_benches::issue_log;
use lockstep_cli::commands::demo::{project_file, save};
use lockstep_engine::clock::Stopwatch;
use lockstep_kit::artifacts::root;
use lockstep_kit::variants;
use lockstep_runtime::{
    AsOf, BackfillJob, Error, OnlineHost, Project, ProjectOptions, Result, Store, Time, read_table,
    write_atomically,
};
use lockstep_store::generations::Generations;
use lockstep_store::layout::tiles_of;
use std::path::Path;

/// Rounds, of which the median counts.
const ROUNDS: usize = 5;
/// One view of the three with another window.
const CHANGED: (&str, &str) = (
    "    #[features(mean, windows = [\"30d\", \"365d\"])]",
    "    #[features(mean, windows = [\"60d\", \"365d\"])]",
);
/// The views that do not change.
const UNTOUCHED: [&str; 2] = ["pair_mentions", "user_activity"];

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let retry = |error| Error::retry("cannot make a temporary folder").because(error);
    let folder = tempfile::tempdir().map_err(retry)?;
    let folder = folder.path();
    let transform = root().join(issue_log::TRANSFORM);
    save(&folder.join("issue_events.parquet"), &read_table(&issue_log::file(), &[])?)?;
    write_atomically(&folder.join("lockstep.toml"), project_file(&transform)?.as_bytes())?;
    let read = |file| std::fs::read(file).map_err(|e| Error::retry("cannot read").because(e));
    let original = read(variants::wasm("original", &[]))?;
    let changed = read(variants::wasm("changed_feature", &[CHANGED]))?;
    let (mut whole, mut change, mut equal) = (Vec::new(), Vec::new(), true);
    for round in 0..ROUNDS {
        let (old, new) = (format!("old-{round}"), format!("new-{round}"));
        let project = project(folder, &old, &original)?;
        fill_and_ask(&project)?;
        let before = untouched(&*project.open_store()?)?;
        let project = self::project(folder, &old, &changed)?;
        change.push(fill_and_ask(&project)?);
        equal &= untouched(&*project.open_store()?)? == before;
        let project = self::project(folder, &new, &changed)?;
        whole.push(fill_and_ask(&project)?);
    }
    figure::measured("change.backfill_s", median(&mut whole), 2, "s");
    figure::measured("change.adopt_ratio", median(&mut change) / median(&mut whole), 3, "");
    figure::count("change.untouched_bytes_equal", u64::from(equal), "");
    match equal {
        true => Ok(()),
        false => Err(Error::bug("the states of views that did not change have changed")),
    }
}

/// The project with this artifact and a store of this name.
fn project(folder: &Path, store: &str, artifact: &[u8]) -> Result<Project> {
    write_atomically(&folder.join("user_mentions.wasm"), artifact)?;
    let store = Some(folder.join(store));
    Project::open_with(folder, ProjectOptions { store, ..ProjectOptions::default() })
}

/// Brings the store up to the end of the log, and asks it once; the seconds that it takes.
fn fill_and_ask(project: &Project) -> Result<f64> {
    let stopwatch = Stopwatch::start();
    BackfillJob::default().run(project, &mut |_| {})?;
    let host = OnlineHost::new(project, project.open_store()?, project.services()?)?;
    let request = [("actor", "u00078"), ("candidate", "u00305"), ("area", "fs")];
    host.get("mention_ranker", &request, AsOf::At(Time::parse("2026-09-01T00:00:00Z")?))?;
    Ok(stopwatch.elapsed().as_secs_f64())
}

/// The states of the views that do not change, as they lie in the store.
fn untouched(store: &dyn Store) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let snapshot = store.read()?;
    let record = Generations::read(&*snapshot)?;
    let active = record.artifacts.get(variants::NAME).and_then(|it| it.active.as_ref());
    let active = active.ok_or_else(|| Error::bug("the store has no artifact"))?;
    let mut states = Vec::new();
    for view in UNTOUCHED {
        let set = active.views.get(view).and_then(|view| view.set);
        let set = set.ok_or_else(|| Error::bug("a view without states"))?;
        snapshot.scan_prefix(&tiles_of(set), &mut |key, value| {
            states.push((key.to_vec(), value.to_vec()));
            Ok(true)
        })?;
    }
    Ok(states)
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
