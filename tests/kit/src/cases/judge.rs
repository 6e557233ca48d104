//! The verdict on a file's cases.
//!
//! Invariant: values are compared by canonical encoding alone, and a case that fails in several
//! hosts or orders is one failed case. Deliberately absent: where the values come from.

use super::Report;
use super::file::Query;
use super::value;
use lockstep_core::fold::Status;
use lockstep_core::value::{Column, Value};
use lockstep_core::{Error, Result};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt::Display;

/// Failures of one file.
#[derive(Debug)]
pub(super) struct Failures {
    file: String,
    cases: BTreeSet<String>,
    lines: Vec<String>,
    /// Values compared.
    pub compared: u64,
    /// Queries that a store without history answered.
    pub answered_without_history: u64,
}

/// What a host says about one feature.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub value: Value,
    /// None where the host does not say.
    pub status: Option<Status>,
}

impl Failures {
    /// No failures yet.
    pub(super) fn new(file: &str) -> Failures {
        Failures {
            file: file.to_string(),
            cases: BTreeSet::new(),
            lines: vec![],
            compared: 0,
            answered_without_history: 0,
        }
    }

    /// A case failed, here and for this reason.
    pub(super) fn add(&mut self, case: &str, why: impl Display) {
        self.cases.insert(case.to_string());
        self.lines.push(format!("{}: {case}: {why}", self.file));
    }

    /// Adds them to the report.
    pub(super) fn join(self, report: &mut Report) {
        report.failed += self.cases.len() as u64;
        report.failures.extend(self.lines);
        report.compared += self.compared;
        report.answered_without_history += self.answered_without_history;
    }

    /// Compares a host's answers to one query; `answers` finds a feature's column and value.
    ///
    /// # Errors
    /// If the file expects a value that the feature's type does not have.
    pub(super) fn compare<'a>(
        &mut self,
        (number, query): (usize, &Query),
        place: &str,
        answers: impl Fn(&str) -> Option<(&'a Column, Found)>,
    ) -> Result<()> {
        for (name, json) in &query.expect {
            let (column, found) =
                answers(name).ok_or_else(|| Error::input(format!("there is no feature {name}")))?;
            self.compared += 1;
            let overflow = json.get("overflow");
            let wanted = match overflow {
                Some(Json::Bool(true)) => Value::Null,
                // Only parts of it overflowed.
                inside => value::read(&column.data_type, inside.unwrap_or(json))?,
            };
            let status = match overflow {
                Some(_) => Status::Overflow,
                None => Status::Present,
            };
            let same = found.value.encoded() == wanted.encoded();
            if same && found.status.is_none_or(|found| found == status) {
                continue;
            }
            let case = format!("query {number}");
            let Found { value, status: found } = found;
            self.add(
                &case,
                format!("{place}: {name} is {value} ({found:?}), expected {wanted} ({status:?})"),
            );
        }
        Ok(())
    }

    /// Checks that a query fails with a text in its error.
    pub(super) fn expect_error<T>(
        &mut self,
        number: usize,
        place: &str,
        text: &str,
        found: Result<T>,
    ) {
        self.compared += 1;
        let why = match found {
            Ok(_) => format!("{place}: no error, expected one with {text:?}"),
            Err(error) if error.to_string().contains(text) => return,
            Err(error) => format!("{place}: the error lacks {text:?}: {error}"),
        };
        self.add(&format!("query {number}"), why);
    }
}
