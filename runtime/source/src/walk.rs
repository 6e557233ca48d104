//! Walks: finds the local files of a pattern, folder by folder.
//!
//! Invariant: a walk ends, also where symbolic links lead in a circle: no folder, known by its
//! device and inode, is visited twice at one place of the pattern. Folders that are reached by
//! fewer links come first, so of several ways to one folder the real one is taken. Deliberately
//! absent: what is found, such as whether it is a regular file (`location.rs`).

use super::location::FileId;
use glob::{MatchOptions, Pattern};
use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

/// How names are compared.
pub(super) const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The characters that make a name a pattern.
pub(super) const SPECIAL: [char; 3] = ['*', '?', '['];

/// One part of a pattern, between two slashes.
#[derive(Clone, Debug)]
enum Step {
    /// This name.
    Name(String),
    /// Any names that match.
    Names(Pattern),
    /// Any folders, also none: `**`.
    Folders,
}

/// Something that a pattern matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    /// How many symbolic links lead to it.
    pub(super) links: usize,
    pub(super) path: PathBuf,
}

/// A folder to be visited, and the step of the pattern that is taken there.
struct Stop {
    folder: PathBuf,
    step: usize,
    links: usize,
}

/// A walk through the folders of one pattern.
pub(super) struct Walk {
    steps: Vec<Step>,
    stops: VecDeque<Stop>,
    seen: HashSet<(FileId, usize)>,
    /// What was found.
    pub(super) found: Vec<Match>,
}

impl Walk {
    /// A walk through `pattern`, relative to the folder `root`.
    pub(super) fn new(root: &Path, pattern: &str) -> Result<Walk, glob::PatternError> {
        let names = pattern.split('/').filter(|name| !matches!(*name, "" | "."));
        let steps = names.map(|name| {
            Ok(match name {
                "**" => Step::Folders,
                name if name.contains(SPECIAL) => Step::Names(Pattern::new(name)?),
                name => Step::Name(name.to_string()),
            })
        });
        let steps = steps.collect::<Result<_, _>>()?;
        let folder = if pattern.starts_with('/') { PathBuf::from("/") } else { root.into() };
        let stops = [Stop { folder, step: 0, links: 0 }].into();
        Ok(Walk { steps, stops, seen: HashSet::new(), found: Vec::new() })
    }

    /// Walks to the end. The error names the folder that cannot be listed.
    pub(super) fn run(&mut self) -> Result<(), (PathBuf, io::Error)> {
        while let Some(stop) = self.stops.pop_front() {
            self.visit(&stop).map_err(|error| (stop.folder, error))?;
        }
        Ok(())
    }

    /// Whether the pattern would match a file called `name` in the folder `folder`. Only after
    /// [`Walk::run`].
    pub(super) fn would_match(&self, folder: FileId, name: &str) -> bool {
        let Some(last) = self.steps.len().checked_sub(1) else { return false };
        let fits = match &self.steps[last] {
            Step::Name(expected) => expected == name,
            Step::Names(pattern) => pattern.matches_with(name, OPTIONS),
            Step::Folders => !name.starts_with('.'),
        };
        fits && self.seen.contains(&(folder, last))
    }

    fn visit(&mut self, stop: &Stop) -> io::Result<()> {
        let Some(id) = FileId::of_folder(&stop.folder) else { return Ok(()) };
        if !self.seen.insert((id, stop.step)) {
            return Ok(());
        }
        match self.steps[stop.step].clone() {
            Step::Name(name) => {
                let path = stop.folder.join(name);
                if path.symlink_metadata().is_ok() {
                    self.reach(path, stop, stop.step + 1);
                }
            }
            Step::Names(pattern) => {
                for (path, name) in entries(&stop.folder)? {
                    if pattern.matches_with(&name, OPTIONS) {
                        self.reach(path, stop, stop.step + 1);
                    }
                }
            }
            Step::Folders => {
                let last = stop.step + 1 == self.steps.len();
                if !last {
                    let Stop { folder, links, .. } = stop;
                    let here = Stop { folder: folder.clone(), step: stop.step + 1, links: *links };
                    self.stops.push_front(here);
                }
                for (path, name) in entries(&stop.folder)? {
                    if name.starts_with('.') {
                        continue;
                    }
                    match path.is_dir() {
                        true => self.reach(path, stop, stop.step),
                        false if last => self.reach(path, stop, self.steps.len()),
                        false => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Goes on at `path`, which was found in the folder of `from`, with the step `step`.
    fn reach(&mut self, path: PathBuf, from: &Stop, step: usize) {
        let link = path.is_symlink();
        let links = from.links + usize::from(link);
        if step == self.steps.len() {
            self.found.push(Match { links, path });
            return;
        }
        let stop = Stop { folder: path, step, links };
        // The queue stays in order of the number of links.
        match link {
            true => self.stops.push_back(stop),
            false => self.stops.push_front(stop),
        }
    }
}

/// What is in a folder, in the byte order of the names. A name that is not UTF-8 is matched with
/// U+FFFD in place of its other bytes.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut entries = Vec::new();
    // An empty path is the working directory.
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in listed.read_dir()? {
        let name = entry?.file_name();
        entries.push((folder.join(&name), name.to_string_lossy().into_owned()));
    }
    entries.sort_unstable();
    Ok(entries)
}
