//! The command for programs: what `--json` prints when a command fails.

use serde_json::Value;
use std::process::Command;

/// Goal: a program finds one JSON object on standard output and the same message on standard error,
/// with the exit code of the kind; without `--json` standard output is empty. Method: a project
/// that is not there, and an artifact that is not there.
#[test]
fn an_error_is_json_on_standard_output() {
    for line in ["get any --project nowhere", "inspect nowhere.wasm"] {
        let run = |line: &str| {
            let command =
                Command::new(env!("CARGO_BIN_EXE_lockstep")).args(line.split(' ')).output();
            let ran = command.unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            (ran.status.code(), text(ran.stdout), text(ran.stderr))
        };
        let (code, out, message) = run(line);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        let (code, out, same_message) = run(&format!("{line} --json"));
        assert_eq!((code, &same_message), (Some(2), &message));
        let found: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(found["error"]["kind"], "input");
        assert!(found["error"]["code"].is_string(), "{out}");
        let said = format!("error: {}\n", found["error"]["message"].as_str().unwrap());
        assert_eq!(said, message);
    }
}
