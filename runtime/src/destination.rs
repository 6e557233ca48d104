//! The destination of an output: a file, or an object in a bucket. An object is written to a
//! temporary file first, and then uploaded.
//!
//! Invariant: a destination that cannot be written is refused before any work is done, and a
//! failure leaves nothing behind, neither on the disk nor in the bucket. Only a killed process
//! leaves the temporary file of an object. Deliberately absent: the format of the output.

use lockstep_core::{Code, Error, Result};
use lockstep_source::{Format, ObjectStores, is_url};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file, or an object and its temporary file.
#[derive(Debug)]
pub(crate) struct Destination {
    file: PathBuf,
    /// The URL of the object, and the folder of its temporary file; none for a file.
    object: Option<(String, TempDir)>,
}

impl Destination {
    /// The destination called `output`. A temporary file is put into `folder`, or else into the
    /// system's folder.
    pub(crate) fn of(output: &Path, folder: Option<&Path>) -> Result<Destination> {
        let format = Format::of(output)?;
        let text = output.to_string_lossy();
        if !is_url(&text) {
            check_file(output)?;
            return Ok(Destination { file: output.into(), object: None });
        }
        ObjectStores::of_process().check_writable(&text)?;
        let made = match folder {
            Some(folder) => TempDir::new_in(folder),
            None => TempDir::new(),
        };
        let folder = made.map_err(|error| {
            let message = "no temporary folder can be made; name one with --spill-dir";
            Error::retry(message).because(error)
        })?;
        let file = folder.path().join(format!("output.{}", format.extension()));
        Ok(Destination { file, object: Some((text.into_owned(), folder)) })
    }

    /// The file to write.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Uploads the file if the destination is an object.
    pub(crate) fn finish(self) -> Result<()> {
        match &self.object {
            Some((url, _)) => ObjectStores::of_process().upload(url, &self.file),
            None => Ok(()),
        }
    }
}

/// Refuses a file that cannot be written: its folder is missing, or it is a folder itself.
fn check_file(output: &Path) -> Result<()> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Error::input(format!(
            "{}: there is no folder {}; make it, or correct --output",
            output.display(),
            folder.display()
        ))
        .with_code(Code::NotFound { what: "folder", place: folder.display().to_string() }));
    }
    if output.is_dir() {
        let message = "this is a folder; name a file with --output";
        return Err(Error::input(message).at(output.display()));
    }
    Ok(())
}
