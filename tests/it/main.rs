//! The integration tests: one binary, so that wasmtime links once.

mod tidy;
