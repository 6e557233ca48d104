//! Views that have stopped: what a store keeps of them, and how they go on (S7, S9).
//!
//! Method: a sound project whose record of generations is changed by hand, since no test can make
//! the machine fail; and guests that do not end. Deliberately absent: how views are found to be
//! impure.

use crate::sandbox::{assert_set_aside, events, evil};
use lockstep_core::Code;
use lockstep_guest::{ENDLESS_ITEMS_MAX, Transformer};
use lockstep_kit::variants;
use lockstep_runtime::{
    AsOf, BackfillJob, Error, OnlineHost, Project, Result, StreamInput, StreamJob, Time, Value,
    read_table,
};
use lockstep_store::WriteBatch;
use lockstep_store::generations::{Generations, Stop};
use std::fs;
use tempfile::TempDir;

/// A view that another variant of the artifact changes.
const VIEW: &str = "area_reviewers";
const CHANGED: (&str, &str) = (
    "    #[features(mean, windows = [\"30d\", \"365d\"])]",
    "    #[features(mean, windows = [\"60d\", \"365d\"])]",
);

/// A project of the first events of the example's log, filled.
fn filled() -> (TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    let transform = lockstep_kit::artifacts::root().join("transforms/user-mentions");
    let log = read_table(&transform.join("data/issue_events.parquet"), &[]).unwrap().slice(0, 500);
    let at = folder.path().join("issue_events.parquet");
    let mut writer = lockstep_runtime::TrainingWriter::create(&at, log.schema(), vec![]).unwrap();
    writer.write(&log).unwrap();
    writer.finish().unwrap();
    let project = fs::read_to_string(transform.join("lockstep.toml")).unwrap().replace("data/", "");
    let views = ["pair_mentions", "user_activity", VIEW];
    let services = views.map(|view| format!("[services.{view}]\nfeatures = [\"{view}.*\"]\n"));
    fs::write(folder.path().join("lockstep.toml"), project + &services.concat()).unwrap();
    fs::copy(variants::wasm("original", &[]), folder.path().join("user_mentions.wasm")).unwrap();
    let project = Project::open(folder.path()).unwrap();
    BackfillJob::default().run(&project, &mut |_| {}).unwrap();
    (folder, project)
}

/// What a service answers.
fn get(project: &Project, service: &str) -> Result<Vec<Value>> {
    let host = OnlineHost::new(project, project.open_store()?, project.services()?)?;
    let request: Vec<(String, Value)> = host
        .service(service)?
        .request
        .iter()
        .map(|it| (it.name.clone(), "u00001".into()))
        .collect();
    let request: Vec<(&str, Value)> =
        request.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    Ok(host.get(service, &request, AsOf::At(Time::parse("2026-09-01T00:00:00Z")?))?.values)
}

/// Records that the view has stopped.
fn stop(project: &Project, retry: bool) {
    let store = project.open_store().unwrap();
    let mut record = Generations::read(&*store.read().unwrap()).unwrap();
    let (partition, reason) = ("files".to_string(), "the machine is tired".to_string());
    record.stop("user_mentions", VIEW, Stop { partition, position: 7, retry, reason });
    let mut batch = WriteBatch::new();
    record.write(&mut batch).unwrap();
    store.commit(batch).unwrap();
}

/// The error of a question about a view that has stopped.
pub(super) fn asked_when_stopped() -> Error {
    let (_folder, project) = filled();
    stop(&project, false);
    get(&project, VIEW).unwrap_err()
}

/// Goal: a view that the machine stopped is an error until the next `stream` or `backfill`, which
/// fills it anew, with the values that it had; other views answer meanwhile.
#[test]
fn s09_a_view_that_the_machine_stopped_is_tried_again() {
    let (_folder, project) = filled();
    let before = get(&project, VIEW).unwrap();
    stop(&project, true);
    let error = get(&project, VIEW).unwrap_err();
    let expected = Code::ViewStopped {
        view: VIEW.into(),
        partition: "files".into(),
        position: 7,
        reason: "the machine is tired".into(),
    };
    assert_eq!(error.code, expected);
    assert!(error.message.contains("`lockstep stream`"), "{error}");
    get(&project, "pair_mentions").unwrap();
    StreamJob::new(StreamInput::Files).run(&project, &mut |_| {}).unwrap();
    assert_eq!(get(&project, VIEW).unwrap(), before);
}

/// Goal: a view that stopped by its own fault stays stopped, whatever is run, until another artifact
/// is there, which starts afresh.
#[test]
fn s07_a_new_artifact_starts_afresh() {
    let (folder, project) = filled();
    stop(&project, false);
    StreamJob::new(StreamInput::Files).run(&project, &mut |_| {}).unwrap();
    BackfillJob::default().run(&project, &mut |_| {}).unwrap();
    let error = get(&project, VIEW).unwrap_err();
    assert!(error.message.contains("build the artifact again"), "{error}");
    let changed = variants::wasm("changed_feature", &[CHANGED]);
    fs::copy(changed, folder.path().join("user_mentions.wasm")).unwrap();
    let project = Project::open(folder.path()).unwrap();
    BackfillJob::default().run(&project, &mut |_| {}).unwrap();
    get(&project, VIEW).unwrap();
    get(&project, "pair_mentions").unwrap();
}

/// Goal: after a few events in a row that do not end, the view is given up, and other views are
/// answered.
#[test]
fn s09_a_view_that_does_not_end_is_given_up() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let kinds = vec!["loop"; ENDLESS_ITEMS_MAX as usize + 20];
    let mut outcomes = Vec::new();
    let events = events(&artifact, &kinds);
    let failed = transformer.map_each(&[0, 1], &events, &mut outcomes).unwrap();
    let [(1, error)] = &failed[..] else { panic!("{failed:?}") };
    let limit = Code::limit("ENDLESS_ITEMS_MAX", ENDLESS_ITEMS_MAX as usize);
    assert_eq!(error.code, limit);
    assert!(error.message.contains("view evil did not end for 3 events in a row"), "{error}");
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].source_rows.len(), kinds.len());
}

/// Goal: a run that may have no bad events judges no more than one of a call. Method: many that trap,
/// each of which costs two instances.
#[test]
fn s08_no_event_is_judged_behind_the_last_that_may_be_bad() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    transformer.refusals_max(Some(1));
    let outcome = transformer.map(&[1], &events(&artifact, &["trap"; 40])).unwrap().remove(0);
    assert_eq!(outcome.refused.len(), 2);
    transformer.refusals_max(None);
    assert_set_aside(&artifact, &mut transformer, "trap", "unreachable");
}
