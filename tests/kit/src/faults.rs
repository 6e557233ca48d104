//! The faults that were found in use, read from `tests/faults.toml`.
//!
//! Invariant: a kind of fault has at least one test, named as cargo runs it, and at least one mutant,
//! which undoes the remedy. Deliberately absent: running them, which `make test`, `make mutations`
//! and `make figures ONLY=faults` do.

use crate::artifacts::root;
use lockstep_core::{Error, Result};
use serde::Deserialize;

/// The list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// Kinds that are mended.
    pub kind: Vec<Kind>,
    /// Kinds that are known and not mended yet.
    #[serde(default)]
    pub later: Vec<Later>,
}

/// A kind of fault.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its number.
    pub number: u32,
    /// What was wrong.
    pub kind: String,
    /// Where else the same could have been wrong, and is tested.
    #[serde(default)]
    pub siblings: String,
    /// Its tests.
    pub tests: Vec<Test>,
    /// The mutants that undo its remedy.
    pub mutations: Vec<String>,
}

/// A kind of fault that is not mended yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// Its number.
    pub number: u32,
    /// What is wrong.
    pub kind: String,
}

/// A test: `PACKAGE TARGET PATH`, where the target is `lib` or the name of a test binary.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Test {
    /// The package.
    pub package: String,
    /// `lib`, or the name of a test binary.
    pub target: String,
    /// The path of the function.
    pub path: String,
}

impl TryFrom<String> for Test {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Test, String> {
        match text.split(' ').collect::<Vec<&str>>()[..] {
            [package, target, path] => Ok(Test {
                package: package.to_string(),
                target: target.to_string(),
                path: path.to_string(),
            }),
            _ => Err(format!("{text:?} is not of the form PACKAGE TARGET PATH")),
        }
    }
}

/// Reads the list.
pub fn list() -> Result<Faults> {
    let file = root().join("tests/faults.toml");
    let wrong =
        |error: &dyn std::fmt::Display| Error::input(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error))
}
