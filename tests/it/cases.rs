//! The neutral cases in `tests/cases` must give the expected values in all three hosts.
//!
//! Method: `lockstep_kit::cases` runs every file; the expected values come from the definition and
//! are also checked by `tests/cases/check.py`. Deliberately absent: the cases, which are data.

use lockstep_kit::cases::{Report, run};

/// Fewer than this means that files were not found.
const CASES_MIN: u64 = 1400;

fn check(report: &Report) {
    let Report { total, failed, failures, .. } = report;
    assert!(failures.is_empty(), "{failed} of {total} cases fail:\n{}", failures.join("\n"));
}

/// Goal: batch, streaming and online give the expected bits of every case, in every order of
/// arrival (S1 to S5, S8, S10, S11, S14 to S20, S22).
#[test]
fn s01_all_hosts_give_the_expected_bits_of_every_case() {
    let report = run("").unwrap();
    check(&report);
    assert!(report.total >= CASES_MIN, "only {} cases", report.total);
    assert!(report.compared > 10 * report.total, "only {} comparisons", report.compared);
    assert!(report.answered_without_history > 0, "a store without history answers nothing");
}
