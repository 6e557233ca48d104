//! Files that appear whole or not at all.
//!
//! Invariant: a reader of `path` sees the old file or the new one, also after a crash.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Writes `bytes` under a temporary name beside `path`, syncs, and renames.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::retry(format!("cannot write {}", path.display())).because(error)
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // Nothing half-written stays; if even this fails, the error below says enough.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(failed)
}
