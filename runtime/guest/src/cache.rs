//! The cache of compiled artifacts on disk: loading one takes a tenth of a millisecond instead of
//! tens of milliseconds.
//!
//! Code from the cache is executed. So each entry carries a seal over its name and its bytes, made
//! with a key that lies in a file beside it and that only this user can read; and the cache is used
//! only if nobody else can change the directory, a directory above it, or a file in it.
//!
//! Invariant: an entry is used only if this user's process wrote it, whole; any other is compiled
//! again and replaced. Its name contains the artifact's digest and a hash of wasmtime's version and
//! of all settings that its code depends on. Deliberately absent: errors. A cache that cannot be
//! used costs time and nothing else, and whoever opens it learns why.

use super::private::{open_private, private_dir};
use super::seal::{KEY_BYTES, Key, SEAL_BYTES};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::component::Component;

/// The file of the key, in the cache's directory.
const KEY_FILE: &str = "key";
/// How the names of entries end.
const ENTRY: &str = "cwasm";

/// A directory of compiled artifacts.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
    key: Key,
    bytes_max: u64,
}

/// The place of one artifact's compiled code for one engine.
pub(super) struct Entry<'a> {
    cache: &'a Cache,
    name: String,
}

impl Cache {
    /// Opens the cache in `dir`, which is created if it is missing. The error says why it cannot be
    /// used.
    pub(super) fn open(dir: &Path, bytes_max: u64) -> Result<Cache, String> {
        let failed = |error: io::Error| format!("{}: {error}", dir.display());
        let dir = private_dir(dir)?;
        let place = dir.join(KEY_FILE);
        let key = match key(&place)? {
            Some(key) => key,
            None => {
                let key = Key::random().map_err(|error| error.to_string())?;
                // A key that was cut off is of no use to anyone.
                let _ = fs::remove_file(&place);
                match create(&place).and_then(|mut file| file.write_all(key.bytes())) {
                    Ok(()) => key,
                    // Another process was first, and its key counts.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        self::key(&place)?
                            .ok_or_else(|| format!("{} is being written", place.display()))?
                    }
                    Err(error) => return Err(failed(error)),
                }
            }
        };
        Ok(Cache { dir, key, bytes_max })
    }

    /// The entry of the artifact with this digest.
    pub(super) fn entry(&self, digest: &str, engine: &wasmtime::Engine) -> Entry<'_> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let digits = digest.trim_start_matches("sha256:");
        Entry { cache: self, name: format!("{digits}-{:016x}.{ENTRY}", hasher.finish()) }
    }

    /// Deletes the oldest entries until the rest is within the limit.
    fn evict(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.dir)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == ENTRY) {
                let about = fs::symlink_metadata(&path)?;
                entries.push((about.modified()?, path, about.len()));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, path, bytes) in entries {
            if total <= self.bytes_max {
                break;
            }
            fs::remove_file(path)?;
            total -= bytes;
        }
        Ok(())
    }
}

impl Entry<'_> {
    /// The component, if there is a whole entry of this user.
    pub(super) fn load(&self, engine: &wasmtime::Engine) -> Option<Component> {
        let mut bytes = Vec::new();
        let file = open_private(&self.cache.dir.join(&self.name)).ok()?;
        file.take(self.cache.bytes_max + 1).read_to_end(&mut bytes).ok()?;
        let (seal, code) = bytes.split_at_checked(SEAL_BYTES)?;
        if !self.cache.key.seals(seal, &[self.name.as_bytes(), code]) {
            return None;
        }
        // SAFETY: the bytes are those that `store` got from `Component::serialize`: the seal covers
        // them and their name, and only this user has its key. The engine checks version and
        // settings itself.
        unsafe { Component::deserialize(engine, code) }.ok()
    }

    /// Writes the component's code. A cache that cannot be written costs time and nothing else.
    pub(super) fn store(&self, component: &Component) {
        let Ok(code) = component.serialize() else { return };
        if code.len() as u64 > self.cache.bytes_max {
            return;
        }
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let write = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary =
            self.cache.dir.join(format!("{}.{}-{write}.tmp", self.name, std::process::id()));
        let seal = self.cache.key.seal(&[self.name.as_bytes(), &code]);
        let written = create(&temporary)
            .and_then(|mut file| file.write_all(&seal).and_then(|()| file.write_all(&code)))
            .and_then(|()| fs::rename(&temporary, self.cache.dir.join(&self.name)));
        match written {
            Ok(()) => drop(self.cache.evict()),
            Err(_) => drop(fs::remove_file(&temporary)),
        }
    }
}

/// The key in a file; none if there is no file, or it was cut off.
fn key(place: &Path) -> Result<Option<Key>, String> {
    let mut bytes = Vec::new();
    match open_private(place) {
        Ok(file) => file
            .take(KEY_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("{}: {error}", place.display()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", place.display())),
    };
    Ok(bytes.try_into().ok().map(Key::new))
}

/// Creates a file that is not there yet, for this user alone.
fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
