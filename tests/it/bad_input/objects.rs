//! Object stores from the command line: a training set from a bucket, and the errors of wrong
//! buckets and credentials.
//!
//! Method: the command runs in a child process, because it takes credentials from its environment.
//! The child is this test binary, and the server of `sources/objects.rs` runs in the parent.

use super::Place;
use crate::sources::objects::Server;
use lockstep_source::read_table;
use std::fs;
use std::process::Command;

const CHILD_LINE: &str = "LOCKSTEP_TEST_LINE";
const CHILD_FOLDER: &str = "LOCKSTEP_TEST_FOLDER";

/// The child: runs the line that it was given.
#[test]
fn child_runs_a_line() {
    let Ok(line) = std::env::var(CHILD_LINE) else { return };
    let (code, message) = super::run(std::env::var(CHILD_FOLDER).unwrap().as_ref(), &line);
    println!("\nended {code} {message:?}");
}

/// A child that runs a line on the place's project.
pub(crate) fn child(place: &Place, line: &str) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "bad_input::objects::child_runs_a_line", "--nocapture"]);
    child.env(CHILD_LINE, line).env(CHILD_FOLDER, place.folder.path());
    child
}

/// How the line of a child ended.
pub(super) fn ended(mut child: Command) -> (u8, String) {
    let output = child.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let ended = text.lines().find_map(|line| line.strip_prefix("ended ")).expect("the child ends");
    let (code, message) = ended.split_once(' ').unwrap();
    (code.parse().unwrap(), message.to_string())
}

/// Runs a line on the place's project with these environment variables.
fn run(place: &Place, variables: &[(String, String)], line: &str) -> (u8, String) {
    let mut child = child(place, line);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"] {
        child.env_remove(name);
    }
    child.envs(variables.iter().cloned());
    ended(child)
}

/// Goal: a log and a spine in a bucket give the same training set as the same files in a folder,
/// byte for byte except their names; and a store can be filled from the bucket.
#[test]
fn s22_a_bucket_gives_the_training_set_of_a_folder() {
    let (place, server) = (Place::new(), Server::start());
    let log = fs::read(place.path("issue_events.parquet")).unwrap();
    server.put("data/log/year=2024/events.parquet", log);
    server.put("data/spine.parquet", fs::read(place.path("mentions.parquet")).unwrap());
    let train = |spine: &str, output: &str| {
        format!("training-set mention_ranker --spine {spine} -o @{output}")
    };
    place.ends(&train("@mentions.parquet", "local.parquet"), 0, &[]);
    place.edit("\"issue_events.parquet\"", "\"s3://data/log/year=*/*.parquet\"");
    let line = train("s3://data/spine.parquet", "remote.parquet");
    assert_eq!(run(&place, &server.variables(), &line), (0, "\"\"".into()));
    let (local, remote) = ("local.parquet", "remote.parquet");
    let read = |name| read_table(&place.path(name), &[]).unwrap();
    assert_eq!(read(local).columns(), read(remote).columns());
    let line =
        "training-set mention_ranker --spine s3://data/spine.parquet -o s3://data/out.parquet";
    assert_eq!(run(&place, &server.variables(), line), (0, "\"\"".into()));
    assert!(server.get("data/out.parquet") == fs::read(place.path(remote)).unwrap());
    assert_eq!(run(&place, &server.variables(), "backfill"), (0, "\"\"".into()));
    assert!(place.path("store").is_dir());
}

/// Goal: rows are appended to a training set in a bucket, in place and beside it, as to one in a folder
/// (S22). Method: the same command lines on both.
#[test]
fn s22_a_training_set_in_a_bucket_is_appended_to() {
    let (place, server) = (Place::new(), Server::start());
    server.put("data/day=1/t.parquet", []);
    let run = |rest: &str| {
        let line = format!("training-set mention_ranker --spine @mentions.parquet {rest}");
        assert_eq!(run(&place, &server.variables(), &line), (0, "\"\"".into()), "{line}");
    };
    let (url, local) = ("s3://data/day=1/t.parquet", "@t.parquet");
    for at in [url, local] {
        run(&format!("-o {at}"));
        run(&format!("--append-to {at} -o {at}"));
    }
    let rows = read_table(&place.path("mentions.parquet"), &[]).unwrap().num_rows();
    let expect = fs::read(place.path("t.parquet")).unwrap();
    assert!(server.get("data/day=1/t.parquet") == expect);
    run(&format!("--append-to {url} -o @u.parquet"));
    run(&format!("--append-to {local} -o {url}"));
    assert!(server.get("data/day=1/t.parquet") == fs::read(place.path("u.parquet")).unwrap());
    assert_eq!(read_table(&place.path("u.parquet"), &[]).unwrap().num_rows(), 3 * rows);
}

/// Goal: an output that a bucket refuses fails, either before the work or completely, with the URL
/// and the remedy, and leaves nothing in the bucket or locally.
#[test]
fn a_bucket_that_cannot_be_written_fails_whole() {
    let (place, server) = (Place::new(), Server::start());
    let mut refused = server.variables();
    refused.retain(|(name, _)| name != "AWS_SECRET_ACCESS_KEY");
    refused.push(("AWS_SECRET_ACCESS_KEY".into(), "wrong".into()));
    let before = (place.files(), server.names());
    for (output, variables, words) in [
        ("s3://data/out.parquet", refused, "access is refused"),
        ("s3://data/out.txt", server.variables(), ".parquet"),
        ("s3:///out.parquet", server.variables(), "names no object"),
        ("ftp://data/out.parquet", server.variables(), "ftp://"),
    ] {
        let line = format!("training-set mention_ranker --spine @mentions.parquet -o {output}");
        let (code, message) = run(&place, &variables, &line);
        assert!(code == 2 && message.contains(words), "{output}: {code} {message}");
        assert!((place.files(), server.names()) == before, "{output} left something");
    }
}

/// Goal: a bucket that cannot be read fails each command with the URL and the remedy, exit code 2
/// or 3, and nothing half-written.
#[test]
fn a_bucket_that_cannot_be_read_fails_whole() {
    let (place, server) = (Place::new(), Server::start());
    server.put("data/log/torn.parquet", "PAR1");
    let mut refused = server.variables();
    refused.retain(|(name, _)| name != "AWS_SECRET_ACCESS_KEY");
    refused.push(("AWS_SECRET_ACCESS_KEY".into(), "wrong".into()));
    let train = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";
    for (pattern, variables, words) in [
        ("s3://data/log/*.csv", server.variables(), "no file matches s3://data/log/*.csv"),
        ("s3://data/log/torn.parquet", server.variables(), "truncated, damaged or mislabelled"),
        ("s3://data/log/*", refused, "access is refused"),
        ("s3://data/log/a.csv", server.variables(), "there is no such object"),
    ] {
        let place_before = place.files();
        for command in [train, "backfill", "stream"] {
            let line = format!("{command} --events issue_events={pattern}");
            let (code, message) = run(&place, &variables, &line);
            assert_eq!(code, 2, "{line}: {message}");
            assert!(message.contains(words) && message.contains("s3://data/log"), "{message}");
        }
        assert!(place.files() == place_before, "{pattern} left something");
    }
}
