//! Every host finds guests that are not pure: training sets fail, and stores stop their views while
//! other views go on (S7, S21).
//!
//! Method: a project with one service for each view of the impure guest, run through the library's
//! jobs. Deliberately absent: which kinds there are.

use lockstep_kit::impure::{self, ON_DEMAND, UNLAWFUL, VIEWS, amount};
use lockstep_runtime::{
    AsOf, BackfillJob, Code, Format, OnlineHost, Project, ProjectOptions, Result, StreamInput,
    StreamJob, Time, TrainingSetJob, Value,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Orders in the file.
const ORDERS: u64 = 12_000;
/// The kinds that are not found in so few orders, if not by luck.
const TOO_LATE: [&str; 2] = ["very_late_counter", "every_thousandth"];

/// Orders as NDJSON.
pub(super) fn orders(rows: impl Iterator<Item = u64>) -> String {
    rows.fold(String::new(), |mut text, row| {
        let (hour, minute, second) = (row / 3600 % 24, row / 60 % 60, row % 60);
        writeln!(
            text,
            "{{\"order_id\":\"o{row}\",\"ordered_at\":\"2024-05-{:02}T{hour:02}:{minute:02}:{second:02}Z\",\
             \"user\":\"u{}\",\"amount\":{}}}",
            1 + row / 86_400,
            row % 7,
            amount(row)
        )
        .unwrap();
        text
    })
}

/// A folder with the impure artifact, orders, and a service for each view.
pub(super) fn folder(orders: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::copy(impure::file(), path("impure.wasm")).unwrap();
    fs::write(path("orders.ndjson"), orders).unwrap();
    fs::write(
        path("spine.ndjson"),
        "{\"user\":\"u1\",\"amount\":5,\"as_of\":\"2024-06-01T00:00:00Z\"}\n",
    )
    .unwrap();
    let mut project = "[sources.orders]\nfiles = \"orders.ndjson\"\n[artifacts]\n\
                       impure = \"impure.wasm\"\n[store]\npath = \"store\"\n"
        .to_string();
    let pure = ["steady", "totalled", "panicking", "panicky", "panicking_score"];
    let unlawful = UNLAWFUL.iter().map(|(view, _)| *view);
    for view in VIEWS.into_iter().chain([ON_DEMAND]).chain(unlawful).chain(pure) {
        writeln!(project, "[services.{view}]\nfeatures = [\"{view}.*\"]").unwrap();
    }
    fs::write(path("lockstep.toml"), project).unwrap();
    folder
}

pub(super) fn project(folder: &Path, store: &str) -> Project {
    let store = Some(folder.join(store));
    Project::open_with(folder, ProjectOptions { store, ..ProjectOptions::default() }).unwrap()
}

/// The first feature that a service answers.
pub(super) fn get(project: &Project, service: &str) -> Result<Value> {
    let host = OnlineHost::new(project, project.open_store()?, project.services()?)?;
    let both = [("user", Value::from("u1")), ("amount", Value::Int64(5))];
    let columns = host.service(service)?.request.clone();
    let request: Vec<(&str, Value)> =
        both.into_iter().filter(|(name, _)| columns.iter().any(|it| it.name == *name)).collect();
    let vector = host.get(service, &request, AsOf::At(Time::parse("2024-06-01T00:00:00Z")?))?;
    Ok(vector.values[0].clone())
}

/// The views that are not pure and are found in few orders.
fn found_early() -> BTreeSet<&'static str> {
    let unlawful = UNLAWFUL.iter().map(|(view, _)| *view);
    VIEWS.into_iter().filter(|view| !TOO_LATE.contains(view)).chain(unlawful).collect()
}

/// Goal: a training set of a view that is not pure fails, and names the view, the event and both
/// answers; so does one with an on-demand transform; one of a pure view is made.
#[test]
fn s07_a_training_set_fails() {
    let folder = folder(&orders(0..ORDERS));
    let project = project(folder.path(), "store");
    let train = |service: &str| {
        let output = folder.path().join(format!("{service}.parquet"));
        let job = TrainingSetJob::new(service, folder.path().join("spine.ndjson"), &output);
        job.run(&project, &mut |_| {}).map(|made| (made, output.exists()))
    };
    for view in found_early() {
        let error = train(view).map(|_| ()).expect_err(view);
        let Code::Impure { view: Some(named), .. } = &error.code else { panic!("{view}: {error}") };
        assert_eq!(named, view);
        if VIEWS.contains(&view) {
            assert!(error.message.contains("source orders: the event at position "), "{error}");
        }
    }
    let error = train(ON_DEMAND).unwrap_err();
    assert!(matches!(&error.code, Code::Impure { position: Some(0), view: None, .. }), "{error}");
    for view in ["steady", "totalled"] {
        let (made, written) = train(view).unwrap();
        assert!(made.written && written && made.set_aside.is_empty());
    }
}

