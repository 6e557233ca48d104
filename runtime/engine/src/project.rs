//! The project file, `lockstep.toml`: the sources, artifacts, services and the store of a project.
//!
//! Paths are relative to the file's folder. `lockstep.lock` beside it pins each artifact, which
//! means that it records the digest that the artifact must have.
//!
//! Invariant: a [`ProjectFile`] that exists was read whole; an unknown key or a missing part is an
//! error that names file and line. Deliberately absent: what the artifacts declare (`catalog.rs`),
//! and the columns and features behind a service (`service.rs`).

use crate::catalog::KEEP_PREVIOUS_US;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::time::Time;
use lockstep_core::window::parse_duration;
use lockstep_source::Pattern;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The project file's usual name.
pub const PROJECT_FILE: &str = "lockstep.toml";
/// The lock file's name, beside the project file.
pub const LOCK_FILE: &str = "lockstep.lock";

/// A project file.
#[derive(Clone, Debug)]
pub struct ProjectFile {
    /// The file.
    pub file: PathBuf,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// The sources by name.
    pub sources: BTreeMap<String, SourceConfig>,
    /// The artifacts' files by name.
    pub artifacts: BTreeMap<String, PathBuf>,
    /// The services by name.
    pub services: BTreeMap<String, ServiceConfig>,
    /// The store's directory.
    pub store: Option<PathBuf>,
    /// For how long, in microseconds of event time, the store keeps the version of an artifact that
    /// was active before.
    pub keep_previous_us: i64,
    lock: BTreeMap<String, String>,
}

/// Where a source's events are.
#[derive(Clone, Debug, Default)]
pub struct SourceConfig {
    /// The paths and patterns of its files, in order.
    pub files: Vec<Pattern>,
    /// The column that records when each event arrived (S11), and its line in the project file.
    pub arrived_at: Option<(String, usize)>,
    /// The unit of integers that are times, and the texts that are null or boolean (S6).
    pub notation: Notation,
    /// Whether a file is refused that lacks a declared column, even one that may be null.
    pub strict_columns: bool,
}

/// The features that a service gives.
#[derive(Clone, Debug, Default)]
pub struct ServiceConfig {
    /// `view.feature` or `view.*`, each with its line in the project file.
    pub features: Vec<(String, usize)>,
    /// For each view, what a request calls its key columns.
    pub keys: BTreeMap<String, KeyNames>,
}

