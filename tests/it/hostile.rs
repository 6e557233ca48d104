//! Hostile input through the whole command: every committed input of the fuzz targets, and every
//! good file cut short, through every command that takes it.
//!
//! Method: each run is a child process on a fresh copy of a small project, in which one input is
//! hostile. The child is this test binary, which does what `main` of the `lockstep` command does;
//! the shell that starts it limits it to 10 s of processor time and 1 GiB of data. (Data, and not
//! address space, of which wasmtime reserves much that it never uses.) Invariant: a run is
//! *answered*, which is exit code 0, or *refused*, which is exit code 1, 2 or 3 with a message; it
//! never panics, and no signal ends it. A training set is written if and only if it was answered.
//! With `--nocapture` the test prints how each run ended, and a table of how many of each kind were
//! answered and refused.
//!
//! Deliberately absent: whether an answer is right (the properties of `fuzz.rs`, and the tests of
//! each reader); the corpora `flat`, `outcome` and `states`, whose bytes only a guest can send, as
//! those of `sandbox/evil.rs` do; small files that unfold to large ones (`sources/bombs.rs`); the
//! compiler's own process (`sandbox/compiler.rs`), since a child compiles within its limits; and
//! wall-clock time: a run that waits for ever uses no processor time, and hangs the test.

mod inputs;
mod sound;

use inputs::Run;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::{Outcome, exit_code, shown};
use lockstep_cli::terminal::tell;
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, WriteBatch};
use sound::{Base, Sound};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Set in a child to the words of its command line, as a list in JSON.
const CHILD_WORDS: &str = "LOCKSTEP_TEST_HOSTILE_WORDS";
/// Limits of a child, in KiB of data and in seconds of processor time.
const LIMITS: &str = "ulimit -d 1048576; ulimit -t 10; exec \"$@\"";
/// The stack of a child, in bytes: that of a main thread.
const STACK_BYTES: &str = "8388608";
/// Children at a time.
const CHILDREN: usize = 2;

/// The child: runs the command that it was given, as `main` of the `lockstep` command does.
/// Otherwise this does nothing.
#[test]
fn child_runs_a_command() {
    let Ok(words) = std::env::var(CHILD_WORDS) else { return };
    let words: Vec<String> = serde_json::from_str(&words).unwrap();
    let (arguments, _) = Arguments::read(words).unwrap_or_else(|error| error.exit());
    let code = match arguments.run() {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Found(what)) => {
            tell(format!("lockstep: {what}"));
            1
        }
        Err(error) => {
            tell(shown(&error, false));
            exit_code(&error)
        }
    };
    std::process::exit(code.into());
}

/// How a run ended well.
struct Ended {
    /// Its exit code, 0 to 3.
    code: usize,
    message: String,
}

/// Runs one command on a copy of its folder; an error is what it must never do.
fn ended(sound: &Sound, run: &Run) -> Result<Ended, String> {
    let folder = sound.copied(run.base);
    for (name, bytes) in &run.files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    if !run.entries.is_empty() {
        let store = SledStore::open(folder.path().join("store")).unwrap();
        let mut batch = WriteBatch::new();
        run.entries.iter().for_each(|(key, value)| {
            batch.put(key.clone(), value.clone()).unwrap();
        });
        store.commit(batch).unwrap();
    }
    let output = child(folder.path(), run);
    let ended = judged(&output)?;
    let written = folder.path().join(inputs::TRAINED).exists();
    let trains = run.words.iter().any(|word| word.ends_with(inputs::TRAINED));
    if trains && written != (ended.code == 0) {
        return Err(format!("exit code {}, and a training set: {written}", ended.code));
    }
    Ok(ended)
}

/// What a child on a folder answered.
fn child(folder: &Path, run: &Run) -> Output {
    let in_folder = |word: &String| word.replace('@', &format!("{}/", folder.display()));
    let mut words = vec!["lockstep".to_string()];
    words.extend(run.words.iter().map(in_folder));
    if run.words[0] != "inspect" {
        words.extend(["--project".to_string(), folder.display().to_string()]);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", LIMITS, "sh"]).arg(std::env::current_exe().unwrap());
    shell.args(["--exact", "hostile::child_runs_a_command", "--nocapture"]);
    shell.env(CHILD_WORDS, serde_json::to_string(&words).unwrap());
    shell.env("RUST_MIN_STACK", STACK_BYTES);
    // No pattern of a project finds credentials or a server.
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"] {
        shell.env_remove(name);
    }
    shell.stdin(match &run.input {
        Some(name) => Stdio::from(File::open(folder.join(name)).unwrap()),
        None => Stdio::null(),
    });
    shell.output().unwrap()
}

