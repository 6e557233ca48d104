//! The cache of compiled artifacts on disk: loading one takes a tenth of a millisecond instead of
//! tens of milliseconds.
//!
//! Invariant: code from the cache is executed, so an entry is used only if this host wrote it:
//! nobody else may write to its directory, and it starts with a digest over its key (artifact,
//! engine, settings) and its bytes. Any other entry is compiled again and overwritten. An entry is
//! written under a temporary name and then renamed, so no reader sees half of one. Deliberately
//! absent: errors. A cache that cannot be read or written costs time and nothing else.

use super::artifact::sha256;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::component::Component;

/// Bytes of the digest in front of the code.
const CHECK_BYTES: usize = 32;

/// The place of one artifact's compiled code for one engine.
pub(super) struct Entry {
    path: PathBuf,
    key: String,
}

impl Entry {
    /// The entry in `dir` for the artifact whose SHA-256 digest is `digits`.
    pub(super) fn new(dir: &Path, digits: &str, engine: &wasmtime::Engine) -> Option<Entry> {
        private_dir(dir)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let key = format!("{digits}-{:016x}.cwasm", hasher.finish());
        Some(Entry { path: dir.join(&key), key })
    }

    /// The component, if there is a complete entry.
    pub(super) fn load(&self, engine: &wasmtime::Engine) -> Option<Component> {
        let bytes = fs::read(&self.path).ok()?;
        let (check, code) = bytes.split_at_checked(CHECK_BYTES)?;
        if check != self.check(code) {
            return None;
        }
        // SAFETY: the bytes are those that `store` got from `Component::serialize`: the digest
        // covers them and their key, and only this user can write to the directory. The engine
        // checks version and settings itself.
        unsafe { Component::deserialize(engine, code) }.ok()
    }

    /// Writes the component's code.
    pub(super) fn store(&self, component: &Component) -> Option<()> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let code = component.serialize().ok()?;
        let bytes = [&self.check(&code)[..], &code].concat();
        let write = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary =
            self.path.with_file_name(format!("{}.{}-{write}.tmp", self.key, std::process::id()));
        let written =
            fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.ok()
    }

    fn check(&self, code: &[u8]) -> [u8; CHECK_BYTES] {
        sha256(&[self.key.as_bytes(), code])
    }
}

/// Creates the directory; `None` if others may write to it.
fn private_dir(dir: &Path) -> Option<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        const OTHERS_WRITE: u32 = 0o022;
        if fs::metadata(dir).ok()?.mode() & OTHERS_WRITE != 0 {
            return None;
        }
    }
    Some(())
}