/// Goal: in a backfill and in a stream the views that are not pure stop, their features are errors
/// that say so, and the others are filled and answer. A later stream feeds the others only.
#[test]
fn s07_a_store_stops_the_views_and_feeds_the_others() {
    let folder = folder(&orders(0..ORDERS));
    let mut answers = Vec::new();
    for store in ["backfilled", "streamed"] {
        let project = project(folder.path(), store);
        let report = match store {
            "backfilled" => BackfillJob::default().run(&project, &mut |_| {}).unwrap(),
            _ => StreamJob::new(StreamInput::Files).run(&project, &mut |_| {}).unwrap(),
        };
        assert_eq!((report.events, report.position), (ORDERS, ORDERS), "{store}");
        let stopped: BTreeSet<&str> = report.stopped.iter().map(|it| &*it.view).collect();
        let expected = found_early();
        assert!(stopped.is_superset(&expected), "{store}: {:?}", expected.difference(&stopped));
        assert!(stopped.iter().all(|view| expected.contains(view) || TOO_LATE.contains(view)));
        assert_eq!(report.stopped.len(), stopped.len(), "{store}: each stops once");
        for stopped in &report.stopped {
            let error = get(&project, &stopped.view).unwrap_err();
            let Code::ViewStopped { view, partition, position, reason } = &error.code else {
                panic!("{store}: {error}")
            };
            assert_eq!((view, &**partition, *position), (&stopped.view, "files", stopped.position));
            assert!(
                error.message.contains(&**reason) && reason.contains(&stopped.reason),
                "{error}"
            );
        }
        answers.push(["steady", "totalled"].map(|view| get(&project, view).unwrap()));
        let error = get(&project, ON_DEMAND).unwrap_err();
        assert!(matches!(error.code, Code::Impure { view: None, .. }), "{error}");
    }
    assert_eq!(answers[0], answers[1]);

    let project = project(folder.path(), "streamed");
    let more = folder.path().join("more.ndjson");
    fs::write(&more, orders(ORDERS..2 * ORDERS)).unwrap();
    let report = StreamJob::new(StreamInput::Pushed(more)).run(&project, &mut |_| {}).unwrap();
    assert_eq!(report.events, ORDERS);
    assert!(report.stopped.iter().all(|it| TOO_LATE.contains(&&*it.view)), "{:?}", report.stopped);
    assert!(get(&project, "counter").is_err());
    assert_ne!(get(&project, "steady").unwrap(), answers[1][0]);
}

/// Goal: a view that becomes impure in the middle of a stream keeps the states of the events before
/// the batch in which that was found. Method: batches of ten events, and a guest that is pure for
/// its first 300.
#[test]
fn s07_a_view_stops_where_it_was_found() {
    let folder = folder("");
    let project = project(folder.path(), "store");
    let file = folder.path().join("pushed.ndjson");
    fs::write(&file, orders(0..ORDERS)).unwrap();
    fs::remove_file(folder.path().join("orders.ndjson")).unwrap();
    let text = fs::read_to_string(folder.path().join("lockstep.toml")).unwrap();
    let text = text.replace("files = \"orders.ndjson\"\n", "");
    fs::write(folder.path().join("lockstep.toml"), text).unwrap();
    drop(project);
    let project = self::project(folder.path(), "store");
    let input = Box::new(fs::File::open(&file).unwrap());
    let input = StreamInput::Pipe { format: Format::Ndjson, input };
    let job = StreamJob { batch_rows: 10, ..StreamJob::new(input) };
    let report = job.run(&project, &mut |_| {}).unwrap();
    let late = report.stopped.iter().find(|it| it.view == "late_counter").unwrap();
    assert!((300..ORDERS).contains(&late.position) && late.position % 10 == 0, "{late:?}");
    let Code::Impure { position: Some(event), column: Some(column), first, again, .. } = &late.code
    else {
        panic!("{late:?}")
    };
    assert!((late.position..late.position + 10).contains(event), "{late:?}");
    assert_eq!(column, "value");
    assert_ne!(first, again);
    assert!(late.reason.contains(&**first) && late.reason.contains(&**again), "{late:?}");
}
