//! Patterns: how a declaration or a flag names the files of a source.
//!
//! A pattern is a path, or the URL of an object, in which `*` stands for any characters within one
//! name, `?` for one character, `[ab]`, `[a-z]` and `[!a]` for one of a set of characters, and `**`
//! for any folders. A name that begins with a dot matches only if the pattern spells the dot, and
//! `[*]` is a literal star.
//!
//! Invariant: the files of a pattern are in the byte order of their paths, those of several
//! patterns in the order of the patterns, and no file occurs twice; so positions over them (S24)
//! depend on the files' names alone. A pattern that matches nothing is an error, because an empty
//! log is rarely intended. Deliberately absent: alternatives in braces, and folders as matches.

use super::location::{SourceFile, a_folder};
use super::objects::{Found, ObjectStores, ObjectUrl};
use glob::{MatchOptions, glob_with};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The characters that make a path a pattern.
const SPECIAL: [char; 3] = ['*', '?', '['];

/// A path, a URL or a pattern for either, and the folder that it is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    root: PathBuf,
    text: String,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.contains("://") {
            true => self.text.fmt(f),
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
        let root = self.root.to_str().ok_or_else(|| {
            let place = self.root.display();
            Error::input(format!("{place}: a pattern needs a folder whose name is UTF-8"))
        })?;
        let absolute = Path::new(&self.text).is_absolute();
        let (root, text) = (if absolute { "".into() } else { moving(root) }, moving(&self.text));
        let whole = match root.as_str() {
            "" => text,
            "/" => format!("/{text}"),
            root => format!("{}/{text}", glob::Pattern::escape(root)),
        };
        let pattern = glob::Pattern::new(&whole).map_err(|error| self.malformed(error))?;
        // The walk itself would skip names whose dot the pattern spells.
        let walk = MatchOptions { require_literal_leading_dot: false, ..OPTIONS };
        let mut paths = Vec::new();
        for path in glob_with(&whole, walk).map_err(|error| self.malformed(error))? {
            let path = path.map_err(|error| {
                let place = error.path().display().to_string();
                Error::input(format!("{place}: the folder cannot be listed")).because(error)
            })?;
            if pattern.matches_path_with(&path, OPTIONS) {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(matches_nothing(&self.to_string()));
        }
        paths.sort_by(|a, b| bytes(a).cmp(bytes(b)));
        let file = |path: PathBuf| {
            if path.is_dir() {
                return Err(
                    a_folder(&path.display().to_string()).at(format!("{self} matches a folder"))
                );
            }
            let declared = path.strip_prefix(&root).unwrap_or(&path).to_path_buf();
            SourceFile::found(path, &declared)
        };
        paths.into_iter().map(file).collect()
    }
}

/// The path without `.` steps: the walk leaves them out, so they must also be left out of the
/// pattern.
fn moving(path: &str) -> String {
    let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    let first = if path.starts_with('/') { "/" } else { "" };
    format!("{first}{}", names.join("/"))
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
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    for pattern in patterns {
        for file in pattern.files_in(stores)? {
            if !seen.insert(file.location().clone()) {
                return Err(Error::input(format!(
                    "{}: the file is named twice, the second time by {pattern}; its events would \
                     count twice",
                    file.location()
                )));
            }
            files.push(file);
        }
    }
    Ok(files)
}
