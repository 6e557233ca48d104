//! The line of one figure.
//!
//! Invariant: `figure <name> <number> <unit>`, on standard output, alone on its line; a count is
//! printed whole. Deliberately absent: colours, tables, thousands' separators. Programs read this.

/// Prints a count.
pub fn count(name: &str, number: u64, unit: &str) {
    println!("figure {name} {number} {unit}");
}

/// Prints a measurement with so many digits behind the point.
pub fn measured(name: &str, number: f64, digits: usize, unit: &str) {
    println!("figure {name} {number:.digits$} {unit}");
}
