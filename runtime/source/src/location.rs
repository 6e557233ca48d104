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
use std::fs::{File, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
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

/// The device and the inode of a file, which all of its paths have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(u64, u64);

impl FileId {
    /// The file at `path`; none if there is nothing, or a link that leads to nothing.
    pub fn of(path: &Path) -> Option<FileId> {
        path.metadata().ok().map(|metadata| FileId::of_metadata(&metadata))
    }

    /// The folder at `path`, where an empty path is the working directory; none if there is no
    /// folder.
    pub fn of_folder(path: &Path) -> Option<FileId> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let metadata = path.metadata().ok().filter(Metadata::is_dir)?;
        Some(FileId::of_metadata(&metadata))
    }

    fn of_metadata(metadata: &Metadata) -> FileId {
        FileId(metadata.dev(), metadata.ino())
    }
}

/// A file to be read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    location: Location,
    /// Its identity when a pattern found it; none for an object, or a file given by its path alone.
    id: Option<FileId>,
    name: String,
    pub(super) partitions: Vec<Partition>,
    size_bytes: Option<u64>,
    object: Option<(Arc<dyn RangeRead>, Failure)>,
}

impl From<PathBuf> for SourceFile {
    /// A file given by its path alone: its folders define no columns.
    fn from(path: PathBuf) -> SourceFile {
        let (name, location) = (path.display().to_string(), Location::File(path));
        SourceFile { location, id: None, name, partitions: vec![], size_bytes: None, object: None }
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
        let metadata = open_file(&path)?.metadata().ok();
        let size_bytes = metadata.as_ref().map(Metadata::len);
        let id = metadata.as_ref().map(FileId::of_metadata);
        let folders = declared.parent().unwrap_or(Path::new(""));
        let partitions = Partition::of(&path.display().to_string(), &folders.to_string_lossy())?;
        let (name, location) = (declared.display().to_string(), Location::File(path));
        Ok(SourceFile { location, id, name, partitions, size_bytes, object: None })
    }

    /// An object that was found.
    pub(super) fn object(found: Found) -> Result<SourceFile> {
        let folders = found.url.key.rsplit_once('/').map_or("", |(folders, _)| folders);
        let partitions = Partition::of(&found.url.to_string(), folders)?;
        let name = found.url.to_string();
        Ok(SourceFile {
            location: Location::Object(name.clone()),
            id: None,
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

    /// The identity of a local file that a pattern found.
    pub fn id(&self) -> Option<FileId> {
        self.id
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
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let metadata = path.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(a_folder(&path.display().to_string()));
    }
    if !metadata.is_file() {
        return Err(not_regular(path, &metadata));
    }
    File::open(path).map_err(failed)
}

/// The error for a pipe, a device or a socket where a file should be.
fn not_regular(path: &Path, metadata: &Metadata) -> Error {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Error::input(format!(
        "{}: this is {what}, not a regular file; write its bytes to a file, or send events to \
         `lockstep stream -`",
        path.display()
    ))
}

/// The error for a folder where a file should be.
pub(super) fn a_folder(place: &str) -> Error {
    let place = place.trim_end_matches('/');
    Error::input(format!(
        "{place}: this is a folder, not a file; name its files by a pattern, such as \
         \"{place}/*.parquet\""
    ))
}
