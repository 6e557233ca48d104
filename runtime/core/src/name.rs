//! Names of views, features and sources.
//!
//! Invariant: a name that passed is a column name and part of a store's key as it is.

use crate::code::Code;
use crate::error::{Error, Result};
use std::collections::HashSet;

/// The longest name of a view, a feature or a source, in bytes: names stand in store keys.
pub const NAME_BYTES_MAX: usize = 64;

/// Refuses what is no name. Names become column names and store keys: letters, digits and
/// underscores.
pub fn identifier(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(plain) {
        let code = match name.len() > NAME_BYTES_MAX {
            true => Code::limit("NAME_BYTES_MAX", NAME_BYTES_MAX),
            false => Code::Unspecified,
        };
        return Err(Error::input(format!(
            "{name:?} is not a name: use 1 to {NAME_BYTES_MAX} letters, digits and underscores"
        ))
        .with_code(code));
    }
    Ok(())
}

/// Refuses names of which two are equal: `place` has them, and each is the name of a `what`.
pub fn unique<'a>(names: impl Iterator<Item = &'a String>, place: &str, what: &str) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::input(format!("{place} has two {what}s called {name:?}")));
        }
    }
    Ok(())
}
