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
use std::io::Write;
use std::process::{Child, Command, Stdio};

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

/// A compiler that waits for its request, started with what `ulimits` sets.
#[cfg(target_os = "linux")]
struct Waiting(Child);

#[cfg(target_os = "linux")]
impl Waiting {
    fn start(ulimits: &str) -> Waiting {
        let child = Command::new("sh")
            .args(["-c", &format!("{ulimits} exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "sandbox::compiler::serves", "--nocapture"])
            .env(SERVES, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Waiting(child)
    }

    /// A soft limit, as Linux shows it.
    fn limit(&self, name: &str) -> String {
        let text = std::fs::read_to_string(format!("/proc/{}/limits", self.0.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_string()
    }

    /// Waits until it reads its request, before which it sets its limits: more than a pipe holds is
    /// written only once it reads.
    fn wait_until_it_reads(&mut self) {
        let input = self.0.stdin.as_mut().unwrap();
        input.write_all(&vec![0; 4 << 20]).expect("it reads");
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// Goal: the process that compiles has limits of CPU time and memory. Method: Linux shows them.
#[cfg(target_os = "linux")]
#[test]
fn the_compilers_process_is_limited() {
    let mut compiler = Waiting::start("");
    compiler.wait_until_it_reads();
    assert_eq!(compiler.limit("Max cpu time"), COMPILE_CPU_SECONDS_MAX.to_string());
    assert_eq!(compiler.limit("Max data size"), COMPILE_MEMORY_BYTES_MAX.to_string());
    assert_eq!(compiler.limit("Max core file size"), "0");
    compiler.end();
}

/// Goal: limits that whoever started the process has set, and that are lower, stay: raising them
/// may not be allowed, and would fail every artifact. Method: the same under `ulimit`.
#[cfg(target_os = "linux")]
#[test]
fn the_compilers_process_keeps_lower_limits() {
    let mut compiler = Waiting::start("ulimit -t 7; ulimit -d 524288;");
    compiler.wait_until_it_reads();
    assert_eq!(compiler.limit("Max cpu time"), "7");
    assert_eq!(compiler.limit("Max data size"), (512_u64 << 20).to_string());
    compiler.end();
}
