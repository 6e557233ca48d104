//! A store's directory: which files it holds besides the backend's own, and the order in which they
//! are written.
//!
//! ```text
//! LOCK      held by the one process that has the store
//! COMMIT    the record of the newest durable commit (`record`), replaced by renaming
//! FORMAT    "lockstep store 3": written last when a store is made, so it marks a whole one
//! .COMMIT.*.tmp .FORMAT.*.tmp    what a killed process was writing; removed by the next to open
//! db conf blobs/ snap.*    the backend's
//! aside.*   snapshots that the backend could not read; safe to delete
//! ```
//!
//! Invariant: while FORMAT exists, so does COMMIT; and COMMIT is written only once the commit it
//! names is on the disk. So the backend holds the commit that COMMIT names, or the one after it (a
//! crash came between), or it has lost something.
//!
//! Deliberately absent: the backend's interface. This file knows only the names of its files.

use super::deadline::{self, Outcome};
use super::record::Record;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_disk::{Readers, is_temporary, replace, sync_folder};
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The format's name and version: the whole content of FORMAT.
const FORMAT: &str = "lockstep store 3\n";
/// The version in [`FORMAT`].
const FORMAT_VERSION: u32 = 3;
/// The beginning of FORMAT in every version.
const FORMAT_NAME: &str = "lockstep store ";
/// The greatest length of a FORMAT file; a longer file is something else.
const FORMAT_BYTES_MAX: u64 = 64;
/// The permissions of a store's directories and files: its owner's alone.
const OWNER_FOLDER: u32 = 0o700;
const OWNER_FILE: u32 = 0o600;
/// How long a backend that was just closed may keep its file locked: its threads outlive it a
/// little.
const BACKEND_LOCK_WAIT_S_MAX: u64 = 10;

/// A store's directory, held by this process.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Kept open and locked.
    lock: File,
}

impl Drop for Directory {
    /// Releases the lock explicitly. Closing the file would not be enough: a child process that
    /// another thread starts holds a copy of the file between its fork and its exec.
    fn drop(&mut self) {
        // If this fails, the lock lasts until the process ends; the next open reports who has it.
        self.lock.unlock().ok();
    }
}

/// The content of COMMIT.
#[derive(Debug)]
pub(super) enum Committed {
    /// The record of the newest durable commit.
    Record(Record),
    /// The file is missing or damaged, for this reason.
    Lost(Error),
}

impl Directory {
    /// Whether there is a store, complete or damaged, at `path`.
    pub(super) fn is_store(path: &Path) -> bool {
        path.join("FORMAT").is_file()
    }

