//! Messages to the host: the one import that an artifact may have, under the feature `log`.
//!
//! Invariant: write-only, so nothing that a transform computes can depend on it. A panic tells its
//! message, file and line before the guest traps. Deliberately absent: levels and targets.

/// Most bytes of a message; the host takes no more.
pub const MESSAGE_MAX_BYTES: usize = 4 << 10;

/// Writes `message` to the host's log, cut at its limit; outside of Wasm to the standard error.
pub fn write(message: &str) {
    let message = &message[..message.floor_char_boundary(MESSAGE_MAX_BYTES)];
    #[cfg(target_arch = "wasm32")]
    crate::bindings::log_guest::lockstep::features::log::write(message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{message}");
}

/// Makes a panic say why, once.
#[cfg(target_arch = "wasm32")]
pub fn install_hook() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(|panic| write(&panic.to_string()))));
}