/// What a request calls the key columns of one view.
#[derive(Clone, Debug, Default)]
pub struct KeyNames {
    /// For each key column that has another name in the request, that name.
    pub names: BTreeMap<String, String>,
    /// The line in the project file.
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sources: BTreeMap<String, FileSource>,
    #[serde(default)]
    artifacts: BTreeMap<String, String>,
    #[serde(default)]
    services: BTreeMap<String, FileService>,
    store: Option<FileStore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSource {
    files: Option<OneOrMany>,
    arrived_at: Option<Spanned<String>>,
    time_unit: Option<Spanned<String>>,
    #[serde(default)]
    null_values: Vec<Spanned<String>>,
    #[serde(default)]
    true_values: Vec<Spanned<String>>,
    #[serde(default)]
    false_values: Vec<Spanned<String>>,
    #[serde(default)]
    strict_columns: bool,
}

impl FileSource {
    /// What the source declares of its values; `place` names the line of a byte of the file.
    fn notation(&self, place: impl Fn(usize) -> String) -> Result<Notation> {
        let texts = |declared: &[Spanned<String>]| {
            declared.iter().map(|text| text.as_ref().clone()).collect::<Vec<_>>()
        };
        let at = |text: &Spanned<String>| place(text.span().start);
        let unit = |unit: &Spanned<String>| {
            unit.as_ref().parse::<TimeUnit>().map_err(|error| error.at(at(unit)))
        };
        let notation = Notation {
            time_unit: self.time_unit.as_ref().map(unit).transpose()?,
            null_values: texts(&self.null_values),
            true_values: texts(&self.true_values),
            false_values: texts(&self.false_values),
        };
        let lists = [&self.null_values, &self.true_values, &self.false_values];
        let first = lists.into_iter().flatten().next().map(at);
        notation.check().map_err(|error| error.at(first.unwrap_or_default()))?;
        Ok(notation)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a path, a pattern or a URL, or a list of them")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileService {
    features: Vec<Spanned<String>>,
    #[serde(default)]
    keys: BTreeMap<String, Spanned<BTreeMap<String, String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStore {
    path: Option<String>,
    keep_previous: Option<Spanned<String>>,
}

#[derive(Default, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    #[serde(default)]
    artifacts: BTreeMap<String, String>,
}

impl ProjectFile {
    /// Reads the project file at `path`, or `lockstep.toml` in the folder `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<ProjectFile> {
        let path = path.as_ref();
        let file = if path.is_dir() { path.join(PROJECT_FILE) } else { path.to_path_buf() };
        let text = read_regular(&file).map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    Code::NotFound { what: "project", place: file.display().to_string() }
                }
                _ => Code::Unspecified,
            };
            Error::input(format!(
                "cannot read the project file {}; name one with --project, or make one with `lockstep new`",
                file.display()
            ))
            .with_code(code)
            .because(error)
        })?;
        let parsed: File = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            Error::input(format!("{}:{line}: {}", file.display(), error.message()))
        })?;
        let root = file.parent().unwrap_or(Path::new("")).to_path_buf();
        let place = |at: usize| format!("{}:{}", file.display(), line_of(&text, at));
        let sources = parsed.sources.into_iter().map(|(name, source)| {
            let notation = source.notation(place)?;
            let files = match source.files {
                None => vec![],
                Some(OneOrMany::One(file)) => vec![Pattern::new(&root, file)],
                Some(OneOrMany::Many(files)) => {
                    files.into_iter().map(|file| Pattern::new(&root, file)).collect()
                }
            };
            let arrived_at = source.arrived_at.map(|column| {
                let line = line_of(&text, column.span().start);
                (column.into_inner(), line)
            });
            Ok((
                name,
                SourceConfig { files, arrived_at, notation, strict_columns: source.strict_columns },
            ))
        });
        let services = parsed.services.into_iter().map(|(name, service)| {
            let features = service.features.into_iter().map(|feature| {
                let line = line_of(&text, feature.span().start);
                (feature.into_inner(), line)
            });
            let keys = service.keys.into_iter().map(|(view, names)| {
                let line = line_of(&text, names.span().start);
                (view, KeyNames { names: names.into_inner(), line })
            });
            (name, ServiceConfig { features: features.collect(), keys: keys.collect() })
        });
        Ok(ProjectFile {
            sources: sources.collect::<Result<_>>()?,
            services: services.collect(),
            artifacts: parsed.artifacts.into_iter().map(|(n, f)| (n, root.join(f))).collect(),
            keep_previous_us: keep_previous(&file, &text, parsed.store.as_ref())?,
            store: parsed.store.and_then(|store| store.path).map(|path| root.join(path)),
            lock: read_lock(&root.join(LOCK_FILE))?.artifacts,
            sha256: Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect(),
            file,
        })
    }

    /// The service called `name`.
    pub fn service(&self, name: &str) -> Result<&ServiceConfig> {
        self.services.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.services.keys().map(String::as_str).collect();
            let code = Code::unknown_name("service", name, known.iter().copied());
            Error::input(format!(
                "{} has no service {name:?}; its services are: {}{}",
                self.file.display(),
                or_none(&known),
                code.did_you_mean()
            ))
            .with_code(code)
        })
    }

    /// The paths and patterns of the files of the source called `name`.
    pub fn files(&self, name: &str) -> Result<&[Pattern]> {
        let files = self.sources.get(name).map(|source| source.files.as_slice());
        files.filter(|files| !files.is_empty()).ok_or_else(|| {
            Error::input(format!(
                "{} names no files for source {name:?}; add [sources.{name}] files = \"…\", or use --events",
                self.file.display()
            ))
            .with_code(Code::NotConfigured { setting: format!("sources.{name}.files") })
        })
    }

    /// The store's directory.
    pub fn store_path(&self) -> Result<&Path> {
        self.store.as_deref().ok_or_else(|| {
            Error::input(format!(
                "{} names no store; add [store] path = \"store\", or use --store",
                self.file.display()
            ))
            .with_code(Code::NotConfigured { setting: "store.path".into() })
        })
    }

    /// Checks an artifact's digest against the lock file. An artifact that the file does not name
    /// passes.
    pub fn check_lock(&self, artifact: &str, digest: &str) -> Result<()> {
        match self.lock.get(artifact) {
            Some(locked) if locked != digest => Err(Error::input(format!(
                "artifact {artifact} is {digest}, but {LOCK_FILE} beside {} pins {locked}; \
                 restore that artifact, or run `lockstep build` to pin the new one",
                self.file.display()
            ))
            .with_code(Code::ArtifactNotPinned { artifact: artifact.to_string() })),
            _ => Ok(()),
        }
    }

    /// The project whose file is in the folder of the artifact `wasm`, if there is one.
    pub fn beside(wasm: &Path) -> Result<Option<ProjectFile>> {
        let file = wasm.parent().unwrap_or(Path::new("")).join(PROJECT_FILE);
        if file.is_file() { ProjectFile::open(&file).map(Some) } else { Ok(None) }
    }

    /// Pins the artifact in the file `wasm`, if the project file in its folder names it. Returns
    /// the name under which it was pinned.
    pub fn pin(wasm: &Path, digest: &str) -> Result<Option<String>> {
        let Some(project) = ProjectFile::beside(wasm)? else { return Ok(None) };
        let root = wasm.parent().unwrap_or(Path::new(""));
        let named = project.artifacts.iter().find(|(_, path)| path.as_path() == wasm);
        let Some((name, _)) = named else { return Ok(None) };
        let path = root.join(LOCK_FILE);
        let mut lock = read_lock(&path)?;
        lock.artifacts.insert(name.clone(), digest.to_string());
        let mut text = String::from(
            "# Written by `lockstep build`: the artifacts in use, by digest.\n[artifacts]\n",
        );
        for (name, digest) in &lock.artifacts {
            text.push_str(&format!("{name:?} = {digest:?}\n"));
        }
        lockstep_disk::write_atomically(&path, text.as_bytes())?;
        Ok(Some(name.clone()))
    }
}

