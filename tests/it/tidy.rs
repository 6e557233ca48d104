//! Tidy: the house rules that a machine can check.
//!
//! Invariant: each test reads the files that git would commit, as text, and names file and line.
//! Deliberately absent: what rustfmt and clippy check.

use std::path::{Path, PathBuf};

/// Most lines of a source file.
const FILE_LINES_MAX: usize = 500;
/// Most columns of a line that does not contain a long text.
const LINE_COLUMNS_MAX: usize = 110;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The files below the root with one of these endings, as (path, text).
pub(crate) fn files(endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && !["target", "demo", "node_modules"].contains(&&*name) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let shown = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((shown, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn check(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Goal: every source file begins with its purpose, and is short enough to be understood as a
/// whole.
#[test]
fn source_files_open_with_prose_and_are_short() {
    let mut problems = Vec::new();
    for (path, text) in files(&[".rs"]) {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{path}: {lines} lines; split it by concept"));
        }
        if !text.starts_with("//!") {
            problems.push(format!("{path}: it does not open with `//!`"));
        }
        for (at, line) in text.lines().enumerate() {
            if line.chars().count() > LINE_COLUMNS_MAX
                && !line.contains('"')
                && !line.contains("//!")
            {
                problems.push(format!("{path}:{}: a line over {LINE_COLUMNS_MAX} columns", at + 1));
            }
        }
    }
    check(problems);
}

/// Goal: no forbidden words in the code. Method: whole-text search outside tests.
#[test]
fn source_files_keep_the_house_rules() {
    let mut problems = Vec::new();
    for (path, text) in files(&[".rs"]) {
        if path.ends_with("it/tidy.rs") {
            continue;
        }
        let in_tests = path.contains("tests") || path.starts_with("benches/");
        let mut test_code = in_tests;
        for (at, line) in text.lines().enumerate() {
            test_code |= line.contains("#[cfg(test)]");
            let mut forbid = |word: &str, why: &str| {
                if line.contains(word) {
                    problems.push(format!("{path}:{}: {word}: {why}", at + 1));
                }
            };
            forbid("thread::sleep", "tests and hosts never sleep");
            forbid("#[allow(", "use #[expect(…, reason = …)]");
            forbid("#[ignore", "a test that does not run proves nothing");
            forbid("todo!(", "unfinished");
            forbid("unimplemented!(", "unfinished");
            if !test_code && !line.trim_start().starts_with("//") {
                forbid(".unwrap()", "say why it cannot fail with expect, or return the error");
            }
        }
        let name = path.rsplit('/').next().unwrap();
        for bad in ["utils.rs", "common.rs", "helpers.rs", "manager.rs"] {
            if name == bad {
                problems.push(format!("{path}: name the concept"));
            }
        }
    }
    check(problems);
}

/// Goal: each dangerous dependency is used in one place. Method: search for uses of wasmtime, sled,
/// object_store and the wall clock.
#[test]
fn each_boundary_is_in_one_place() {
    let mut problems = Vec::new();
    for (path, text) in files(&[".rs"]) {
        if !path.starts_with("runtime/") && !path.starts_with("cli/src") {
            continue;
        }
        let allowed = |word: &str, places: &[&str]| {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let used = code.clone().any(|line| line.contains(word));
            used && !places.iter().any(|place| path.starts_with(place))
        };
        if allowed("wasmtime::", &["runtime/guest/src/"]) {
            problems.push(format!("{path}: only runtime/guest names wasmtime"));
        }
        if allowed("::sled::", &["runtime/store/src/sled.rs"]) && text.contains("use ::sled") {
            problems.push(format!("{path}: only runtime/store/src/sled.rs names sled"));
        }
        if allowed(
            "object_store::",
            &[
                "runtime/source/src/objects.rs",
                "runtime/source/src/listing.rs",
                "runtime/source/src/upload.rs",
            ],
        ) {
            problems.push(format!(
                "{path}: only objects.rs, listing.rs and upload.rs of runtime/source name \
                 object_store"
            ));
        }
        if allowed("SystemTime", &["runtime/engine/src/clock.rs", "runtime/source/src/clock.rs"]) {
            problems
                .push(format!("{path}: only clock.rs of engine and source reads the wall clock"));
        }
    }
    check(problems);
}

/// Goal: the oracle shares no code with what it checks. Method: its manifest and sources name none
/// of the other packages.
#[test]
fn the_oracle_stands_alone() {
    let mut problems = Vec::new();
    for (path, text) in files(&[".rs", ".toml"]) {
        if !path.starts_with("tests/oracle/") {
            continue;
        }
        for other in [
            "lockstep-runtime",
            "lockstep-core",
            "lockstep-engine",
            "lockstep-guest",
            "lockstep-source",
            "lockstep-store",
            "lockstep-sdk",
            "lockstep-kit",
            "user-mentions",
        ] {
            let import = format!("use {}", other.replace('-', "_"));
            let depends = path.ends_with("Cargo.toml") && text.contains(&format!("{other}."));
            if depends || text.contains(&import) {
                problems.push(format!("{path}: the oracle must not use {other}"));
            }
        }
    }
    check(problems);
}

/// Goal: no committed file contains a path of one machine.
#[test]
fn no_file_names_a_machine() {
    let mut problems = Vec::new();
    for (path, text) in files(&[".rs", ".toml", ".md", ".wit", "Makefile", "run", ".json"]) {
        if path.ends_with("it/tidy.rs") {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            for word in ["/work/", "/root/", "/home/", "index.crates.io"] {
                if line.contains(word) {
                    problems.push(format!("{path}:{}: {word}", at + 1));
                }
            }
        }
    }
    check(problems);
}

/// The lines of a file outside its tests and comments, with their numbers.
fn code(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.contains("#[cfg(test)]"));
    let comment = |line: &str| line.trim_start().starts_with("//");
    lines.map(|(at, line)| (at + 1, line)).filter(|(_, line)| !comment(line)).collect()
}

/// Where code decides something by the words of an error: the lines.
fn read_messages(text: &str) -> Vec<usize> {
    let (mut whole, mut ends) = (String::new(), Vec::new());
    for (number, line) in code(text) {
        // A chain of calls may go over several lines.
        whole.extend(line.chars().filter(|c| !c.is_whitespace()));
        ends.push((whole.len(), number));
    }
    let ways =
        ["contains(", "starts_with(", "ends_with(", "find(", "split_once(", "strip_prefix(", "eq("];
    let texts = [".message.", ".message.as_str().", "to_string()."];
    let needles = texts.iter().flat_map(|text| ways.map(|way| format!("{text}{way}")));
    let needles = needles.chain([".message==", ".message!="].map(String::from));
    let found = needles.flat_map(|needle| {
        let places: Vec<usize> = whole.match_indices(&needle).map(|(at, _)| at).collect();
        places
    });
    let line_of = |at: usize| ends.iter().find(|(end, _)| at < *end).map_or(0, |(_, line)| *line);
    let mut lines: Vec<usize> = found.map(line_of).collect();
    lines.sort_unstable();
    lines
}

/// Goal: no code reads a message to decide something; codes are for that. Method: whole-text search
/// outside tests, in the runtime and the command.
#[test]
fn no_code_reads_a_message() {
    let mut problems = Vec::new();
    for (path, text) in files(&[".rs"]) {
        let ours = path.starts_with("runtime/") || path.starts_with("cli/");
        if !ours || path.contains("/tests/") || path.ends_with("/tests.rs") {
            continue;
        }
        for line in read_messages(&text) {
            problems.push(format!("{path}:{line}: it reads a message; match on the error's code"));
        }
    }
    check(problems);
}

/// Goal: the check can fail. Method: each way, over lines, in a comment and in a test.
#[test]
fn the_check_of_messages_finds_them() {
    let text = "if error.message.contains(\"x\") {}\nlet it = error\n    .message\n    \
                .starts_with(\"y\");\nerror.to_string().contains(\"z\");\nif error.message == \"w\" \
                {}\n// error.message.contains(\"no\")\n#[cfg(test)]\nerror.message.contains(\"no\");";
    assert_eq!(read_messages(text), [1, 3, 5, 6]);
}

/// Goal: docs/FEATURES.md lists exactly the units in which a duration can be written. Method: every
/// word of one or two letters.
#[test]
fn the_features_page_lists_every_unit() {
    let (_, page) = files(&[".md"]).into_iter().find(|(p, _)| p == "docs/FEATURES.md").unwrap();
    let (_, list) = page.split_once("- A duration is a whole number and one unit: ").unwrap();
    let list = &list[..list.find(", as in").unwrap()];
    let listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    let letters = || 'a'..='z';
    let one = letters().map(String::from);
    let two = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
    let parsed = one
        .chain(two)
        .filter(|unit| lockstep_core::window::parse_duration(&format!("1{unit}")).is_some());
    let (mut parsed, mut listed) = (parsed.collect::<Vec<_>>(), listed);
    parsed.sort_unstable();
    listed.sort_unstable();
    assert_eq!(parsed, listed);
}

/// Goal: docs/FEATURES.md names the version of the database of time zones that is built in.
#[test]
fn the_features_page_names_the_database_of_zones() {
    let page = std::fs::read_to_string(root().join("docs/FEATURES.md")).unwrap();
    let (_, rest) = page.split_once("are those of the database\n  ").unwrap();
    assert!(rest.starts_with(lockstep_core::window::database_version()), "{}", &rest[..20]);
}

/// Goal: what docs/CAPABILITIES.md shows for a capability of ours exists. Method: names in backquotes
/// in the second cell of a row are files of cases or tests of this binary.
#[test]
fn the_capabilities_page_names_what_exists() {
    let page = std::fs::read_to_string(root().join("docs/CAPABILITIES.md")).unwrap();
    let tests: String = files(&[".rs"]).into_iter().map(|(_, text)| text).collect();
    let (mut problems, mut shown) = (Vec::new(), 0);
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let Some(ours) = row.split('|').nth(2) else { continue };
        let Some((_, names)) = ours.split_once('(') else { continue };
        for name in names.split('`').skip(1).step_by(2) {
            shown += 1;
            let is_case = name.contains('/');
            let case = root().join(format!("tests/cases/{name}.json"));
            let is_test = tests.contains(&format!("fn {name}("));
            if !(is_test || is_case && case.is_file()) {
                problems.push(format!("docs/CAPABILITIES.md: there is no {name}: {row}"));
            }
        }
    }
    assert!(shown > 60, "the page shows only {shown} cases and tests");
    check(problems);
}
