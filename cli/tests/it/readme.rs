//! README.md: what it shows works, one block after the other.
//!
//! Method: its commands run as they stand there, in a folder that has what `make demo` and a clone
//! leave, and its Rust blocks are compared with the files that CI compiles. Deliberately absent:
//! `lockstep build` itself, which the test runs by its function, since a build in the example's own
//! folder would meet other tests there.

use lockstep_cli::build::{BuildOptions, build};
use lockstep_cli::commands::demo::{mentions, save};
use lockstep_runtime::read_table;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The text between a fence of this language and its end, in order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_string()).collect()
}

/// The indented lines that begin with `lockstep`, without their comments.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    lockstep "));
    lines.map(|line| line.split(" #").next().unwrap().trim().to_string()).collect()
}

/// Goal: the commands of README do what it says, in its order. Method: each with the real binary, in
/// a folder like the example's, until the first that README tells to run after a change.
#[test]
fn the_commands_of_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("transforms/user-mentions");
    let here = folder.path().join("transforms/user-mentions");
    fs::create_dir_all(here.join("data")).unwrap();
    fs::create_dir_all(folder.path().join("demo")).unwrap();
    let log = here.join("data/issue_events.parquet");
    fs::copy(example.join("data/issue_events.parquet"), &log).unwrap();
    fs::copy(example.join("lockstep.toml"), here.join("lockstep.toml")).unwrap();
    // Every thousandth mention is enough of a spine.
    let spine = mentions(&read_table(&log, &[]).unwrap()).unwrap();
    let rows = (0..spine.num_rows() as u32).step_by(1000).collect::<Vec<u32>>();
    let spine =
        arrow::compute::take_record_batch(&spine, &arrow::array::UInt32Array::from(rows)).unwrap();
    save(&folder.path().join("demo/mentions.parquet"), &spine).unwrap();

    let text = readme();
    let commands = commands(&text);
    let names: Vec<&str> = commands.iter().map(|it| it.split(' ').next().unwrap()).collect();
    let shown =
        ["build", "training-set", "backfill", "stream", "get", "parity", "build", "backfill"];
    assert_eq!(names, shown, "README shows other commands: look at this test again");
    for line in &commands {
        if line == "build" {
            let output = Some(here.join("user_mentions.wasm"));
            build(&BuildOptions { crate_dir: example.clone(), output }).unwrap();
            continue;
        }
        if line.starts_with("parity") {
            // A replay of the whole log; the demo's test makes one.
            continue;
        }
        let ran = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(line.split(' '))
            .current_dir(&here)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "lockstep {line}: {said}");
    }
    assert!(here.join("train.parquet").is_file());
}

/// Goal: the project file in README is the example's. Method: the same tables, by their text.
#[test]
fn the_project_of_readme_is_the_examples() {
    let text = readme();
    let shown = blocks(&text, "toml");
    let example =
        fs::read_to_string(root().join("transforms/user-mentions/lockstep.toml")).unwrap();
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap().trim().to_string());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let example = lines(&example);
    for line in lines(&shown[0]) {
        assert!(example.contains(&line), "the example's project has no line {line:?}");
    }
}

/// Goal: the transform in README is a part of the example that CI compiles, and its embedding is the
/// runnable example's. Method: each line of code is looked up there.
#[test]
fn the_code_of_readme_is_compiled_elsewhere() {
    let text = readme();
    let rust = blocks(&text, "rust");
    let source = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let embedded = source("runtime/examples/online.rs");
    let embedding = rust.iter().find(|block| block.contains("OnlineHost::open")).unwrap();
    for word in ["OnlineHost::open", "host.get(\"mention_ranker\"", "(\"actor\", \"u00078\")"] {
        assert!(embedding.contains(word) && embedded.contains(word), "{word}");
    }
    let transform = &rust[0];
    let template = source("guest-sdk/src/lib.rs") + &source("transforms/user-mentions/src/lib.rs");
    for word in
        ["#[derive(Event)]", "#[derive(View)]", "#[transform]", "export!(views = [pair_mentions"]
    {
        assert!(transform.contains(word), "{word}");
    }
    for line in transform.lines().filter(|line| line.trim_start().starts_with("pub ")) {
        let field = line.trim().trim_end_matches(',');
        assert!(template.contains(field), "no compiled code has {field:?}");
    }
}
