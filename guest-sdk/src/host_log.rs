//! Messages to the host's log: the only import that an artifact may have, under the feature `log`.
//!
//! Invariant: the log is write-only, so nothing that a transform computes can depend on it. A panic
//! logs its message, file and line before the guest traps. Deliberately absent: levels and targets.

/// Most bytes of a message; the host accepts no more.
pub const MESSAGE_MAX_BYTES: usize = 4 << 10;

/// Writes `message` to the host's log, cut at the limit; outside of Wasm, to standard error.
pub fn write(message: &str) {
    let message = &message[..message.floor_char_boundary(MESSAGE_MAX_BYTES)];
    #[cfg(target_arch = "wasm32")]
    crate::bindings::log_guest::lockstep::features::log::write(message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{message}");
}

/// Installs a panic hook, once, that logs the panic's message.
#[cfg(target_arch = "wasm32")]
pub fn install_hook() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(|panic| write(&panic.to_string()))));
}
