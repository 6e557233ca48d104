//! The base of a source: the files that a store has read of it (S10).
//!
//! A source's files come before its other partitions, and the ids of their events count for all of
//! them. Invariant: once an event of another partition is admitted the base is frozen, since a file
//! that is added or changed later would be read after events that it was to precede; a nightly export
//! of a topic, read beside the topic, would count everything twice. Deliberately absent: the files.

use crate::{Snapshot, WriteBatch, layout};
use lockstep_core::Code;
use lockstep_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The version of the stored form.
pub const FORMAT: u32 = 1;

/// The files that a store has read of a source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// [`FORMAT`].
    pub format: u32,
    /// Whether events of another partition were admitted.
    pub frozen: bool,
    /// The files in the order of their positions.
    pub files: Vec<BaseFile>,
}

/// A file of a base.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BaseFile {
    /// Its name, as the project's pattern gives it.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
}

impl Base {
    /// The base that is recorded of a source, if any.
    pub fn read(snapshot: &dyn Snapshot, source: &str) -> Result<Option<Base>> {
        let Some(bytes) = snapshot.get(&layout::base(source))? else { return Ok(None) };
        let base: Base = serde_json::from_slice(&bytes).map_err(|error| {
            Error::restore(format!(
                "the store's record of the files of source {source} is damaged; restore the store, \
                 or fill a new one"
            ))
            .because(error)
        })?;
        if base.format != FORMAT {
            return Err(Error::input(format!(
                "the store's record of the files of source {source} has format {}, and this build \
                 reads format {FORMAT}; use a matching lockstep, or fill a new store with `lockstep \
                 backfill`",
                base.format
            ))
            .with_code(Code::StoreFormat { found: base.format }));
        }
        Ok(Some(base))
    }

    /// Puts the record into a batch.
    pub fn write(&self, source: &str, batch: &mut WriteBatch) -> Result<()> {
        let bytes = serde_json::to_vec(self)
            .map_err(|error| Error::bug("a base has no JSON").because(error))?;
        batch.put(layout::base(source), bytes)
    }

    /// Refuses files that are not those that were read. Files may be added behind them as long as the
    /// base is not frozen, and the last one may grow.
    ///
    /// # Errors
    /// With the code [`Code::FilesChanged`], naming the first file that differs.
    pub fn check(&self, source: &str, files: &[BaseFile]) -> Result<()> {
        let last = self.files.len().saturating_sub(1);
        for (at, read) in self.files.iter().enumerate() {
            let same = files.get(at).is_some_and(|file| {
                let grown = at == last && !self.frozen && file.size_bytes >= read.size_bytes;
                file.name == read.name && (file.size_bytes == read.size_bytes || grown)
            });
            if !same {
                let now = files.get(at).map_or_else(
                    || "no file".to_string(),
                    |file| format!("{} of {} bytes", file.name, file.size_bytes),
                );
                return Err(changed(
                    source,
                    &read.name,
                    &format!(
                        "file number {} was {} of {} bytes when the store read it, and is {now} now",
                        at + 1,
                        read.name,
                        read.size_bytes
                    ),
                ));
            }
        }
        match files.get(self.files.len()) {
            Some(added) if self.frozen => Err(changed(
                source,
                &added.name,
                &format!(
                    "file {} was added after events had come by another way than the source's files; \
                 its events could count twice, or too late",
                    added.name
                ),
            )),
            _ => Ok(()),
        }
    }
}

fn changed(source: &str, file: &str, what: &str) -> Error {
    Error::input(format!(
        "source {source}: {what}; bring back the files that the store has read, or fill a new store \
         with `lockstep backfill`"
    ))
    .with_code(Code::FilesChanged { source: source.to_string(), file: file.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(frozen: bool, files: &[(&str, u64)]) -> Base {
        let file = |(name, size_bytes): &(&str, u64)| BaseFile {
            name: name.to_string(),
            size_bytes: *size_bytes,
        };
        Base { format: FORMAT, frozen, files: files.iter().map(file).collect() }
    }

    /// Goal: an open base takes more files behind the others, a frozen one none, and a file that was
    /// replaced is named (S10). Method: a table of files before and after.
    #[test]
    fn s10_a_frozen_base_takes_no_file() {
        let check = |frozen, before: &[(&str, u64)], after: &[(&str, u64)]| {
            let now = base(false, after).files;
            match base(frozen, before).check("s", &now) {
                Ok(()) => None,
                Err(error) => match error.code {
                    Code::FilesChanged { file, .. } => Some(file),
                    other => panic!("{other:?}"),
                },
            }
        };
        let [one, two] = [("a", 1), ("b", 2)];
        assert_eq!(check(false, &[one], &[one, two]), None);
        assert_eq!(check(true, &[one], &[one, two]).as_deref(), Some("b"));
        assert_eq!(check(true, &[one, two], &[one, two]), None);
        assert_eq!(check(false, &[one, two], &[one]).as_deref(), Some("b"));
        assert_eq!(check(false, &[one], &[("0", 9), one]).as_deref(), Some("a"));
        assert_eq!(check(false, &[one, two], &[("a", 5), two]).as_deref(), Some("a"));
        assert_eq!(check(false, &[one, two], &[one, ("b", 3)]), None);
        assert_eq!(check(true, &[one, two], &[one, ("b", 3)]).as_deref(), Some("b"));
        assert_eq!(check(true, &[], &[one]).as_deref(), Some("a"));
    }
}
