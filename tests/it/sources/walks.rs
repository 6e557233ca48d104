//! Walks: a pattern reads each file once, ends where links lead in a circle, and never waits for
//! something that is not a regular file.
//!
//! Method: folders with symbolic and hard links, pipes and sockets.

use super::{read, schema, write};
use lockstep_core::Result;
use lockstep_core::value::Value;
use lockstep_source::{ObjectStores, Pattern, ReadOptions, SourceFile, files_of};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

fn files(folder: &Path, patterns: &[&str]) -> Result<Vec<SourceFile>> {
    let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::new(folder, *text)).collect();
    files_of(&patterns, &ObjectStores::new([]))
}

fn names(folder: &Path, pattern: &str) -> String {
    let files = files(folder, &[pattern]).unwrap();
    files.iter().map(SourceFile::name).collect::<Vec<_>>().join(" ")
}

/// Goal: links in a circle, of which there may be many, end; a file that has several paths is read
/// once, by the path without links, so that the columns of its folders stay (S24).
#[test]
fn s24_links_give_each_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, time) in [("log/year=2023/a.ndjson", 1), ("log/year=2024/b.ndjson", 2)] {
        write(folder.path(), name, format!("{{\"t\":{time}}}\n"));
    }
    // Two links to the top make 2^40 paths; one is beside the folders, one within.
    symlink(path("log"), path("log/again")).unwrap();
    symlink(path("log"), path("log/year=2023/up")).unwrap();
    symlink(path("log/year=2024"), path("log/latest")).unwrap();
    std::fs::hard_link(path("log/year=2023/a.ndjson"), path("log/year=2023/z.ndjson")).unwrap();
    symlink("b.ndjson", path("log/year=2024/a-link.ndjson")).unwrap();
    let expect = "log/year=2023/a.ndjson log/year=2024/b.ndjson";
    for pattern in ["log/**/*.ndjson", "**/*.ndjson", "log/**", "./log//**/*.ndjson"] {
        let pattern = if pattern == "log/**" { "log/**/year=*/*.ndjson" } else { pattern };
        assert_eq!(names(folder.path(), pattern), expect, "{pattern}");
    }
    assert_eq!(names(folder.path(), "log/*/*.ndjson"), expect);
    assert_eq!(names(folder.path(), "log/latest/*.ndjson"), "log/latest/b.ndjson");
    let schema = schema(&["t timestamp", "year int64"], None);
    let found = files(folder.path(), &["log/**/*.ndjson"]).unwrap();
    let all = read(&found, &schema, ReadOptions::default()).unwrap();
    assert_eq!(all.column(1), [Value::Int64(2023), Value::Int64(2024)]);
    // Two patterns that name one file by two paths are an error, as by one path.
    let twice = files(folder.path(), &["log/year=2024/*.ndjson", "log/latest/b.ndjson"]);
    let message = twice.unwrap_err().message;
    for word in ["log/latest/b.ndjson: the file is named twice", "it is the same file as"] {
        assert!(message.contains(word), "{message}");
    }
}

/// Goal: a pipe, a socket, a device or a folder is refused by name, with or without a pattern, and
/// nothing waits for it.
#[test]
fn only_regular_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(Command::new("mkfifo").arg(path("pipe.ndjson")).status().unwrap().success());
    let _socket = UnixListener::bind(path("socket.csv")).unwrap();
    symlink("/dev/zero", path("device.parquet")).unwrap();
    symlink("/dev/zero", path("zero.ndjson")).unwrap();
    symlink("nowhere", path("dangling.arrow")).unwrap();
    std::fs::create_dir(path("folder.json")).unwrap();
    for (name, problem) in [
        ("pipe.ndjson", "this is a pipe, not a regular file"),
        ("socket.csv", "this is a socket, not a regular file"),
        ("device.parquet", "this is a device, not a regular file"),
        ("zero.ndjson", "this is a device, not a regular file"),
        ("dangling.arrow", "there is no such file"),
        ("folder.json", "this is a folder, not a file"),
    ] {
        let (stem, ending) = name.split_once('.').unwrap();
        for pattern in [name.to_string(), format!("{stem}*"), format!("**/{stem}.{ending}?")] {
            let pattern = pattern.replace('?', "*");
            let message = files(folder.path(), &[&pattern]).unwrap_err().message;
            assert!(message.contains(name) && message.contains(problem), "{pattern}: {message}");
        }
        // By its path alone, as a library may open it.
        let schema = schema(&["t timestamp"], None);
        let opened = read(&[SourceFile::from(path(name))], &schema, ReadOptions::default());
        assert!(opened.unwrap_err().message.contains(problem), "{name}");
    }
}
