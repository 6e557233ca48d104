//! Patterns: how a declaration or a flag names the files of a source.
//!
//! A pattern is a path, or the URL of an object, in which `*` stands for any characters within one
//! name, `?` for one character, `[ab]`, `[a-z]` and `[!a]` for one of a set of characters, and `**`
//! for any folders. A name that begins with a dot matches only if the pattern spells the dot, and
//! `[*]` is a literal star.
//!
//! Invariant: the files of a pattern are in the byte order of their paths, those of several
//! patterns in the order of the patterns, and no file occurs twice; so positions over them (S24)
//! depend on the files' names alone. A local file is known by its device and inode: of the paths of
//! one file, a pattern gives the one with the fewest symbolic links, of those the first. Only
//! regular files are read; anything else that matches is an error. A pattern that matches nothing
//! is an error, because an empty log is rarely intended. Deliberately absent: alternatives in
//! braces, and folders as matches.

use super::location::{FileId, Location, SourceFile, a_folder};
use super::objects::{Found, ObjectStores, ObjectUrl};
use super::redact;
use super::walk::{Match, OPTIONS, SPECIAL, Walk};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// A path, a URL or a pattern for either, and the folder that it is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    root: PathBuf,
    text: String,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.contains("://") {
            true => redact::url(&self.text).fmt(f),
            false => self.root.join(&self.text).display().fmt(f),
        }
    }
}

impl Pattern {
    /// The pattern `text`, relative to the folder `root`; an empty one is the working directory.
    pub fn new(root: impl Into<PathBuf>, text: impl Into<String>) -> Pattern {
        Pattern { root: root.into(), text: text.into() }
    }

    /// The files that it matches.
    pub fn files(&self) -> Result<Vec<SourceFile>> {
        self.files_in(ObjectStores::of_process())
    }

    /// The files that it matches; objects are looked up in `stores`.
    pub fn files_in(&self, stores: &ObjectStores) -> Result<Vec<SourceFile>> {
        if self.text.is_empty() {
            return Err(Error::input("an empty text names no file; name a path or a pattern"));
        }
        if let Some(url) = ObjectUrl::parse(&self.text)? {
            return self.objects(stores, &url);
        }
        if !self.text.contains(SPECIAL) {
            let path = self.root.join(&self.text);
            return Ok(vec![SourceFile::found(path, Path::new(&self.text))?]);
        }
        self.matches()
    }

    fn malformed(&self, error: glob::PatternError) -> Error {
        let message = format!("{self}: this is no pattern; `[*]` is a star itself");
        Error::input(message).because(error)
    }

    /// The object at `url`, or the objects whose keys match its key.
    fn objects(&self, stores: &ObjectStores, url: &ObjectUrl) -> Result<Vec<SourceFile>> {
        let Some(special) = url.key.find(SPECIAL) else {
            return Ok(vec![SourceFile::object(stores.object(url)?)?]);
        };
        let pattern = glob::Pattern::new(&url.key).map_err(|error| self.malformed(error))?;
        let folder = url.key[..special].rsplit_once('/').map_or("", |(folder, _)| folder);
        let matches = move |key: &str| pattern.matches_with(key, OPTIONS);
        let mut found: Vec<Found> = stores.list(url, folder, matches)?;
        if found.is_empty() {
            return Err(matches_nothing(&self.to_string()));
        }
        found.sort_by(|a, b| a.url.key.as_bytes().cmp(b.url.key.as_bytes()));
        found.into_iter().map(SourceFile::object).collect()
    }

    /// The local files that the pattern matches.
    fn matches(&self) -> Result<Vec<SourceFile>> {
        let mut found = self.walked()?.found;
        if found.is_empty() {
            return Err(matches_nothing(&self.to_string()));
        }
        // Of the paths of one file, the first in this order is kept.
        let order = |found: &Match| (found.links, bytes(&found.path).to_vec());
        found.sort_by_cached_key(order);
        let mut seen = HashSet::new();
        found.retain(|found| FileId::of(&found.path).is_none_or(|id| seen.insert(id)));
        found.sort_by(|a, b| bytes(&a.path).cmp(bytes(&b.path)));
        let absolute = Path::new(&self.text).is_absolute();
        let file = |Match { path, .. }: Match| {
            if path.is_dir() {
                return Err(
                    a_folder(&path.display().to_string()).at(format!("{self} matches a folder"))
                );
            }
            let root = if absolute { Path::new("") } else { &self.root };
            let declared = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
            SourceFile::found(path, &declared)
        };
        found.into_iter().map(file).collect()
    }

    fn walked(&self) -> Result<Walk> {
        let mut walk = Walk::new(&self.root, &self.text).map_err(|error| self.malformed(error))?;
        walk.run().map_err(|(folder, error)| {
            Error::input(format!("{}: the folder cannot be listed", folder.display()))
                .because(error)
        })?;
        Ok(walk)
    }

    /// Whether `output`, a path or a URL, is one of its files, or would be if it existed. A pattern
    /// whose files cannot be found matches nothing.
    pub fn covers(&self, output: &Path) -> bool {
        let text = output.to_string_lossy();
        match (ObjectUrl::parse(&self.text), ObjectUrl::parse(&text)) {
            (Ok(Some(own)), Ok(Some(other))) => {
                let same = own.same_bucket(&other);
                let matches = |pattern: glob::Pattern| pattern.matches_with(&other.key, OPTIONS);
                same && (own.key == other.key
                    || own.key.contains(SPECIAL) && glob::Pattern::new(&own.key).is_ok_and(matches))
            }
            (Ok(None), Ok(None)) => self.covers_file(output),
            _ => false,
        }
    }

    fn covers_file(&self, output: &Path) -> bool {
        let id = FileId::of(output);
        if !self.text.contains(SPECIAL) {
            let path = self.root.join(&self.text);
            return id.is_some() && id == FileId::of(&path);
        }
        let Ok(walk) = self.walked() else { return false };
        if id.is_some() && walk.found.iter().any(|found| FileId::of(&found.path) == id) {
            return true;
        }
        let name = output.file_name().map(|name| name.to_string_lossy());
        let folder = FileId::of_folder(output.parent().unwrap_or(Path::new("")));
        folder.zip(name).is_some_and(|(folder, name)| walk.would_match(folder, &name))
    }
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

fn matches_nothing(pattern: &str) -> Error {
    Error::input(format!(
        "no file matches {pattern}; correct the pattern (`*` is within one folder, `**` any \
         folders), or make the files first"
    ))
    .with_code(Code::NotFound { what: "file", place: pattern.to_string() })
}

/// The files of several patterns, in order.
pub fn files_of(patterns: &[Pattern], stores: &ObjectStores) -> Result<Vec<SourceFile>> {
    let mut files: Vec<SourceFile> = Vec::new();
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    for pattern in patterns {
        for file in pattern.files_in(stores)? {
            if let Some(first) = seen.insert(Identity::of(&file), files.len()) {
                let first = files[first].location();
                let of = match first == file.location() {
                    true => String::new(),
                    false => format!(" (it is the same file as {first})"),
                };
                return Err(Error::input(format!(
                    "{}: the file is named twice, the second time by {pattern}{of}; its events \
                     would count twice",
                    file.location()
                )));
            }
            files.push(file);
        }
    }
    Ok(files)
}

/// By what a file is known.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    File(FileId),
    Location(Location),
}

impl Identity {
    fn of(file: &SourceFile) -> Identity {
        match file.id() {
            Some(id) => Identity::File(id),
            None => Identity::Location(file.location().clone()),
        }
    }
}
