//! `cases.*`: the neutral cases of `tests/cases` through the three hosts.
//!
//! Invariant: the runner is that of `cargo test`. Failures are printed on standard error and are no
//! error of the command: the figure says how many there are. Deliberately absent: the cases.

use lockstep_benches::figure;
use lockstep_core::Result;
use lockstep_kit::cases::run;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let report = run("")?;
    report.failures.iter().for_each(|failure| eprintln!("{failure}"));
    figure::count("cases.total", report.total, "cases");
    figure::count("cases.failed", report.failed, "cases");
    figure::count("cases.compared", report.compared, "values");
    Ok(())
}
