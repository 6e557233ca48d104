//! The inputs of a run, which its output must not replace.
//!
//! An input is the project file, its lock file, an artifact, the store, a file of any source of the
//! project, or a spine. An output is an input if both are one file, by whatever paths or links, or
//! if a pattern of inputs would match the output: then the next run would read it.
//!
//! Invariant: an output is compared before anything is read. Deliberately absent: the outputs of
//! `lockstep build`, which replaces components only.

use lockstep_core::{Code, Error, Result};
use lockstep_engine::project::{LOCK_FILE, ProjectFile};
use lockstep_source::{FileId, Pattern};
use std::path::{Path, PathBuf};

/// What a run reads.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// What each is, and its path.
    files: Vec<(String, PathBuf)>,
    /// What each names the files of, and the path, the pattern or the URL.
    patterns: Vec<(String, Pattern)>,
    store: Option<PathBuf>,
}

impl Inputs {
    /// The inputs that a project file names.
    pub(crate) fn of(file: &ProjectFile) -> Inputs {
        let folder = file.file.parent().unwrap_or(Path::new(""));
        let mut files = vec![
            ("the project file".to_string(), file.file.clone()),
            ("the lock file".to_string(), folder.join(LOCK_FILE)),
        ];
        let artifacts = file.artifacts.iter();
        files.extend(artifacts.map(|(name, path)| (format!("artifact {name}"), path.clone())));
        let patterns = file.sources.iter().flat_map(|(name, source)| {
            source.files.iter().map(move |files| (format!("source {name}"), files.clone()))
        });
        Inputs { files, patterns: patterns.collect(), store: file.store.clone() }
    }

    /// The same with the files of a pattern; `what` says whose they are.
    pub(crate) fn with(mut self, what: String, pattern: Pattern) -> Inputs {
        self.patterns.push((what, pattern));
        self
    }

    /// The same with another directory of the store.
    pub(crate) fn with_store(mut self, store: Option<PathBuf>) -> Inputs {
        self.store = store.or(self.store);
        self
    }

    /// Refuses an output that is one of the inputs.
    pub(crate) fn check(&self, output: &Path) -> Result<()> {
        let id = FileId::of(output);
        let same = |path: &Path| id.is_some() && id == FileId::of(path);
        let file = self.files.iter().find(|(_, path)| same(path));
        let refused = if let Some((what, path)) = file {
            format!("this is {what}, {}, which the output would replace", path.display())
        } else if let Some((what, pattern)) =
            self.patterns.iter().find(|(_, pattern)| pattern.covers(output))
        {
            format!(
                "this is a file of {what}, which {pattern} names: the output would replace it, or \
                 the next run would read it"
            )
        } else if self.store.as_deref().is_some_and(|store| is_within(output, store)) {
            "this is inside the store's directory".to_string()
        } else {
            return Ok(());
        };
        let place = output.display().to_string();
        let message = format!("{place}: {refused}; name another file with --output");
        Err(Error::input(message).with_code(Code::OutputIsInput { output: place }))
    }
}

/// Whether `output` is below the folder `folder`.
fn is_within(output: &Path, folder: &Path) -> bool {
    let parent = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match (parent.canonicalize(), folder.canonicalize()) {
        (Ok(parent), Ok(folder)) => parent.starts_with(folder),
        _ => false,
    }
}
