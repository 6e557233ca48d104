//! A source's files beside what a store has read of them (S10).
//!
//! Invariant: events come by another way than the files only after the files were read to their end,
//! and from then on the files stay as they are.

use crate::project::Project;
use lockstep_core::{Error, Result};
use lockstep_source::EventReader;
use lockstep_store::base::{Base, BaseFile, FORMAT};
use lockstep_store::{Store, WriteBatch};

/// The files of a source as they are now; none if the project names none.
fn files_now(project: &Project, source: &str) -> Result<Vec<BaseFile>> {
    if !project.names_files(source) {
        return Ok(vec![]);
    }
    let files = project.files(source)?;
    let file = |file: &lockstep_source::SourceFile| BaseFile {
        name: file.name().to_string(),
        size_bytes: file.size_bytes().unwrap_or(0),
    };
    Ok(files.iter().map(file).collect())
}

/// Refuses files that are not those that the store has read.
pub(crate) fn check(project: &Project, store: &dyn Store, source: &str) -> Result<()> {
    match Base::read(&*store.read()?, source)? {
        Some(base) => base.check(source, &files_now(project, source)?),
        None => Ok(()),
    }
}

/// Records the files that were read, if they are not recorded yet.
pub(crate) fn record(project: &Project, store: &dyn Store, source: &str) -> Result<()> {
    let before = Base::read(&*store.read()?, source)?;
    let frozen = before.as_ref().is_some_and(|base| base.frozen);
    write(store, source, before, frozen, files_now(project, source)?)
}

/// Freezes the base of a source before events of another partition are admitted. `rest` reads what
/// the store has not read of the files.
///
/// # Errors
/// If there is anything left to read.
pub(crate) fn freeze(
    project: &Project,
    store: &dyn Store,
    source: &str,
    rest: Option<&mut dyn EventReader>,
) -> Result<()> {
    let before = Base::read(&*store.read()?, source)?;
    if before.as_ref().is_some_and(|base| base.frozen) {
        return Ok(());
    }
    if let Some(batch) = rest.map(|rest| rest.next()).transpose()?.flatten() {
        return Err(Error::input(format!(
            "source {source}: the project's files hold events that the store has not read yet, up to \
             position {} at least; they come before all other events, so run `lockstep backfill` first",
            batch.next_position
        )));
    }
    write(store, source, before, true, files_now(project, source)?)
}

fn write(
    store: &dyn Store,
    source: &str,
    before: Option<Base>,
    frozen: bool,
    files: Vec<BaseFile>,
) -> Result<()> {
    let base = Base { format: FORMAT, frozen, files };
    if before.as_ref() == Some(&base) {
        return Ok(());
    }
    let mut batch = WriteBatch::new();
    base.write(source, &mut batch)?;
    store.commit(batch).map(|_| ())
}