    /// Creates a new store's directory. It must be absent or empty, or left by an interrupted
    /// creation. Its parent must exist: a typing error should not leave a tree of folders behind.
    pub(super) fn create(path: &Path) -> Result<Directory> {
        match fs::DirBuilder::new().mode(OWNER_FOLDER).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
            Err(error) => return Err(failed(path, "cannot be made", error)),
        }
        if Self::is_store(path) {
            return Err(Error::input(format!(
                "there is a store at {} already; open it, or name another directory",
                path.display()
            )));
        }
        let foreign = |name: &str| !matches!(name, "LOCK" | "COMMIT") && !is_unwritten(name);
        for entry in fs::read_dir(path).map_err(|e| failed(path, "cannot be listed", e))? {
            let name = entry.map_err(|e| failed(path, "cannot be listed", e))?.file_name();
            let name = name.to_string_lossy();
            if foreign(&name) {
                return Err(Error::input(format!(
                    "{} is not empty (it holds {name:?}) and not a store; name an empty directory",
                    path.display()
                )));
            }
        }
        let directory = Directory::locked(path)?;
        directory.make_private();
        directory.write_commit(&Record::default())?;
        directory.replace("FORMAT", FORMAT.as_bytes())?;
        // The directory's own name must be durable, too.
        match path.canonicalize().ok().as_deref().and_then(Path::parent) {
            Some(parent) => sync_directory(parent)?,
            None => return Err(Error::input(format!("{} has no parent", path.display()))),
        }
        Ok(directory)
    }

    /// Opens a store's directory and locks it.
    pub(super) fn open(path: &Path) -> Result<Directory> {
        let entry = fs::metadata(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::input(format!(
                "there is no store at {}; make one by a backfill, or correct the path",
                path.display()
            ))
            .with_code(Code::NotFound { what: "store", place: path.display().to_string() }),
            _ => failed(path, "cannot be opened", error),
        })?;
        if !entry.is_dir() {
            return Err(Error::input(format!(
                "{} is a file; a store is a directory",
                path.display()
            )));
        }
        check_format(path)?;
        Directory::locked(path)
    }

    /// Locks the directory, and removes the temporary files of a killed process.
    fn locked(path: &Path) -> Result<Directory> {
        let directory = Directory { path: path.to_path_buf(), lock: lock(path)? };
        for name in directory.names()?.iter().filter(|name| is_unwritten(name)) {
            let path = path.join(name);
            fs::remove_file(&path).map_err(|e| failed(&path, "cannot be removed", e))?;
        }
        Ok(directory)
    }

    /// The directory's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads COMMIT.
    pub(super) fn read_commit(&self) -> Result<Committed> {
        let lost = |what: &str| {
            Committed::Lost(Error::restore(format!(
                "store {}: its COMMIT file is {what}, so commits may have been lost unseen; \
                 restore a backup, or accept what the store holds (`SledStore::open_behind`) and \
                 replay from the source",
                self.path.display()
            )))
        };
        match fs::read(self.path.join("COMMIT")) {
            Ok(bytes) => Ok(match Record::decode(&bytes) {
                Ok(record) => Committed::Record(record),
                Err(_) => lost("damaged"),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(lost("gone")),
            Err(error) => Err(failed(&self.path, "has a COMMIT file that cannot be read", error)),
        }
    }

    /// Replaces COMMIT, durably.
    pub(super) fn write_commit(&self, record: &Record) -> Result<()> {
        self.replace("COMMIT", &record.encode())
    }

    /// Removes files that would prevent the backend from opening after it was killed while opening:
    /// an unfinished snapshot, and a truncated configuration file. The backend writes both again.
    pub(super) fn clear_unfinished(&self) -> Result<()> {
        for name in self.names()? {
            if name.starts_with("snap.") && name.ends_with(".generating") {
                let path = self.path.join(&name);
                fs::remove_file(&path).map_err(|e| failed(&path, "cannot be removed", e))?;
            }
        }
        let path = self.path.join("conf");
        match fs::read(&path) {
            Ok(bytes) if !is_whole_configuration(&bytes) => {
                fs::remove_file(&path).map_err(|e| failed(&path, "cannot be removed", e))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&path, "cannot be read", error)),
        }
    }

    /// Renames the backend's snapshots, so that it reads its whole log instead. Returns how many
    /// there were.
    pub(super) fn set_snapshots_aside(&self) -> Result<usize> {
        let mut moved = 0;
        for name in self.names()? {
            if name.starts_with("snap.") {
                let path = self.path.join(&name);
                fs::rename(&path, self.path.join(format!("aside.{name}")))
                    .map_err(|e| failed(&path, "cannot be renamed", e))?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// Waits until nobody holds the backend's own lock. This process holds the store's lock, so the
    /// backend's can only be held by threads of a backend that was just closed, or by a program
    /// that is not Lockstep.
    pub(super) fn wait_for_backend(&self) -> Result<()> {
        let path = self.path.join("db");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&path, "cannot be opened", error)),
        };
        match deadline::run(BACKEND_LOCK_WAIT_S_MAX, move || {
            file.lock().and_then(|()| file.unlock())
        })? {
            Outcome::Done(Ok(())) => Ok(()),
            Outcome::Done(Err(error)) => Err(failed(&path, "cannot be locked", error)),
            Outcome::Panicked => Err(Error::bug("locking a file panicked")),
            Outcome::Late => Err(Error::retry(format!(
                "{} is locked by another program; close it and try again",
                path.display()
            ))
            .with_code(Code::StoreLocked)),
        }
    }

    /// Syncs what the backend has written: its log, and the large pages that it keeps in files of
    /// their own and never syncs. The limits of a store should keep pages small, but they were
    /// derived from the backend's source, so this does not rely on them. Files numbered from
    /// `first_blob` on are new; returns the next number.
    pub(super) fn sync_data(&self, log: &File, first_blob: u64) -> Result<u64> {
        let blobs = self.path.join("blobs");
        let mut next = first_blob;
        let listed = fs::read_dir(&blobs).map_err(|e| failed(&blobs, "cannot be listed", e))?;
        for entry in listed {
            let entry = entry.map_err(|e| failed(&blobs, "cannot be listed", e))?;
            let number = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            if let Some(number) = number.filter(|&number| number >= first_blob) {
                match File::open(entry.path()).and_then(|file| file.sync_data()) {
                    Ok(()) => next = next.max(number + 1),
                    // The backend has rewritten the page since, and removed this file.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(failed(&entry.path(), "cannot be synced", error)),
                }
            }
        }
        if next > first_blob {
            sync_directory(&blobs)?;
        }
        log.sync_data().map_err(|e| failed(&self.path.join("db"), "cannot be synced", e))?;
        Ok(next)
    }

    /// Lets nobody but the owner read the store, whatever the umask of the process that the backend
    /// makes files with. A process that is not the owner cannot change that, and need not.
    pub(super) fn make_private(&self) {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let _ = fs::set_permissions(&folder, Permissions::from_mode(OWNER_FOLDER));
            for entry in folder.read_dir().into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => {
                        let owner = Permissions::from_mode(OWNER_FILE);
                        let _ = fs::set_permissions(entry.path(), owner);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Makes the names of all files durable, once, after the backend has created its own.
    pub(super) fn sync_names(&self) -> Result<()> {
        let conf = self.path.join("conf");
        File::open(&conf)
            .and_then(|file| file.sync_all())
            .map_err(|e| failed(&conf, "cannot be synced", e))?;
        sync_directory(&self.path)
    }

    fn names(&self) -> Result<Vec<String>> {
        let list = || -> io::Result<Vec<String>> {
            fs::read_dir(&self.path)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        list().map_err(|error| failed(&self.path, "cannot be listed", error))
    }

    /// Replaces a small file, so that after a crash it is either the old one or the new one.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        replace(&path, bytes, Readers::Owner)
            .map_err(|error| failed(&path, "cannot be written", error))
    }
}

/// An error of the file system; of kind `Input` if the path or its access rights are wrong.
pub(super) fn failed(path: &Path, what: &str, error: io::Error) -> Error {
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => Some("give this user the right to read and write it"),
        ErrorKind::ReadOnlyFilesystem => Some("put the store where it can be written"),
        ErrorKind::NotFound => Some("make the directory it belongs in, or correct the path"),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::AlreadyExists => {
            Some("a store is a directory of its own; correct the path")
        }
        _ => None,
    };
    let message = format!("{} {what}; ", path.display());
    let code = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Code::AccessDenied { place: path.display().to_string() }
        }
        _ => Code::Unspecified,
    };
    match remedy {
        Some(remedy) => Error::input(message + remedy).with_code(code).because(error),
        None => {
            Error::retry(message + "look to the disk, then open the store again").because(error)
        }
    }
}

