//! Outputs: none replaces a file that the run reads, and who may read a new one does not depend on
//! the process's umask.
//!
//! Method: a project whose source is also in NDJSON, and an output under each name of each input.

use super::Place;
use lockstep_kit::artifacts::wasm;
use lockstep_runtime::{Code, Project};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// A place whose project reads two NDJSON files by a pattern.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    let log = read(&place, "issue_events.parquet", "data/events-1.ndjson");
    fs::write(place.path("data/events-2.ndjson"), "").unwrap();
    assert!(log > 0);
    place.edit("\"issue_events.parquet\"", "\"data/events-*.ndjson\"");
    read(&place, "mentions.parquet", "spine.ndjson");
    place
}

/// Writes a table in another format; returns its number of rows.
fn read(place: &Place, from: &str, to: &str) -> usize {
    let columns = place.columns(from, 100);
    place.table(to, columns.iter().map(|(name, array)| (name.as_str(), array.clone())).collect());
    columns[0].1.len()
}

/// Goal: an output that is an input of the run, by any path or link, is refused before anything is
/// read, and nothing changes. Method: each input, under its own name, through links, and by another
/// spelling; and an output that the pattern of a source or of the spine would match.
#[test]
fn an_output_never_replaces_an_input() {
    let place = place();
    symlink(place.path("data/events-1.ndjson"), place.path("soft.ndjson")).unwrap();
    fs::hard_link(place.path("data/events-1.ndjson"), place.path("hard.ndjson")).unwrap();
    symlink(place.path("data"), place.path("folder")).unwrap();
    fs::hard_link(place.path("lockstep.toml"), place.path("project.csv")).unwrap();
    fs::write(place.path("lockstep.lock"), "[artifacts]\n").unwrap();
    symlink(place.path("lockstep.lock"), place.path("lock.csv")).unwrap();
    symlink(place.path("user_mentions.wasm"), place.path("artifact.parquet")).unwrap();
    let train = "training-set mention_ranker --spine @spine.ndjson -o";
    for (output, what) in [
        ("@data/events-1.ndjson", "a file of source issue_events"),
        ("@data/../data/./events-1.ndjson", "a file of source issue_events"),
        ("@folder/events-2.ndjson", "a file of source issue_events"),
        ("@soft.ndjson", "a file of source issue_events"),
        ("@hard.ndjson", "a file of source issue_events"),
        ("@data/events-3.ndjson", "the next run would read it"),
        ("@folder/events-3.ndjson", "the next run would read it"),
        ("@spine.ndjson", "a file of the spine"),
        ("@project.csv", "the project file"),
        ("@lock.csv", "the lock file"),
        ("@artifact.parquet", "artifact user_mentions"),
    ] {
        let line = format!("{train} {output}");
        place.check_files(&line, 2, &[what, "name another file with --output"]);
        assert!(matches!(place.error(&line).code, Code::OutputIsInput { .. }), "{output}");
    }
    // The files of --events are inputs, too, and those of the project remain so.
    let others = format!("{train} @data/events-1.ndjson --events issue_events=@soft.ndjson");
    place.check_files(&others, 2, &["a file of source issue_events"]);
    let spines = "training-set mention_ranker --spine @spine*.ndjson -o @spine-2.ndjson";
    place.check_files(spines, 2, &["a file of the spine"]);
    let bucket = "training-set mention_ranker --spine s3://b/s/*.parquet -o s3://b/s/out.parquet";
    place.check_files(bucket, 2, &["a file of the spine"]);
    place.ends(&format!("{train} @data/out.ndjson"), 0, &[]);
    place.ends("backfill", 0, &[]);
    place.check(&format!("{train} @store/out.ndjson"), 2, &["inside the store's directory"]);
    // A store is a folder of its own, and so never one that holds inputs.
    place.check_files("backfill --store @data", 2, &["not empty", "not a store"]);
    place.check_files(
        "parity mention_ranker --spine @spine.ndjson --replay-store @data",
        2,
        &["exists"],
    );
}

/// Goal: `lockstep build` replaces components only. Method: outputs that are a log, and a link to
/// one; refused before anything is compiled.
#[test]
fn a_build_replaces_components_only() {
    let place = place();
    symlink(place.path("data/events-1.ndjson"), place.path("link.wasm")).unwrap();
    for output in ["data/events-1.ndjson", "link.wasm", "lockstep.toml", "data"] {
        let options = lockstep_cli::build::BuildOptions {
            crate_dir: lockstep_kit::artifacts::root().join("transforms/user-mentions"),
            output: Some(place.path(output)),
        };
        let before = place.files();
        let error = lockstep_cli::build::build(&options).unwrap_err();
        assert!(error.message.contains("is no component"), "{error}");
        assert!(matches!(error.code, Code::OutputIsInput { .. }));
        assert!(place.files() == before, "{output}");
    }
    assert!(wasm("transforms/user-mentions").is_file());
}

/// Who may do what with a file.
fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Goal: a store is its owner's alone, whatever the umask, and so is a new training set; one that
/// replaces a file keeps who may read that.
#[test]
fn stores_and_new_outputs_are_their_owners_alone() {
    let place = Place::new();
    place.ends("backfill", 0, &[]);
    place.ends("get mention_ranker actor=a candidate=b area=c", 0, &[]);
    let mut folders = vec![place.path("store")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
                // The backend may still be writing a snapshot when the store is closed.
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files >= 4, "{files} files");
    assert!(Project::open(place.path("")).is_ok());
    let train = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";
    place.ends(train, 0, &[]);
    assert_eq!(mode(&place.path("out.parquet")), 0o600);
    fs::set_permissions(place.path("out.parquet"), fs::Permissions::from_mode(0o640)).unwrap();
    place.ends(train, 0, &[]);
    assert_eq!(mode(&place.path("out.parquet")), 0o640);
}
