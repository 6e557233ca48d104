//! How a command ended.

use lockstep_runtime::{Error, ErrorKind};

/// How a command that ran to its end ended.
#[derive(Debug)]
pub enum Outcome {
    /// It did its job.
    Done,
    /// It did its job and found something: a difference, or too many bad rows.
    Found(String),
}

/// The exit code of an error: 2 if the caller must fix its input, 3 otherwise.
pub fn exit_code(error: &Error) -> u8 {
    if error.kind == ErrorKind::Input { 2 } else { 3 }
}
