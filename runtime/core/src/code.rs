//! Codes of errors: what happened, for programs, with the data that a caller may act on.
//!
//! Invariant: no caller needs to read a message to tell errors apart. A code's name, as
//! [`Code::name`] gives it and as `--json` prints it, never changes its meaning. Deliberately absent:
//! who acts, which is the error's [`kind`](crate::Error::kind).

use crate::time::Time;
use serde::Serialize;

/// What happened. More codes may come, so a `match` needs a `_` arm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// Nothing more specific than the error's kind. The message names the place and the remedy.
    #[default]
    Unspecified,
    /// A name is not known. Correct it, perhaps to one of `near`.
    UnknownName {
        /// What was named: `service`, `source`, `view`, `feature`, `artifact`, `request column`.
        what: &'static str,
        /// The name.
        name: String,
        /// Known names that resemble it, the most similar first.
        near: Vec<String>,
    },
    /// A file or a request lacks a column. Add it, or correct a name.
    MissingColumn {
        /// The column.
        column: String,
        /// Columns that are there and resemble it, the most similar first.
        near: Vec<String>,
    },
    /// A column has a type that does not fit its declaration. Convert it, or declare it otherwise.
    WrongColumnType {
        /// The column.
        column: String,
        /// The declared type.
        expected: String,
        /// The type that was found.
        found: String,
    },
    /// A row of a spine or a request holds a value that cannot be used. Correct the row.
    BadRow {
        /// The row, from 0.
        row: u64,
        /// The column, if one is to blame.
        column: Option<String>,
    },
    /// A store no longer holds what a question needs. Ask as of `oldest` or later (S12).
    NotAnswerable {
        /// The oldest `as_of` at which every window of every view asked is answerable.
        #[serde(serialize_with = "as_text")]
        oldest: Time,
    },
    /// A view has never caught up with its source. Run `lockstep stream` or `backfill`, or wait.
    NotCaughtUp {
        /// The view.
        view: String,
        /// The source position that it has reached.
        position: u64,
        /// The position that it must reach before it answers.
        target: u64,
    },
    /// A new generation of a view cannot be filled, since its source cannot be read again from its
    /// first position. Bring files that cover it, or fill a new store.
    NotRepeatable {
        /// The source.
        source: String,
        /// The partition that cannot be read again.
        partition: String,
    },
    /// The files of a source are not those that a store has read. Bring them back, or fill a new
    /// store.
    FilesChanged {
        /// The source.
        source: String,
        /// The first file that differs.
        file: String,
    },
    /// An artifact is not the one that the lock file pins. Restore it, or pin the new one.
    ArtifactNotPinned {
        /// The artifact's name in the project file.
        artifact: String,
    },
    /// A service does not have the digest that the caller demands. Use the model made for it.
    ServiceChanged {
        /// The digest that was demanded.
        demanded: String,
        /// The digest of the service as it is.
        found: String,
    },
    /// An interrupted backfill must be run again, in the same way, before anything else.
    BackfillUnfinished {
        /// The source.
        source: String,
    },
    /// A store was written by another version of the format. The message names the way on.
    StoreFormat {
        /// The version that was found.
        found: u32,
    },
    /// Another process has the store open. Try again when it has ended.
    StoreLocked,
    /// A limit was reached. The message names it and how to stay below.
    LimitReached {
        /// The limit's name.
        limit: &'static str,
    },
}

impl Code {
    /// The code's name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Code::Unspecified => "unspecified",
            Code::UnknownName { .. } => "unknown_name",
            Code::MissingColumn { .. } => "missing_column",
            Code::WrongColumnType { .. } => "wrong_column_type",
            Code::BadRow { .. } => "bad_row",
            Code::NotAnswerable { .. } => "not_answerable",
            Code::NotCaughtUp { .. } => "not_caught_up",
            Code::NotRepeatable { .. } => "not_repeatable",
            Code::FilesChanged { .. } => "files_changed",
            Code::ArtifactNotPinned { .. } => "artifact_not_pinned",
            Code::ServiceChanged { .. } => "service_changed",
            Code::BackfillUnfinished { .. } => "backfill_unfinished",
            Code::StoreFormat { .. } => "store_format",
            Code::StoreLocked => "store_locked",
            Code::LimitReached { .. } => "limit_reached",
        }
    }
}

/// A time as it is shown, in RFC 3339.
fn as_text<S: serde::Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use serde_json::json;

    /// Goal: a program finds the kind, the code and its data in one flat object. Method: codes with
    /// data, without, and none.
    #[test]
    fn an_error_has_its_code_in_json() {
        let shown = |code: Code| serde_json::to_value(Error::input("x").with_code(code)).unwrap();
        let oldest = Time::saturating(1_000_000);
        let expected = json!({
            "kind": "input", "code": "not_answerable", "oldest": oldest.to_string(), "message": "x",
        });
        assert_eq!(shown(Code::NotAnswerable { oldest }), expected);
        let near = vec!["actor".to_string()];
        let expected = json!({
            "kind": "input", "code": "missing_column", "column": "acter", "near": ["actor"],
            "message": "x",
        });
        assert_eq!(shown(Code::MissingColumn { column: "acter".into(), near }), expected);
        for code in [Code::Unspecified, Code::StoreLocked, Code::LimitReached { limit: "rows" }] {
            assert_eq!(shown(code.clone())["code"], code.name());
        }
        let caused = Error::retry("x").because(std::io::Error::other("y"));
        let expected = json!({ "kind": "retry", "code": "unspecified", "message": "x: y" });
        assert_eq!(serde_json::to_value(caused).unwrap(), expected);
    }
}
