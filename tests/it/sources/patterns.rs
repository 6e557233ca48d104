//! Patterns: which files they match, in which order, and which patterns are refused.
//!
//! Method: a tree of files made in another order, and tables of patterns.

use super::{read, schema, write};
use lockstep_core::Result;
use lockstep_core::value::Value;
use lockstep_source::{ObjectStores, Pattern, ReadOptions, SourceFile, files_of};
use std::path::Path;

/// The names of the files of patterns below `folder`, or the message.
fn names(folder: &Path, patterns: &[&str]) -> Result<Vec<String>, String> {
    let files = files(folder, patterns).map_err(|error| error.to_string())?;
    Ok(files.iter().map(|file| file.name().to_string()).collect())
}

fn files(folder: &Path, patterns: &[&str]) -> Result<Vec<SourceFile>> {
    let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::new(folder, *text)).collect();
    files_of(&patterns, &ObjectStores::new([]))
}

/// Goal: a pattern matches the files that the documentation of `pattern.rs` says, in the byte order
/// of their paths, whatever the order in the folder. Method: a tree made in another order, and a
/// table.
#[test]
fn s24_patterns_name_files_in_byte_order() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "b.csv",
        "a.csv",
        "B.csv",
        "a-2.csv",
        "a/x.csv",
        "a/y/z.csv",
        ".hidden.csv",
        "a/.h/x.csv",
        "10.csv",
        "9.csv",
        "é.csv",
        "star*.csv",
        "other.json",
    ] {
        write(folder.path(), name, "");
    }
    for (pattern, expect) in [
        ("*.csv", "10.csv 9.csv B.csv a-2.csv a.csv b.csv star*.csv é.csv"),
        ("?.csv", "9.csv B.csv a.csv b.csv é.csv"),
        ("[ab].csv", "a.csv b.csv"),
        ("[!a-z].csv", "9.csv B.csv é.csv"),
        ("a*/*.csv", "a/x.csv"),
        ("a/**/*.csv", "a/x.csv a/y/z.csv"),
        ("**/z.csv", "a/y/z.csv"),
        (".h*.csv", ".hidden.csv"),
        ("star[*].csv", "star*.csv"),
        ("a.csv", "a.csv"),
    ] {
        assert_eq!(names(folder.path(), &[pattern]).unwrap().join(" "), expect, "{pattern}");
    }
    for (root, pattern) in [(".", "a*/*.csv"), ("./", ".//a*//./*.csv"), ("", "a*/*.csv")] {
        let folder = format!("{}/{root}", folder.path().display());
        assert_eq!(names(folder.as_ref(), &[pattern]).unwrap(), ["a/x.csv"], "{root} {pattern}");
    }
    let listed = names(folder.path(), &["b.csv", "a*.csv"]).unwrap();
    assert_eq!(listed, ["b.csv", "a-2.csv", "a.csv"], "the list's order, then the bytes'");
}

/// Goal: positions continue over the files of a pattern in that order. Method: each file holds one
/// number.
#[test]
fn s24_positions_follow_the_order_of_paths() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(&["t timestamp"], None);
    for (name, first) in [("part-2.ndjson", 20), ("part-10.ndjson", 10), ("part-1.ndjson", 0)] {
        write(folder.path(), name, format!("{{\"t\":{first}}}\n{{\"t\":{}}}\n", first + 1));
    }
    let files = files(folder.path(), &["part-*.ndjson"]).unwrap();
    let all = read(&files, &schema, ReadOptions::default()).unwrap();
    assert_eq!(all.positions(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(all.column(0), [0, 1, 10, 11, 20, 21].map(Value::Timestamp));
    assert!(files.iter().all(
        |file| file.size_bytes() == Some(if file.name() == "part-1.ndjson" { 16 } else { 18 })
    ));
}

/// Goal: the error for a pattern that matches nothing says what was looked for and what to do.
#[test]
fn wrong_patterns_are_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "data/year=2024/a.csv", "");
    std::fs::create_dir(folder.path().join("data/b.csv")).unwrap();
    let place = folder.path().display().to_string();
    for (patterns, words) in [
        (&["data/*.parquet"][..], &["no file matches", "/data/*.parquet", "`**` any folders"][..]),
        (&["none/*.csv"], &["no file matches", "/none/*.csv"]),
        (&["data"], &["/data: this is a folder, not a file", "/data/*.parquet\""]),
        (&["data/"], &["/data: this is a folder", "/data/*.parquet\""]),
        (&["data/*.csv"], &["data/*.csv matches a folder", "/data/b.csv: this is a folder"]),
        (&["data/none.csv"], &["/data/none.csv: there is no such file"]),
        (&["data/[.csv"], &["/data/[.csv: this is no pattern", "`[*]`"]),
        (&["a**.csv"], &["a**.csv: this is no pattern"]),
        (&["data/*/a.csv", "data/year=2024/*"], &["a.csv: the file is named twice", "year=2024/*"]),
        (&[""], &["names no file"]),
        (&["kafka://broker/topic"], &["kafka://broker/topic", "s3://, gs://, az:// or a path"]),
        (&["s3://bucket"], &["s3://bucket: the URL names no object", "scheme://bucket/key"]),
    ] {
        let message = names(folder.path(), patterns).unwrap_err();
        let missing: Vec<_> = words.iter().filter(|word| !message.contains(**word)).collect();
        assert!(missing.is_empty(), "{patterns:?}: missing {missing:?} in: {message}");
        assert!(message.contains(&place) || message.contains("://") || patterns == [""]);
    }
}

/// Goal: special characters in the name of the folder below which a pattern is matched have no
/// meaning.
#[test]
fn the_folder_of_a_pattern_is_no_pattern() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("a[b]*?");
    write(&odd, "x.csv", "");
    assert_eq!(names(&odd, &["*.csv"]).unwrap(), ["x.csv"]);
}