/// Whether a child was answered or refused.
fn judged(output: &Output) -> Result<Ended, String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    let wrong = |why: &str| Err(format!("{why}: {}\n{errors}", output.status));
    if errors.contains("panicked at") {
        return wrong("it panicked");
    }
    let is_message = |line: &&str| line.starts_with("error: ") || line.starts_with("lockstep: ");
    let message = errors.lines().rfind(is_message).unwrap_or_default().to_string();
    match output.status.code() {
        Some(code @ 0..=3) if code == 0 || !message.is_empty() => {
            Ok(Ended { code: code as usize, message })
        }
        Some(0..=3) => wrong("it was refused without a message"),
        Some(_) => wrong("its exit code is none of 0 to 3"),
        None => wrong("a signal ended it"),
    }
}

/// How many runs of a kind of input through a command ended with the exit codes 0, 1, 2 and 3.
type Table = BTreeMap<(&'static str, &'static str), [usize; 4]>;

fn show(table: &Table) {
    println!("\n| input | command | answered | refused: exit 1 | exit 2 | exit 3 |");
    println!("|---|---|---|---|---|---|");
    let mut sums = [0; 4];
    let row = |[a, b, c, d]: &[usize; 4]| format!("{a} | {b} | {c} | {d}");
    for ((kind, command), counts) in table {
        println!("| {kind} | {command} | {} |", row(counts));
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    println!("| all | | {} |", row(&sums));
}

/// Goal: whatever file a user or an attacker gives to a command, it is answered or refused, within
/// bounded time and memory. Method: see the module.
#[test]
fn hostile_input_is_answered_or_refused() {
    let sound = Sound::new();
    let runs = inputs::runs(&sound);
    let (next, endings) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..CHILDREN {
            scope.spawn(|| {
                while let Some((at, run)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    runs.get(at).map(|run| (at, run))
                } {
                    let ended = ended(&sound, run);
                    endings.lock().unwrap().insert(at, ended);
                }
            });
        }
    });
    let (mut table, mut wrong) = (Table::new(), Vec::new());
    for (at, ended) in endings.into_inner().unwrap() {
        let run = &runs[at];
        let what = format!("{}/{}: {}", run.kind, run.name, run.command);
        match ended {
            Ok(Ended { code, message }) => {
                println!("{what}: {code} {}", message.chars().take(160).collect::<String>());
                table.entry((run.kind, run.command)).or_default()[code] += 1;
            }
            Err(why) => wrong.push(format!("{what}: {}: {why}", run.words.join(" "))),
        }
    }
    show(&table);
    assert!(!runs.is_empty() && wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Goal: the folders that runs copy are valid, and the check can fail. Method: each command on each
/// folder without a hostile input is answered; a panic, an exit without a message and a signal are
/// not taken for a refusal; a child has its limits.
#[test]
fn sound_input_is_answered() {
    let sound = Sound::new();
    for run in inputs::sound_runs() {
        let ended = ended(&sound, &run).unwrap();
        assert_eq!(ended.code, 0, "{}: {}", run.words.join(" "), ended.message);
    }
    for script in ["echo 'error: no' >&2; kill -XCPU $$", "exit 2", "echo error: no >&2; exit 101"]
    {
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        assert!(judged(&output).is_err(), "{script}");
    }
    let shown = "ulimit -d; ulimit -t";
    let limits = Command::new("sh").args(["-c", LIMITS, "sh", "sh", "-c", shown]).output().unwrap();
    assert_eq!(String::from_utf8(limits.stdout).unwrap(), "1048576\n10\n");
    let panicked = "echo \"thread 'main' panicked at x\" >&2; echo 'error: no' >&2; exit 2";
    assert!(judged(&Command::new("sh").args(["-c", panicked]).output().unwrap()).is_err());
}
