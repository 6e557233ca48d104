//! Files and directories that nobody but this user can change.
//!
//! Invariant: a directory counts as private only if it, and each directory above it, belongs to
//! this user or to root, and no other can write to it; a directory above may be open to all if it
//! is sticky, as the system's folder for temporary files is, where nobody can rename what belongs
//! to others. Links on the way are resolved once, and the resolved path is what is checked and
//! used. Where the system has no such owners, nothing is private. Deliberately absent: access
//! control lists, which can only give rights to those whom the owner names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Creates the directory if it is missing, and returns its path without links. The error says why
/// it is not private.
#[cfg(unix)]
pub(super) fn private_dir(dir: &Path) -> Result<PathBuf, String> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    const STICKY: u32 = 0o1000;
    const OTHERS_WRITE: u32 = 0o022;
    let failed = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(dir).map_err(|error| failed(dir, error))?;
    let real = dir.canonicalize().map_err(|error| failed(dir, error))?;
    for (above, path) in real.ancestors().enumerate() {
        let about = fs::symlink_metadata(path).map_err(|error| failed(path, error))?;
        let shown = path.display();
        if !about.is_dir() {
            return Err(format!("{shown} is not a folder"));
        }
        let (owner, mode) = (about.uid(), about.mode());
        if owner != this_user() && (above == 0 || owner != ROOT) {
            return Err(format!("{shown} belongs to another user"));
        }
        let shared = above > 0 && mode & STICKY != 0;
        if mode & OTHERS_WRITE != 0 && !shared {
            return Err(format!("others may write to {shown}"));
        }
    }
    Ok(real)
}

/// Opens a file for reading that belongs to this user alone: no link, one name, and no rights for
/// others.
#[cfg(unix)]
pub(super) fn open_private(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    const OTHERS: u32 = 0o077;
    let mut options = fs::OpenOptions::new();
    // Opening a pipe must not wait for a writer.
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    let about = file.metadata()?;
    let private = about.is_file()
        && about.uid() == this_user()
        && about.mode() & OTHERS == 0
        && about.nlink() == 1;
    match private {
        true => Ok(file),
        false => Err(io::Error::other("it is not this user's own file, or others have rights")),
    }
}

#[cfg(unix)]
const ROOT: u32 = 0;

#[cfg(unix)]
fn this_user() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

#[cfg(not(unix))]
pub(super) fn private_dir(dir: &Path) -> Result<PathBuf, String> {
    Err(format!("{}: this system does not say who may change it", dir.display()))
}

#[cfg(not(unix))]
pub(super) fn open_private(_: &Path) -> io::Result<fs::File> {
    Err(io::Error::other("this system does not say who may change it"))
}
