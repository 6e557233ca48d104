//! The base of a source: its files, compared with those that a store has read (S10). A source's
//! files come before all its other events, such as those that are pushed.
//!
//! Invariant: events from elsewhere are admitted only after the files were read to their end. From
//! then on the base is *frozen*: the files must stay as they are. Deliberately absent: reading the
//! files' events.

use crate::project::Project;
use lockstep_core::{Error, Result};
use lockstep_source::EventReader;
use lockstep_store::base::{Base, BaseFile, FORMAT};
use lockstep_store::{StateBatch, StateStore as _, Store};

/// The files of a source as they are now; an empty list if the project names none.
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
    match store.states()?.base(source)? {
        Some(base) => base.check(source, &files_now(project, source)?),
        None => Ok(()),
    }
}

/// Records the files of a source as those that were read, if that changes the record.
pub(crate) fn record(project: &Project, store: &dyn Store, source: &str) -> Result<()> {
    let before = store.states()?.base(source)?;
    let frozen = before.as_ref().is_some_and(|base| base.frozen);
    write(store, source, before, frozen, files_now(project, source)?)
}

/// Freezes the base of a source, which must be done before events of another partition are
/// admitted. `rest` reads the part of the files that the store has not read.
///
/// # Errors
/// If the files hold an event that the store has not read.
pub(crate) fn freeze(
    project: &Project,
    store: &dyn Store,
    source: &str,
    rest: Option<&mut dyn EventReader>,
) -> Result<()> {
    let before = store.states()?.base(source)?;
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
    let mut batch = StateBatch::new();
    batch.base(source, &base)?;
    store.commit_states(batch).map(|_| ())
}
