//! An author's mistakes, compiled: each error is readable and points at the author's own line.
//!
//! Method: each file of `tests/refused` has mistakes, and behind each line that must be an error
//! `//~` and how the message begins, once for each error of the line. The compiler is run on it with
//! the SDK that this test links. One mistake is one message: exactly these errors must appear.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Fewest mistakes in all files.
const MISTAKES_MIN: usize = 150;

/// The newest library of the SDK beside this test, and the folder of all libraries.
fn sdk() -> (PathBuf, PathBuf) {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().to_path_buf();
    let libraries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let is_sdk = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("liblockstep_sdk-") && name.ends_with(".rlib")
    };
    let newest =
        libraries.filter(is_sdk).max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    (newest.expect("this test links the SDK"), folder)
}

/// The errors of a file as (line, message).
fn errors(case: &Path, output: &Path) -> Vec<(usize, String)> {
    let (library, folder) = sdk();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .args(["--error-format", "short", "--color", "never", "-A", "warnings"])
        .arg("--extern")
        .arg(format!("lockstep_sdk={}", library.display()))
        .arg("-L")
        .arg(format!("dependency={}", folder.display()))
        .arg("-o")
        .arg(output)
        .arg(case)
        .output()
        .unwrap();
    let text = String::from_utf8(run.stderr).unwrap();
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let parse = |line: &str| {
        let (place, message) = line.split_once(": error")?;
        let (_, place) = place.split_once(&format!("{name}:"))?;
        // A trait's message follows the code of its error, and an assertion's how it failed.
        let (_, message) = message.split_once(": ")?;
        let message = message.strip_prefix("evaluation panicked: ").unwrap_or(message);
        Some((place.split(':').next()?.parse().ok()?, message.to_string()))
    };
    let errors: Vec<_> = text.lines().filter_map(parse).collect();
    assert_eq!(run.status.success(), errors.is_empty(), "{}: {text}", case.display());
    errors
}

/// Goal: each mistake is an error at the author's own line, with a readable message. Method: the
/// module's documentation describes how the files are compiled and compared.
#[test]
fn mistakes_are_refused_at_the_authors_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refused");
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused.rmeta");
    let mut cases: Vec<_> = folder.read_dir().unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    let mut mistakes = 0;
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let expected = text
            .lines()
            .enumerate()
            .flat_map(|(at, line)| line.split(" //~ ").skip(1).map(move |begin| (at + 1, begin)));
        let mut errors = errors(&case, &output);
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        for (line, begin) in expected {
            mistakes += 1;
            let found =
                errors.iter().position(|(at, message)| *at == line && message.starts_with(begin));
            let found = found
                .unwrap_or_else(|| panic!("{name}:{line}: no error {begin:?} among {errors:#?}"));
            errors.remove(found);
        }
        assert!(errors.is_empty(), "{name}: errors that nobody expects: {errors:#?}");
    }
    assert!(mistakes >= MISTAKES_MIN, "{mistakes} mistakes");
}
