//! Compiling in a process of its own, which the system stops when it costs too much.
//!
//! What compiling may cost is bounded by the limits of a component's structure, within the process
//! that embeds this library. A command has a stricter bound besides: it starts itself again as a
//! compiler, with limits of CPU time and memory.
//!
//! Invariant: the code that comes back is used only with a code of authentication, made with a key
//! that the compiler's process was given for this one request. Deliberately absent: the cache.

use super::engine::{Flavour, not_compiled, wasmtime_engine};
use super::limits::{COMPILE_CPU_SECONDS_MAX, COMPILE_MEMORY_BYTES_MAX};
use super::seal::{KEY_BYTES, Key, SEAL_BYTES};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, ErrorKind, Result};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

/// The answer begins with this byte if code follows.
const CODE: u8 = 0;
/// The answer begins with this byte if the reason follows why the component is wrong.
const WRONG: u8 = 1;

/// A program that compiles components: it calls [`serve_compiler`].
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Compiler {
    /// The compiled code of a component.
    pub(super) fn compile(
        &self,
        flavour: Flavour,
        interruptible: bool,
        wasm: &[u8],
    ) -> Result<Vec<u8>> {
        let key = Key::random()?;
        let settings = [flavour.strict, flavour.metered, interruptible].map(u8::from);
        let request = [&key.bytes()[..], &settings, wasm].concat();
        let (answer, status) = self.run(request).map_err(|error| {
            Error::retry(format!("cannot compile in a process of {}", self.program.display()))
                .because(error)
        })?;
        if !status.success() {
            return Err(stopped(status));
        }
        let broken = || Error::retry("the compiler's process gave a broken answer; run it again");
        let (seal, answer) = answer.split_at_checked(SEAL_BYTES).ok_or_else(broken)?;
        if !key.seals(seal, &[answer]) {
            return Err(broken());
        }
        match answer.split_first() {
            Some((&CODE, code)) => Ok(code.to_vec()),
            Some((&WRONG, reason)) => Err(Error::input(String::from_utf8_lossy(reason))),
            _ => Err(broken()),
        }
    }

    fn run(&self, request: Vec<u8>) -> std::io::Result<(Vec<u8>, ExitStatus)> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // It reads all of its input before it writes. If it dies, its status says why.
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(&request);
        }
        let mut answer = Vec::new();
        if let Some(mut output) = child.stdout.take() {
            output.read_to_end(&mut answer)?;
        }
        Ok((answer, child.wait()?))
    }
}

/// Why the compiler's process ended without an answer.
fn stopped(status: ExitStatus) -> Error {
    let limit = |limit: &'static str, max: u64, what: &str| {
        Error::input(format!(
            "compiling it takes more than {limit}, {max} {what}; split the crate, or leave out a \
             dependency"
        ))
        .with_code(Code::LimitReached { limit, max })
    };
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        match status.signal() {
            Some(libc::SIGXCPU) => {
                return limit(
                    "COMPILE_CPU_SECONDS_MAX",
                    COMPILE_CPU_SECONDS_MAX,
                    "seconds of CPU time",
                );
            }
            // An allocation that fails aborts, or panics on the way.
            Some(libc::SIGABRT | libc::SIGSEGV) => {
                return limit(
                    "COMPILE_MEMORY_BYTES_MAX",
                    COMPILE_MEMORY_BYTES_MAX,
                    "bytes of memory",
                );
            }
            _ => {}
        }
    }
    Error::retry(format!("the compiler's process ended with {status}; run it again"))
}

/// Compiles the one component that comes on standard input, as the process of a [`Compiler`].
pub fn serve_compiler() -> ExitCode {
    let served = limit_this_process().and_then(|()| {
        let mut request = Vec::new();
        std::io::stdin().lock().read_to_end(&mut request)?;
        let answer = answer(&request)
            .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        std::io::stdout().lock().write_all(&answer)
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The answer to a request; none if it is not from a [`Compiler`], or this process failed.
fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let (key, rest) = request.split_first_chunk::<KEY_BYTES>()?;
    let (&[strict, metered, interruptible], wasm) = rest.split_first_chunk::<3>()?;
    let flavour = Flavour { strict: strict != 0, metered: metered != 0 };
    let engine = wasmtime_engine(flavour, interruptible != 0).ok()?;
    let (tag, body) = match engine.precompile_component(wasm).map_err(not_compiled) {
        Ok(code) => (CODE, code),
        Err(error) if error.kind == ErrorKind::Input => (WRONG, error.to_string().into_bytes()),
        Err(_) => return None,
    };
    let seal = Key::new(*key).seal(&[&[tag], &body]);
    Some([&seal[..], &[tag], &body].concat())
}

/// Lets the system stop this process when it has used up what compiling may cost, or before that if
/// whoever started it has set lower limits.
#[cfg(unix)]
fn limit_this_process() -> std::io::Result<()> {
    // Between the two limits of CPU time the signal says what was reached; at the second it kills.
    for (resource, most, killed) in [
        (libc::RLIMIT_CPU, COMPILE_CPU_SECONDS_MAX, COMPILE_CPU_SECONDS_MAX + 1),
        (libc::RLIMIT_DATA, COMPILE_MEMORY_BYTES_MAX, COMPILE_MEMORY_BYTES_MAX),
        (libc::RLIMIT_CORE, 0, 0),
    ] {
        let mut inherited = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the call writes the struct, which lives until it returns.
        if unsafe { libc::getrlimit(resource, &raw mut inherited) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        let limit = libc::rlimit {
            rlim_cur: inherited.rlim_cur.min(most as _),
            rlim_max: inherited.rlim_max.min(killed as _),
        };
        // SAFETY: the call reads the struct, which lives until it returns.
        if unsafe { libc::setrlimit(resource, &limit) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn limit_this_process() -> std::io::Result<()> {
    Ok(())
}
