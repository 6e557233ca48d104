//! The integration tests: one binary, so that wasmtime links once.

mod every_type;
mod sandbox;
mod source;
mod store;
mod tidy;
mod user_mentions;
