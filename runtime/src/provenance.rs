//! Provenance: the metadata in a training file that says how the file was made.
//!
//! The entries are in the key-value metadata of Parquet and of Arrow IPC, which other readers
//! ignore.
//!
//! Invariant: the entries name all that the values depend on (S23) and all files that they were
//! made from. So two training files with the same entries and the same spine hold the same bits,
//! provided that source files of one name and size are the same. Deliberately absent: when and
//! where the file was made, on which no value depends.

use crate::project::Project;
use lockstep_core::Result;
use lockstep_core::view::Boundary;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::service::Service;
use lockstep_engine::shape::Shape;
use lockstep_engine::vector::Identity;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The beginning of each entry's name.
pub(crate) const PREFIX: &str = "lockstep.";

/// The metadata of a training set of `service`. `column` is the spine's column of times. `known` is
/// the events' column of arrivals, if only events that had arrived count. `rows` is what a file must
/// say so that rows can be appended to it.
pub(crate) fn entries(
    project: &Project,
    service: &Service,
    column: &str,
    known: Option<&str>,
    rows: Option<String>,
) -> Result<Vec<(String, String)>> {
    let catalog = project.catalog();
    let mut entries = Identity::of(catalog).entries();
    entries.push(("service".into(), service.name.clone()));
    let shape = Shape::of(&service.outputs);
    entries.push(("service_digest".into(), shape.digest().to_string()));
    entries.push(("features".into(), shape.json()));
    entries.push(("project_sha256".into(), project.sha256().into()));
    entries.push(("source_files".into(), source_files(project, service)?.to_string()));
    entries.push(("as_of".into(), as_of(catalog, service, column, known).to_string()));
    entries.extend(rows.map(|rows| ("rows".into(), rows)));
    Ok(entries.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect())
}

/// For each source that the service reads, its files in the order of their positions.
fn source_files(project: &Project, service: &Service) -> Result<Value> {
    let views = service.views.iter().map(|view| &project.catalog().views()[view.view]);
    let names: BTreeSet<&str> =
        views.map(|view| view.declaration().event.source.as_str()).collect();
    let mut sources = Map::new();
    for name in names {
        let files = project.files(name)?;
        let file =
            files.iter().map(|file| json!({"name": file.name(), "size_bytes": file.size_bytes()}));
        sources.insert(name.to_string(), file.collect());
    }
    Ok(Value::Object(sources))
}

/// The column of times, and for each view whether an event at exactly that time counts, and how
/// long before it the view's windows end.
pub(crate) fn as_of(
    catalog: &Catalog,
    service: &Service,
    column: &str,
    known: Option<&str>,
) -> Value {
    let views = service.views.iter().map(|view| {
        let view = catalog.views()[view.view].declaration();
        let boundary = match view.boundary {
            Boundary::Strict => "strict",
            Boundary::Inclusive => "inclusive",
        };
        (view.name.clone(), json!({"boundary": boundary, "delay_us": view.delay_us}))
    });
    json!({"column": column, "known": known, "views": views.collect::<Map<String, Value>>()})
}
