//! Checks the names of views, features and sources.
//!
//! Invariant: a checked name can be used unchanged as a column name and in a store's key.

use crate::code::Code;
use crate::error::{Error, Result};
use std::collections::HashSet;

/// The longest name of a view, a feature or a source, in bytes: names stand in store keys.
pub const NAME_BYTES_MAX: usize = 64;

/// Refuses what is not a valid name. Names become column names and store keys, so only letters,
/// digits and underscores are allowed.
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

/// Refuses duplicate names. `place` and `what` say for the message where the names are and what
/// they name.
pub fn unique<'a>(names: impl Iterator<Item = &'a String>, place: &str, what: &str) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::input(format!("{place} has two {what}s called {name:?}")));
        }
    }
    Ok(())
}
