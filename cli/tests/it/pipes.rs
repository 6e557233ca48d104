//! A closed pipe: a command whose output nobody reads any more ends quietly, as with `| head -1`.

use std::process::{Command, Stdio};

/// Goal: whichever command's streams are closed, it does not panic, and its exit code is the one it
/// has otherwise. Method: each command's help and some that fail or print, with pipes whose reader
/// is gone.
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let commands =
        ["new", "build", "inspect", "training-set", "backfill", "stream", "get", "parity", "demo"];
    let mut lines: Vec<String> = vec!["--help".into(), "--version".into(), "nothing".into()];
    lines.extend(commands.map(|command| format!("{command} --help")));
    let sdk = format!("{}/../guest-sdk", env!("CARGO_MANIFEST_DIR"));
    lines.extend([
        "inspect nowhere.wasm --json".to_string(),
        "get any".to_string(),
        "new Wrong".to_string(),
        format!("new fine --sdk {sdk}"),
    ]);
    for line in lines {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
            command.args(line.split(' ')).current_dir(&folder).stdin(Stdio::null());
            command
        };
        let open = command().output().unwrap();
        let _ = std::fs::remove_dir_all(folder.path().join("fine"));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let closed = command().stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        let _ = std::fs::remove_dir_all(folder.path().join("fine"));
        assert_eq!(closed.code(), open.status.code(), "{line}: {open:?}");
    }
}
