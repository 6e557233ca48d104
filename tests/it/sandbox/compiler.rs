//! Compiling in a process of its own: what happens when it costs too much (S23).
//!
//! Method: processes that end as one does that the system stops; and a real one, whose limits are
//! read while it waits for its input. Deliberately absent: a component that is within the limits of
//! its structure and still costs so much; none is known.

use super::evil_file;
use lockstep_core::{Code, Error, ErrorKind};
use lockstep_guest::{
    Artifact, COMPILE_CPU_SECONDS_MAX, COMPILE_MEMORY_BYTES_MAX, Compiler, Engine, EngineConfig,
    serve_compiler,
};
use std::process::{Command, Stdio};

/// Set in a child that is to be a compiler.
const SERVES: &str = "LOCKSTEP_TEST_COMPILER";

/// What loading says if the compiler's process runs this script.
fn compiled_by(script: &str) -> Error {
    let arguments = ["-c".into(), format!("cat >/dev/null; {script}").into()].into();
    let compiler = Compiler { program: "sh".into(), arguments };
    let config = EngineConfig { compiler: Some(compiler), ..EngineConfig::default() };
    Artifact::load(&Engine::new(config).unwrap(), evil_file()).unwrap_err()
}

#[track_caller]
fn assert_limit(error: &Error, limit: &'static str, max: u64) {
    assert_eq!((error.kind, &error.code), (ErrorKind::Input, &Code::LimitReached { limit, max }));
    let text = error.to_string();
    assert!(text.contains("evil.wasm") && text.contains(limit), "{text}");
}

/// Goal: a compiler that the system stops for its CPU time is an error that names the limit.
#[test]
fn a_slow_compiler_is_stopped() {
    let error = compiled_by("kill -XCPU $$");
    assert_limit(&error, "COMPILE_CPU_SECONDS_MAX", COMPILE_CPU_SECONDS_MAX);
}

/// Goal: the same for one that gets no more memory, which aborts.
#[test]
fn a_large_compiler_is_stopped() {
    let error = compiled_by("kill -ABRT $$");
    assert_limit(&error, "COMPILE_MEMORY_BYTES_MAX", COMPILE_MEMORY_BYTES_MAX);
}

/// Goal: what a process answers that was not given the key is never run, and whatever else ends it
/// is no fault of the artifact.
#[test]
fn a_broken_compiler_is_not_blamed_on_the_artifact() {
    for script in ["echo code", "true", "exit 1", "kill -KILL $$", "head -c 100000 /dev/zero"] {
        let error = compiled_by(script);
        assert_eq!((error.kind, error.code.clone()), (ErrorKind::Retry, Code::Unspecified));
    }
    let compiler = Compiler { program: "no-such-program".into(), arguments: vec![] };
    let config = EngineConfig { compiler: Some(compiler), ..EngineConfig::default() };
    let error = Artifact::load(&Engine::new(config).unwrap(), evil_file()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Retry);
}

/// A child of the next test: a compiler without a request. Otherwise this does nothing.
#[test]
fn serves() {
    if std::env::var_os(SERVES).is_some() {
        serve_compiler();
    }
}

/// Goal: the process that compiles has limits of CPU time and memory. Method: Linux shows them.
#[cfg(target_os = "linux")]
#[test]
fn the_compilers_process_is_limited() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sandbox::compiler::serves", "--nocapture"])
        .env(SERVES, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let limit_of = |name: &str| {
        let text = std::fs::read_to_string(&limits).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap().to_string();
        line[name.len()..].split_whitespace().next().unwrap().to_string()
    };
    // The limit of memory is set after that of time.
    while limit_of("Max data size") != COMPILE_MEMORY_BYTES_MAX.to_string() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
    assert_eq!(limit_of("Max cpu time"), COMPILE_CPU_SECONDS_MAX.to_string());
    drop(child.stdin.take());
    child.wait().unwrap();
}
