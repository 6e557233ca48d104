//! Messages to the host's log: the only import that an artifact may have, under the feature `log`.
//!
//! Invariant: the log is write-only, so nothing that a transform computes can depend on it. A panic
//! logs its file, line and message before the guest traps, since a host cannot read the memory of a
//! trapped guest. Deliberately absent: levels and targets.

use crate::outcome::marked;

/// Most bytes of a message; the host accepts no more.
pub(crate) const MESSAGE_MAX_BYTES: usize = 4 << 10;

/// Writes `message` to the host's log, cut at the limit, with a mark; outside of Wasm, to standard error.
pub fn write(message: &str) {
    let message = marked(message.to_string(), MESSAGE_MAX_BYTES);
    #[cfg(target_arch = "wasm32")]
    crate::bindings::log_guest::lockstep::features::log::write(&message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{message}");
}

/// Installs a panic hook, once, that logs where and why a panic happened. The exports call it before
/// any code of an author.
#[cfg(target_arch = "wasm32")]
pub(crate) fn install_hook() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(|panic| write(&panic.to_string()))));
}