/// Whether `name` is a temporary file that a killed process left unfinished.
fn is_unwritten(name: &str) -> bool {
    ["COMMIT", "FORMAT"].iter().any(|own| is_temporary(name, own))
}

fn check_format(path: &Path) -> Result<()> {
    let file = path.join("FORMAT");
    let not_a_store = || {
        Error::input(format!(
            "{} is not a store (it has no FORMAT file of one); correct the path, or make a store \
             in an empty directory",
            path.display()
        ))
    };
    match fs::metadata(&file) {
        Ok(entry) if entry.is_file() && entry.len() <= FORMAT_BYTES_MAX => {}
        Ok(_) => return Err(not_a_store()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_a_store()),
        Err(error) => return Err(failed(&file, "cannot be read", error)),
    }
    let bytes = fs::read(&file).map_err(|error| failed(&file, "cannot be read", error))?;
    if bytes == FORMAT.as_bytes() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&bytes);
    let version = text.strip_prefix(FORMAT_NAME).map(str::trim_end);
    match version.and_then(|version| version.parse::<u32>().ok()) {
        Some(found) => Err(Error::input(format!(
            "store {} has format version {found}; this Lockstep reads version \
             {FORMAT_VERSION}, so backfill anew, by `lockstep backfill` into a new store, or use the Lockstep that wrote it",
            path.display()
        ))
        .with_code(Code::StoreFormat { found })),
        None => Err(not_a_store()),
    }
}

