//! How a command ended, and how errors are printed.
//!
//! Invariant: an exit code says who has to act (see `main.rs`). Deliberately absent: the codes of
//! errors.

use lockstep_runtime::{Error, ErrorKind, shown_message};
use serde_json::json;

/// How a command that completed ended.
#[derive(Debug)]
pub enum Outcome {
    /// It did its job.
    Done,
    /// It did its job and found something: a difference, or too many bad rows.
    Found(String),
}

/// An error as it is printed: for people, or as one line of JSON for programs (docs/ERRORS.md).
pub fn shown(error: &Error, json: bool) -> String {
    if json {
        json!({ "error": error }).to_string()
    } else {
        shown_message(&format!("error: {error}"))
    }
}

/// The exit code of an error: 2 if the caller must fix its input, 3 otherwise.
pub fn exit_code(error: &Error) -> u8 {
    if error.kind == ErrorKind::Input { 2 } else { 3 }
}
