//! Project files, locks and patterns.

use lockstep_engine::project::{LOCK_FILE, PROJECT_FILE, ProjectFile};
use lockstep_source::Pattern;
use std::fs;

/// The law: a project file that was read has the digest of its bytes.
pub(crate) fn project(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(PROJECT_FILE), bytes).unwrap();
    if let Ok(project) = ProjectFile::open(folder.path()) {
        assert_eq!(project.sha256.len(), 64);
        for name in project.services.keys() {
            project.service(name).unwrap();
        }
    }
}

/// The law: a lock that is read keeps its artifacts when one more is pinned.
pub(crate) fn lock(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at(PROJECT_FILE), "[artifacts]\npinned = \"pinned.wasm\"\n").unwrap();
    fs::write(at(LOCK_FILE), bytes).unwrap();
    let Ok(before) = ProjectFile::open(folder.path()) else { return };
    let other = before.check_lock("other", "another digest").is_err();
    ProjectFile::pin(&at("pinned.wasm"), "sha256:00").unwrap();
    let after = ProjectFile::open(folder.path()).unwrap();
    after.check_lock("pinned", "sha256:00").unwrap();
    assert_eq!(after.check_lock("other", "another digest").is_err(), other);
}

/// The law: files that are found lie within the folder, once each. Patterns that leave it, and URLs,
/// are not tried.
pub(crate) fn pattern(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let leaves = text.starts_with('/') || text.contains("..") || text.contains(':');
    if leaves || text.contains('\0') {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.csv", "b.csv", "day=1/a.csv", "day=2/c [1].csv", ".hidden.csv"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    if let Ok(files) = Pattern::new(folder.path(), text).files() {
        let mut names: Vec<String> = files.iter().map(|file| file.location().to_string()).collect();
        let found = names.len();
        assert!(found > 0);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), found, "a file is found once");
    }
}
