//! Provenance: what a training file's metadata says about how it was made.
//!
//! Method: a small project; every entry is computed a second time by other means.

use arrow::ipc::reader::FileReader;
use lockstep_kit::artifacts::{root, wasm};
use lockstep_runtime::{Project, TrainingSetJob};
use lockstep_source::read_table;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// The SHA-256 of bytes, by the system's own tool.
fn sha256(bytes: &[u8]) -> String {
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    output.split(' ').next().unwrap().to_string()
}

/// Goal: the metadata of a Parquet and an Arrow file name everything that its values depend on: the
/// artifact, the project file, the service, each source file with its size, and the rule for
/// `as_of`. Method: a small project of two files by one pattern; each entry is computed a second
/// time.
#[test]
fn s23_a_training_file_says_what_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let transform = root().join("transforms/user-mentions");
    let log = read_table(&transform.join("data/issue_events.parquet"), &[]).unwrap();
    fs::create_dir(path("data")).unwrap();
    for (name, first) in [("b.parquet", 100), ("a.parquet", 0)] {
        let mut writer =
            lockstep_source::TrainingWriter::create(&path("data").join(name), log.schema(), vec![])
                .unwrap();
        writer.write(&log.slice(first, 100)).unwrap();
        writer.finish().unwrap();
    }
    let project = fs::read_to_string(transform.join("lockstep.toml")).unwrap();
    let project = project.replace("data/issue_events.parquet", "data/?.parquet");
    fs::write(path("lockstep.toml"), &project).unwrap();
    fs::copy(wasm("transforms/user-mentions"), path("user_mentions.wasm")).unwrap();
    fs::write(path("spine.csv"), "actor,candidate,area,as_of\na,b,c,2024-05-01\n").unwrap();
    let opened = Project::open(folder.path()).unwrap();
    for output in ["out.parquet", "out.arrow"] {
        let job = TrainingSetJob::new("mention_ranker", path("spine.csv"), path(output));
        job.run(&opened, &mut |_| {}).unwrap();
    }
    let of_parquet = read_table(&path("out.parquet"), &[]).unwrap().schema().metadata().clone();
    let arrow = FileReader::try_new(fs::File::open(path("out.arrow")).unwrap(), None).unwrap();
    let of_arrow = arrow.schema().metadata().clone();
    let artifact = fs::read(path("user_mentions.wasm")).unwrap();
    for found in [of_parquet, of_arrow] {
        let found: HashMap<String, String> = found.into();
        assert_eq!(
            found["lockstep.artifact.user_mentions"],
            format!("sha256:{}", sha256(&artifact))
        );
        assert_eq!(found["lockstep.project_sha256"], sha256(project.as_bytes()));
        assert_eq!(found["lockstep.service"], "mention_ranker");
        assert_eq!(found["lockstep.generation.pair_mentions"].len(), 64);
        assert_eq!(
            found["lockstep.service_digest"],
            sha256(found["lockstep.features"].as_bytes()).trim_start_matches("sha256:")
        );
        let json = |name: &str| serde_json::from_str::<Value>(&found[name]).unwrap();
        let file = |name: &str| json!({"name": name, "size_bytes": fs::metadata(path(name)).unwrap().len()});
        let files = json!({"issue_events": [file("data/a.parquet"), file("data/b.parquet")]});
        assert_eq!(json("lockstep.source_files"), files);
        let as_of = json("lockstep.as_of");
        assert_eq!(as_of["column"], "as_of");
        let strict = json!({"boundary": "strict", "delay_us": 0});
        assert_eq!(as_of["views"]["pair_mentions"], strict);
    }
}
