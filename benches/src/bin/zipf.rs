//! Writes a log of purchases with skewed keys: `zipf ROWS FILE [SEED]`.
//!
//! Invariant: the same rows for the same arguments, on every machine, in bounded memory. See
//! `src/purchases.rs`. Deliberately absent: other shapes.

use lockstep_benches::purchases::Purchases;
use lockstep_core::{Error, Result};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (rows, file, seed) = match arguments {
        [rows, file] => (rows, file, "1"),
        [rows, file, seed] => (rows, file, seed.as_str()),
        _ => return Err(Error::input("say `zipf ROWS FILE [SEED]`")),
    };
    let number = |text: &str| {
        text.parse().map_err(|_| Error::input(format!("{text:?} is not a whole number")))
    };
    Purchases::new(number(rows)?, number(seed)?).write(Path::new(file))
}