/// The value of `[store] keep_previous`, in microseconds.
fn keep_previous(file: &Path, text: &str, store: Option<&FileStore>) -> Result<i64> {
    let Some(kept) = store.and_then(|store| store.keep_previous.as_ref()) else {
        return Ok(KEEP_PREVIOUS_US);
    };
    let kept_us = parse_duration(kept.as_ref()).filter(|kept| *kept <= Time::MAX.micros());
    kept_us.ok_or_else(|| {
        Error::input(format!(
            "{}:{}: keep_previous is {:?}, which is no duration; write one such as \"7d\" or \"12h\"",
            file.display(),
            line_of(text, kept.span().start),
            kept.as_ref()
        ))
    })
}

fn read_lock(path: &Path) -> Result<Lock> {
    match read_regular(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(error) => Err(Error::input(format!("cannot read {}", path.display())).because(error)),
        Ok(text) => {
            let damaged = || {
                Error::input(format!("{} is damaged; delete it and build again", path.display()))
                    .with_code(Code::DamagedFile { file: path.display().to_string() })
            };
            // It is never written empty: a file that lost its content would unpin the artifacts.
            if text.trim().is_empty() {
                return Err(damaged());
            }
            toml::from_str(&text).map_err(|error| damaged().because(error))
        }
    }
}

/// The text of a regular file; anything else is not opened, since opening a pipe would wait.
fn read_regular(path: &Path) -> std::io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    std::fs::read_to_string(path)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|&&byte| byte == b'\n').count()
}

/// The names as a list for messages, or `none`.
pub(crate) fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
