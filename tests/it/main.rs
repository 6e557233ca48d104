//! The integration tests: one binary, so that wasmtime links once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod every_type;
mod sandbox;
mod source;
mod store;
mod tidy;
mod user_mentions;
