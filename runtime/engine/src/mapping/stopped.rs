//! Which failures stop a view, and where it stopped.
//!
//! Invariant: a failure that stops a view is that view's own, so other views can go on. Deliberately
//! absent: what a host does then. A store keeps the view as it was, and says so; a training set
//! fails.

use lockstep_core::Code;
use lockstep_core::error::{Error, ErrorKind};
use lockstep_guest::ENDLESS_ITEMS_MAX;

/// How often a view is asked again after the machine failed for it (S9).
pub const HOST_RETRIES_MAX: usize = 3;

/// A view that stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// The view's index in the catalogue.
    pub view: usize,
    /// Why. If it names an event, then by its row in the batch, until [`Stopped::positioned`].
    pub error: Error,
}

impl Stopped {
    /// The same, with the event named by its position in its source's partition.
    pub(crate) fn positioned(self, source: &str, positions: &[u64]) -> Stopped {
        let mut named = None;
        let error = self.error.moved(|row| {
            let position = positions.get(row as usize).copied().unwrap_or(row);
            *named.insert(position)
        });
        let error = match named {
            Some(position) => {
                error.at(format!("source {source}: the event at position {position}"))
            }
            None => error.at(format!("source {source}")),
        };
        Stopped { error, ..self }
    }
}

/// Whether an error is one view's own: its functions are not pure, do not end, or made the machine
/// fail.
pub(crate) fn stops(error: &Error) -> bool {
    match &error.code {
        Code::Impure { .. } => true,
        Code::LimitReached { limit, .. } => *limit == "ENDLESS_ITEMS_MAX",
        _ => error.kind == ErrorKind::Retry,
    }
}

// The name of the limit in the error's code is that of the constant.
const _: u32 = ENDLESS_ITEMS_MAX;

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a view's own failures stop it, and others are the run's. Method: one error of each
    /// kind.
    #[test]
    fn s09_a_views_own_failure_stops_it() {
        let impure = Code::Impure {
            view: None,
            function: "view v".into(),
            position: Some(1),
            column: None,
            first: "1".into(),
            again: "2".into(),
        };
        let error = Error::input("it is not pure").with_code(impure);
        assert!(stops(&error));
        let stopped = Stopped { view: 0, error }.positioned("s", &[40, 50]);
        assert!(matches!(stopped.error.code, Code::Impure { position: Some(50), .. }));
        let text = stopped.error.to_string();
        assert!(text.starts_with("source s: the event at position 50: "), "{text}");
        let limit = |name| Error::input("").with_code(Code::limit(name, 3));
        assert!(stops(&limit("ENDLESS_ITEMS_MAX")) && !stops(&limit("BATCH_BYTES_MAX")));
        assert!(stops(&Error::retry("no memory")) && !stops(&Error::bug("")));
    }
}
