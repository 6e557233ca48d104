//! Locations: where the files of a source are, and which columns their folders define.
//!
//! Invariant: a [`SourceFile`] names one file, and its partitions are the `key=value` folders in
//! its path as declared, so the folders above a project never define a column. Deliberately absent:
//! patterns (`pattern.rs`), and what a partition's text means (`hive.rs`).

use super::content::{Content, Failure, Object, RangeRead};
use super::hive::Partition;
use super::objects::Found;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// A local file.
    File(PathBuf),
    /// An object, as `scheme://bucket/key`.
    Object(String),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(path) => path.display().fmt(f),
            Location::Object(url) => url.fmt(f),
        }
    }
}

impl Location {
    /// The path whose extension determines the format.
    pub(super) fn path(&self) -> &Path {
        match self {
            Location::File(path) => path,
            Location::Object(url) => Path::new(url),
        }
    }
}

/// A file to be read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    location: Location,
    name: String,
    pub(super) partitions: Vec<Partition>,
    size_bytes: Option<u64>,
    object: Option<(Arc<dyn RangeRead>, Failure)>,
}

impl From<PathBuf> for SourceFile {
    /// A file given by its path alone: its folders define no columns.
    fn from(path: PathBuf) -> SourceFile {
        let (name, location) = (path.display().to_string(), Location::File(path));
        SourceFile { location, name, partitions: vec![], size_bytes: None, object: None }
    }
}

impl From<&Path> for SourceFile {
    fn from(path: &Path) -> SourceFile {
        path.to_path_buf().into()
    }
}

impl SourceFile {
    /// A local file that a pattern matched, with the declared part of its path.
    pub(super) fn found(path: PathBuf, declared: &Path) -> Result<SourceFile> {
        let size_bytes = open_file(&path)?.metadata().ok().map(|metadata| metadata.len());
        let folders = declared.parent().unwrap_or(Path::new(""));
        let partitions = Partition::of(&path.display().to_string(), &folders.to_string_lossy())?;
        let (name, location) = (declared.display().to_string(), Location::File(path));
        Ok(SourceFile { location, name, partitions, size_bytes, object: None })
    }

    /// An object that was found.
    pub(super) fn object(found: Found) -> Result<SourceFile> {
        let folders = found.url.key.rsplit_once('/').map_or("", |(folders, _)| folders);
        let partitions = Partition::of(&found.url.to_string(), folders)?;
        let name = found.url.to_string();
        Ok(SourceFile {
            location: Location::Object(name.clone()),
            name,
            partitions,
            size_bytes: Some(found.size_bytes()),
            object: Some((Arc::new(found), Failure::default())),
        })
    }

    /// Where the file is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Its name as declared: its URL, or its path below the folder of the project file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its length when it was found; unknown for a file that was given by its path alone.
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// Opens it.
    pub(super) fn open(&self) -> Result<Content> {
        match &self.object {
            Some((object, failure)) => {
                Ok(Content::Object(Object::new(Arc::clone(object), Arc::clone(failure))))
            }
            None => open_file(self.location.path()).map(Content::File),
        }
    }

    /// The error of reading it: the object store's own error, if that was the cause.
    pub(super) fn blame(&self, error: Error) -> Error {
        let failure = self
            .object
            .as_ref()
            .and_then(|(_, failure)| failure.lock().unwrap_or_else(PoisonError::into_inner).take());
        failure.unwrap_or(error)
    }
}

/// Opens a file to be read.
fn open_file(path: &Path) -> Result<File> {
    let failed = |error: std::io::Error| {
        let place = path.display();
        let at = || place.to_string();
        let (what, code) = match error.kind() {
            std::io::ErrorKind::NotFound => {
                ("there is no such file", Code::NotFound { what: "file", place: at() })
            }
            std::io::ErrorKind::PermissionDenied => {
                ("the file cannot be opened", Code::AccessDenied { place: at() })
            }
            _ => ("the file cannot be opened", Code::Unspecified),
        };
        Error::input(format!("{place}: {what}")).with_code(code).because(error)
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(a_folder(&path.display().to_string()));
    }
    Ok(file)
}

/// The error for a folder where a file should be.
pub(super) fn a_folder(place: &str) -> Error {
    let place = place.trim_end_matches('/');
    Error::input(format!(
        "{place}: this is a folder, not a file; name its files by a pattern, such as \
         \"{place}/*.parquet\""
    ))
}
