//! A full disk: a training set that does not fit on the disk must fail with a clear error and leave
//! nothing behind.
//!
//! Method: the command runs in a child process for which a shell's `ulimit` limits the size of
//! files; the system then refuses bytes as a full disk does. Deliberately absent: disks that fail
//! while syncing (`sink.rs` of the source crate).

use super::Place;
use super::objects::{child, ended};
use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use std::fs;
use std::process::Command;
use std::sync::Arc;

/// Spine rows: three row groups.
const ROWS: i64 = 300_000;

/// Goal: wherever in the output the disk becomes full, the command says so, exits with 3, and
/// leaves nothing. Method: see the module; there is room for a part of an output of several row
/// groups.
#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let place = Place::new();
    let texts = |name: fn(i64) -> String| {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(name))) as ArrayRef
    };
    let times: TimestampMicrosecondArray = (0..ROWS).map(|row| Some(row << 32)).collect();
    let spine = vec![
        ("actor", texts(|row| format!("a{}", row % 99))),
        ("candidate", texts(|row| format!("b{}", row.wrapping_mul(0x9E37_79B9) % ROWS))),
        ("area", texts(|_| "c".into())),
        ("as_of", Arc::new(times.with_timezone("UTC"))),
    ];
    place.table("large.parquet", spine);
    let line = "training-set mention_ranker --spine @large.parquet -o @out.parquet";
    place.ends(line, 0, &[]);
    let whole = fs::metadata(place.path("out.parquet")).unwrap().len();
    fs::remove_file(place.path("out.parquet")).unwrap();
    let before = place.files();
    // A shell counts in units of 512 bytes or of 1024, so that the last part is 45 % or 90 %. The
    // engine keeps a guest's initial memory in a file too, which must have room.
    for part in [3, 10, 20, 30, 45] {
        let blocks = whole * part / 100 / 512;
        let inner = child(&place, line);
        let mut shell = Command::new("sh");
        // Without the trap the system would kill the child.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        shell.args(["-c", &script, "sh"]).arg(inner.get_program()).args(inner.get_args());
        shell.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let (code, message) = ended(shell);
        assert_eq!(code, 3, "{part} %: {message}");
        for word in ["out.parquet", "the file cannot be written", "not full?"] {
            assert!(message.contains(word), "{part} %: {word} in {message}");
        }
        assert!(place.files() == before, "{part} %: the folder changed");
    }
}
