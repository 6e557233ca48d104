//! `faults.*`: the kinds of faults of `tests/faults.toml`, and how many are open.
//!
//! Invariant: a kind is closed if each of its tests ran now and passed. Their binaries are built
//! together, as `make test` builds them, and run as cargo runs them. Kinds that are to be mended
//! later are listed on standard error and not counted. Deliberately absent: the mutants, which
//! `make mutations` runs.

use lockstep_benches::figure;
use lockstep_core::{Error, Result};
use lockstep_kit::artifacts::root;
use lockstep_kit::faults::{Test, list};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let faults = list()?;
    let mut binaries: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Test { package, target, path } in faults.kind.iter().flat_map(|kind| &kind.tests) {
        binaries.entry((package, target)).or_default().insert(path);
    }
    let built = built()?;
    let mut passed = BTreeSet::new();
    for ((package, target), paths) in binaries {
        let name = (package.to_string(), target.to_string());
        let Some(binary) = built.get(&name) else {
            return Err(Error::bug(format!("package {package} has no test binary {target}")));
        };
        for path in passing(binary, &paths)? {
            passed.insert((package.to_string(), target.to_string(), path));
        }
    }
    let mut open = 0;
    for kind in &faults.kind {
        let holds = |test: &&Test| {
            let Test { package, target, path } = (*test).clone();
            !passed.contains(&(package, target, path))
        };
        let failed: Vec<&Test> = kind.tests.iter().filter(holds).collect();
        open += u64::from(!failed.is_empty());
        failed
            .iter()
            .for_each(|test| eprintln!("open: {}: {}: {}", kind.number, kind.kind, test.path));
    }
    faults.later.iter().for_each(|later| eprintln!("later: {}: {}", later.number, later.kind));
    figure::count("faults.kinds", faults.kind.len() as u64, "kinds");
    figure::count("faults.open", open, "kinds");
    Ok(())
}

/// A test binary.
struct Binary {
    file: PathBuf,
    /// The folder of its package, in which cargo runs it.
    folder: PathBuf,
}

/// Builds the test binaries, all together as `make test` does, so that nothing is compiled with
/// other features. Each has the name of its package and of its target; `lib` for a library.
fn built() -> Result<BTreeMap<(String, String), Binary>> {
    let mut command = Command::new("cargo");
    command.current_dir(root()).stderr(Stdio::inherit());
    command.args(["test", "--workspace", "--no-run", "--message-format", "json"]);
    let output = command
        .output()
        .map_err(|error| Error::retry("cannot run cargo, which builds the tests").because(error))?;
    if !output.status.success() {
        return Err(Error::input("the tests do not build; see cargo's messages above"));
    }
    let messages = output.stdout.split(|byte| *byte == b'\n');
    Ok(messages.filter_map(|line| binary(&serde_json::from_slice(line).ok()?)).collect())
}

/// The test binary that a message of cargo says was built.
fn binary(message: &Json) -> Option<((String, String), Binary)> {
    if message["profile"]["test"] != true {
        return None;
    }
    // `…/FOLDER#NAME@VERSION`, or `…/NAME#VERSION`.
    let (place, version) = message["package_id"].as_str()?.rsplit_once('#')?;
    let package = match version.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next()?,
    };
    let target = match message["target"]["kind"].as_array()?.first()?.as_str()? {
        "test" => message["target"]["name"].as_str()?,
        "bin" => return None,
        _ => "lib",
    };
    let binary = Binary {
        file: message["executable"].as_str()?.into(),
        folder: Path::new(message["manifest_path"].as_str()?).parent()?.into(),
    };
    Some(((package.to_string(), target.to_string()), binary))
}

/// The folder of the compiler's libraries, where cargo lets tests find them.
fn libraries() -> Result<String> {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output();
    let output = output.map_err(|error| Error::retry("cannot run rustc").because(error))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// Those of the tests of one binary that ran and passed.
fn passing(binary: &Binary, paths: &BTreeSet<&str>) -> Result<Vec<String>> {
    let mut command = Command::new(&binary.file);
    // Tests of macros are linked with the compiler's own libraries.
    command.env("LD_LIBRARY_PATH", libraries()?);
    command.current_dir(&binary.folder).arg("--exact").args(paths);
    let output = command.output().map_err(|error| {
        Error::retry(format!("cannot run {}", binary.file.display())).because(error)
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let passed: Vec<String> = paths
        .iter()
        .filter(|path| text.contains(&format!("test {path} ... ok\n")))
        .map(|path| (*path).to_string())
        .collect();
    if passed.len() < paths.len() {
        eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(passed)
}
