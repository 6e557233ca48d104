//! Printing on standard output and standard error.
//!
//! Invariant: a stream that its reader has closed, as `head` does, is no error: what is printed
//! there is dropped, and the command goes on to its own end and exit code. No character that
//! commands a terminal is printed, whatever a file or an artifact holds. Deliberately absent: the
//! words.

use lockstep_runtime::shown_lines;
use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line on standard output.
pub fn say(line: impl Display) {
    print(&mut io::stdout().lock(), &line.to_string());
}

/// Prints a line on standard error.
pub fn tell(line: impl Display) {
    print(&mut io::stderr().lock(), &line.to_string());
}

/// Prints JSON on standard output. It has its own escapes.
pub fn say_json(text: &str) {
    written(writeln!(io::stdout().lock(), "{text}"));
}

fn print(stream: &mut dyn Write, line: &str) {
    written(writeln!(stream, "{}", shown_lines(line)).and_then(|()| stream.flush()));
}

/// A stream that cannot be written is of no use to report that.
fn written(result: io::Result<()>) {
    drop(result);
}