fn lock(path: &Path) -> Result<File> {
    let name = path.join("LOCK");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| failed(&name, "cannot be opened", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::retry(format!(
            "store {} is in use by another process, or open in this one; close it there and try \
             again",
            path.display()
        ))
        .with_code(Code::StoreLocked)),
        Err(TryLockError::Error(error)) => Err(failed(&name, "cannot be locked", error)),
    }
}

fn sync_directory(path: &Path) -> Result<()> {
    sync_folder(path).map_err(|error| failed(path, "cannot be synced", error))
}

/// Whether the backend's configuration is complete: it ends with the CRC-32 of what precedes it.
/// The backend itself accepts one with a wrong checksum.
fn is_whole_configuration(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<4>().is_some_and(|(text, crc)| {
        !text.is_empty() && u32::from_le_bytes(*crc) == crc32fast::hash(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::error::ErrorKind as Kind;

    /// Goal: a missing access right is the caller's to fix, a full disk is not. Method: system
    /// errors made by hand, because a test that runs as root has every right.
    #[test]
    fn errors_of_the_system_say_who_acts() {
        let at = |kind: ErrorKind| failed(Path::new("store"), "cannot be read", kind.into());
        let error = at(ErrorKind::PermissionDenied);
        assert_eq!(error.kind, Kind::Input);
        assert!(error.message.starts_with("store cannot be read; give this user"), "{error}");
        assert_eq!(at(ErrorKind::StorageFull).kind, Kind::Retry);
    }

    /// Goal: a truncated configuration is told from a complete one. Method: every length.
    #[test]
    fn a_configuration_cut_short_is_not_whole() {
        let text = b"segment_size: 524288\n";
        let whole = [text.as_slice(), &crc32fast::hash(text).to_le_bytes()].concat();
        assert!(is_whole_configuration(&whole));
        assert!((0..whole.len()).all(|length| !is_whole_configuration(&whole[..length])));
    }

    /// Goal: new pages in files of their own are synced once, and a missing folder is an error.
    /// Method: files named as the backend names them, and others.
    #[test]
    fn pages_in_files_are_synced_once() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("store");
        let directory = Directory::create(&path).unwrap();
        let log = File::create(path.join("db")).unwrap();
        assert!(directory.sync_data(&log, 0).is_err());
        fs::create_dir(path.join("blobs")).unwrap();
        assert_eq!(directory.sync_data(&log, 0).unwrap(), 0);
        for name in ["17", "423", "not a number"] {
            fs::write(path.join("blobs").join(name), "page").unwrap();
        }
        assert_eq!(directory.sync_data(&log, 0).unwrap(), 424);
        assert_eq!(directory.sync_data(&log, 424).unwrap(), 424);
    }

    /// Goal: wherever the creation of a store is interrupted, its directory is either complete or
    /// not yet a store. Method: remove what is written last, and create it again.
    #[test]
    fn an_interrupted_making_is_taken_up() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("store");
        drop(Directory::create(&path).unwrap());
        fs::remove_file(path.join("FORMAT")).unwrap();
        assert_eq!(Directory::open(&path).unwrap_err().kind, Kind::Input);
        fs::write(path.join(".FORMAT.a1B2c3.tmp"), "lock").unwrap();
        drop(Directory::create(&path).unwrap());
        fs::write(path.join(".COMMIT.a1B2c3.tmp"), "LSCO").unwrap();
        let directory = Directory::open(&path).unwrap();
        assert!(directory.names().unwrap().iter().all(|name| !name.ends_with(".tmp")));
        drop(directory);
        assert!(Directory::create(&path).unwrap_err().message.contains("already"));
    }
}
