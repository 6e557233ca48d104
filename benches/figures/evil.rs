//! `evil.*`: guests that cost more than they may, and how many of them escape.
//!
//! Invariant: each case of `lockstep_kit::evil` runs in a process of its own, with limits of CPU
//! time, memory and time. It escapes if that process dies, reaches one of these limits, or finds
//! that the host gave a wrong answer. Deliberately absent: the cases, which `cargo test` runs, too.

use lockstep_benches::figure;
use lockstep_core::{Error, Result};
use lockstep_kit::evil::{GUEST_FILE, Time, cases, guest_file};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The argument before the number of the case that this process runs.
pub(crate) const CASE: &str = "--evil-case";
/// Most seconds of a case, of CPU time and by the clock.
const SECONDS_MAX: u64 = 10;
/// Most bytes of memory of a case.
const BYTES_MAX: u64 = 1 << 30;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let program = std::env::current_exe()
        .map_err(|error| Error::retry("this program has no path").because(error))?;
    // It is built once, without limits.
    let guest = guest_file();
    let (mut all, mut escaped) = (0, 0);
    for (at, case) in cases().into_iter().enumerate() {
        let output = Command::new(&program)
            .args([CASE, &at.to_string()])
            .env(GUEST_FILE, &guest)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Error::retry("cannot start a case").because(error))?;
        all += 1;
        if !output.status.success() {
            escaped += 1;
            let why = String::from_utf8_lossy(&output.stderr);
            let (name, host) = (case.name, case.host);
            eprintln!("{name:?} in {host} escaped: {}: {}", output.status, why.trim());
        }
    }
    figure::count("evil.cases", all, "cases");
    figure::count("evil.escaped", escaped, "cases");
    Ok(())
}

/// Runs the case with this number, in this process.
pub(crate) fn run(number: &str) -> ExitCode {
    if let Err(error) = limit_this_process() {
        eprintln!("no limits: {error}");
        return ExitCode::FAILURE;
    }
    let case = number.parse().ok().and_then(|at: usize| cases().into_iter().nth(at));
    match case.map(|case| case.run(Time::Real)) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        None => ExitCode::FAILURE,
    }
}

/// Lets the system, and a thread for the time by the clock, stop this process.
fn limit_this_process() -> std::io::Result<()> {
    for (resource, most) in [(libc::RLIMIT_CPU, SECONDS_MAX), (libc::RLIMIT_DATA, BYTES_MAX)] {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the call reads the struct, which lives until it returns.
        if unsafe { libc::setrlimit(resource, &limit) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    std::thread::Builder::new().spawn(|| {
        let (_never, ends) = mpsc::channel::<()>();
        let _ = ends.recv_timeout(Duration::from_secs(SECONDS_MAX));
        eprintln!("it took more than {SECONDS_MAX} seconds");
        std::process::abort();
    })?;
    Ok(())
}
