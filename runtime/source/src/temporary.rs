//! A temporary file, which holds an output until it is complete.
//!
//! Invariant: a file appears under its own name only by [`Temporary::rename`]; before that it has a
//! temporary name in the same folder, and is removed when its [`Temporary`] is dropped. A file that
//! a killed writer left behind is removed by the next writer. Deliberately absent: what is written.

use crate::clock::age;
use lockstep_core::error::{Error, Result};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time without a write after which a temporary file may be considered abandoned.
const ABANDONED_AGE: Duration = Duration::from_secs(15 * 60);

/// The permissions of a new file.
const PRIVATE: u32 = 0o600;

/// Makes the names of temporary files unique within the process.
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// A file that is removed unless it is renamed.
pub(super) struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // The file may be gone already, and a destructor cannot report an error.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Temporary {
    /// Creates the temporary file for `path`.
    pub(super) fn create(path: &Path) -> Result<(Temporary, File)> {
        clear_abandoned(path);
        let (temporary, file) = loop {
            let temporary = temporary_path(path)?;
            let new = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(PRIVATE)
                .open(&temporary);
            match new {
                Ok(file) => break (Temporary { path: temporary, renamed: false }, file),
                // It was left by a process with the same number, as in a container.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_write(path).because(error)),
            }
        };
        // The lock lasts until the file is closed in any way. On file systems without locks, no
        // file can be recognised as abandoned, so all of them stay.
        let _ = file.lock_shared();
        Ok((temporary, file))
    }

    /// Renames the file to `path`, replacing any file there, whose permissions it takes. A new file
    /// can be read and written by its owner alone, whatever the process's umask.
    pub(super) fn rename(mut self, path: &Path) -> io::Result<()> {
        let mode = path.metadata().map_or(PRIVATE, |metadata| metadata.permissions().mode());
        std::fs::set_permissions(&self.path, Permissions::from_mode(mode & 0o777))?;
        std::fs::rename(&self.path, path)?;
        self.renamed = true;
        // The name itself is durable only when its folder is synced.
        File::open(folder_of(path))?.sync_all()
    }
}

/// The error for a file that cannot be written.
pub(super) fn cannot_write(path: &Path) -> Error {
    Error::retry(format!(
        "{}: the file cannot be written; is the folder there, writable and not full?",
        path.display()
    ))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes the abandoned temporary files of killed writers of `path`: those that nobody has locked.
fn clear_abandoned(path: &Path) {
    let Some(name) = path.file_name() else { return };
    let first = format!(".{}.", name.to_string_lossy());
    let Ok(entries) = std::fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten() {
        let other = entry.file_name();
        let other = other.to_string_lossy();
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let ours = other
            .strip_prefix(&first)
            .and_then(|rest| rest.strip_suffix(".tmp")?.split_once('-'))
            .is_some_and(|(process, count)| number(process) && number(count));
        if !ours {
            continue;
        }
        let file = OpenOptions::new().read(true).write(true).open(entry.path());
        let held = file.map(|file| file.try_lock().is_err()).unwrap_or(true);
        // The age protects a file that was just created and is not locked yet, and one that another
        // machine writes.
        let age = entry.metadata().ok().and_then(|metadata| age(&metadata));
        let old = age.is_some_and(|age| age > ABANDONED_AGE);
        if !held && old {
            // Another process may have been faster.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A name next to `path` that no other writer uses.
fn temporary_path(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| cannot_write(path))?.to_string_lossy();
    let number = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
    Ok(folder_of(path).join(format!(".{name}.{}-{number}.tmp", std::process::id())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the file of a killed writer is removed by the next one, and the file of a running
    /// writer stays. Method: a file as a killed writer leaves it, made to look old, next to a
    /// writer at work.
    #[test]
    fn abandoned_files_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let make_old = |path: &Path| {
            let old = std::time::UNIX_EPOCH;
            File::options().write(true).open(path).unwrap().set_modified(old)
        };
        let (alive, _held) = Temporary::create(&path).unwrap();
        make_old(&alive.path).unwrap();
        let dead = folder.path().join(".t.parquet.4000000-0.tmp");
        let fresh = folder.path().join(".t.parquet.4000000-1.tmp");
        let others = folder.path().join(".u.parquet.4000000-0.tmp");
        let users = folder.path().join(".t.parquet.bak.tmp");
        for file in [&dead, &fresh, &others, &users] {
            std::fs::write(file, "torn").unwrap();
        }
        [&dead, &others, &users].into_iter().for_each(|file| make_old(file).unwrap());
        drop(Temporary::create(&path).unwrap());
        assert!(alive.path.exists() && fresh.exists() && others.exists());
        assert!(users.exists());
        assert!(!dead.exists());
    }
}
