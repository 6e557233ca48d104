//! The verdicts on items that fail (S9), and how a batch is cut.

use super::*;

/// Work that is never sent; its outcome is the reason of a refusal.
struct Judged;

impl Work for Judged {
    type Outcome = Option<String>;

    fn subject(&self) -> Subject {
        Subject::Transform
    }

    fn call(&self) -> Call {
        Call::Map { views: 1 }
    }

    fn items(&self) -> usize {
        1
    }

    fn write(&self, _: Range<usize>, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn take(&self, _: &mut &[u8], _: usize, _: &mut Option<String>) -> Result<()> {
        Ok(())
    }

    fn write_chosen(&self, _: &[usize], _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn refused(&self, reason: String, exhausted: bool) -> Option<String> {
        Some(format!("{reason}{}", if exhausted { " (exhausted)" } else { "" }))
    }

    fn asked(&self) -> Option<(String, Option<String>)> {
        None
    }

    fn check_same(
        &self,
        _: &str,
        _: &Option<String>,
        _: &[usize],
        _: &Option<String>,
    ) -> Result<()> {
        Ok(())
    }
}

/// The verdict on an event that failed with `first` and then did `rerun`.
fn judged(first: &Fault, rerun: Result<(), Fault>) -> Result<Option<String>> {
    verdict("a.wasm", &Judged, first, rerun.map(|()| None))
}

/// Goal: a failure that does not repeat under fuel is blamed on the machine and stops the
/// partition, with an error that says to run it again (S9). No real guest can show this,
/// because it would have to behave differently on the same bytes.
#[test]
fn s09_a_fault_that_does_not_repeat_stops_the_partition() {
    let text = || "on purpose".to_string();
    for first in [Fault::Trap(text()), Fault::Lie(text()), Fault::Oversize(text())] {
        let error = judged(&first, Ok(())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Retry);
        let text = error.to_string();
        assert!(text.contains("a.wasm") && text.contains("on purpose"), "{text}");
    }
}

/// Goal: after a timeout, memory or stack failure only the rerun counts (S9).
#[test]
fn s09_resource_failures_are_judged_by_the_rerun_alone() {
    for first in [Fault::Timeout, Fault::Fuel, Fault::Memory, Fault::Stack] {
        assert_eq!(judged(&first, Ok(())).unwrap(), None);
        let refused = judged(&first, Err(Fault::Trap("later".into()))).unwrap();
        assert_eq!(refused.as_deref(), Some("the transform failed: later"));
    }
}

/// Goal: an event that uses up a budget in its rerun is refused, and marked as costly; one whose
/// rerun runs out of time and not of fuel is not refused, since a faster machine might have
/// ended it: the call failed, for want of time (S9).
#[test]
fn s09_time_says_nothing_about_an_event() {
    let refused = judged(&Fault::Timeout, Err(Fault::Fuel)).unwrap().unwrap();
    assert!(refused.contains("units of fuel (exhausted)"), "{refused}");
    for first in [Fault::Timeout, Fault::Memory, Fault::Trap("on purpose".into())] {
        let error = judged(&first, Err(Fault::Timeout)).unwrap_err();
        let code = Code::CallFailed { artifact: "a.wasm".into(), cause: CallCause::Time };
        assert_eq!((error.kind, error.code), (ErrorKind::Retry, code));
    }
}

/// Goal: parts cover the range once and are shorter than it, so that cutting ends.
#[test]
fn parts_cover_their_range() {
    for (length, parts) in [(2, 2), (3, 2), (17, 16), (5, 16), (1025, 16)] {
        let mut cuts: Vec<Range<usize>> = cut(7..7 + length, parts).collect();
        cuts.reverse();
        assert!(cuts.len() <= parts);
        assert!(cuts.iter().all(|part| !part.is_empty() && part.len() < length));
        assert!(cuts.into_iter().flatten().eq(7..7 + length));
    }
}
