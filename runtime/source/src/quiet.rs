//! Panics that become errors, without a word on standard error.
//!
//! Invariant: a panic within [`quietly`] is returned, and no panic hook is told of it on that
//! thread; every other panic reaches the hook that was there before. The libraries that read files
//! may panic on malformed bytes, and their words would only confuse whoever reads the error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// How many calls of [`quietly`] are running on this thread.
    static QUIET: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work`; a panic becomes its message.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if QUIET.get() == 0 {
                before(panic);
            }
        }));
    });
    QUIET.set(QUIET.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(QUIET.get() - 1);
    done.map_err(|panic| {
        let reason = panic.downcast_ref::<String>().map(String::as_str);
        reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Goal: panics within are returned, also from a nested call, and those after it are told as
    /// before. Method: a hook that counts the panics of one thread.
    #[test]
    fn panics_within_are_returned_and_not_told() {
        static TOLD: AtomicU32 = AtomicU32::new(0);
        // The hook is installed before, so that what follows lies behind it.
        assert_eq!(quietly(|| 1), Ok(1));
        let here = std::thread::current().id();
        let before = take_hook();
        set_hook(Box::new(move |panic| match std::thread::current().id() == here {
            true => drop(TOLD.fetch_add(u32::from(QUIET.get() == 0), Ordering::SeqCst)),
            false => before(panic),
        }));
        let nested = quietly(|| {
            assert_eq!(quietly(|| panic!("inner {}", 1)), Err::<(), _>("inner 1".to_string()));
            panic!("outer")
        });
        assert_eq!(nested, Err::<(), _>("outer".to_string()));
        assert_eq!(TOLD.load(Ordering::SeqCst), 0);
        assert!(catch_unwind(|| panic!("told")).is_err());
        assert_eq!(TOLD.load(Ordering::SeqCst), 1);
    }
}
