//! Atomic writes of small files: after a crash a file is whole, either old or new.
//!
//! Invariant: a reader of a path sees the old file or the new one, also after a crash and while
//! other threads and processes write the same path; once a function here has returned, a crash does
//! not bring the old file back. A failure leaves nothing behind; a killed process may leave a
//! temporary file, which [`is_temporary`] recognises. Deliberately absent: large files, which their
//! writers stream to the disk.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

use lockstep_core::error::{Error, Result};
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The suffix of every temporary file's name.
const SUFFIX: &str = ".tmp";

/// Writes `bytes` to `path` as [`replace`] does, for everybody to read; the error names the path.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, Readers::All)
        .map_err(|error| Error::retry(format!("cannot write {}", path.display())).because(error))
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Everybody.
    All,
}

impl Readers {
    fn mode(self) -> u32 {
        match self {
            Readers::Owner => 0o600,
            Readers::All => 0o644,
        }
    }
}

/// Writes `bytes` under a temporary name next to `path`, syncs the file, renames it to `path`, and
/// syncs the folder. The file's permissions do not depend on the process's umask.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut file =
        tempfile::Builder::new().prefix(&prefix(&name)).suffix(SUFFIX).tempfile_in(folder)?;
    file.as_file().set_permissions(Permissions::from_mode(readers.mode()))?;
    file.as_file_mut().write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    sync_folder(folder)
}

/// Syncs `folder` itself, so that the names in it survive a crash.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether `file` is the name of a temporary file for `name`, which a writer is still writing or
/// left behind when it was killed.
pub fn is_temporary(file: &str, name: &str) -> bool {
    file.strip_prefix(&prefix(name)).is_some_and(|rest| rest.ends_with(SUFFIX))
}

fn prefix(name: &str) -> String {
    format!(".{name}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::error::ErrorKind as Kind;
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// How often each thread writes.
    const WRITES: usize = 200;
    /// More than one page, so that a half-written file would show.
    const BYTES: usize = 20_000;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Goal: threads that write one path disturb neither each other nor a reader. Method: two
    /// writers with different contents, and a reader that always finds one of the two.
    #[test]
    fn writers_of_one_path_do_not_collide() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, &[0; BYTES]).unwrap();
        let writing = AtomicUsize::new(2);
        thread::scope(|scope| {
            for content in [0_u8, 1] {
                let (path, writing) = (&path, &writing);
                scope.spawn(move || {
                    let written: Vec<_> = (0..WRITES)
                        .map(|_| write_atomically(path, &vec![content; BYTES + content as usize]))
                        .collect();
                    // Before anything can panic; otherwise the reader would never stop.
                    writing.fetch_sub(1, Ordering::SeqCst);
                    written.into_iter().for_each(|written| written.unwrap());
                });
            }
            while writing.load(Ordering::SeqCst) > 0 {
                let found = fs::read(&path).unwrap();
                let whole = found == [0; BYTES] || found == [1; BYTES + 1];
                assert!(whole, "{} bytes that nobody wrote", found.len());
            }
        });
        assert_eq!(names(folder.path()), ["file"]);
    }

    /// Goal: a failure names the file and leaves nothing behind. Method: a folder that is missing,
    /// and a folder at the path of the file.
    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/file");
        let error = write_atomically(&missing, b"x").unwrap_err();
        assert_eq!(error.kind, Kind::Retry);
        assert!(error.message.starts_with("cannot write "), "{error}");
        assert!(error.message.ends_with("missing/file"), "{error}");
        assert_eq!(
            replace(&missing, b"x", Readers::Owner).unwrap_err().kind(),
            ErrorKind::NotFound
        );
        assert!(names(folder.path()).is_empty());

        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(write_atomically(&taken, b"x").is_err());
        assert_eq!(names(folder.path()), ["taken"]);
        assert_eq!(
            replace(Path::new(".."), b"x", Readers::All).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }

    /// Goal: a file has the access rights that its readers need, whatever the umask. Method: the
    /// rights of both kinds, of a new file and of one that replaces another.
    #[cfg(unix)]
    #[test]
    fn a_file_has_the_rights_of_its_readers() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let rights = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        for (readers, mode) in [(Readers::Owner, 0o600), (Readers::All, 0o644)] {
            replace(&path, b"x", readers).unwrap();
            assert_eq!(rights(), mode, "{readers:?}");
        }
    }

    /// Goal: the temporary file of a killed writer is recognised, and no other file is. Method: one
    /// such name, and similar ones.
    #[test]
    fn temporary_names_are_told_from_others() {
        assert!(is_temporary(".COMMIT.a1B2c3.tmp", "COMMIT"));
        for other in ["COMMIT", "COMMIT.tmp", ".COMMIT.a1B2c3", ".FORMAT.a1.tmp", ".COMMITS.tmp"] {
            assert!(!is_temporary(other, "COMMIT"), "{other}");
        }
    }
}
